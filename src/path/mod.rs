//! What a packet meets on its way around the firewall: policies of the cluster, source NAT, security
//! groups, routes, the firewall, the far end, and the way back.
//!
//! A [`topology`] is read from exports; a [`World`] adds the rules of its firewalls; [`World::travel`]
//! sends one packet through it. What is not known is a hop of its own and never a silent allow.

mod app_service;
mod arrive;
pub mod audit;
mod balancer;
pub mod bypass;
pub mod carry;
mod ends;
mod firewall;
mod forwarded;
mod groups;
mod hop;
mod in_cluster;
mod inbound;
mod leave;
pub mod nat;
pub mod nsg;
pub mod packet;
mod pods;
mod reply;
mod route_map;
pub mod routes;
mod start;
pub mod tags;
pub mod topology;
mod walk;

pub use app_service::{Admission, Headers, Via, admission};
pub use ends::{EndError, Origin, Target, origin, target};
pub use firewall::Governed;
pub use hop::{Hop, HopVerdict, Journey, Layer, NoData};
pub use pods::{ClusterPolicies, NoPolicies, PodPolicies, PolicyAnswer};

use std::net::IpAddr;

use packet::{Packet, Place};
use tags::VnetTag;
use topology::{Firewall, Topology};
use walk::Walk;

use crate::compile::Ruleset;
use crate::net::IpFamily;

/// How to read what is not documented or not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    pub vnet_tag: VnetTag,
    pub no_data: NoData,
}

/// A topology and what decides in it.
pub struct World<'a> {
    pub topology: &'a Topology,
    pub rules: &'a [Governed],
    pub policies: &'a dyn PodPolicies,
    pub settings: Settings,
}

impl<'a> World<'a> {
    /// The rules of a firewall, or why they are not there.
    fn rules(&self, firewall: &Firewall) -> Result<&'a Ruleset, &'a str> {
        match self.rules.iter().find(|it| it.firewall.agrees_with(&firewall.id)) {
            Some(governed) => governed.rules.as_ref().map_err(String::as_str),
            None => Err("its rules are not among the files"),
        }
    }

    /// Sends one packet from `from` to `to`, as the command line writes them.
    ///
    /// # Errors
    ///
    /// One of them is not understood or not among the files.
    pub fn travel(
        &self,
        from: &str,
        to: &str,
        resolved: Option<IpAddr>,
    ) -> Result<Journey, EndError> {
        let start = origin(from, self.topology)?;
        let target = target(to, resolved, self.topology)?;
        let source = match start {
            Origin::Pod(pod) => pod.addresses.first().copied().map(Place::at).ok_or_else(|| {
                EndError::new(
                    format!("pod `{}/{}` has no address", pod.namespace, pod.name),
                    "export running pods",
                )
            })?,
            Origin::Interface(_, address)
            | Origin::Address(address)
            | Origin::Internet(Some(address)) => Place::at(address),
            Origin::Site(site) => {
                let subnet = site.subnet.as_ref().and_then(|id| self.topology.subnet(id));
                let inside = subnet.and_then(|it| {
                    Place::within(it.addresses.clone(), &format!("an address of {}", it.name))
                });
                inside
                    .or_else(|| {
                        Place::within(topology::public(IpFamily::V4), &format!("app {}", site.name))
                    })
                    .unwrap_or_else(|| target.place.clone())
            }
            Origin::Internet(None) => Place::within(topology::public(IpFamily::V4), "the Internet")
                .unwrap_or_else(|| target.place.clone()),
        };
        let packet = Packet {
            protocol: target.protocol,
            source,
            source_port: None,
            destination: target.place.clone(),
            port: target.port,
        };
        let mut walk = Walk::new(self, packet.clone(), &target);
        walk.go(start);
        Ok(walk.finish(from, to, packet))
    }
}
