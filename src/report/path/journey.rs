//! A journey for a terminal: one line a hop, what is remarkable below it, the verdict at the end.

use std::fmt::Write as _;

use crate::path::{Hop, HopVerdict, Journey};
use crate::report::verdict::wrapped;

/// Columns that a line of text takes at most.
const WIDTH: usize = 80;
/// Where reasons begin.
const MARGIN: usize = 14;

/// A journey as text.
#[must_use]
pub fn text(journey: &Journey) -> String {
    let mut out = format!("{}  {}\n", journey.from, journey.packet);
    if !journey.to.contains(&journey.packet.destination.to_string()) {
        let _ = writeln!(out, "  to {}", journey.to);
    }
    for (index, hop) in journey.hops.iter().enumerate() {
        write_hop(&mut out, index + 1, hop);
    }
    for need in journey.needs() {
        paragraph(&mut out, "depends on  ", need);
    }
    for missing in &journey.missing {
        paragraph(&mut out, "no data     ", missing);
    }
    for assumption in &journey.assumptions {
        paragraph(&mut out, "assumed     ", assumption);
    }
    let at = journey.decided_at.map(|at| format!(" (hop {})", at + 1)).unwrap_or_default();
    let _ = writeln!(out, "VERDICT  {}{at}", journey.verdict());
    out
}

fn write_hop(out: &mut String, number: usize, hop: &Hop) {
    let verdict = word(hop.verdict);
    let head = format!("{number:>2}  {verdict:<10}");
    let reason = if hop.verdict == HopVerdict::Translate {
        let change = if hop.before.source == hop.after.source {
            format!("to {}", destination(hop))
        } else {
            format!("{} becomes {}", hop.before.source, hop.after.source)
        };
        format!("{}: {change}: {}", hop.title, hop.reason)
    } else {
        format!("{}: {}", hop.title, hop.reason)
    };
    paragraph(out, &head, &reason);
    for note in &hop.notes {
        paragraph(out, &" ".repeat(MARGIN), &format!("! {note}"));
    }
}

fn destination(hop: &Hop) -> String {
    match hop.after.port {
        Some(port) if hop.after.destination.only().is_none() => {
            format!("{}, port {port}", hop.after.destination)
        }
        Some(port) => format!("{}:{port}", hop.after.destination),
        None => hop.after.destination.to_string(),
    }
}

fn word(verdict: HopVerdict) -> &'static str {
    match verdict {
        HopVerdict::Allow => "ALLOW",
        HopVerdict::Deny => "DENY",
        HopVerdict::Drop => "DROP",
        HopVerdict::Bypass => "past fw",
        HopVerdict::Forward => "forward",
        HopVerdict::Translate => "translate",
        HopVerdict::Unknown => "UNKNOWN",
        HopVerdict::NoData => "no data",
    }
}

/// Text behind a head, further lines below its beginning.
pub(super) fn paragraph(out: &mut String, head: &str, text: &str) {
    let indent = " ".repeat(head.chars().count());
    for (index, line) in wrapped(text, WIDTH - indent.len()).into_iter().enumerate() {
        let start = if index == 0 { head } else { &indent };
        let _ = writeln!(out, "{}", format!("{start}{}", line.trim_start()).trim_end());
    }
}
