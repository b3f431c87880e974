//! App Service sites: access restrictions and their way into the network.

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Topology;
use super::fields::{Fields, prefix};
use super::security::Access;
use crate::policy::ResourceId;

/// `Microsoft.Web/sites`, with its configuration where that is among the files.
#[derive(Debug, Clone)]
pub struct Site {
    pub id: Option<ResourceId>,
    pub name: SmolStr,
    pub host_names: Vec<SmolStr>,
    pub subnet: Option<ResourceId>,
    /// `vnetRouteAllEnabled`; `None`: not written.
    pub routes_all: Option<bool>,
    /// `publicNetworkAccess`; `None`: null.
    pub is_public: Option<bool>,
    /// `None`: no configuration is among the files.
    pub restrictions: Option<Vec<Restriction>>,
    /// `ipSecurityRestrictionsDefaultAction`.
    pub default: Option<Access>,
    pub outbound: Vec<std::net::IpAddr>,
}

/// An entry of `ipSecurityRestrictions`.
#[derive(Debug, Clone)]
pub struct Restriction {
    pub name: SmolStr,
    pub priority: u32,
    pub access: Access,
    pub source: RestrictionSource,
    /// Header name, lower case, and the values of which one must be there.
    pub headers: Vec<(SmolStr, Vec<SmolStr>)>,
}

/// Whom an access restriction means.
#[derive(Debug, Clone)]
pub enum RestrictionSource {
    Any,
    Prefixes(Vec<IpNet>),
    Tag(SmolStr),
    Subnet(ResourceId),
    /// Not understood, as written.
    Unknown(SmolStr),
}

pub(super) fn site(topology: &mut Topology, fields: Fields<'_>) {
    let is_config = fields.text("id").filter(|id| id.to_ascii_lowercase().contains("/config/"));
    let id = fields.text("id").map(|id| ResourceId::new(&id));
    let id = if is_config.is_some() { id.and_then(|id| id.parent()) } else { id };
    let name = match (&id, is_config.is_some()) {
        (Some(id), true) => id.name().into(),
        (_, _) => fields.name(),
    };
    let config = fields.part("siteConfig");
    let layers: Vec<Fields<'_>> = config.into_iter().chain([fields]).collect();
    let flag = |key| layers.iter().find_map(|layer| layer.flag(key));
    let restrictions = layers.iter().find(|layer| layer.get("ipSecurityRestrictions").is_some());
    let default = layers.iter().find_map(|layer| layer.text("ipSecurityRestrictionsDefaultAction"));
    let read = Site {
        subnet: layers.iter().find_map(|layer| layer.reference("virtualNetworkSubnetId")),
        routes_all: flag("vnetRouteAllEnabled").or_else(|| flag("outboundVnetRoutingAllTraffic")),
        is_public: flag("publicNetworkAccess"),
        restrictions: restrictions.map(|layer| {
            let mut rules: Vec<Restriction> =
                layer.parts("ipSecurityRestrictions").filter_map(restriction).collect();
            // Sorting is stable: equal priorities keep the order in which ARM returns them.
            rules.sort_by_key(|rule| rule.priority);
            rules
        }),
        default: default.map(|text| access(&text)),
        host_names: fields
            .texts(&["defaultHostName", "hostNames", "enabledHostNames"])
            .iter()
            .map(|name| name.to_ascii_lowercase().into())
            .collect(),
        outbound: fields
            .texts(&["outboundIpAddresses"])
            .iter()
            .flat_map(|list| list.split(','))
            .filter_map(|text| text.trim().parse().ok())
            .collect(),
        id,
        name,
    };
    merge(topology, read);
}

/// A site and its configuration are two exports of one thing.
fn merge(topology: &mut Topology, read: Site) {
    let is_same = |known: &&mut Site| match (&known.id, &read.id) {
        (Some(known), Some(read)) => known.agrees_with(read),
        (None, _) | (_, None) => known.name.eq_ignore_ascii_case(&read.name),
    };
    match topology.sites.iter_mut().find(is_same) {
        None => topology.sites.push(read),
        Some(known) => {
            known.host_names.extend(read.host_names);
            known.subnet = read.subnet.or(known.subnet.take());
            known.routes_all = read.routes_all.or(known.routes_all);
            known.is_public = read.is_public.or(known.is_public);
            known.restrictions = read.restrictions.or(known.restrictions.take());
            known.default = read.default.or(known.default);
            known.outbound.extend(read.outbound);
        }
    }
}

fn access(text: &str) -> Access {
    if text.eq_ignore_ascii_case("Allow") { Access::Allow } else { Access::Deny }
}

fn restriction(fields: Fields<'_>) -> Option<Restriction> {
    let address = fields.text("ipAddress");
    let is_tag = fields.text("tag").is_some_and(|tag| tag.eq_ignore_ascii_case("ServiceTag"));
    let source = match (fields.reference("vnetSubnetResourceId"), address) {
        (Some(subnet), _) => RestrictionSource::Subnet(subnet),
        (None, Some(address)) if is_tag => RestrictionSource::Tag(address),
        (None, Some(address)) if address.eq_ignore_ascii_case("Any") => RestrictionSource::Any,
        (None, Some(address)) => {
            let prefixes: Option<Vec<IpNet>> = address.split(',').map(prefix).collect();
            prefixes.map_or(RestrictionSource::Unknown(address), RestrictionSource::Prefixes)
        }
        (None, None) => RestrictionSource::Any,
    };
    let headers = fields.get("headers").map(crate::syntax::json::Node::members).unwrap_or_default();
    Some(Restriction {
        name: fields.name(),
        priority: fields.number("priority").unwrap_or(u32::MAX),
        access: access(&fields.text("action")?),
        source,
        headers: headers
            .iter()
            .map(|member| {
                let name = member.key.value.to_ascii_lowercase();
                let values = member.value.elements().iter();
                (name.into(), values.filter_map(|value| value.text().map(SmolStr::from)).collect())
            })
            .collect(),
    })
}
