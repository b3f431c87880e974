//! Out of a subnet: groups, the route, and where it points.

use std::net::IpAddr;

use super::hop::{HopVerdict, Layer};
use super::packet::{Packet, Place};
use super::routes::{NextHop, Route, Routes};
use super::topology::{Direction, Firewall};
use super::walk::{MachineKind, Spot, Step, Walk};
use crate::net::IpSet;

impl<'a> Walk<'a> {
    /// From a subnet into the network: groups, the route, and what stands there.
    pub(super) fn leave(&mut self, spot: Spot<'a>) {
        if self.groups(spot, Direction::Outbound) == Step::End {
            return;
        }
        let routes = Routes::of(self.world.topology, spot.subnet);
        if let Some(route) = self.route(spot, &routes) {
            self.follow(spot, &route);
        }
    }

    /// The route that the destination takes from a subnet. Where it may take several, the widest is
    /// followed and the rest is said to be open.
    pub(super) fn route(&mut self, spot: Spot<'a>, routes: &Routes) -> Option<Route> {
        let title = format!("route from {}", spot.subnet.name);
        let mut shares = routes.shares(self.packet.destination.addresses());
        let size = |set: &IpSet| -> u128 {
            set.v4().iter().map(|&(first, last)| u128::from(last - first) + 1).sum()
        };
        shares.sort_by_key(|(_, share)| std::cmp::Reverse(size(share)));
        let mut shares = shares.into_iter();
        let Some((Some(route), share)) = shares.next() else {
            self.hop(Layer::Route, &title, HopVerdict::Drop, "no route to the destination");
            return None;
        };
        let others: Vec<(Option<&Route>, IpSet)> =
            shares.filter(|(other, _)| other.map(|other| other.hop) != Some(route.hop)).collect();
        let mut needs: Vec<String> =
            routes.doubts(&share, route.hop).map(|doubt| doubt.need.to_string()).collect();
        if !others.is_empty() {
            needs.push(format!("the destination's address (`--resolve`): {}", other_ways(&others)));
            self.is_conditional = true;
            if let Some(place) = Place::within(share, &self.packet.destination.to_string()) {
                self.packet.destination = place;
            }
        }
        needs.dedup();
        let verdict = match route.hop {
            _ if !needs.is_empty() => HopVerdict::Unknown,
            NextHop::None => HopVerdict::Drop,
            NextHop::Appliance(_) => HopVerdict::Forward,
            NextHop::VnetLocal
            | NextHop::Peering
            | NextHop::GlobalPeering
            | NextHop::ServiceEndpoint
            | NextHop::InterfaceEndpoint
            | NextHop::Gateway
            | NextHop::Internet => match self.bypasses {
                Some(false) => HopVerdict::Forward,
                Some(true) | None => HopVerdict::Bypass,
            },
        };
        let step = self.hop(Layer::Route, &title, verdict, &self.route_words(route));
        self.last(|hop| {
            hop.needs = needs;
            hop.rule = (!route.name.is_empty()).then(|| route.name.to_string());
            hop.object = Some(spot.subnet.id.as_str().to_owned());
        });
        (step == Step::On && route.hop != NextHop::None).then(|| route.clone())
    }

    fn route_words(&self, route: &Route) -> String {
        let mut words = route.to_string();
        if route.name.is_empty() {
            words.push_str(&format!(" ({})", route.reason));
        }
        if let NextHop::Appliance(Some(address)) = route.hop
            && let Some(firewall) = self.firewall_at(address)
        {
            words.push_str(&format!(" = firewall {}", firewall.name));
        }
        words
    }

    pub(super) fn firewall_at(&self, address: IpAddr) -> Option<&'a Firewall> {
        self.world.topology.firewall_at(address)
    }

    /// Goes where a route points.
    pub(super) fn follow(&mut self, spot: Spot<'a>, route: &Route) {
        match route.hop {
            NextHop::VnetLocal
            | NextHop::Peering
            | NextHop::GlobalPeering
            | NextHop::InterfaceEndpoint => {
                self.bypasses = self.bypasses.or(Some(true));
                self.arrive_private(spot, None);
            }
            NextHop::ServiceEndpoint => {
                self.bypasses = self.bypasses.or(Some(true));
                let title = "service endpoint";
                let seen = "the service sees the private address of the source and its subnet";
                match spot.subnet.service_endpoint_policies.first() {
                    None => self.hop(Layer::Endpoint, title, HopVerdict::Allow, seen),
                    Some(policy) => {
                        let reason = format!(
                            "not evaluated: service endpoint policy {} may allow some resources alone",
                            policy.name()
                        );
                        self.hop(Layer::Endpoint, title, HopVerdict::NoData, &reason)
                    }
                };
                self.admit(super::app_service::Via::ServiceEndpoint(spot.subnet));
            }
            NextHop::Internet => {
                self.bypasses = self.bypasses.or(Some(true));
                self.exit_to_internet(spot);
            }
            NextHop::Gateway => {
                self.bypasses = self.bypasses.or(Some(true));
                self.hop(
                    Layer::Endpoint,
                    "gateway",
                    HopVerdict::NoData,
                    "what is behind the gateway is not evaluated (no data)",
                );
            }
            NextHop::Appliance(address) => match address.and_then(|it| self.firewall_at(it)) {
                Some(firewall) => self.through(spot, firewall),
                None => self.through_other(address),
            },
            NextHop::None => {}
        }
    }

    fn through_other(&mut self, address: Option<IpAddr>) {
        let shown = address.map_or_else(|| "(no address)".to_owned(), |it| it.to_string());
        let balancer = address.and_then(|address| {
            let mut balancers = self.world.topology.load_balancers.iter();
            balancers.find(|it| it.frontends.iter().any(|front| front.address == Some(address)))
        });
        let what = match balancer {
            Some(balancer) => format!("load balancer {}", balancer.name),
            None => "no firewall among the files has this address".to_owned(),
        };
        let title = format!("appliance {shown}");
        self.hop(Layer::Endpoint, &title, HopVerdict::Unknown, &what);
        self.last(|hop| hop.needs.push(format!("what the appliance at {shown} does")));
    }

    /// Out to the Internet from a subnet: something has to lend a public address.
    fn exit_to_internet(&mut self, spot: Spot<'a>) {
        let topology = self.world.topology;
        let own = match (spot.machine, self.packet.source.only()) {
            (MachineKind::Interface(nic), Some(source)) => {
                let own = nic.addresses.iter().find(|it| it.address == Some(source));
                own.and_then(|it| it.public.as_ref()).and_then(|id| topology.public_address(id))
            }
            _ => None,
        };
        let node_cluster = match spot.machine {
            MachineKind::Node => {
                self.packet.source.only().and_then(|node| topology.cluster_of(node))
            }
            _ => None,
        };
        let outbound = node_cluster.and_then(|cluster| cluster.outbound.as_deref());
        let title = "egress address";
        if let Some(address) = own.and_then(|own| own.address) {
            let packet = Packet { source: Place::at(address), ..self.packet.clone() };
            self.translate(Layer::SourceNat, title, packet, "public address of the interface");
            return self.arrive_public(Some(Place::at(address)), Some(spot));
        }
        if let Some(gateway) = &spot.subnet.nat_gateway {
            self.hop(
                Layer::SourceNat,
                title,
                HopVerdict::Bypass,
                &format!("NAT gateway {}", gateway.name()),
            );
            return self.arrive_public(None, Some(spot));
        }
        if matches!(spot.machine, MachineKind::None) {
            self.hop(Layer::SourceNat, title, HopVerdict::Bypass, "an outbound address of the app");
            return self.arrive_public(None, Some(spot));
        }
        let verdict = match outbound {
            Some(
                "loadbalancer"
                | "managednatgateway"
                | "userassignednatgateway"
                | "managednatgatewayv2",
            ) => HopVerdict::Bypass,
            None if spot.subnet.default_outbound == Some(false) => HopVerdict::Drop,
            Some(_) | None => HopVerdict::Unknown,
        };
        let reason = match (outbound, verdict) {
            (Some(outbound), HopVerdict::Bypass) => format!("outbound type {outbound}"),
            (Some(outbound), _) => {
                format!(
                    "no egress address: outbound type {outbound} gives nodes none; normally dropped"
                )
            }
            (None, HopVerdict::Drop) => {
                "no egress address: default outbound access is off".to_owned()
            }
            (None, _) => "no public address, NAT gateway or outbound rule is known of".to_owned(),
        };
        let step = self.hop(Layer::SourceNat, title, verdict, &reason);
        if verdict == HopVerdict::Unknown {
            self.last(|hop| {
                hop.needs.push("whether the source has a public address to leave with".to_owned());
            });
        }
        if step == Step::On {
            self.arrive_public(None, Some(spot));
        }
    }
}

fn other_ways(others: &[(Option<&Route>, IpSet)]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = others
        .iter()
        .take(SHOWN)
        .map(|(route, _)| match route {
            Some(route) => format!("{} goes to {}", route.prefix, route.hop),
            None => "some have no route".to_owned(),
        })
        .collect();
    let more = others.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
