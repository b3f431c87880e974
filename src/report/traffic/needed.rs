//! The rule that would let denied connections pass, as a line of the text form.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::remedy::Remedy;
use crate::net::{ApplicationProtocol, FqdnPattern, IpRange, IpSet, PortRange, RuleProtocol};
use crate::policy::{
    Address, Application, ApplicationRule, NetworkRule, ResourceId, Rule, RuleHead, RuleSpan,
    Written,
};
use crate::source::Spanned;
use crate::syntax::text::rule_line;
use crate::tables::{DeniedGroupRow, SourceGroup};

/// A rule with more entries is better written with a group.
const ENTRIES_MAX: usize = 8;
const NAME_CHARS_MAX: usize = 60;

/// The line of a rule that would allow what the row tells of. `None` where no rule would help, where
/// records do not say enough, and for sources on the internet, which seldom should pass.
pub(super) fn rule(row: &DeniedGroupRow) -> Option<String> {
    let target = row.target.as_deref()?;
    let protocol = row.protocol.as_deref()?;
    let head = head(row, protocol, target)?;
    let rule = match Remedy::of(Some(protocol), row.reason.as_deref()) {
        Remedy::NetworkRule | Remedy::NetworkRuleByAddress => {
            Rule::Network(network(head, protocol, target.parse().ok()?, row.port)?)
        }
        Remedy::ApplicationRule => {
            Rule::Application(application(head, protocol, target, row.port)?)
        }
        Remedy::NameResolution | Remedy::TlsInspection => return None,
    };
    Some(rule_line(&rule))
}

fn network(
    head: RuleHead,
    protocol: &str,
    destination: IpAddr,
    port: Option<u16>,
) -> Option<NetworkRule> {
    let (protocol, has_ports) = match protocol {
        "tcp" => (RuleProtocol::Tcp, true),
        "udp" => (RuleProtocol::Udp, true),
        "icmp" | "icmpv6" => (RuleProtocol::Icmp, false),
        _ => return None,
    };
    // Without a port the rule would allow all of them.
    let port = if has_ports { Some(port?) } else { None };
    let port = port.map(|port| made(Written::Value(PortRange::single(port))));
    let destination = Address::Range(IpRange::single(destination));
    Some(NetworkRule {
        head,
        protocols: vec![made(Written::Value(protocol))],
        destinations: vec![made(Written::Value(destination))],
        destination_ip_groups: Vec::new(),
        destination_fqdns: Vec::new(),
        destination_ports: port.into_iter().collect(),
    })
}

fn application(
    head: RuleHead,
    protocol: &str,
    name: &str,
    port: Option<u16>,
) -> Option<ApplicationRule> {
    let protocol = ApplicationProtocol::from_text(protocol)?;
    let port = port.unwrap_or_else(|| protocol.default_port());
    // Clients choose the names that they ask for.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_name = name.chars().all(is_plain) && name.parse::<IpAddr>().is_err();
    let pattern = FqdnPattern::new(name).filter(|_| is_name)?;
    Some(ApplicationRule::of_fqdns(
        head,
        vec![made(Written::Value(Application { protocol, port }))],
        vec![made(Written::Value(pattern))],
    ))
}

/// Name and sources.
fn head(row: &DeniedGroupRow, protocol: &str, target: &str) -> Option<RuleHead> {
    let (sources, source_ip_groups) = match &row.group {
        SourceGroup::IpGroup(name) => {
            let id = ResourceId::without_scope("Microsoft.Network/ipGroups", &[name]);
            (Vec::new(), vec![made(Written::Value(id))])
        }
        SourceGroup::Named(_) | SourceGroup::Inside => (entries(row)?, Vec::new()),
        SourceGroup::Internet | SourceGroup::Unknown => return None,
    };
    let port = row.port.map(|port| format!("-{port}")).unwrap_or_default();
    let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = format!("{target}-{protocol}{port}");
    let name: String =
        name.chars().map(|c| if is_fine(c) { c } else { '-' }).take(NAME_CHARS_MAX).collect();
    Some(RuleHead {
        name: made(name.trim_matches(['-', '.']).into()),
        description: None,
        sources: sources
            .into_iter()
            .map(|range| made(Written::Value(Address::Range(range))))
            .collect(),
        source_ip_groups,
        unknown_fields: Vec::new(),
        span: RuleSpan::default(),
    })
}

/// The sources one by one, or the small subnets that they lie in.
fn entries(row: &DeniedGroupRow) -> Option<Vec<IpRange>> {
    if row.sources != row.addresses.len() as u64 {
        return None;
    }
    let set: IpSet = row.addresses.iter().copied().map(IpRange::single).collect();
    let ranges: Vec<IpRange> = set.ranges().collect();
    if ranges.len() <= ENTRIES_MAX {
        return Some(ranges);
    }
    let subnet = |address: &IpAddr| {
        let net = IpNet::new(*address, if address.is_ipv4() { 24 } else { 64 }).ok()?;
        Some((net.network(), net.broadcast()))
    };
    let subnets = row.addresses.iter().map(subnet).collect::<Option<BTreeSet<_>>>()?;
    let subnets: Option<Vec<IpRange>> =
        subnets.into_iter().map(|(first, last)| IpRange::new(first, last)).collect();
    subnets.filter(|subnets| subnets.len() <= ENTRIES_MAX)
}

fn made<T>(value: T) -> Spanned<T> {
    Spanned::unplaced(value)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::source::{Source, Sources};
    use crate::syntax::text::parse;

    fn row(group: SourceGroup, text: &str) -> DeniedGroupRow {
        let [protocol, sources, target, port, reason] =
            text.splitn(5, ' ').collect::<Vec<_>>().try_into().unwrap();
        let addresses: Vec<IpAddr> = sources.split(',').map(|text| text.parse().unwrap()).collect();
        DeniedGroupRow {
            group,
            sources: addresses.len() as u64,
            addresses,
            target: Some(target.into()),
            target_name: None,
            port: port.parse().ok(),
            protocol: Some(protocol.into()),
            reason: Some(reason.into()),
            records: 1,
            attempts: 1,
            seen: None,
        }
    }

    /// The line, which must read as a rule that prints alike.
    #[track_caller]
    fn check(group: SourceGroup, text: &str, expected: Expect) {
        let Some(line) = rule(&row(group, text)) else { return expected.assert_eq("none") };
        let kind = if text.starts_with("http") { "application" } else { "network" };
        let policy = format!("policy p\ngroup g 100\nallow {kind} c 100\n{line}\n");
        let source = Sources::default().add(Source::new("p.azfw", policy.as_str()));
        let (inventory, _) = parse(&policy, source).unwrap();
        assert_eq!(rule_line(&inventory.groups[0].collections[0].rules[0]), line);
        expected.assert_eq(&line);
    }

    #[test]
    fn a_rule_is_as_narrow_as_what_was_seen() {
        use SourceGroup::{Inside, Internet, IpGroup, Named};
        check(
            IpGroup("aks nodes".into()),
            "https 10.1.0.4,10.1.0.5 api.example.com 443 Default Action",
            expect![[r#"api.example.com-https-443: https:443 @"aks nodes" -> api.example.com"#]],
        );
        check(
            Named("spoke-a".into()),
            "tcp 10.1.0.4,10.1.0.5,10.1.0.9 203.0.113.7 8443 Default Action",
            expect!["203.0.113.7-tcp-8443: tcp 10.1.0.4/31, 10.1.0.9 -> 203.0.113.7 : 8443"],
        );
        check(
            Inside,
            "icmp 10.1.0.4 203.0.113.7 - Default Action",
            expect!["203.0.113.7-icmp: icmp 10.1.0.4 -> 203.0.113.7"],
        );
        let many: Vec<String> = (1..20).map(|host| format!("10.1.0.{}", host * 2)).collect();
        check(
            Inside,
            &format!("udp {} 203.0.113.7 53 Default Action", many.join(",")),
            expect!["203.0.113.7-udp-53: udp 10.1.0.0/24 -> 203.0.113.7 : 53"],
        );
        check(Internet, "tcp 203.0.113.9 198.51.100.1 3389 Default Action", expect!["none"]);
    }

    #[test]
    fn where_no_rule_would_help_there_is_none() {
        use SourceGroup::Inside;
        check(
            Inside,
            "https 10.1.0.4 a.example.com 443 Failed to resolve address",
            expect!["none"],
        );
        check(Inside, "tcp 10.1.0.4 203.0.113.7 - Default Action", expect!["none"]);
        check(Inside, "https 10.1.0.4 a\u{202e}b\"->* 443 Default Action", expect!["none"]);
        check(Inside, "sctp 10.1.0.4 203.0.113.7 9 Default Action", expect!["none"]);
    }
}
