//! `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy` (v1alpha1), `ClusterNetworkPolicy`
//! (v1alpha2), of `policy.networking.k8s.io`.

use smol_str::SmolStr;

use super::Head;
use super::parts::{net, port_range, protocol};
use crate::cluster::item::{Item, Problems};
use crate::cluster::labels::LabelSelector;
use crate::cluster::policy::{
    Criteria, Namespaces, Peer, Policy, PolicyKind, PortMatch, Ports, Rule, RuleAction, Subject,
};
use crate::cluster::{ADMIN_TIER, BASELINE_TIER};
use crate::net::IpProtocol;

/// A baseline policy without a priority: there is only one in a cluster.
const BASELINE_ORDER: f64 = 0.0;
const PRIORITY_MAX: f64 = 1000.0;

pub(super) fn policy(
    object: &Item<'_>,
    head: &Head,
    kind: PolicyKind,
    problems: &mut Problems,
) -> Policy {
    let is_baseline = kind == PolicyKind::BaselineAdminNetworkPolicy;
    let is_cluster = kind == PolicyKind::ClusterNetworkPolicy;
    let mut policy = head.policy(kind, None);
    policy.subject = Subject::Unread { namespace: None };
    policy.tier = if is_baseline { BASELINE_TIER } else { ADMIN_TIER }.into();
    policy.order = BASELINE_ORDER;
    (policy.ingress, policy.egress) = (Some(Vec::new()), Some(Vec::new()));
    let Some(spec) = object.field("spec") else {
        problems.add(object, "has no `spec`");
        return policy;
    };
    spec.only(&["tier", "priority", "subject", "ingress", "egress"], problems);
    if is_cluster {
        match spec.word("tier", problems) {
            Some("Admin") => {}
            Some("Baseline") => policy.tier = BASELINE_TIER.into(),
            _ => problems.add(&spec, "has no `tier` that is `Admin` or `Baseline`"),
        }
    }
    if !is_baseline {
        policy.order = priority(&spec, problems);
    }
    policy.subject = subject(&spec, problems).unwrap_or(Subject::Unread { namespace: None });
    let words = if is_cluster { CLUSTER_WORDS } else { ADMIN_WORDS };
    let rules = |list: &str, end: &str, problems: &mut Problems| -> Vec<Rule> {
        spec.list(list, problems).iter().map(|entry| rule(entry, end, words, problems)).collect()
    };
    policy.ingress = Some(rules("ingress", "from", problems));
    policy.egress = Some(rules("egress", "to", problems));
    policy
}

/// What differs between the versions.
#[derive(Clone, Copy)]
struct Words {
    allow: &'static str,
    ports: &'static str,
}

const ADMIN_WORDS: Words = Words { allow: "Allow", ports: "ports" };
const CLUSTER_WORDS: Words = Words { allow: "Accept", ports: "protocols" };

fn priority(spec: &Item<'_>, problems: &mut Problems) -> f64 {
    let Some(item) = spec.field("priority") else {
        problems.add(spec, "has no `priority`");
        return BASELINE_ORDER;
    };
    match item.value.as_f64() {
        Some(priority) if (0.0..=PRIORITY_MAX).contains(&priority) => priority,
        priority => {
            problems.add(&item, "is no priority (0-1000)");
            priority.unwrap_or(BASELINE_ORDER)
        }
    }
}

fn subject(spec: &Item<'_>, problems: &mut Problems) -> Option<Subject> {
    let Some(item) = spec.field("subject") else {
        problems.add(spec, "has no `subject`");
        return None;
    };
    let before = problems.found.len();
    let (namespaces, pods) = selected(&item, &["namespaces", "pods"], problems)?;
    (problems.found.len() == before).then_some(Subject::Admin { namespaces, pods })
}

/// The two ways to name pods: all of the namespaces, or some.
fn selected(
    item: &Item<'_>,
    known: &[&str],
    problems: &mut Problems,
) -> Option<(LabelSelector, LabelSelector)> {
    if !item.only(known, problems) {
        return None;
    }
    match (item.field("namespaces"), item.field("pods")) {
        (Some(namespaces), None) => {
            Some((LabelSelector::read(&namespaces, problems), LabelSelector::default()))
        }
        (None, Some(pods)) => {
            pods.only(&["namespaceSelector", "podSelector"], problems);
            let mut part = |key: &str| match pods.field(key) {
                Some(selector) => LabelSelector::read(&selector, problems),
                None => LabelSelector::default(),
            };
            Some((part("namespaceSelector"), part("podSelector")))
        }
        (Some(_), Some(_)) | (None, None) => {
            problems.add(item, "does not name either `namespaces` or `pods`");
            None
        }
    }
}

fn rule(entry: &Item<'_>, end: &str, words: Words, problems: &mut Problems) -> Rule {
    entry.only(&["name", "action", end, words.ports], problems);
    let action = match entry.word("action", problems) {
        Some(word) if word == words.allow => RuleAction::Allow,
        Some("Deny") => RuleAction::Deny,
        Some("Pass") => RuleAction::Pass,
        _ => {
            let allow = words.allow;
            problems.add(entry, &format!("has no `action` that is `{allow}`, `Deny` or `Pass`"));
            RuleAction::Deny
        }
    };
    let entries = entry.list(end, problems);
    if entries.is_empty() {
        problems.add(entry, &format!("has no entry in `{end}`"));
    }
    let peers = entries.iter().flat_map(|entry| peers(entry, end == "to", problems)).collect();
    let list = entry.list(words.ports, problems);
    let ports: Vec<PortMatch> = match words.ports {
        "ports" => list.iter().filter_map(|port| port_match(port, problems)).collect(),
        _ => list.iter().filter_map(|entry| protocol_match(entry, problems)).collect(),
    };
    let criteria =
        Criteria::Kubernetes { peers: Some(peers), ports: (!ports.is_empty()).then_some(ports) };
    Rule { action, name: entry.plain(&["name"]).map(SmolStr::new), criteria }
}

fn peers(entry: &Item<'_>, is_egress: bool, problems: &mut Problems) -> Vec<Peer> {
    if is_egress {
        if let Some(networks) = entry.field("networks") {
            entry.only(&["networks"], problems);
            let entries = networks.entries(problems);
            return entries.iter().filter_map(|e| net(e, problems)).map(Peer::Network).collect();
        }
        if let Some(nodes) = entry.field("nodes") {
            entry.only(&["nodes"], problems);
            return vec![Peer::Nodes(LabelSelector::read(&nodes, problems))];
        }
        if let Some(names) = entry.field("domainNames") {
            entry.only(&["domainNames"], problems);
            let entries = names.entries(problems);
            let name = |entry: &Item<'_>| entry.text(problems).map(str::to_ascii_lowercase);
            let names = entries.iter().filter_map(name);
            return names.map(|n| Peer::Domain(n.trim_end_matches('.').into())).collect();
        }
    }
    let selected = selected(entry, &["namespaces", "pods"], problems);
    let peer = |(namespaces, pods)| Peer::Pods {
        namespaces: Namespaces::Selected(namespaces),
        pods: Some(pods),
    };
    selected.map(peer).into_iter().collect()
}

/// `portNumber`, `portRange` or `namedPort` of v1alpha1.
fn port_match(entry: &Item<'_>, problems: &mut Problems) -> Option<PortMatch> {
    entry.only(&["portNumber", "portRange", "namedPort"], problems);
    if let Some(name) = entry.field("namedPort") {
        return Some(PortMatch {
            protocol: None,
            ports: Ports::Named(name.text(problems)?.into()),
        });
    }
    let (item, first, last) = match (entry.field("portNumber"), entry.field("portRange")) {
        (Some(item), None) => (item.clone(), item.field("port"), None),
        (None, Some(item)) => (item.clone(), item.field("start"), item.field("end")),
        (Some(_), Some(_)) | (None, None) => {
            problems.add(entry, "names no port");
            return None;
        }
    };
    item.only(&["protocol", "port", "start", "end"], problems);
    let protocol = match item.field("protocol") {
        Some(name) => protocol(&name, problems)?,
        None => IpProtocol::TCP,
    };
    let Some(first) = first else {
        problems.add(&item, "has no port");
        return None;
    };
    let range = port_range(&first, last.as_ref(), problems)?;
    Some(PortMatch { protocol: Some(protocol), ports: Ports::Range(range) })
}

/// `tcp`, `udp`, `sctp` or `destinationNamedPort` of v1alpha2.
fn protocol_match(entry: &Item<'_>, problems: &mut Problems) -> Option<PortMatch> {
    entry.only(&["tcp", "udp", "sctp", "destinationNamedPort"], problems);
    if let Some(name) = entry.field("destinationNamedPort") {
        return Some(PortMatch {
            protocol: None,
            ports: Ports::Named(name.text(problems)?.into()),
        });
    }
    let known = [("tcp", IpProtocol::TCP), ("udp", IpProtocol::UDP), ("sctp", IpProtocol::SCTP)];
    let found = known.into_iter().find_map(|(key, value)| Some((entry.field(key)?, value)));
    let Some((item, protocol)) = found else {
        problems.add(entry, "names no protocol");
        return None;
    };
    item.only(&["destinationPort"], problems);
    let Some(port) = item.field("destinationPort") else {
        return Some(PortMatch { protocol: Some(protocol), ports: Ports::All });
    };
    port.only(&["number", "range"], problems);
    let range = match (port.field("number"), port.field("range")) {
        (Some(number), None) => port_range(&number, None, problems)?,
        (None, Some(range)) => {
            let Some((start, end)) = range.field("start").zip(range.field("end")) else {
                problems.add(&range, "has no `start` and `end`");
                return None;
            };
            port_range(&start, Some(&end), problems)?
        }
        _ => {
            problems.add(&port, "names no port");
            return None;
        }
    };
    Some(PortMatch { protocol: Some(protocol), ports: Ports::Range(range) })
}
