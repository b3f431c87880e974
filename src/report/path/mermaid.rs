//! A journey as a Mermaid flow chart, which code hosts draw in a pull request.

use std::fmt::Write as _;

use crate::path::{Hop, HopVerdict, Journey};

/// The chart.
#[must_use]
pub fn mermaid(journey: &Journey) -> String {
    let mut out = String::from("flowchart LR\n");
    let _ = writeln!(out, "  start([\"{}\"])", label(&journey.from));
    let mut last = "start".to_owned();
    for (index, hop) in journey.hops.iter().enumerate() {
        let name = format!("h{}", index + 1);
        let (open, close) = shape(hop);
        let text = format!("{}<br>{}", label(&hop.title), label(&short(&hop.reason)));
        let _ = writeln!(out, "  {name}{open}\"{text}\"{close}");
        let _ = writeln!(out, "  {last} -->|\"{}\"| {name}", label(&hop.before.to_string()));
        if let Some(class) = class(hop.verdict) {
            let _ = writeln!(out, "  class {name} {class}");
        }
        last = name;
    }
    let _ = writeln!(out, "  verdict([\"{}\"])", label(&journey.verdict()));
    let _ = writeln!(out, "  {last} --> verdict");
    out.push_str("  classDef no fill:#fdd,stroke:#a00,color:#000\n");
    out.push_str("  classDef open fill:#ffd,stroke:#880,color:#000\n");
    out
}

fn shape(hop: &Hop) -> (&'static str, &'static str) {
    match hop.verdict {
        HopVerdict::Allow | HopVerdict::Deny | HopVerdict::Unknown | HopVerdict::NoData => {
            ("{{", "}}")
        }
        HopVerdict::Drop | HopVerdict::Bypass | HopVerdict::Forward | HopVerdict::Translate => {
            ("[", "]")
        }
    }
}

fn class(verdict: HopVerdict) -> Option<&'static str> {
    match verdict {
        HopVerdict::Deny | HopVerdict::Drop => Some("no"),
        HopVerdict::Unknown | HopVerdict::NoData | HopVerdict::Bypass => Some("open"),
        HopVerdict::Allow | HopVerdict::Forward | HopVerdict::Translate => None,
    }
}

fn short(text: &str) -> String {
    const MAX: usize = 60;
    if text.chars().count() <= MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MAX - 1).collect();
    format!("{cut}…")
}

/// Text for a label in quotes: names are written by strangers.
fn label(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in crate::report::sanitize::terminal(text).chars() {
        if character.is_alphanumeric() || " .,:;/()=+-_…".contains(character) {
            safe.push(character);
        } else {
            let _ = write!(safe, "#{};", u32::from(character));
        }
    }
    safe
}
