//! Policies, network sets and tiers of Calico (`projectcalico.org/v3` and
//! `crd.projectcalico.org/v1`).

use smol_str::{SmolStr, format_smolstr};

use super::Head;
use super::calico_rule::rule;
use super::parts::{net, policy_types};
use crate::cluster::DEFAULT_TIER;
use crate::cluster::calico::{
    CalicoTier, NAMESPACE, NetworkSet, OF_ACCOUNT, OF_NAMESPACE, SERVICE_ACCOUNT,
};
use crate::cluster::item::{Item, Problems};
use crate::cluster::labels::Labels;
use crate::cluster::policy::{Policy, PolicyKind, Rule, Subject};
use crate::syntax::selector::Selector;

const FIELDS: [&str; 12] = [
    "tier",
    "order",
    "selector",
    "namespaceSelector",
    "serviceAccountSelector",
    "types",
    "ingress",
    "egress",
    "doNotTrack",
    "preDNAT",
    "applyOnForward",
    "performanceHints",
];

/// A policy, and whether it is for host endpoints alone or for what passes through them.
pub(super) struct Read {
    pub(super) policy: Policy,
    pub(super) is_for_hosts_alone: bool,
    pub(super) is_forwarding: bool,
}

pub(super) fn policy(object: &Item<'_>, head: &Head, problems: &mut Problems) -> Read {
    let is_global = head.kind == "GlobalNetworkPolicy";
    let namespace = (!is_global).then(|| head.namespace());
    let kind =
        if is_global { PolicyKind::GlobalNetworkPolicy } else { PolicyKind::CalicoNetworkPolicy };
    let mut policy = head.policy(kind, namespace.clone());
    policy.tier = DEFAULT_TIER.into();
    policy.order = f64::INFINITY;
    policy.subject = Subject::Unread { namespace: namespace.clone() };
    (policy.ingress, policy.egress) = (Some(Vec::new()), Some(Vec::new()));
    let Some(spec) = object.field("spec") else {
        problems.add(object, "has no `spec`");
        return Read { policy, is_for_hosts_alone: false, is_forwarding: false };
    };
    let is_shaped = spec.only(&FIELDS, problems) && spec.has_lists(&["types", "ingress", "egress"]);
    policy.tier = spec.word("tier", problems).unwrap_or(DEFAULT_TIER).into();
    policy.order = order(&spec, problems);
    if let Some(selector) = subject(&spec, namespace.as_ref(), problems) {
        policy.subject = Subject::Calico(selector);
    }
    let rules = |list: &str, problems: &mut Problems| -> Vec<Rule> {
        let entries = spec.list(list, problems);
        entries.iter().map(|entry| rule(entry, namespace.as_ref(), problems)).collect()
    };
    let (ingress, egress) = (rules("ingress", problems), rules("egress", problems));
    let before = problems.found.len();
    let (mut is_ingress, mut is_egress) = directions(&spec, problems);
    if !is_shaped || problems.found.len() > before {
        // What it is for could not be read either.
        (is_ingress, is_egress) = (true, true);
    }
    policy.ingress = is_ingress.then_some(ingress);
    policy.egress = is_egress.then_some(egress);
    let is_set = |key: &str| spec.field(key).is_some_and(|flag| flag.value == true);
    let is_for_hosts_alone = is_set("doNotTrack") || is_set("preDNAT");
    let is_forwarding = is_for_hosts_alone || is_set("applyOnForward");
    Read { policy, is_for_hosts_alone, is_forwarding }
}

/// The order of a policy or tier; what has none comes last.
fn order(spec: &Item<'_>, problems: &mut Problems) -> f64 {
    let Some(item) = spec.field("order") else { return f64::INFINITY };
    let order = item.value.as_f64();
    if order.is_none() {
        problems.add(&item, "is no number");
    }
    order.unwrap_or(f64::INFINITY)
}

/// Without `types` the rules decide, and ingress where there are none.
fn directions(spec: &Item<'_>, problems: &mut Problems) -> (bool, bool) {
    let types = spec.list("types", problems);
    if types.is_empty() {
        let has = |key: &str| {
            spec.field(key).and_then(|list| list.value.as_array().map(|list| !list.is_empty()))
        };
        let has_egress = has("egress").unwrap_or(false);
        return (has("ingress").unwrap_or(false) || !has_egress, has_egress);
    }
    policy_types(&types, problems)
}

/// Which endpoints the policy is for; `None` where that could not be read.
fn subject(
    spec: &Item<'_>,
    namespace: Option<&SmolStr>,
    problems: &mut Problems,
) -> Option<Selector> {
    let before = problems.found.len();
    let namespaces = match (selector(spec, "namespaceSelector", problems), namespace) {
        (Some(selector), _) => Some(of_namespaces(selector)),
        (None, Some(name)) => Some(in_namespace(name)),
        (None, None) => None,
    };
    let accounts = selector(spec, "serviceAccountSelector", problems).map(of_accounts);
    let own = selector(spec, "selector", problems);
    let is_sound = problems.found.len() == before;
    is_sound.then(|| all_of([namespaces, accounts, own]).unwrap_or(Selector::All))
}

/// The selector of a field; nothing where it is absent or empty.
pub(super) fn selector(item: &Item<'_>, key: &str, problems: &mut Problems) -> Option<Selector> {
    let field = item.field(key)?;
    let text = field.text(problems)?;
    if text.is_empty() {
        return None;
    }
    match Selector::parse(text) {
        Ok(selector) => Some(selector),
        Err(error) => {
            problems.add(&field, &format!("is no selector: {}", error.message));
            None
        }
    }
}

pub(super) fn in_namespace(name: &SmolStr) -> Selector {
    Selector::Equal(NAMESPACE.into(), name.clone())
}

/// What holds everything that is there; nothing where nothing is.
pub(super) fn all_of(parts: impl IntoIterator<Item = Option<Selector>>) -> Option<Selector> {
    let mut parts: Vec<Selector> = parts.into_iter().flatten().collect();
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(Selector::And(parts)),
    }
}

/// A selector of namespaces as one of the labels that endpoints have from theirs.
pub(super) fn of_namespaces(selector: Selector) -> Selector {
    selector.with_leaves(&|leaf| match leaf {
        Selector::All => Selector::Has(NAMESPACE.into()),
        Selector::Global => Selector::Not(Box::new(Selector::Has(NAMESPACE.into()))),
        other => prefixed(other, OF_NAMESPACE),
    })
}

/// The same for service accounts.
pub(super) fn of_accounts(selector: Selector) -> Selector {
    selector.with_leaves(&|leaf| match leaf {
        Selector::All => Selector::Has(SERVICE_ACCOUNT.into()),
        other => prefixed(other, OF_ACCOUNT),
    })
}

fn prefixed(leaf: Selector, prefix: &str) -> Selector {
    let key = |key: SmolStr| format_smolstr!("{prefix}{key}");
    match leaf {
        Selector::Has(name) => Selector::Has(key(name)),
        Selector::Equal(name, value) => Selector::Equal(key(name), value),
        Selector::NotEqual(name, value) => Selector::NotEqual(key(name), value),
        Selector::In(name, values) => Selector::In(key(name), values),
        Selector::NotIn(name, values) => Selector::NotIn(key(name), values),
        Selector::Contains(name, part) => Selector::Contains(key(name), part),
        Selector::StartsWith(name, part) => Selector::StartsWith(key(name), part),
        Selector::EndsWith(name, part) => Selector::EndsWith(key(name), part),
        other @ (Selector::All
        | Selector::Global
        | Selector::Not(_)
        | Selector::And(_)
        | Selector::Or(_)) => other,
    }
}

pub(super) fn network_set(object: &Item<'_>, head: &Head, problems: &mut Problems) -> NetworkSet {
    let namespace = (head.kind == "NetworkSet").then(|| head.namespace());
    let labels = Labels::read(object.at(&["metadata", "labels"]), problems);
    let spec = object.field("spec");
    let entries = spec.as_ref().map(|spec| spec.list("nets", problems)).unwrap_or_default();
    let nets = entries.iter().filter_map(|entry| net(entry, problems)).collect();
    let domains = spec.and_then(|spec| spec.field("allowedEgressDomains"));
    if let Some(domains) = &domains {
        problems.add(domains, "needs Calico Enterprise: the names are not evaluated");
    }
    NetworkSet { namespace, labels, nets, is_partial: !problems.found.is_empty() }
}

pub(super) fn tier(object: &Item<'_>, head: &Head, problems: &mut Problems) -> CalicoTier {
    let spec = object.field("spec");
    let order = spec.as_ref().map_or(f64::INFINITY, |spec| order(spec, problems));
    let action = spec.as_ref().and_then(|spec| spec.word("defaultAction", problems));
    let passes = match action {
        Some("Pass") => true,
        Some("Deny") => false,
        None => head.name.starts_with("kube-"),
        Some(other) => {
            problems.add(object, &format!("has the unknown `defaultAction` `{other}`"));
            false
        }
    };
    CalicoTier { name: head.name.clone(), order, passes, is_flawed: !problems.found.is_empty() }
}
