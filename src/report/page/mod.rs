//! Pages: one HTML file each, which opens from disk, loads nothing, prints, works without
//! JavaScript, and sorts, searches and copies its tables where JavaScript runs.
//!
//! All pages share `templates/base.html`, its style and its script. Text is made visible by
//! [`sanitize`](super::sanitize) when it enters a [`Cell`], and escaped by the template.

mod document;
mod frame;
mod table;

pub(crate) use document::Picture;
pub use document::{Card, Document, Section};
pub use frame::Frame;
pub use table::{Badge, Cell, Column, Row, Table};

/// Text as a page shows it: control characters made visible, cut to a length.
pub(crate) fn shown(text: &str, characters: usize) -> String {
    let text = super::sanitize::terminal(text);
    match text.char_indices().nth(characters) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
