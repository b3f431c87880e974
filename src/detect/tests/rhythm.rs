//! What is about time: rates, beacons, news, gaps.

use super::*;
use crate::random::Random;

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
    let many = |sources: u16| {
        let mut logs = Logs::default();
        for source in 0..sources {
            for (hour, count) in [(0, 1), (3, 30), (9, 1)] {
                for index in 0..count {
                    // Each at an hour of its own: together they would be a working day.
                    let at = f64::from((hour + source) % 10) * 3600.0 + f64::from(index);
                    let target = format!("192.0.2.{index}");
                    logs.flow(at, &format!("10.0.0.{source}"), &target, 443, false);
                }
            }
        }
        logs.findings("fan-out")
    };
    assert_eq!(many(5).len(), 5);
    assert_eq!(
        many(6),
        [
            "low: each has an hour far above its others, such as 10.0.0.0: 30 destinations in an hour, 0.2 in its other hours"
        ]
    );
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
fn clients_of_a_service_are_one_finding() {
    let clients = |count: u32, others: u32| {
        let mut logs = Logs::default();
        a_day(&mut logs);
        for client in 0..count {
            for index in 0..288 {
                let at = f64::from(index) * 300.0 + f64::from(client);
                logs.flow(at, &format!("10.0.0.{client}"), "agent.example.com", 443, false);
            }
        }
        for other in 0..others {
            logs.flow(7.0, &format!("10.0.1.{other}"), "www.example.com", 443, false);
        }
        logs.findings("beacon")
    };
    assert_eq!(clients(5, 20).len(), 5, "few are told apart");
    let message = "each as regularly as a clock, such as 10.0.0.0: 288 connections, one every \
                   5.0 min in the middle";
    assert_eq!(clients(6, 20), [format!("medium: {message}")]);
    assert_eq!(clients(30, 20), [format!("low: {message}")], "half of all sources use it");
}

#[test]
fn clocks_ask_for_the_time() {
    let asks = |port: u16, protocol: &str| {
        let mut logs = Logs::default();
        a_day(&mut logs);
        for index in 0..84 {
            let at = f64::from(index) * 1024.0;
            logs.flow(at, "10.0.0.4", "192.0.2.123", port, false);
            logs.0.last_mut().expect("the record").protocol = Some(protocol.into());
        }
        logs.findings("beacon")
    };
    assert!(asks(123, "udp")[0].starts_with("info: "));
    assert!(asks(123, "tcp")[0].starts_with("high: "));
    assert!(asks(124, "udp")[0].starts_with("high: "));
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
    assert_eq!(of("first-seen"), ["info: 1 destination not seen before: 192.0.2.99"]);
    assert_eq!(of("uncommon-port"), ["low: 1 port not seen before: tcp 4444"]);
    assert_eq!(
        of("port-of-source"),
        ["info: 1 pair of source and port not seen before: 10.0.0.4 tcp 53"]
    );
    assert_eq!(of("port-protocol"), ["low: 1 pair of port and protocol not seen before: udp 53"]);
    let names = ["first-seen", "uncommon-port", "port-of-source", "port-protocol"];
    let is_of_kind = |finding: &Finding| names.contains(&finding.detection);
    assert!(!logs(5, false).detected().findings.iter().any(is_of_kind));
    let short = logs(4, true).detected();
    assert!(!short.findings.iter().any(is_of_kind));
    let why = "4 of the 5 days it learns from lie before the last 1 d".to_owned();
    assert!(short.coverage.not_judged.contains(&("first-seen", why)));
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
fn quiet_firewalls_may_be_silent() {
    let gaps = |every_s: u32, silence: std::ops::Range<u32>| {
        let mut logs = Logs::default();
        for at in (0..36_000).step_by(every_s as usize) {
            if !silence.contains(&at) {
                logs.flow(f64::from(at), "10.0.0.4", "192.0.2.1", 443, false);
            }
        }
        logs.findings("log-gap")
    };
    assert!(gaps(60, 0..0).is_empty());
    assert!(gaps(3_600, 14_400..18_000).is_empty(), "one record an hour proves nothing");
    assert!(gaps(60, 14_460..17_940).is_empty(), "no whole hour is silent");
    assert_eq!(gaps(60, 14_400..18_000).len(), 1);
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
