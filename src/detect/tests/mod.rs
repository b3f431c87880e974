//! Every detection with traffic that must fire, traffic that must not, and the boundary between.

mod rhythm;
mod scans;
mod threats;
mod whole;

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::logs::{Form, LoggedAction, Origin};

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
