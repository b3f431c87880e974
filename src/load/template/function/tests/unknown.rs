//! What is not known, and what a person may say about it.

use expect_test::expect;

use super::{check, check_with};
use crate::load::template::TemplateSettings;

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
    check(
        "variables('ports')[parameters('missing')]",
        expect!["?[variables('ports')[parameters('missing')]]"],
    );
    check(
        "map(range(0, 2), lambda('i', concat(parameters('missing'), lambdaVariables('i'))))",
        expect!["[?[concat(parameters('missing'), '0')],?[concat(parameters('missing'), '1')]]"],
    );
    check(
        "map(range(0, 1), lambda('i', variables('ports')[add(int(parameters('missing')), lambdaVariables('i'))]))",
        expect!["[?[variables('ports')[add(int(parameters('missing')), 0)]]]"],
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
