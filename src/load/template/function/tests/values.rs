//! Functions of what the template itself says.

use expect_test::expect;

use super::check;

#[test]
fn declarations() {
    check("parameters('region')", expect![[r#""westeurope""#]]);
    check("PARAMETERS('Region')", expect![[r#""westeurope""#]]);
    check("parameters('optional')", expect!["null"]);
    check("parameters('missing')", expect!["?[parameters('missing')]"]);
    check("parameters('unheard')", expect!["the template declares no parameter `unheard`"]);
    check("variables('hub').prefixes[1]", expect![[r#""192.0.2.128/25""#]]);
    check("variables('hub')['name']", expect![[r#""hub""#]]);
    check("variables('hub').nothing", expect!["`variables('hub').nothing`: no property `nothing`"]);
    check(
        "variables('ports')[2]",
        expect!["`variables('ports')[2]`: no element 2 in an array of 2"],
    );
    check(
        "variables('ports').name",
        expect!["`variables('ports').name`: an array has no property `name`"],
    );
    check("variables('nothing')", expect!["`variables`: the template has no variable `nothing`"]);
    check("contoso.host('www')", expect![[r#""www.example.com""#]]);
    check(
        "contoso.nothing('www')",
        expect!["`contoso.nothing`: the template declares no such function"],
    );
    check("nothing('www')", expect!["`nothing`: no such function is known"]);
    check("copyIndex()", expect!["`copyIndex`: no such copy loop here"]);
}

#[test]
fn logic() {
    check("if(true(), 'a', nothing())", expect![[r#""a""#]]);
    check("if(false(), nothing(), 'b')", expect![[r#""b""#]]);
    check("if(parameters('missing'), 'a', 'b')", expect!["?[if(parameters('missing'), 'a', 'b')]"]);
    check("if(parameters('missing'), 'a', 'a')", expect![[r#""a""#]]);
    check(
        "if(parameters('missing'), nothing(), 'a')",
        expect!["?[if(parameters('missing'), nothing(), 'a')]"],
    );
    check("if('maybe', 'a', 'b')", expect!["`if`: takes a condition, not text"]);
    check("and(true(), not(false()))", expect!["true"]);
    check("and(parameters('missing'), false())", expect!["false"]);
    check("and(parameters('missing'), true())", expect!["?[and(parameters('missing'), true())]"]);
    check("or(parameters('missing'), true())", expect!["true"]);
    check("or(false(), false())", expect!["false"]);
    check("xor(true(), false())", expect!["true"]);
    check("bool('true')", expect!["true"]);
    check("bool(0)", expect!["false"]);
    check("equals('a', 'A')", expect!["false"]);
    check("equals(createArray(1, 'b'), createArray(1, 'b'))", expect!["true"]);
    check(
        "equals(parameters('missing'), null())",
        expect!["?[equals(parameters('missing'), null())]"],
    );
    check("equals(createArray(1, parameters('missing')), createArray(2, 'b'))", expect!["false"]);
    check("less(1, 2)", expect!["true"]);
    check("lessOrEquals(2, 2)", expect!["true"]);
    check("greater('a', 'b')", expect!["false"]);
    check("greaterOrEquals(1, 2)", expect!["false"]);
    check("coalesce(null(), parameters('optional'), 'c')", expect![[r#""c""#]]);
    check(
        "coalesce(parameters('missing'), 'c')",
        expect!["?[coalesce(parameters('missing'), 'c')]"],
    );
    check("coalesce(null())", expect!["null"]);
}

#[test]
fn numbers() {
    check("add(40, 2)", expect!["42"]);
    check("sub(1, 2)", expect!["-1"]);
    check("mul(6, 7)", expect!["42"]);
    check("div(7, 2)", expect!["3"]);
    check("div(7, 0)", expect!["`div`: the result is no whole number of 64 bits"]);
    check("mod(7, 2)", expect!["1"]);
    check(
        "add(9223372036854775807, 1)",
        expect!["`add`: the result is no whole number of 64 bits"],
    );
    check("int('42')", expect!["42"]);
    check("int('x')", expect!["`int`: `x` is no whole number"]);
    check("float('1.5')", expect!["1.5"]);
    check("min(3, 1, 2)", expect!["1"]);
    check("max(createArray(3, 1, 2))", expect!["3"]);
    check("add('1', 2)", expect!["`add`: takes an integer as argument 1, not text"]);
}

#[test]
fn text() {
    check("toLower('ABC')", expect![[r#""abc""#]]);
    check("toUpper('abc')", expect![[r#""ABC""#]]);
    check("trim('  a b ')", expect![[r#""a b""#]]);
    check("replace('a-b-c', '-', '')", expect![[r#""abc""#]]);
    check("split('a,b;c', createArray(',', ';'))", expect![[r#"["a","b","c"]"#]]);
    check("split('a,b', ',')[1]", expect![[r#""b""#]]);
    check(
        "split(resourceGroup().id, '/')[2]",
        expect!["?[split('/subscriptions/*/resourceGroups/*', '/')]"],
    );
    check(
        "last(split(resourceId('Microsoft.Network/ipGroups', 'servers'), '/'))",
        expect![[r#""servers""#]],
    );
    check(
        "last(split(resourceId('Microsoft.Network/ipGroups', format('a-{0}-b', parameters('missing'))), '/'))",
        expect!["?[concat('a-', parameters('missing'), '-b')]"],
    );
    check(
        "split(resourceId('Microsoft.Network/ipGroups', split(parameters('missing'), '/')[8]), '/')[8]",
        expect!["?[split(parameters('missing'), '/')[8]]"],
    );
    check("join(createArray('a', 1, true()), '-')", expect![[r#""a-1-True""#]]);
    check("substring('firewall', 4)", expect![[r#""wall""#]]);
    check("substring('firewall', 0, 4)", expect![[r#""fire""#]]);
    check("substring('firewall', 6, 4)", expect!["`substring`: the part lies outside the text"]);
    check("startsWith('Firewall', 'fire')", expect!["true"]);
    check("endsWith('firewall', 'WALL')", expect!["true"]);
    check("indexOf('firewall', 'L')", expect!["6"]);
    check("lastIndexOf('firewall', 'l')", expect!["7"]);
    check("indexOf('firewall', 'z')", expect!["-1"]);
    check("padLeft(7, 3, '0')", expect![[r#""007""#]]);
    check("padLeft('a', 100000000)", expect!["`padLeft`: pads to at most 1024 characters"]);
    check("concat('a', 1, true())", expect![[r#""a1True""#]]);
    check("format('{0}/{1} {{x}} {0}', 'a', 2)", expect![[r#""a/2 {x} a""#]]);
    check("format('{0:D3}-{1:X2}', 7, 255)", expect![[r#""007-FF""#]]);
    check("format('{0:C}', 7)", expect!["`format`: the format style `C` is not supported"]);
    check("format('{1}', 7)", expect!["`format`: takes at least 3 arguments"]);
    check("string(createObject('a', createArray(1)))", expect![[r#""{\"a\":[1]}""#]]);
    check("string('a')", expect![[r#""a""#]]);
    check("take('firewall', 4)", expect![[r#""fire""#]]);
    check("skip('firewall', 4)", expect![[r#""wall""#]]);
    check("first('abc')", expect![[r#""a""#]]);
    check("last('abc')", expect![[r#""c""#]]);
    check("length('abc')", expect!["3"]);
    check("contains('firewall', 'wall')", expect!["true"]);
    check("empty('')", expect!["true"]);
    check("base64('one')", expect![[r#""b25l""#]]);
    check("base64('four')", expect![[r#""Zm91cg==""#]]);
    check("uri('https://example.com/a', '/b')", expect![[r#""https://example.com/b""#]]);
    check("uri('https://example.com/a/', 'b')", expect![[r#""https://example.com/a/b""#]]);
    check("uri('https://example.com', 'b')", expect![[r#""https://example.com/b""#]]);
    check("uriComponent('a b/c')", expect![[r#""a%20b%2Fc""#]]);
    check("json('{\"a\": [1, null]}').a", expect!["[1,null]"]);
    check(
        "json('{')",
        expect!["`json`: `{` is no JSON: EOF while parsing an object at line 1 column 1"],
    );
}

#[test]
fn arrays() {
    check("createArray('a', 1, null())", expect![[r#"["a",1,null]"#]]);
    check("array('a')", expect![[r#"["a"]"#]]);
    check("array(variables('ports'))", expect![[r#"["80","443"]"#]]);
    check("concat(variables('ports'), createArray('8080'))", expect![[r#"["80","443","8080"]"#]]);
    check("concat(variables('ports'), 'a')", expect!["`concat`: joins arrays with arrays only"]);
    check(
        "union(variables('ports'), createArray('443', '8080'))",
        expect![[r#"["80","443","8080"]"#]],
    );
    check("intersection(variables('ports'), createArray('443', '8080'))", expect![[r#"["443"]"#]]);
    check(
        "flatten(createArray(variables('ports'), createArray(1)))",
        expect![[r#"["80","443",1]"#]],
    );
    check("range(3, 4)", expect!["[3,4,5,6]"]);
    check("range(0, 100000000)", expect!["`range`: makes at most 10000 numbers"]);
    check("length(variables('ports'))", expect!["2"]);
    check("empty(createArray())", expect!["true"]);
    check("empty(null())", expect!["true"]);
    check("empty(5)", expect!["`empty`: takes an array, an object or text"]);
    check("contains(variables('ports'), '443')", expect!["true"]);
    check("indexOf(variables('ports'), '443')", expect!["1"]);
    check("first(variables('ports'))", expect![[r#""80""#]]);
    check("last(variables('ports'))", expect![[r#""443""#]]);
    check("first(createArray())", expect!["null"]);
    check("take(variables('ports'), 1)", expect![[r#"["80"]"#]]);
    check("skip(variables('ports'), 1)", expect![[r#"["443"]"#]]);
    check("skip(variables('ports'), -1)", expect![[r#"["80","443"]"#]]);
    check("skip(variables('ports'), 7)", expect!["[]"]);
}

#[test]
fn objects() {
    check("createObject('a', 1, 'b', createObject())", expect![[r#"{"a":1,"b":{}}"#]]);
    check("createObject('a')", expect!["`createObject`: takes pairs of a name and a value"]);
    check(
        "union(createObject('a', createObject('x', 1)), createObject('A', createObject('y', 2)))",
        expect![[r#"{"a":{"x":1,"y":2}}"#]],
    );
    check("union('a', 'b')", expect!["`union`: takes an object as argument 1, not text"]);
    check(
        "intersection(createObject('a', 1, 'b', 2), createObject('b', 2))",
        expect![[r#"{"b":2}"#]],
    );
    check("objectKeys(variables('hub').tags)", expect![[r#"["a","b"]"#]]);
    check(
        "items(variables('hub').tags)",
        expect![[r#"[{"key":"a","value":1},{"key":"b","value":2}]"#]],
    );
    check("tryGet(variables('hub'), 'prefixes', 0)", expect![[r#""192.0.2.0/25""#]]);
    check("tryGet(variables('hub'), 'nothing', 'at', 'all')", expect!["null"]);
    check("tryGet(parameters('missing'), 'a')", expect!["?[tryGet(parameters('missing'), 'a')]"]);
    check("tryIndexFromEnd(variables('ports'), 1)", expect![[r#""443""#]]);
    check(
        "shallowMerge(createArray(createObject('a', createObject('x', 1)), createObject('a', 2)))",
        expect![[r#"{"a":2}"#]],
    );
    check("contains(variables('hub'), 'NAME')", expect!["true"]);
    check("empty(createObject())", expect!["true"]);
    check("length(variables('hub').tags)", expect!["2"]);
}

#[test]
fn lambdas() {
    check(
        "map(variables('ports'), lambda('p', concat('tcp/', lambdaVariables('p'))))",
        expect![[r#"["tcp/80","tcp/443"]"#]],
    );
    check("map(variables('ports'), lambda('p', 'i', lambdaVariables('i')))", expect!["[0,1]"]);
    check(
        "filter(variables('ports'), lambda('p', equals(lambdaVariables('p'), '80')))",
        expect![[r#"["80"]"#]],
    );
    check(
        "reduce(range(1, 4), 0, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))",
        expect!["10"],
    );
    check(
        "sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))",
        expect!["[1,2,3]"],
    );
    check(
        "toObject(variables('ports'), lambda('p', lambdaVariables('p')), lambda('p', int(lambdaVariables('p'))))",
        expect![[r#"{"80":80,"443":443}"#]],
    );
    check(
        "toObject(variables('ports'), lambda('p', lambdaVariables('p')))",
        expect![[r#"{"80":"80","443":"443"}"#]],
    );
    check(
        "groupBy(createArray('aa', 'b', 'ac'), lambda('t', first(lambdaVariables('t'))))",
        expect![[r#"{"a":["aa","ac"],"b":["b"]}"#]],
    );
    check(
        "mapValues(variables('hub').tags, lambda('n', add(lambdaVariables('n'), 1)))",
        expect![[r#"{"b":3,"a":2}"#]],
    );
    check("map(variables('ports'), 'p')", expect!["`map`: takes a lambda as argument 2"]);
    check(
        "map(variables('ports'), lambda('p', lambdaVariables('q')))",
        expect!["`lambdaVariables`: no lambda variable `q` here"],
    );
    check(
        "map(createArray(1, 2), lambda('a', map(createArray(3), lambda('b', add(lambdaVariables('a'), lambdaVariables('b'))))))",
        expect!["[[4],[5]]"],
    );
}
