//! Network security groups, security admin rules, and the effective rules that Azure reports.

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Topology;
use super::fields::{Fields, prefix};
use crate::net::{IpProtocol, PortSet};
use crate::policy::ResourceId;
use crate::source::Warning;
use crate::syntax::value;

/// Which way packets go, seen from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Inbound,
    Outbound,
}

/// What a rule does with a packet that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    Allow,
    /// Of security admin rules alone: delivered, whatever groups say.
    AlwaysAllow,
    Deny,
}

/// `networkSecurityGroups`.
#[derive(Debug, Clone)]
pub struct SecurityGroup {
    pub id: ResourceId,
    pub name: SmolStr,
    /// Its own rules and the default rules, by priority.
    pub rules: Vec<SecurityRule>,
    pub subnets: Vec<ResourceId>,
    pub interfaces: Vec<ResourceId>,
}

/// A rule of a group.
#[derive(Debug, Clone)]
pub struct SecurityRule {
    pub name: SmolStr,
    pub is_default: bool,
    pub priority: u32,
    pub direction: Direction,
    pub access: Access,
    /// `None`: any protocol.
    pub protocol: Option<IpProtocol>,
    pub source: RuleEnd,
    pub destination: RuleEnd,
    pub source_ports: PortSet,
    pub ports: PortSet,
    /// What of the rule is not understood.
    pub unknown: Vec<SmolStr>,
}

/// Whom a rule means at one end.
#[derive(Debug, Clone, Default)]
pub struct RuleEnd {
    pub is_any: bool,
    pub prefixes: Vec<IpNet>,
    /// Service tags as written.
    pub tags: Vec<SmolStr>,
    /// Application security groups.
    pub groups: Vec<ResourceId>,
}

/// Security admin rules of a network manager.
#[derive(Debug, Clone)]
pub struct AdminRules {
    /// The network that they apply to; `None`: the export does not say it.
    pub network: Option<ResourceId>,
    pub rules: Vec<SecurityRule>,
}

/// What Azure says that a group comes to (`az network nic list-effective-nsg`).
#[derive(Debug, Clone)]
pub struct EffectiveGroup {
    pub group: ResourceId,
    pub subnet: Option<ResourceId>,
    pub interface: Option<ResourceId>,
    pub rules: Vec<SecurityRule>,
}

pub(super) fn group(topology: &mut Topology, fields: Fields<'_>, warnings: &mut Vec<Warning>) {
    let mut rules: Vec<SecurityRule> =
        fields.parts("securityRules").filter_map(|it| rule(it, false, warnings)).collect();
    let defaults: Vec<SecurityRule> =
        fields.parts("defaultSecurityRules").filter_map(|it| rule(it, true, warnings)).collect();
    // They are always there, also where an export or a template leaves them out.
    rules.extend(if defaults.is_empty() { default_rules() } else { defaults });
    rules.sort_by_key(|rule| rule.priority);
    topology.security_groups.push(SecurityGroup {
        id: fields.id("Microsoft.Network/networkSecurityGroups"),
        name: fields.name(),
        rules,
        subnets: fields.references("subnets"),
        interfaces: fields.references("networkInterfaces"),
    });
}

fn rule(fields: Fields<'_>, is_default: bool, warnings: &mut Vec<Warning>) -> Option<SecurityRule> {
    let direction = match fields.text("direction")?.to_ascii_lowercase().as_str() {
        "inbound" => Direction::Inbound,
        "outbound" => Direction::Outbound,
        _ => return None,
    };
    let access = match fields.text("access")?.to_ascii_lowercase().as_str() {
        "allow" => Access::Allow,
        "alwaysallow" => Access::AlwaysAllow,
        "deny" => Access::Deny,
        _ => return None,
    };
    let mut unknown = Vec::new();
    let protocol = match fields.text("protocol").unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "*" | "any" | "all" => None,
        text => {
            let known = IpProtocol::from_text(text);
            unknown.extend(known.is_none().then(|| format!("protocol `{text}`").into()));
            known
        }
    };
    let mut ports = |keys: &[&str]| ports(&fields.texts(keys), &mut unknown);
    let source_ports = ports(&["sourcePortRange", "sourcePortRanges"]);
    let destination_ports = ports(&["destinationPortRange", "destinationPortRanges"]);
    let mut end = |side: &str| end(fields, side, &mut unknown);
    let (source, destination) = (end("source"), end("destination"));
    if !unknown.is_empty() {
        let message =
            format!("security rule `{}` is not understood: {}", fields.name(), unknown.join(", "));
        warnings.push(fields.warning(message, "verdicts that depend on it are undecided"));
    }
    Some(SecurityRule {
        name: fields.name(),
        is_default,
        priority: fields.number("priority").unwrap_or(0),
        direction,
        access,
        protocol,
        source,
        destination,
        source_ports,
        ports: destination_ports,
        unknown,
    })
}

fn ports(texts: &[SmolStr], unknown: &mut Vec<SmolStr>) -> PortSet {
    let mut ranges = Vec::new();
    for text in texts.iter().flat_map(|text| text.split(',')).map(str::trim) {
        match value::port_range(text) {
            Ok(range) => ranges.push(range),
            Err(_) => unknown.push(format!("port `{text}`").into()),
        }
    }
    if texts.is_empty() { PortSet::all() } else { ranges.into_iter().collect::<PortSet>() }
}

fn end(fields: Fields<'_>, side: &str, unknown: &mut Vec<SmolStr>) -> RuleEnd {
    // Azure's own expansion of tags wins over ours.
    let expanded = if side == "source" {
        "expandedSourceAddressPrefix"
    } else {
        "expandedDestinationAddressPrefix"
    };
    let expanded = fields.texts(&[expanded]);
    let (one, many) = (format!("{side}AddressPrefix"), format!("{side}AddressPrefixes"));
    let mut texts = if expanded.is_empty() { fields.texts(&[&one, &many]) } else { expanded };
    // Security admin rules list objects.
    for part in fields.parts(if side == "source" { "sources" } else { "destinations" }) {
        texts.extend(part.text("addressPrefix"));
    }
    let mut end = RuleEnd {
        groups: fields.references(&format!("{side}ApplicationSecurityGroups")),
        ..RuleEnd::default()
    };
    end.is_any = texts.is_empty() && end.groups.is_empty();
    for text in texts {
        match text.as_str() {
            "*" | "Any" => end.is_any = true,
            text => match prefix(text) {
                Some(net) => end.prefixes.push(net),
                None if value::is_service_tag(text) => end.tags.push(text.into()),
                None => unknown.push(format!("address `{text}`").into()),
            },
        }
    }
    end
}

/// The rules that every group has, after Microsoft's "Network security groups overview".
pub(super) fn default_rules() -> Vec<SecurityRule> {
    use Access::{Allow, Deny};
    use Direction::{Inbound, Outbound};
    let tag = |name: &str| match name {
        "*" => RuleEnd { is_any: true, ..RuleEnd::default() },
        tag => RuleEnd { tags: vec![tag.into()], ..RuleEnd::default() },
    };
    let rule = |direction, priority, name: &str, source, destination, access| SecurityRule {
        name: name.into(),
        is_default: true,
        priority,
        direction,
        access,
        protocol: None,
        source: tag(source),
        destination: tag(destination),
        source_ports: PortSet::all(),
        ports: PortSet::all(),
        unknown: Vec::new(),
    };
    vec![
        rule(Inbound, 65000, "AllowVnetInBound", "VirtualNetwork", "VirtualNetwork", Allow),
        rule(Inbound, 65001, "AllowAzureLoadBalancerInBound", "AzureLoadBalancer", "*", Allow),
        rule(Inbound, 65500, "DenyAllInBound", "*", "*", Deny),
        rule(Outbound, 65000, "AllowVnetOutBound", "VirtualNetwork", "VirtualNetwork", Allow),
        rule(Outbound, 65001, "AllowInternetOutBound", "*", "Internet", Allow),
        rule(Outbound, 65500, "DenyAllOutBound", "*", "*", Deny),
    ]
}

/// One entry of `az network nic list-effective-nsg`.
pub(super) fn effective(topology: &mut Topology, fields: Fields<'_>, warnings: &mut Vec<Warning>) {
    let Some(group) = fields.reference("networkSecurityGroup") else { return };
    let association = fields.part("association");
    let mut rules = Vec::new();
    for part in fields.parts("effectiveSecurityRules") {
        // Names carry the list they come from: `defaultSecurityRules/AllowVnetInBound`.
        let name = part.text("name").unwrap_or_default();
        rules.extend(rule(part, name.starts_with("defaultSecurityRules"), warnings));
    }
    rules.sort_by_key(|rule| rule.priority);
    topology.effective_groups.push(EffectiveGroup {
        group,
        subnet: association.and_then(|it| it.reference("subnet")),
        interface: association.and_then(|it| it.reference("networkInterface")),
        rules,
    });
}

/// A security admin rule. `network`: the one that the file is named after.
pub(super) fn admin_rule(
    topology: &mut Topology,
    fields: Fields<'_>,
    network: Option<&ResourceId>,
    warnings: &mut Vec<Warning>,
) {
    let Some(rule) = rule(fields, false, warnings) else { return };
    let list = if let Some(at) =
        topology.admin_rules.iter_mut().position(|it| it.network.as_ref() == network)
    {
        topology.admin_rules.get_mut(at)
    } else {
        topology.admin_rules.push(AdminRules { network: network.cloned(), rules: Vec::new() });
        topology.admin_rules.last_mut()
    };
    if let Some(list) = list {
        list.rules.push(rule);
        list.rules.sort_by_key(|rule| rule.priority);
    }
}
