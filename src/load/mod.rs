//! One file per input format, all ending in [`crate::policy`].
pub mod template;
