//! The rule set in a form that answers fast, and like the plain walk.
//!
//! For each dimension of a stage (source, destination, protocol with port, name) the index knows
//! which rules cover a value. The rules that all dimensions have in common are those that match
//! or may match; all others surely do not. The first of them decides where it surely matches.
//! Where something is not known, the plain walk looks at them and at no other rule, so the possible
//! outcomes, what would settle them, and ties come out as without an index.

mod address;
mod application;
mod columns;
mod decide;
mod names;
mod packet;
mod service;
mod shape;
mod sweep;
mod table;

use std::net::IpAddr;

use self::address::Ipv4Map;
use self::application::ApplicationIndex;
use self::packet::{PacketIndex, PacketRule};
use self::shape::{Care, Confirmed, First, Indexed};
use self::sweep::Stretches;
use super::rule_fit;
use super::trace::Criterion;
use super::verdict::Verdict;
use super::walk;
use crate::compile::{
    AddressCriterion, Block, NatAddress, Need, PortCriterion, ProtocolCriterion, Ruleset, Stage,
};
use crate::flow::Flow;

pub use decide::Decided;
pub(super) use names::NameHasher;

/// A rule set with an index of its rules. Answers like [`super::evaluate`], only faster.
#[derive(Debug)]
pub struct Index<'a> {
    ruleset: &'a Ruleset,
    nat: Indexed<PacketIndex<Ipv4Map<2>>>,
    network: Indexed<PacketIndex<Ipv4Map<2>>>,
    network_v6: Indexed<PacketIndex<Stretches<u128, 2>>>,
    application: Indexed<ApplicationIndex>,
}

impl<'a> Index<'a> {
    /// The index of `ruleset`. Its tables take 64 MiB each at most.
    #[must_use]
    pub fn new(ruleset: &'a Ruleset) -> Self {
        const WORDS_MAX: usize = 8 << 20;
        Self::within(ruleset, WORDS_MAX)
    }

    /// The index of `ruleset`, whose tables take so many words of eight bytes at most. Dimensions
    /// that need more are left to the plain comparison; answers stay the same.
    #[must_use]
    pub fn within(ruleset: &'a Ruleset, words_max: usize) -> Self {
        let nat = nat_rules(ruleset);
        let network = network_rules(ruleset);
        Self {
            ruleset,
            nat: PacketIndex::new(&nat, words_max),
            network: PacketIndex::new(&network, words_max),
            network_v6: PacketIndex::new(&network, words_max),
            application: ApplicationIndex::new(
                &ruleset.application.criteria,
                &care(&ruleset.application),
                words_max,
            ),
        }
    }

    /// The rule set that is indexed.
    #[must_use]
    pub fn ruleset(&self) -> &'a Ruleset {
        self.ruleset
    }

    /// What the firewall does with `flow`, equal to [`super::evaluate`] in every field.
    #[must_use]
    pub fn verdict(&self, flow: &Flow) -> Verdict {
        walk::verdict(self.ruleset, flow, Some(self), &mut ())
    }

    /// Bytes of memory that the index takes beside the rule set.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nat.size(PacketIndex::size)
            + self.network.size(PacketIndex::size)
            + self.network_v6.size(PacketIndex::size)
            + self.application.size(ApplicationIndex::size)
    }

    /// The DNAT rules that match `flow` or may match; `None`: any of them.
    pub(super) fn nat_candidates(&self, flow: &Flow) -> Option<Vec<u32>> {
        let (source, destination) = v4_ends(flow)?;
        let is_by_name = destination.is_none() && flow.name.known().is_some();
        if is_by_name {
            return None;
        }
        self.nat.all(|index| index.all(flow, source, destination))
    }

    /// The network rules that match `flow` or may match; `None`: any of them.
    pub(super) fn network_candidates(&self, flow: &Flow) -> Option<Vec<u32>> {
        if let Some((source, destination)) = v4_ends(flow) {
            return self.network.all(|index| index.all(flow, source, destination));
        }
        let (source, destination) = v6_ends(flow)?;
        self.network_v6.all(|index| index.all(flow, source, destination))
    }

    /// The application rules that match `flow` or may match; `None`: any of them.
    pub(super) fn application_candidates(&self, flow: &Flow) -> Option<Vec<u32>> {
        let IpAddr::V4(source) = flow.source else { return None };
        self.application.all(|index| index.all(self.ruleset, flow, source.to_bits()))
    }

    fn first_application(&self, flow: &Flow) -> First {
        let IpAddr::V4(source) = flow.source else { return First::Unsure };
        let confirm = |rank: u32| {
            let rule = self.ruleset.application.criteria.get(rank as usize);
            rule.map_or(Confirmed::No, |rule| {
                confirmed(rule_fit::application(self.ruleset, flow, rule))
            })
        };
        self.application.first(|index| index.first(self.ruleset, flow, source.to_bits(), confirm))
    }

    fn first_nat(&self, flow: &Flow) -> First {
        if !flow.protocol.has_ports() {
            return First::Nothing;
        }
        let Some((source, destination)) = v4_ends(flow) else { return First::Unsure };
        if let (None, Some(name)) = (destination, flow.name.known()) {
            // Such a flow is sent to the firewall only where a DNS table says so.
            let addresses = self.ruleset.tables.addresses(name).unwrap_or(&[]);
            return if addresses.is_empty() { First::Nothing } else { First::Unsure };
        }
        let confirm = |rank: u32| {
            let rule = self.ruleset.nat.criteria.get(rank as usize);
            rule.map_or(Confirmed::No, |rule| confirmed(rule_fit::nat(self.ruleset, flow, rule)))
        };
        self.nat.first(|index| index.first(flow, source, destination, confirm))
    }

    fn first_network(&self, flow: &Flow) -> First {
        let confirm = |rank: u32| {
            let rule = self.ruleset.network.criteria.get(rank as usize);
            rule.map_or(Confirmed::No, |rule| confirmed(rule_fit::network(flow, rule)))
        };
        if let Some((source, destination)) = v4_ends(flow) {
            return self.network.first(|index| index.first(flow, source, destination, confirm));
        }
        let Some((source, destination)) = v6_ends(flow) else { return First::Unsure };
        self.network_v6.first(|index| index.first(flow, source, destination, confirm))
    }
}

fn confirmed(fit: Result<Vec<Need>, Criterion>) -> Confirmed {
    match fit {
        Ok(needs) if needs.is_empty() => Confirmed::Matches,
        Ok(_) => Confirmed::May,
        Err(_) => Confirmed::No,
    }
}

/// The ends of an IPv4 flow.
#[inline]
fn v4_ends(flow: &Flow) -> Option<(u32, Option<u32>)> {
    match (flow.source, flow.destination) {
        (IpAddr::V4(source), None) => Some((source.to_bits(), None)),
        (IpAddr::V4(source), Some(IpAddr::V4(destination))) => {
            Some((source.to_bits(), Some(destination.to_bits())))
        }
        (IpAddr::V4(_), Some(IpAddr::V6(_))) | (IpAddr::V6(_), _) => None,
    }
}

/// The ends of an IPv6 flow.
fn v6_ends(flow: &Flow) -> Option<(u128, Option<u128>)> {
    match (flow.source, flow.destination) {
        (IpAddr::V6(source), None) => Some((source.to_bits(), None)),
        (IpAddr::V6(source), Some(IpAddr::V6(destination))) => {
            Some((source.to_bits(), Some(destination.to_bits())))
        }
        (IpAddr::V6(_), Some(IpAddr::V4(_))) | (IpAddr::V4(_), _) => None,
    }
}

fn nat_rules(ruleset: &Ruleset) -> Vec<PacketRule<'_>> {
    let care = care(&ruleset.nat);
    let rules = ruleset.nat.criteria.iter().zip(care);
    rules
        .map(|(rule, care)| PacketRule {
            sources: &rule.sources,
            destinations: &rule.destinations,
            protocols: &rule.protocols,
            ports: &rule.ports,
            care: care.or_uncertain(is_uncertain(
                &rule.unknown,
                [&rule.sources, &rule.destinations],
                &rule.protocols,
                &rule.ports,
            )),
            is_void: rule.target.address == NatAddress::Unresolvable,
        })
        .collect()
}

fn network_rules(ruleset: &Ruleset) -> Vec<PacketRule<'_>> {
    let care = care(&ruleset.network);
    let rules = ruleset.network.criteria.iter().zip(care);
    rules
        .map(|(rule, care)| PacketRule {
            sources: &rule.sources,
            destinations: &rule.destinations,
            protocols: &rule.protocols,
            ports: &rule.ports,
            care: care.or_uncertain(is_uncertain(
                &rule.unknown,
                [&rule.sources, &rule.destinations],
                &rule.protocols,
                &rule.ports,
            )),
            is_void: false,
        })
        .collect()
}

/// Whether anything about a rule is not known.
fn is_uncertain(
    unknown: &[Need],
    addresses: [&AddressCriterion; 2],
    protocols: &ProtocolCriterion,
    ports: &PortCriterion,
) -> bool {
    let of_addresses = addresses.iter().any(|criterion| !criterion.unknown.is_empty());
    let of_service = !protocols.unknown.is_empty() || !ports.unknown.is_empty();
    !unknown.is_empty() || of_addresses || of_service
}

/// Which rules of a stage are part of a tie.
fn care<C>(stage: &Stage<C>) -> Vec<Care> {
    let mut care = vec![Care::None; stage.criteria.len()];
    mark_ties(&stage.blocks, false, &mut care);
    care
}

fn mark_ties(blocks: &[Block], is_tied: bool, care: &mut [Care]) {
    for block in blocks {
        match block {
            Block::Run(ranks) if is_tied => {
                let ranks = ranks.start as usize..ranks.end as usize;
                care.get_mut(ranks).unwrap_or_default().fill(Care::Tied);
            }
            Block::Run(_) => {}
            Block::Tied { alternatives, .. } => {
                for alternative in alternatives {
                    mark_ties(alternative, true, care);
                }
            }
        }
    }
}
