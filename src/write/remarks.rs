//! What a writer has to say about what it leaves out.

use std::fmt;
use std::net::IpAddr;

use crate::policy::{
    ClassicFirewall, FirewallPolicy, Inventory, IpGroup, ResourceId, Rule, RuleCollectionGroup,
    SideTables,
};
use crate::source::{Severity, Span, Warning};

/// Warnings as they are collected.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    pub(super) warnings: Vec<Warning>,
}

impl Remarks {
    /// Something that decides cannot be written.
    pub(super) fn impossible(
        &mut self,
        message: impl Into<String>,
        span: Option<Span>,
        help: impl Into<String>,
    ) {
        self.push(Severity::Error, message, span, help);
    }

    /// Something is left out or has to be filled in.
    pub(super) fn warn(
        &mut self,
        message: impl Into<String>,
        span: Option<Span>,
        help: impl Into<String>,
    ) {
        self.push(Severity::Warning, message, span, help);
    }

    fn push(
        &mut self,
        severity: Severity,
        message: impl Into<String>,
        span: Option<Span>,
        help: impl Into<String>,
    ) {
        let warning = Warning::new(severity, message, span).with_help(help);
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Side tables are files of their own.
    pub(super) fn note_side_tables(&mut self, inventory: &Inventory) {
        // Networks only stand beside rule sets; nobody asks for them here.
        let tables = SideTables { subnets: Vec::new(), ..inventory.tables.clone() };
        if tables != SideTables::default() {
            let message = "side tables and service tags are not written";
            self.warn(message, None, "keep their files: they are given beside the rule set");
        }
    }

    /// Azure gives a firewall its addresses, or they are those of other resources.
    pub(super) fn note_addresses(&mut self, firewall: &ClassicFirewall) {
        if let Some(first) = firewall.addresses.first() {
            let message =
                format!("the addresses of firewall `{}` are not written", firewall.name.value);
            let help = "Azure assigns them; a public one belongs to a resource of its own";
            self.warn(message, first.span, help);
        }
    }

    /// Fields that are not known hold something that cannot be written: it was not kept.
    pub(super) fn refuse_unknown_fields(&mut self, rule: &Rule) {
        let head = rule.head();
        for field in &head.unknown_fields {
            let message =
                format!("rule `{}` has the unknown field `{}`", head.name.value, field.value);
            let help = "without it the rule may match more: take the rule out, or convert by hand";
            self.impossible(message, field.span.or(head.span.0), help);
        }
    }

    /// Groups that a policy refers to and that no file holds; or that it has none at all.
    pub(super) fn note_missing_groups(&mut self, inventory: &Inventory, policy: &FirewallPolicy) {
        let is_own = |group: &RuleCollectionGroup| {
            group.policy.as_ref().is_none_or(|owner| policy.is_meant(owner))
        };
        if policy.group_references.is_empty() && !inventory.groups.iter().any(is_own) {
            let name = &policy.name;
            let message = format!("policy `{}` has no rule collection group here", name.value);
            let help = "no rules are written; where it has some, add them: \
                        `az network firewall policy rule-collection-group list`";
            self.warn(message, name.span, help);
        }
        for reference in &policy.group_references {
            let is_there = inventory
                .groups
                .iter()
                .any(|group| group.name.value.eq_ignore_ascii_case(reference.value.name()));
            if !is_there {
                let message = format!(
                    "rule collection group `{}` of policy `{}` is in no file",
                    reference.value.name(),
                    policy.name.value
                );
                let help = "its rules are not written; add it: \
                            `az network firewall policy rule-collection-group list`";
                self.warn(message, reference.span, help);
            }
        }
    }
}

/// How many public addresses a firewall in a hub has; one where that is not known.
pub(super) fn public_addresses(firewall: &ClassicFirewall) -> usize {
    let known = firewall.addresses.iter().filter_map(|address| address.value.value());
    let is_public = |address: &&IpAddr| match address {
        IpAddr::V4(address) => !address.is_private(),
        IpAddr::V6(_) => true,
    };
    known.filter(is_public).count().max(1)
}

/// Resources that several files hold.
pub(super) trait Resource: PartialEq {
    fn name(&self) -> &str;
    fn id(&self) -> Option<&ResourceId>;
    fn place(&self) -> Option<Span>;
    /// What it is called in messages.
    const WHAT: &str;
    /// The type of its resource.
    const KIND: &str;

    /// Whether `id` means this resource.
    fn is_meant(&self, id: &ResourceId) -> bool {
        match self.id() {
            Some(own) => own.agrees_with(id),
            None => ResourceId::without_scope(Self::KIND, &[self.name()]).agrees_with(id),
        }
    }
}

macro_rules! resource {
    ($type:ty, $what:literal, $kind:literal) => {
        impl Resource for $type {
            const WHAT: &str = $what;
            const KIND: &str = $kind;
            fn name(&self) -> &str {
                &self.name.value
            }
            fn id(&self) -> Option<&ResourceId> {
                self.id.as_ref()
            }
            fn place(&self) -> Option<Span> {
                self.name.span
            }
        }
    };
}

resource!(FirewallPolicy, "policy", "Microsoft.Network/firewallPolicies");
resource!(ClassicFirewall, "firewall", "Microsoft.Network/azureFirewalls");
resource!(IpGroup, "IP Group", "Microsoft.Network/ipGroups");
resource!(
    RuleCollectionGroup,
    "rule collection group",
    "Microsoft.Network/firewallPolicies/ruleCollectionGroups"
);

/// Each resource once. Two of one name that differ cannot stand in one deployment.
pub(super) fn distinct<'a, T: Resource + fmt::Debug>(
    remarks: &mut Remarks,
    resources: &'a [T],
    is_same_place: impl Fn(&T, &T) -> bool,
) -> Vec<&'a T> {
    let mut distinct: Vec<&T> = Vec::new();
    for resource in resources {
        let twin = distinct.iter().find(|known| {
            known.name().eq_ignore_ascii_case(resource.name()) && is_same_place(known, resource)
        });
        match twin {
            None => distinct.push(resource),
            Some(twin) if *twin == resource => {}
            Some(_) => {
                let message =
                    format!("there are several {}s called `{}`", T::WHAT, resource.name());
                let help = "they cannot stand in one file: convert their files one by one";
                remarks.impossible(message, resource.place(), help);
            }
        }
    }
    distinct
}

/// The policy that a group belongs to: by its reference, else the only one there is.
pub(super) fn policy_of<'a>(
    inventory: &'a Inventory,
    group: &RuleCollectionGroup,
) -> Option<&'a FirewallPolicy> {
    match &group.policy {
        Some(id) => inventory.policies.iter().find(|policy| policy.is_meant(id)),
        None => match inventory.policies.as_slice() {
            [only] => Some(only),
            _ => None,
        },
    }
}
