//! A page of numbers and tables: all that most commands need.

use std::fmt::{self, Display, Formatter};

use askama::Template;
use askama::filters::HtmlSafe;

use super::{Frame, Table, shown};

const CHARACTERS_MAX: usize = 2_000;

/// One number that says much.
#[derive(Debug, Clone)]
pub struct Card {
    tone: &'static str,
    name: &'static str,
    value: String,
    detail: String,
}

impl Card {
    /// `tone` is a class of the style, such as `denied`.
    #[must_use]
    pub fn new(tone: &'static str, name: &'static str, value: String, detail: &str) -> Self {
        Self { tone, name, value, detail: shown(detail, CHARACTERS_MAX) }
    }
}

/// A drawing within a page, whose style is that of the page.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    // INVARIANT: markup of this program; all text in it is escaped.
    svg: String,
}

impl Picture {
    /// `svg` has no style of its own, and escapes what it shows.
    pub(crate) fn new(svg: String) -> Self {
        Self { svg }
    }
}

impl Display for Picture {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.svg)
    }
}

impl HtmlSafe for Picture {}

/// Tables that answer one question.
#[derive(Debug, Clone)]
pub struct Section {
    id: &'static str,
    title: &'static str,
    /// What is said in place of tables.
    none: &'static str,
    picture: Option<Picture>,
    tables: Vec<Table>,
}

impl Section {
    /// A section without rows says `none`.
    #[must_use]
    pub fn new(
        id: &'static str,
        title: &'static str,
        none: &'static str,
        tables: impl IntoIterator<Item = Table>,
    ) -> Self {
        let tables = tables.into_iter().filter(|table| !table.rows.is_empty());
        let tables = tables.map(Table::stacked).collect();
        Self { id, title, none, picture: None, tables }
    }

    /// A section that is a drawing.
    pub(crate) fn drawn(id: &'static str, title: &'static str, picture: Picture) -> Self {
        Self { id, title, none: "", picture: Some(picture), tables: Vec::new() }
    }
}

/// A page of numbers and tables.
#[derive(Debug, Template)]
#[template(path = "document.html")]
pub struct Document {
    frame: Frame,
    lead: String,
    input: Vec<String>,
    warnings: Vec<String>,
    cards: Vec<Card>,
    sections: Vec<Section>,
}

impl Document {
    /// A page with a title and the answer in one line.
    #[must_use]
    pub fn new(title: &'static str, lead: &str) -> Self {
        Self {
            frame: Frame::new(title, None),
            lead: shown(lead, CHARACTERS_MAX),
            input: Vec::new(),
            warnings: Vec::new(),
            cards: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// What the answer rests on.
    #[must_use]
    pub fn with_input(mut self, text: &str) -> Self {
        self.input.push(shown(text, CHARACTERS_MAX));
        self
    }

    #[must_use]
    pub fn with_warning(mut self, text: &str) -> Self {
        self.warnings.push(shown(text, CHARACTERS_MAX));
        self
    }

    #[must_use]
    pub fn with_cards(mut self, cards: Vec<Card>) -> Self {
        self.cards = cards;
        self
    }

    #[must_use]
    pub fn with_section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// The page. The same contents give the same bytes.
    ///
    /// # Errors
    ///
    /// Fails only by a fault of this program.
    pub fn html(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::{Badge, Cell, Column};

    #[test]
    fn hostile_text_stays_text() {
        let text = "</script><img src=x onerror=alert(1)>\u{202e}\u{1b}[2J";
        let cell = Cell::text(text).with_line("code", text);
        let badge = Cell::badge(Badge::new("denied", text, text), None);
        let table = Table::new("t", text, vec![Column::text(text)], [vec![cell, badge]]);
        let page = Document::new("Title", text)
            .with_input(text)
            .with_warning(text)
            .with_cards(vec![Card::new("denied", "n", "1".to_owned(), text)])
            .with_section(Section::new("s", "S", "none", [table.with_note(text)]))
            .html()
            .unwrap();
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("</script").count(), 1);
        for markup in ["<img", "\u{202e}", "\u{1b}"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("src=x onerror"));
    }

    #[test]
    fn a_section_without_rows_says_so() {
        let table = Table::new("t", "T", vec![Column::text("a")], []);
        let section = Section::new("s", "S", "Nothing here.", [table]);
        let page = Document::new("Title", "lead").with_section(section).html().unwrap();
        assert!(page.contains("Nothing here.") && !page.contains("<table"));
        assert!(page.len() < 100_000);
    }
}
