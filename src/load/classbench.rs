//! `ClassBench` filter sets, the rule sets of the literature on packet classification.
//!
//! One filter a line, the first that fits decides:
//! `@10.0.0.0/8<TAB>192.0.2.0/24<TAB>0 : 65535<TAB>443 : 443<TAB>0x06/0xFF<TAB>0x0000/0x0000`.
//! Azure rules say nothing of source ports, flags, and of protocols beside TCP, UDP and ICMP; what
//! is lost on the way is counted.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use smol_str::{SmolStr, format_smolstr};

use crate::net::{IpRange, PortRange, RuleProtocol};
use crate::policy::{
    Address, CollectionAction, FilterAction, Inventory, NetworkRule, Rule, RuleCollection,
    RuleCollectionGroup, RuleHead, RuleSpan, Written,
};
use crate::source::{InputError, Spanned};

/// A filter set as a rule set, and what it could not take over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassBench {
    pub inventory: Inventory,
    /// Filters that became rules.
    pub filters: usize,
    /// Filters whose source ports were widened to all, because Azure rules have none.
    pub widened: usize,
    /// Filters left out: their protocol cannot be said in a rule.
    pub left_out: usize,
}

/// Reads a filter set.
///
/// # Errors
///
/// At the first line that is no filter, and when there is none.
pub fn classbench(name: &str, text: &str) -> Result<ClassBench, InputError> {
    let mut read = ClassBench::default();
    let mut rules = Vec::new();
    let lines = text.lines().map(str::trim).enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let filter = filter(line).ok_or_else(|| {
            let message = format!("{name}:{}: no ClassBench filter: `{line}`", index + 1);
            let help =
                "write `@SOURCE/LENGTH DESTINATION/LENGTH LOW : HIGH LOW : HIGH PROTOCOL/MASK`";
            InputError::new(message).with_help(help)
        })?;
        let Some(protocol) = filter.protocol else {
            read.left_out += 1;
            continue;
        };
        read.filters += 1;
        read.widened += usize::from(filter.source_ports != PortRange::ALL);
        rules.push(rule(format_smolstr!("line-{}", index + 1), protocol, &filter));
    }
    if rules.is_empty() {
        return Err(InputError::new(format!("`{name}` holds no ClassBench filter")));
    }
    read.inventory.groups.push(group(rules));
    Ok(read)
}

struct Filter {
    source: Ipv4Net,
    destination: Ipv4Net,
    source_ports: PortRange,
    ports: PortRange,
    /// `None`: one that rules cannot name.
    protocol: Option<RuleProtocol>,
}

fn filter(line: &str) -> Option<Filter> {
    let mut words = line.strip_prefix('@')?.split_whitespace();
    let mut net = || words.next()?.parse::<Ipv4Net>().ok();
    let (source, destination) = (net()?, net()?);
    let mut ports = || {
        let first = words.next()?.parse().ok()?;
        let (":", last) = (words.next()?, words.next()?.parse().ok()?) else { return None };
        PortRange::new(first, last)
    };
    let (source_ports, ports) = (ports()?, ports()?);
    let (protocol, mask) = words.next()?.split_once('/')?;
    let byte = |text: &str| u8::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    let protocol = match (byte(protocol)?, byte(mask)?) {
        (_, 0) => Some(RuleProtocol::Any),
        (1, 0xFF) => Some(RuleProtocol::Icmp),
        (6, 0xFF) => Some(RuleProtocol::Tcp),
        (17, 0xFF) => Some(RuleProtocol::Udp),
        _ => None,
    };
    Some(Filter { source, destination, source_ports, ports, protocol })
}

fn rule(name: SmolStr, protocol: RuleProtocol, filter: &Filter) -> Rule {
    let addresses = |net: Ipv4Net| {
        let address = if net.prefix_len() == 0 { Address::Any } else { Address::Range(range(net)) };
        vec![Spanned::unplaced(Written::Value(address))]
    };
    Rule::Network(NetworkRule {
        head: RuleHead {
            name: Spanned::unplaced(name),
            description: None,
            sources: addresses(filter.source),
            source_ip_groups: Vec::new(),
            unknown_fields: Vec::new(),
            span: RuleSpan::default(),
        },
        protocols: vec![Spanned::unplaced(Written::Value(protocol))],
        destinations: addresses(filter.destination),
        destination_ip_groups: Vec::new(),
        destination_fqdns: Vec::new(),
        destination_ports: vec![Spanned::unplaced(Written::Value(filter.ports))],
    })
}

fn range(net: Ipv4Net) -> IpRange {
    let [first, last] = [net.network(), net.broadcast()].map(Ipv4Addr::into).map(|at: IpAddr| at);
    IpRange::new(first, last).unwrap_or(IpRange::single(first))
}

/// All filters in one collection that allows: the first match is what counts.
fn group(rules: Vec<Rule>) -> RuleCollectionGroup {
    RuleCollectionGroup {
        name: Spanned::unplaced("classbench".into()),
        id: None,
        policy: None,
        priority: Spanned::unplaced(100),
        collections: vec![RuleCollection {
            name: Spanned::unplaced("filters".into()),
            priority: Spanned::unplaced(100),
            action: Spanned::unplaced(CollectionAction::Filter(FilterAction::Allow)),
            rules,
        }],
        size: None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::compile::{Options, compile};
    use crate::evaluate::evaluate;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match classbench("acl", text) {
            Ok(read) => {
                let (ruleset, _) = compile(&read.inventory, &Options::default()).unwrap();
                let rules = ruleset.network.rules.iter().zip(&ruleset.network.criteria);
                let rules: Vec<_> = rules
                    .map(|(info, rule)| {
                        format!(
                            "{} {} -> {} {}",
                            info.path.rule,
                            rule.sources.known,
                            rule.destinations.known,
                            rule.ports.known
                        )
                    })
                    .collect();
                format!(
                    "{}; {} widened, {} left out",
                    rules.join("; "),
                    read.widened,
                    read.left_out
                )
            }
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn filters_become_network_rules() {
        check(
            "@192.0.2.0/24\t198.51.100.7/32\t0 : 65535\t443 : 443\t0x06/0xFF\t0x0000/0x0000\n\
             @0.0.0.0/0\t203.0.113.0/25\t53 : 53\t0 : 65535\t0x11/0xFF\t0x0000/0x0000\n\
             @0.0.0.0/0\t0.0.0.0/0\t0 : 65535\t0 : 65535\t0x2F/0xFF\t0x0000/0x0000\n",
            expect![
                "line-1 192.0.2.0/24 -> 198.51.100.7 443; line-2 * -> 203.0.113.0/25 *; 1 widened, 1 left out"
            ],
        );
    }

    #[test]
    fn a_line_that_is_no_filter_is_named() {
        check(
            "@192.0.2.0/24 198.51.100.7",
            expect!["acl:1: no ClassBench filter: `@192.0.2.0/24 198.51.100.7`"],
        );
        check("", expect!["`acl` holds no ClassBench filter"]);
    }

    #[test]
    fn the_first_filter_that_fits_decides() {
        let text = "@192.0.2.0/24 0.0.0.0/0 0 : 65535 1 : 1000 0x06/0xFF\n\
                    @192.0.0.0/16 0.0.0.0/0 0 : 65535 0 : 65535 0x00/0x00";
        let read = classbench("acl", text).unwrap();
        let (ruleset, _) = compile(&read.inventory, &Options::default()).unwrap();
        for (flow, rule) in [
            ("tcp 192.0.2.1 -> 198.51.100.1:80", "line-1"),
            ("tcp 192.0.2.1 -> 198.51.100.1:2000", "line-2"),
            ("gre 192.0.2.1 -> 198.51.100.1", "line-2"),
        ] {
            let flow = crate::syntax::flow::flow(flow).unwrap();
            let verdict = evaluate(&ruleset, &flow, &mut ());
            assert_eq!(ruleset.path(verdict.rule.unwrap()).rule, rule);
        }
    }
}
