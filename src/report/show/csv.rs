//! The effective rules as CSV, one row a rule, for a spreadsheet.

use super::{stage, unknowns};
use crate::compile::Ruleset;
use crate::policy::Rule;
use crate::report::rule_line::words;
use crate::report::sanitize::csv_cell;

/// The columns, in order.
const COLUMNS: [&str; 17] = [
    "Order",
    "Stage",
    "Action",
    "Policy",
    "Group",
    "GroupPriority",
    "Collection",
    "CollectionPriority",
    "Rule",
    "Protocols",
    "Sources",
    "Targets",
    "Ports",
    "Translated",
    "Unknown",
    "TerminateTLS",
    "Inherited",
];

/// The rules in evaluation order.
///
/// # Errors
///
/// Never in practice: the writer writes to memory.
pub fn csv(ruleset: &Ruleset) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for (number, rule) in ruleset.rules().enumerate() {
        let info = ruleset.info(rule);
        let words = words(&info.written);
        let text = |text: &Option<smol_str::SmolStr>| {
            text.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        let row = [
            (number + 1).to_string(),
            stage(rule).name().to_owned(),
            info.action.name().to_owned(),
            text(&info.path.policy),
            text(&info.path.group),
            info.group_priority.map(|priority| priority.to_string()).unwrap_or_default(),
            info.path.collection.to_string(),
            info.collection_priority.to_string(),
            info.path.rule.to_string(),
            words.protocols.join(", "),
            words.sources.join(", "),
            words.targets.join(", "),
            words.ports.join(", "),
            words.translated.unwrap_or_default(),
            unknowns(ruleset, rule).join(", "),
            terminate_tls(&info.written),
            if info.path.is_inherited { "yes" } else { "" }.to_owned(),
        ];
        writer.write_record(row.iter().map(|cell| csv_cell(cell).into_owned()))?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `terminateTLS` as written.
fn terminate_tls(rule: &Rule) -> String {
    match rule {
        Rule::Application(rule) => {
            rule.terminate_tls.as_ref().map(|flag| flag.value.to_string()).unwrap_or_default()
        }
        Rule::Network(_) | Rule::Nat(_) => String::new(),
    }
}
