//! A journey from its origin on: the stations in the order in which a packet meets them.

use std::net::IpAddr;

use super::World;
use super::ends::{Origin, Target};
use super::hop::{Hop, HopVerdict, Journey, Layer, NoData, decision};
use super::nat;
use super::nsg::filter;
use super::packet::{Packet, Place};
use super::routes::{NextHop, Route, Routes};
use super::tags::TagView;
use super::topology::{
    Access, Attached, Direction, Firewall, Interface, Network, Pod, SecurityRule, Site, Subnet,
};
use crate::net::IpSet;

/// Where a packet is when a filter or a router looks at it.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) subnet: &'a Subnet,
    pub(super) network: &'a Network,
    pub(super) machine: MachineKind<'a>,
}

/// What is known of the interface of a machine.
#[derive(Clone, Copy)]
pub(super) enum MachineKind<'a> {
    Interface(&'a Interface),
    /// A node of AKS: its interface is part of a scale set and managed by AKS.
    Node,
    /// No export says.
    Unknown,
    /// Not a machine: a site's integration, a private endpoint.
    None,
}

/// A journey under way.
pub(super) struct Walk<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) packet: Packet,
    pub(super) target: &'a Target,
    pub(super) hops: Vec<Hop>,
    pub(super) bypasses: Option<bool>,
    pub(super) assumptions: Vec<String>,
    pub(super) missing: Vec<String>,
    /// Part of the possible destinations went another way: denials hold for the rest only.
    pub(super) is_conditional: bool,
}

/// Whether the walk goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    On,
    /// Denied, dropped, or nothing more can be told.
    End,
}

impl<'a> Walk<'a> {
    pub(super) fn new(world: &'a World<'a>, packet: Packet, target: &'a Target) -> Self {
        Self {
            world,
            packet,
            target,
            hops: Vec::new(),
            bypasses: None,
            assumptions: target.assumptions.clone(),
            missing: Vec::new(),
            is_conditional: false,
        }
    }

    pub(super) fn finish(self, from: &str, to: &str, packet: Packet) -> Journey {
        let (decision, decided_at) =
            decision(&self.hops, self.world.settings.no_data, self.is_conditional);
        Journey {
            from: from.to_owned(),
            to: to.to_owned(),
            packet,
            hops: self.hops,
            decision,
            decided_at,
            bypasses: self.bypasses,
            assumptions: self.assumptions,
            missing: self.missing,
        }
    }

    /// Adds a station that leaves the packet as it is.
    pub(super) fn hop(
        &mut self,
        layer: Layer,
        title: &str,
        verdict: HopVerdict,
        reason: &str,
    ) -> Step {
        let (before, after) = (self.packet.clone(), self.packet.clone());
        if verdict == HopVerdict::NoData {
            self.missing.push(format!("{title}: {reason}"));
        }
        self.hops.push(Hop {
            layer,
            title: title.to_owned(),
            verdict,
            object: None,
            rule: None,
            reason: reason.to_owned(),
            notes: Vec::new(),
            needs: Vec::new(),
            before,
            after,
        });
        match verdict {
            HopVerdict::Deny | HopVerdict::Drop => Step::End,
            HopVerdict::Allow
            | HopVerdict::Bypass
            | HopVerdict::Forward
            | HopVerdict::Translate
            | HopVerdict::Unknown
            | HopVerdict::NoData => Step::On,
        }
    }

    /// Adds to the station that was added last.
    pub(super) fn last(&mut self, change: impl FnOnce(&mut Hop)) {
        if let Some(hop) = self.hops.last_mut() {
            change(hop);
        }
    }

    pub(super) fn assume(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.assumptions.contains(&text) {
            self.assumptions.push(text);
        }
    }

    /// Gives the packet another source or destination and says why.
    pub(super) fn translate(&mut self, layer: Layer, title: &str, packet: Packet, reason: &str) {
        self.hop(layer, title, HopVerdict::Translate, reason);
        self.packet = packet.clone();
        self.last(|hop| hop.after = packet);
    }

    /// The whole journey of a packet that begins at `origin`.
    pub(super) fn go(&mut self, origin: Origin<'a>) {
        match origin {
            Origin::Pod(pod) => self.start_at_pod(pod),
            Origin::Interface(nic, address) => self.start_at_interface(nic, address),
            Origin::Address(address) => self.start_at_address(address),
            Origin::Site(site) => self.start_at_site(site),
            Origin::Internet(_) => self.start_outside(),
        }
    }

    fn start_at_pod(&mut self, pod: &'a Pod) {
        let topology = self.world.topology;
        if self.resolve_service(pod) == Step::End
            || self.policy(Direction::Outbound, pod) == Step::End
        {
            return;
        }
        let Some(node) = topology.kubernetes.node_of(pod) else {
            self.hop(
                Layer::SourceNat,
                "source NAT",
                HopVerdict::NoData,
                "the pod's node is not known",
            );
            return;
        };
        let cluster = topology.cluster_of(node);
        let Some(spot) = self.spot_of_node(node) else {
            let reason = format!("no subnet among the files holds node {node}");
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
            return;
        };
        if let Some(peer) =
            self.packet.destination.only().and_then(|to| topology.kubernetes.pod_at(to))
        {
            return self.reach_pod(pod, node, peer, spot);
        }
        if !pod.is_host_network
            && let Some(address) = self.packet.source.only()
        {
            let masquerade = topology.kubernetes.masquerade.as_ref();
            let to = self.packet.destination.addresses().clone();
            let source =
                nat::pod_source(cluster, masquerade, Some(spot.network), address, node, &to);
            if let Some(place) = source.place.filter(|place| *place != self.packet.source) {
                let packet = Packet { source: place, source_port: None, ..self.packet.clone() };
                self.translate(Layer::SourceNat, "source NAT", packet, &source.reason);
            }
            source.assumption.into_iter().for_each(|text| self.assume(text));
        }
        let spot = match self.packet.source.only() {
            Some(source) if source != node => {
                self.spot_at(source, MachineKind::Node).unwrap_or(spot)
            }
            Some(_) | None => spot,
        };
        self.leave(spot);
    }

    fn start_at_interface(&mut self, nic: &'a Interface, address: IpAddr) {
        let topology = self.world.topology;
        let own = nic.addresses.iter().find(|it| it.address == Some(address));
        let subnet = own.and_then(|it| it.subnet.as_ref()).and_then(|id| topology.subnet(id));
        let spot = subnet.and_then(|subnet| {
            let network = topology.network_of(subnet)?;
            Some(Spot { subnet, network, machine: MachineKind::Interface(nic) })
        });
        if let Some(spot) = spot {
            self.leave(spot);
        } else {
            let reason = format!("the subnet of interface {} is not among the files", nic.name);
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
        }
    }

    fn start_at_address(&mut self, address: IpAddr) {
        let topology = self.world.topology;
        if let Some(pod) = topology.kubernetes.pod_at(address) {
            return self.start_at_pod(pod);
        }
        let found = topology.subnets_at(address).count();
        if found > 1 {
            self.assume(format!(
                "{address} is in {found} subnets of the files; the first one is taken"
            ));
        }
        if let Some(spot) = self.spot_at(address, MachineKind::Unknown) {
            self.leave(spot);
        } else {
            let reason = format!("no subnet among the files holds {address}");
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
        }
    }

    /// An app enters its subnet with what is routed there; the rest leaves by itself.
    fn start_at_site(&mut self, site: &'a Site) {
        let topology = self.world.topology;
        let subnet = site.subnet.as_ref().map(|id| (id, topology.subnet(id)));
        let Some((id, subnet)) = subnet else {
            return self.leaves_by_itself(site, "the app has no integration with a network");
        };
        let private: IpSet = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
            .iter()
            .filter_map(|it| it.parse::<ipnet::IpNet>().ok())
            .collect();
        let is_private = self.packet.destination.addresses().is_subset(&private);
        let Some(spot) = subnet.and_then(|subnet| {
            Some(Spot { subnet, network: topology.network_of(subnet)?, machine: MachineKind::None })
        }) else {
            let reason = format!("integration subnet {} is not among the files", id.name());
            self.hop(Layer::Route, "route", HopVerdict::NoData, &reason);
            return;
        };
        if !is_private && site.routes_all != Some(true) {
            let routes = Routes::of(topology, spot.subnet);
            let to = self.packet.destination.only();
            let hop = to.and_then(|to| routes.lookup(to)).map(|route| route.hop);
            if hop != Some(NextHop::ServiceEndpoint) {
                if site.routes_all.is_none() {
                    self.assume(format!(
                        "app {} does not route all: its export does not say `vnetRouteAllEnabled`",
                        site.name
                    ));
                }
                return self.leaves_by_itself(
                    site,
                    "route all is off: public traffic never enters the network",
                );
            }
        }
        let title = format!("app {}", site.name);
        let reason = format!("enters the network in subnet {}", spot.subnet.name);
        self.hop(Layer::AppService, &title, HopVerdict::Forward, &reason);
        self.leave(spot);
    }

    fn leaves_by_itself(&mut self, site: &Site, reason: &str) {
        self.bypasses = Some(true);
        let title = format!("app {}", site.name);
        let is_private = !self
            .packet
            .destination
            .addresses()
            .overlaps(&super::topology::public(crate::net::IpFamily::V4));
        if is_private {
            self.hop(
                Layer::AppService,
                &title,
                HopVerdict::Drop,
                &format!("{reason}, and the destination is private"),
            );
            return;
        }
        self.hop(Layer::AppService, &title, HopVerdict::Bypass, reason);
        let outbound: IpSet =
            site.outbound.iter().copied().map(crate::net::IpRange::single).collect();
        let place = Place::within(outbound, &format!("an outbound address of {}", site.name));
        self.arrive_public(place, None);
    }

    /// The node's subnet and network.
    fn spot_of_node(&self, node: IpAddr) -> Option<Spot<'a>> {
        self.spot_at(node, MachineKind::Node)
    }

    /// The subnet that holds `address`; what an interface among the files says wins over `machine`.
    pub(super) fn spot_at(&self, address: IpAddr, machine: MachineKind<'a>) -> Option<Spot<'a>> {
        let topology = self.world.topology;
        let subnet = topology.subnets_at(address).next()?;
        let network = topology.network_of(subnet)?;
        let machine = self.machine(address, network, machine);
        Some(Spot { subnet, network, machine })
    }

    pub(super) fn machine(
        &self,
        address: IpAddr,
        network: &Network,
        otherwise: MachineKind<'a>,
    ) -> MachineKind<'a> {
        let topology = self.world.topology;
        match topology.interface_at(address, network) {
            Some(nic) => MachineKind::Interface(nic),
            None if topology.kubernetes.node_at(address).is_some() => MachineKind::Node,
            None => otherwise,
        }
    }

    /// What the policies of a pod say.
    pub(super) fn policy(&mut self, direction: Direction, pod: &Pod) -> Step {
        let answer =
            self.world.policies.decide(direction, pod, &self.packet, self.target.name.as_ref());
        let way = match direction {
            Direction::Outbound => "egress",
            Direction::Inbound => "ingress",
        };
        let title = format!("k8s {way} of {}/{}", pod.namespace, pod.name);
        let step = self.hop(Layer::Kubernetes, &title, answer.verdict, &answer.reason);
        self.last(|hop| {
            hop.object = Some(format!("{}/{}", pod.namespace, pod.name));
            hop.rule = answer.rule;
            hop.notes = answer.notes;
            hop.needs = answer.needs;
        });
        step
    }

    /// Security admin rules and groups at a spot, in the order of the direction.
    pub(super) fn groups(&mut self, spot: Spot<'a>, direction: Direction) -> Step {
        let topology = self.world.topology;
        let tags = TagView::of(topology, spot.subnet, self.world.settings.vnet_tag);
        match self.admin(spot, direction, &tags) {
            Some(Access::AlwaysAllow) => return Step::On,
            Some(Access::Deny) => return Step::End,
            Some(Access::Allow) | None => {}
        }
        let places = match direction {
            Direction::Outbound => [true, false],
            Direction::Inbound => [false, true],
        };
        for is_interface in places {
            let step = if is_interface {
                self.interface_group(spot, direction, &tags)
            } else {
                self.subnet_group(spot, direction, &tags)
            };
            if step == Step::End {
                return Step::End;
            }
        }
        Step::On
    }

    fn admin(
        &mut self,
        spot: Spot<'a>,
        direction: Direction,
        tags: &TagView<'a>,
    ) -> Option<Access> {
        let topology = self.world.topology;
        let mut access = None;
        for list in &topology.admin_rules {
            let is_known = list.network.as_ref().map(|id| id.agrees_with(&spot.network.id));
            if is_known == Some(false) {
                continue;
            }
            let filtered = filter(&list.rules, direction, &self.packet, tags, topology);
            if filtered.rule.is_none() && filtered.candidates.is_empty() {
                continue;
            }
            let is_sure = is_known == Some(true);
            let found = filtered.access.filter(|_| is_sure);
            let verdict = match found {
                Some(Access::Deny) => HopVerdict::Deny,
                Some(Access::Allow | Access::AlwaysAllow) => HopVerdict::Allow,
                None => HopVerdict::Unknown,
            };
            let rule = filtered.rule.map(|rule| rule.name.to_string());
            let reason = match (&rule, found) {
                (Some(rule), Some(Access::AlwaysAllow)) => {
                    format!("{rule}: always allowed, groups do not matter")
                }
                (Some(rule), _) => rule.clone(),
                (None, _) => "several rules may match".to_owned(),
            };
            self.hop(Layer::AdminRules, "security admin rules", verdict, &reason);
            let mut needs = filtered.needs();
            if !is_sure {
                needs.push("whether the security admin rules apply to this network".to_owned());
            }
            self.last(|hop| {
                hop.rule = rule;
                hop.needs = if verdict == HopVerdict::Unknown { needs } else { Vec::new() };
            });
            access = access.or(found);
        }
        access
    }

    fn subnet_group(&mut self, spot: Spot<'a>, direction: Direction, tags: &TagView<'a>) -> Step {
        let topology = self.world.topology;
        let title = format!("NSG {} of subnet {}", way(direction), spot.subnet.name);
        match topology.group_of_subnet(spot.subnet) {
            Attached::None => Step::On,
            Attached::Missing(id) => self.unknown_group(&title, id.name()),
            Attached::Known(group) => {
                let effective = topology.effective_groups.iter().find(|it| {
                    it.group.agrees_with(&group.id)
                        && it.subnet.as_ref().is_some_and(|id| id.agrees_with(&spot.subnet.id))
                });
                let rules = effective.map_or(&group.rules, |it| &it.rules);
                self.group(&title, &group.name, group.id.as_str(), rules, direction, tags)
            }
        }
    }

    fn interface_group(
        &mut self,
        spot: Spot<'a>,
        direction: Direction,
        tags: &TagView<'a>,
    ) -> Step {
        let topology = self.world.topology;
        match spot.machine {
            MachineKind::None => Step::On,
            MachineKind::Node => {
                self.assume("interfaces of AKS nodes have the NSG that AKS manages: default rules, and what its services of type LoadBalancer need");
                Step::On
            }
            MachineKind::Unknown => {
                let title = format!("NSG {} of the interface", way(direction));
                let reason =
                    "not evaluated (no data): no interface with this address among the files";
                self.hop(Layer::SecurityGroup, &title, HopVerdict::NoData, reason)
            }
            MachineKind::Interface(nic) => {
                let title = format!("NSG {} of interface {}", way(direction), nic.name);
                match topology.group_of_interface(nic) {
                    Attached::None => Step::On,
                    Attached::Missing(id) => self.unknown_group(&title, id.name()),
                    Attached::Known(group) => {
                        let effective = topology.effective_groups.iter().find(|it| {
                            it.group.agrees_with(&group.id)
                                && it.interface.as_ref().is_some_and(|id| id.agrees_with(&nic.id))
                        });
                        let rules = effective.map_or(&group.rules, |it| &it.rules);
                        self.group(&title, &group.name, group.id.as_str(), rules, direction, tags)
                    }
                }
            }
        }
    }

    fn unknown_group(&mut self, title: &str, name: &str) -> Step {
        let reason = format!("not evaluated (no data): {name} is not among the files");
        self.hop(Layer::SecurityGroup, title, HopVerdict::Unknown, &reason);
        self.missing.push(format!("{title}: {name} is not among the files"));
        self.last(|hop| hop.needs.push(format!("network security group `{name}`")));
        Step::On
    }

    fn group(
        &mut self,
        title: &str,
        name: &str,
        id: &str,
        rules: &[SecurityRule],
        direction: Direction,
        tags: &TagView<'a>,
    ) -> Step {
        let filtered = filter(rules, direction, &self.packet, tags, self.world.topology);
        let verdict = match filtered.access {
            Some(Access::Deny) => HopVerdict::Deny,
            Some(Access::Allow | Access::AlwaysAllow) => HopVerdict::Allow,
            None => HopVerdict::Unknown,
        };
        let rule = filtered.rule.map(|rule| {
            (rule.name.rsplit('/').next().unwrap_or(&rule.name).to_owned(), rule.priority)
        });
        let reason = match (&rule, filtered.is_platform) {
            (Some((rule, priority)), _) => format!("{name}/{rule} ({priority})"),
            (None, true) => {
                format!("{name}: an address of the platform, which only its own tags filter")
            }
            (None, false) => {
                let rules: Vec<String> = filtered
                    .candidates
                    .iter()
                    .take(3)
                    .map(|(rule, _)| rule.name.to_string())
                    .collect();
                format!("{name}: {} may match", rules.join(", "))
            }
        };
        let step = self.hop(Layer::SecurityGroup, title, verdict, &reason);
        let needs = filtered.needs();
        self.last(|hop| {
            hop.object = Some(id.to_owned());
            hop.rule = rule.map(|(rule, _)| rule);
            if verdict == HopVerdict::Unknown {
                hop.needs = needs;
            }
            if filtered.is_widened && !tags.widened_by.is_empty() {
                hop.notes.push(format!(
                    "`VirtualNetwork` holds this because of route {}; by address spaces alone it would not match (`--vnet-tag strict`)",
                    tags.widened_by.join(", ")
                ));
            }
        });
        step
    }

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
                self.hop(
                    Layer::Endpoint,
                    "service endpoint",
                    HopVerdict::Allow,
                    "the service sees the private address of the source and its subnet",
                );
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

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
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

impl Default for super::Settings {
    fn default() -> Self {
        Self { vnet_tag: super::tags::VnetTag::Azure, no_data: NoData::Undecided }
    }
}
