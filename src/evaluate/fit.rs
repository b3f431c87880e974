//! Comparisons of one criterion with one flow, each with three results.

use std::net::IpAddr;

use smol_str::{SmolStr, format_smolstr};

use crate::compile::{
    AddressCriterion, ApplicationCriteria, Need, PortCriterion, ProtocolCriterion, Ruleset,
    TargetCriterion,
};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, Fqdn, IpFamily, IpProtocol};

/// Whether a flow fits a criterion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    Yes,
    No,
    /// What would settle it.
    May(Vec<Need>),
}

impl Fit {
    pub(super) fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    fn may(need: impl Into<SmolStr>) -> Self {
        Self::May(vec![need.into()])
    }

    /// Either of the two suffices.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other(),
            Self::May(mut needs) => match other() {
                Self::Yes => Self::Yes,
                Self::No => Self::May(needs),
                Self::May(more) => {
                    needs.extend(more);
                    Self::May(needs)
                }
            },
        }
    }

    /// `No` stays `No`; the unknown parts count only when nothing known fits.
    pub(super) fn or_unknown(self, unknown: &[Need]) -> Self {
        self.or(|| if unknown.is_empty() { Self::No } else { Self::May(unknown.to_vec()) })
    }
}

/// Whether `address` is in the set. A flow's ends are of one family, so an unknown address is of
/// the family of the other end.
pub(super) fn address(
    criterion: &AddressCriterion,
    address: Option<IpAddr>,
    family: IpFamily,
    what: &str,
) -> Fit {
    match address {
        Some(address) => Fit::of(criterion.known.contains(address)).or_unknown(&criterion.unknown),
        None if criterion.known.is_all_of(family) => Fit::Yes,
        None if criterion.known.is_empty_in(family) && criterion.unknown.is_empty() => Fit::No,
        None => {
            let what = [SmolStr::from(what)];
            Fit::May(what.into_iter().chain(criterion.unknown.iter().cloned()).collect())
        }
    }
}

/// Whether the protocol of a network or DNAT rule covers the flow's.
///
/// `Any` with explicit ports is TCP and UDP, with `*` every IP protocol; ICMP has no ports.
/// Source: "Azure Firewall rule processing logic" (23 March 2026), `tests/spec/03-network.md`.
pub(super) fn protocol(criterion: &ProtocolCriterion, ports: &PortCriterion, flow: &Flow) -> Fit {
    let ip = flow.protocol.ip();
    let any_without_ports = || match (criterion.any, ports.is_star) {
        (true, true) => Fit::Yes,
        (true, false) => Fit::No.or_unknown(&ports.unknown),
        (false, _) => Fit::No,
    };
    let known = if ip == IpProtocol::TCP {
        Fit::of(criterion.any || criterion.tcp)
    } else if ip == IpProtocol::UDP {
        Fit::of(criterion.any || criterion.udp)
    } else if flow.protocol.is_icmp() {
        Fit::of(criterion.icmp).or(any_without_ports)
    } else {
        any_without_ports()
    };
    known.or_unknown(&criterion.unknown)
}

/// Whether the flow's destination port is listed; protocols without ports fit every list.
pub(super) fn port(criterion: &PortCriterion, protocol: FlowProtocol, port: Option<u16>) -> Fit {
    if !protocol.has_ports() {
        return Fit::Yes;
    }
    match port {
        Some(port) => Fit::of(criterion.known.contains(port)),
        None if criterion.known.is_all() => Fit::Yes,
        None if criterion.known.is_empty() => Fit::No,
        None => Fit::may("destination port"),
    }
    .or_unknown(&criterion.unknown)
}

/// Whether an entry of the rule's `protocols` is the flow's application protocol and port.
///
/// A flow given as plain TCP has an unknown application protocol.
pub(super) fn application(criteria: &ApplicationCriteria, flow: &Flow) -> Fit {
    let mut fit = Fit::No;
    for entry in &criteria.protocols {
        let is_protocol = match flow.protocol {
            FlowProtocol::Application(protocol) => Fit::of(protocol == entry.protocol),
            FlowProtocol::Ip(_)
                if entry.protocol == ApplicationProtocol::Http && has_foreign_host_port(flow) =>
            {
                Fit::No
            }
            FlowProtocol::Ip(_) => Fit::may("application protocol"),
        };
        let is_port = match flow.port {
            Some(port) => Fit::of(port == entry.port),
            None => Fit::may("destination port"),
        };
        fit = fit.or(|| both(is_protocol, is_port));
        if fit == Fit::Yes {
            return fit;
        }
    }
    if let Fit::May(needs) = &mut fit {
        dedup(needs);
    }
    fit.or_unknown(&criteria.unknown_protocols)
}

/// Whether the port in the `Host` header differs from the TCP port: Azure then drops plain HTTP.
pub(super) fn has_foreign_host_port(flow: &Flow) -> bool {
    matches!((flow.host_port, flow.port), (Some(host), Some(port)) if host != port)
}

/// Whether the flow's name, URL or web category is a target of the rule: any kind suffices.
pub(super) fn target(ruleset: &Ruleset, criteria: &ApplicationCriteria, flow: &Flow) -> Fit {
    let targets = &criteria.targets;
    let fit = fqdn(targets, &flow.name)
        .or(|| url(criteria, flow))
        .or(|| web_category(ruleset, targets, flow));
    fit.or_unknown(&targets.unknown)
}

const NAME_NEED: &str = "name (SNI or Host header)";

fn fqdn(targets: &TargetCriterion, name: &Name) -> Fit {
    match name {
        Name::Absent => Fit::No,
        Name::Known(name) => Fit::of(targets.fqdns.iter().any(|pattern| pattern.matches(name))),
        Name::Unknown if targets.fqdns.iter().all(matches_nothing) => Fit::No,
        Name::Unknown => Fit::may(NAME_NEED),
    }
}

fn matches_nothing(pattern: &crate::net::FqdnPattern) -> bool {
    matches!(pattern, crate::net::FqdnPattern::Invalid(_))
}

/// The URL of HTTPS can be seen only where the rule terminates TLS; MSSQL has none.
fn url(criteria: &ApplicationCriteria, flow: &Flow) -> Fit {
    let patterns = &criteria.targets.urls;
    if patterns.is_empty() {
        return Fit::No;
    }
    let is_visible = match flow.protocol {
        FlowProtocol::Application(ApplicationProtocol::Http) => true,
        FlowProtocol::Application(ApplicationProtocol::Https) => criteria.terminates_tls,
        FlowProtocol::Application(ApplicationProtocol::Mssql) => false,
        FlowProtocol::Ip(_) => criteria.terminates_tls || criteria.names(ApplicationProtocol::Http),
    };
    if !is_visible {
        return Fit::No;
    }
    match (&flow.url, &flow.name) {
        (Some(url), _) => Fit::of(patterns.iter().any(|pattern| pattern.matches(url))),
        (None, Name::Known(name)) if !patterns.iter().any(|pattern| pattern.matches_host(name)) => {
            Fit::No
        }
        (None, _) => Fit::may("URL"),
    }
}

fn web_category(ruleset: &Ruleset, targets: &TargetCriterion, flow: &Flow) -> Fit {
    let wanted = &targets.web_categories;
    if wanted.is_empty() {
        return Fit::No;
    }
    let listed = |name: &Fqdn| ruleset.tables.web_categories.get(name.as_str());
    let category = flow.web_category.as_ref().or_else(|| flow.name.known().and_then(listed));
    match (category, &flow.name) {
        (Some(category), name) => {
            if !wanted.contains(&crate::compile::letters(category)) {
                return Fit::No;
            }
            if name.known().is_some() { Fit::Yes } else { Fit::may(NAME_NEED) }
        }
        (None, Name::Known(name)) => Fit::May(vec![format_smolstr!("web category of `{name}`")]),
        (None, Name::Unknown | Name::Absent) => Fit::may("web category"),
    }
}

/// Both have to fit.
pub(super) fn both(a: Fit, b: Fit) -> Fit {
    match (a, b) {
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (Fit::Yes, other) | (other, Fit::Yes) => other,
        (Fit::May(mut needs), Fit::May(more)) => {
            needs.extend(more);
            Fit::May(needs)
        }
    }
}

/// Removes repeated needs and keeps the order.
pub(super) fn dedup(needs: &mut Vec<Need>) {
    let mut seen: Vec<Need> = Vec::new();
    needs.retain(|need| {
        let is_new = !seen.contains(need);
        if is_new {
            seen.push(need.clone());
        }
        is_new
    });
}
