//! Virtual networks and what stands in them, as exports write it.

use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Topology;
use super::fields::{Fields, is_id, prefix};
use super::peering::Peering;
use crate::net::{IpProtocol, IpSet};
use crate::policy::ResourceId;
use crate::source::Warning;

/// `virtualNetworks`.
#[derive(Debug, Clone)]
pub struct Network {
    pub id: ResourceId,
    pub name: SmolStr,
    pub location: Option<SmolStr>,
    pub prefixes: Vec<IpNet>,
    pub peerings: Vec<Peering>,
}

/// A subnet of a network.
#[derive(Debug, Clone)]
pub struct Subnet {
    pub id: ResourceId,
    pub name: SmolStr,
    /// Index into the networks.
    pub network: usize,
    pub prefixes: Vec<IpNet>,
    pub addresses: IpSet,
    pub route_table: Option<ResourceId>,
    pub security_group: Option<ResourceId>,
    pub nat_gateway: Option<ResourceId>,
    pub service_endpoints: Vec<ServiceEndpoint>,
    /// `serviceEndpointPolicies`, which are not evaluated.
    pub service_endpoint_policies: Vec<ResourceId>,
    pub endpoint_policies: EndpointPolicies,
    /// `defaultOutboundAccess`: machines without an address of their own reach the Internet.
    pub default_outbound: Option<bool>,
    pub delegations: Vec<SmolStr>,
}

/// An entry of `serviceEndpoints`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEndpoint {
    /// Such as `Microsoft.Storage`.
    pub service: SmolStr,
    pub locations: Vec<SmolStr>,
}

/// `privateEndpointNetworkPolicies`: what applies to private endpoints in a subnet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EndpointPolicies {
    pub security_group: bool,
    pub route_table: bool,
}

/// `routeTables`.
#[derive(Debug, Clone)]
pub struct RouteTable {
    pub id: ResourceId,
    pub name: SmolStr,
    pub routes: Vec<WrittenRoute>,
    /// `disableBgpRoutePropagation`.
    pub is_closed_to_bgp: bool,
    pub subnets: Vec<ResourceId>,
}

/// A route as written.
#[derive(Debug, Clone)]
pub struct WrittenRoute {
    pub name: SmolStr,
    /// A prefix or a service tag.
    pub prefix: SmolStr,
    pub hop: WrittenHop,
}

/// `nextHopType` of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenHop {
    VirtualAppliance(Option<IpAddr>),
    VnetLocal,
    Gateway,
    Internet,
    None,
}

/// `networkInterfaces`.
#[derive(Debug, Clone)]
pub struct Interface {
    pub id: ResourceId,
    pub name: SmolStr,
    pub machine: Option<ResourceId>,
    pub security_group: Option<ResourceId>,
    pub addresses: Vec<InterfaceAddress>,
}

/// An entry of `ipConfigurations` of an interface.
#[derive(Debug, Clone)]
pub struct InterfaceAddress {
    pub address: Option<IpAddr>,
    pub subnet: Option<ResourceId>,
    pub public: Option<ResourceId>,
    pub application_groups: Vec<ResourceId>,
}

/// `virtualMachines`.
#[derive(Debug, Clone)]
pub struct Machine {
    pub id: ResourceId,
    pub name: SmolStr,
    pub interfaces: Vec<ResourceId>,
}

/// `publicIPAddresses`.
#[derive(Debug, Clone)]
pub struct PublicAddress {
    pub id: ResourceId,
    pub name: SmolStr,
    pub address: Option<IpAddr>,
    /// `ipConfiguration.id`: what holds it.
    pub holder: Option<ResourceId>,
}

/// `privateEndpoints`.
#[derive(Debug, Clone)]
pub struct PrivateEndpoint {
    pub id: ResourceId,
    pub name: SmolStr,
    pub subnet: Option<ResourceId>,
    pub addresses: Vec<IpAddr>,
    /// Its interfaces, which hold the addresses where the endpoint does not list them.
    pub interfaces: Vec<ResourceId>,
    /// Names that its DNS zone answers with its addresses.
    pub names: Vec<(SmolStr, Vec<IpAddr>)>,
    /// The state of the connection, such as `Approved`.
    pub state: Option<SmolStr>,
    /// The service behind it.
    pub service: Option<ResourceId>,
}

/// `azureFirewalls`: where it stands. Its rules are loaded elsewhere.
#[derive(Debug, Clone)]
pub struct Firewall {
    pub id: ResourceId,
    pub name: SmolStr,
    pub private: Vec<IpAddr>,
    pub public: Vec<ResourceId>,
    /// Public addresses that are written out.
    pub public_literals: Vec<IpAddr>,
    pub subnet: Option<ResourceId>,
    pub policy: Option<ResourceId>,
}

/// `loadBalancers`.
#[derive(Debug, Clone)]
pub struct LoadBalancer {
    pub id: ResourceId,
    pub name: SmolStr,
    pub frontends: Vec<Frontend>,
    pub rules: Vec<LoadBalancerRule>,
    /// Members of the backend pools.
    pub backends: Vec<IpAddr>,
    /// Interfaces in the backend pools, as ids of their configurations.
    pub backend_interfaces: Vec<ResourceId>,
    pub has_outbound_rules: bool,
}

/// An entry of `frontendIPConfigurations`.
#[derive(Debug, Clone)]
pub struct Frontend {
    pub id: Option<ResourceId>,
    pub name: SmolStr,
    pub address: Option<IpAddr>,
    pub public: Option<ResourceId>,
    pub subnet: Option<ResourceId>,
}

/// A load balancing or inbound NAT rule.
#[derive(Debug, Clone)]
pub struct LoadBalancerRule {
    pub name: SmolStr,
    pub frontend: Option<ResourceId>,
    /// `None`: all protocols.
    pub protocol: Option<IpProtocol>,
    /// `0`: all ports.
    pub frontend_port: u16,
    pub backend_port: u16,
    pub is_floating: bool,
}

pub(super) fn network(topology: &mut Topology, fields: Fields<'_>, warnings: &mut Vec<Warning>) {
    let id = fields.id("Microsoft.Network/virtualNetworks");
    let index = topology.networks.len();
    let space = fields.part("addressSpace");
    let prefixes = space.map(|space| space.prefixes(&["addressPrefixes"], warnings));
    let mut peerings = Vec::new();
    for peering in fields.parts("virtualNetworkPeerings") {
        peerings.extend(super::peering::peering(peering, warnings));
    }
    for subnet in fields.parts("subnets") {
        let subnet = self::subnet(subnet, &id, index, warnings);
        if !topology.subnets.iter().any(|known| known.id == subnet.id) {
            topology.subnets.push(subnet);
        }
    }
    topology.networks.push(Network {
        name: fields.name(),
        location: fields.text("location"),
        prefixes: prefixes.unwrap_or_default(),
        peerings,
        id,
    });
}

fn subnet(
    fields: Fields<'_>,
    network: &ResourceId,
    index: usize,
    warnings: &mut Vec<Warning>,
) -> Subnet {
    let name = fields.name();
    let id = fields.text("id").filter(|id| is_id(id));
    let id = id.unwrap_or_else(|| format!("{network}/subnets/{name}").into());
    let prefixes = fields.prefixes(&["addressPrefix", "addressPrefixes"], warnings);
    let endpoint = |fields: Fields<'_>| {
        let state = fields.text("provisioningState");
        let is_there = state.is_none_or(|state| !state.eq_ignore_ascii_case("Deleting"));
        is_there.then_some(ServiceEndpoint {
            service: fields.text("service")?,
            locations: fields.texts(&["locations"]),
        })
    };
    Subnet {
        id: ResourceId::new(&id),
        network: index,
        addresses: prefixes.iter().collect(),
        prefixes,
        route_table: fields.reference("routeTable"),
        security_group: fields.reference("networkSecurityGroup"),
        nat_gateway: fields.reference("natGateway"),
        service_endpoints: fields.parts("serviceEndpoints").filter_map(endpoint).collect(),
        service_endpoint_policies: fields.references("serviceEndpointPolicies"),
        endpoint_policies: endpoint_policies(fields.text("privateEndpointNetworkPolicies")),
        default_outbound: fields.flag("defaultOutboundAccess"),
        delegations: fields
            .parts("delegations")
            .filter_map(|delegation| delegation.text("serviceName"))
            .collect(),
        name,
    }
}

fn endpoint_policies(text: Option<SmolStr>) -> EndpointPolicies {
    let text = text.unwrap_or_default().to_ascii_lowercase();
    let all = text == "enabled";
    EndpointPolicies {
        security_group: all || text == "networksecuritygroupenabled",
        route_table: all || text == "routetableenabled",
    }
}

pub(super) fn route_table(
    topology: &mut Topology,
    fields: Fields<'_>,
    warnings: &mut Vec<Warning>,
) {
    let mut routes = Vec::new();
    for route in fields.parts("routes") {
        let Some(hop) = written_hop(route) else {
            warnings.push(route.warning(
                format!("route `{}` has no next hop that is known and is left out", route.name()),
                "its `nextHopType` is VirtualAppliance, VnetLocal, VirtualNetworkGateway, Internet or None",
            ));
            continue;
        };
        if let Some(prefix) = route.text("addressPrefix") {
            routes.push(WrittenRoute { name: route.name(), prefix, hop });
        }
    }
    topology.route_tables.push(RouteTable {
        id: fields.id("Microsoft.Network/routeTables"),
        name: fields.name(),
        routes,
        is_closed_to_bgp: fields.flag("disableBgpRoutePropagation").unwrap_or(false),
        subnets: fields.references("subnets"),
    });
}

fn written_hop(fields: Fields<'_>) -> Option<WrittenHop> {
    match fields.text("nextHopType")?.to_ascii_lowercase().as_str() {
        "virtualappliance" => {
            Some(WrittenHop::VirtualAppliance(fields.address("nextHopIpAddress")))
        }
        "vnetlocal" | "virtualnetwork" => Some(WrittenHop::VnetLocal),
        "virtualnetworkgateway" => Some(WrittenHop::Gateway),
        "internet" => Some(WrittenHop::Internet),
        "none" => Some(WrittenHop::None),
        _ => None,
    }
}

pub(super) fn interface(topology: &mut Topology, fields: Fields<'_>) {
    let address = |fields: Fields<'_>| InterfaceAddress {
        address: fields.address("privateIPAddress"),
        subnet: fields.reference("subnet"),
        public: fields.reference("publicIPAddress"),
        application_groups: fields.references("applicationSecurityGroups"),
    };
    topology.interfaces.push(Interface {
        id: fields.id("Microsoft.Network/networkInterfaces"),
        name: fields.name(),
        machine: fields.reference("virtualMachine"),
        security_group: fields.reference("networkSecurityGroup"),
        addresses: fields.parts("ipConfigurations").map(address).collect(),
    });
}

pub(super) fn machine(topology: &mut Topology, fields: Fields<'_>) {
    let profile = fields.part("networkProfile");
    topology.machines.push(Machine {
        id: fields.id("Microsoft.Compute/virtualMachines"),
        name: fields.name(),
        interfaces: profile.map(|it| it.references("networkInterfaces")).unwrap_or_default(),
    });
}

pub(super) fn public_address(topology: &mut Topology, fields: Fields<'_>) {
    topology.public_addresses.push(PublicAddress {
        id: fields.id("Microsoft.Network/publicIPAddresses"),
        name: fields.name(),
        address: fields.address("ipAddress"),
        holder: fields.reference("ipConfiguration"),
    });
}

pub(super) fn private_endpoint(topology: &mut Topology, fields: Fields<'_>) {
    let mut addresses = Vec::new();
    let mut names = Vec::new();
    for config in fields.parts("customDnsConfigs") {
        let found: Vec<IpAddr> =
            config.texts(&["ipAddresses"]).iter().filter_map(|text| text.parse().ok()).collect();
        addresses.extend(&found);
        names.extend(config.text("fqdn").map(|name| (name.to_ascii_lowercase().into(), found)));
    }
    for config in fields.parts("ipConfigurations") {
        addresses.extend(config.address("privateIPAddress"));
    }
    addresses.sort_unstable();
    addresses.dedup();
    let connections = ["privateLinkServiceConnections", "manualPrivateLinkServiceConnections"];
    let connection = connections.iter().find_map(|key| fields.parts(key).next());
    let state = connection.and_then(|it| it.part("privateLinkServiceConnectionState"));
    topology.private_endpoints.push(PrivateEndpoint {
        id: fields.id("Microsoft.Network/privateEndpoints"),
        name: fields.name(),
        subnet: fields.reference("subnet"),
        addresses,
        interfaces: fields.references("networkInterfaces"),
        names,
        state: state.and_then(|state| state.text("status")),
        service: connection.and_then(|it| it.reference("privateLinkServiceId")),
    });
}

/// `privateDnsZoneGroups`: the names that stand for the addresses of an endpoint.
pub(super) fn zone_group(topology: &mut Topology, fields: Fields<'_>) {
    let Some(endpoint) = fields.text("id").and_then(|id| ResourceId::new(&id).parent()) else {
        return;
    };
    let Some(endpoint) = topology.private_endpoints.iter_mut().find(|it| it.id == endpoint) else {
        return;
    };
    for zone in fields.parts("privateDnsZoneConfigs") {
        for record in zone.parts("recordSets") {
            let found: Vec<IpAddr> = record
                .texts(&["ipAddresses"])
                .iter()
                .filter_map(|text| text.parse().ok())
                .collect();
            if let Some(name) = record.text("fqdn") {
                endpoint.addresses.extend(&found);
                endpoint
                    .names
                    .push((name.trim_end_matches('.').to_ascii_lowercase().into(), found));
            }
        }
    }
    endpoint.addresses.sort_unstable();
    endpoint.addresses.dedup();
}

pub(super) fn firewall(topology: &mut Topology, fields: Fields<'_>) {
    let (mut private, mut public, mut public_literals) = (Vec::new(), Vec::new(), Vec::new());
    let mut subnet = None;
    for config in fields.parts("ipConfigurations") {
        private.extend(config.address("privateIPAddress"));
        public.extend(config.reference("publicIPAddress"));
        subnet = subnet.or_else(|| config.reference("subnet"));
    }
    if let Some(hub) = fields.part("hubIPAddresses") {
        private.extend(hub.address("privateIPAddress"));
        let addresses = hub.part("publicIPs").map(|it| it.parts("addresses").collect::<Vec<_>>());
        let addresses = addresses.unwrap_or_default();
        public_literals.extend(addresses.iter().filter_map(|it| it.address("address")));
    }
    topology.firewalls.push(Firewall {
        id: fields.id("Microsoft.Network/azureFirewalls"),
        name: fields.name(),
        private,
        public,
        public_literals,
        subnet,
        policy: fields.reference("firewallPolicy"),
    });
}

pub(super) fn load_balancer(topology: &mut Topology, fields: Fields<'_>) {
    let frontend = |fields: Fields<'_>| Frontend {
        id: fields.text("id").map(|id| ResourceId::new(&id)),
        name: fields.name(),
        address: fields.address("privateIPAddress"),
        public: fields.reference("publicIPAddress"),
        subnet: fields.reference("subnet"),
    };
    let rule = |fields: Fields<'_>| LoadBalancerRule {
        name: fields.name(),
        frontend: fields.reference("frontendIPConfiguration"),
        protocol: fields.text("protocol").and_then(|text| IpProtocol::from_text(&text)),
        frontend_port: fields.number("frontendPort").unwrap_or(0),
        backend_port: fields.number("backendPort").unwrap_or(0),
        is_floating: fields.flag("enableFloatingIP").unwrap_or(false),
    };
    let (mut backends, mut backend_interfaces) = (Vec::new(), Vec::new());
    for pool in fields.parts("backendAddressPools") {
        backends.extend(
            pool.parts("loadBalancerBackendAddresses").filter_map(|it| it.address("ipAddress")),
        );
        backend_interfaces.extend(pool.references("backendIPConfigurations"));
    }
    topology.load_balancers.push(LoadBalancer {
        id: fields.id("Microsoft.Network/loadBalancers"),
        name: fields.name(),
        frontends: fields.parts("frontendIPConfigurations").map(frontend).collect(),
        rules: fields
            .parts("loadBalancingRules")
            .chain(fields.parts("inboundNatRules"))
            .map(rule)
            .collect(),
        backends,
        backend_interfaces,
        has_outbound_rules: fields.parts("outboundRules").next().is_some(),
    });
}

/// Learned routes and the address spaces of on-premises sites.
pub(super) fn learned(topology: &mut Topology, fields: Fields<'_>) {
    let space = fields.part("localNetworkAddressSpace").map(|it| it.texts(&["addressPrefixes"]));
    let texts = space.unwrap_or_else(|| fields.texts(&["network"]));
    topology.learned.extend(texts.iter().filter_map(|text| prefix(text)));
    topology.learned.sort_unstable();
    topology.learned.dedup();
}
