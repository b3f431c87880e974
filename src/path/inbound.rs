//! Journeys from the Internet: who holds the public address, and what stands behind it.

use std::net::IpAddr;

use super::arrive::is_public;
use super::hop::{HopVerdict, Layer};
use super::packet::{Packet, Place};
use super::topology::{Direction, Firewall, Interface, InterfaceAddress, PublicAddress};
use super::walk::{MachineKind, Spot, Step, Walk};

impl<'a> Walk<'a> {
    /// From the Internet to a public address.
    pub(super) fn start_outside(&mut self) {
        let topology = self.world.topology;
        let Some(to) = self.packet.destination.only() else {
            return if self.site_of_target().is_some() {
                self.arrive_public(None, None);
            } else {
                let reason = "its public address is not known; give it with `--resolve`";
                self.hop(Layer::Endpoint, "destination", HopVerdict::NoData, reason);
            };
        };
        if !is_public(self.packet.destination.addresses()) {
            let reason = "the destination is a private address";
            self.hop(Layer::Route, "Internet", HopVerdict::Drop, reason);
            return;
        }
        let holder = topology.public_addresses.iter().find(|it| it.address == Some(to));
        let firewall = topology.firewalls.iter().find(|firewall| {
            let is_own = |holder: &PublicAddress| {
                firewall.public.iter().any(|id| id.agrees_with(&holder.id))
            };
            firewall.public_literals.contains(&to) || holder.is_some_and(is_own)
        });
        match firewall {
            Some(firewall) => self.enter_firewall(firewall),
            None => self.past_firewalls(to, holder),
        }
    }

    /// DNAT, and the firewall's own address as the source behind it.
    fn enter_firewall(&mut self, firewall: &'a Firewall) {
        self.bypasses = Some(false);
        let title = format!("firewall {}", firewall.name);
        let before = self.packet.destination.clone();
        let (step, _) = self.rules(firewall, &title);
        if step == Step::End {
            return;
        }
        if self.packet.destination == before {
            // Without rules nobody knows where a DNAT rule sends it.
            if self.world.rules(firewall).is_ok() {
                let title = format!("DNAT of {}", firewall.name);
                let reason = "the translated destination is not known";
                self.hop(Layer::Firewall, &title, HopVerdict::Unknown, reason);
                self.last(|hop| hop.needs.push("what the DNAT rule translates to".to_owned()));
            }
            return;
        }
        if let Some(source) = self.inner_place(firewall) {
            let packet = Packet { source, ..self.packet.clone() };
            let title = format!("source NAT of {}", firewall.name);
            let reason = "DNAT also hides the client behind an address of the firewall's subnet";
            self.translate(Layer::SourceNat, &title, packet, reason);
        }
        self.behind(firewall);
    }

    fn past_firewalls(&mut self, to: IpAddr, holder: Option<&'a PublicAddress>) {
        let topology = self.world.topology;
        self.bypasses = Some(true);
        let service = topology.kubernetes.services.iter().find(|it| it.external.contains(&to));
        if let Some(service) = service {
            return self.at_service(service, None);
        }
        if self.at_balancer(to, None) {
            return;
        }
        if let Some((nic, own)) = holder.and_then(|holder| self.interface_of(holder)) {
            return self.enter_interface(nic, own);
        }
        if self.site_of_target().is_some() {
            return self.arrive_public(None, None);
        }
        let (title, reason) = match holder {
            Some(holder) => {
                let held = holder.holder.as_ref().map_or_else(
                    || "what holds it is not among the files".to_owned(),
                    |id| format!("held by {id}, which is not evaluated"),
                );
                (format!("public address {}", holder.name), held)
            }
            None => ("public address".to_owned(), "not among the files".to_owned()),
        };
        let reason = format!("not evaluated (no data): {reason}");
        self.hop(Layer::Endpoint, &title, HopVerdict::NoData, &reason);
    }

    fn interface_of(
        &self,
        holder: &PublicAddress,
    ) -> Option<(&'a Interface, &'a InterfaceAddress)> {
        let has_it = |own: &&InterfaceAddress| {
            own.public.as_ref().is_some_and(|id| id.agrees_with(&holder.id))
        };
        let mut nics = self.world.topology.interfaces.iter();
        nics.find_map(|nic| Some((nic, nic.addresses.iter().find(has_it)?)))
    }

    fn enter_interface(&mut self, nic: &'a Interface, own: &'a InterfaceAddress) {
        let topology = self.world.topology;
        let title = format!("public address of interface {}", nic.name);
        let subnet = own.subnet.as_ref().and_then(|id| topology.subnet(id));
        let place = subnet.and_then(|subnet| Some((subnet, topology.network_of(subnet)?)));
        let (Some(address), Some((subnet, network))) = (own.address, place) else {
            let reason = "not evaluated (no data): its subnet is not among the files";
            self.hop(Layer::Endpoint, &title, HopVerdict::NoData, reason);
            return;
        };
        let packet = Packet { destination: Place::at(address), ..self.packet.clone() };
        self.translate(Layer::Endpoint, &title, packet, "its private address");
        let spot = Spot { subnet, network, machine: MachineKind::Interface(nic) };
        if self.groups(spot, Direction::Inbound) == Step::On {
            self.reply(subnet, None, false);
        }
    }
}
