//! Findings as JSON. The shape is documented in `docs/audit.md`.

use serde::Serialize;

use crate::analyse::check::Finding;
use crate::report::show::PositionJson;
use crate::report::verdict::RuleJson;
use crate::source::Sources;
use crate::syntax::flow::json::flow_to_json;

/// `audit --format json`.
#[derive(Debug, Serialize)]
pub struct AuditJson {
    pub findings: Vec<FindingJson>,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingJson {
    pub check: &'static str,
    pub level: &'static str,
    pub rule: Option<RuleJson>,
    pub others: Vec<RuleJson>,
    pub message: String,
    pub help: String,
    pub details: Vec<String>,
    pub witness: Option<serde_json::Value>,
    pub depends_on: Vec<String>,
    pub position: Option<PositionJson>,
}

/// The JSON form of findings.
#[must_use]
pub fn json(findings: &[Finding], sources: &Sources) -> AuditJson {
    let one = |finding: &Finding| FindingJson {
        check: finding.check,
        level: finding.level.name(),
        rule: finding.rule.as_ref().map(RuleJson::from),
        others: finding.others.iter().map(RuleJson::from).collect(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        details: finding.details.clone(),
        witness: finding.witness.as_ref().map(flow_to_json),
        depends_on: finding.depends_on.iter().map(ToString::to_string).collect(),
        position: finding.span.and_then(|span| sources.position(span)).map(Into::into),
    };
    AuditJson { findings: findings.iter().map(one).collect() }
}
