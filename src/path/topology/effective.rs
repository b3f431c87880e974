//! Effective routes as Azure reports them (`az network nic show-effective-route-table`).

use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Topology;
use super::fields::{Fields, prefix};

/// The routes of one interface.
#[derive(Debug, Clone)]
pub struct EffectiveRoutes {
    /// The file's name without its ending: the answer itself names no interface.
    pub file: SmolStr,
    pub routes: Vec<EffectiveRoute>,
}

/// A route of the answer, words as written.
#[derive(Debug, Clone)]
pub struct EffectiveRoute {
    pub name: SmolStr,
    pub prefixes: Vec<IpNet>,
    pub hop: SmolStr,
    pub address: Option<IpAddr>,
    /// `Default`, `User` or `VirtualNetworkGateway`.
    pub source: SmolStr,
    pub is_active: bool,
}

/// One route of the answer in `file`.
pub(super) fn effective_route(topology: &mut Topology, fields: Fields<'_>, file: &str) {
    let texts = fields.texts(&["addressPrefix"]);
    let route = EffectiveRoute {
        name: fields.text("name").unwrap_or_default(),
        prefixes: texts.iter().filter_map(|text| prefix(text)).collect(),
        hop: fields.text("nextHopType").unwrap_or_default(),
        address: fields.texts(&["nextHopIpAddress"]).first().and_then(|text| text.parse().ok()),
        source: fields.text("source").unwrap_or_default(),
        is_active: fields.text("state").is_none_or(|state| state.eq_ignore_ascii_case("Active")),
    };
    match topology.effective_routes.iter_mut().find(|known| known.file == file) {
        Some(known) => known.routes.push(route),
        None => topology
            .effective_routes
            .push(EffectiveRoutes { file: file.into(), routes: vec![route] }),
    }
}
