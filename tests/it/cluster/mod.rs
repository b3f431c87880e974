//! Network policy of clusters: the project's own cases, and public ones where they are at hand.

mod connections;
mod laws;
mod public;
mod spec;
