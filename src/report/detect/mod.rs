//! `azfw detect`: findings in logs, one renderer per format.

mod csv;
mod json;
mod kql;
mod sarif;
mod text;

pub use csv::csv;
pub use json::{DetectJson, json};
pub(crate) use kql::{name_and_port, query};
pub use sarif::sarif;
pub use text::text;

use crate::detect::{Finding, Severity};

/// How many findings there are of each severity, gravest first: `1 high, 3 low`.
fn counts(findings: &[Finding]) -> String {
    let all = [Severity::High, Severity::Medium, Severity::Low, Severity::Info];
    let parts: Vec<String> = all
        .into_iter()
        .filter_map(|severity| {
            let count = findings.iter().filter(|finding| finding.severity == severity).count();
            (count > 0).then(|| format!("{count} {}", severity.name()))
        })
        .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// Who to whom: `10.0.0.4 -> www.example.com`.
pub(super) fn ends(finding: &Finding) -> String {
    match (&finding.source, &finding.target) {
        (Some(source), Some(target)) => format!("{source} -> {target}"),
        (Some(source), None) => source.clone(),
        (None, Some(target)) => format!("-> {target}"),
        (None, None) => String::new(),
    }
}
