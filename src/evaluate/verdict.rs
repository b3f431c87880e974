//! What the firewall does with a flow.

use std::fmt;
use std::net::IpAddr;

use crate::syntax::flow::ExpectedVerdict;

/// The answer for one flow. Shape and meaning: `docs/check.md`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verdict {
    pub decision: Decision,
    /// What decided; `None` where the possible outcomes differ in it.
    pub stage: Option<Stage>,
    /// The deciding rule; `None` at a stage without one and where the outcomes differ in it.
    /// At [`Stage::Idps`] it is the rule that had allowed.
    pub rule: Option<RuleRef>,
    pub translation: Option<Translation>,
    pub alerts: Vec<Alert>,
    /// Empty when everything was known; else every outcome in evaluation order, the sure end
    /// included.
    pub candidates: Vec<Outcome>,
    /// What a reader should know beside the verdict.
    pub notes: Vec<String>,
}

/// Allow, deny, or not to be told from what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    Allow,
    Deny,
    Undecided,
}

impl Decision {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Undecided => "undecided",
        }
    }
}

/// What one possible outcome does with the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ruling {
    Allow,
    Deny,
}

impl From<ExpectedVerdict> for Decision {
    fn from(expected: ExpectedVerdict) -> Self {
        match expected {
            ExpectedVerdict::Allow => Self::Allow,
            ExpectedVerdict::Deny => Self::Deny,
            ExpectedVerdict::Undecided => Self::Undecided,
        }
    }
}

impl From<Ruling> for Decision {
    fn from(ruling: Ruling) -> Self {
        match ruling {
            Ruling::Allow => Self::Allow,
            Ruling::Deny => Self::Deny,
        }
    }
}

/// One way the walk can end, and what would have to be so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Outcome {
    pub ruling: Ruling,
    pub stage: Stage,
    pub rule: Option<RuleRef>,
    pub translation: Option<Translation>,
    /// What is unknown and would settle whether it comes to this; empty for the sure end.
    pub needs: Vec<String>,
}

/// Where in the pipeline a flow is decided (`tests/spec/01-order.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    ThreatIntel,
    Dnat,
    Network,
    Application,
    /// The built-in collection of platform names.
    Infrastructure,
    /// No rule matched.
    Default,
    Idps,
}

impl Stage {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ThreatIntel => "threat_intel",
            Self::Dnat => "dnat",
            Self::Network => "network",
            Self::Application => "application",
            Self::Infrastructure => "infrastructure",
            Self::Default => "default",
            Self::Idps => "idps",
        }
    }
}

/// A rule of a ruleset, cheap to copy and compare. Its name: `Ruleset::path`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleRef {
    Nat(u32),
    Network(u32),
    Application(u32),
}

/// Where a DNAT rule sends the flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Translation {
    /// `None`: the rule names an FQDN that no DNS table lists, or an unresolved expression.
    pub address: Option<IpAddr>,
    /// `None`: not known.
    pub port: Option<u16>,
}

impl fmt::Display for Translation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address @ IpAddr::V4(_)) => write!(f, "{address}")?,
            Some(address @ IpAddr::V6(_)) => write!(f, "[{address}]")?,
            None => f.write_str("?")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => f.write_str(":?"),
        }
    }
}

/// A log entry that the flow causes beside the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alert {
    ThreatIntel,
    Idps,
}

impl Alert {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ThreatIntel => "threat_intel",
            Self::Idps => "idps",
        }
    }
}

impl Verdict {
    /// No rule matched: what a firewall without rules says to everything.
    #[must_use]
    pub fn default_deny() -> Self {
        Self {
            decision: Decision::Deny,
            stage: Some(Stage::Default),
            rule: None,
            translation: None,
            alerts: Vec::new(),
            candidates: Vec::new(),
            notes: Vec::new(),
        }
    }
}
