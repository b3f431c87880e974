//! Everything that is parsed, with nom: JSON with spans, value languages, ARM template expressions,
//! the text form of rule sets, flow notation, sentences of legacy logs.

pub mod flow;
pub mod json;
mod quoting;
mod single;
mod spelling;
pub mod text;
mod trouble;
pub mod value;
