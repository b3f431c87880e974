//! A log record as the connection attempt it tells of.
//!
//! The logs lack much that a rule looks at; what they lack stays unknown. Application rules log no
//! destination address, network rules no name, nobody the `Host` header next to the SNI.

use std::fmt;

use super::record::{LogRecord, LoggedAction, RecordKind};
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, Fqdn, IpProtocol, RequestUrl};

/// Why a record is no flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotAFlow {
    /// It accompanies the record of a rule, or tells of no connection at all.
    Kind(RecordKind),
    /// Aggregated translations: their original destination is not logged.
    NoOriginalDestination,
    NoProtocol,
    /// A protocol that neither rules nor packets know by that name.
    UnknownProtocol,
    NoSource,
    NoDestination,
    /// It does not say what became of the connection.
    NoAction,
    /// A network security group or cluster policy denied it. If the firewall saw it, it left its
    /// first machine as a flow that was allowed there, which is a record of its own.
    DeniedBefore,
}

impl fmt::Display for NotAFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "a record of kind `{}` is no flow", kind.name()),
            Self::NoOriginalDestination => f.write_str("the original destination is not logged"),
            Self::NoProtocol => f.write_str("no protocol"),
            Self::UnknownProtocol => f.write_str("unknown protocol"),
            Self::NoSource => f.write_str("no source address"),
            Self::NoDestination => f.write_str("no destination address"),
            Self::NoAction => f.write_str("it does not say what was done with the connection"),
            Self::DeniedBefore => f.write_str(
                "denied by a network security group or in the cluster, not by the firewall",
            ),
        }
    }
}

/// The flow that `record` tells of, as it came to the firewall: a translated one with its original
/// destination.
///
/// # Errors
///
/// Says why the record is no flow.
pub fn flow_of(record: &LogRecord) -> Result<Flow, NotAFlow> {
    match record.kind {
        RecordKind::Flow if record.action == Some(LoggedAction::Deny) => {
            return Err(NotAFlow::DeniedBefore);
        }
        RecordKind::Network | RecordKind::Application | RecordKind::Nat | RecordKind::Flow => {}
        RecordKind::Aggregation if record.translated.is_none() => {}
        RecordKind::Aggregation => return Err(NotAFlow::NoOriginalDestination),
        // Threat intelligence and IDPS log besides the rule that the flow met.
        RecordKind::ThreatIntel
        | RecordKind::Idps
        | RecordKind::Dns
        | RecordKind::DnsFailure
        | RecordKind::FlowTrace
        | RecordKind::FatFlow => return Err(NotAFlow::Kind(record.kind)),
    }
    let text = record.protocol.as_deref().ok_or(NotAFlow::NoProtocol)?;
    let protocol = FlowProtocol::from_text(text).ok_or(NotAFlow::UnknownProtocol)?;
    let source = record.source.ok_or(NotAFlow::NoSource)?;
    let flow = Flow {
        source_port: record.source_port,
        port: record.destination_port,
        is_explicit_proxy: record.explicit_proxy == Some(true),
        ..Flow::new(protocol, source)
    };
    match protocol {
        FlowProtocol::Application(application) => Ok(application_flow(flow, application, record)),
        FlowProtocol::Ip(protocol) => packet_flow(flow, protocol, record),
    }
}

fn packet_flow(flow: Flow, protocol: IpProtocol, record: &LogRecord) -> Result<Flow, NotAFlow> {
    let destination = Some(record.destination.ok_or(NotAFlow::NoDestination)?);
    // Web traffic that no network rule matched is logged by the application rules instead.
    let is_without_application = record.is_default_action && protocol == IpProtocol::TCP;
    // Only logs of other sensors know the name beside the address.
    let name = match record.fqdn.as_deref().and_then(Fqdn::new) {
        Some(name) if record.kind == RecordKind::Flow => Name::Known(name),
        Some(_) | None => Name::Unknown,
    };
    Ok(Flow { destination, name, is_without_application, ..flow })
}

fn application_flow(flow: Flow, protocol: ApplicationProtocol, record: &LogRecord) -> Flow {
    let name = match record.fqdn.as_deref().and_then(Fqdn::new) {
        Some(name) => Name::Known(name),
        None if is_without_sni(protocol, record) => Name::Absent,
        None => Name::Unknown,
    };
    let flow = Flow { name, web_category: record.web_category.clone(), ..flow };
    match record.url.as_deref().and_then(RequestUrl::new) {
        Some(url) => flow.with_url(url),
        None => flow,
    }
}

/// Whether the firewall says that the TLS handshake named no server.
fn is_without_sni(protocol: ApplicationProtocol, record: &LogRecord) -> bool {
    let reason = record.reason.as_deref().unwrap_or("");
    protocol == ApplicationProtocol::Https && reason.starts_with("SNI TLS extension was missing")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};

    use super::*;
    use crate::logs::{Options, read};

    fn record(category: &str, properties: &str) -> LogRecord {
        let line = format!(r#"{{"category":"{category}","properties":{properties}}}"#);
        let mut records = Vec::new();
        read(line.as_bytes(), Arc::from("a"), &Options::default(), &mut records).unwrap();
        records.pop().unwrap()
    }

    #[track_caller]
    fn check(category: &str, properties: &str, expected: Expect) {
        let got = match flow_of(&record(category, properties)) {
            Err(reason) => reason.to_string(),
            Ok(flow) => format!(
                "{} {}:{:?} -> {:?}:{:?} {:?} url {} none {}",
                flow.protocol,
                flow.source,
                flow.source_port,
                flow.destination,
                flow.port,
                flow.name,
                flow.url.map_or_else(|| "-".to_owned(), |url| url.to_string()),
                flow.is_without_application,
            ),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn a_network_row_has_a_destination_and_no_name() {
        check(
            "AZFWNetworkRule",
            r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","SourcePort":50000,"DestinationIp":"198.51.100.7","DestinationPort":443,"Action":"Allow","Rule":"web"}"#,
            expect![
                "tcp 192.0.2.4:Some(50000) -> Some(198.51.100.7):Some(443) Unknown url - none false"
            ],
        );
        check(
            "AzureFirewallNetworkRule",
            r#"{"msg":"ICMPv6 Type=128 request from [2001:db8::4]:0 to [2001:db8::5]:0. Action: Deny.. "}"#,
            expect!["icmpv6 2001:db8::4:None -> Some(2001:db8::5):None Unknown url - none false"],
        );
    }

    #[test]
    fn the_default_action_on_a_network_row_says_that_it_is_no_web_traffic() {
        check(
            "AZFWNetworkRule",
            r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","DestinationIp":"198.51.100.7","DestinationPort":443,"Action":"Deny","ActionReason":"Default Action"}"#,
            expect!["tcp 192.0.2.4:None -> Some(198.51.100.7):Some(443) Unknown url - none true"],
        );
        check(
            "AzureFirewallNetworkRule",
            r#"{"msg":"TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Deny.. "}"#,
            expect![
                "tcp 192.0.2.4:Some(1) -> Some(198.51.100.7):Some(443) Unknown url - none true"
            ],
        );
        // Older logs name no rules: the default is one of two causes.
        check(
            "AzureFirewallNetworkRule",
            r#"{"msg":"TCP request from 192.0.2.4:1 to 198.51.100.7:443. Action: Deny"}"#,
            expect![
                "tcp 192.0.2.4:Some(1) -> Some(198.51.100.7):Some(443) Unknown url - none false"
            ],
        );
    }

    #[test]
    fn an_application_row_has_a_name_and_no_destination() {
        check(
            "AZFWApplicationRule",
            r#"{"Protocol":"HTTPS","SourceIp":"192.0.2.4","SourcePort":50000,"DestinationPort":8443,"Fqdn":"WWW.Example.com","TargetUrl":"","Action":"Allow"}"#,
            expect![[
                r#"https 192.0.2.4:Some(50000) -> None:Some(8443) Known(Fqdn { name: "www.example.com" }) url - none false"#
            ]],
        );
        check(
            "AzureFirewallApplicationRule",
            r#"{"msg":"HTTP  request from 192.0.2.4:5 to www.example.com:80. Url: www.example.com/a. Action: Deny. No rule matched. Proceeding with default action"}"#,
            expect![[
                r#"http 192.0.2.4:Some(5) -> None:Some(80) Known(Fqdn { name: "www.example.com" }) url www.example.com/a none false"#
            ]],
        );
        check(
            "AZFWApplicationRule",
            r#"{"Protocol":"MSSQL","SourceIp":"192.0.2.4","DestinationPort":1433,"Fqdn":"db.example.com","Action":"Allow"}"#,
            expect![[
                r#"mssql 192.0.2.4:None -> None:Some(1433) Known(Fqdn { name: "db.example.com" }) url - none false"#
            ]],
        );
    }

    #[test]
    fn a_missing_name_is_absent_only_where_the_log_says_so() {
        check(
            "AzureFirewallApplicationRule",
            r#"{"msg":"HTTPS request from 192.0.2.4:5. Action: Deny. Reason: SNI TLS extension was missing."}"#,
            expect!["https 192.0.2.4:Some(5) -> None:None Absent url - none false"],
        );
        check(
            "AZFWApplicationRule",
            r#"{"Protocol":"HTTPS","SourceIp":"192.0.2.4","DestinationPort":443,"Action":"Deny"}"#,
            expect!["https 192.0.2.4:None -> None:Some(443) Unknown url - none false"],
        );
    }

    #[test]
    fn a_translated_flow_keeps_its_original_destination() {
        check(
            "AZFWNatRule",
            r#"{"Protocol":"TCP","SourceIp":"203.0.113.9","SourcePort":7,"DestinationIp":"198.51.100.7","DestinationPort":3389,"TranslatedIp":"192.0.2.4","TranslatedPort":22}"#,
            expect![
                "tcp 203.0.113.9:Some(7) -> Some(198.51.100.7):Some(3389) Unknown url - none false"
            ],
        );
        check(
            "AZFWNatRuleAggregation",
            r#"{"Protocol":"TCP","SourceIp":"203.0.113.9","TranslatedIp":"192.0.2.4","TranslatedPort":22,"NatRuleCount":4}"#,
            expect!["the original destination is not logged"],
        );
    }

    #[test]
    fn what_is_no_flow_says_why() {
        check(
            "AZFWThreatIntel",
            r#"{"Protocol":"TCP","SourceIp":"192.0.2.4","DestinationIp":"203.0.113.9","Action":"Alert"}"#,
            expect!["a record of kind `threat_intel` is no flow"],
        );
        check("AZFWNetworkRule", r#"{"Action":"Deny"}"#, expect!["no protocol"]);
        check("AZFWNetworkRule", r#"{"Protocol":"odd"}"#, expect!["unknown protocol"]);
        check("AZFWNetworkRule", r#"{"Protocol":"TCP"}"#, expect!["no source address"]);
        check(
            "AZFWNetworkRule",
            r#"{"Protocol":"TCP","SourceIp":"192.0.2.4"}"#,
            expect!["no destination address"],
        );
    }
}
