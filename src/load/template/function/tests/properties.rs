//! Laws that hold for every expression.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::shown;
use crate::load::template::TemplateSettings;
use crate::syntax::expression::TemplateString;

/// Every function, and one that is none.
const NAMES: &str = "add and array base64 bool cidrHost cidrSubnet coalesce concat contains \
    copyIndex createArray createObject deployment div empty endsWith environment equals \
    extensionResourceId false filter first flatten float format greater greaterOrEquals groupBy guid \
    if indexOf int intersection items join json lambda lambdaVariables last lastIndexOf length less \
    lessOrEquals listKeys managementGroupResourceId map mapValues max min mod mul not nothing null \
    objectKeys or padLeft parameters parseCidr range reduce reference replace resourceGroup resourceId \
    shallowMerge skip sort split startsWith string sub subscription subscriptionResourceId substring \
    take tenantResourceId toLower toObject toUpper trim true tryGet tryIndexFromEnd union uniqueString \
    uri uriComponent variables xor contoso.host";

fn any_call() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        (-2..3_i64).prop_map(|number| number.to_string()),
        prop::sample::select(vec![
            "''",
            "'a'",
            "'{0}{1:D9}'",
            "'192.0.2.0/24'",
            "'::/0'",
            "'a/b'",
            "'ü/'",
            "'[1'",
            "'missing'",
            "'hub'",
            "'ports'",
            "parameters('missing')",
            "variables('ports')",
            "variables('hub')",
            "lambda('x', lambdaVariables('x'))",
            "lambda('x', 'y', less(lambdaVariables('x'), 1))",
            "concat(variables('ports'), parameters('missing'))",
            "resourceGroup().id",
        ])
        .prop_map(String::from),
    ];
    leaf.prop_recursive(3, 24, 3, |inner| {
        let names: Vec<&str> = NAMES.split_whitespace().collect();
        (
            prop::sample::select(names),
            prop::collection::vec(inner, 0..4),
            prop::sample::select(vec!["", "", "", "[0]", ".name", "['tags'].a"]),
        )
            .prop_map(|(name, arguments, path)| format!("{name}({}){path}", arguments.join(", ")))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_call_makes_the_evaluator_panic(call in any_call()) {
        shown(&format!("[{call}]"), &TemplateSettings::default());
    }

    #[test]
    fn what_is_left_of_an_expression_is_an_expression(call in any_call()) {
        let got = shown(&format!("[{call}]"), &TemplateSettings::default());
        if let Some(rest) = got.strip_prefix('?').filter(|rest| !rest.contains("[*]]")) {
            prop_assert!(TemplateString::parse(rest).is_ok(), "{}", rest);
        }
    }
}
