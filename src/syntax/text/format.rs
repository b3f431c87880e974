//! Formats a file: indentation and spacing, nothing else.

use nom::Parser;

use super::line::{Line, line};
use super::split::{PieceKind, RawLine, lines};
use super::{TextErrors, parse};
use crate::source::SourceId;

/// The same text with the usual indentation and spacing. Comments and the order of lines stay,
/// several empty lines become one.
///
/// # Errors
/// All that is wrong with the text; `source` is the file that the errors' spans point into.
pub fn format(text: &str, source: SourceId) -> Result<String, TextErrors> {
    parse(text, source)?;
    let lines = lines(text);
    let mut out = String::with_capacity(text.len());
    let mut is_gap_due = false;
    for (index, raw) in lines.iter().enumerate() {
        if raw.pieces.is_empty() {
            is_gap_due = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut is_gap_due) {
            out.push('\n');
        }
        // A comment stands as deep as what it comments on.
        let below = lines.get(index..).unwrap_or_default();
        let depth = below.iter().find_map(|raw| depth(text, raw)).unwrap_or(0);
        put_line(&mut out, raw, depth);
    }
    Ok(out)
}

/// How far a line is indented; `None`: it has no content.
fn depth(text: &str, raw: &RawLine<'_>) -> Option<usize> {
    let content = text.get(raw.start..raw.end).filter(|content| !content.is_empty())?;
    match line.parse(content).ok()?.1 {
        Line::Rule { .. } => Some(4),
        Line::Statement { keyword, .. } => {
            let begins_block = ["policy", "firewall", "group", "ip-group"];
            Some(if begins_block.iter().any(|word| keyword.is_word(word)) { 0 } else { 2 })
        }
    }
}

fn put_line(out: &mut String, raw: &RawLine<'_>, depth: usize) {
    let indent = |out: &mut String, depth: usize| out.extend(std::iter::repeat_n(' ', depth));
    indent(out, depth);
    let mut before: Option<PieceKind> = None;
    for piece in &raw.pieces {
        let is_first = matches!(before, None | Some(PieceKind::Break));
        match piece.kind {
            PieceKind::Break => {
                out.push('\n');
                indent(out, depth + 4);
            }
            PieceKind::Comment => {
                out.push_str(if is_first { "" } else { "  " });
                out.push_str(piece.text.trim_end());
            }
            PieceKind::Comma => out.push(','),
            PieceKind::Text => {
                let is_apart = !piece.is_glued || before == Some(PieceKind::Comma);
                out.push_str(if is_apart && !is_first { " " } else { "" });
                out.push_str(piece.text);
            }
        }
        before = Some(piece.kind);
    }
    out.push('\n');
}
