//! The subnets of firewalls, from the virtual networks that stand beside a rule set.

use ipnet::IpNet;
use smol_str::SmolStr;

use super::fields::{Fields, Scalar, entries, scalar};
use crate::policy::{ResourceId, Subnet, last_segment};
use crate::source::Spanned;
use crate::syntax::json::Node;

const NETWORK: &str = "Microsoft.Network/virtualNetworks";
const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";

/// The names that Azure reserves for the subnets of firewalls.
const NAMES: [&str; 2] = ["AzureFirewallSubnet", "AzureFirewallManagementSubnet"];

/// Whether a text names a subnet of a firewall at all: networks are many, and few hold one.
pub(super) fn are_named_in(text: &str) -> bool {
    NAMES.iter().any(|name| text.contains(name))
}

/// The subnets of firewalls in a virtual network, or in one of its subnets, of the full type
/// `full`. `names` are those that the surroundings give, from the network on.
pub(super) fn firewall_subnets(full: &str, names: &[SmolStr], node: &Node) -> Vec<Subnet> {
    let own = || -> Vec<SmolStr> {
        let name = Fields::of(node).known_text("name").unwrap_or_default();
        name.split('/').map(SmolStr::from).collect()
    };
    let names = if names.is_empty() { own() } else { names.to_vec() };
    if full.eq_ignore_ascii_case(SUBNET) {
        let network = names.iter().rev().nth(1).cloned();
        return subnet(network.as_ref(), names.last(), node).into_iter().collect();
    }
    if !full.eq_ignore_ascii_case(NETWORK) {
        return Vec::new();
    }
    let subnets = Fields::of(node).entries(&["subnets"]).iter();
    let found = subnets.filter_map(|node| {
        let name = Fields::of(node).known_text("name");
        let name = name.map(|name| last_segment(&name).map_or(name.clone(), |(_, own)| own.into()));
        subnet(names.last(), name.as_ref(), node)
    });
    found.collect()
}

/// A subnet of a firewall whose prefixes are all written out.
fn subnet(network: Option<&SmolStr>, name: Option<&SmolStr>, node: &Node) -> Option<Subnet> {
    let name = name.filter(|name| NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)))?;
    let fields = Fields::of(node);
    let id = match fields.known_text("id").filter(|id| id.starts_with('/')) {
        Some(id) => ResourceId::new(&id),
        None => ResourceId::without_scope(SUBNET, &[network?, name]),
    };
    let lists = ["addressPrefixes", "addressPrefix"].into_iter().filter_map(|key| fields.get(key));
    let prefix = |node: &Node| match scalar(node)? {
        Scalar::Text(text) => Some(Spanned::new(text.parse::<IpNet>().ok()?, node.span)),
        Scalar::Unresolved(_) => None,
    };
    let prefixes: Option<Vec<_>> = lists.flat_map(entries).map(prefix).collect();
    let prefixes = prefixes.filter(|prefixes| !prefixes.is_empty())?;
    Some(Subnet { id, prefixes })
}
