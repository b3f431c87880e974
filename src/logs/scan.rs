//! Follows the brackets and quotes of one JSON object, without reading it.

/// What the bytes fed so far amount to.
pub(super) enum Step {
    More,
    Complete,
    /// The object is `{"records":[`, just entered.
    Records,
    /// Not an object after all. The line is over when its newline is consumed, or when the next
    /// byte begins another line.
    Damage {
        reason: &'static str,
        is_line_over: bool,
    },
}

const RECORDS: &[u8] = b"{\"records\":[";
const OTHER: usize = usize::MAX;
/// The depth that the JSON reader goes to.
const DEPTH_MAX: usize = 128;

/// Where a byte stands with regard to strings.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Quote {
    #[default]
    Outside,
    Inside,
    /// Behind a backslash.
    Escaped,
}

/// Follows the brackets and quotes of one object.
#[derive(Default)]
pub(super) struct Scan {
    /// Open brackets, outermost first.
    stack: Vec<u8>,
    quote: Quote,
    /// The last byte outside a string that is no blank.
    last: u8,
    is_line_start: bool,
    /// A newline ends the object, whole or not.
    is_line_bound: bool,
    /// How much of `{"records":[` was seen, blanks aside; [`OTHER`] once something else was.
    records: usize,
}

impl Scan {
    /// At the beginning of an object, which must end on its line if `is_line_bound`.
    pub(super) fn new(is_line_bound: bool) -> Self {
        Self { is_line_bound, ..Self::default() }
    }

    /// In an object whose first member is passed.
    pub(super) fn inside_object(is_line_bound: bool) -> Self {
        let stack = vec![b'{'];
        Self { stack, last: b']', records: OTHER, is_line_bound, ..Self::default() }
    }

    /// How many of `bytes` belong to the object, and what they amount to.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> (usize, Step) {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let index = at;
            at += 1;
            if self.is_within_string() && !matches!(byte, b'"' | b'\\' | b'\n') {
                // Nothing that counts stands before one of these.
                let rest = bytes.get(at..).unwrap_or_default();
                at += memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
                continue;
            }
            if byte == b'\n' && (self.quote != Quote::Outside || self.is_line_bound) {
                let reason = "the line ends inside a value";
                return (index + 1, Step::Damage { reason, is_line_over: true });
            }
            if self.quote != Quote::Outside {
                self.string_byte(byte);
            } else if !is_blank(byte) {
                match self.byte(byte) {
                    Step::More => {}
                    // The byte that shows the damage may begin the next value.
                    damage @ Step::Damage { .. } => return (index, damage),
                    done => return (index + 1, done),
                }
                self.is_line_start = false;
            } else if byte == b'\n' {
                self.is_line_start = true;
            }
        }
        (bytes.len(), Step::More)
    }

    fn is_within_string(&self) -> bool {
        self.quote == Quote::Inside && self.records == OTHER
    }

    fn string_byte(&mut self, byte: u8) {
        self.follow_records(byte);
        self.quote = match (self.quote, byte) {
            (Quote::Inside, b'\\') => Quote::Escaped,
            (Quote::Inside, b'"') => Quote::Outside,
            _ => Quote::Inside,
        };
    }

    fn byte(&mut self, byte: u8) -> Step {
        self.follow_records(byte);
        match byte {
            b'"' => self.quote = Quote::Inside,
            b'{' | b'[' => {
                if self.records == RECORDS.len() {
                    return Step::Records;
                }
                if self.is_out_of_place(byte) {
                    let reason = "the line ends inside a value";
                    return Step::Damage { reason, is_line_over: true };
                }
                if self.stack.len() == DEPTH_MAX {
                    let reason = "a value is nested too deeply";
                    return Step::Damage { reason, is_line_over: false };
                }
                self.stack.push(byte);
            }
            b'}' | b']' => {
                let opening = if byte == b'}' { b'{' } else { b'[' };
                if self.stack.pop() != Some(opening) {
                    let reason = "brackets do not match";
                    return Step::Damage { reason, is_line_over: false };
                }
                if self.stack.is_empty() {
                    return Step::Complete;
                }
            }
            _ => {}
        }
        self.last = byte;
        Step::More
    }

    /// Whether an object begins a line where JSON allows none: the one before was cut.
    fn is_out_of_place(&self, byte: u8) -> bool {
        let is_allowed = match self.last {
            b',' => self.stack.last() == Some(&b'['),
            b'[' | b':' => true,
            _ => false,
        };
        byte == b'{' && self.is_line_start && !is_allowed
    }

    fn follow_records(&mut self, byte: u8) {
        self.records = match RECORDS.get(self.records) {
            Some(expected) if *expected == byte => self.records + 1,
            Some(_) | None => OTHER,
        };
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
