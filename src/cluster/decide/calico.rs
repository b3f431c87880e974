//! Whether a rule of Calico matches.

use smol_str::SmolStr;

use super::Case;
use super::criteria::port_in;
use crate::cluster::calico::{CalicoMatch, CalicoPort, Entity, Icmp};
use crate::cluster::fit::Fit;
use crate::cluster::packet::{Party, Place};
use crate::net::{IpFamily, IpProtocol};
use crate::syntax::selector::Selector;

impl<'c> Case<'c> {
    /// All criteria that are there have to hold.
    pub(super) fn calico_fit(&self, criteria: &CalicoMatch) -> Fit {
        let protocol = self.packet.protocol;
        if criteria.protocol.is_some_and(|wanted| wanted != protocol)
            || criteria.not_protocol == Some(protocol)
        {
            return Fit::No;
        }
        self.family_fit(criteria.family)
            .and(|| criteria.icmp.map_or(Fit::Yes, |icmp| self.icmp_fit(icmp)))
            .and(|| criteria.not_icmp.map_or(Fit::Yes, |icmp| self.icmp_fit(icmp).not()))
            .and(|| self.entity_fit(&criteria.source, self.source, self.packet.source_port, false))
            .and(|| self.entity_fit(&criteria.destination, self.destination, self.port, true))
            .and(|| {
                if criteria.is_http {
                    Fit::Unknown("it asks for HTTP methods or paths".to_owned())
                } else {
                    Fit::Yes
                }
            })
    }

    fn family_fit(&self, wanted: Option<IpFamily>) -> Fit {
        let Some(wanted) = wanted else { return Fit::Yes };
        let address = self.source.address.or(self.destination.address);
        match address {
            Some(address) => Fit::known(IpFamily::of(address) == wanted),
            None if !self.cluster.has_ipv6 => Fit::known(wanted == IpFamily::V4),
            None => Fit::Unknown("the address family is not known".to_owned()),
        }
    }

    fn icmp_fit(&self, wanted: Icmp) -> Fit {
        if ![IpProtocol::ICMP, IpProtocol::ICMPV6].contains(&self.packet.protocol) {
            return Fit::No;
        }
        match self.packet.icmp {
            Some((kind, code)) => {
                Fit::known(kind == wanted.kind && wanted.code.is_none_or(|wanted| wanted == code))
            }
            None => Fit::Unknown("the ICMP type is not known".to_owned()),
        }
    }

    fn entity_fit(
        &self,
        entity: &Entity,
        party: Party<'c>,
        port: Option<u16>,
        is_destination: bool,
    ) -> Fit {
        let ports = |ports: &[CalicoPort]| {
            Fit::any(ports.iter().map(|wanted| match wanted {
                CalicoPort::Range(range) => port_in(*range, port),
                CalicoPort::Named(name) => self.named_port(name, party, port),
            }))
        };
        let not_ports = || match entity.not_ports.as_slice() {
            [] => Fit::Yes,
            list => ports(list).not(),
        };
        let nets = || entity.nets.as_ref().map_or(Fit::Yes, |nets| self.in_nets(nets, party));
        let not_nets = || match entity.not_nets.as_slice() {
            [] => Fit::Yes,
            list => self.in_nets(list, party).not(),
        };
        let selected = |selector: &Option<Selector>| {
            selector.as_ref().map(|one| self.selector_fit(one, party))
        };
        entity
            .ports
            .as_ref()
            .map_or(Fit::Yes, |list| ports(list))
            .and(not_ports)
            .and(nets)
            .and(not_nets)
            .and(|| selected(&entity.selector).unwrap_or(Fit::Yes))
            .and(|| selected(&entity.not_selector).map_or(Fit::Yes, Fit::not))
            .and(|| match &entity.service {
                Some(service) => self.service_fit(service, party, port.filter(|_| is_destination)),
                None => Fit::Yes,
            })
    }

    /// Selectors mean pods and network sets; the world outside has no labels.
    fn selector_fit(&self, selector: &Selector, party: Party<'c>) -> Fit {
        let cluster = self.cluster;
        let pod = match party.place {
            Place::Pod(_, pod) if pod.is_host_network => Fit::No,
            Place::Pod(_, pod) if pod.is_host_endpoint && pod.addresses.is_empty() => {
                let why = format!("{pod} has no `expectedIPs`, by which rules would know it");
                Fit::of(cluster.has_calico_labels(selector, pod), String::new)
                    .and(|| Fit::Unknown(why))
            }
            Place::Pod(_, pod) if pod.is_host_endpoint => {
                Fit::of(cluster.has_calico_labels(selector, pod), String::new)
            }
            Place::Pod(..) | Place::Node(_) | Place::Outside | Place::Unclear => {
                self.as_pod(party, |pod| {
                    let why = || format!("not all labels that {pod} has are known");
                    Fit::of(cluster.has_calico_labels(selector, pod), why)
                })
            }
        };
        let is_host = match party.place {
            Place::Node(_) => true,
            Place::Pod(_, pod) => pod.is_host_network,
            Place::Outside | Place::Unclear => false,
        };
        let host = if is_host && cluster.has_host_endpoints {
            Fit::Unknown("host endpoints are not evaluated".to_owned())
        } else {
            Fit::No
        };
        let sets = cluster.network_sets.iter().map(|set| {
            let label = |key: &str| cluster.set_label(set, key);
            let is_meant = selector.matches(&label);
            Fit::of(is_meant, || "the labels of a network set are not known".to_owned()).and(|| {
                match (self.in_nets(&set.nets, party), set.is_partial) {
                    (Fit::No, true) => {
                        Fit::Unknown("a network set cannot be read fully".to_owned())
                    }
                    (fit, _) => fit,
                }
            })
        });
        Fit::any([pod, host].into_iter().chain(sets))
    }

    /// Whether the party is an endpoint of a service, and the port one of its.
    fn service_fit(
        &self,
        (namespace, name): &(SmolStr, SmolStr),
        party: Party<'c>,
        port: Option<u16>,
    ) -> Fit {
        let is_it = |service: &&crate::cluster::Service| {
            service.namespace == *namespace && service.name == *name
        };
        let Some(service) = self.cluster.services.iter().find(is_it) else {
            return Fit::Unknown(format!("service {namespace}/{name} is not in the input"));
        };
        let endpoints = self.cluster.endpoints(service, self.packet.protocol);
        let is_party = |endpoint: &super::service::Target| match endpoint.end {
            crate::cluster::End::Pod(id) => party.pod().is_some_and(|(pod, _)| pod == id),
            crate::cluster::End::Address(address) => party.address == Some(address),
            crate::cluster::End::Outside(_) => false,
        };
        let is_port = |endpoint: &super::service::Target| {
            port.is_none() || endpoint.port.is_none() || endpoint.port == port
        };
        if matches!(party.place, Place::Unclear) {
            return Fit::Unknown("who is at the other end is not known".to_owned());
        }
        Fit::known(endpoints.iter().any(|endpoint| is_party(endpoint) && is_port(endpoint)))
    }
}
