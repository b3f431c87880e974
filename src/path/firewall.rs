//! The firewall as a station: the packet as a flow, through the same evaluation as `azfw check`.

use std::net::IpAddr;

use super::hop::HopVerdict;
use super::packet::Packet;
use crate::compile::Ruleset;
use crate::evaluate::{Decision, RuleRef, Stage, Translation, Verdict, evaluate};
use crate::flow::{Flow, Name};
use crate::net::{Fqdn, IpSet};
use crate::policy::ResourceId;

/// The rules of one firewall.
#[derive(Debug)]
pub struct Governed {
    pub firewall: ResourceId,
    /// The rules, or why there are none.
    pub rules: Result<Ruleset, String>,
}

/// What the rules say of a packet.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    pub verdict: HopVerdict,
    /// `None`: the rules are not there, or outcomes differ in it.
    pub stage: Option<Stage>,
    pub rule: Option<String>,
    pub reason: String,
    pub needs: Vec<String>,
    pub notes: Vec<String>,
    pub translation: Option<Translation>,
}

/// So many sources are tried one by one.
const SOURCES_MAX: usize = 256;

/// Evaluates a packet; one whose source is one of a few addresses, for each of them.
#[must_use]
pub(super) fn passage(ruleset: &Ruleset, packet: &Packet, name: Option<&Fqdn>) -> Passage {
    let Some(sources) = few(packet.source.addresses()) else {
        return unknown(format!("which address the source ({}) is", packet.source));
    };
    let mut passages = sources.into_iter().map(|source| one(ruleset, packet, source, name));
    let Some(first) = passages.next() else { return unknown("the source".to_owned()) };
    let differs = passages
        .any(|other| (other.verdict, &other.translation) != (first.verdict, &first.translation));
    if differs {
        return unknown(format!("which address the source ({}) is", packet.source));
    }
    first
}

fn unknown(need: String) -> Passage {
    Passage {
        verdict: HopVerdict::Unknown,
        stage: None,
        rule: None,
        reason: "it depends on the source".to_owned(),
        needs: vec![need],
        notes: Vec::new(),
        translation: None,
    }
}

/// The addresses of a small set.
pub(super) fn few(set: &IpSet) -> Option<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for prefix in set.prefixes() {
        for address in prefix.hosts_and_ends() {
            addresses.push(address);
            if addresses.len() > SOURCES_MAX {
                return None;
            }
        }
    }
    Some(addresses)
}

trait AllAddresses {
    fn hosts_and_ends(&self) -> Box<dyn Iterator<Item = IpAddr>>;
}

impl AllAddresses for ipnet::IpNet {
    /// Every address of the prefix, the first and the last included.
    fn hosts_and_ends(&self) -> Box<dyn Iterator<Item = IpAddr>> {
        match (self.network(), self.broadcast()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => Box::new(
                (first.to_bits()..=last.to_bits())
                    .map(|bits| IpAddr::from(std::net::Ipv4Addr::from_bits(bits))),
            ),
            (IpAddr::V6(first), IpAddr::V6(last)) => Box::new(
                (first.to_bits()..=last.to_bits())
                    .map(|bits| IpAddr::from(std::net::Ipv6Addr::from_bits(bits))),
            ),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => {
                Box::new(std::iter::empty())
            }
        }
    }
}

fn one(ruleset: &Ruleset, packet: &Packet, source: IpAddr, name: Option<&Fqdn>) -> Passage {
    let mut flow = Flow::new(packet.protocol, source);
    flow.source_port = packet.source_port;
    flow.destination = packet.destination.only();
    flow.port = packet.port;
    if let Some(name) = name {
        flow.name = Name::Known(name.clone());
    }
    let verdict = evaluate(ruleset, &flow, &mut ());
    let candidates = verdict.candidates.iter().flat_map(|outcome| outcome.needs.iter().cloned());
    let mut needs: Vec<String> = Vec::new();
    if verdict.decision == Decision::Undecided {
        candidates.for_each(|need| {
            if !needs.contains(&need) {
                needs.push(need);
            }
        });
    }
    Passage {
        verdict: match verdict.decision {
            Decision::Allow => HopVerdict::Allow,
            Decision::Deny => HopVerdict::Deny,
            Decision::Undecided => HopVerdict::Unknown,
        },
        stage: verdict.stage,
        rule: verdict.rule.map(|rule| ruleset.path(rule).to_string()),
        reason: reason(ruleset, &verdict),
        needs,
        notes: verdict.notes.clone(),
        translation: verdict.translation.clone(),
    }
}

fn reason(ruleset: &Ruleset, verdict: &Verdict) -> String {
    let path =
        |rule: Option<RuleRef>| rule.map(|rule| ruleset.path(rule).to_string()).unwrap_or_default();
    match verdict.stage {
        Some(Stage::ThreatIntel) => "threat intelligence".to_owned(),
        Some(Stage::Dnat) => format!("DNAT rule {}", path(verdict.rule)),
        Some(Stage::Network) => format!("network rule {}", path(verdict.rule)),
        Some(Stage::Application) => format!("application rule {}", path(verdict.rule)),
        Some(Stage::Infrastructure) => "the built-in infrastructure collection".to_owned(),
        Some(Stage::Default) => "no rule matches: default deny".to_owned(),
        Some(Stage::Idps) => "IDPS".to_owned(),
        None => {
            let outcomes = verdict.candidates.iter().map(|outcome| {
                let word = Decision::from(outcome.ruling).name();
                let path = path(outcome.rule);
                let by = if path.is_empty() { outcome.stage.name() } else { &path };
                format!("{word} by {by}")
            });
            let mut outcomes: Vec<String> = outcomes.collect();
            outcomes.truncate(3);
            outcomes.join(", or ")
        }
    }
}
