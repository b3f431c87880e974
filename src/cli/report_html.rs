//! `azfw report --html`: what the page needs beside the summary.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::tz::TimeZone;

use super::failure::Failure;
use crate::detect::{Detector, Finding, Indicators, Settings};
use crate::logs::{LogRecord, Reject, Sink};
use crate::report::traffic::html;
use crate::source::InputError;
use crate::tables::{CubeTally, Summary};

/// A page has room for more rows than a terminal.
pub(super) const TOP_MIN: usize = 100;

/// What the page shows beside the summary.
pub(super) struct Extras {
    cube: CubeTally,
    detector: Detector,
}

impl Extras {
    pub(super) fn new() -> Self {
        let detector = Detector::new(Settings::default(), Vec::new(), Indicators::default());
        Self { cube: CubeTally::default(), detector }
    }
}

/// Hands records to `sink` and, where there are any, to the extras.
pub(super) struct Beside<S> {
    pub(super) sink: S,
    pub(super) extras: Option<Extras>,
}

impl<S: Sink> Sink for Beside<S> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if let Some(Extras { cube, detector }) = &mut self.extras {
            cube.push(&record);
            // It keeps what it needs and never has enough.
            let _ = detector.record(record.clone());
        }
        self.sink.record(record)
    }

    fn reject(&mut self, reject: &Reject) {
        self.sink.reject(reject);
    }
}

/// Writes the page.
pub(super) fn write(
    path: &Path,
    summary: &Summary,
    extras: Extras,
    zone: Option<&TimeZone>,
) -> Result<(), Failure> {
    let Extras { mut cube, detector } = extras;
    cube.settle();
    let findings: Vec<Finding> = detector.finish().findings;
    let contents = html::Contents { summary, cube: &cube, findings: &findings, zone };
    let page = html::render(contents)
        .map_err(|error| InputError::new(format!("cannot make the page: {error}")))?;
    fs::write(path, page)
        .map_err(|error| InputError::new(format!("cannot write `{}`: {error}", path.display())))?;
    Ok(())
}
