//! Which destinations leave a subnet without passing the firewall: the whole answer, as sets.
//!
//! A next hop depends on the destination alone, so the routes of a subnet cut all addresses into
//! parts; what does not go to a firewall is what bypasses it.

use super::routes::{NextHop, Route, RouteSource, Routes};
use super::topology::{Attached, Subnet, Topology};
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
    topology.subnets.iter().map(|subnet| bypass(topology, subnet, allowed)).collect()
}

/// The destinations that do not pass a firewall on their way out of one subnet.
#[must_use]
pub fn bypass(topology: &Topology, subnet: &Subnet, allowed: &Allowed) -> SubnetBypass {
    let routes = Routes::of(topology, subnet);
    let network = topology.network_of(subnet);
    let is_dual = subnet.prefixes.iter().any(|prefix| matches!(prefix, ipnet::IpNet::V6(_)));
    let all = if is_dual { IpSet::all() } else { IpSet::all().in_family(IpFamily::V4) };
    let (mut inspected, mut gaps) = (Vec::new(), Vec::new());
    for (route, share) in routes.shares(&all) {
        let Some(route) = route else { continue };
        let firewall = match route.hop {
            NextHop::Appliance(Some(address)) => topology.firewall_at(address),
            _ => None,
        };
        match firewall {
            Some(firewall) => add(&mut inspected, firewall.name.to_string(), &share),
            None => add_gap(&mut gaps, route, &share, allowed),
        }
    }
    let inspected: Vec<(String, IpSet)> =
        inspected.into_iter().map(|(name, ranges)| (name, ranges.into_iter().collect())).collect();
    let mut gaps: Vec<Gap> = gaps.into_iter().map(GapParts::whole).collect();
    gaps.sort_by_key(|gap| gap.way);
    let passes: IpSet = inspected.iter().fold(IpSet::default(), |all, (_, share)| all.union(share));
    let open = routes.doubts.iter().filter(|doubt| {
        // Where packets would bypass the firewall either way, nothing is open.
        let bypasses = !matches!(doubt.hop, Some(NextHop::Appliance(_)));
        !bypasses || doubt.addresses.overlaps(&passes) || doubt.hop.is_none()
    });
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
        inspected,
        gaps,
        open: open
            .map(|doubt| Open {
                addresses: doubt.addresses.intersection(&all),
                need: doubt.need.to_string(),
            })
            .collect(),
        is_platform: is_platform(&subnet.name),
        is_exported: routes.is_exported,
    }
}

fn add(inspected: &mut Vec<(String, Vec<IpRange>)>, firewall: String, share: &IpSet) {
    match inspected.iter_mut().find(|(known, _)| *known == firewall) {
        Some((_, ranges)) => ranges.extend(share.ranges()),
        None => inspected.push((firewall, share.ranges().collect())),
    }
}

/// A gap whose sets are still lists: a service tag alone brings hundreds of routes.
struct GapParts {
    gap: Gap,
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
fn add_gap(gaps: &mut Vec<GapParts>, route: &Route, share: &IpSet, allowed: &Allowed) {
    let way = Way::of(route.hop);
    let reason = if route.name.is_empty() {
        route.reason.to_string()
    } else {
        format!("route {}", route.name)
    };
    let is_whole = allowed.ways.contains(&way);
    let fine = if is_whole { share.clone() } else { share.intersection(&allowed.addresses) };
    for (addresses, is_allowed) in [(share.without(&fine), false), (fine, true)] {
        if addresses.is_empty() {
            continue;
        }
        let same = gaps.iter_mut().find(|GapParts { gap, .. }| {
            gap.hop == route.hop
                && gap.source == route.source
                && gap.reason == reason
                && gap.is_allowed == is_allowed
        });
        let prefix = IpRange::from(route.prefix);
        match same {
            Some(parts) => {
                parts.ranges.extend(addresses.ranges());
                parts.prefixes.push(prefix);
            }
            None => gaps.push(GapParts {
                gap: Gap {
                    way,
                    hop: route.hop,
                    source: route.source,
                    reason: reason.clone(),
                    prefixes: IpSet::default(),
                    addresses: IpSet::default(),
                    is_allowed,
                },
                prefixes: vec![prefix],
                ranges: addresses.ranges().collect(),
            }),
        }
    }
}
