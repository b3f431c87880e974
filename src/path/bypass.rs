//! Which destinations leave a subnet without passing the firewall: the whole answer, as sets.
//!
//! A next hop depends on the destination alone, so the routes of a subnet cut all addresses into
//! parts; what does not go to a firewall is what bypasses it.

use smol_str::SmolStr;

use super::routes::{NextHop, PlacedEndpoint, Route, RouteSource, Routes};
use super::topology::{Attached, ServiceEndpoint, Subnet, Topology};
use crate::net::{IpFamily, IpRange, IpSet};

/// Why packets do not pass the firewall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Dropped by a route.
    Dropped,
    OwnNetwork,
    Peer,
    PrivateEndpoint,
    ServiceEndpoint,
    Gateway,
    Internet,
    /// An appliance that is no known firewall.
    OtherAppliance,
}

impl Way {
    const ALL: [Self; 8] = [
        Self::Dropped,
        Self::OwnNetwork,
        Self::Peer,
        Self::PrivateEndpoint,
        Self::ServiceEndpoint,
        Self::Gateway,
        Self::Internet,
        Self::OtherAppliance,
    ];

    /// The word in text, JSON and `--allow`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dropped => "dropped",
            Self::OwnNetwork => "own-network",
            Self::Peer => "peers",
            Self::PrivateEndpoint => "private-endpoints",
            Self::ServiceEndpoint => "service-endpoints",
            Self::Gateway => "gateway",
            Self::Internet => "internet",
            Self::OtherAppliance => "other-appliances",
        }
    }

    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == text)
    }

    fn of(hop: NextHop) -> Self {
        match hop {
            NextHop::VnetLocal => Self::OwnNetwork,
            NextHop::Peering | NextHop::GlobalPeering => Self::Peer,
            NextHop::ServiceEndpoint => Self::ServiceEndpoint,
            NextHop::InterfaceEndpoint => Self::PrivateEndpoint,
            NextHop::Gateway => Self::Gateway,
            NextHop::Internet => Self::Internet,
            NextHop::Appliance(_) => Self::OtherAppliance,
            NextHop::None => Self::Dropped,
        }
    }
}

/// Destinations that one kind of route takes past the firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub way: Way,
    pub hop: NextHop,
    pub source: RouteSource,
    /// Why the route is there; the name of a user-defined one.
    pub reason: String,
    /// The routes' prefixes, longer ones within them not taken out.
    pub prefixes: IpSet,
    pub addresses: IpSet,
    /// Nobody minds.
    pub is_allowed: bool,
}

/// Destinations of which it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    pub addresses: IpSet,
    pub need: String,
}

/// The answer for one subnet.
#[derive(Debug, Clone)]
pub struct SubnetBypass {
    pub subnet: String,
    pub network: String,
    pub id: String,
    pub prefixes: Vec<String>,
    pub route_table: Option<String>,
    /// Firewalls that some destinations pass, with those destinations.
    pub inspected: Vec<(String, IpSet)>,
    pub gaps: Vec<Gap>,
    pub open: Vec<Open>,
    /// A subnet of the platform, of which nobody asks.
    pub is_platform: bool,
    /// Azure's own list of effective routes was used.
    pub is_exported: bool,
}

impl SubnetBypass {
    /// Whether something bypasses the firewall that is not allowed to.
    #[must_use]
    pub fn is_breached(&self) -> bool {
        !self.is_platform && self.gaps.iter().any(|gap| !gap.is_allowed)
    }

    /// Whether something is not known.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.is_platform && !self.open.is_empty()
    }
}

/// What may bypass the firewall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub ways: Vec<Way>,
    /// Destinations that may, whatever way they go.
    pub addresses: IpSet,
}

impl Default for Allowed {
    fn default() -> Self {
        Self { ways: vec![Way::Dropped, Way::OwnNetwork, Way::Peer], addresses: IpSet::default() }
    }
}

/// Subnets that Azure's own services stand in.
const PLATFORM: [&str; 5] = [
    "AzureFirewallSubnet",
    "AzureFirewallManagementSubnet",
    "GatewaySubnet",
    "AzureBastionSubnet",
    "RouteServerSubnet",
];

/// Whether a subnet is one of the platform, by its name.
#[must_use]
pub fn is_platform(name: &str) -> bool {
    PLATFORM.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The answer for every subnet, in the order of the files.
#[must_use]
pub fn bypasses(topology: &Topology, allowed: &Allowed) -> Vec<SubnetBypass> {
    let endpoints = PlacedEndpoint::all(topology);
    let mut known: Vec<(Alike<'_>, Ways)> = Vec::new();
    let answers = topology.subnets.iter().map(|subnet| {
        let Some(alike) = Alike::of(topology, subnet) else {
            return answer(topology, subnet, Ways::of(topology, &endpoints, subnet, allowed));
        };
        if let Some((_, ways)) = known.iter().find(|(other, _)| *other == alike) {
            return answer(topology, subnet, ways.clone());
        }
        let ways = Ways::of(topology, &endpoints, subnet, allowed);
        known.push((alike, ways.clone()));
        answer(topology, subnet, ways)
    });
    answers.collect()
}

/// The destinations that do not pass a firewall on their way out of one subnet.
#[must_use]
pub fn bypass(topology: &Topology, subnet: &Subnet, allowed: &Allowed) -> SubnetBypass {
    let endpoints = PlacedEndpoint::all(topology);
    answer(topology, subnet, Ways::of(topology, &endpoints, subnet, allowed))
}

/// What the computed routes of a subnet are made of: subnets that agree in it have the same.
#[derive(PartialEq)]
struct Alike<'a> {
    network: usize,
    route_table: Option<(bool, &'a str)>,
    service_endpoints: &'a [ServiceEndpoint],
    is_dual: bool,
}

impl<'a> Alike<'a> {
    /// Nothing where Azure's own lists are among the files, for they are of one subnet.
    fn of(topology: &'a Topology, subnet: &'a Subnet) -> Option<Self> {
        topology.effective_routes.is_empty().then(|| Self {
            network: subnet.network,
            route_table: match topology.route_table(subnet) {
                Attached::None => None,
                Attached::Known(table) => Some((true, table.id.as_str())),
                Attached::Missing(id) => Some((false, id.as_str())),
            },
            service_endpoints: &subnet.service_endpoints,
            is_dual: is_dual(subnet),
        })
    }
}

fn is_dual(subnet: &Subnet) -> bool {
    subnet.prefixes.iter().any(|prefix| matches!(prefix, ipnet::IpNet::V6(_)))
}

/// Where the destinations of a subnet go.
#[derive(Clone)]
struct Ways {
    inspected: Vec<(String, IpSet)>,
    gaps: Vec<Gap>,
    open: Vec<Open>,
    is_exported: bool,
}

impl Ways {
    fn of(
        topology: &Topology,
        endpoints: &[PlacedEndpoint<'_>],
        subnet: &Subnet,
        allowed: &Allowed,
    ) -> Self {
        let routes = Routes::among(topology, endpoints, subnet);
        let is_dual = is_dual(subnet);
        let all = if is_dual { IpSet::all() } else { IpSet::all().in_family(IpFamily::V4) };
        let (mut inspected, mut gaps) = (Vec::new(), Vec::new());
        for (route, mut share) in routes.stretches() {
            share.retain(|range| is_dual || range.family() == IpFamily::V4);
            let firewall = match route.hop {
                NextHop::Appliance(Some(address)) => topology.firewall_at(address),
                _ => None,
            };
            match firewall {
                Some(firewall) => add(&mut inspected, firewall.name.to_string(), share),
                None => add_gap(&mut gaps, route, share, allowed),
            }
        }
        let inspected: Vec<(String, IpSet)> = inspected
            .into_iter()
            .map(|(name, ranges)| (name, ranges.into_iter().collect()))
            .collect();
        let mut gaps: Vec<Gap> = gaps.into_iter().map(GapParts::whole).collect();
        gaps.sort_by_key(|gap| gap.way);
        let passes: IpSet =
            inspected.iter().fold(IpSet::default(), |all, (_, share)| all.union(share));
        let open = routes.doubts.iter().filter(|doubt| {
            // Where packets would bypass the firewall either way, nothing is open.
            let bypasses = !matches!(doubt.hop, Some(NextHop::Appliance(_)));
            !bypasses || doubt.addresses.overlaps(&passes) || doubt.hop.is_none()
        });
        let open = open.map(|doubt| Open {
            addresses: doubt.addresses.intersection(&all),
            need: doubt.need.to_string(),
        });
        Self { open: open.collect(), inspected, gaps, is_exported: routes.is_exported }
    }
}

fn answer(topology: &Topology, subnet: &Subnet, ways: Ways) -> SubnetBypass {
    let network = topology.network_of(subnet);
    SubnetBypass {
        subnet: subnet.name.to_string(),
        network: network.map(|network| network.name.to_string()).unwrap_or_default(),
        id: subnet.id.as_str().to_owned(),
        prefixes: subnet.prefixes.iter().map(ToString::to_string).collect(),
        route_table: match topology.route_table(subnet) {
            Attached::None => None,
            Attached::Known(table) => Some(table.name.to_string()),
            Attached::Missing(id) => Some(id.name().to_owned()),
        },
        inspected: ways.inspected,
        gaps: ways.gaps,
        open: ways.open,
        is_platform: is_platform(&subnet.name),
        is_exported: ways.is_exported,
    }
}

fn add(inspected: &mut Vec<(String, Vec<IpRange>)>, firewall: String, share: Vec<IpRange>) {
    if share.is_empty() {
        return;
    }
    match inspected.iter_mut().find(|(known, _)| *known == firewall) {
        Some((_, ranges)) => ranges.extend(share),
        None => inspected.push((firewall, share)),
    }
}

/// A gap whose sets are still lists: a service tag alone brings hundreds of routes.
struct GapParts {
    gap: Gap,
    /// That of the routes, empty where they are not user-defined.
    name: SmolStr,
    prefixes: Vec<IpRange>,
    ranges: Vec<IpRange>,
}

impl GapParts {
    fn whole(self) -> Gap {
        Gap {
            prefixes: self.prefixes.into_iter().collect(),
            addresses: self.ranges.into_iter().collect(),
            ..self.gap
        }
    }
}

/// Routes of one reason are one gap; a gap that is allowed in part becomes two.
fn add_gap(gaps: &mut Vec<GapParts>, route: &Route, share: Vec<IpRange>, allowed: &Allowed) {
    let way = Way::of(route.hop);
    if allowed.ways.contains(&way) {
        return add_part(gaps, route, way, share, true);
    }
    if allowed.addresses.is_empty() {
        return add_part(gaps, route, way, share, false);
    }
    let share: IpSet = share.into_iter().collect();
    let fine = share.intersection(&allowed.addresses);
    add_part(gaps, route, way, share.without(&fine).ranges().collect(), false);
    add_part(gaps, route, way, fine.ranges().collect(), true);
}

fn add_part(
    gaps: &mut Vec<GapParts>,
    route: &Route,
    way: Way,
    ranges: Vec<IpRange>,
    is_allowed: bool,
) {
    if ranges.is_empty() {
        return;
    }
    let prefix = IpRange::from(route.prefix);
    let same = gaps.iter_mut().find(|parts| {
        parts.gap.is_allowed == is_allowed
            && parts.gap.hop == route.hop
            && parts.gap.source == route.source
            && parts.name == route.name
            && (!route.name.is_empty() || parts.gap.reason == route.reason)
    });
    if let Some(parts) = same {
        parts.ranges.extend(ranges);
        parts.prefixes.push(prefix);
        return;
    }
    let reason = match route.name.as_str() {
        "" => route.reason.to_string(),
        name => format!("route {name}"),
    };
    gaps.push(GapParts {
        gap: Gap {
            way,
            hop: route.hop,
            source: route.source,
            reason,
            prefixes: IpSet::default(),
            addresses: IpSet::default(),
            is_allowed,
        },
        name: route.name.clone(),
        prefixes: vec![prefix],
        ranges,
    });
}
