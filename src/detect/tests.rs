//! Every detection with traffic that must fire, traffic that must not, and the boundary between.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::logs::{Dns, Form, LoggedAction, Origin, Signature};
use crate::random::Random;
use crate::syntax::filter::{Named, Names, Reading, filter};

/// Records, in any order, at seconds after the start of a day.
#[derive(Default)]
struct Logs(Vec<LogRecord>);

fn start() -> Timestamp {
    "2026-03-02T00:00:00Z".parse().expect("a time")
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

impl Logs {
    fn record(&mut self, kind: RecordKind, at: f64, source: &str, target: &str) -> &mut LogRecord {
        let line = self.0.len() as u64 + 1;
        let origin = Origin { file: "logs.json".into(), line };
        let mut record = LogRecord::new(kind, Form::Structured, "AZFWNetworkRule", origin);
        record.time = Some(start() + SignedDuration::from_secs_f64(at));
        record.protocol = Some("tcp".into());
        record.source = Some(address(source));
        record.source_port = Some(40_000);
        match target.parse() {
            Ok(address) => record.destination = Some(address),
            Err(_) => record.fqdn = Some(target.into()),
        }
        record.action = Some(LoggedAction::Allow);
        self.0.push(record);
        self.0.last_mut().expect("the record")
    }

    fn flow(&mut self, at: f64, source: &str, target: &str, port: u16, is_denied: bool) {
        let record = self.record(RecordKind::Network, at, source, target);
        record.destination_port = Some(port);
        record.action = Some(if is_denied { LoggedAction::Deny } else { LoggedAction::Allow });
    }

    fn detected_with(self, settings: Settings, allow: Vec<Allow>, indicators: &str) -> Detected {
        let mut list = Indicators::default();
        list.add(indicators).expect("indicators");
        let mut detector = Detector::new(settings, allow, list);
        for record in self.0 {
            assert_eq!(detector.record(record), ControlFlow::Continue(()));
        }
        detector.finish()
    }

    fn detected(self) -> Detected {
        self.detected_with(Settings::default(), Vec::new(), "")
    }

    /// Severity and message of the findings of one detection.
    fn findings(self, detection: &str) -> Vec<String> {
        let found = self.detected().findings;
        assert!(found.iter().all(|finding| finding.kind().is_some()), "a detection is not listed");
        let of_kind = found.iter().filter(|finding| finding.detection == detection);
        of_kind.map(|finding| format!("{}: {}", finding.severity.name(), finding.message)).collect()
    }
}

#[test]
fn port_scans() {
    let scan = |ports: u16, seconds: f64, is_denied: bool| {
        let mut logs = Logs::default();
        for port in 0..ports {
            let at = f64::from(port) * seconds / f64::from(ports.max(2) - 1);
            logs.flow(at, "10.0.0.4", "10.0.1.7", 1000 + port, is_denied);
        }
        logs.findings("port-scan")
    };
    assert_eq!(
        scan(15, 300.0, true),
        ["low: tried 15 ports of 10.0.1.7 within 5 min, and was denied"]
    );
    assert!(scan(14, 300.0, true).is_empty(), "one port too few");
    assert!(scan(15, 330.0, true).is_empty(), "too slow");
    assert!(scan(50, 300.0, true)[0].starts_with("medium: "));
    assert!(scan(100, 30.0, true)[0].starts_with("high: "));
    assert!(scan(100, 30.0, false)[0].starts_with("medium: "), "and nobody stopped it");
    assert!(scan(99, 30.0, false).is_empty());
}

#[test]
fn a_burst_over_the_edge_of_two_windows_is_one() {
    let mut logs = Logs::default();
    for port in 0..16u16 {
        // Half before the hour, half after it.
        logs.flow(3592.0 + f64::from(port), "10.0.0.4", "10.0.1.7", 1000 + port, true);
    }
    assert_eq!(logs.findings("port-scan").len(), 1);
}

#[test]
fn one_scanner_is_one_finding() {
    let mut logs = Logs::default();
    for host in 1..=9 {
        for port in 0..20u16 {
            let at = f64::from(host) * 400.0 + f64::from(port);
            logs.flow(at, "10.0.0.4", &format!("10.0.1.{host}"), 1000 + port, true);
        }
    }
    assert_eq!(
        logs.findings("port-scan"),
        [
            "low: tried 20 ports of 10.0.1.1 within 5 min, and was denied, and ports of 8 more destinations"
        ]
    );
}

#[test]
fn sweeps() {
    let sweep = |hosts: u32, seconds: f64, port: u16, is_denied: bool, others: u32| {
        let mut logs = Logs::default();
        for host in 0..hosts {
            let at = f64::from(host) * seconds / f64::from(hosts - 1);
            let target = format!("10.1.{}.{}", host / 200, host % 200);
            logs.flow(at, "10.0.0.4", &target, port, is_denied);
        }
        for host in 0..others {
            logs.flow(seconds / 2.0, "10.0.0.4", &format!("10.2.0.{host}"), port, false);
        }
        logs.findings("sweep")
    };
    assert_eq!(
        sweep(25, 300.0, 445, true, 0),
        ["low: tried tcp port 445 of 25 destinations within 5 min, and was denied"]
    );
    assert!(sweep(24, 300.0, 445, true, 0).is_empty());
    assert!(sweep(25, 300.0, 445, true, 25)[0].starts_with("low: "), "half of them denied");
    assert!(sweep(25, 300.0, 445, true, 26).is_empty(), "mostly allowed: a busy server");
    assert!(sweep(99, 300.0, 443, true, 0).is_empty(), "browsing is no sweep");
    assert!(sweep(100, 300.0, 443, true, 0)[0].starts_with("low: "));
    assert!(sweep(200, 30.0, 22, false, 0)[0].starts_with("medium: "));
    assert!(sweep(199, 30.0, 22, false, 0).is_empty());
    assert!(sweep(250, 30.0, 443, false, 0).is_empty());
}

#[test]
fn deny_rates_and_fan_out() {
    let hours = |burst: u16, count: u16| {
        let mut logs = Logs::default();
        for hour in 0..count {
            for index in 0..(if hour == 7 { burst } else { 2 }) {
                let at = f64::from(hour) * 3600.0 + f64::from(index);
                logs.flow(at, "10.0.0.4", &format!("192.0.2.{}", index % 250), 25, true);
            }
        }
        logs
    };
    assert_eq!(
        hours(20, 10).findings("deny-rate"),
        ["low: 20 denied attempts in an hour, 2.0 in its other hours"]
    );
    assert!(hours(19, 10).findings("deny-rate").is_empty());
    assert!(hours(200, 10).findings("deny-rate")[0].starts_with("medium: "));
    assert_eq!(
        hours(20, 10).findings("fan-out"),
        ["low: 20 destinations in an hour, 2.0 in its other hours"]
    );
    assert!(hours(19, 10).findings("fan-out").is_empty());
    let short = hours(20, 5).detected();
    assert!(
        short
            .coverage
            .not_judged
            .contains(&("deny-rate", "the logs span 5 of the 6 hours it needs".to_owned()))
    );
}

/// Somebody else's traffic that makes the logs span a day.
fn a_day(logs: &mut Logs) {
    logs.flow(0.0, "10.9.9.9", "192.0.2.250", 443, false);
    logs.flow(86_399.0, "10.9.9.9", "192.0.2.250", 443, false);
}

#[test]
fn beacons() {
    let beacon = |count: u32, every: f64, is_denied: bool| {
        let mut logs = Logs::default();
        a_day(&mut logs);
        for index in 0..count {
            logs.flow(f64::from(index) * every, "10.0.0.4", "c2.example.com", 443, is_denied);
        }
        logs
    };
    let found = beacon(1440, 60.0, false).findings("beacon");
    assert_eq!(found, ["high: 1440 connections, one every 60 s in the middle"]);
    // Regular, but within a sixth of the day only: the evenness over the day fails.
    assert!(beacon(24, 600.0, false).findings("beacon").is_empty());
    assert!(beacon(23, 3700.0, false).findings("beacon").is_empty(), "too few");
    assert_eq!(beacon(24, 3599.0, false).findings("beacon").len(), 1);
    let denied = beacon(1440, 60.0, true);
    assert_eq!(
        denied.findings("denied-beacon"),
        ["info: 1440 connections, one every 60 s in the middle"],
        "a client that keeps trying looks the same"
    );
}

#[test]
fn chance_is_no_beacon() {
    let mut random = Random::new(5);
    let mut logs = Logs::default();
    for source in 0..40 {
        for _ in 0..(20 + source * 10) {
            let at = f64::from(u32::try_from(random.below(86_400)).expect("a second"));
            logs.flow(at, &format!("10.0.0.{source}"), "www.example.com", 443, false);
        }
    }
    assert!(logs.findings("beacon").is_empty());
}

#[test]
fn strobes() {
    let strobe = |count: u32| {
        let mut logs = Logs::default();
        for index in 0..count {
            logs.flow(f64::from(index) * 0.99, "10.0.0.4", "192.0.2.9", 443, false);
        }
        logs.findings("strobe")
    };
    assert_eq!(strobe(86_400), ["medium: 86400 connections in one day"]);
    assert!(strobe(86_399).is_empty());
}

#[test]
fn what_is_new() {
    let logs = |days: u32, news: bool| {
        let mut logs = Logs::default();
        for day in 0..=days {
            for hour in 0..24 {
                let at = f64::from(day * 24 + hour) * 3600.0;
                logs.flow(at, "10.0.0.4", "192.0.2.1", 443, false);
                logs.flow(at, "10.0.0.5", "192.0.2.1", 53, false);
            }
        }
        if news {
            let at = f64::from(days) * 86_400.0 + 80_000.0;
            logs.flow(at, "10.0.0.4", "192.0.2.99", 443, false);
            logs.flow(at, "10.0.0.4", "192.0.2.1", 4444, true);
            logs.flow(at, "10.0.0.4", "192.0.2.1", 53, false);
            logs.record(RecordKind::Network, at, "10.0.0.5", "192.0.2.1").protocol =
                Some("udp".into());
            logs.0.last_mut().expect("a record").destination_port = Some(53);
        }
        logs
    };
    let of = |detection: &str| logs(5, true).findings(detection);
    assert_eq!(of("first-seen"), ["info: 1 destinations not seen before: 192.0.2.99"]);
    assert_eq!(of("uncommon-port"), ["low: 1 ports not seen before: tcp 4444"]);
    assert_eq!(
        of("port-of-source"),
        ["info: 1 ports of single sources not seen before: 10.0.0.4 tcp 53"]
    );
    assert_eq!(of("port-protocol"), ["low: 1 pairs of port and protocol not seen before: udp 53"]);
    let names = ["first-seen", "uncommon-port", "port-of-source", "port-protocol"];
    let is_of_kind = |finding: &Finding| names.contains(&finding.detection);
    assert!(!logs(5, false).detected().findings.iter().any(is_of_kind));
    let short = logs(4, true).detected();
    assert!(!short.findings.iter().any(is_of_kind));
    let why = "4 of the 5 days it learns from lie before the last 1 d".to_owned();
    assert!(short.coverage.not_judged.contains(&("first-seen", why)));
}

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
        ["high: threat intelligence was alerted once and did not deny: a botnet"]
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
        ["high: Trojan 1 hit, 1 signature to 192.0.2.1"],
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
fn floods() {
    let logs = |sources: u16, each: u16, protocols: &[&str], public: bool| {
        let mut logs = Logs::default();
        for index in 0..sources * each {
            let source = index % sources;
            let net = if public { "203.0.113" } else { "10.0.0" };
            let at = f64::from(index) * 0.05;
            let record =
                logs.record(RecordKind::Nat, at, &format!("{net}.{source}"), "198.51.100.1");
            record.protocol = Some(protocols[usize::from(index) % protocols.len()].into());
            record.source_port = Some(index);
        }
        logs.findings("flood")
    };
    assert_eq!(
        logs(50, 10, &["tcp", "udp"], true),
        [
            "low: 500 connections from 50 sources on the Internet within 5 min, none with more than 10"
        ]
    );
    assert!(logs(49, 10, &["tcp", "udp"], true).is_empty(), "too little");
    assert!(
        logs(50, 11, &["tcp", "udp"], true).is_empty()
            || logs(45, 12, &["tcp", "udp"], true).is_empty()
    );
    assert!(logs(50, 10, &["tcp"], true).is_empty(), "one protocol");
    assert!(logs(50, 10, &["tcp", "udp"], false).is_empty(), "from inside");
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

#[test]
fn hours_without_records() {
    let mut logs = Logs::default();
    for hour in (0..10).filter(|hour| *hour != 4) {
        for index in 0..20 {
            logs.flow(f64::from(hour * 3600 + index * 60), "10.0.0.4", "192.0.2.1", 443, false);
        }
    }
    assert_eq!(
        logs.findings("log-gap"),
        ["medium: no record for 1 hour, where an hour usually holds 20"]
    );
}

#[test]
fn strange_days() {
    let logs = |burst: u32| {
        let mut logs = Logs::default();
        for day in 0..17 {
            for index in 0..(if day == 9 { burst } else { 100 + day % 3 }) {
                let at = f64::from(day) * 86_400.0 + f64::from(index) * 7.0;
                logs.flow(at, "10.0.0.4", "192.0.2.1", 443, true);
            }
        }
        logs.findings("strange-volume")
    };
    assert_eq!(
        logs(1102),
        ["low: 1102 connections denied in a day, where 101 were to be expected"]
    );
    assert!(logs(1090).is_empty(), "the difference is below a thousand");
}

#[test]
fn the_allow_list_takes_away_what_it_names() {
    struct None;
    impl Names for None {
        fn ip_group(&self, name: &str) -> Named {
            Named::Unknown { message: name.to_owned(), help: String::new() }
        }
        fn service_tag(&self, name: &str) -> Named {
            Named::Unknown { message: name.to_owned(), help: String::new() }
        }
    }
    let detected = |detections: &[&str]| {
        let mut logs = Logs::default();
        for port in 0..20u16 {
            logs.flow(f64::from(port), "10.0.0.4", "10.0.1.7", 1000 + port, true);
        }
        let zone = jiff::tz::TimeZone::UTC;
        let records = filter("source in 10.0.0.0/29", &Reading { names: &None, zone: &zone });
        let allow = Allow {
            detections: detections.iter().map(|name| (*name).to_owned()).collect(),
            records: records.expect("a filter"),
        };
        let detected = logs.detected_with(Settings::default(), vec![allow], "");
        (detected.findings.len(), detected.coverage.allowed_for)
    };
    assert_eq!(detected(&["sweep"]), (1, 20));
    assert_eq!(detected(&["port-scan"]), (0, 20));
    assert_eq!(detected(&[]), (0, 20));
}

#[test]
fn the_order_of_records_does_not_matter_and_twins_are_one() {
    let logs = || {
        let mut logs = Logs::default();
        for index in 0..60u16 {
            logs.flow(f64::from(index), "10.0.0.4", &format!("10.0.1.{index}"), 445, true);
        }
        logs
    };
    let forward = logs().detected();
    let mut backward = logs();
    backward.0.reverse();
    // Every event a second time, as the old categories have it.
    let twins: Vec<_> = backward
        .0
        .iter()
        .cloned()
        .map(|mut record| {
            record.form = Form::Legacy;
            record
        })
        .collect();
    backward.0.extend(twins);
    let backward = backward.detected();
    assert_eq!(forward.findings, backward.findings);
    assert_eq!(backward.coverage.duplicates, 60);
}

/// Traffic of a day as firewalls see it: few sources and destinations have most of it, one in eight
/// connections is denied.
fn ordinary(logs: &mut Logs, count: u32) {
    let mut random = Random::new(3);
    let mut skewed = |limit: u64| {
        let sides = [random.below(limit) + 1, random.below(limit) + 1, random.below(limit) + 1];
        sides.into_iter().min().unwrap_or(1) * (random.below(limit) + 1) / limit
    };
    for _ in 0..count {
        let at = f64::from(u32::try_from(skewed(1)).unwrap_or(0))
            + f64::from(u32::try_from(skewed(86_400) * 7 % 86_400).expect("a second"));
        let source = skewed(2_000);
        let target = skewed(5_000);
        let port =
            [443, 443, 443, 80, 22, 53, 123, 445][usize::try_from(target % 8).expect("small")];
        let is_denied = (source + target) % 8 == 0;
        logs.flow(
            at,
            &format!("10.1.{}.{}", source / 250, source % 250),
            &format!("198.18.{}.{}", target / 250, target % 250),
            port,
            is_denied,
        );
    }
}

#[test]
fn what_is_planted_is_found_among_ordinary_traffic() {
    let mut logs = Logs::default();
    ordinary(&mut logs, 60_000);
    for port in 0..40u16 {
        logs.flow(40_000.0 + f64::from(port), "10.1.1.7", "10.7.0.1", 1 + port, true);
    }
    for host in 0..80 {
        logs.flow(50_000.0 + f64::from(host), "10.1.1.8", &format!("10.7.1.{host}"), 3389, true);
    }
    for index in 0..287 {
        logs.flow(
            f64::from(index) * 300.0 + f64::from(index % 7),
            "10.1.1.9",
            "c2.example.net",
            443,
            false,
        );
    }
    let found = logs.detected().findings;
    let shown: Vec<_> = found
        .iter()
        .map(|one| format!("{} {}", one.detection, one.source.as_deref().unwrap_or("")))
        .collect();
    for planted in ["port-scan 10.1.1.7", "sweep 10.1.1.8", "beacon 10.1.1.9"] {
        assert!(shown.iter().any(|one| one == planted), "{planted} is missing in {shown:?}");
    }
    // The sweep also is a burst of denials and of destinations.
    assert!(shown.len() <= 8, "{shown:?}");
}
