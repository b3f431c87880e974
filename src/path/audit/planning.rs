//! How many addresses nodes and pods take of a subnet
//! (<https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning>).

use crate::path::topology::ClusterPlugin;

/// Addresses of a subnet that Azure keeps: network, gateway, two for DNS, broadcast.
pub const RESERVED: u64 = 5;

/// Addresses of an IPv4 subnet that machines can have.
#[must_use]
pub fn usable(prefix_length: u8) -> u64 {
    let size = 1u64 << 32u32.saturating_sub(u32::from(prefix_length));
    size.saturating_sub(RESERVED)
}

/// Addresses that the nodes of a pool take of their subnet, with those that an upgrade adds.
/// With a subnet of their own, pods take none of it.
#[must_use]
pub fn needed(plugin: ClusterPlugin, nodes: u64, surge: u64, pods_max: u64) -> u64 {
    let all = nodes + surge;
    match plugin {
        ClusterPlugin::NodeSubnet => all + all * pods_max,
        ClusterPlugin::Overlay
        | ClusterPlugin::Kubenet
        | ClusterPlugin::PodSubnet
        | ClusterPlugin::Unknown => all,
    }
}

/// Addresses that the pods of a pool take of a subnet of their own, in blocks of 16 a node.
#[must_use]
pub fn needed_for_pods(nodes: u64, surge: u64, pods_max: u64) -> u64 {
    // A block more is fetched when fewer than 8 are free.
    let blocks = (pods_max + 8).div_ceil(16).max(1);
    (nodes + surge) * blocks * 16
}

/// The longest prefix whose usable addresses suffice.
#[must_use]
pub fn smallest_prefix(needed: u64) -> Option<u8> {
    (0..=29u8).rev().find(|&length| usable(length) >= needed)
}

/// How many nodes fit a subnet, when `surge` more must fit during an upgrade.
#[must_use]
pub fn nodes_max(plugin: ClusterPlugin, usable: u64, surge: u64, pods_max: u64) -> u64 {
    let each = needed(plugin, 1, 0, pods_max);
    (usable / each.max(1)).saturating_sub(surge)
}

/// How many nodes a range for pods of an overlay serves: a /24 for each.
#[must_use]
pub fn overlay_nodes_max(prefix_length: u8) -> u64 {
    1u64 << 24u32.saturating_sub(u32::from(prefix_length))
}

/// Nodes that an upgrade adds: `maxSurge` as a number or a percentage, one where it is not set.
#[must_use]
pub fn surge(text: Option<&str>, nodes: u64) -> u64 {
    let Some(text) = text.map(str::trim) else { return 1 };
    let count = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<u64>().ok().map(|percent| (nodes * percent).div_ceil(100)),
        None => text.parse().ok(),
    };
    count.unwrap_or(1).max(1)
}

/// The pods that a node takes where a pool does not say.
#[must_use]
pub fn pods_max_default(plugin: ClusterPlugin) -> u64 {
    match plugin {
        ClusterPlugin::Overlay => 250,
        ClusterPlugin::NodeSubnet => 30,
        ClusterPlugin::PodSubnet | ClusterPlugin::Kubenet | ClusterPlugin::Unknown => 110,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_the_articles() {
        assert_eq!(needed(ClusterPlugin::NodeSubnet, 50, 1, 30), 1581);
        assert_eq!(smallest_prefix(1581), Some(21));
        assert_eq!(nodes_max(ClusterPlugin::NodeSubnet, usable(24), 0, 30), 8);
        assert_eq!(nodes_max(ClusterPlugin::NodeSubnet, usable(24), 1, 30), 7);
        assert_eq!(nodes_max(ClusterPlugin::Kubenet, usable(24), 0, 110), 251);
        assert_eq!(overlay_nodes_max(16), 256);
        assert_eq!((usable(28), usable(27), usable(26)), (11, 27, 59));
    }

    #[test]
    fn surge_is_a_number_or_a_percentage() {
        assert_eq!(surge(None, 50), 1);
        assert_eq!(surge(Some("10%"), 50), 5);
        assert_eq!(surge(Some("33%"), 2), 1);
        assert_eq!(surge(Some("3"), 50), 3);
    }
}
