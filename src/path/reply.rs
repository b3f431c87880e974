//! The way back: whether the answer passes the same stateful boxes.

use super::hop::{HopVerdict, Layer};
use super::routes::{NextHop, Routes};
use super::topology::{Firewall, Subnet};
use super::walk::Walk;
use crate::net::IpProtocol;

impl<'a> Walk<'a> {
    /// Whether the answer finds the same way back. `subnet` is where the destination stands.
    pub(super) fn reply(
        &mut self,
        subnet: &'a Subnet,
        via: Option<&'a Firewall>,
        is_endpoint: bool,
    ) {
        let topology = self.world.topology;
        let title = "reply";
        let source = self.packet.source.clone();
        let is_of_firewall = |firewall: &Firewall| {
            self.inner_place(firewall)
                .is_some_and(|inner| source.addresses().is_subset(inner.addresses()))
        };
        if is_endpoint && let Some(firewall) = via.filter(|it| !is_of_firewall(it)) {
            let reason = format!(
                "private endpoints answer past the firewall; {} has to translate the source",
                firewall.name
            );
            self.hop(Layer::Reply, title, HopVerdict::Unknown, &reason);
            self.last(|hop| {
                hop.needs.push(
                    "whether the answer of the private endpoint comes back through the firewall"
                        .to_owned(),
                );
            });
            return;
        }
        let routes = Routes::of(topology, subnet);
        let shares = routes.shares(source.addresses());
        let mut hops: Vec<Option<NextHop>> =
            shares.iter().map(|(route, _)| route.map(|it| it.hop)).collect();
        hops.dedup();
        let (&[Some(hop)], Some((Some(route), _))) = (hops.as_slice(), shares.first()) else {
            let verdict = if hops.len() > 1 { HopVerdict::Unknown } else { HopVerdict::Drop };
            let reason =
                if hops.len() > 1 { "it depends on the source's address" } else { "no route back" };
            self.hop(Layer::Reply, title, verdict, reason);
            if verdict == HopVerdict::Unknown {
                self.last(|hop| {
                    hop.needs.push("the source's address, for the way back".to_owned());
                });
            }
            return;
        };
        let needs: Vec<String> =
            routes.doubts(source.addresses(), hop).map(|it| it.need.to_string()).collect();
        let back = match hop {
            NextHop::Appliance(Some(address)) => self.firewall_at(address),
            _ => None,
        };
        let (verdict, reason) =
            way_back(via, back, hop, via.is_some_and(is_of_firewall), self.packet.protocol.ip());
        let verdict = if needs.is_empty() { verdict } else { HopVerdict::Unknown };
        self.hop(Layer::Reply, title, verdict, &format!("{route}: {reason}"));
        self.last(|hop| {
            hop.needs = needs;
            if verdict == HopVerdict::Unknown && hop.needs.is_empty() {
                hop.needs
                    .push("what the firewall does with an answer it has no session for".to_owned());
            }
        });
    }
}

/// Whether the answer passes the same stateful boxes as the question.
fn way_back(
    via: Option<&Firewall>,
    back: Option<&Firewall>,
    hop: NextHop,
    is_translated: bool,
    protocol: IpProtocol,
) -> (HopVerdict, String) {
    let lost = |firewall: &Firewall| {
        let text =
            format!("asymmetric: {} has no session for the answer and drops it", firewall.name);
        // Only TCP has an answer that cannot be taken for a new session.
        if protocol == IpProtocol::TCP {
            (HopVerdict::Drop, text)
        } else {
            (
                HopVerdict::Unknown,
                format!("asymmetric: {} takes the answer for a new session", firewall.name),
            )
        }
    };
    match (via, back) {
        _ if hop == NextHop::None => (HopVerdict::Drop, "the answer is dropped".to_owned()),
        (Some(_), _) if is_translated => (
            HopVerdict::Allow,
            "back to the firewall, whose address the source is: symmetric".to_owned(),
        ),
        (Some(firewall), Some(other)) if firewall.id == other.id => {
            (HopVerdict::Allow, "same firewall: symmetric".to_owned())
        }
        (Some(firewall), None) if !matches!(hop, NextHop::Appliance(_)) => {
            if protocol == IpProtocol::TCP {
                (
                    HopVerdict::Drop,
                    format!(
                        "asymmetric: the answer goes past {}, which then drops the session",
                        firewall.name
                    ),
                )
            } else {
                (HopVerdict::Allow, format!("asymmetric: the answer goes past {}", firewall.name))
            }
        }
        (None, None) if !matches!(hop, NextHop::Appliance(_)) => {
            (HopVerdict::Allow, "direct: symmetric".to_owned())
        }
        (_, Some(other)) => lost(other),
        (_, None) => (HopVerdict::Unknown, "through an appliance that is not known".to_owned()),
    }
}
