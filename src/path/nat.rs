//! Which source address a packet has behind a node and behind the firewall.

use std::net::IpAddr;

use ipnet::IpNet;

use super::packet::Place;
use super::topology::{Cluster, ClusterPlugin, Masquerade, Network};
use crate::compile::Ruleset;
use crate::evaluate::Stage;
use crate::net::IpSet;

/// The source of a pod's packet outside its node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSource {
    /// `None`: nothing is known of it.
    pub place: Option<Place>,
    pub reason: String,
    pub assumption: Option<String>,
}

/// The source that packets of a pod to `destination` have when they leave its node.
///
/// Overlay and kubenet hide pods behind nodes. With pods in the node's subnet the masquerading agent
/// goes by destination: what is not in the network leaves with the node's address. With a subnet for
/// pods they keep theirs
/// (<https://learn.microsoft.com/azure/aks/concepts-network-cni-overview>).
#[must_use]
pub fn pod_source(
    cluster: Option<&Cluster>,
    masquerade: Option<&Masquerade>,
    network: Option<&Network>,
    pod: IpAddr,
    node: IpAddr,
    destination: &IpSet,
) -> PodSource {
    let both = || [pod, node].into_iter().map(crate::net::IpRange::single).collect::<IpSet>();
    let open = |reason: &str| PodSource {
        place: Place::within(both(), &format!("{pod} or {node}")),
        reason: reason.to_owned(),
        assumption: None,
    };
    let at = |address, reason: String| PodSource {
        place: Some(Place::at(address)),
        reason,
        assumption: None,
    };
    let Some(cluster) = cluster else {
        return open("not known: no `az aks show` among the files");
    };
    let name = cluster.plugin.name();
    match cluster.plugin {
        ClusterPlugin::Overlay | ClusterPlugin::Kubenet => {
            let pods: IpSet = cluster.pod_prefixes.iter().collect();
            if destination.is_subset(&pods) {
                return at(pod, format!("{name}: pods of the cluster see each other's addresses"));
            }
            let spared: IpSet = masquerade.iter().flat_map(|it| &it.spared).collect();
            if destination.overlaps(&spared.without(&pods)) {
                return open(&format!(
                    "{name}: ip-masq-agent spares the destination, and no route leads back to pods"
                ));
            }
            at(node, format!("{name}: the destination is outside the pod range"))
        }
        ClusterPlugin::PodSubnet => at(pod, format!("{name}: pods keep their addresses")),
        ClusterPlugin::NodeSubnet => {
            let mut spared: Vec<IpNet> = masquerade.map(|it| it.spared.clone()).unwrap_or_default();
            let assumption = masquerade.is_none().then(|| {
                "no ConfigMap of ip-masq-agent among the files: only the network itself is taken to be spared from masquerading".to_owned()
            });
            spared.extend(network.iter().flat_map(|network| &network.prefixes));
            let spared: IpSet = spared.iter().collect();
            let mut source = if destination.is_subset(&spared) {
                at(pod, format!("{name}: the destination is spared from masquerading"))
            } else if destination.overlaps(&spared) {
                open(&format!("{name}: it depends on the destination"))
            } else {
                at(node, format!("{name}: the destination is not spared from masquerading"))
            };
            source.assumption = assumption;
            source
        }
        ClusterPlugin::Unknown => open("not known: the cluster's network plugin"),
    }
}

/// Whether the firewall puts its own address in the place of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirewallSource {
    Kept,
    Translated,
    /// It depends on which rule decides.
    Unknown,
}

/// What the firewall does with the source of a packet that it lets through.
///
/// Application rules and DNAT always translate; network rules leave the source alone towards private
/// ranges (<https://learn.microsoft.com/azure/firewall/snat-private-range>).
#[must_use]
pub fn firewall_source(
    ruleset: Option<&Ruleset>,
    stage: Option<Stage>,
    destination: &IpSet,
) -> FirewallSource {
    let private = ruleset.map_or_else(default_private_ranges, private_ranges);
    let is_private = destination.is_subset(&private);
    match stage {
        Some(Stage::Dnat | Stage::Application | Stage::Infrastructure) => {
            FirewallSource::Translated
        }
        _ if !destination.overlaps(&private) => FirewallSource::Translated,
        Some(Stage::Network) if is_private => FirewallSource::Kept,
        Some(Stage::Network | Stage::Idps | Stage::ThreatIntel | Stage::Default) | None => {
            FirewallSource::Unknown
        }
    }
}

/// The destinations whose sources network rules leave alone.
fn private_ranges(ruleset: &Ruleset) -> IpSet {
    // The policy's own setting, else its parent's.
    let snat = ruleset.layers.iter().rev().find_map(|layer| layer.settings.as_ref()?.snat.as_ref());
    let Some(snat) = snat.filter(|snat| !snat.private_ranges.is_empty()) else {
        return default_private_ranges();
    };
    let mut set = IpSet::default();
    for range in &snat.private_ranges {
        let text = range.value.trim();
        if text.eq_ignore_ascii_case("IANAPrivateRanges") {
            set = set.union(&default_private_ranges());
        } else if let Ok(prefix) = text.parse::<IpNet>() {
            set = set.union(&std::iter::once(prefix).collect());
        } else if let Ok(address) = text.parse::<IpAddr>() {
            set = set.union(&IpSet::single(address));
        }
    }
    set
}

fn default_private_ranges() -> IpSet {
    const RANGES: [&str; 4] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    RANGES.iter().filter_map(|text| text.parse::<IpNet>().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(plugin: ClusterPlugin) -> Cluster {
        Cluster {
            id: None,
            name: "aks".into(),
            plugin,
            pod_prefixes: vec!["10.244.0.0/16".parse().unwrap()],
            service_prefixes: Vec::new(),
            outbound: None,
            node_group: None,
            engine: crate::cluster::Engine::Unknown,
            is_without_engine: false,
            pools: Vec::new(),
        }
    }

    fn network() -> Network {
        Network {
            id: crate::policy::ResourceId::new("/n"),
            name: "n".into(),
            location: None,
            prefixes: vec!["10.42.0.0/16".parse().unwrap()],
            peerings: Vec::new(),
        }
    }

    #[track_caller]
    fn check(plugin: ClusterPlugin, spared: Option<&str>, destination: &str, expected: &str) {
        let masquerade = spared.map(|net| Masquerade { spared: vec![net.parse().unwrap()] });
        let source = pod_source(
            Some(&cluster(plugin)),
            masquerade.as_ref(),
            Some(&network()),
            "10.244.0.9".parse().unwrap(),
            "10.42.1.4".parse().unwrap(),
            &IpSet::single(destination.parse().unwrap()),
        );
        assert_eq!(source.place.unwrap().to_string(), expected);
    }

    #[test]
    fn each_plugin_hides_pods_in_its_own_way() {
        let (pod, node) = ("10.244.0.9", "10.42.1.4");
        for (same, peered, internet, plugin) in [
            (node, node, node, ClusterPlugin::Overlay),
            (node, node, node, ClusterPlugin::Kubenet),
            (pod, node, node, ClusterPlugin::NodeSubnet),
            (pod, pod, pod, ClusterPlugin::PodSubnet),
        ] {
            check(plugin, None, "10.42.9.9", same);
            check(plugin, None, "10.0.9.9", peered);
            check(plugin, None, "203.0.113.9", internet);
        }
        check(ClusterPlugin::NodeSubnet, Some("10.0.0.0/8"), "10.0.9.9", pod);
        check(ClusterPlugin::NodeSubnet, Some("0.0.0.0/0"), "203.0.113.9", pod);
        check(ClusterPlugin::Overlay, None, "10.244.1.1", pod);
        let both = "10.244.0.9 or 10.42.1.4";
        check(ClusterPlugin::Overlay, Some("10.0.0.0/8"), "10.0.9.9", both);
        check(ClusterPlugin::Overlay, Some("10.0.0.0/8"), "203.0.113.9", node);
        check(ClusterPlugin::Kubenet, Some("10.0.0.0/8"), "10.0.9.9", both);
        check(ClusterPlugin::Unknown, None, "203.0.113.9", "10.244.0.9 or 10.42.1.4");
    }

    #[test]
    fn network_rules_keep_the_source_towards_private_ranges() {
        let set = |text: &str| IpSet::single(text.parse().unwrap());
        let (private, public) = (set("10.9.9.9"), set("203.0.113.9"));
        let source = |stage, to| firewall_source(None, Some(stage), to);
        assert_eq!(source(Stage::Network, &private), FirewallSource::Kept);
        assert_eq!(source(Stage::Network, &public), FirewallSource::Translated);
        assert_eq!(source(Stage::Application, &private), FirewallSource::Translated);
        assert_eq!(firewall_source(None, None, &private), FirewallSource::Unknown);
    }
}
