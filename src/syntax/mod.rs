//! Everything that is parsed, with nom: JSON with spans, value languages, ARM template expressions,
//! the text form of rule sets, flow notation, filters, selectors, sentences of legacy logs.

pub mod csv;
pub mod expression;
pub mod filter;
pub mod flow;
#[cfg(test)]
pub(crate) mod hcl;
pub mod journey;
pub mod json;
pub mod legacy;
pub mod names;
pub mod query;
pub mod selector;
pub mod suite;
pub mod terraform;
pub mod text;
pub mod value;

pub(crate) mod spelling;

mod quoting;
mod single;
mod trouble;
