//! The cube as JSON for the script of the page.

use std::fmt::{self, Display, Formatter};

use askama::filters::HtmlSafe;
use serde::Serialize;

use super::rollup::Rolls;
use crate::report::sanitize;
use crate::tables::{Cell, CellEnds, Cube};

/// JSON that can stand in a `<script>` element: nothing in it ends the element or begins markup.
#[derive(Debug)]
pub(super) struct ScriptData(String);

impl HtmlSafe for ScriptData {}

impl Display for ScriptData {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Columns of connections, and of their cells one connection after the other. −1 stands for
/// "unknown", −2 for "adds up smaller ones".
#[derive(Debug, Default, Serialize)]
struct CubeJson {
    first_second: i64,
    bucket_seconds: u64,
    buckets: u64,
    others: u64,
    texts: Vec<String>,
    /// For each text the place of its registrable domain or subnet; 0: none.
    roll: Vec<usize>,
    class: Vec<u8>,
    source: Vec<i64>,
    target: Vec<i64>,
    port: Vec<i32>,
    protocol: Vec<i64>,
    rule: Vec<i64>,
    /// How many cells each connection has.
    cells: Vec<usize>,
    /// Steps since the cell before of the same connection, or since the begin.
    steps: Vec<i64>,
    records: Vec<u64>,
}

const UNKNOWN: i32 = -1;
const ADDED_UP: i32 = -2;

impl ScriptData {
    pub(super) fn new(cube: &Cube, rolls: &Rolls) -> Self {
        let texts = cube.texts.iter().chain(&rolls.texts);
        let mut json = CubeJson {
            first_second: cube.first_second,
            bucket_seconds: cube.bucket_seconds,
            buckets: cube.buckets,
            others: cube.others,
            texts: texts.map(|text| sanitize::terminal(text).into_owned()).collect(),
            roll: rolls.of.clone(),
            ..CubeJson::default()
        };
        for cells in cube.cells.chunk_by(|a, b| a.class == b.class && a.ends == b.ends) {
            json.connection(cells);
        }
        Self(in_script(&serde_json::to_string(&json).unwrap_or_else(|_| "null".to_owned())))
    }
}

impl CubeJson {
    fn connection(&mut self, cells: &[Cell]) {
        let Some(Cell { class, ends, .. }) = cells.first() else { return };
        let place = |of: fn(&CellEnds) -> usize| match ends {
            None => ADDED_UP.into(),
            Some(ends) if of(ends) == 0 => UNKNOWN.into(),
            Some(ends) => i64::try_from(of(ends)).unwrap_or(UNKNOWN.into()),
        };
        self.class.push(*class as u8);
        self.source.push(place(|ends| ends.source));
        self.target.push(place(|ends| ends.target));
        self.protocol.push(place(|ends| ends.protocol));
        self.rule.push(place(|ends| ends.rule));
        let port = |ends: CellEnds| ends.port.map_or(UNKNOWN, i32::from);
        self.port.push(ends.map_or(ADDED_UP, port));
        self.cells.push(cells.len());
        let mut before = 0;
        for cell in cells {
            self.steps.push(cell.bucket.map_or(UNKNOWN.into(), |bucket| bucket - before));
            self.records.push(cell.records);
            before = cell.bucket.unwrap_or(before);
        }
    }
}

/// In JSON these characters occur within strings alone, where they can be written out.
fn in_script(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_script_ends_it() {
        let hostile = r#"["</script><!--&amp;"]"#.replace("amp;", "\u{2028}\u{2029}");
        let safe = in_script(&hostile);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{safe}");
        let back: Vec<String> = serde_json::from_str(&safe).unwrap();
        assert_eq!(back, ["</script><!--&\u{2028}\u{2029}"]);
    }
}
