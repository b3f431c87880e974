#![doc = include_str!("../../../../docs/checks/two-translated-addresses.md")]

use super::{Check, Context, Fault, Finding, Level};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "two-translated-addresses",
    summary: "a DNAT rule with a translated address and a translated FQDN",
    page: include_str!("../../../../docs/checks/two-translated-addresses.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    context.faults(&CHECK, context.nat_rules(), |rule| {
        let (address, fqdn) = (rule.translated_address.as_ref()?, rule.translated_fqdn.as_ref()?);
        let message = format!(
            "translates to `{}` and to `{}`: Azure takes one of them",
            address.value, fqdn.value
        );
        Some(Fault::new(
            Level::Error,
            message,
            "remove `translatedAddress` or `translatedFqdn`",
            fqdn.span,
        ))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    /// The text form refuses the second one itself; other files can hold both.
    fn group(translated: &str) -> String {
        format!(
            r#"{{"name": "g", "properties": {{"priority": 100, "ruleCollections": [{{"name": "d", "priority": 100,
            "ruleCollectionType": "FirewallPolicyNatRuleCollection", "action": {{"type": "DNAT"}}, "rules": [
            {{"ruleType": "NatRule", "name": "r", "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
            "destinationAddresses": ["203.0.113.3"], "destinationPorts": ["443"], {translated}, "translatedPort": "443"}}]}}]}}}}"#
        )
    }

    #[test]
    fn it_is_found() {
        let both = r#""translatedAddress": "10.0.2.10", "translatedFqdn": "app.example.com""#;
        check(
            &CHECK,
            &group(both),
            expect![[r#"
            error of g/d/r in line 4: translates to `10.0.2.10` and to `app.example.com`: Azure takes one of them
        "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(&CHECK, &group(r#""translatedAddress": "10.0.2.10""#), expect![""]);
        check(&CHECK, &group(r#""translatedFqdn": "app.example.com""#), expect![""]);
    }
}
