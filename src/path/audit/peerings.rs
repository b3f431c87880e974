//! Peerings that do not take what the firewall forwards.

use std::collections::BTreeSet;

use super::Finding;
use super::routing::{default_hop, firewall_of};
use crate::analyse::check::Level;
use crate::path::forwarded::closed_peering;
use crate::path::routes::Routes;
use crate::path::topology::Topology;

pub(super) fn findings(topology: &Topology, routes: &[Routes]) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (subnet, routes) in topology.subnets.iter().zip(routes) {
        let firewall = firewall_of(topology, default_hop(routes));
        let home = firewall.and_then(|it| it.subnet.as_ref()).and_then(|id| topology.subnet(id));
        let Some(hub) = home.and_then(|home| topology.network_of(home)) else { continue };
        let Some(network) = topology.network_of(subnet) else { continue };
        let Some(peering) = closed_peering(network, hub) else { continue };
        if !seen.insert((network.name.clone(), peering.name.clone())) {
            continue;
        }
        found.push(Finding::new(
            "peering-without-forwarded-traffic",
            Level::Warning,
            format!("{}/{}", network.name, peering.name),
            format!(
                "`allowForwardedTraffic` is off, and what the firewall in {} forwards did not begin there",
                hub.name
            ),
            "set `allowForwardedTraffic` on the peerings of networks behind the firewall",
        ));
    }
    found
}
