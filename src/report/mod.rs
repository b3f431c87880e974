//! Results → one renderer per format. Domain types are not serialised; outputs have structs of
//! their own, whose shape is a promise (`docs/`).

pub mod explain;
pub mod rule_line;
pub mod show;
pub mod verdict;
