//! What leaves subnets past the firewall, as text and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::net::IpSet;
use crate::path::bypass::{Gap, SubnetBypass};
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
        grid.push(vec![
            "inspected".to_owned(),
            format!("firewall {}", terminal(firewall)),
            shown(set),
        ]);
    }
    for gap in &subnet.gaps {
        let mark = if gap.is_allowed { "allowed" } else { "BYPASS" };
        let text = format!("{}: {}", shown(&gap.addresses), terminal(&gap.reason));
        grid.push(vec![mark.to_owned(), gap.hop.to_string(), text]);
    }
    for open in &subnet.open {
        let text = format!("{}: depends on {}", shown(&open.addresses), terminal(&open.need));
        grid.push(vec!["UNKNOWN".to_owned(), String::new(), text]);
    }
    if subnet.inspected.is_empty() {
        grid.push(vec![String::new(), String::new(), "no route leads to a firewall".to_owned()]);
    }
    let (_, body) = grid.lines(width);
    out.push_str(&body);
    out.push('\n');
}

fn shown(set: &IpSet) -> String {
    let all = set.prefixes();
    if all.len() <= SHOWN {
        return all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    }
    // A long list reads better as what is left out of everything.
    let rest = IpSet::all().in_family(crate::net::IpFamily::V4).without(set);
    let rest_prefixes = rest.prefixes();
    if rest_prefixes.len() <= SHOWN && set.v6().is_empty() {
        let rest: Vec<String> = rest_prefixes.iter().map(ToString::to_string).collect();
        return format!("everything but {}", rest.join(", "));
    }
    let head: Vec<String> = all.iter().take(SHOWN / 2).map(ToString::to_string).collect();
    format!("{} and {} more prefixes", head.join(", "), all.len() - head.len())
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
