#![doc = include_str!("../../../../docs/checks/too-many-public-addresses.md")]

use super::super::size::internet_count;
use super::super::{Check, Context, Finding, Level};
use super::{Limit, count};
use crate::net::{IpRange, IpSet};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-public-addresses",
    summary: "more public addresses than a firewall takes",
    page: include_str!("../../../../docs/checks/too-many-public-addresses.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 250, above: Level::Error, as_of: "October 2023" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let finding = |firewall: &&crate::policy::ClassicFirewall| {
        let known = firewall.addresses.iter().filter_map(|entry| entry.value.value());
        let public = known.filter(|&&address| {
            let set: IpSet = [IpRange::single(address)].into_iter().collect();
            internet_count(&set) > 0
        });
        let what = format!("public addresses of firewall `{}`", firewall.name.value);
        let finding = LIMIT.finding(&CHECK, count(public.count()), what)?;
        let help = "for outbound connections a NAT gateway on the firewall's subnet gives more ports with fewer addresses";
        Some(finding.with_help(help).at(firewall.name.span))
    };
    context.own_firewalls().iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    fn text(count: u32) -> String {
        let addresses: Vec<String> =
            (1..=count).map(|number| format!("8.8.{}.{}", number / 250, number % 250)).collect();
        format!(
            "firewall f\n  addresses 10.0.0.4, {}\n  allow network n 100\n    r: tcp * -> * : 443\n",
            addresses.join(", ")
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(251),
            expect![[r#"
            error of policy in line 1: 251 of 250 public addresses of firewall `f`: above the limit (as of October 2023)
        "#]],
        );
        check(
            &CHECK,
            &text(125),
            expect![[r#"
            info of policy in line 1: 125 of 250 public addresses of firewall `f`: half of the limit is used (as of October 2023)
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(124), expect![""]);
    }
}
