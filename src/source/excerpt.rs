//! The few lines of a file that a message shows, with the place in them that it speaks of.

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{Sources, Span, is_hidden, visible};

/// The line of a place with one line before it and one behind.
///
/// Many exports are one line of megabytes: of a long line the part around the place is shown, and
/// nothing but that part is kept, so that a hundred messages do not hold a hundred files.
#[derive(Debug, Clone)]
pub(crate) struct Excerpt {
    name: String,
    text: String,
    /// Within `text`; it ends where the line does.
    label: SourceSpan,
    /// Of the place in the file, from zero.
    line: usize,
    column: usize,
    /// Of the first line in `text`, from zero.
    first_line: usize,
    lines: usize,
}

/// Characters of a line that fit into 80 columns behind the number of the line.
const LINE_MAX: usize = 72;

/// Characters shown before the place where a long line does not begin at its beginning.
const BEFORE_MAX: usize = 24;

impl Excerpt {
    /// The lines around `span`.
    pub(crate) fn new(sources: &Sources, span: Span) -> Option<Self> {
        let source = sources.get(span.source)?;
        let text = source.text();
        let position = sources.position(span)?;
        let start = span.start as usize;
        let (before, after) = (text.get(..start)?, text.get(start..)?);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = after.find('\n').map_or(text.len(), |at| start + at);
        let line = text.get(line_start..line_end)?.trim_end_matches('\r');
        let end = (span.end as usize).clamp(start, (line_start + line.len()).max(start));
        let mut excerpt = Self {
            name: visible(source.name()).into_owned(),
            text: String::new(),
            label: SourceSpan::new(0.into(), 0),
            line: position.line - 1,
            column: position.column - 1,
            first_line: position.line - 1,
            lines: 1,
        };
        let previous = before.get(..line_start).and_then(|lines| lines.strip_suffix('\n'));
        if let Some(previous) = previous.and_then(|lines| lines.rsplit('\n').next()) {
            excerpt.first_line -= 1;
            excerpt.push_head(previous);
            excerpt.text.push('\n');
        }
        excerpt.push_labelled(line, start - line_start, end - line_start);
        let next = text.get(line_end..).and_then(|rest| rest.strip_prefix('\n'));
        if let Some(next) = next.filter(|rest| !rest.is_empty()).and_then(|it| it.lines().next()) {
            excerpt.text.push('\n');
            excerpt.push_head(next);
        }
        excerpt.lines += excerpt.text.matches('\n').count();
        Some(excerpt)
    }

    /// The place that the message speaks of.
    pub(crate) fn label(&self) -> SourceSpan {
        self.label
    }

    /// A line beside the one that matters: its beginning.
    fn push_head(&mut self, line: &str) {
        let line = line.trim_end_matches('\r');
        let end = offset_of(line, LINE_MAX);
        self.push(line.get(..end).unwrap_or(""));
        if end < line.len() {
            self.text.push('…');
        }
    }

    /// The line with the place in it, from byte `start` to `end`.
    fn push_labelled(&mut self, line: &str, start: usize, end: usize) {
        let (before, rest) = line.split_at_checked(start).unwrap_or((line, ""));
        let (label, after) = rest.split_at_checked(end - start).unwrap_or((rest, ""));
        let (length, column) = (line.chars().count(), before.chars().count());
        let reach = column + label.chars().count();
        let dropped = if length <= LINE_MAX || reach <= LINE_MAX {
            0
        } else {
            column.saturating_sub(BEFORE_MAX)
        };
        let mut left = LINE_MAX;
        if dropped > 0 {
            self.text.push('…');
        }
        let before = before.get(offset_of(before, dropped)..).unwrap_or("");
        self.push(before);
        left -= before.chars().count().min(left);
        let at = self.text.len();
        let shown = label.get(..offset_of(label, left)).unwrap_or("");
        self.push(shown);
        self.label = SourceSpan::new(at.into(), self.text.len() - at);
        left -= shown.chars().count().min(left);
        let tail = after.get(..offset_of(after, left)).unwrap_or("");
        self.push(tail);
        if shown.len() < label.len() || tail.len() < after.len() {
            self.text.push('…');
        }
    }

    /// The text of files is as hostile as that of logs. Tabs are spread by who prints the lines.
    fn push(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '\u{feff}' => {}
                '\t' => self.text.push(character),
                _ if is_hidden(character) => self.text.extend(character.escape_default()),
                _ => self.text.push(character),
            }
        }
    }
}

/// The byte offset of the character number `count`, or the end.
fn offset_of(text: &str, count: usize) -> usize {
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

impl SourceCode for Excerpt {
    /// The place alone where no lines around it are asked for, else all that is shown.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let whole = SourceSpan::new(0.into(), self.text.len());
        let (span, line, column, lines) = if before > 0 || after > 0 {
            (whole, self.first_line, 0, self.lines)
        } else {
            (*span, self.line, self.column, 1)
        };
        let shown = span.offset()..span.offset() + span.len();
        let data = self.text.as_bytes().get(shown).ok_or(MietteError::OutOfBounds)?;
        let name = self.name.clone();
        Ok(Box::new(MietteSpanContents::new_named(name, data, span, line, column, lines)))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::Source;
    use super::*;

    /// What is shown of the place of `mark` in `text`.
    #[track_caller]
    fn check(text: &str, mark: &str, expected: Expect) {
        let mut sources = Sources::default();
        let source = sources.add(Source::new("a.json", text));
        let start = text.find(mark).unwrap();
        let at = |offset: usize| u32::try_from(offset).unwrap();
        let span = Span { source, start: at(start), end: at(start + mark.len()) };
        let excerpt = Excerpt::new(&sources, span).unwrap();
        let label = &excerpt.text[excerpt.label.offset()..][..excerpt.label.len()];
        let (line, column) = (excerpt.line + 1, excerpt.column + 1);
        let first = excerpt.first_line + 1;
        expected.assert_eq(&format!("{}\n{label} at {line}:{column}, from {first}", excerpt.text));
    }

    #[test]
    fn the_lines_around_a_place() {
        check(
            "{\n  \"a\": 1\n}\n",
            "1",
            expect![[r#"
            {
              "a": 1
            }
            1 at 2:8, from 1"#]],
        );
        check(
            "a\r\nb\r\nc",
            "b",
            expect![[r#"
            a
            b
            c
            b at 2:1, from 1"#]],
        );
        check(
            "a",
            "a",
            expect![[r#"
            a
            a at 1:1, from 1"#]],
        );
    }

    #[test]
    fn an_object_of_several_lines_is_shown_by_its_first() {
        check(
            "[\n{\n1}]",
            "{\n1}",
            expect![[r#"
            [
            {
            1}]
            { at 2:1, from 1"#]],
        );
    }

    #[test]
    fn of_a_long_line_the_part_around_the_place_is_shown() {
        let line = format!("[{}77, {}]", "1, ".repeat(1000), "2, ".repeat(1000));
        check(
            &line,
            "77",
            expect![[r#"
            …1, 1, 1, 1, 1, 1, 1, 1, 77, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,…
            77 at 1:3002, from 1"#]],
        );
        check(
            &line,
            &line[1..3000],
            expect![[r#"
            [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,…
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, at 1:2, from 1"#]],
        );
    }

    #[test]
    fn hidden_characters_are_written_out() {
        check(
            "\u{feff}\u{1b}[2J\u{202e}ab",
            "ab",
            expect![[r#"
            \u{1b}[2J\u{202e}ab
            ab at 1:6, from 1"#]],
        );
    }
}
