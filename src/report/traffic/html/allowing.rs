//! For what was denied by default: the rule that would allow it, and nothing else.
//!
//! A rule is shown where the records say all that it needs, with every source that asked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Room;
use crate::net::Fqdn;
use crate::report::page::{Cell, Column, Table};
use crate::report::traffic::remedy::Remedy;
use crate::report::traffic::sheets::is_default;
use crate::tables::{CellClass, Cube, DeniedTargetRow, Summary};

/// More sources than this ask for an IP Group, which nobody can write from here.
const SOURCES_MAX: usize = 12;

/// Adds the column with the rules.
pub(super) fn add(table: &mut Table, summary: &Summary, cube: &Cube, room: Room) {
    table.columns.push(Column::text("what would allow it"));
    table.notes.push(
        "Rules are in the text form that azfw reads, for every source that asked: whether the \
         traffic should pass is yours to decide."
            .to_owned(),
    );
    for (row, denied) in table.rows.iter_mut().zip(&summary.denied_targets.rows) {
        let remedy = Remedy::of(denied.protocol.as_deref(), denied.reason.as_deref());
        let rule = rule(remedy, denied, cube).filter(|rule| rule.len() <= room.characters);
        let mut cell = Cell::text(remedy.text());
        let reason = denied.reason.as_deref().filter(|reason| !is_default(reason));
        cell = cell.with_line("muted", reason.unwrap_or_default());
        if let Some(rule) = rule {
            cell = cell.with_line("code", &rule);
            cell.copy = Some(rule);
        }
        row.cells.push(cell);
    }
}

/// A line of the text form.
fn rule(remedy: Remedy, denied: &DeniedTargetRow, cube: &Cube) -> Option<String> {
    let target = denied.target.as_deref()?;
    let protocol = denied.protocol.as_deref()?;
    let sources = sources(denied, cube)?;
    match remedy {
        Remedy::ApplicationRule => {
            let port = denied.port?;
            // An address is no name, and nothing but a name goes into a rule.
            if target.parse::<IpAddr>().is_ok() || !is_plain(target) || Fqdn::new(target).is_none()
            {
                return None;
            }
            Some(format!("\"{target}\": {protocol}:{port} {sources} -> {target}"))
        }
        Remedy::NetworkRule => {
            let address: IpAddr = target.parse().ok()?;
            match (transport(protocol), denied.port) {
                (Some("icmp"), _) => {
                    Some(format!("\"icmp-{address}\": icmp {sources} -> {address}"))
                }
                (Some(name), Some(port)) => Some(format!(
                    "\"{name}-{port}-{address}\": {name} {sources} -> {address} : {port}"
                )),
                (Some(_) | None, _) => None,
            }
        }
        Remedy::NetworkRuleByAddress | Remedy::NameResolution | Remedy::TlsInspection => None,
    }
}

/// Protocols that a network rule can name.
fn transport(protocol: &str) -> Option<&'static str> {
    ["tcp", "udp", "icmp"].into_iter().find(|known| protocol.eq_ignore_ascii_case(known))
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
}

/// All sources of these denials, separated by commas; nothing where the cube does not hold them all.
fn sources(denied: &DeniedTargetRow, cube: &Cube) -> Option<String> {
    let text = |place: usize| cube.texts.get(place).map(AsRef::as_ref).filter(|_| place > 0);
    let cells = cube.cells.iter().filter(|cell| cell.class == CellClass::DeniedByDefault);
    let mut sources: BTreeSet<IpAddr> = BTreeSet::new();
    for ends in cells.filter_map(|cell| cell.ends) {
        let is_of_row = text(ends.target) == denied.target.as_deref()
            && text(ends.protocol) == denied.protocol.as_deref()
            && ends.port == denied.port;
        if is_of_row {
            sources.insert(text(ends.source)?.parse().ok()?);
        }
    }
    let is_all = sources.len() as u64 == denied.sources;
    if sources.is_empty() || sources.len() > SOURCES_MAX || !is_all {
        return None;
    }
    let sources: Vec<String> = sources.iter().map(ToString::to_string).collect();
    Some(sources.join(", "))
}
