//! Results → one renderer per format. Domain types are not serialised; outputs have structs of
//! their own, whose shape is a promise (`docs/`). Values in, text out; nothing here prints.

pub mod audit;
#[cfg(feature = "logs")]
pub mod detect;
pub mod diff;
#[cfg(feature = "logs")]
pub mod events;
#[cfg(feature = "logs")]
pub mod events_parquet;
pub mod explain;
pub mod find;
pub mod grid;
pub mod page;
#[cfg(feature = "logs")]
mod parquet_file;
pub mod path;
pub mod replay;
pub mod rule_line;
pub mod sanitize;
pub mod show;
#[cfg(feature = "logs")]
pub mod suggest;
pub mod test;
#[cfg(feature = "logs")]
pub mod traffic;
pub mod verdict;
