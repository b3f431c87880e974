//! Subnets as wide as the limits of the service make necessary.

use super::fresh::of_services;
use super::observed::Observed;
use super::services::Services;
use super::{Options, Suggestion};
use crate::analyse::check;
use crate::compile::{self, CompileError, compile};
use crate::policy::Inventory;

/// Shorter prefixes that stand for sources, where longer ones make more than the service takes.
const WIDER: [u8; 3] = [20, 16, 12];

/// Rules for what was observed, as [`super::from_logs`] makes them, with subnets as wide as the limits of
/// the service make necessary.
///
/// # Errors
///
/// Nothing can be made of the rules.
pub fn within_limits(
    observed: &Observed,
    known: Option<&Inventory>,
    own: &Options,
    options: &compile::Options,
) -> Result<Suggestion, CompileError> {
    let services = Services::new(observed);
    let mut first = of_services(observed, &services, known, own);
    let above = above_limits(&first, options)?;
    if above.is_empty() {
        return Ok(first);
    }
    for length in WIDER.into_iter().filter(|length| *length < own.subnet.0) {
        let wider = Options { subnet: (length, own.subnet.1), ..own.clone() };
        let mut suggestion = of_services(observed, &services, known, &wider);
        if above_limits(&suggestion, options)?.is_empty() {
            suggestion.notes.push(format!(
                "sources are put together as /{length}, because /{} makes more than the service takes: {}",
                own.subnet.0,
                above.join("; ")
            ));
            return Ok(suggestion);
        }
    }
    first.above_limits = above;
    Ok(first)
}

fn above_limits(
    suggestion: &Suggestion,
    options: &compile::Options,
) -> Result<Vec<String>, CompileError> {
    let (ruleset, _) = compile(&suggestion.inventory, options)?;
    Ok(check::above_limits(&ruleset, &suggestion.inventory))
}
