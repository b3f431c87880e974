//! Cuts a stream of JSON into the values that are records or hold records, in bounded memory.
//!
//! Values may stand one per line, concatenated, in an array, in `{"records":[…]}`, pretty-printed or
//! not. Arrays and `records` are entered, so that their elements come out one by one. Only brackets
//! and quotes are looked at; whether a piece is valid JSON is for the JSON reader to say. Damage is
//! confined: when the first whole value of a stream stands on one line, every line is a unit of its own
//! and a cut line never swallows or joins the next.

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
/// The same of one that may be a line of syslog, which may hold a record.
const SYSLOG_KEPT: usize = 64 << 10;

/// The pieces of one stream.
pub(super) struct Splitter<R> {
    input: R,
    text: Vec<u8>,
    line: u64,
    is_line_start: bool,
    bytes: u64,
    open: Vec<Open>,
    /// Where the outermost open bracket stands.
    open_line: u64,
    layout: Layout,
    value_bytes_max: usize,
}

impl<R: BufRead> Splitter<R> {
    pub(super) fn new(input: R, value_bytes_max: usize) -> Self {
        let (text, open, layout) = (Vec::new(), Vec::new(), Layout::Unknown);
        let (line, is_line_start, bytes, open_line) = (1, true, 0, 1);
        Self { input, text, line, is_line_start, bytes, open, open_line, layout, value_bytes_max }
    }

    /// The pieces of a stream of which it is known that each line stands for itself, from the start of
    /// a line.
    pub(super) fn of_lines(input: R, value_bytes_max: usize) -> Self {
        Self { layout: Layout::Lines, ..Self::new(input, value_bytes_max) }
    }

    /// Whether it is known that each line stands for itself, and no bracket is open.
    pub(super) fn is_of_lines(&self) -> bool {
        self.layout == Layout::Lines && self.open.is_empty()
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
            let line = self.line;
            match self.significant_byte()? {
                None if self.open.is_empty() => return Ok(None),
                None => {
                    self.open.clear();
                    let reason = "the input ends inside an array";
                    return Ok(Some(Piece::Damage { line: self.line, reason }));
                }
                Some(b'\n') => {
                    self.open.clear();
                    return Ok(Some(Piece::Damage {
                        line,
                        reason: "the line ends inside an array",
                    }));
                }
                Some(b'{') => match self.object(Scan::new(self.layout == Layout::Lines))? {
                    Some(Piece::Value { line }) => return self.value(line).map(Some),
                    Some(damage) => return Ok(Some(damage)),
                    None => self.enter(Open::Records),
                },
                Some(b'[') if self.open.len() < OPEN_MAX => {
                    self.enter(Open::Array);
                    self.advance(1);
                }
                Some(b']') if !self.open.is_empty() => {
                    self.advance(1);
                    if let Some(damage) = self.leave()? {
                        return Ok(Some(damage));
                    }
                }
                Some(_) => return self.junk().map(Some),
            }
        }
    }

    /// Cut lines leave their brackets open; the oldest of too many are forgotten.
    fn enter(&mut self, open: Open) {
        if self.open.is_empty() {
            self.open_line = self.line;
        }
        if self.open.len() == OPEN_MAX {
            self.open.remove(0);
        }
        self.open.push(open);
    }

    /// Behind a closing bracket. What stands behind `records` in its object is no log.
    fn leave(&mut self) -> io::Result<Option<Piece>> {
        let is_line_bound = self.layout == Layout::Lines;
        let piece = match self.open.pop() {
            Some(Open::Records) => self.object(Scan::inside_object(is_line_bound))?,
            Some(Open::Array) | None => None,
        };
        if self.open.is_empty() {
            self.learn_layout(self.open_line);
        }
        Ok(piece.filter(|piece| matches!(piece, Piece::Damage { .. })))
    }

    /// The first whole value that stands in no other tells how the stream is laid out.
    fn learn_layout(&mut self, first_line: u64) {
        if self.layout == Layout::Unknown {
            let is_line = self.line == first_line;
            self.layout = if is_line { Layout::Lines } else { Layout::Document };
        }
    }

    /// A whole object that began at `line`, unless what follows shows that it is only the end of a
    /// cut one: then it is a part of a record.
    fn value(&mut self, line: u64) -> io::Result<Piece> {
        let next = self.byte_behind()?;
        let is_top = self.open.is_empty();
        let is_part = match next {
            None | Some(b'\n' | b'{' | b'[') => false,
            Some(b'"' | b':' | b'}') => true,
            Some(_) => is_top,
        };
        if is_part {
            if is_top {
                self.skip_line()?;
            }
            return Ok(Piece::Damage { line, reason: "other text behind a value" });
        }
        if is_top {
            self.learn_layout(line);
        }
        Ok(Piece::Value { line })
    }

    /// The next byte on the line that is neither blank nor comma, not consumed.
    fn byte_behind(&mut self) -> io::Result<Option<u8>> {
        self.byte_after(|byte| byte == b',' || (is_blank(byte) && byte != b'\n'))
    }

    /// The next byte that matters, not consumed. A newline does where an array must end on its line.
    fn significant_byte(&mut self) -> io::Result<Option<u8>> {
        let is_line_bound = self.layout == Layout::Lines && !self.open.is_empty();
        if is_line_bound {
            return self.byte_behind();
        }
        self.byte_after(|byte| byte == b',' || is_blank(byte))
    }

    /// The first byte that is not passed over, not consumed.
    fn byte_after(&mut self, is_passed: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Ok(None);
            }
            let passed = available.iter().take_while(|&&byte| is_passed(byte)).count();
            let next = available.get(passed).copied();
            self.advance(passed);
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
                Step::Complete => return Ok(Some(Piece::Value { line })),
                Step::Records => return Ok(None),
                Step::Damage { reason, is_line_over } => {
                    if is_line_over && self.layout == Layout::Lines {
                        self.open.clear();
                    } else if !is_line_over && self.open.is_empty() {
                        self.skip_line()?;
                    }
                    return damage(reason);
                }
            }
        }
    }

    /// Bytes that cannot begin an object, up to where one may begin again.
    fn junk(&mut self) -> io::Result<Piece> {
        let line = self.line;
        let in_array = !self.open.is_empty();
        let is_end = |byte: u8| byte == b'\n' || (in_array && matches!(byte, b',' | b']'));
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
            let is_syslog = self.text.first().or(passed.first()) == Some(&b'<');
            let kept = if is_syslog { SYSLOG_KEPT } else { DAMAGE_KEPT };
            let room = kept.saturating_sub(self.text.len());
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
    let newlines = memchr::memchr_iter(b'\n', bytes).count() as u64;
    (line + newlines, bytes.last().map_or(is_line_start, |&byte| byte == b'\n'))
}
