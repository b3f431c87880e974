//! `azfw report --html`: what the page needs beside the summary.

use std::fmt::Display;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::failure::Failure;
use crate::detect::{Detector, Finding, Indicators, Settings};
use crate::logs::{LogRecord, RecordKind, Reject, Sink};
use crate::report::traffic::html;
use crate::source::InputError;
use crate::tables::{CubeTally, Input, Options, Plan, Tally};

/// A page has room for more rows than a terminal.
const TOP_MIN: usize = 100;

/// What the page is made of. Its tables are longer than the text's, so it counts for itself.
pub(super) struct Extras {
    path: PathBuf,
    tally: Tally,
    cube: CubeTally,
    detector: Detector,
}

impl Extras {
    pub(super) fn new(path: &Path, plan: &Plan) -> Self {
        let detector = Detector::new(Settings::default(), Vec::new(), Indicators::default());
        let (path, tally) = (path.to_owned(), Tally::of(plan));
        Self { path, tally, cube: CubeTally::new(&plan.memory), detector }
    }

    fn push(&mut self, record: &LogRecord) {
        if record.kind != RecordKind::Flow {
            self.tally.push(record);
            self.cube.push(record);
        }
        // It keeps what it needs and never has enough.
        let _ = self.detector.record(record.clone());
    }

    /// Writes the page.
    pub(super) fn write(
        self,
        input: Input,
        options: Options<'_>,
        zone: Option<&TimeZone>,
        earlier: Option<html::Earlier<'_>>,
    ) -> Result<(), Failure> {
        let Self { path, tally, mut cube, detector } = self;
        let cannot_make =
            |error: &dyn Display| InputError::new(format!("cannot make the page: {error}"));
        let options = Options { top: options.top.max(TOP_MIN), ..options };
        let summary = tally.finish(input, &options).map_err(|error| cannot_make(&error))?;
        cube.settle().map_err(|error| cannot_make(&error))?;
        let findings: Vec<Finding> = detector.finish().findings;
        let contents =
            html::Contents { summary: &summary, cube: &cube, findings: &findings, zone, earlier };
        let page = html::render(contents).map_err(|error| cannot_make(&error))?;
        fs::write(&path, page).map_err(|error| {
            InputError::new(format!("cannot write `{}`: {error}", path.display()))
        })?;
        Ok(())
    }
}

/// Hands records to `sink` and, where there are any, to the extras.
pub(super) struct Beside<S> {
    pub(super) sink: S,
    pub(super) extras: Option<Extras>,
}

impl<S: Sink> Sink for Beside<S> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        if let Some(extras) = &mut self.extras {
            extras.push(&record);
        }
        self.sink.record(record)
    }

    fn reject(&mut self, reject: &Reject) {
        self.sink.reject(reject);
    }
}
