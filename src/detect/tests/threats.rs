//! What somebody lists or a signature knows.

use super::*;
use crate::logs::{Dns, Signature};

#[test]
fn threat_intelligence() {
    let logs = |sources: u8, action: LoggedAction, spread_s: f64| {
        let mut logs = Logs::default();
        for source in 0..sources {
            let at = f64::from(source) * spread_s / f64::from(sources.max(2) - 1);
            let record = logs.record(
                RecordKind::ThreatIntel,
                at,
                &format!("10.0.0.{source}"),
                "bad.example",
            );
            record.action = Some(action);
            record.threat = Some("a botnet".into());
        }
        logs
    };
    assert_eq!(
        logs(6, LoggedAction::Deny, 86_400.0).findings("threat-spread"),
        ["high: 6 sources within 1 d: a botnet"]
    );
    assert!(logs(5, LoggedAction::Deny, 10.0).findings("threat-spread").is_empty());
    assert!(logs(6, LoggedAction::Deny, 90_000.0).findings("threat-spread").is_empty());
    assert!(logs(1, LoggedAction::Deny, 1.0).findings("threat-allowed").is_empty());
    assert_eq!(
        logs(1, LoggedAction::Alert, 1.0).findings("threat-allowed"),
        ["high: 1 connection that threat intelligence lists, and that passed: a botnet"]
    );
}

#[test]
fn signatures() {
    let logs = |count: u16, severity: u8, category: &str, every_s: f64| {
        let mut logs = Logs::default();
        for index in 0..count {
            let at = f64::from(index) * every_s;
            let record = logs.record(RecordKind::Idps, at, "10.0.0.4", "192.0.2.1");
            record.signature = Some(Box::new(Signature {
                id: Some("2010001".into()),
                category: Some(category.into()),
                description: Some("something".into()),
                severity: Some(severity),
            }));
        }
        logs
    };
    assert_eq!(
        logs(1, 1, "Trojan", 1.0).findings("idps"),
        ["high: Trojan: 1 hit of 1 signature"],
        "1 is the gravest"
    );
    assert!(logs(9, 2, "Trojan", 1.0).findings("idps").is_empty());
    assert!(logs(10, 2, "Trojan", 1.0).findings("idps")[0].starts_with("medium: "));
    assert!(logs(49, 3, "Trojan", 1.0).findings("idps").is_empty());
    assert!(logs(50, 3, "Trojan", 1.0).findings("idps")[0].starts_with("low: "));
    let privileges = "Attempted Administrator Privilege Gain";
    assert_eq!(
        logs(3, 2, privileges, 5400.0).findings("idps-brute-force"),
        ["medium: signature 2010001 fired 3 times within 3 h: something"]
    );
    assert!(logs(3, 2, privileges, 5401.0).findings("idps-brute-force").is_empty());
    assert!(logs(3, 2, "Trojan", 1.0).findings("idps-brute-force").is_empty());
}

#[test]
fn tunnels_in_dns() {
    let logs = |names: u16, domain: &str| {
        let mut logs = Logs::default();
        for index in 0..names {
            let record = logs.record(RecordKind::Dns, f64::from(index), "10.0.0.4", "192.0.2.53");
            record.action = None;
            let name = Some(format!("x{index}.{domain}.").into());
            record.dns = Some(Box::new(Dns { name, ..Dns::default() }));
        }
        logs.findings("dns-tunnel")
    };
    assert_eq!(
        logs(500, "t.example.com"),
        ["low: asked for 500 different names below example.com"]
    );
    assert!(logs(499, "t.example.com").is_empty());
    assert!(logs(1000, "t.example.com")[0].starts_with("high: "));
    assert!(logs(1000, "blob.core.windows.net").is_empty(), "each name is another customer's");
}

#[test]
fn listed_addresses_and_names() {
    let mut logs = Logs::default();
    logs.flow(1.0, "10.0.0.4", "192.0.2.7", 443, true);
    logs.flow(2.0, "10.0.0.4", "www.bad.example", 443, false);
    logs.flow(3.0, "10.0.0.4", "www.good.example", 443, false);
    // Just beside what is listed.
    logs.flow(4.0, "10.0.0.4", "192.0.2.8", 443, false);
    logs.flow(5.0, "10.0.0.4", "notbad.example", 443, false);
    logs.flow(6.0, "10.0.0.4", "bad.example.com", 443, false);
    let list = "192.0.2.0/29\nbad.example\n198.51.100.1\n";
    let found = logs.detected_with(Settings::default(), Vec::new(), list).findings;
    let shown: Vec<_> =
        found.iter().map(|one| format!("{}: {}", one.severity.name(), one.message)).collect();
    assert_eq!(
        shown,
        [
            "high: `bad.example` in 1 record, 1 not denied",
            "medium: `192.0.2.0/29` in 1 record, all denied"
        ]
    );
    assert_eq!(found[0].evidence[0].origin, "logs.json:2");
}
