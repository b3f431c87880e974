//! `policy` and side tables → [`Ruleset`]: evaluation order (in one place), names resolved, sets
//! merged. Still data, not closures.

mod criteria;
mod link;
mod lists;
mod lower;
mod order;
mod outline;
mod path;
mod ruleset;
mod settings;
mod web_category;

use crate::policy::Inventory;
use crate::source::{Span, Warning};

pub use criteria::{
    AddressCriterion, ApplicationCriteria, NatAddress, NatCriteria, NatPort, NatTarget, Need,
    NetworkCriteria, PortCriterion, ProtocolCriterion, TargetCriterion,
};
pub use order::Block;
pub use outline::{CollectionOutline, GroupOutline, LayerOutline};
pub use path::RulePath;
pub use ruleset::{
    Bypass, Idps, InfrastructureList, RuleInfo, Ruleset, RulesetOptions, SignatureMode, Stage,
    ThreatIntel,
};
pub(crate) use web_category::letters;

/// How to read what the documents of Microsoft leave open or contradict each other in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The policy or classic firewall to evaluate, by name; needed when the files hold several.
    pub policy: Option<String>,
    pub dnat: DnatMode,
    pub nat_inheritance: NatInheritance,
    pub app_destination_addresses: AppDestinationAddresses,
}

/// Whether a deny network rule can override a DNAT rule (conflict between "Azure Firewall rule
/// processing logic" of 2026, which says no, and its text of 2020 and the FAQ, which say yes).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DnatMode {
    #[default]
    Terminal,
    LegacyOverride,
}

/// Whether a child policy runs its parent's NAT collections (the 2026 text shows it, the Firewall
/// Manager overview of 2023 denies it).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NatInheritance {
    #[default]
    Inherited,
    NotInherited,
}

/// What `destinationAddresses` of an application rule does: accepted by the service, not documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AppDestinationAddresses {
    #[default]
    Ignore,
    And,
}

/// Why no rule set could be made of what the files hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    message: String,
    help: Option<String>,
    span: Option<Span>,
}

impl CompileError {
    fn new(message: impl Into<String>, help: impl Into<String>, span: Option<Span>) -> Self {
        Self { message: message.into(), help: Some(help.into()), span }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The place in the input that shows it best.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.span
    }
}

/// The rule set that the files hold, in evaluation order.
///
/// # Errors
///
/// When the files do not hold one whole rule set: several to choose from, a parent or a rule
/// collection group that is referred to and not there, a base policy of a base policy, or one
/// resource given twice with different content.
pub fn compile(
    inventory: &Inventory,
    options: &Options,
) -> Result<(Ruleset, Vec<Warning>), CompileError> {
    let mut warnings = Vec::new();
    let chain = link::chain(inventory, options, &mut warnings)?;
    let ruleset = lower::ruleset(inventory, &chain, options, &mut warnings);
    Ok((ruleset, warnings))
}
