//! Writes large logs to measure with: `cargo run --release --example generate_logs -- SHAPE SIZE`.
//!
//! SHAPE is `legacy`, `structured` or `csv`. SIZE is in megabytes, or `day:EVENTS`: so many events
//! within a day, and among them a port scan, a sweep and a beacon. The same arguments give the same
//! bytes.

use std::error::Error;
use std::io::{self, BufWriter, Write};

use azfw::generate::{
    Bulk, Event, PORTAL_HEADER, legacy_record, planted, portal_row, structured_record,
};
use jiff::Timestamp;

const FIREWALL: &str = "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/RG-NETWORK/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW-HUB";
const DAY_US: u64 = 86_400_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: generate_logs legacy|structured|csv MEGABYTES|day:EVENTS";
    let shape = arguments.next().ok_or(usage)?;
    let size = arguments.next().ok_or(usage)?;
    let line: fn(&Event) -> String = match shape.as_str() {
        "legacy" => |event| legacy_record(event, FIREWALL).line,
        "structured" => |event| structured_record(event, FIREWALL).line,
        "csv" => portal_row,
        _ => return Err(usage.into()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, io::stdout().lock());
    if shape == "csv" {
        writeln!(out, "{PORTAL_HEADER}")?;
    }
    let start: Timestamp = "2026-09-15T00:00:00Z".parse()?;
    if let Some(events) = size.strip_prefix("day:") {
        let events: u64 = events.parse()?;
        let gap = u32::try_from(DAY_US / events.max(1)).map_err(|_| usage)?;
        let ordinary = Bulk::new(1, start, gap).take(usize::try_from(events)?);
        for event in ordinary.chain(planted(start)) {
            writeln!(out, "{}", line(&event))?;
        }
    } else {
        let bytes = size.parse::<usize>()? * 1_000_000;
        let mut written = 0;
        // A day holds four million events.
        for event in Bulk::new(1, start, 21_600) {
            if written >= bytes {
                break;
            }
            let line = line(&event);
            writeln!(out, "{line}")?;
            written += line.len() + 1;
        }
    }
    out.flush()?;
    Ok(())
}
