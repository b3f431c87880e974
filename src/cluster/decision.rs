//! What becomes of a packet, and which policy decided it.

use std::fmt;

use smol_str::SmolStr;

use super::policy::{Direction, PolicyName, RuleAction};

/// What the policies of a cluster do with a packet.
///
/// Order: unless both ends allow, the stronger word counts: deny, not evaluated, undecided.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verdict {
    Allow,
    Deny,
    /// Policies were evaluated and the answer hangs on what is not known; what, one by one.
    Undecided(Vec<String>),
    /// Something that takes part is not evaluated; what.
    NotEvaluated(String),
}

impl Verdict {
    /// The word that is printed.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
            Self::Undecided(_) => "UNDECIDED",
            Self::NotEvaluated(_) => "NOT EVALUATED",
        }
    }

    /// Both have to let the packet through.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Deny, _) | (_, Self::Deny) => Self::Deny,
            (Self::NotEvaluated(why), _) | (_, Self::NotEvaluated(why)) => Self::NotEvaluated(why),
            (Self::Undecided(mut why), Self::Undecided(more)) => {
                why.extend(more);
                Self::Undecided(why)
            }
            (Self::Undecided(why), Self::Allow) | (Self::Allow, Self::Undecided(why)) => {
                Self::Undecided(why)
            }
            (Self::Allow, Self::Allow) => Self::Allow,
        }
    }

    /// Whether the two say the same, whatever their reasons.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow | Self::Deny => f.write_str(self.name()),
            Self::Undecided(why) => write!(f, "{}: {}", self.name(), why.join("; ")),
            Self::NotEvaluated(why) => write!(f, "{}: {why}", self.name()),
        }
    }
}

/// The answer for one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub verdict: Verdict,
    /// The service that stands before the pods, where the packet is sent to one.
    pub service: Option<ServiceHop>,
    /// The sender's side first. None where neither end is a pod; one for every endpoint of a service.
    pub sides: Vec<Side>,
    /// What is assumed, and what people stumble over.
    pub notes: Vec<String>,
}

/// A packet to a service, and where it goes on to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceHop {
    /// `Service shop/web`
    pub service: String,
    pub door: Door,
    /// The endpoints, as `shop/web-1 tcp 8080`.
    pub endpoints: Vec<String>,
}

/// Which address of a service was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Door {
    ClusterAddress,
    /// A load balancer or an external address.
    OuterAddress,
    NodePort,
}

/// What the policies for one pod say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    pub direction: Direction,
    /// `shop/web`
    pub pod: String,
    pub verdict: Verdict,
    pub cause: Cause,
    /// Rules that matched before and left the decision to the next tier.
    pub passed: Vec<RuleName>,
}

impl fmt::Display for Side {
    /// `egress of shop/web: ALLOW by NetworkPolicy shop/web-egress rule 2 (…)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { direction, pod, verdict, cause, .. } = self;
        write!(f, "{} of {pod}: {}, {cause}", direction.name(), verdict.name())?;
        match verdict {
            Verdict::Undecided(why) => write!(f, ": {}", why.join("; ")),
            Verdict::NotEvaluated(why) => write!(f, ": {why}"),
            Verdict::Allow | Verdict::Deny => Ok(()),
        }
    }
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Rule(RuleName),
    /// Policies select the pod and no rule of theirs matches.
    NoRuleMatches(Vec<PolicyName>),
    /// No policy that decides anything selects the pod in this direction.
    NoPolicy,
    /// It is so whatever policies say; why.
    Always(&'static str),
    /// Several outcomes are possible.
    Open,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN_MAX: usize = 3;
        match self {
            Self::Rule(rule) => rule.fmt(f),
            Self::NoRuleMatches(policies) => {
                if policies.is_empty() {
                    return f.write_str("no rule matches of any profile");
                }
                f.write_str("no rule matches of ")?;
                for (index, policy) in policies.iter().take(SHOWN_MAX).enumerate() {
                    write!(f, "{}{policy}", if index == 0 { "" } else { ", " })?;
                }
                match policies.len().saturating_sub(SHOWN_MAX) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            Self::NoPolicy => f.write_str("no policy selects the pod"),
            Self::Always(why) => f.write_str(why),
            Self::Open => f.write_str("several outcomes are possible"),
        }
    }
}

/// Which rule: its policy, its place counted from one, what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RuleName {
    pub policy: PolicyName,
    pub index: usize,
    pub name: Option<SmolStr>,
    pub action: RuleAction,
    /// `0.0.0.0/0 except 10.0.0.0/8, tcp 443`
    pub criteria: String,
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rule {}", self.policy, self.index)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        write!(f, " ({})", self.criteria)
    }
}
