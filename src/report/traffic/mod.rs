//! The report about logs: one [`Summary`](crate::tables::Summary), one renderer per format.

pub mod compare;
pub mod csv;
pub mod html;
pub mod json;
pub mod markdown;
pub mod parquet;
pub mod text;

mod headline;
mod needed;
mod remedy;
mod sheet;
mod sheets;

#[cfg(test)]
mod tests;
