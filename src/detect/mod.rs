//! What in the logs looks like an attack or a fault: scans, sweeps, beacons, floods, indicators.
//!
//! A [`Detector`] takes records in any order, keeps of each what the detections need, and judges all
//! of them at the end in the order of time, so the same records give the same findings whatever
//! their order was. The formulas follow published rules where those are right (Microsoft Sentinel's
//! Azure Firewall solution, Zeek, RITA v5) and differ where they are not; `docs/detect.md` says how.
//!
//! Counting is exact: distinct values are sets, windows slide from record to record. Allowed and
//! denied attempts are counted apart, because thresholds for failed attempts can be far lower.
//! Memory grows with the number of connection attempts, some 120 bytes for each.

mod attempts;
mod beacon;
mod dns;
mod finding;
mod flood;
mod idps;
mod indicators;
mod learned;
mod observed;
mod places;
mod rate;
mod scan;
mod settings;
mod threats;
mod volume;
mod window;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::logs::{LogRecord, RecordKind, Sink};
use crate::syntax::filter::Filter;
use crate::tables::Presence;

pub use finding::{DETECTIONS, Detection, Evidence, Finding, Part, Rhythm, Severity};
pub use indicators::{Indicators, IndicatorsError};
pub use settings::{AllowText, Settings, SettingsError};

use observed::Observed;

/// Records that some detections do not look at, because somebody knows and accepts them.
#[derive(Debug, Clone)]
pub struct Allow {
    /// Names of detections; empty: all.
    pub detections: Vec<String>,
    pub records: Filter,
}

/// What all records together gave.
#[derive(Debug)]
pub struct Detected {
    /// Gravest first, then by time and place.
    pub findings: Vec<Finding>,
    pub coverage: Coverage,
}

/// What the findings rest on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    pub records: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// Records without a time, which no detection can place.
    pub untimed: u64,
    /// Attempts that were logged twice, in the old and the new tables.
    pub duplicates: u64,
    /// Records that an entry of the allow list takes away from at least one detection.
    pub allowed_for: u64,
    /// Detections that could not judge, each with the reason.
    pub not_judged: Vec<(&'static str, String)>,
}

/// Takes records and finds what stands out.
#[derive(Debug)]
pub struct Detector {
    settings: Settings,
    observed: Observed,
    presence: Presence,
}

impl Detector {
    /// A detector that leaves out what `allow` names.
    #[must_use]
    pub fn new(settings: Settings, allow: Vec<Allow>, indicators: Indicators) -> Self {
        Self { settings, observed: Observed::new(allow, indicators), presence: Presence::default() }
    }

    /// The findings.
    #[must_use]
    pub fn finish(mut self) -> Detected {
        let mut coverage = self.observed.sort();
        let (settings, observed) = (&self.settings, &self.observed);
        let mut findings = Vec::new();
        findings.extend(scan::port_scans(settings, observed));
        findings.extend(scan::sweeps(settings, observed));
        findings.extend(rate::deny_rate(settings, observed, &mut coverage));
        findings.extend(rate::fan_out(settings, observed, &mut coverage));
        findings.extend(beacon::beacons(settings, observed));
        findings.extend(learned::findings(settings, observed, &mut coverage));
        findings.extend(threats::findings(settings, observed));
        findings.extend(idps::findings(settings, observed));
        findings.extend(flood::floods(settings, observed));
        findings.extend(dns::tunnels(settings, observed));
        findings.extend(indicators::findings(observed));
        findings.extend(volume::volumes(settings, observed, &mut coverage));
        findings.extend(gaps(&self.presence));
        findings.sort_by(|a, b| a.order().cmp(&b.order()));
        Detected { findings, coverage }
    }
}

impl Sink for Detector {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if record.kind != RecordKind::Flow {
            self.presence.push(&record);
        }
        self.observed.push(&record);
        ControlFlow::Continue(())
    }
}

/// Hours without a record on a firewall that is usually busy.
fn gaps(presence: &Presence) -> impl Iterator<Item = Finding> {
    presence.gaps().into_iter().map(|gap| {
        let hours =
            if gap.hours == 1 { "1 hour".to_owned() } else { format!("{} hours", gap.hours) };
        let message = format!("no record for {hours}, where an hour usually holds {}", gap.usual);
        let mut finding = Finding::new("log-gap", Severity::Medium, message);
        finding.source = gap.firewall.map(|id| id.to_string());
        finding.first = Some(gap.first);
        finding.count = gap.hours;
        finding
    })
}
