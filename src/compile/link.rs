//! Which policy is meant, its parent, and the groups of both.

use smol_str::SmolStr;

use super::{CompileError, Options};
use crate::policy::{
    ClassicFirewall, FirewallPolicy, Inventory, ResourceId, RuleCollection, RuleCollectionGroup,
    Settings,
};
use crate::source::{Severity, Span, Spanned, Warning};

/// One policy of a chain, or a classic firewall, with its rules.
#[derive(Debug)]
pub(super) struct Layer<'a> {
    pub(super) name: SmolStr,
    /// The name where it is written.
    pub(super) place: Spanned<SmolStr>,
    /// The files hold the policy, not only its groups.
    pub(super) has_settings: bool,
    /// `None`: a classic firewall, whose rules have no policy and no group.
    pub(super) policy: Option<SmolStr>,
    pub(super) settings: Settings,
    pub(super) groups: Vec<LinkedGroup<'a>>,
    /// Collections of a classic firewall.
    pub(super) collections: &'a [RuleCollection],
    pub(super) is_inherited: bool,
}

#[derive(Debug)]
pub(super) struct LinkedGroup<'a> {
    pub(super) group: &'a RuleCollectionGroup,
}

/// What can be evaluated: something with a name of its own.
enum Subject<'a> {
    Policy(&'a FirewallPolicy),
    /// Groups whose policy is in no file; `None`: they do not say which policy is theirs.
    Groups(Option<&'a ResourceId>),
    Firewall(&'a ClassicFirewall),
}

impl Subject<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Policy(policy) => &policy.name.value,
            Self::Groups(Some(id)) => id.name(),
            Self::Groups(None) => "policy",
            Self::Firewall(firewall) => &firewall.name.value,
        }
    }
}

/// The layers of the policy or firewall that `options` choose: parent first.
pub(super) fn chain<'a>(
    inventory: &'a Inventory,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Result<Vec<Layer<'a>>, CompileError> {
    reject_different_twins(inventory)?;
    let subject = chosen(inventory, options)?;
    let subject = governed(inventory, subject)?;
    warn_of_unused_collections(inventory, &subject, warnings);
    let mut layers = Vec::new();
    match &subject {
        Subject::Policy(policy) => {
            if let Some(parent) = parent(inventory, policy)? {
                layers.push(policy_layer(inventory, parent, true, warnings)?);
            }
            layers.push(policy_layer(inventory, policy, false, warnings)?);
        }
        Subject::Groups(id) => {
            let name = SmolStr::from(subject.name());
            warnings.push(settings_missing(&name));
            let groups =
                inventory.groups.iter().filter(|group| same_policy(group.policy.as_ref(), *id));
            layers.push(Layer {
                policy: Some(name.clone()),
                place: Spanned::unplaced(name.clone()),
                has_settings: false,
                name,
                settings: Settings::default(),
                groups: linked(groups),
                collections: &[],
                is_inherited: false,
            });
        }
        Subject::Firewall(firewall) => layers.push(Layer {
            name: firewall.name.value.clone(),
            place: firewall.name.clone(),
            has_settings: true,
            policy: None,
            settings: firewall.settings.clone(),
            groups: Vec::new(),
            collections: &firewall.collections,
            is_inherited: false,
        }),
    }
    Ok(layers)
}

fn settings_missing(name: &str) -> Warning {
    let message = format!(
        "the files hold rule collection groups of policy `{name}` but not the policy itself: its \
         settings are taken as Azure's defaults (threat intelligence alerts, DNS proxy off, IDPS off) \
         and it is taken to have no parent"
    );
    Warning::new(Severity::Warning, message, None).with_help(
        "add the policy: `az network firewall policy show`, or an ARM export that holds it",
    )
}

fn linked<'a>(groups: impl Iterator<Item = &'a RuleCollectionGroup>) -> Vec<LinkedGroup<'a>> {
    let mut linked: Vec<LinkedGroup<'a>> = Vec::new();
    for group in groups {
        // One group in two files is one group; different content was refused before.
        if linked.iter().all(|known| !is_twin_group(known.group, group)) {
            linked.push(LinkedGroup { group });
        }
    }
    linked
}

fn same_policy(ours: Option<&ResourceId>, theirs: Option<&ResourceId>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => ours.agrees_with(theirs),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn policy_id(policy: &FirewallPolicy) -> ResourceId {
    policy.id.clone().unwrap_or_else(|| {
        ResourceId::without_scope("Microsoft.Network/firewallPolicies", &[&policy.name.value])
    })
}

fn policy_layer<'a>(
    inventory: &'a Inventory,
    policy: &'a FirewallPolicy,
    is_inherited: bool,
    warnings: &mut Vec<Warning>,
) -> Result<Layer<'a>, CompileError> {
    let id = policy_id(policy);
    let is_only_policy = distinct_policies(inventory).len() == 1;
    let groups =
        linked(inventory.groups.iter().filter(|group| {
            group.policy.as_ref().map_or(is_only_policy, |of| of.agrees_with(&id))
        }));
    require_referenced_groups(policy, &groups)?;
    if groups.is_empty() {
        let name = &policy.name.value;
        let message = format!("policy `{name}` has no rule collection group in the files");
        let help = "an export of a policy does not hold its rules: add them with \
                    `az network firewall policy rule-collection-group list`";
        warnings.push(Warning::new(Severity::Warning, message, policy.name.span).with_help(help));
    }
    Ok(Layer {
        name: policy.name.value.clone(),
        place: policy.name.clone(),
        has_settings: true,
        policy: Some(policy.name.value.clone()),
        settings: policy.settings.clone(),
        groups,
        collections: &[],
        is_inherited,
    })
}

fn require_referenced_groups(
    policy: &FirewallPolicy,
    groups: &[LinkedGroup<'_>],
) -> Result<(), CompileError> {
    let missing: Vec<_> = policy
        .group_references
        .iter()
        .filter(|reference| {
            groups.iter().all(|linked| {
                let name = &linked.group.name.value;
                !name.eq_ignore_ascii_case(reference.value.name())
            })
        })
        .collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let names: Vec<_> = missing.iter().map(|id| format!("`{}`", id.value.name())).collect();
    let message = format!(
        "policy `{}` refers to rule collection groups that are in no file: {}; their rules are not in \
         the export",
        policy.name.value,
        names.join(", ")
    );
    let help = "a policy lists its groups by reference only: add the file of \
                `az network firewall policy rule-collection-group list`";
    Err(CompileError::new(message, help, first.span))
}

fn parent<'a>(
    inventory: &'a Inventory,
    policy: &FirewallPolicy,
) -> Result<Option<&'a FirewallPolicy>, CompileError> {
    let Some(base) = &policy.base else { return Ok(None) };
    let Some(parent) = find_policy(inventory, &base.value) else {
        let message = format!(
            "policy `{}` inherits from `{}`, which is in no file; its rules come first",
            policy.name.value,
            base.value.name()
        );
        let help = "add the files of the parent policy and its rule collection groups";
        return Err(CompileError::new(message, help, base.span));
    };
    if let Some(grandparent) = &parent.base {
        let message = format!(
            "the parent `{}` of policy `{}` has a parent itself; such a chain is not evaluated, because \
             Azure documents one level only",
            parent.name.value, policy.name.value
        );
        let help = format!("evaluate with `{}` as the parent", grandparent.value.name());
        return Err(CompileError::new(message, help, grandparent.span));
    }
    Ok(Some(parent))
}

fn find_policy<'a>(inventory: &'a Inventory, id: &ResourceId) -> Option<&'a FirewallPolicy> {
    inventory.policies.iter().find(|policy| policy_id(policy).agrees_with(id))
}

/// Classic collections of the firewalls that the policy governs: a policy leaves them unused.
fn warn_of_unused_collections(
    inventory: &Inventory,
    subject: &Subject<'_>,
    warnings: &mut Vec<Warning>,
) {
    let id = match subject {
        Subject::Policy(policy) => policy_id(policy),
        Subject::Groups(Some(id)) => (*id).clone(),
        Subject::Groups(None) | Subject::Firewall(_) => return,
    };
    for firewall in inventory.firewalls.iter().filter(|firewall| !firewall.collections.is_empty()) {
        let Some(policy) = firewall.policy.as_ref().filter(|of| of.value.agrees_with(&id)) else {
            continue;
        };
        let message = format!(
            "firewall `{}` has classic rule collections beside its policy `{}`; the policy governs, \
             the classic rules are not used",
            firewall.name.value,
            policy.value.name()
        );
        warnings.push(Warning::new(Severity::Error, message, firewall.name.span));
    }
}

/// A firewall that a policy governs stands for that policy.
fn governed<'a>(
    inventory: &'a Inventory,
    subject: Subject<'a>,
) -> Result<Subject<'a>, CompileError> {
    let Subject::Firewall(firewall) = subject else { return Ok(subject) };
    let Some(reference) = &firewall.policy else { return Ok(subject) };
    if let Some(policy) = find_policy(inventory, &reference.value) {
        return Ok(Subject::Policy(policy));
    }
    let of_policy =
        |group: &&RuleCollectionGroup| same_policy(group.policy.as_ref(), Some(&reference.value));
    if let Some(group) = inventory.groups.iter().find(of_policy) {
        return Ok(Subject::Groups(group.policy.as_ref()));
    }
    let message = format!(
        "firewall `{}` is governed by policy `{}`, which is in no file: its rules are not in the export",
        firewall.name.value,
        reference.value.name()
    );
    let help = "add the policy and its rule collection groups (`az network firewall policy show`, \
                `az network firewall policy rule-collection-group list`)";
    Err(CompileError::new(message, help, reference.span))
}

fn chosen<'a>(inventory: &'a Inventory, options: &Options) -> Result<Subject<'a>, CompileError> {
    let mut subjects = subjects(inventory);
    if let Some(name) = &options.policy {
        let position =
            subjects.iter().position(|subject| subject.name().eq_ignore_ascii_case(name));
        return match position {
            Some(position) => Ok(subjects.swap_remove(position)),
            None => Err(CompileError::new(
                format!("no policy or firewall is called `{name}`"),
                format!("the files hold {}", names(&subjects)),
                None,
            )),
        };
    }
    let mut leaves: Vec<_> =
        subjects.into_iter().filter(|subject| !is_used_by_another(inventory, subject)).collect();
    match leaves.len() {
        0 => Err(CompileError::new(
            format!(
                "the files hold no firewall policy, no rule collection group and no classic \
                 firewall{}",
                if inventory.ip_groups.is_empty() { "" } else { ", only IP Groups" }
            ),
            "give a policy, its rule collection groups, a classic firewall, or an ARM template of them",
            None,
        )),
        1 => Ok(leaves.swap_remove(0)),
        _ => Err(CompileError::new(
            format!("the files hold several rule sets: {}", names(&leaves)),
            "choose one with `--policy NAME`",
            leaves.iter().find_map(subject_span),
        )),
    }
}

fn subject_span(subject: &Subject<'_>) -> Option<Span> {
    match subject {
        Subject::Policy(policy) => policy.name.span,
        Subject::Firewall(firewall) => firewall.name.span,
        Subject::Groups(_) => None,
    }
}

fn names(subjects: &[Subject<'_>]) -> String {
    let names: Vec<_> = subjects.iter().map(|subject| format!("`{}`", subject.name())).collect();
    names.join(", ")
}

/// Everything that can be evaluated, each once.
fn subjects(inventory: &Inventory) -> Vec<Subject<'_>> {
    let policies = distinct_policies(inventory);
    let mut orphans: Vec<Option<&ResourceId>> = Vec::new();
    for group in &inventory.groups {
        let is_known = match &group.policy {
            Some(id) => policies.iter().any(|policy| policy_id(policy).agrees_with(id)),
            None => policies.len() == 1,
        };
        let of = group.policy.as_ref();
        if !is_known && orphans.iter().all(|known| !same_policy(*known, of)) {
            orphans.push(of);
        }
    }
    let firewalls = inventory.firewalls.iter().map(Subject::Firewall);
    let groups = orphans.into_iter().map(Subject::Groups);
    policies.into_iter().map(Subject::Policy).chain(groups).chain(firewalls).collect()
}

fn distinct_policies(inventory: &Inventory) -> Vec<&FirewallPolicy> {
    let mut distinct: Vec<&FirewallPolicy> = Vec::new();
    for policy in &inventory.policies {
        if distinct.iter().all(|known| !is_twin_policy(known, policy)) {
            distinct.push(policy);
        }
    }
    distinct
}

/// Whether the subject is only a part of another one: a parent, or a policy that a firewall uses.
fn is_used_by_another(inventory: &Inventory, subject: &Subject<'_>) -> bool {
    let id = match subject {
        Subject::Policy(policy) => policy_id(policy),
        Subject::Groups(Some(id)) => (*id).clone(),
        Subject::Groups(None) => return false,
        // A policy speaks for the firewall that it governs, unless nothing of it is there.
        Subject::Firewall(firewall) => {
            return firewall.policy.as_ref().is_some_and(|policy| {
                let has_groups = inventory
                    .groups
                    .iter()
                    .any(|group| same_policy(group.policy.as_ref(), Some(&policy.value)));
                has_groups || find_policy(inventory, &policy.value).is_some()
            });
        }
    };
    inventory
        .policies
        .iter()
        .any(|policy| policy.base.as_ref().is_some_and(|base| base.value.agrees_with(&id)))
}

fn is_twin_policy(a: &FirewallPolicy, b: &FirewallPolicy) -> bool {
    policy_id(a).agrees_with(&policy_id(b))
}

fn is_twin_group(a: &RuleCollectionGroup, b: &RuleCollectionGroup) -> bool {
    let same_name = a.name.value.eq_ignore_ascii_case(&b.name.value);
    same_name && same_policy(a.policy.as_ref(), b.policy.as_ref())
}

/// Refuses one resource that is given twice with different content: which one is meant?
fn reject_different_twins(inventory: &Inventory) -> Result<(), CompileError> {
    let twice = |what: &str, name: &str, span| {
        let message = format!("{what} `{name}` is given twice with different content");
        CompileError::new(message, "leave out the file that is not meant", span)
    };
    for (index, group) in inventory.groups.iter().enumerate() {
        let earlier = inventory.groups.iter().take(index);
        if earlier
            .into_iter()
            .any(|known| is_twin_group(known, group) && !is_same_group(known, group))
        {
            let name = &group.name;
            return Err(twice("rule collection group", &name.value, name.span));
        }
    }
    for (index, policy) in inventory.policies.iter().enumerate() {
        let mut earlier = inventory.policies.iter().take(index);
        if earlier.any(|known| is_twin_policy(known, policy) && !is_same_policy(known, policy)) {
            return Err(twice("policy", &policy.name.value, policy.name.span));
        }
    }
    Ok(())
}

fn is_same_group(a: &RuleCollectionGroup, b: &RuleCollectionGroup) -> bool {
    a.priority == b.priority && a.collections == b.collections
}

fn is_same_policy(a: &FirewallPolicy, b: &FirewallPolicy) -> bool {
    let base =
        |policy: &FirewallPolicy| policy.base.as_ref().map(|base| base.value.name().to_lowercase());
    // A template often leaves its region to the deployment; no verdict depends on it.
    let placeless =
        |policy: &FirewallPolicy| Settings { location: None, ..policy.settings.clone() };
    placeless(a) == placeless(b) && base(a) == base(b)
}
