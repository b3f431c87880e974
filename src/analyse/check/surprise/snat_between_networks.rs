#![doc = include_str!("../../../../docs/checks/snat-between-networks.md")]

use super::{Check, Context, Finding, Level, is_everything, values};
use crate::evaluate::RuleRef;

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "snat-between-networks",
    summary: "DNAT rules for every source, by which the firewall hides the source of private traffic",
    page: include_str!("../../../../docs/checks/snat-between-networks.md"),
    controls: &[],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    let open = context
        .nat_rules()
        .filter(|(_, rule)| values(&rule.head.sources).any(|(address, _)| is_everything(address)));
    let rules: Vec<RuleRef> = open.map(|(rule, _)| rule).collect();
    let finding = context.gathered(&CHECK, Level::Info, &rules, |who| {
        let (verb, implicit) = if rules.len() == 1 { ("takes", "it") } else { ("take", "them") };
        format!(
            "{who} {verb} every source: the rule that Azure adds for {implicit} then also replaces the source of traffic \
             from one virtual network to another (known issue, as of April 2025)"
        )
    });
    let help = "name the sources; then servers see who calls them from within";
    finding.map(|finding| finding.with_help(help)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    #[test]
    fn it_is_found() {
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              dnat d 100
                r: tcp * -> 203.0.113.3 : 443 => 10.0.2.10 : 8443
                s: tcp 0.0.0.0/0 -> 203.0.113.3 : 444 => 10.0.2.10 : 8443"#,
            expect![[r#"
                info of g/d/r in line 5: 2 rules take every source: the rule that Azure adds for them then also replaces the source of traffic from one virtual network to another (known issue, as of April 2025)
                  also g/d/s
            "#]],
        );
    }

    #[test]
    fn what_is_right_is_passed_over() {
        check(
            &CHECK,
            r#"
            policy p
            group g 100
              dnat d 100
                r: tcp 198.51.100.0/24 -> 203.0.113.3 : 443 => 10.0.2.10 : 8443"#,
            expect![""],
        );
    }
}
