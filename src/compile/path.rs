//! The name of a rule within its rule set.

use std::fmt;

use smol_str::SmolStr;

/// Where a rule stands: policy, rule collection group, rule collection, rule.
///
/// Prints as `group/collection/rule`; a parent's rule as `policy:group/collection/rule`; a classic
/// firewall has no groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulePath {
    /// `None` for a classic firewall.
    pub policy: Option<SmolStr>,
    /// `None` for a classic firewall.
    pub group: Option<SmolStr>,
    pub collection: SmolStr,
    pub rule: SmolStr,
    /// The rule is inherited: its policy is the parent of the one that is evaluated.
    pub is_inherited: bool,
}

impl fmt::Display for RulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (true, Some(policy)) = (self.is_inherited, &self.policy) {
            write!(f, "{policy}:")?;
        }
        if let Some(group) = &self.group {
            write!(f, "{group}/")?;
        }
        write!(f, "{}/{}", self.collection, self.rule)
    }
}
