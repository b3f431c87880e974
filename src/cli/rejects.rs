//! `--rejects FILE`: every line that could not be read.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

use super::failure::Failure;
use crate::logs::{LogRecord, Reject, Sink};
use crate::source::InputError;

/// So many characters of a rejected line are written.
pub(super) const EXCERPT_CHARS: usize = 16 * 1024;

/// Hands everything on and writes rejects down, one JSON object a line: JSON escapes what a hostile line
/// would do to whoever looks at it.
pub(super) struct Rejects<S> {
    pub(super) sink: S,
    out: Option<BufWriter<File>>,
    error: Option<io::Error>,
}

#[derive(Serialize)]
struct Line<'a> {
    origin: String,
    reason: &'a str,
    text: &'a str,
}

impl<S> Rejects<S> {
    pub(super) fn new(sink: S, file: Option<&Path>) -> Result<Self, Failure> {
        let cannot_write = |path: &Path, error: io::Error| {
            InputError::new(format!("cannot write `{}`: {error}", path.display()))
        };
        let out = file
            .map(|path| File::create(path).map_err(|error| cannot_write(path, error)))
            .transpose()?;
        Ok(Self { sink, out: out.map(BufWriter::new), error: None })
    }

    /// Says whether everything could be written.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if let Some(out) = &mut self.out {
            out.flush()?;
        }
        self.error.map_or(Ok(()), Err)
    }
}

impl<S: Sink> Sink for Rejects<S> {
    fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
        self.sink.record(record)
    }

    fn reject(&mut self, reject: &Reject) {
        self.sink.reject(reject);
        let Some(out) = &mut self.out else { return };
        let origin = reject.origin.to_string();
        let line = Line { origin, reason: &reject.reason, text: &reject.excerpt };
        let written = serde_json::to_writer(&mut *out, &line)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"));
        if let Err(error) = written {
            self.error.get_or_insert(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Options, read};

    #[test]
    fn every_rejected_line_is_written_and_escaped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.jsonl");
        let mut sink = Rejects::new(Vec::new(), Some(&path)).unwrap_or_else(|_| panic!("no file"));
        let lines = "{\"category\":1}\n\u{1b}[2J\n{\"category\":\"AZFWNetworkRule\",\"SourceIp\":\"192.0.2.1\"}\nx\n";
        let counts = read(lines.as_bytes(), "f".into(), &Options::default(), &mut sink).unwrap();
        sink.finish().unwrap();
        let written = std::fs::read_to_string(&path).unwrap();
        assert_eq!(written.lines().count() as u64, counts.rejected);
        expect_test::expect![[r#"
            {"origin":"f:1","reason":"no category","text":"{\"category\":1}"}
            {"origin":"f:2","reason":"not a JSON object","text":"\u001b[2J"}
            {"origin":"f:4","reason":"not a JSON object","text":"x"}
        "#]]
        .assert_eq(&written);
    }
}
