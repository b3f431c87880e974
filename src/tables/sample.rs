//! Records made by hand, for the tests of this module and of the renderers.

use std::sync::Arc;

use jiff::Timestamp;

use crate::compile::RulePath;
use crate::logs::{Dns, Form, LogRecord, LoggedAction, Origin, RecordKind, Signature};
use crate::net::{AddressNames, IpRange};

use super::{Input, PolicyRule, RejectedExample};

/// A record at `seconds` behind noon of 2026-09-07.
pub(crate) fn record(kind: RecordKind, seconds: f64) -> LogRecord {
    let category = match kind {
        RecordKind::Network => "AZFWNetworkRule",
        RecordKind::Application => "AZFWApplicationRule",
        RecordKind::Nat => "AZFWNatRule",
        RecordKind::ThreatIntel => "AZFWThreatIntel",
        RecordKind::Idps => "AZFWIdpsSignature",
        RecordKind::Dns => "AZFWDnsQuery",
        RecordKind::DnsFailure => "AZFWFqdnResolveFailure",
        RecordKind::FlowTrace => "AZFWFlowTrace",
        RecordKind::FatFlow => "AZFWFatFlow",
        RecordKind::Aggregation => "AZFWNetworkRuleAggregation",
        RecordKind::Flow => "FlowLogFlowEvent",
    };
    let origin = Origin { file: Arc::from("hub.json"), line: 1 };
    let mut record = LogRecord::new(kind, Form::Structured, category, origin);
    #[expect(clippy::cast_possible_truncation, reason = "test times are small")]
    let micros = (seconds * 1e6).round() as i64;
    let noon: Timestamp = "2026-09-07T12:00:00Z".parse().unwrap();
    record.time = Timestamp::from_microsecond(noon.as_microsecond() + micros).ok();
    record.firewall = Some("/subscriptions/s/azurefirewalls/hub".into());
    record
}

/// `tcp 10.0.1.4:50000 -> 192.0.2.10:443`; a name in place of the address is the FQDN.
pub(crate) fn flow(kind: RecordKind, seconds: f64, text: &str) -> LogRecord {
    let mut record = record(kind, seconds);
    let (protocol, ends) = text.split_once(' ').unwrap();
    let (source, target) = ends.split_once(" -> ").unwrap();
    let (source, source_port) = source.rsplit_once(':').unwrap();
    let (target, port) = target.rsplit_once(':').unwrap();
    record.protocol = Some(protocol.into());
    record.source = source.parse().ok();
    record.source_port = source_port.parse().ok();
    record.destination = target.parse().ok();
    record.fqdn = record.destination.is_none().then(|| target.into());
    record.destination_port = port.parse().ok();
    record
}

/// With the rule `group/collection/rule` of policy `hub-policy`.
pub(crate) fn by(mut record: LogRecord, action: LoggedAction, path: &str) -> LogRecord {
    let mut parts = path.splitn(3, '/').map(Into::into);
    record.action = Some(action);
    record.policy = Some("hub-policy".into());
    record.group = parts.next();
    record.collection = parts.next();
    record.rule = parts.next();
    record
}

pub(crate) fn denied(mut record: LogRecord, reason: &str) -> LogRecord {
    record.action = Some(LoggedAction::Deny);
    record.reason = Some(reason.into());
    record
}

/// The same event as the other family of categories writes it.
pub(crate) fn as_legacy(mut record: LogRecord) -> LogRecord {
    record.form = Form::Legacy;
    record.category = match record.kind {
        RecordKind::Application => "AzureFirewallApplicationRule".into(),
        _ => "AzureFirewallNetworkRule".into(),
    };
    record.reason = None;
    record
}

/// Half a day of a small hub firewall, with something of every kind.
pub(crate) fn half_a_day() -> Vec<LogRecord> {
    let mut records = Vec::new();
    for minute in 0..700_u32 {
        let at = f64::from(minute) * 60.0;
        let client = format!("10.0.1.{}", 4 + minute % 9);
        let https = format!("https {client}:{} -> mcr.microsoft.com:443", 50_000 + minute);
        let https = flow(RecordKind::Application, at, &https);
        records.push(by(https, LoggedAction::Allow, "Default-App/aks/mcr"));
        if minute % 3 == 0 {
            let ntp = flow(
                RecordKind::Network,
                at + 1.0,
                &format!("udp {client}:123 -> 198.51.100.7:123"),
            );
            records.push(by(ntp, LoggedAction::Allow, "Default-Net/base/ntp"));
        }
        if minute % 7 == 0 {
            records.extend(retries(
                at + 2.0,
                &format!("tcp {client}:{} -> 203.0.113.9:8443", 40_000 + minute),
            ));
        }
    }
    records.extend(rare());
    records
}

/// One denied attempt as a client makes it: the packet and three retries.
fn retries(at: f64, text: &str) -> Vec<LogRecord> {
    let packet = |delay: f64| denied(flow(RecordKind::Network, at + delay, text), "Default Action");
    [0.0, 1.0, 3.0, 7.0].map(packet).to_vec()
}

fn rare() -> Vec<LogRecord> {
    let mut records = Vec::new();
    let ssh = flow(RecordKind::Network, 9_000.0, "tcp 10.0.1.5:51515 -> 192.0.2.22:22");
    let ssh = by(ssh, LoggedAction::Deny, "Default-Net/block/no-ssh");
    records.push(as_legacy(ssh.clone()));
    records.push(ssh);
    let no_sni = flow(RecordKind::Application, 9_100.0, "https 10.0.1.6:6065 -> :443");
    records.push(denied(no_sni, "SNI TLS extension was missing."));
    let mut social =
        flow(RecordKind::Application, 9_200.0, "https 10.0.1.6:6066 -> chat.example.com:443");
    social.web_category = Some("SocialNetworking".into());
    records.push(by(social, LoggedAction::Deny, "Default-App/web/no-social"));
    let mut dnat = flow(RecordKind::Nat, 9_300.0, "tcp 198.51.100.200:61000 -> 203.0.113.1:443");
    dnat.translated = "10.0.2.4".parse().ok();
    dnat.translated_port = Some(8443);
    records.push(by(dnat, LoggedAction::Dnat, "Default-Nat/inbound/web"));
    let mut threat =
        flow(RecordKind::ThreatIntel, 9_400.0, "http 10.0.1.7:40100 -> bad.example.net:80");
    threat.action = Some(LoggedAction::Alert);
    threat.threat = Some("Bot Networks".into());
    records.push(threat);
    records.extend([("drop", LoggedAction::Deny, 1), ("ping", LoggedAction::Alert, 3)].map(
        |(name, action, severity)| {
            let mut idps = flow(RecordKind::Idps, 9_500.0, "tcp 10.0.1.7:40100 -> 192.0.2.99:80");
            idps.action = Some(action);
            idps.signature = Some(Box::new(Signature {
                id: Some(format!("20320{severity}").into()),
                category: Some("A Network Trojan was detected".into()),
                description: Some(format!("USER_AGENTS suspicious {name}").into()),
                severity: Some(severity),
            }));
            idps
        },
    ));
    records.extend(dns());
    let mut unresolved =
        by(record(RecordKind::DnsFailure, 9_700.0), LoggedAction::Allow, "Default-Net/base/time");
    unresolved.action = None;
    unresolved.fqdn = Some("time.example.com".into());
    records.push(unresolved);
    let mut aggregation =
        flow(RecordKind::Aggregation, 9_800.0, "tcp 10.0.1.4: -> 192.0.2.10:1433");
    aggregation.count = Some(1_234);
    records.push(by(aggregation, LoggedAction::Allow, "Default-Net/data/sql"));
    records
}

fn dns() -> Vec<LogRecord> {
    let query = |at: f64, name: &str, rcode: &str, seconds: f64| {
        let mut record = flow(RecordKind::Dns, at, "udp 10.0.1.4:5353 -> :53");
        record.fqdn = None;
        record.dns = Some(Box::new(Dns {
            query_type: Some("A".into()),
            name: Some(name.into()),
            rcode: Some(rcode.into()),
            duration_s: Some(seconds),
            ..Dns::default()
        }));
        record
    };
    vec![
        query(9_600.0, "mcr.microsoft.com.", "NOERROR", 0.000_092),
        query(9_601.0, "mcr.microsoft.com.", "NOERROR", 0.011),
        query(9_602.0, "printer.corp.example.com.", "NXDOMAIN", 1.5),
    ]
}

pub(crate) fn input(records: usize) -> Input {
    Input {
        files: 3,
        bytes: 4_718_592,
        entries: records as u64 + 14,
        ignored: vec![("metrics of another resource".to_owned(), 12)],
        rejected: 2,
        rejected_examples: vec![RejectedExample {
            position: "hub.json:77".to_owned(),
            reason: "the line ends within a string".to_owned(),
        }],
        ..Input::default()
    }
}

/// What people call some of the addresses.
pub(crate) fn names() -> AddressNames {
    let range = |first: &str, last: &str| {
        IpRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
    };
    let mut names = AddressNames::default();
    names.push(vec![(range("10.0.1.0", "10.0.1.255"), "spoke-a".into())]);
    names
}

pub(crate) fn policy() -> Vec<PolicyRule> {
    let rule = |kind: &str, action: &str, path: &str| {
        let parts: Vec<&str> = path.splitn(3, '/').collect();
        PolicyRule {
            path: RulePath {
                policy: Some("Hub-Policy".into()),
                group: Some(parts[0].into()),
                collection: parts[1].into(),
                rule: parts[2].into(),
                is_inherited: false,
            },
            kind: kind.into(),
            action: action.into(),
            parts: Vec::new(),
        }
    };
    vec![
        rule("nat", "dnat", "Default-Nat/inbound/web"),
        rule("network", "deny", "Default-Net/block/no-ssh"),
        rule("network", "allow", "Default-Net/base/NTP"),
        rule("network", "allow", "Default-Net/data/sql"),
        rule("network", "allow", "Default-Net/old/ftp-of-the-year-2019"),
        rule("application", "allow", "Default-App/aks/mcr"),
    ]
}
