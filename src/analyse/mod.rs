//! Questions about whole rule sets and whole logs, all answered by [`crate::evaluate`].

pub mod index;
pub mod order;
pub mod reach;
pub mod replay;
pub mod search;
pub mod space;
pub mod traffic;
