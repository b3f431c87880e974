//! `azfw show --tags`: names whose content stands elsewhere, one renderer per format.

use std::fmt::Write as _;

use serde::Serialize;

use super::json::PositionJson;
use crate::analyse::tags::UsedTag;
use crate::report::sanitize::{csv_cell, markdown_cell};
use crate::report::verdict::{RuleJson, wrapped};
use crate::source::Sources;

/// `show --tags --format json`.
#[derive(Debug, Serialize)]
pub struct TagsJson {
    pub tags: Vec<TagJson>,
    /// How many of them the given data does not cover.
    pub not_covered: usize,
}

/// One name.
#[derive(Debug, Serialize)]
pub struct TagJson {
    pub kind: &'static str,
    pub name: String,
    pub covered: bool,
    pub uses: Vec<UseJson>,
}

/// One rule that uses it.
#[derive(Debug, Serialize)]
pub struct UseJson {
    pub rule: RuleJson,
    pub position: Option<PositionJson>,
}

/// The names as JSON.
#[must_use]
pub fn tags_json(tags: &[UsedTag], sources: &Sources) -> TagsJson {
    let row = |tag: &UsedTag| TagJson {
        kind: tag.kind.name(),
        name: tag.name.clone(),
        covered: tag.is_covered,
        uses: tag
            .uses
            .iter()
            .map(|it| UseJson {
                rule: RuleJson::from(&it.rule),
                position: it.span.and_then(|span| sources.position(span)).map(Into::into),
            })
            .collect(),
    };
    TagsJson {
        tags: tags.iter().map(row).collect(),
        not_covered: tags.iter().filter(|tag| !tag.is_covered).count(),
    }
}

/// The names for a terminal of `width` columns; a `?` marks those that are not covered.
#[must_use]
pub fn tags_text(tags: &[UsedTag], width: usize) -> String {
    let mut out = String::new();
    let mut last = None;
    for tag in tags {
        if last != Some(tag.kind) {
            let gap = if last.is_some() { "\n" } else { "" };
            let _ = writeln!(out, "{gap}{}", heading(tag));
            last = Some(tag.kind);
        }
        let mark = if tag.is_covered { ' ' } else { '?' };
        let _ = writeln!(out, "  {mark} {}", tag.name);
        let rules: Vec<String> = tag.uses.iter().map(|it| it.rule.to_string()).collect();
        for line in wrapped(&rules.join(", "), width.saturating_sub(6)) {
            let _ = writeln!(out, "      {line}");
        }
    }
    let unknown = tags.iter().filter(|tag| !tag.is_covered).count();
    match (tags.len(), unknown) {
        (0, _) => out.push_str("no tags, web categories or IP Groups are used\n"),
        (all, 0) => {
            let _ = writeln!(out, "\nall {all} are known from the given files");
        }
        (all, unknown) => {
            let _ =
                writeln!(out, "\n{unknown} of {all} are not known from the given files (marked ?)");
        }
    }
    out
}

fn heading(tag: &UsedTag) -> String {
    let name = tag.kind.name();
    let plural = name.strip_suffix('y').map_or(format!("{name}s"), |stem| format!("{stem}ies"));
    let mut letters = plural.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The names as a Markdown table.
#[must_use]
pub fn tags_markdown(tags: &[UsedTag]) -> String {
    let mut out = String::from("| Kind | Name | Known | Rules |\n|---|---|---|---|\n");
    for tag in tags {
        let rules: Vec<String> = tag.uses.iter().map(|it| it.rule.to_string()).collect();
        let known = if tag.is_covered { "yes" } else { "no" };
        let (name, rules) = (markdown_cell(&tag.name), rules.join(", "));
        let _ =
            writeln!(out, "| {} | {name} | {known} | {} |", tag.kind.name(), markdown_cell(&rules));
    }
    out
}

/// The names as CSV, a row for each use.
///
/// # Errors
///
/// Never in practice: the writer writes to memory.
pub fn tags_csv(tags: &[UsedTag], sources: &Sources) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["Kind", "Name", "Known", "Rule", "Position"])?;
    for tag in tags {
        for used in &tag.uses {
            let position = used.span.and_then(|span| sources.position(span));
            let row = [
                tag.kind.name().to_owned(),
                tag.name.clone(),
                if tag.is_covered { "yes" } else { "no" }.to_owned(),
                used.rule.to_string(),
                position.map(|position| position.to_string()).unwrap_or_default(),
            ];
            writer.write_record(row.iter().map(|cell| csv_cell(cell).into_owned()))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
