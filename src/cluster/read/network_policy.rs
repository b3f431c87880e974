//! `NetworkPolicy` of `networking.k8s.io/v1`.

use ipnet::IpNet;
use smol_str::SmolStr;

use super::Head;
use super::parts::{net, policy_types, port_range, protocol};
use crate::cluster::item::{Item, Problems};
use crate::cluster::labels::LabelSelector;
use crate::cluster::policy::{
    Criteria, Namespaces, Peer, Policy, PolicyKind, PortMatch, Ports, Rule, RuleAction, Subject,
};
use crate::cluster::{DEFAULT_TIER, NETWORK_POLICY_ORDER};
use crate::net::IpProtocol;

pub(super) fn policy(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Policy {
    let namespace = head.namespace();
    let mut policy = head.policy(PolicyKind::NetworkPolicy, Some(namespace.clone()));
    policy.tier = DEFAULT_TIER.into();
    policy.order = NETWORK_POLICY_ORDER;
    policy.subject = Subject::Unread { namespace: Some(namespace.clone()) };
    let Some(spec) = object.field("spec") else {
        problems.add(object, "has no `spec`");
        (policy.ingress, policy.egress) = (Some(Vec::new()), Some(Vec::new()));
        return policy;
    };
    let is_shaped = spec.only(&["podSelector", "policyTypes", "ingress", "egress"], problems)
        && spec.has_lists(&["policyTypes", "ingress", "egress"]);
    let before = problems.found.len();
    let pods = spec.field("podSelector").map(|pods| LabelSelector::read(&pods, problems));
    if problems.found.len() == before && spec.value.is_object() {
        let pods = pods.unwrap_or_default();
        policy.subject = Subject::Own { namespace: namespace.clone(), pods };
    }
    let rules = |list: &str, end: &str, problems: &mut Problems| -> Vec<Rule> {
        let entries = spec.list(list, problems);
        entries.iter().map(|entry| rule(entry, end, &namespace, problems)).collect()
    };
    let ingress = rules("ingress", "from", problems);
    let egress = rules("egress", "to", problems);
    let before = problems.found.len();
    let (mut is_ingress, mut is_egress) = directions(&spec, !egress.is_empty(), problems);
    if !is_shaped || problems.found.len() > before {
        // What it is for could not be read either.
        (is_ingress, is_egress) = (true, true);
    }
    policy.windows_gap = windows_gap(&policy.subject, ingress.iter().chain(&egress));
    policy.ingress = is_ingress.then_some(ingress);
    policy.egress = is_egress.then_some(egress);
    policy
}

/// Whether a policy applies to what its pods receive, and to what they send.
fn directions(spec: &Item<'_>, has_egress: bool, problems: &mut Problems) -> (bool, bool) {
    let types = spec.list("policyTypes", problems);
    if types.is_empty() {
        return (true, has_egress);
    }
    policy_types(&types, problems)
}

fn rule(entry: &Item<'_>, end: &str, namespace: &SmolStr, problems: &mut Problems) -> Rule {
    entry.only(&[end, "ports"], problems);
    let peers: Vec<Peer> = entry
        .list(end, problems)
        .iter()
        .filter_map(|entry| peer(entry, namespace, problems))
        .collect();
    let ports: Vec<PortMatch> = entry
        .list("ports", problems)
        .iter()
        .filter_map(|port| port_match(port, problems))
        .collect();
    // What could not be read is a flaw of the policy, which then is not evaluated.
    let criteria = Criteria::Kubernetes {
        peers: (!peers.is_empty()).then_some(peers),
        ports: (!ports.is_empty()).then_some(ports),
    };
    Rule { action: RuleAction::Allow, name: None, criteria }
}

fn peer(entry: &Item<'_>, namespace: &SmolStr, problems: &mut Problems) -> Option<Peer> {
    if !entry.only(&["podSelector", "namespaceSelector", "ipBlock"], problems) {
        return None;
    }
    let pods = entry.field("podSelector").map(|pods| LabelSelector::read(&pods, problems));
    let namespaces =
        entry.field("namespaceSelector").map(|names| LabelSelector::read(&names, problems));
    if let Some(block) = entry.field("ipBlock") {
        if pods.is_some() || namespaces.is_some() {
            problems.add(entry, "has selectors beside its `ipBlock`");
            return None;
        }
        return ip_block(&block, problems);
    }
    if pods.is_none() && namespaces.is_none() {
        problems.add(entry, "names no peer");
        return None;
    }
    let namespaces = match namespaces {
        Some(selector) => Namespaces::Selected(selector),
        None => Namespaces::Own(namespace.clone()),
    };
    Some(Peer::Pods { namespaces, pods })
}

fn ip_block(block: &Item<'_>, problems: &mut Problems) -> Option<Peer> {
    block.only(&["cidr", "except"], problems);
    let Some(cidr) = block.field("cidr") else {
        problems.add(block, "has no `cidr`");
        return None;
    };
    let range = net(&cidr, problems)?;
    let mut except: Vec<IpNet> = Vec::new();
    for entry in block.list("except", problems) {
        match net(&entry, problems) {
            Some(inner) if !range.contains(&inner) || inner == range => {
                problems.add(&entry, &format!("is no part of `{range}`"));
            }
            inner => except.extend(inner),
        }
    }
    Some(Peer::Block { range, except })
}

fn port_match(entry: &Item<'_>, problems: &mut Problems) -> Option<PortMatch> {
    if !entry.only(&["protocol", "port", "endPort"], problems) {
        return None;
    }
    let protocol = match entry.field("protocol") {
        Some(name) => protocol(&name, problems)?,
        None => IpProtocol::TCP,
    };
    let last = entry.field("endPort");
    let ports = match entry.field("port") {
        Some(port) if port.value.is_string() => match &last {
            Some(last) => {
                problems.add(last, "needs a numeric `port`");
                return None;
            }
            None => Ports::Named(port.text(problems)?.into()),
        },
        Some(port) => Ports::Range(port_range(&port, last.as_ref(), problems)?),
        None => match &last {
            Some(last) => {
                problems.add(last, "needs a `port`");
                return None;
            }
            None => Ports::All,
        },
    };
    Some(PortMatch { protocol: Some(protocol), ports })
}

/// What Azure NPM on Windows nodes does not support, of what the policy uses.
fn windows_gap<'a>(
    subject: &Subject,
    rules: impl Iterator<Item = &'a Rule>,
) -> Option<&'static str> {
    const NEGATION: &str = "`NotIn` and `DoesNotExist`";
    let negates =
        |pods: &Option<LabelSelector>| pods.as_ref().is_some_and(LabelSelector::has_negation);
    if let Subject::Own { pods, .. } = subject
        && pods.has_negation()
    {
        return Some(NEGATION);
    }
    for rule in rules {
        let Criteria::Kubernetes { peers, ports } = &rule.criteria else { continue };
        for peer in peers.iter().flatten() {
            match peer {
                Peer::Block { except, .. } if !except.is_empty() => return Some("`except`"),
                Peer::Pods { namespaces: Namespaces::Selected(names), pods }
                    if names.has_negation() || negates(pods) =>
                {
                    return Some(NEGATION);
                }
                Peer::Pods { pods, .. } if negates(pods) => return Some(NEGATION),
                Peer::Pods { .. }
                | Peer::Block { .. }
                | Peer::Network(_)
                | Peer::Nodes(_)
                | Peer::Domain(_) => {}
            }
        }
        for port in ports.iter().flatten() {
            if port.protocol == Some(IpProtocol::SCTP) {
                return Some("SCTP");
            }
            if matches!(port.ports, Ports::Named(_)) {
                return Some("port names");
            }
        }
    }
    None
}
