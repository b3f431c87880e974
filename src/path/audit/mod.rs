//! What is wrong with the way to the firewall: checks over a whole topology.
//!
//! Each check is a function that looks at a [`World`] and returns findings.

mod clusters;
mod peerings;
pub mod planning;
mod policies;
mod routing;
mod sources;

use super::World;
use super::routes::Routes;
use crate::analyse::check::Level;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub check: &'static str,
    pub level: Level,
    /// What it is about: `hub/jump`, `rt-spoke/to-firewall`.
    pub subject: String,
    /// Lower case, no final stop, names in backticks.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Finding {
    fn new(
        check: &'static str,
        level: Level,
        subject: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { check, level, subject: subject.into(), message: message.into(), help: help.into() }
    }
}

/// All findings, the gravest first, then by check and subject.
#[must_use]
pub fn findings(world: &World<'_>) -> Vec<Finding> {
    // The routes of a subnet are asked by every check.
    let routes: Vec<Routes> =
        world.topology.subnets.iter().map(|subnet| Routes::of(world.topology, subnet)).collect();
    let mut found = routing::findings(world, &routes);
    found.extend(sources::findings(world));
    found.extend(clusters::findings(world.topology, &routes));
    found.extend(peerings::findings(world.topology, &routes));
    found.extend(policies::findings(world));
    found.sort_by(|one, other| {
        let key = |it: &Finding| (std::cmp::Reverse(it.level), it.check, it.subject.clone());
        key(one).cmp(&key(other))
    });
    found
}
