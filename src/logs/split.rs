//! Cuts a stream of JSON into the values that are records or hold records, in bounded memory.
//!
//! Values may stand one per line, concatenated, in an array, in `{"records":[…]}`, pretty-printed or
//! not. Arrays and `records` are entered, so that their elements come out one by one. Only brackets
//! and quotes are looked at; whether a piece is valid JSON is for the JSON reader to say. Damage is
//! confined: when the first value of a stream stands on one line, every line is a unit of its own and
//! a cut line never swallows or joins the next.

use std::io::{self, BufRead};

use super::scan::{Scan, Step, is_blank};

/// A piece of the stream. Its bytes are in [`Splitter::text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// What looks like a whole object.
    Value { line: u64 },
    /// Bytes that are no whole object, or the beginning of them.
    Damage { line: u64, reason: &'static str },
}

/// What an entered bracket belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Records,
}

/// Whether each line stands for itself. Known after the first whole value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    Unknown,
    Lines,
    Document,
}

/// Arrays in arrays beyond this are no log.
const OPEN_MAX: usize = 16;
/// How much of a damaged piece is kept.
const DAMAGE_KEPT: usize = 400;

/// The pieces of one stream.
pub(super) struct Splitter<R> {
    input: R,
    text: Vec<u8>,
    line: u64,
    is_line_start: bool,
    bytes: u64,
    open: Vec<Open>,
    layout: Layout,
    value_bytes_max: usize,
}

impl<R: BufRead> Splitter<R> {
    pub(super) fn new(input: R, value_bytes_max: usize) -> Self {
        let (text, open, layout) = (Vec::new(), Vec::new(), Layout::Unknown);
        Self { input, text, line: 1, is_line_start: true, bytes: 0, open, layout, value_bytes_max }
    }

    /// The bytes of the last piece.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Lines passed so far, the last one with or without its newline.
    pub(super) fn lines(&self) -> u64 {
        if self.is_line_start { self.line - 1 } else { self.line }
    }

    /// The next piece.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            self.text.clear();
            match self.significant_byte()? {
                None if self.open.is_empty() => return Ok(None),
                None => {
                    self.open.clear();
                    let reason = "the input ends inside an array";
                    return Ok(Some(Piece::Damage { line: self.line, reason }));
                }
                Some(b'{') => {
                    let is_line_bound = self.layout == Layout::Lines;
                    match self.object(Scan::new(is_line_bound))? {
                        Some(piece) => return Ok(Some(piece)),
                        None => self.enter_records(),
                    }
                }
                Some(b'[') if self.open.len() < OPEN_MAX => {
                    self.advance(1);
                    self.open.push(Open::Array);
                }
                Some(b']') if !self.open.is_empty() => {
                    self.advance(1);
                    if self.open.pop() == Some(Open::Records)
                        && let Some(damage) = self.rest_of_object()?
                    {
                        return Ok(Some(damage));
                    }
                }
                Some(_) => return self.junk().map(Some),
            }
        }
    }

    /// Cut lines leave their brackets open; the oldest of too many are forgotten.
    fn enter_records(&mut self) {
        if self.open.len() == OPEN_MAX {
            self.open.remove(0);
        }
        self.open.push(Open::Records);
    }

    /// The next byte that is neither blank nor comma, not consumed.
    fn significant_byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Ok(None);
            }
            let blank = available.iter().take_while(|&&byte| is_blank(byte) || byte == b',');
            let count = blank.count();
            let next = available.get(count).copied();
            self.advance(count);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Consumes buffered bytes that are not kept.
    fn advance(&mut self, count: usize) {
        if let Ok(available) = self.input.fill_buf() {
            let passed = available.get(..count).unwrap_or(available);
            let count = passed.len();
            (self.line, self.is_line_start) = after(self.line, self.is_line_start, passed);
            self.bytes += count as u64;
            self.input.consume(count);
        }
    }

    /// One object, or `None` where it turned out to be `{"records":[`.
    fn object(&mut self, mut scan: Scan) -> io::Result<Option<Piece>> {
        let line = self.line;
        let damage = |reason| Ok(Some(Piece::Damage { line, reason }));
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return damage("the input ends inside a value");
            }
            let (count, step) = scan.feed(available);
            let passed = available.get(..count).unwrap_or(available);
            self.text.extend_from_slice(passed);
            (self.line, self.is_line_start) = after(self.line, self.is_line_start, passed);
            self.bytes += count as u64;
            self.input.consume(count);
            match step {
                Step::More if self.text.len() > self.value_bytes_max => {
                    self.skip_line()?;
                    return damage("a value is larger than the limit");
                }
                Step::More => {}
                Step::Complete => {
                    let is_line = self.line == line;
                    if self.layout == Layout::Unknown {
                        self.layout = if is_line { Layout::Lines } else { Layout::Document };
                    }
                    if self.open.is_empty() && is_line && self.has_junk_behind()? {
                        self.skip_line()?;
                        return damage("other text behind a value");
                    }
                    return Ok(Some(Piece::Value { line }));
                }
                Step::Records => return Ok(None),
                Step::Damage { reason, is_line_over } => {
                    if !is_line_over && self.open.is_empty() {
                        self.skip_line()?;
                    }
                    return damage(reason);
                }
            }
        }
    }

    /// Whether anything but another value follows on the line: then the line is the end of a cut
    /// one, and its value only a part of a record.
    fn has_junk_behind(&mut self) -> io::Result<bool> {
        loop {
            let available = self.input.fill_buf()?;
            let is_passed = |byte: u8| byte == b',' || (is_blank(byte) && byte != b'\n');
            let passed = available.iter().take_while(|&&byte| is_passed(byte)).count();
            let next = available.get(passed).copied();
            let is_end = available.is_empty();
            self.advance(passed);
            match next {
                Some(byte) => return Ok(!matches!(byte, b'\n' | b'{' | b'[')),
                None if is_end => return Ok(false),
                None => {}
            }
        }
    }

    /// What stands behind `records` in its object is no log.
    fn rest_of_object(&mut self) -> io::Result<Option<Piece>> {
        self.text.clear();
        let piece = self.object(Scan::inside_object())?;
        Ok(piece.filter(|piece| matches!(piece, Piece::Damage { .. })))
    }

    /// Bytes that cannot begin an object, up to where one may begin again.
    fn junk(&mut self) -> io::Result<Piece> {
        let line = self.line;
        let in_array = !self.open.is_empty();
        let is_end = |byte: u8| byte == b'\n' || (in_array && matches!(byte, b',' | b']' | b'{'));
        let mut is_first = true;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                break;
            }
            let skipped = usize::from(is_first);
            let end = available.iter().skip(skipped).position(|&byte| is_end(byte));
            let count = end.map_or(available.len(), |end| end + skipped);
            let passed = available.get(..count).unwrap_or(available);
            let room = DAMAGE_KEPT.saturating_sub(self.text.len());
            self.text.extend_from_slice(passed.get(..room).unwrap_or(passed));
            self.advance(count);
            is_first = false;
            if end.is_some() {
                break;
            }
        }
        Ok(Piece::Damage { line, reason: "not a JSON object" })
    }

    /// Drops what is left of the line.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Ok(());
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let count = end.map_or(available.len(), |end| end + 1);
            self.advance(count);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

/// The number of the line behind `bytes`, and whether it has no byte yet.
fn after(line: u64, is_line_start: bool, bytes: &[u8]) -> (u64, bool) {
    let newlines: u64 = bytes.iter().map(|&byte| u64::from(byte == b'\n')).sum();
    (line + newlines, bytes.last().map_or(is_line_start, |&byte| byte == b'\n'))
}
