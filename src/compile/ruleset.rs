//! A rule set ready to be evaluated.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::{
    AddressCriterion, AppDestinationAddresses, ApplicationCriteria, Block, DnatMode, NatCriteria,
    NetworkCriteria, PortCriterion, RulePath,
};
use crate::net::{FqdnPattern, IpProtocol};
use crate::policy::{
    CollectionAction, IdpsMode, Priority, Rule, SideTables, SkuTier, ThreatIntelMode,
};
use crate::source::Span;

/// Everything that decides about a flow, in evaluation order.
#[derive(Debug, Clone)]
pub struct Ruleset {
    /// Names of the policies, parent first; empty for a classic firewall.
    pub policies: Vec<SmolStr>,
    /// Tier of the policy that is evaluated.
    pub tier: SkuTier,
    pub threat_intel: ThreatIntel,
    pub idps: Idps,
    /// Without it, destination FQDNs of network rules match nothing.
    pub has_dns_proxy: bool,
    pub nat: Stage<NatCriteria>,
    pub network: Stage<NetworkCriteria>,
    pub application: Stage<ApplicationCriteria>,
    pub infrastructure: InfrastructureList,
    /// The IP Groups that rules name, and what they hold.
    pub ip_groups: BTreeMap<SmolStr, AddressCriterion>,
    pub tables: SideTables,
    pub options: RulesetOptions,
}

/// The readings that evaluation depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RulesetOptions {
    pub dnat: DnatMode,
    pub app_destination_addresses: AppDestinationAddresses,
}

/// The rules of one type in evaluation order.
#[derive(Debug, Clone)]
pub struct Stage<C> {
    /// Names and positions, by rank.
    pub rules: Vec<RuleInfo>,
    /// What the rules compare, by rank.
    pub criteria: Vec<C>,
    /// The order in which ranks are tried.
    pub blocks: Vec<Block>,
}

impl<C> Default for Stage<C> {
    fn default() -> Self {
        Self { rules: Vec::new(), criteria: Vec::new(), blocks: Vec::new() }
    }
}

/// What is known of a rule beside what it compares.
#[derive(Debug, Clone)]
pub struct RuleInfo {
    pub path: RulePath,
    pub action: CollectionAction,
    /// `None` for a classic firewall.
    pub group_priority: Option<Priority>,
    pub collection_priority: Priority,
    pub span: Option<Span>,
    /// The rule as written.
    pub written: Rule,
}

/// Threat intelligence of parent and child together.
#[derive(Debug, Clone)]
pub struct ThreatIntel {
    pub mode: ThreatIntelMode,
    pub allowed_addresses: AddressCriterion,
    pub allowed_fqdns: Vec<FqdnPattern>,
}

/// IDPS of parent and child together.
#[derive(Debug, Clone)]
pub struct Idps {
    pub mode: IdpsMode,
    /// Signature id to its own mode.
    pub overrides: BTreeMap<SmolStr, IdpsMode>,
    pub bypass: Vec<Bypass>,
}

/// Traffic that IDPS leaves alone.
#[derive(Debug, Clone)]
pub struct Bypass {
    pub name: SmolStr,
    /// `None`: any protocol.
    pub protocol: Option<IpProtocol>,
    pub sources: AddressCriterion,
    pub destinations: AddressCriterion,
    pub ports: PortCriterion,
}

/// The user's list of the names that the built-in infrastructure collection allows.
/// Microsoft does not publish them.
#[derive(Debug, Clone, Default)]
pub struct InfrastructureList {
    pub fqdns: Vec<FqdnPattern>,
}
