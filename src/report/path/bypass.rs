//! What leaves subnets past the firewall, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::net::{IpFamily, IpSet};
use crate::path::bypass::{Gap, SubnetBypass, Way};
use crate::report::grid::{Align, Grid};
use crate::report::sanitize::terminal;

/// How many prefixes a line of text shows; JSON has them all.
const SHOWN: usize = 12;

/// The subnets for a terminal.
#[must_use]
pub fn bypass_text(subnets: &[SubnetBypass], width: usize) -> String {
    let mut out = String::new();
    let platform: Vec<String> = subnets
        .iter()
        .filter(|it| it.is_platform)
        .map(|it| format!("{}/{}", it.network, it.subnet))
        .collect();
    for subnet in subnets.iter().filter(|it| !it.is_platform) {
        one(&mut out, subnet, width);
    }
    if !platform.is_empty() {
        let _ = writeln!(out, "not asked: {} (of the platform)", terminal(&platform.join(", ")));
    }
    let asked = subnets.len() - platform.len();
    let breached = subnets.iter().filter(|it| it.is_breached()).count();
    let open = subnets.iter().filter(|it| it.is_open() && !it.is_breached()).count();
    let _ = writeln!(
        out,
        "{asked} subnet{}: {breached} with traffic past the firewall, {open} not known, {} closed",
        if asked == 1 { "" } else { "s" },
        asked - breached - open
    );
    out
}

fn one(out: &mut String, subnet: &SubnetBypass, width: usize) {
    let table = subnet
        .route_table
        .as_ref()
        .map_or("no route table".to_owned(), |name| format!("route table {name}"));
    let exported = if subnet.is_exported { ", as exported" } else { "" };
    let head = format!(
        "{}/{} {} ({table}{exported})",
        subnet.network,
        subnet.subnet,
        subnet.prefixes.join(",")
    );
    let _ = writeln!(out, "{}", terminal(&head));
    let mut grid = Grid::new(&[("", Align::Left), ("", Align::Left), ("", Align::Left)]);
    for (firewall, set) in &subnet.inspected {
        let text = shown(set, &everything(set));
        grid.push(vec!["inspected".to_owned(), format!("firewall {}", terminal(firewall)), text]);
    }
    for gap in &subnet.gaps {
        let mark = match (gap.way, gap.is_allowed) {
            (Way::Dropped, _) => "dropped",
            (_, true) => "allowed",
            (_, false) => "BYPASS",
        };
        let text = format!("{}: {}", shown(&gap.addresses, &gap.prefixes), terminal(&gap.reason));
        grid.push(vec![mark.to_owned(), gap.hop.to_string(), text]);
    }
    for open in &subnet.open {
        let text = format!(
            "{}: depends on {}",
            shown(&open.addresses, &everything(&open.addresses)),
            terminal(&open.need)
        );
        grid.push(vec!["UNKNOWN".to_owned(), String::new(), text]);
    }
    if subnet.inspected.is_empty() {
        grid.push(vec![String::new(), String::new(), "no route leads to a firewall".to_owned()]);
    }
    let (_, body) = grid.lines(width);
    out.push_str(&body);
    out.push('\n');
}

/// All addresses of the families that a set has.
fn everything(set: &IpSet) -> IpSet {
    let families = [IpFamily::V4, IpFamily::V6].into_iter().filter(|&it| !set.is_empty_in(it));
    families.fold(IpSet::default(), |all, family| all.union(&IpSet::all().in_family(family)))
}

/// A set as the prefixes it is made of, short where it is everything or a prefix with holes.
fn shown(set: &IpSet, around: &IpSet) -> String {
    let all = set.prefixes();
    let (around_prefixes, holes) = (around.prefixes(), around.without(set).prefixes());
    if holes.len() < all.len() && around_prefixes.len() + holes.len() <= SHOWN {
        return if holes.is_empty() {
            list(&around_prefixes)
        } else {
            format!("{} but {}", list(&around_prefixes), list(&holes))
        };
    }
    if all.len() <= SHOWN {
        return list(&all);
    }
    let head: Vec<_> = all.iter().take(SHOWN / 2).copied().collect();
    format!("{} and {} more prefixes", list(&head), all.len() - head.len())
}

fn list(prefixes: &[ipnet::IpNet]) -> String {
    prefixes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// `azfw bypass --format json`.
#[derive(Debug, Serialize)]
pub struct BypassJson {
    pub subnets: Vec<SubnetJson>,
}

#[derive(Debug, Serialize)]
pub struct SubnetJson {
    pub id: String,
    pub network: String,
    pub subnet: String,
    pub prefixes: Vec<String>,
    pub route_table: Option<String>,
    pub is_platform: bool,
    pub effective_routes: &'static str,
    pub inspected: Vec<InspectedJson>,
    pub bypasses: Vec<GapJson>,
    pub unknown: Vec<OpenJson>,
}

#[derive(Debug, Serialize)]
pub struct InspectedJson {
    pub firewall: String,
    pub prefixes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct GapJson {
    pub way: &'static str,
    pub next_hop: String,
    pub source: &'static str,
    pub reason: String,
    pub allowed: bool,
    pub prefixes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct OpenJson {
    pub needs: String,
    pub prefixes: Vec<String>,
}

/// The subnets as JSON, with every prefix.
#[must_use]
pub fn bypass_json(subnets: &[SubnetBypass]) -> BypassJson {
    let prefixes = |set: &IpSet| set.prefixes().iter().map(ToString::to_string).collect();
    let gap = |gap: &Gap| GapJson {
        way: gap.way.name(),
        next_hop: gap.hop.to_string(),
        source: gap.source.name(),
        reason: gap.reason.clone(),
        allowed: gap.is_allowed,
        prefixes: prefixes(&gap.addresses),
    };
    let subnet = |subnet: &SubnetBypass| SubnetJson {
        id: subnet.id.clone(),
        network: subnet.network.clone(),
        subnet: subnet.subnet.clone(),
        prefixes: subnet.prefixes.clone(),
        route_table: subnet.route_table.clone(),
        is_platform: subnet.is_platform,
        effective_routes: if subnet.is_exported { "exported" } else { "computed" },
        inspected: subnet
            .inspected
            .iter()
            .map(|(firewall, set)| InspectedJson {
                firewall: firewall.clone(),
                prefixes: prefixes(set),
            })
            .collect(),
        bypasses: subnet.gaps.iter().map(gap).collect(),
        unknown: subnet
            .open
            .iter()
            .map(|open| OpenJson { needs: open.need.clone(), prefixes: prefixes(&open.addresses) })
            .collect(),
    };
    BypassJson { subnets: subnets.iter().map(subnet).collect() }
}
