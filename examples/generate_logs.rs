//! Writes large logs to measure with: `cargo run --release --example generate_logs -- SHAPE MEGABYTES`.
//!
//! SHAPE is `legacy`, `structured` or `csv`. The same shape and size give the same bytes.

use std::error::Error;
use std::io::{self, BufWriter, Write};

use azfw::generate::{Bulk, Event, PORTAL_HEADER, legacy_record, portal_row, structured_record};
use jiff::Timestamp;

const FIREWALL: &str = "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/RG-NETWORK/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW-HUB";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: generate_logs legacy|structured|csv MEGABYTES";
    let shape = arguments.next().ok_or(usage)?;
    let bytes = arguments.next().ok_or(usage)?.parse::<usize>()? * 1_000_000;
    let line: fn(&Event) -> String = match shape.as_str() {
        "legacy" => |event| legacy_record(event, FIREWALL).line,
        "structured" => |event| structured_record(event, FIREWALL).line,
        "csv" => portal_row,
        _ => return Err(usage.into()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let mut written = 0;
    if shape == "csv" {
        writeln!(out, "{PORTAL_HEADER}")?;
    }
    let start: Timestamp = "2026-09-15T00:00:00Z".parse()?;
    // A day holds four million events.
    for event in Bulk::new(1, start, 21_600) {
        if written >= bytes {
            break;
        }
        let line = line(&event);
        writeln!(out, "{line}")?;
        written += line.len() + 1;
    }
    out.flush()?;
    Ok(())
}
