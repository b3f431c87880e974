//! The effective rules as JSON. The shape is documented in `docs/show.md`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{stage, unknowns};
use crate::compile::Ruleset;
use crate::evaluate::RuleRef;
use crate::report::rule_line::words;
use crate::report::verdict::RuleJson;
use crate::source::{Position, Sources, Warning};

/// `show --format json`.
#[derive(Debug, Serialize)]
pub struct ShowJson {
    pub policies: Vec<String>,
    pub counts: Counts,
    pub rules: Vec<RuleRow>,
    /// What the IP Groups that rules name hold.
    pub ip_groups: BTreeMap<String, Vec<String>>,
    pub warnings: Vec<WarningJson>,
}

/// Rules by type; `unresolved`: rules of which something is not known.
#[derive(Debug, Serialize)]
pub struct Counts {
    pub nat: usize,
    pub network: usize,
    pub application: usize,
    pub unresolved: usize,
}

/// One rule, in evaluation order.
#[derive(Debug, Serialize)]
pub struct RuleRow {
    pub stage: &'static str,
    pub action: &'static str,
    pub rule: RuleJson,
    pub priority: PriorityJson,
    pub inherited: bool,
    pub protocols: Vec<String>,
    pub sources: Vec<String>,
    pub targets: Vec<String>,
    pub ports: Vec<String>,
    pub translated: Option<String>,
    pub unknown: Vec<String>,
    pub position: Option<PositionJson>,
}

/// Both priorities; `group` is null for a classic firewall.
#[derive(Debug, Serialize)]
pub struct PriorityJson {
    pub group: Option<u32>,
    pub collection: u32,
}

/// A place in an input file.
#[derive(Debug, Clone, Serialize)]
pub struct PositionJson {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl From<Position> for PositionJson {
    fn from(position: Position) -> Self {
        Self { file: position.file.to_string(), line: position.line, column: position.column }
    }
}

/// Something about the input.
#[derive(Debug, Serialize)]
pub struct WarningJson {
    pub level: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub position: Option<PositionJson>,
}

impl WarningJson {
    /// The warning with its place.
    #[must_use]
    pub fn new(warning: &Warning, sources: &Sources) -> Self {
        Self {
            level: warning.severity.name(),
            message: warning.message.clone(),
            help: warning.help.clone(),
            position: warning.span.and_then(|span| sources.position(span)).map(Into::into),
        }
    }
}

/// The JSON form of a rule set.
#[must_use]
pub fn json(ruleset: &Ruleset, sources: &Sources, warnings: &[Warning]) -> ShowJson {
    let rules: Vec<_> = ruleset.rules().map(|rule| row(ruleset, sources, rule)).collect();
    ShowJson {
        policies: ruleset.policies.iter().map(ToString::to_string).collect(),
        counts: Counts {
            nat: ruleset.nat.rules.len(),
            network: ruleset.network.rules.len(),
            application: ruleset.application.rules.len(),
            unresolved: rules.iter().filter(|rule| !rule.unknown.is_empty()).count(),
        },
        rules,
        ip_groups: ruleset
            .ip_groups
            .iter()
            .map(|(name, set)| {
                (name.to_string(), set.known.ranges().map(|range| range.to_string()).collect())
            })
            .collect(),
        warnings: warnings.iter().map(|warning| WarningJson::new(warning, sources)).collect(),
    }
}

fn row(ruleset: &Ruleset, sources: &Sources, rule: RuleRef) -> RuleRow {
    let info = ruleset.info(rule);
    let words = words(&info.written);
    RuleRow {
        stage: stage(rule).name(),
        action: info.action.name(),
        rule: RuleJson::from(&info.path),
        priority: PriorityJson { group: info.group_priority, collection: info.collection_priority },
        inherited: info.path.is_inherited,
        protocols: words.protocols,
        sources: words.sources,
        targets: words.targets,
        ports: words.ports,
        translated: words.translated,
        unknown: unknowns(ruleset, rule),
        position: info.span.and_then(|span| sources.position(span)).map(Into::into),
    }
}
