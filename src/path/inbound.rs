//! Journeys from the Internet: who holds the public address, and what stands behind it.

use super::arrive::is_public;
use super::hop::{HopVerdict, Layer};
use super::packet::{Packet, Place};
use super::topology::Direction;
use super::walk::{MachineKind, Spot, Step, Walk};

impl Walk<'_> {
    /// From the Internet to a public address.
    pub(super) fn from_internet(&mut self) {
        let topology = self.world.topology;
        let Some(to) = self.packet.destination.only() else {
            return match self.site_of_target() {
                Some(_) => self.arrive_public(None, None),
                None => {
                    self.hop(
                        Layer::Endpoint,
                        "destination",
                        HopVerdict::NoData,
                        "its public address is not known; give it with `--resolve`",
                    );
                }
            };
        };
        if !is_public(self.packet.destination.addresses()) {
            self.hop(
                Layer::Route,
                "Internet",
                HopVerdict::Drop,
                "the destination is a private address",
            );
            return;
        }
        let holder = topology.public_addresses.iter().find(|it| it.address == Some(to));
        let firewall = topology.firewalls.iter().find(|firewall| {
            firewall.public_literals.contains(&to)
                || holder.is_some_and(|holder| {
                    firewall.public.iter().any(|id| id.agrees_with(&holder.id))
                })
        });
        if let Some(firewall) = firewall {
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
                    self.hop(
                        Layer::Firewall,
                        &format!("DNAT of {}", firewall.name),
                        HopVerdict::Unknown,
                        "the translated destination is not known",
                    );
                    self.last(|hop| {
                        hop.needs.push("the address that the DNAT rule names".to_owned())
                    });
                }
                return;
            }
            if let Some(source) = self.inner_place(firewall) {
                let packet = Packet { source, ..self.packet.clone() };
                self.translate(
                    Layer::SourceNat,
                    &format!("source NAT of {}", firewall.name),
                    packet,
                    "DNAT also hides the client behind an address of the firewall's subnet",
                );
            }
            return self.behind(firewall);
        }
        self.bypasses = Some(true);
        if let Some(service) =
            topology.kubernetes.services.iter().find(|it| it.external.contains(&to))
        {
            return self.at_service(service, None);
        }
        if self.at_public_balancer(to) {
            return;
        }
        let nic = holder.and_then(|holder| {
            topology.interfaces.iter().find_map(|nic| {
                let own = nic
                    .addresses
                    .iter()
                    .find(|it| it.public.as_ref().is_some_and(|id| id.agrees_with(&holder.id)))?;
                Some((nic, own))
            })
        });
        if let Some((nic, own)) = nic
            && let Some(address) = own.address
            && let Some(subnet) = own.subnet.as_ref().and_then(|id| topology.subnet(id))
            && let Some(network) = topology.network_of(subnet)
        {
            let packet = Packet { destination: Place::at(address), ..self.packet.clone() };
            self.translate(
                Layer::Endpoint,
                &format!("public address of interface {}", nic.name),
                packet,
                "its private address",
            );
            let spot = Spot { subnet, network, machine: MachineKind::Interface(nic) };
            if self.groups(spot, Direction::Inbound) == Step::On {
                self.reply(subnet, None, false);
            }
            return;
        }
        if self.site_of_target().is_some() {
            return self.arrive_public(None, None);
        }
        let (title, reason) = match holder {
            Some(holder) => {
                let held = holder.holder.as_ref().map(|id| id.as_str().to_owned());
                let held = held.map_or_else(
                    || "what holds it is not among the files".to_owned(),
                    |id| format!("held by {id}, which is not evaluated"),
                );
                (format!("public address {}", holder.name), held)
            }
            None => ("public address".to_owned(), "not among the files".to_owned()),
        };
        self.hop(
            Layer::Endpoint,
            &title,
            HopVerdict::NoData,
            &format!("not evaluated (no data): {reason}"),
        );
    }
}
