//! Aligned columns of plain text, readable at any width.
//!
//! All columns but the last are as wide as their widest cell; the last takes the rest of the line
//! and continues below itself, so that nothing is cut off. Cells are text that is safe already.

/// Which edge the cells of a column keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    /// For numbers.
    Right,
}

/// A table of text.
#[derive(Debug, Clone, Default)]
pub struct Grid {
    aligns: Vec<Align>,
    titles: Vec<String>,
    rows: Vec<Vec<String>>,
    /// A column, and how its cells are coloured.
    paint: Option<(usize, Paint)>,
}

/// Adds colour, which takes no place.
pub type Paint = fn(&str) -> String;

const INDENT: usize = 2;
const GAP: usize = 2;
/// The last column is never narrower, even where the line gets longer than the terminal is wide.
const LAST_MIN: usize = 24;

impl Grid {
    #[must_use]
    pub fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            aligns: columns.iter().map(|&(_, align)| align).collect(),
            titles: columns.iter().map(|&(title, _)| title.to_owned()).collect(),
            rows: Vec::new(),
            paint: None,
        }
    }

    /// Colours the cells of a column.
    pub fn paint(&mut self, column: usize, paint: Paint) {
        self.paint = Some((column, paint));
    }

    pub fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The line of titles, then the rows, each ending in a line break.
    #[must_use]
    pub fn lines(&self, width: usize) -> (String, String) {
        let widths = self.widths();
        let mut body = String::new();
        for row in &self.rows {
            self.draw(row, &widths, width, self.paint, &mut body);
        }
        let mut head = String::new();
        self.draw(&self.titles, &widths, width, None, &mut head);
        (head, body)
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.titles.iter().map(|title| columns_of(title)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(columns_of(cell));
            }
        }
        widths
    }

    fn draw(
        &self,
        row: &[String],
        widths: &[usize],
        width: usize,
        paint: Option<(usize, Paint)>,
        text: &mut String,
    ) {
        let mut line = " ".repeat(INDENT);
        let mut margin = INDENT;
        let painted = |place: usize, cell: &str| match paint {
            Some((column, paint)) if column == place => paint(cell),
            Some(_) | None => cell.to_owned(),
        };
        let Some((last, cells)) = row.split_last() else { return };
        for (place, ((cell, &width), &align)) in
            cells.iter().zip(widths).zip(&self.aligns).enumerate()
        {
            let padding = " ".repeat(width.saturating_sub(columns_of(cell)));
            margin += width.max(columns_of(cell)) + GAP;
            let cell = painted(place, cell);
            match align {
                Align::Left => line.extend([cell.as_str(), &padding]),
                Align::Right => line.extend([&padding, cell.as_str()]),
            }
            line.push_str(&" ".repeat(GAP));
        }
        let room = width.saturating_sub(margin).max(LAST_MIN);
        if self.aligns.last() == Some(&Align::Right) {
            let column = widths.last().copied().unwrap_or(0);
            line.push_str(&" ".repeat(column.saturating_sub(columns_of(last))));
        }
        for (index, part) in wrapped(last, room).into_iter().enumerate() {
            if index > 0 {
                line = " ".repeat(margin + GAP);
            }
            line.push_str(&painted(cells.len(), part));
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
}

/// Columns that a text takes on the terminal; wide scripts are taken for narrow ones.
fn columns_of(text: &str) -> usize {
    text.chars().count()
}

/// Text in parts of at most `room` characters, parted behind a blank or a slash where there is one,
/// else behind a dot or a dash; the length of a prefix stays with its address.
///
/// Parts after the first are drawn [`GAP`] further in and have that much less room.
fn wrapped(text: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut rest, mut room) = (text, room);
    while let Some((end, _)) = rest.char_indices().nth(room) {
        let (line, _) = rest.split_at(end);
        let is_soft = |&(at, sign): &(usize, &str)| {
            let after = rest.get(at + 1..).unwrap_or_default();
            sign == " " || !after.starts_with(|next: char| next.is_ascii_digit())
        };
        let behind = |signs: &[char]| {
            let soft = line.rmatch_indices(signs).find(is_soft);
            soft.map(|(at, _)| at + 1).filter(|&at| at > line.len() / 3)
        };
        // A number that is cut would be read as another one.
        let within = || {
            let digits =
                line.len() - line.trim_end_matches(|sign: char| sign.is_ascii_digit()).len();
            let start = line.len() - digits;
            let is_cut =
                rest.get(end..).unwrap_or_default().starts_with(|sign: char| sign.is_ascii_digit());
            (is_cut && start > line.len() / 3).then_some(start)
        };
        let soft = behind(&[' ', '/']).or_else(|| behind(&['.', '-', '_'])).or_else(within);
        let (part, next) = rest.split_at(soft.unwrap_or(end));
        parts.push(part);
        rest = next;
        if parts.len() == 1 {
            room = room.saturating_sub(GAP).max(1);
        }
    }
    parts.push(rest);
    parts
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(width: usize, rows: &[[&str; 3]], expected: Expect) {
        let columns = [("hits", Align::Right), ("kind", Align::Left), ("rule", Align::Left)];
        let mut grid = Grid::new(&columns);
        for row in rows {
            grid.push(row.map(str::to_owned).to_vec());
        }
        let (head, body) = grid.lines(width);
        // The bar keeps the indentation, which `expect` would take for its own.
        let text = head + &body;
        let lines: Vec<String> = text.lines().map(|line| format!("|{line}\n")).collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn numbers_stand_right_and_the_last_column_wraps() {
        check(
            44,
            &[
                ["12,345", "nat", "a/b/c"],
                ["6", "network", "Default-Net/collection-of-rules/a-rule with blanks"],
            ],
            expect![[r"
                |    hits  kind     rule
                |  12,345  nat      a/b/c
                |       6  network  Default-Net/
                |                     collection-of-rules/
                |                     a-rule with blanks
            "]],
        );
    }

    #[test]
    fn words_are_parted_where_they_can_be_read() {
        let parts = |text, room| wrapped(text, room).join(" | ");
        let name = "indicator.eastus.cloudapp.azure.com:80";
        assert_eq!(parts(name, 24), "indicator.eastus. | cloudapp.azure.com:80");
        assert_eq!(
            parts("tcp [2001:db8:4860::8888]:8080", 27),
            "tcp [2001:db8:4860::8888]: | 8080"
        );
        assert_eq!(parts("aaaaaaaaaaaaaaaaaaaa", 12), "aaaaaaaaaaaa | aaaaaaaa");
    }

    #[test]
    fn colour_takes_no_place() {
        let mut grid = Grid::new(&[("bar", Align::Left), ("name", Align::Left)]);
        grid.paint(0, |cell| format!("<b>{cell}</b>"));
        grid.push(vec!["##".to_owned(), "a".to_owned()]);
        grid.push(vec!["####".to_owned(), "b".to_owned()]);
        let (head, body) = grid.lines(80);
        assert_eq!(head, "  bar   name\n");
        assert_eq!(body, "  <b>##</b>    a\n  <b>####</b>  b\n");
    }

    proptest! {
        #[test]
        fn wrapping_loses_nothing(text in "[a-zä/ ]{0,60}", room in 4_usize..30) {
            let parts = wrapped(&text, room);
            prop_assert!(parts.iter().all(|part| part.chars().count() <= room));
            prop_assert_eq!(parts.concat(), text);
        }
    }
}
