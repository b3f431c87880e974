#![doc = include_str!("../../../../docs/checks/too-many-dns-servers.md")]

use super::super::written::place;
use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-dns-servers",
    summary: "more custom DNS servers than Azure takes",
    page: include_str!("../../../../docs/checks/too-many-dns-servers.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 15, above: Level::Error, as_of: "May 2025" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let settings = context.ruleset.layers.iter().filter_map(|layer| layer.settings.as_ref());
    let finding = |dns: &crate::policy::DnsSettings| {
        let finding = LIMIT.finding(&CHECK, count(dns.servers.len()), "custom DNS servers")?;
        Some(
            finding
                .with_help("the firewall asks them in turn: a few are enough")
                .at(place(&dns.servers)),
        )
    };
    settings.filter_map(|settings| settings.dns.as_ref()).filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let servers: Vec<String> = (1..=count).map(|number| format!("10.0.0.{number}")).collect();
        format!("policy p\n  dns-servers {}\ngroup g 100\n", servers.join(", "))
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(16),
            expect![[r#"
            error of policy in line 2: 16 of 15 custom DNS servers: above the limit (as of May 2025)
        "#]],
        );
        check(
            &CHECK,
            &text(12),
            expect![[r#"
            warning of policy in line 2: 12 of 15 custom DNS servers: near the limit (as of May 2025)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(7), expect![""]);
    }
}
