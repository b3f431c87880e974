//! Scans, sweeps and floods.

use super::*;

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
    let uneven = |most: u16| {
        let mut logs = Logs::default();
        for index in 0..510 {
            let source = if index < most { 0 } else { 1 + index % 59 };
            let at = f64::from(index) * 0.1;
            let from = format!("203.0.113.{source}");
            let record = logs.record(RecordKind::Nat, at, &from, "198.51.100.1");
            record.protocol = Some(["tcp", "udp"][usize::from(index % 2)].into());
            record.source_port = Some(index);
        }
        logs.findings("flood").len()
    };
    assert_eq!((uneven(10), uneven(11)), (1, 0), "no source may have more than ten");
    assert!(logs(50, 10, &["tcp"], true).is_empty(), "one protocol");
    assert!(logs(50, 10, &["tcp", "udp"], false).is_empty(), "from inside");
}
