//! Questions about whole rule sets and whole logs, all answered by [`crate::evaluate`].

pub mod replay;
pub mod tags;
pub mod traffic;
