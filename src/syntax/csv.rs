//! CSV with places (RFC 4180, with any line ends), and lists within one of its cells.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while};
use nom::character::complete::{char, multispace0};
use nom::combinator::{map, opt, recognize, value, verify};
use nom::multi::{many0, separated_list0};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};

use super::quoting::{in_quotes, quoted};
use super::trouble::{Parsed, Trouble};
use crate::source::{SourceId, Span};

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The content without its quotes.
    pub text: String,
    /// The content in the file, without its quotes.
    pub span: Span,
}

/// A quoted cell that is never closed, or text behind one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CsvError {
    message: &'static str,
    span: Span,
}

impl CsvError {
    /// Where it is.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }
}

impl Cell {
    /// The place of the bytes `from..to` of the text; the whole cell where quotes are doubled in it.
    #[must_use]
    pub fn part(&self, from: usize, to: usize) -> Span {
        let length = (self.span.end - self.span.start) as usize;
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if length != self.text.len() || to > length {
            return self.span;
        }
        Span {
            source: self.span.source,
            start: self.span.start + offset(from),
            end: self.span.start + offset(to),
        }
    }
}

/// The records of `text` from the byte `from` on; empty lines are none.
///
/// # Errors
///
/// A quoted cell does not end, or goes on behind its quote.
pub fn records(
    text: &str,
    from: usize,
    delimiter: char,
    source: SourceId,
) -> Result<Vec<Vec<Cell>>, CsvError> {
    let mut records = Vec::new();
    let mut rest = text.get(from..).unwrap_or("");
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let Ok((behind, cells)) = record(delimiter).parse(rest) else {
            return Err(error("the quoted cell does not end", text, at, source));
        };
        let Ok((behind, _)) = line_end(behind) else {
            let at = text.len() - behind.len();
            if behind.starts_with(delimiter) {
                return Err(error("the quoted cell does not end", text, at + 1, source));
            }
            return Err(error("expected a delimiter behind the closing quote", text, at, source));
        };
        let placed = |(cell, content): (String, &str)| {
            let start = offset_in(text, content);
            Cell { text: cell, span: span(source, start, start + content.len()) }
        };
        let is_empty = matches!(cells.as_slice(), [(only, _)] if only.trim().is_empty());
        if !is_empty {
            records.push(cells.into_iter().map(placed).collect());
        }
        rest = behind;
    }
    Ok(records)
}

fn error(message: &'static str, text: &str, at: usize, source: SourceId) -> CsvError {
    let line = text.get(at..).unwrap_or("").lines().next().unwrap_or("").len();
    CsvError { message, span: span(source, at, at + line) }
}

/// Where the slice `part` of `text` begins.
fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn span(source: SourceId, start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { source, start: offset(start), end: offset(end) }
}

/// A cell as its content and the slice it was made of.
type Raw<'a> = (String, &'a str);

fn record<'a>(
    delimiter: char,
) -> impl Parser<&'a str, Output = Vec<Raw<'a>>, Error = nom::error::Error<&'a str>> {
    nom::multi::separated_list1(char(delimiter), alt((closed, open(delimiter))))
}

/// `"…"`, where `""` stands for one quote.
fn closed(input: &str) -> IResult<&str, Raw<'_>> {
    let piece =
        alt((tag("\"\""), recognize(verify(nom::character::complete::anychar, |c| *c != '"'))));
    let body = recognize(many0(piece));
    let blank = || take_while(|c| c == ' ');
    let (rest, content) =
        terminated(delimited((blank(), char('"')), body, char('"')), blank()).parse(input)?;
    Ok((rest, (content.replace("\"\"", "\""), content)))
}

/// Anything up to the delimiter. A quote that is never closed begins no such cell.
fn open<'a>(
    delimiter: char,
) -> impl Parser<&'a str, Output = Raw<'a>, Error = nom::error::Error<&'a str>> {
    let text = take_while(move |c| c != delimiter && c != '\n' && c != '\r');
    map(verify(text, |text: &str| !text.trim_start().starts_with('"')), |text: &str| {
        let text = text.trim();
        (text.to_owned(), text)
    })
}

fn line_end(input: &str) -> IResult<&str, &str> {
    alt((tag("\r\n"), tag("\n"), tag("\r"), nom::combinator::eof)).parse(input)
}

/// One value of a list in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub text: String,
    /// It stands in backticks: only a deployment can settle it.
    pub is_expression: bool,
    /// Its bytes in the cell.
    pub start: usize,
    pub end: usize,
}

/// The values of a cell, separated by commas, semicolons or line ends. A value in double quotes
/// may hold them, one in backticks is an expression.
///
/// # Errors
///
/// The byte at which a quote begins that does not end.
pub fn entries(cell: &str) -> Result<Vec<Entry>, usize> {
    let separator = delimited(multispace0, alt((char(','), char(';'))), multispace0);
    let separator =
        alt((value((), separator), value((), (opt(char('\r')), char('\n'), multispace0))));
    let mut list = delimited(multispace0, separated_list0(separator, entry), multispace0);
    match list.parse(cell) {
        Ok((rest, _)) if !rest.is_empty() => Err(cell.len() - rest.len()),
        Ok((_, found)) => {
            let placed = |(text, is_expression, part): (String, bool, &str)| {
                let start = offset_in(cell, part);
                Entry { text, is_expression, start, end: start + part.len() }
            };
            Ok(found.into_iter().map(placed).filter(|entry| !entry.text.is_empty()).collect())
        }
        Err(nom::Err::Error(trouble) | nom::Err::Failure(trouble)) => {
            Err(trouble.within(cell).offset)
        }
        Err(nom::Err::Incomplete(_)) => Err(0),
    }
}

fn entry(input: &str) -> Parsed<'_, (String, bool, &str)> {
    let part = |rest: &str| input.get(..input.len() - rest.len()).unwrap_or("");
    if input.starts_with('`') {
        let (rest, text) = quoted('`').parse(input)?;
        return Ok((rest, (text, true, part(rest))));
    }
    if input.starts_with('"') {
        let (rest, text) = quoted('"').parse(input)?;
        return Ok((rest, (text, false, part(rest))));
    }
    let plain = take_while(|c| !matches!(c, ',' | ';' | '\n' | '\r'));
    let (rest, text) = preceded(opt(char::<&str, Trouble<'_>>('\u{feff}')), plain).parse(input)?;
    Ok((rest, (text.trim().to_owned(), false, text.trim())))
}

/// A value as [`entries`] reads it.
#[must_use]
pub fn entry_text(text: &str, is_expression: bool) -> String {
    if is_expression {
        return in_quotes('`', text);
    }
    let is_plain = !text.is_empty()
        && text.trim() == text
        && !text.starts_with(['"', '`', '\u{feff}'])
        && !text.contains([',', ';', '\n', '\r']);
    if is_plain { text.to_owned() } else { in_quotes('"', text) }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::source::{Source, Sources};

    fn source() -> SourceId {
        Sources::default().add(Source::new("a.csv", ""))
    }

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match records(text, 0, ',', source()) {
            Ok(records) => {
                let cell =
                    |cell: &Cell| format!("{}..{} {:?}", cell.span.start, cell.span.end, cell.text);
                let line =
                    |cells: &Vec<Cell>| cells.iter().map(cell).collect::<Vec<_>>().join(" | ");
                records.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            Err(error) => format!("{}: {error}", error.span().start),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn cells_and_their_places() {
        check(
            "a, b ,\r\n\n\"c,d\",\"e \"\"f\"\"\"",
            expect![[r#"
            0..1 "a" | 3..4 "b" | 6..6 ""
            10..13 "c,d" | 16..23 "e \"f\"""#]],
        );
        check(
            "a,\"b\nc\"\rd",
            expect![[r#"
            0..1 "a" | 3..6 "b\nc"
            8..9 "d""#]],
        );
        check("a,\"b", expect!["2: the quoted cell does not end"]);
        check("\"a\"b,c", expect!["3: expected a delimiter behind the closing quote"]);
    }

    #[test]
    fn lists_in_a_cell() {
        let texts = |cell: &str| {
            let entries = entries(cell);
            entries.map(|entries| entries.into_iter().map(|entry| entry.text).collect::<Vec<_>>())
        };
        assert_eq!(
            texts("a, b c;d,,\ne "),
            Ok(vec!["a".into(), "b c".into(), "d".into(), "e".into()])
        );
        assert_eq!(texts(" "), Ok(vec![]));
        assert_eq!(texts("\"a,b\", `[f('x', 1)]`"), Ok(vec!["a,b".into(), "[f('x', 1)]".into()]));
        assert_eq!(texts("a, \"b"), Err(5));
        assert!(entries("`a`").unwrap()[0].is_expression);
    }

    proptest! {
        #[test]
        fn a_printed_list_reads_back(list in prop::collection::vec(("\\PC{1,6}|[ ,;\"`a\n\r]{1,4}", any::<bool>()), 0..4)) {
            let printed: Vec<String> =
                list.iter().map(|(text, is_expression)| entry_text(text, *is_expression)).collect();
            let read = entries(&printed.join(", ")).unwrap();
            let read: Vec<(String, bool)> =
                read.into_iter().map(|entry| (entry.text, entry.is_expression)).collect();
            prop_assert_eq!(read, list);
        }

        #[test]
        fn what_the_csv_crate_writes_reads_back(rows in prop::collection::vec(prop::collection::vec("[a-z,\"\n;' ]{0,5}", 2..4), 0..4)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read = records(&text, 0, ',', source()).unwrap();
            let read: Vec<Vec<String>> =
                read.into_iter().map(|row| row.into_iter().map(|cell| cell.text).collect()).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn no_text_is_too_strange(text in "[a\",;\n\r`' ]{0,12}") {
            let _ = records(&text, 0, ',', source());
            let _ = entries(&text);
        }
    }
}
