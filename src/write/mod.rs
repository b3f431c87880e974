//! Rule sets → files: one module for each form, the opposite of [`crate::load`].
//!
//! What a form cannot express is said in the warnings of the [`Output`], never dropped in silence.
//! An error among them means that the text would be another rule set.

mod arm;
mod csv;
mod markdown;
mod remarks;
mod terraform;

pub use self::arm::arm;
pub use self::csv::csv;
pub use self::markdown::markdown;
pub use self::terraform::terraform;
use crate::policy::Inventory;
use crate::source::{Severity, Warning};

/// A rule set in some form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    pub text: String,
    /// What the form does not hold.
    pub warnings: Vec<Warning>,
}

impl Output {
    /// Whether the text leaves out something that decides: it would be another rule set.
    #[must_use]
    pub fn is_another_rule_set(&self) -> bool {
        self.warnings.iter().any(|warning| warning.severity == Severity::Error)
    }
}

/// The text form, which holds everything but side tables.
#[must_use]
pub fn text(inventory: &Inventory) -> Output {
    let mut remarks = remarks::Remarks::default();
    remarks.note_side_tables(inventory);
    for policy in &inventory.policies {
        remarks.note_missing_groups(inventory, policy);
    }
    Output { text: crate::syntax::text::print(inventory), warnings: remarks.warnings }
}

#[cfg(test)]
mod tests;
