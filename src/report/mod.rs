//! Results → one renderer per format. Values in, text out; nothing here prints.

pub mod grid;
pub mod sanitize;

#[cfg(feature = "logs")]
pub mod traffic;
