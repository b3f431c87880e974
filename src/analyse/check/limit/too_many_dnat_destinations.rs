#![doc = include_str!("../../../../docs/checks/too-many-dnat-destinations.md")]

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::size::internet_count;
use super::super::{Check, Context, Finding, Level};
use super::{Grouped, Limit, count};
use crate::net::{IpRange, IpSet};

pub(in crate::analyse::check) const CHECK: Check = Check {
    name: "too-many-dnat-destinations",
    summary: "public addresses and DNAT destinations together near or above what Azure takes",
    page: include_str!("../../../../docs/checks/too-many-dnat-destinations.md"),
    controls: &[],
    run,
};

const LIMIT: Limit = Limit { max: 250, above: Level::Error, as_of: "October 2023" };

fn run(context: &Context<'_>) -> Vec<Finding> {
    let mut destinations = BTreeSet::new();
    let mut addresses: BTreeSet<String> = BTreeSet::new();
    let mut first = None;
    for (rule, nat) in context.nat_rules() {
        first = first.or(Some(rule));
        addresses.extend(nat.destinations.iter().map(|entry| entry.value.to_string()));
        for address in &nat.destinations {
            for port in &nat.destination_ports {
                for protocol in &nat.protocols {
                    let key = (
                        address.value.to_string(),
                        port.value.to_string(),
                        protocol.value.to_string(),
                    );
                    destinations.insert(key);
                }
            }
        }
    }
    for firewall in context.own_firewalls() {
        addresses.extend(firewall.addresses.iter().map(|entry| entry.value.to_string()));
    }
    // Without the firewall itself, the destinations show at least which public addresses it has.
    addresses.retain(|address| address.parse().map_or(true, is_public));
    let Some(rule) = first else { return Vec::new() };
    let total = count(destinations.len() + addresses.len());
    let finding = LIMIT.finding(&CHECK, total, "public addresses and unique DNAT destinations");
    let details = [
        format!("public addresses that are known of: {}", Grouped(count(addresses.len()))),
        format!(
            "unique combinations of address, port and protocol: {}",
            Grouped(count(destinations.len()))
        ),
    ];
    let finding = finding.map(|finding| {
        finding
            .at(context.ruleset.info(rule).span)
            .with_details(details)
            .with_help("join ports into ranges, or publish through a load balancer or an application gateway behind fewer rules")
    });
    finding.into_iter().collect()
}

fn is_public(address: IpAddr) -> bool {
    let set: IpSet = [IpRange::single(address)].into_iter().collect();
    internet_count(&set) > 0
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::CHECK;
    use crate::analyse::check::trial::check;

    /// `count` ports on one address, each a destination of its own.
    fn text(count: u32) -> String {
        let ports: Vec<String> = (0..count).map(|port| (1000 + port).to_string()).collect();
        let ports = ports.join(", ");
        format!(
            "policy p\ngroup g 100\n  dnat d 100\n    r: tcp * -> 8.8.4.4 : {ports} => 10.0.2.10 : 443\n"
        )
    }

    #[test]
    fn the_headroom_is_told() {
        check(
            &CHECK,
            &text(124),
            expect![[r#"
            info of policy in line 4: 125 of 250 public addresses and unique DNAT destinations: half of the limit is used (as of October 2023)
              - public addresses that are known of: 1
              - unique combinations of address, port and protocol: 124
        "#]],
        );
        check(
            &CHECK,
            &text(200),
            expect![[r#"
            warning of policy in line 4: 201 of 250 public addresses and unique DNAT destinations: near the limit (as of October 2023)
              - public addresses that are known of: 1
              - unique combinations of address, port and protocol: 200
        "#]],
        );
        check(
            &CHECK,
            &text(250),
            expect![[r#"
            error of policy in line 4: 251 of 250 public addresses and unique DNAT destinations: above the limit (as of October 2023)
              - public addresses that are known of: 1
              - unique combinations of address, port and protocol: 250
        "#]],
        );
    }

    #[test]
    fn far_below_the_limit_nothing_is_said() {
        check(&CHECK, &text(20), expect![""]);
    }
}
