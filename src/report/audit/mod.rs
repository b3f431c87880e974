//! `azfw audit`: findings, one renderer per format.

mod html;
mod json;
mod junit;
mod markdown;
pub(in crate::report) mod sarif;
mod text;

pub use html::html;
pub use json::{AuditJson, json};
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::{Sarif, sarif};
pub use text::text;

use crate::analyse::check::{Finding, Level};

/// How many findings there are of each level, gravest first: `1 error, 3 warnings, 2 infos`.
fn counts(findings: &[Finding]) -> String {
    let parts: Vec<String> = [Level::Error, Level::Warning, Level::Info]
        .into_iter()
        .filter_map(|level| {
            let count = findings.iter().filter(|finding| finding.level == level).count();
            let plural = if count == 1 || level == Level::Info { "" } else { "s" };
            (count > 0).then(|| format!("{count} {}{plural}", level.name()))
        })
        .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// What a finding depends on; of many, the first.
fn needs(finding: &Finding) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<_> = finding.depends_on.iter().take(SHOWN).map(ToString::to_string).collect();
    match finding.depends_on.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
