//! Each function once or more, as `expression → value`.

use std::rc::Rc;

use expect_test::{Expect, expect};

use crate::load::template::build::to_json;
use crate::load::template::evaluate::Evaluator;
use crate::load::template::program::{Frame, Place, Program};
use crate::load::template::{Cloud, TemplateSettings};
use crate::source::{Source, Sources};
use crate::syntax::json::{Node, Value, document};

/// A template with something of each kind to refer to. `missing` has no value.
const TEMPLATE: &str = r#"{
    "parameters": {
        "missing": {"type": "string"},
        "optional": {"type": "string", "nullable": true},
        "region": {"type": "string", "defaultValue": "westeurope"}
    },
    "variables": {
        "ports": ["80", "443"],
        "hub": {"name": "hub", "prefixes": ["192.0.2.0/25", "192.0.2.128/25"], "tags": {"b": 2, "a": 1}}
    },
    "functions": [{
        "namespace": "contoso",
        "members": {"host": {
            "parameters": [{"name": "label", "type": "string"}],
            "output": {"type": "string", "value": "[concat(parameters('label'), '.example.com')]"}
        }}
    }]
}"#;

/// What an expression gives: JSON, the rest that is unresolved, or why it is refused.
fn shown(expression: &str, settings: &TemplateSettings) -> String {
    let mut sources = Sources::default();
    let source = sources.add(Source::new("main.json", TEMPLATE));
    let root = document(TEMPLATE, source).unwrap();
    let text = Node { span: root.span, value: Value::String(expression.into()) };
    let evaluator = Evaluator::new(settings);
    let place = Place {
        subscription: settings.subscription.as_deref().map(Into::into),
        resource_group: settings.resource_group.as_deref().map(Into::into),
        location: settings.location.as_deref().map(Into::into),
    };
    let frame = Frame::new(Rc::new(Program::new(&root, place)));
    let value = evaluator.node(&text, &frame);
    let warnings = evaluator.into_warnings();
    if let Some(refused) = warnings.iter().find(|it| it.severity == crate::source::Severity::Error)
    {
        return refused.message.clone();
    }
    value.map_or_else(|error| error.to_string(), |value| flat(&value))
}

/// JSON in which `?` marks what is unresolved.
fn flat(node: &Node) -> String {
    match (&node.value, to_json(node)) {
        (_, Some(json)) => json.to_string(),
        (Value::Unresolved(text), None) => format!("?{text}"),
        (Value::Array(elements), None) => {
            format!("[{}]", elements.iter().map(flat).collect::<Vec<_>>().join(","))
        }
        (_, None) => {
            let member = |it: &crate::syntax::json::Member| {
                format!("\"{}\":{}", it.key.value, flat(&it.value))
            };
            format!("{{{}}}", node.members().iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

#[track_caller]
fn check(expression: &str, expected: Expect) {
    expected.assert_eq(&shown(&format!("[{expression}]"), &TemplateSettings::default()));
}

#[track_caller]
fn check_with(settings: &TemplateSettings, expression: &str, expected: Expect) {
    expected.assert_eq(&shown(&format!("[{expression}]"), settings));
}

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

#[test]
fn ids() {
    check(
        "resourceId('Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "resourceid('other', 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/other/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "resourceId(subscription().subscriptionId, resourceGroup().name, 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "resourceId('0000', 'hubs', 'Microsoft.Network/firewallPolicies/ruleCollectionGroups', 'hub', 'web')",
        expect![[
            r#""/subscriptions/0000/resourceGroups/hubs/providers/Microsoft.Network/firewallPolicies/hub/ruleCollectionGroups/web""#
        ]],
    );
    check(
        "resourceId('Microsoft.Network/firewallPolicies/ruleCollectionGroups', 'hub/web')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/hub/ruleCollectionGroups/web""#
        ]],
    );
    check(
        "resourceId('Microsoft.Network/ipGroups', concat(parameters('missing'), '-servers'))",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/[parameters('missing')]-servers""#
        ]],
    );
    check(
        "resourceId('servers')",
        expect!["`resourceId`: takes a resource type such as `Microsoft.Network/ipGroups`"],
    );
    check(
        "subscriptionResourceId('Microsoft.Resources/deployments', 'a')",
        expect![[r#""/subscriptions/*/providers/Microsoft.Resources/deployments/a""#]],
    );
    check(
        "tenantResourceId('Microsoft.Management/managementGroups', 'a')",
        expect![[r#""/providers/Microsoft.Management/managementGroups/a""#]],
    );
    check(
        "managementGroupResourceId('Microsoft.Resources/deployments', 'a')",
        expect![[
            r#""/providers/Microsoft.Management/managementGroups/*/providers/Microsoft.Resources/deployments/a""#
        ]],
    );
    check(
        "extensionResourceId(resourceGroup().id, 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, parameters('missing')), 'Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "format('{0}/providers/Microsoft.Network/ipGroups/{1}', resourceGroup().id, 'servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check(
        "concat('/subscriptions/', subscription().subscriptionId, '/resourceGroups/hubs/providers/Microsoft.Network/ipGroups/servers')",
        expect![[
            r#""/subscriptions/*/resourceGroups/hubs/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
}

#[test]
fn ids_agree_with_those_of_the_model() {
    let kind = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
    let id = crate::policy::ResourceId::without_scope(kind, &["hub", "web"]);
    let text =
        shown(&format!("[resourceId('{kind}', 'hub', 'web')]"), &TemplateSettings::default());
    assert_eq!(text, format!("\"{id}\""));
}

#[test]
fn place() {
    let known = TemplateSettings {
        subscription: Some("0000".into()),
        resource_group: Some("hubs".into()),
        location: Some("westeurope".into()),
        ..TemplateSettings::default()
    };
    check("resourceGroup().id", expect![[r#""/subscriptions/*/resourceGroups/*""#]]);
    check("resourceGroup().location", expect!["?[resourceGroup().location]"]);
    check(
        "format('AzureCloud.{0}', resourceGroup().location)",
        expect!["?[concat('AzureCloud.', resourceGroup().location)]"],
    );
    check_with(
        &known,
        "format('AzureCloud.{0}', resourceGroup().location)",
        expect![[r#""AzureCloud.westeurope""#]],
    );
    check_with(
        &known,
        "resourceGroup().id",
        expect![[r#""/subscriptions/0000/resourceGroups/hubs""#]],
    );
    check_with(
        &known,
        "resourceId('Microsoft.Network/ipGroups', 'servers')",
        expect![[
            r#""/subscriptions/0000/resourceGroups/hubs/providers/Microsoft.Network/ipGroups/servers""#
        ]],
    );
    check("subscription().id", expect![[r#""/subscriptions/*""#]]);
    check_with(&known, "subscription().subscriptionId", expect![[r#""0000""#]]);
    check("deployment().name", expect!["?[deployment().name]"]);
    check(
        "uniqueString(resourceGroup().id)",
        expect!["?[uniqueString('/subscriptions/*/resourceGroups/*')]"],
    );
    check("guid('a', 'b')", expect!["?[guid('a', 'b')]"]);
    check("utcNow()", expect!["?[utcNow()]"]);
    check(
        "listKeys('x', '2024-01-01').keys[0].value",
        expect!["?[listKeys('x', '2024-01-01').keys[0].value]"],
    );
}

#[test]
fn environment() {
    let cloud = |cloud| TemplateSettings { cloud, ..TemplateSettings::default() };
    let storage = "format('*.blob.{0}', environment().suffixes.storage)";
    check_with(&cloud(Cloud::Public), storage, expect![[r#""*.blob.core.windows.net""#]]);
    check_with(&cloud(Cloud::UsGov), storage, expect![[r#""*.blob.core.usgovcloudapi.net""#]]);
    check_with(&cloud(Cloud::China), storage, expect![[r#""*.blob.core.chinacloudapi.cn""#]]);
    check(
        "environment().authentication.loginEndpoint",
        expect![[r#""https://login.microsoftonline.com/""#]],
    );
    check("environment().suffixes.keyvaultDns", expect![[r#"".vault.azure.net""#]]);
    check("environment().suffixes.sqlServerHostname", expect![[r#"".database.windows.net""#]]);
    check("environment().suffixes.acrLoginServer", expect![[r#"".azurecr.io""#]]);
    check("environment().resourceManager", expect![[r#""https://management.azure.com/""#]]);
}

#[test]
fn address_ranges() {
    check("cidrHost('192.0.2.0/24', 0)", expect![[r#""192.0.2.1""#]]);
    check(
        "cidrHost('192.0.2.0/24', 300)",
        expect!["`cidrHost`: the result lies outside the range"],
    );
    check("cidrHost('2001:db8::/64', 4)", expect![[r#""2001:db8::5""#]]);
    check("cidrSubnet('192.0.2.0/24', 26, 3)", expect![[r#""192.0.2.192/26""#]]);
    check(
        "cidrSubnet('192.0.2.0/24', 26, 4)",
        expect!["`cidrSubnet`: the result lies outside the range"],
    );
    check(
        "cidrSubnet('192.0.2.0/24', 16, 0)",
        expect!["`cidrSubnet`: the result lies outside the range"],
    );
    check("cidrSubnet('2001:db8::/32', 48, 1)", expect![[r#""2001:db8:1::/48""#]]);
    check("parseCidr('192.0.2.0/24').lastUsable", expect![[r#""192.0.2.254""#]]);
    check("cidrHost('servers', 0)", expect!["`cidrHost`: `servers` is no address range"]);
}

#[test]
fn unknown_parts_stay_where_they_are() {
    check("concat('a-', parameters('missing'))", expect!["?[concat('a-', parameters('missing'))]"]);
    check(
        "format('{0}/{1}', format('a-{0}', parameters('missing')), 'b')",
        expect!["?[concat('a-', parameters('missing'), '/b')]"],
    );
    check("format('{0}', parameters('missing'))", expect!["?[parameters('missing')]"]);
    check(
        "createArray('a', parameters('missing'))",
        expect![[r#"["a",?[parameters('missing')]]"#]],
    );
    check(
        "createObject('a', parameters('missing'), 'b', 1)",
        expect![[r#"{"a":?[parameters('missing')],"b":1}"#]],
    );
    check(
        "concat(variables('ports'), parameters('missing'))",
        expect![[r#"["80","443",?[parameters('missing')[*]]]"#]],
    );
    check(
        "length(concat(variables('ports'), parameters('missing')))",
        expect!["?[length(concat(variables('ports'), parameters('missing')))]"],
    );
    check("first(concat(variables('ports'), parameters('missing')))", expect![[r#""80""#]]);
    check(
        "last(concat(variables('ports'), parameters('missing')))",
        expect!["?[last(concat(variables('ports'), parameters('missing')))]"],
    );
    check("contains(concat(variables('ports'), parameters('missing')), '80')", expect!["true"]);
    check(
        "contains(concat(variables('ports'), parameters('missing')), '8080')",
        expect!["?[contains(concat(variables('ports'), parameters('missing')), '8080')]"],
    );
    check("empty(concat(variables('ports'), parameters('missing')))", expect!["false"]);
    check("concat(variables('ports'), parameters('missing'))[0]", expect![[r#""80""#]]);
    check(
        "concat(variables('ports'), parameters('missing'))[2]",
        expect!["?[concat(variables('ports'), parameters('missing'))[2]]"],
    );
    check(
        "map(createArray('a', parameters('missing')), lambda('x', concat(lambdaVariables('x'), '/32')))",
        expect![[r#"["a/32",?[concat(parameters('missing'), '/32')]]"#]],
    );
    check(
        "map(concat(variables('ports'), parameters('missing')), lambda('x', lambdaVariables('x')))",
        expect![[
            r#"["80","443",?[map(concat(variables('ports'), parameters('missing')), lambda('x', lambdaVariables('x')))[*]]]"#
        ]],
    );
    check(
        "filter(createArray('a', parameters('missing')), lambda('x', equals(lambdaVariables('x'), 'a')))",
        expect![
            "?[filter(createArray('a', parameters('missing')), lambda('x', equals(lambdaVariables('x'), 'a')))]"
        ],
    );
    check(
        "intersection(variables('ports'), createArray('80', parameters('missing')))",
        expect!["?[intersection(variables('ports'), createArray('80', parameters('missing')))]"],
    );
    check(
        "intersection(createArray(parameters('missing')), variables('ports'))",
        expect!["?[intersection(createArray(parameters('missing')), variables('ports'))]"],
    );
    check(
        "union(variables('ports'), createArray(parameters('missing')))",
        expect![[r#"["80","443",?[parameters('missing')]]"#]],
    );
    check("parameters('missing').a[0]['b']", expect!["?[parameters('missing').a[0]['b']]"]);
    check(
        "reference(resourceId('Microsoft.Network/publicIPAddresses', variables('hub').name)).ipAddress",
        expect!["?[reference(resourceId('Microsoft.Network/publicIPAddresses', 'hub')).ipAddress]"],
    );
    check(
        "first(split(reference('ip').ipAddress, ','))",
        expect!["?[first(split(reference('ip').ipAddress, ','))]"],
    );
}

#[test]
fn a_person_may_settle_what_a_deployment_would() {
    let resolved = |key: &str| TemplateSettings {
        resolved: vec![(key.into(), "203.0.113.4".into())],
        ..TemplateSettings::default()
    };
    let address = "reference(resourceId('Microsoft.Network/publicIPAddresses', variables('hub').name), '2024-01-01').IpAddress";
    check_with(&resolved("publicIPAddresses/hub"), address, expect![[r#""203.0.113.4""#]]);
    check_with(
        &resolved("publicipaddresses/HUB.ipaddress"),
        address,
        expect![[r#""203.0.113.4""#]],
    );
    check_with(
        &resolved("publicIPAddresses/other-hub"),
        address,
        expect![
            "?[reference(resourceId('Microsoft.Network/publicIPAddresses', 'hub'), '2024-01-01').IpAddress]"
        ],
    );
    check_with(
        &resolved("publicIPAddresses/ub"),
        address,
        expect![
            "?[reference(resourceId('Microsoft.Network/publicIPAddresses', 'hub'), '2024-01-01').IpAddress]"
        ],
    );
    let name = "reference('hub').dnsSettings.fqdn";
    check_with(
        &resolved("publicIPAddresses/hub"),
        name,
        expect!["?[reference('hub').dnsSettings.fqdn]"],
    );
    check_with(
        &resolved("publicIPAddresses/hub.dnsSettings.fqdn"),
        name,
        expect![[r#""203.0.113.4""#]],
    );
}
