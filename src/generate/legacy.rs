//! Sentences of the legacy family, in the spellings of 2025 and later.

use super::event::{Answer, Event, Kind};
use super::names;
use crate::compile::RulePath;
use crate::evaluate::Ruling;
use crate::flow::{Flow, FlowProtocol};
use crate::net::ApplicationProtocol;

/// The category and the operation name of a record.
pub(super) fn names(kind: &Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Network { .. } => ("AzureFirewallNetworkRule", "AzureFirewallNetworkRuleLog"),
        Kind::Nat { .. } => ("AzureFirewallNetworkRule", "AzureFirewallNatRuleLog"),
        Kind::ThreatIntel { .. } => ("AzureFirewallNetworkRule", "AzureFirewallThreatIntelLog"),
        Kind::Idps { .. } => ("AzureFirewallNetworkRule", "AzureFirewallIDSLog"),
        Kind::Application { .. } | Kind::MissingName => {
            ("AzureFirewallApplicationRule", "AzureFirewallApplicationRuleLog")
        }
        Kind::Dns { .. } => ("AzureFirewallDnsProxy", "AzureFirewallDnsProxyLog"),
    }
}

/// The text of a record.
pub(super) fn sentence(event: &Event) -> String {
    let flow = &event.flow;
    match &event.kind {
        // The action of network rules is followed by two dots.
        Kind::Network { ruling, rule } => {
            format!("{}. Action: {}.. {}", between(flow), action(*ruling), path(rule.as_ref()))
        }
        Kind::Application { ruling, rule } => application(flow, *ruling, rule.as_ref()),
        Kind::MissingName => format!(
            "HTTPS request from {}. Action: Deny. Reason: SNI TLS extension was missing.",
            source(flow)
        ),
        Kind::Nat { rule, translation } => {
            format!("{} was DNAT'ed to {translation}. {}", between(flow), path(Some(rule)))
        }
        Kind::ThreatIntel { is_denied } => {
            let action = if *is_denied { "Deny" } else { "Alert" };
            let (head, threat) = (request(flow), names::threat(flow));
            format!("{head}. Action: {action}. ThreatIntel: {threat}")
        }
        Kind::Idps { is_dropped, signature } => idps(flow, *is_dropped, signature),
        Kind::Dns { id, duration_us, answer } => dns(flow, *id, *duration_us, *answer),
    }
}

fn application(flow: &Flow, ruling: Ruling, rule: Option<&RulePath>) -> String {
    let head = request(flow);
    let category = match (&flow.web_category, rule) {
        (Some(category), Some(_)) => format!(". Web Category: {category}"),
        (Some(_) | None, _) => String::new(),
    };
    let cause = match rule {
        Some(rule) => path(Some(rule)),
        None => "No rule matched. Proceeding with default action".into(),
    };
    format!("{head}. Action: {}. {cause}{category}", action(ruling))
}

fn idps(flow: &Flow, is_dropped: bool, signature: &str) -> String {
    let text = names::signature(signature);
    format!(
        "{}. Action: {}. Signature: {signature}. IDS: {}. Priority: {}. Classification: {}",
        between(flow),
        if is_dropped { "drop" } else { "alert" },
        text.description,
        text.severity,
        text.category
    )
}

fn dns(flow: &Flow, id: u16, duration_us: u32, answer: Answer) -> String {
    let name = flow.name.known().map(crate::net::Fqdn::as_str).unwrap_or_default();
    let (code, size) = match answer {
        Answer::Resolved => ("NOERROR", 96),
        Answer::Unknown => ("NXDOMAIN", 118),
        Answer::TimedOut => {
            return format!(
                " Error: 2 {name}. A: read udp 10.0.0.6:{id}->192.0.2.53:53: i/o timeout"
            );
        }
    };
    let seconds = f64::from(duration_us) / 1e6;
    let source = source(flow);
    format!(
        "DNS Request: {source} - {id} A IN {name}. udp 40 false 1232 {code} qr,rd,ra {size} {seconds:.9}s"
    )
}

fn action(ruling: Ruling) -> &'static str {
    match ruling {
        Ruling::Allow => "Allow",
        Ruling::Deny => "Deny",
    }
}

/// The clauses that name a rule.
fn path(rule: Option<&RulePath>) -> String {
    let Some(rule) = rule else { return String::new() };
    let clause = |name: &str, value: Option<&str>| {
        value.map(|value| format!("{name}: {value}. ")).unwrap_or_default()
    };
    let policy = clause("Policy", rule.policy.as_deref());
    let group = clause("Rule Collection Group", rule.group.as_deref());
    format!("{policy}{group}Rule Collection: {}. Rule: {}", rule.collection, rule.rule)
}

fn source(flow: &Flow) -> String {
    format!("{}:{}", names::address(flow.source), flow.source_port.unwrap_or_default())
}

/// Both ends by address.
fn between(flow: &Flow) -> String {
    let destination = flow.destination.map(names::address).unwrap_or_default();
    let (protocol, source) = (names::ip_protocol(flow), source(flow));
    format!("{protocol} request from {source} to {destination}:{}", flow.port.unwrap_or_default())
}

/// The client's address and the name it asks for; by address where there is no name.
/// `HTTP` is followed by two spaces.
fn request(flow: &Flow) -> String {
    let Some(name) = flow.name.known() else { return between(flow) };
    let is_http = flow.protocol == FlowProtocol::Application(ApplicationProtocol::Http);
    let url = flow.url.as_ref().map(|url| format!(". Url: {url}")).unwrap_or_default();
    format!(
        "{}{} request from {} to {name}:{}{url}",
        names::protocol(flow),
        if is_http { " " } else { "" },
        source(flow),
        flow.port.unwrap_or_default()
    )
}
