//! Cuts files into stretches of whole lines, one after the other.

use std::io::{self, BufRead, Cursor, Read, Seek};
use std::sync::Arc;

use super::super::csv::Header;
use super::super::decode::{self, DamagedData};
use super::super::lines::{self, Stretch};
use super::super::parquet::Table;
use super::super::{Content, Options};

/// A file that is to be read.
pub struct Input {
    /// What messages call it.
    pub file: Arc<str>,
    /// Its bytes, as they are.
    pub bytes: Bytes,
}

/// How the bytes of a file are to be taken.
pub enum Bytes {
    /// From the first to the last.
    Stream(Box<dyn BufRead + Send>),
    /// As a zip archive, of which those entries are read whose names are names of logs.
    Zip { archive: Box<dyn SeekRead + Send>, is_log: fn(&str) -> bool },
    /// As a Parquet file.
    Parquet(Box<dyn Table + Send>),
}

/// What can be read at any place.
pub trait SeekRead: Read + Seek {}

impl<T: Read + Seek> SeekRead for T {}

/// A line longer than this is read as a stream.
const STRETCH_BYTES_MAX: usize = 8 << 20;

/// How a text is cut into records.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    /// Each line stands for itself.
    Lines,
    /// From the first to the last byte: values that may go on over lines, flow logs, sentences.
    Whole(Content),
    Rows(Arc<Header>),
}

/// What is to be done next.
pub(super) struct Job {
    pub(super) index: u64,
    pub(super) file: Arc<str>,
    pub(super) starts_file: bool,
    pub(super) work: Work,
}

pub(super) enum Work {
    Stretch {
        text: Vec<u8>,
        shape: Shape,
        stretch: Stretch,
    },
    /// Everything that is left of a file.
    Stream {
        text: Box<dyn BufRead + Send>,
        shape: Shape,
        is_first: bool,
    },
    Zip {
        archive: Box<dyn SeekRead + Send>,
        is_log: fn(&str) -> bool,
    },
    Parquet(Box<dyn Table + Send>),
    /// Nothing more can be had of the file, which ends in so many bytes of a line.
    Rejected {
        reason: String,
        cut: u64,
    },
}

struct Open {
    file: Arc<str>,
    text: Box<dyn BufRead + Send>,
    shape: Shape,
    is_first: bool,
    /// What was read behind the last whole line.
    left: Vec<u8>,
    /// The first stretch goes on behind this, where it is known that these are lines.
    needed: usize,
    rejected: Option<String>,
}

/// The stretches of all files.
pub(super) struct Chunks<'a, I> {
    inputs: I,
    options: &'a Options,
    open: Option<Open>,
    index: u64,
    pub(super) files: u64,
}

impl<'a, I: Iterator<Item = io::Result<Input>>> Chunks<'a, I> {
    pub(super) fn new(inputs: I, options: &'a Options) -> Self {
        Self { inputs, options, open: None, index: 0, files: 0 }
    }

    /// The next job. `spare` is memory to use for it.
    pub(super) fn next(&mut self, spare: Vec<u8>) -> io::Result<Option<Job>> {
        let mut open = if let Some(open) = self.open.take() {
            open
        } else {
            let Some(Input { file, bytes }) = self.inputs.next().transpose()? else {
                return Ok(None);
            };
            self.files += 1;
            match bytes {
                Bytes::Stream(bytes) => self.opened(file, bytes)?,
                Bytes::Zip { archive, is_log } => {
                    let work = Work::Zip { archive, is_log };
                    return Ok(Some(self.numbered(file, true, work)));
                }
                Bytes::Parquet(table) => {
                    return Ok(Some(self.numbered(file, true, Work::Parquet(table))));
                }
            }
        };
        let starts_file = open.is_first;
        let file = Arc::clone(&open.file);
        let work = open
            .work(spare, self.options.stretch_bytes.max(1))
            .map_err(|error| named(&open.file, &error))?;
        let is_over = match &work {
            Work::Stretch { stretch, .. } => stretch.is_last,
            Work::Stream { .. } | Work::Zip { .. } | Work::Parquet(_) | Work::Rejected { .. } => {
                true
            }
        };
        open.is_first = false;
        self.open = Some(open).filter(|_| !is_over);
        Ok(Some(self.numbered(file, starts_file, work)))
    }

    fn numbered(&mut self, file: Arc<str>, starts_file: bool, work: Work) -> Job {
        self.index += 1;
        Job { index: self.index - 1, file, starts_file, work }
    }

    fn opened(&self, file: Arc<str>, bytes: Box<dyn BufRead + Send>) -> io::Result<Open> {
        let options = self.options;
        let nothing = || -> Box<dyn BufRead + Send> { Box::new(io::empty()) };
        let (mut needed, mut rejected) = (0, None);
        let (text, shape) = match decode::decoded(bytes, options.decompressed_bytes_max) {
            Err(error) => {
                rejected = Some(damage(error).map_err(|error| named(&file, &error))?);
                (nothing(), Shape::Lines)
            }
            Ok(decoded) => match Content::of(&decoded.head, options) {
                Content::Other(reason) => {
                    rejected = Some(reason.to_owned());
                    (nothing(), Shape::Lines)
                }
                Content::Rows(header) => (decoded.text, Shape::Rows(Arc::new(header))),
                Content::Values => {
                    let shown = lines::shown_by(&decoded.head, options.value_bytes_max);
                    needed = shown.unwrap_or(0);
                    let whole = || Shape::Whole(Content::Values);
                    (decoded.text, shown.map_or_else(whole, |_| Shape::Lines))
                }
                content @ (Content::Zeek | Content::Flows(..) | Content::Sentences) => {
                    (decoded.text, Shape::Whole(content))
                }
            },
        };
        Ok(Open { file, text, shape, is_first: true, left: Vec::new(), needed, rejected })
    }
}

/// Says of which file an error is.
pub(super) fn named(file: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read `{file}`: {error}"))
}

/// What is wrong with compressed data; what the input fails with goes on up.
fn damage(error: io::Error) -> io::Result<String> {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<DamagedData>()) {
        Some(damage) => Ok(damage.to_string()),
        None => Err(error),
    }
}

impl Open {
    fn work(&mut self, buffer: Vec<u8>, stretch_bytes: usize) -> io::Result<Work> {
        if let Some(reason) = self.rejected.take() {
            let cut = match self.shape {
                Shape::Lines | Shape::Whole(_) => self.left.len() as u64,
                Shape::Rows(_) => 0,
            };
            return Ok(Work::Rejected { reason, cut });
        }
        match self.shape {
            Shape::Whole(_) => Ok(self.rest(b"")),
            Shape::Lines | Shape::Rows(_) => self.stretch(buffer, stretch_bytes),
        }
    }

    /// All that is left, behind `ahead`.
    fn rest(&mut self, ahead: &[u8]) -> Work {
        let text = std::mem::replace(&mut self.text, Box::new(io::empty()));
        let text = Box::new(Cursor::new(ahead.to_vec()).chain(text));
        Work::Stream { text, shape: self.shape.clone(), is_first: self.is_first }
    }

    fn stretch(&mut self, mut buffer: Vec<u8>, stretch_bytes: usize) -> io::Result<Work> {
        let mut filled = self.left.len();
        buffer.resize(stretch_bytes.max(filled * 2), 0);
        let (head, _) = buffer.split_at_mut(filled);
        head.copy_from_slice(&self.left);
        self.left.clear();
        let end = loop {
            let free = buffer.get_mut(filled..).unwrap_or_default();
            if !free.is_empty() {
                match self.text.read(free) {
                    Ok(0) => break None,
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => {
                        self.rejected = Some(damage(error)?);
                        break Some(last_line_end(&buffer, filled).unwrap_or(0));
                    }
                }
                continue;
            }
            match last_line_end(&buffer, filled) {
                Some(end) if end > self.needed => break Some(end),
                _ if filled < STRETCH_BYTES_MAX => buffer.resize(filled * 2, 0),
                _ => return Ok(self.rest(&buffer)),
            }
        };
        self.needed = 0;
        buffer.truncate(filled);
        if let Some(end) = end {
            self.left.extend_from_slice(buffer.get(end..).unwrap_or_default());
            buffer.truncate(end);
        }
        let stretch = Stretch { is_first: self.is_first, is_last: end.is_none() };
        Ok(Work::Stretch { text: buffer, shape: self.shape.clone(), stretch })
    }
}

/// Behind the last newline.
fn last_line_end(buffer: &[u8], filled: usize) -> Option<usize> {
    memchr::memrchr(b'\n', buffer.get(..filled)?).map(|at| at + 1)
}
