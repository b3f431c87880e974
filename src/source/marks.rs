//! Lines and columns of byte offsets, found without reading a text from its beginning each time.

/// Places of which line and column are known: the beginning of each line, and in long lines more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marks(Vec<Mark>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    at: usize,
    line: usize,
    /// Characters before it on its line.
    column: usize,
}

/// An export may be one line of megabytes.
const APART_MAX: usize = 4096;

impl Marks {
    pub(super) fn of(text: &str) -> Self {
        let mut marks = Vec::new();
        let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let lines = text.get(at..).unwrap_or_default().split_inclusive('\n');
        for (line, text) in (1..).zip(lines) {
            let (mut rest, mut column) = (text, 0);
            loop {
                marks.push(Mark { at, line, column });
                let (stretch, more) = rest.split_at(rest.floor_char_boundary(APART_MAX));
                at += stretch.len();
                if more.is_empty() {
                    break;
                }
                column += stretch.chars().count();
                rest = more;
            }
        }
        if text.is_empty() || text.ends_with('\n') {
            let line = marks.last().map_or(0, |mark| mark.line) + 1;
            marks.push(Mark { at, line, column: 0 });
        }
        Self(marks)
    }

    /// Line and column of an offset in the text that these are marks of, both counted from one. `None`
    /// where no character begins there.
    pub(super) fn place(&self, text: &str, offset: usize) -> Option<(usize, usize)> {
        let behind = self.0.partition_point(|mark| mark.at <= offset);
        let Some(mark) = behind.checked_sub(1).and_then(|last| self.0.get(last)) else {
            return text.is_char_boundary(offset).then_some((1, 1));
        };
        let characters = text.get(mark.at..offset)?.chars().count();
        Some((mark.line, mark.column + characters + 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, read from the beginning.
    fn counted(text: &str, offset: usize) -> Option<(usize, usize)> {
        let before = text.get(..offset)?;
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let line = before.matches('\n').count() + 1;
        Some((line, before.rsplit('\n').next().unwrap_or("").chars().count() + 1))
    }

    proptest! {
        #[test]
        fn places_are_those_counted_from_the_beginning(
            text in "\u{feff}?([a-zé漢\r]{0,9}\n?){0,9}",
            times in 1_usize..200,
        ) {
            // Long lines too.
            let text = text.clone() + &text.replace(['\n', '\u{feff}'], "x").repeat(times);
            let marks = Marks::of(&text);
            for offset in 0..=text.len() + 1 {
                prop_assert_eq!(marks.place(&text, offset), counted(&text, offset));
            }
        }
    }
}
