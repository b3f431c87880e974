//! All detections together.

use super::*;
use crate::random::Random;
use crate::syntax::filter::{Named, Names, Reading, filter};

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
