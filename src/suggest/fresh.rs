//! A rule set of what was allowed, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use smol_str::SmolStr;

use super::draft::{ALLOW, DENY, Part, connections, group, made, policy};
use super::observed::{Observed, Times, Turned};
use super::services::{Service, Services, Users};
use super::sources::{SourceEntry, Sources, named};
use super::{Options, Suggestion, groups};
use crate::policy::{
    CollectionAction, IdpsMode, IntrusionDetection, Inventory, Rule, RuleHead, Settings,
    SignatureOverride, SkuTier, ThreatIntelMode, Written,
};

/// Rules for everything that was allowed. IP Groups of `known` are used where they fit.
#[must_use]
pub fn from_logs(observed: &Observed, known: Option<&Inventory>, options: &Options) -> Suggestion {
    of_services(observed, &Services::new(observed), known, options)
}

/// The same of services that are at hand.
pub(super) fn of_services(
    observed: &Observed,
    services: &Services,
    known: Option<&Inventory>,
    options: &Options,
) -> Suggestion {
    let sources = Sources::new(options, groups(known));
    let mut draft = Draft { services, sources: &sources, options, used: BTreeSet::new() };
    let dnat = vec![("observed-dnat", 100, CollectionAction::Dnat, draft.dnat())];
    let (allowed, (guards, others)) = (draft.network(), draft.other_protocols());
    let network = vec![
        ("observed-network", 100, ALLOW, allowed),
        ("named-protocols-denied", 200, DENY, guards),
        ("observed-other-protocols", 300, ALLOW, others),
    ];
    let application = vec![("observed-application", 100, ALLOW, draft.application())];
    let parts: [(&str, u32, Vec<Part>); 3] = [
        ("SuggestedDnat", 100, dnat),
        ("SuggestedNetwork", 200, network),
        ("SuggestedApplication", 300, application),
    ];
    let mut notes = services
        .notes
        .iter()
        .map(|(why, count)| {
            format!("no rule is made of {}, because {why}", connections(*count, "allowed "))
        })
        .collect();
    let made = parts.into_iter();
    let made: Vec<_> = made
        .filter_map(|(name, priority, parts)| group(&options.policy, name, priority, parts))
        .collect();
    let settings = settings(observed, &made, &mut notes);
    let named = groups(known).iter().enumerate().filter(|(place, _)| draft.used.contains(place));
    let inventory = Inventory {
        policies: vec![policy(&options.policy, settings)],
        groups: made,
        ip_groups: named.map(|(_, group)| group.clone()).collect(),
        tables: known.map(|known| known.tables.clone()).unwrap_or_default(),
        ..Inventory::default()
    };
    Suggestion { inventory, notes, above_limits: Vec::new() }
}

/// What threat intelligence and IDPS denied stays denied by them, and target URLs need the Premium
/// tier.
fn settings(
    observed: &Observed,
    groups: &[crate::policy::RuleCollectionGroup],
    notes: &mut Vec<String>,
) -> Settings {
    let mut settings = Settings::default();
    let denied = |by: Turned| -> u64 {
        let flows = observed.flows().filter(|(flow, _)| Turned::of(flow) == by);
        flows.map(|(_, fate)| fate.denied.connections).sum()
    };
    let by_threat_intel = denied(Turned::ThreatIntel);
    if by_threat_intel > 0 {
        settings.threat_intel_mode = Some(made(Written::Value(ThreatIntelMode::Deny)));
        notes.push(format!(
            "threat intelligence is set to deny, as it denied {}",
            connections(by_threat_intel, "")
        ));
        if observed.threat_alerts() > 0 {
            notes.push(format!(
                "threat intelligence only alerted to {}, which it may now deny",
                connections(observed.threat_alerts(), "")
            ));
        }
    }
    let by_idps = denied(Turned::Idps);
    if by_idps > 0 {
        let (_, alerted) = observed.signatures();
        settings.tier = Some(made(SkuTier::Premium));
        settings.intrusion_detection = Some(intrusion_detection(&alerted));
        notes.push(format!("IDPS is set to deny, as it denied {}", connections(by_idps, "")));
    }
    let rules = || groups.iter().flat_map(|group| &group.collections).flat_map(|one| &one.rules);
    let has_urls =
        |rule: &Rule| matches!(rule, Rule::Application(rule) if !rule.target_urls.is_empty());
    let inspects =
        |rule: &Rule| matches!(rule, Rule::Application(rule) if rule.terminate_tls.is_some());
    if rules().any(has_urls) {
        settings.tier = Some(made(SkuTier::Premium));
        notes.push(
            "rules by target URL, where one name was allowed and denied to the same source, need \
             the Premium tier"
                .to_owned(),
        );
    }
    if rules().any(inspects) {
        notes.push(
            "BEFORE IT IS DEPLOYED: rules with `inspect` need the certificate authority of TLS \
             inspection, which logs do not name; add `tls-inspection NAME` to the policy"
                .to_owned(),
        );
    }
    settings
}

/// Denies what any signature finds, but for those that let pass what they found.
fn intrusion_detection(alerted: &BTreeSet<SmolStr>) -> IntrusionDetection {
    let only_alert = |id: &SmolStr| SignatureOverride {
        id: made(Written::Value(id.clone())),
        mode: Written::Value(IdpsMode::Alert),
    };
    IntrusionDetection {
        mode: Some(made(Written::Value(IdpsMode::Deny))),
        overrides: alerted.iter().map(only_alert).collect(),
        ..IntrusionDetection::default()
    }
}

/// Rules in the making.
pub(super) struct Draft<'a> {
    pub services: &'a Services,
    pub sources: &'a Sources<'a>,
    pub options: &'a Options,
    /// IP Groups that rules name.
    pub used: BTreeSet<usize>,
}

/// Several services of the same sources.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    pub times: Times,
    pub sources: BTreeSet<IpAddr>,
}

impl Bundle {
    pub(super) fn add(&mut self, users: &Users) {
        self.times.join(users.times());
        self.sources.extend(users.allowed.keys());
    }

    pub(super) fn join(&mut self, other: Self) {
        self.times.join(other.times);
        self.sources.extend(other.sources);
    }
}

pub(super) type Entries = BTreeSet<SourceEntry>;

impl<'a> Draft<'a> {
    /// The services that somebody was allowed, each with the entries of its sources.
    pub(super) fn allowed(&self) -> impl Iterator<Item = (&'a Service, &'a Users, Entries)> {
        let sources = self.sources;
        self.used_services().map(move |(service, users)| {
            let entries = sources.entries(&users.sources(), &users.denied);
            (service, users, entries)
        })
    }

    pub(super) fn used_services(&self) -> impl Iterator<Item = (&'a Service, &'a Users)> {
        self.services.map.iter().filter(|(_, users)| !users.allowed.is_empty())
    }

    pub(super) fn write(&mut self, entries: &Entries, head: &mut RuleHead) {
        self.used.extend(named(entries));
        self.sources.write(entries, head);
    }
}

/// What is put together by a key, with its evidence.
pub(super) type Bundles<K, V> = BTreeMap<K, (V, Bundle)>;
