//! Azure Firewall rule sets and logs, offline: what a rule set does with a flow and why, and what
//! the logs say happened.
//!
//! Modules stand in an order; each names only modules above it (see `ARCHITECTURE.md`).

pub mod net;
pub mod random;
pub mod source;

pub mod flow;

pub mod policy;

pub mod syntax;

pub mod load;

pub mod cluster;

pub mod compile;

pub mod evaluate;

pub mod analyse;

pub mod path;

pub mod expect;

pub mod generate;

#[cfg(feature = "logs")]
pub mod logs;

#[cfg(feature = "logs")]
pub mod tables;

#[cfg(feature = "logs")]
pub mod detect;

#[cfg(feature = "logs")]
pub mod suggest;

pub mod report;

pub mod write;

pub mod cli;
