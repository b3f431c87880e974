//! Peerings that do not take what an appliance forwards (`allowForwardedTraffic`).
//!
//! <https://learn.microsoft.com/azure/virtual-network/virtual-network-manage-peering>

use super::hop::{HopVerdict, Layer};
use super::topology::{Firewall, Network, Peering};
use super::walk::{Spot, Step, Walk};
use crate::net::IpSet;

impl<'a> Walk<'a> {
    /// Answers that a firewall sends back to another network did not begin in its own.
    pub(super) fn answers_over_peering(&mut self, from: Spot<'a>, firewall: &'a Firewall) {
        let Some(hub) = self.network_of_firewall(firewall) else { return };
        let Some(peering) = closed_peering(from.network, hub) else { return };
        if self.packet.destination.addresses().is_subset(&addresses(hub)) {
            return;
        }
        let title = format!("peering {}/{}", from.network.name, peering.name);
        let reason = "`allowForwardedTraffic` is off: answers that the firewall forwards did not begin in its network";
        self.hop(Layer::Route, &title, HopVerdict::Unknown, reason);
        self.last(|hop| {
            hop.needs.push("whether the peering takes the answers of the firewall".to_owned());
        });
    }

    /// A packet that a firewall forwards to another network, which may not take it.
    pub(super) fn forwarded_over_peering(&mut self, hub: &'a Network) -> Step {
        let topology = self.world.topology;
        let to = self.packet.destination.only();
        let subnet = to.and_then(|to| topology.subnets_at(to).next());
        let Some(network) = subnet.and_then(|subnet| topology.network_of(subnet)) else {
            return Step::On;
        };
        let Some(peering) = closed_peering(network, hub) else { return Step::On };
        if self.packet.source.addresses().is_subset(&addresses(hub)) {
            return Step::On;
        }
        let title = format!("peering {}/{}", network.name, peering.name);
        let reason = "`allowForwardedTraffic` is off: it takes nothing that began elsewhere";
        self.hop(Layer::Route, &title, HopVerdict::Drop, reason)
    }

    fn network_of_firewall(&self, firewall: &Firewall) -> Option<&'a Network> {
        let topology = self.world.topology;
        let subnet = firewall.subnet.as_ref().and_then(|id| topology.subnet(id))?;
        topology.network_of(subnet)
    }
}

/// The peering of `network` with `hub`, where it says that it takes no forwarded traffic.
pub(super) fn closed_peering<'n>(network: &'n Network, hub: &Network) -> Option<&'n Peering> {
    let mut peerings = network.peerings.iter();
    peerings.find(|it| it.remote.agrees_with(&hub.id) && it.takes_forwarded == Some(false))
}

fn addresses(network: &Network) -> IpSet {
    network.prefixes.iter().collect()
}
