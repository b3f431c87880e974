//! The effective routes of a subnet, and where an address goes from there.
//!
//! Longest prefix first; of one prefix user-defined before BGP before system. System routes for the
//! network, its peers and service endpoints win over BGP even where BGP is more specific
//! ("Virtual network traffic routing", <https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview>).

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::{SmolStr, format_smolstr};

use super::route_map::RouteMap;
use super::topology::{
    Attached, EffectiveRoute, Network, PrivateEndpoint, RouteTable, Subnet, Topology, WrittenHop,
    WrittenRoute, public,
};
use crate::net::{IpFamily, IpRange, IpSet};

/// Where a route sends packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NextHop {
    VnetLocal,
    Peering,
    GlobalPeering,
    ServiceEndpoint,
    InterfaceEndpoint,
    Gateway,
    Internet,
    /// `None`: the route does not say which.
    Appliance(Option<IpAddr>),
    /// Dropped.
    None,
}

impl NextHop {
    /// The name as effective routes print it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::VnetLocal => "VnetLocal",
            Self::Peering => "VNetPeering",
            Self::GlobalPeering => "VNetGlobalPeering",
            Self::ServiceEndpoint => "VirtualNetworkServiceEndpoint",
            Self::InterfaceEndpoint => "InterfaceEndpoint",
            Self::Gateway => "VirtualNetworkGateway",
            Self::Internet => "Internet",
            Self::Appliance(_) => "VirtualAppliance",
            Self::None => "None",
        }
    }

    /// The hop of a name in any of the spellings that Azure's tools use.
    fn from_text(text: &str, address: Option<IpAddr>) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "vnetlocal" | "virtualnetwork" => Self::VnetLocal,
            "vnetpeering" | "virtualnetworkpeering" => Self::Peering,
            "vnetglobalpeering" => Self::GlobalPeering,
            "virtualnetworkserviceendpoint" => Self::ServiceEndpoint,
            "interfaceendpoint" => Self::InterfaceEndpoint,
            "virtualnetworkgateway" => Self::Gateway,
            "internet" | "microsoftedge" => Self::Internet,
            "virtualappliance" => Self::Appliance(address),
            "none" => Self::None,
            _ => return None,
        })
    }

    /// Whether BGP never wins over a system route to it.
    fn is_before_bgp(self) -> bool {
        matches!(
            self,
            Self::VnetLocal | Self::Peering | Self::GlobalPeering | Self::ServiceEndpoint
        )
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Appliance(Some(address)) => write!(f, "{} {address}", self.name()),
            _ => f.write_str(self.name()),
        }
    }
}

/// Who made a route; of one prefix the later wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteSource {
    Default,
    Bgp,
    User,
}

impl RouteSource {
    /// The word that effective routes print.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "Default",
            Self::Bgp => "VirtualNetworkGateway",
            Self::User => "User",
        }
    }
}

/// One effective route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub prefix: IpNet,
    pub hop: NextHop,
    pub source: RouteSource,
    pub is_active: bool,
    /// The name of a user-defined route; empty for others.
    pub name: SmolStr,
    /// Why it is there.
    pub reason: SmolStr,
    /// Among user-defined routes of one prefix: 0 is written out, then tags from narrow to wide.
    width: u8,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.prefix, self.source.name())?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        write!(f, " -> {}", self.hop)
    }
}

/// Addresses whose next hop is not known for sure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    pub addresses: IpSet,
    /// What would settle it.
    pub need: SmolStr,
    /// Where they go if the doubt is true, where that is known.
    pub hop: Option<NextHop>,
}

/// The routes of one subnet.
#[derive(Debug, Clone)]
pub struct Routes {
    pub routes: Vec<Route>,
    pub doubts: Vec<Doubt>,
    /// Azure's own list was among the files.
    pub is_exported: bool,
    map: RouteMap,
}

impl Routes {
    /// The routes that are in force in `subnet`.
    #[must_use]
    pub fn of(topology: &Topology, subnet: &Subnet) -> Self {
        Self::among(topology, &PlacedEndpoint::all(topology), subnet)
    }

    /// The same, with the private endpoints found before: for many subnets.
    pub(super) fn among(
        topology: &Topology,
        endpoints: &[PlacedEndpoint<'_>],
        subnet: &Subnet,
    ) -> Self {
        if let Some(exported) = exported(topology, subnet) {
            return Self::new(exported, Vec::new(), true);
        }
        let Some(network) = topology.network_of(subnet) else {
            return Self::new(Vec::new(), Vec::new(), false);
        };
        let mut build = Build { topology, routes: Vec::new(), doubts: Vec::new() };
        build.system(network, subnet);
        let table = topology.route_table(subnet);
        build.learned(network, table);
        build.user(table);
        build.private_endpoints(network, endpoints);
        let mut routes = build.routes;
        settle(&mut routes);
        Self::new(routes, build.doubts, false)
    }

    fn new(routes: Vec<Route>, doubts: Vec<Doubt>, is_exported: bool) -> Self {
        let map = RouteMap::new(in_force(&routes).map(|(index, route)| (index, route.prefix)));
        Self { routes, doubts, is_exported, map }
    }

    /// The route that packets to `address` take; `None`: there is none, they are dropped.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Option<&Route> {
        self.routes.get(self.map.lookup(address)?)
    }

    /// Every route that an address of the set takes, with those addresses.
    #[must_use]
    pub fn shares(&self, addresses: &IpSet) -> Vec<(Option<&Route>, IpSet)> {
        let shares = self.map.shares(addresses);
        shares
            .into_iter()
            .map(|(index, share)| (index.and_then(|index| self.routes.get(index)), share))
            .collect()
    }

    /// Every route that some address takes, with the stretches that it owns, ascending.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (&Route, Vec<IpRange>)> {
        let stretches = self.map.by_owner();
        stretches.into_iter().filter_map(|(owner, all)| Some((self.routes.get(owner?)?, all)))
    }

    /// What is not known about where `addresses` go, given that `hop` is the answer so far.
    pub fn doubts<'a>(
        &'a self,
        addresses: &'a IpSet,
        hop: NextHop,
    ) -> impl Iterator<Item = &'a Doubt> {
        self.doubts
            .iter()
            .filter(move |doubt| doubt.hop != Some(hop) && doubt.addresses.overlaps(addresses))
    }
}

/// The active routes that can win: BGP loses to system routes around it.
fn in_force(routes: &[Route]) -> impl Iterator<Item = (usize, &Route)> {
    let is_beaten = |bgp: &Route| {
        let mut others =
            routes.iter().filter(|it| it.is_active && it.source == RouteSource::Default);
        bgp.source == RouteSource::Bgp
            && others.any(|it| it.hop.is_before_bgp() && it.prefix.contains(&bgp.prefix))
    };
    routes.iter().enumerate().filter(move |(_, route)| route.is_active && !is_beaten(route))
}

/// Marks which of the routes of one prefix is active.
fn settle(routes: &mut [Route]) {
    let has_own_default = routes
        .iter()
        .any(|route| route.source == RouteSource::User && route.prefix.prefix_len() == 0);
    let strength =
        |route: &Route| (route.source, std::cmp::Reverse(route.width), route.hop != NextHop::None);
    // Service tags bring hundreds of prefixes: one pass finds the strongest route of each.
    let mut strongest = HashMap::new();
    for route in routes.iter().filter(|route| route.is_active) {
        let best = strongest.entry(route.prefix).or_insert_with(|| strength(route));
        *best = (*best).max(strength(route));
    }
    for route in routes.iter_mut().filter(|route| route.is_active) {
        let is_best = strongest.get(&route.prefix) == Some(&strength(route));
        // "Azure removes the routes for the reserved ranges" where a user-defined 0.0.0.0/0 is.
        let is_removed = has_own_default && route.is_reserved();
        route.is_active = is_best && !is_removed;
    }
}

impl Route {
    fn default(prefix: IpNet, hop: NextHop, reason: impl Into<SmolStr>) -> Self {
        let (source, name) = (RouteSource::Default, SmolStr::default());
        Self { prefix, hop, source, is_active: true, name, reason: reason.into(), width: 0 }
    }

    /// A system route that drops a reserved range.
    fn is_reserved(&self) -> bool {
        self.source == RouteSource::Default && self.hop == NextHop::None
    }
}

/// Ranges that system routes drop.
const RESERVED: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

struct Build<'a> {
    topology: &'a Topology,
    routes: Vec<Route>,
    doubts: Vec<Doubt>,
}

impl Build<'_> {
    fn system(&mut self, network: &Network, subnet: &Subnet) {
        for &prefix in &network.prefixes {
            self.routes.push(Route::default(
                prefix,
                NextHop::VnetLocal,
                "address space of the network",
            ));
        }
        for peering in self.topology.open_peerings(network) {
            let remote = self.topology.network(&peering.remote);
            let is_global = remote.is_some_and(|it| it.location != network.location);
            let hop = if is_global { NextHop::GlobalPeering } else { NextHop::Peering };
            let reason = format_smolstr!("peering {}", peering.name);
            let prefixes = match remote {
                Some(remote) if peering.prefixes.is_empty() => &remote.prefixes,
                Some(_) | None => &peering.prefixes,
            };
            if prefixes.is_empty() {
                let need = format_smolstr!("the address space behind {reason}");
                self.doubts.push(Doubt { addresses: IpSet::all(), need, hop: Some(hop) });
            }
            self.routes
                .extend(prefixes.iter().map(|&prefix| Route::default(prefix, hop, reason.clone())));
        }
        self.service_endpoints(subnet);
        let mut own = network.prefixes.iter().chain(&subnet.prefixes);
        let is_dual = own.any(|prefix| matches!(prefix, IpNet::V6(_)));
        let everything = ["0.0.0.0/0"].into_iter().chain(is_dual.then_some("::/0"));
        for prefix in everything.filter_map(|text| text.parse().ok()) {
            self.routes.push(Route::default(prefix, NextHop::Internet, "system default"));
        }
        for prefix in RESERVED.iter().filter_map(|text| text.parse::<IpNet>().ok()) {
            let is_replaced = network.prefixes.iter().any(|own| own.contains(&prefix));
            if !is_replaced {
                self.routes.push(Route::default(prefix, NextHop::None, "reserved range"));
            }
        }
    }

    fn service_endpoints(&mut self, subnet: &Subnet) {
        for endpoint in &subnet.service_endpoints {
            let service = service_tag(&endpoint.service);
            let is_everywhere = endpoint.locations.is_empty()
                || endpoint.locations.iter().any(|location| location == "*")
                || endpoint.service.ends_with(".Global");
            let tags: Vec<String> = if is_everywhere {
                vec![service.to_string()]
            } else {
                endpoint.locations.iter().map(|location| format!("{service}.{location}")).collect()
            };
            for tag in tags {
                let reason = format_smolstr!("service endpoint {} ({tag})", endpoint.service);
                match self.topology.tag(&tag) {
                    Some(set) => {
                        self.routes.extend(set.prefixes().into_iter().map(|prefix| {
                            Route::default(prefix, NextHop::ServiceEndpoint, reason.clone())
                        }));
                    }
                    None => self.doubts.push(Doubt {
                        addresses: public(IpFamily::V4),
                        need: format_smolstr!("service tag `{tag}`, for the {reason}"),
                        hop: Some(NextHop::ServiceEndpoint),
                    }),
                }
            }
        }
    }

    fn learned(&mut self, network: &Network, table: Attached<'_, RouteTable>) {
        let is_closed = matches!(table, Attached::Known(table) if table.is_closed_to_bgp);
        if is_closed || !self.topology.gateway(network) {
            return;
        }
        for &prefix in &self.topology.learned {
            let source = RouteSource::Bgp;
            let reason = "learned by the gateway";
            self.routes.push(Route { source, ..Route::default(prefix, NextHop::Gateway, reason) });
        }
        if !self.topology.has.learned {
            let near = |route: &Route| route.hop.is_before_bgp().then_some(route.prefix);
            let near: IpSet = self.routes.iter().filter_map(near).collect();
            self.doubts.push(Doubt {
                addresses: IpSet::all().without(&near),
                need: "the routes that the gateway learns".into(),
                hop: Some(NextHop::Gateway),
            });
        }
    }

    fn user(&mut self, table: Attached<'_, RouteTable>) {
        match table {
            Attached::None => {}
            Attached::Known(table) => table.routes.iter().for_each(|route| self.user_route(route)),
            Attached::Missing(id) => self.doubts.push(Doubt {
                addresses: IpSet::all(),
                need: format_smolstr!("route table `{}`", id.name()),
                hop: None,
            }),
        }
    }

    fn user_route(&mut self, written: &WrittenRoute) {
        let hop = match written.hop {
            WrittenHop::VirtualAppliance(address) => NextHop::Appliance(address),
            WrittenHop::VnetLocal => NextHop::VnetLocal,
            WrittenHop::Gateway => NextHop::Gateway,
            WrittenHop::Internet => NextHop::Internet,
            WrittenHop::None => NextHop::None,
        };
        let route = |prefix, width, reason: SmolStr| Route {
            source: RouteSource::User,
            name: written.name.clone(),
            width,
            ..Route::default(prefix, hop, reason)
        };
        if let Ok(prefix) = written.prefix.parse::<IpNet>() {
            return self.routes.push(route(prefix.trunc(), 0, "user-defined".into()));
        }
        let tag = written.prefix.as_str();
        let width = match (tag.split_once('.'), tag.to_ascii_lowercase().starts_with("azurecloud"))
        {
            (Some(_), false) => 1,
            (None, false) => 2,
            (Some(_), true) => 3,
            (None, true) => 4,
        };
        match self.topology.tag(tag) {
            Some(set) => {
                let reason = format_smolstr!("user-defined for tag {tag}");
                let prefixes = set.prefixes().into_iter();
                self.routes.extend(prefixes.map(|prefix| route(prefix, width, reason.clone())));
            }
            None => self.doubts.push(Doubt {
                addresses: public(IpFamily::V4),
                need: format_smolstr!("service tag `{tag}`, for route `{}`", written.name),
                hop: Some(hop),
            }),
        }
    }

    /// The addresses of private endpoints in the network and its peers are routes of their own.
    fn private_endpoints(&mut self, network: &Network, endpoints: &[PlacedEndpoint<'_>]) {
        if endpoints.is_empty() {
            return;
        }
        let peers: Vec<&Network> = self.topology.peers(network).collect();
        for PlacedEndpoint { endpoint, subnet, home } in endpoints {
            if home.id != network.id && !peers.iter().any(|peer| peer.id == home.id) {
                continue;
            }
            let reason = format_smolstr!("private endpoint {}", endpoint.name);
            for &address in &endpoint.addresses {
                let space = home.prefixes.iter().find(|prefix| prefix.contains(&address));
                let space = space.map_or(0, IpNet::prefix_len);
                let is_overruled = subnet.endpoint_policies.route_table
                    && self.routes.iter().any(|route| {
                        route.source == RouteSource::User
                            && route.prefix.contains(&address)
                            && route.prefix.prefix_len() >= space
                    });
                let hop = NextHop::InterfaceEndpoint;
                self.routes.push(Route {
                    is_active: !is_overruled,
                    ..Route::default(address.into(), hop, reason.clone())
                });
            }
        }
    }
}

/// A private endpoint whose subnet and network are among the files.
pub(super) struct PlacedEndpoint<'a> {
    endpoint: &'a PrivateEndpoint,
    subnet: &'a Subnet,
    home: &'a Network,
}

impl<'a> PlacedEndpoint<'a> {
    pub(super) fn all(topology: &'a Topology) -> Vec<Self> {
        let placed = topology.private_endpoints.iter().filter_map(|endpoint| {
            let subnet = topology.subnet(endpoint.subnet.as_ref()?)?;
            Some(Self { endpoint, subnet, home: topology.network_of(subnet)? })
        });
        placed.collect()
    }
}

/// The service tag of a service endpoint.
fn service_tag(service: &str) -> &str {
    let name = service.strip_prefix("Microsoft.").unwrap_or(service);
    match name.to_ascii_lowercase().as_str() {
        "storage.global" => "Storage",
        "keyvault" => "AzureKeyVault",
        "containerregistry" => "AzureContainerRegistry",
        "web" => "AppService",
        "cognitiveservices" => "CognitiveServicesManagement",
        _ => name,
    }
}

/// Azure's own list for the subnet: that of an interface in it, after which the file is named.
fn exported(topology: &Topology, subnet: &Subnet) -> Option<Vec<Route>> {
    let is_inside = |name: &str| {
        topology.interfaces.iter().any(|nic| {
            nic.name.eq_ignore_ascii_case(name)
                && nic
                    .addresses
                    .iter()
                    .any(|it| it.subnet.as_ref().is_some_and(|id| id.agrees_with(&subnet.id)))
        })
    };
    let export = topology.effective_routes.iter().find(|export| {
        let stem = export.file.as_str();
        let parts = stem.char_indices().filter(|&(_, c)| c == '-').map(|(at, _)| at + 1);
        let mut names = std::iter::once(0).chain(parts).filter_map(|at| stem.get(at..));
        names.any(|name| is_inside(name) || name.eq_ignore_ascii_case(&subnet.name))
    })?;
    Some(export.routes.iter().flat_map(exported_route).collect())
}

fn exported_route(route: &EffectiveRoute) -> Vec<Route> {
    let Some(hop) = NextHop::from_text(&route.hop, route.address) else { return Vec::new() };
    let source = match route.source.to_ascii_lowercase().as_str() {
        "user" => RouteSource::User,
        "virtualnetworkgateway" => RouteSource::Bgp,
        _ => RouteSource::Default,
    };
    let of = |&prefix: &IpNet| Route {
        source,
        is_active: route.is_active,
        name: route.name.clone(),
        ..Route::default(prefix, hop, "effective route as exported")
    };
    route.prefixes.iter().map(of).collect()
}
