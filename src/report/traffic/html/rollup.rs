//! What belongs together: names by registrable domain, sources by subnet.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use foldhash::{HashMap, HashMapExt as _, HashSet};
use smol_str::SmolStr;

use super::Room;
use super::section::number;
use crate::report::page::{Cell, Column, Table, shown};
use crate::report::traffic::sheet::{grouped, per_mille, percent};
use crate::tables::{CellClass, CellEnds, Cube};

/// For each text of a cube what it belongs to.
#[derive(Debug)]
pub(super) struct Rolls {
    /// Follow the texts of the cube.
    pub(super) texts: Vec<SmolStr>,
    /// Places in the texts of the cube and these together; 0: none.
    pub(super) of: Vec<usize>,
}

impl Rolls {
    pub(super) fn new(cube: &Cube) -> Self {
        let mut texts: Vec<SmolStr> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut is_end = vec![false; cube.texts.len()];
        for ends in cube.cells.iter().filter_map(|cell| cell.ends) {
            for place in [ends.source, ends.target] {
                if let Some(is_end) = is_end.get_mut(place) {
                    *is_end = place > 0;
                }
            }
        }
        let mut place_of = |text: String| {
            *places.entry(text).or_insert_with_key(|text| {
                texts.push(text.as_str().into());
                cube.texts.len() + texts.len() - 1
            })
        };
        let of = cube.texts.iter().zip(&is_end).map(|(text, is_end)| {
            let wider = if *is_end { wider(text) } else { None };
            wider.map_or(0, &mut place_of)
        });
        let of = of.collect();
        Self { texts, of }
    }

    fn text<'a>(&'a self, cube: &'a Cube, place: usize) -> Option<&'a str> {
        let roll = self.of.get(place).copied().filter(|roll| *roll > 0)?;
        let own = roll.checked_sub(cube.texts.len()).and_then(|own| self.texts.get(own));
        own.map(SmolStr::as_str)
    }
}

/// The subnet of an address, the registrable domain of a name.
fn wider(text: &str) -> Option<String> {
    match text.parse() {
        Ok(IpAddr::V4(address)) => {
            let network = Ipv4Addr::from_bits(address.to_bits() & !0xff);
            Some(format!("{network}/24"))
        }
        Ok(IpAddr::V6(address)) => {
            let network = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
            Some(format!("{network}/64"))
        }
        Err(_) => {
            let name = text.trim_end_matches('.').to_ascii_lowercase();
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if name.is_empty() || !name.chars().all(is_name) {
                return None;
            }
            psl::domain_str(&name).map(str::to_owned)
        }
    }
}

/// How many destinations each source asked for, in the cells that the cube holds.
pub(super) fn fan_out(cube: &Cube) -> HashMap<&str, u64> {
    let mut targets: HashMap<usize, HashSet<usize>> = HashMap::new();
    for (_, ends) in connections(cube) {
        targets.entry(ends.source).or_default().insert(ends.target);
    }
    let count = |(source, targets): (usize, HashSet<usize>)| {
        Some((cube.texts.get(source)?.as_str(), targets.len() as u64))
    };
    targets.into_iter().filter_map(count).collect()
}

#[derive(Debug, Default)]
struct Sum {
    members: HashSet<usize>,
    allowed: u64,
    denied: u64,
}

pub(super) fn domains(cube: &Cube, rolls: &Rolls, room: Room) -> Table {
    let is_name = |ends: &CellEnds| {
        let text = cube.texts.get(ends.target);
        text.is_some_and(|text| text.parse::<IpAddr>().is_err())
    };
    let rows = sums(cube, rolls, |ends| if is_name(ends) { ends.target } else { 0 });
    let title = "Destinations by registrable domain";
    table(("domains", title, "domain", "names"), rows, cube, room)
}

pub(super) fn subnets(cube: &Cube, rolls: &Rolls, room: Room) -> Table {
    let rows = sums(cube, rolls, |ends| ends.source);
    let title = "Sources by subnet (/24, of IPv6 /64)";
    table(("subnets", title, "subnet", "sources"), rows, cube, room)
}

fn connections(cube: &Cube) -> impl Iterator<Item = (&crate::tables::Cell, &CellEnds)> {
    let is_connection = |class| match class {
        CellClass::Allowed | CellClass::DeniedByRule | CellClass::DeniedByDefault => true,
        CellClass::ThreatAlert
        | CellClass::ThreatDenied
        | CellClass::IdpsAlert
        | CellClass::IdpsDenied
        | CellClass::Dnat => false,
    };
    cube.cells.iter().filter_map(move |cell| {
        cell.ends.as_ref().filter(|_| is_connection(cell.class)).map(|ends| (cell, ends))
    })
}

fn sums<'a>(
    cube: &'a Cube,
    rolls: &'a Rolls,
    place: impl Fn(&CellEnds) -> usize,
) -> Vec<(&'a str, Sum)> {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for (cell, ends) in connections(cube) {
        let place = place(ends);
        let Some(name) = rolls.text(cube, place) else { continue };
        let sum = sums.entry(name).or_default();
        sum.members.insert(place);
        if cell.class == CellClass::Allowed {
            sum.allowed += cell.records;
        } else {
            sum.denied += cell.records;
        }
    }
    let mut sums: Vec<(&str, Sum)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.allowed + sum.denied));
    sums
}

fn table(
    (name, title, field, members): (&'static str, &str, &'static str, &str),
    rows: Vec<(&str, Sum)>,
    cube: &Cube,
    room: Room,
) -> Table {
    let columns = vec![
        Column::text(field),
        Column::number("allowed"),
        Column::number("denied"),
        Column::number("deny share"),
        Column::number(members),
    ];
    let left_out = rows.len().saturating_sub(room.rows) as u64;
    let rows = rows.into_iter().take(room.rows).map(|(text, sum)| {
        let name = Cell { field: Some(field), ..Cell::text(&shown(text, room.characters)) };
        let share = deny_share(sum.allowed, sum.denied);
        let members = sum.members.len() as u64;
        vec![name, number(sum.allowed), number(sum.denied), share, number(members)]
    });
    let mut table = Table::new(name, title, columns, rows);
    if left_out > 0 {
        table.more.push(format!("and {} more", grouped(left_out)));
    }
    if cube.others > 0 {
        let note = format!(
            "{} records in many small groups are not told apart here.",
            grouped(cube.others)
        );
        table.notes.push(note);
    }
    table
}

pub(super) fn deny_share(allowed: u64, denied: u64) -> Cell {
    let share = per_mille(denied, allowed + denied);
    Cell::number(share, percent(share, denied > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_belong_to_subnets_and_registrable_domains() {
        let all = [
            "10.1.2.3",
            "2001:db8:0:1:2::3",
            "a.b.example.co.uk",
            "WWW.Example.com.",
            "example.com",
            "com",
            "</script>",
        ];
        let wider = all.map(|text| wider(text).unwrap_or_default());
        let expected = [
            "10.1.2.0/24",
            "2001:db8:0:1::/64",
            "example.co.uk",
            "example.com",
            "example.com",
            "",
            "",
        ];
        assert_eq!(wider, expected);
    }
}
