//! Least-privilege rules from what logs show, and the proof that they do.
//!
//! [`Observed`] collects flows and what the firewall did with them. [`from_logs`] makes a rule set
//! of the allowed ones alone, and [`within_limits`] one that the service takes; [`narrowed`] keeps the rules of a policy that were used, cut down to
//! what was used of them. [`prove`] runs every flow through the result: what was allowed must still
//! be, and what was denied must not become allowed.

mod application;
mod dnat;
mod draft;
mod fresh;
mod limits;
mod names;
mod narrow;
mod network;
mod observed;
mod proof;
mod services;
mod sources;
mod web;

#[cfg(test)]
pub(crate) mod tests;

pub use fresh::from_logs;
pub use limits::within_limits;
pub use narrow::narrowed;
pub use observed::{Fate, Observed, Times};
pub use proof::{Broken, Proof, prove};

use crate::policy::{Inventory, IpGroup};

/// How much is put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Sources of one subnet become the subnet: prefix lengths for IPv4 and IPv6.
    pub subnet: (u8, u8),
    /// From so many sources on; fewer stay single addresses.
    pub subnet_sources: usize,
    /// From so many names below one name on, a wildcard stands for them; 0: never.
    pub roll_up: usize,
    /// From so many sources on the Internet on, a DNAT rule is open to every source.
    pub dnat_open: usize,
    /// The policy is called so.
    pub policy: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            subnet: (24, 64),
            subnet_sources: 2,
            roll_up: 0,
            dnat_open: 20,
            policy: "suggested".to_owned(),
        }
    }
}

/// A rule set, and what a reader should know beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub inventory: Inventory,
    /// One sentence each, without a full stop.
    pub notes: Vec<String>,
    /// Where the service takes less than this, in words: it cannot be deployed as it is.
    pub above_limits: Vec<String>,
}

/// IP Groups whose addresses are all known, in the order of the files.
fn groups(inventory: Option<&Inventory>) -> &[IpGroup] {
    inventory.map_or(&[], |inventory| &inventory.ip_groups)
}
