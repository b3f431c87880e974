//! A log record as a case to replay: the flow, and what the firewall says it did with it.

use std::sync::Arc;

use super::as_flow::{NotAFlow, flow_of};
use super::record::{Form, LogRecord, LoggedAction, RecordKind};
use crate::analyse::replay::{Case, Logged, LoggedRule, Place};
use crate::evaluate::Ruling;

/// The case that `record` makes.
///
/// # Errors
///
/// Says why the record is no flow, or that it does not say what became of it.
pub fn case_of(record: &LogRecord) -> Result<Case, NotAFlow> {
    let flow = flow_of(record)?;
    let place = Place { file: Arc::clone(&record.origin.file), line: record.origin.line };
    let count = record.count.unwrap_or(1);
    let ruling = match (record.kind, record.action) {
        // Another log cannot say what the firewall did.
        (RecordKind::Flow, _) => return Ok(Case { flow, logged: None, place, count }),
        (RecordKind::Nat, _) | (_, Some(LoggedAction::Allow | LoggedAction::Dnat)) => Ruling::Allow,
        (_, Some(LoggedAction::Deny)) => Ruling::Deny,
        (_, Some(LoggedAction::Alert) | None) => return Err(NotAFlow::NoAction),
    };
    let translated = record.translated.map(|address| (address, record.translated_port));
    let logged = Some(Logged { ruling, rule: rule_of(record), translated });
    Ok(Case { flow, logged, place, count })
}

fn rule_of(record: &LogRecord) -> LoggedRule {
    if let (Some(collection), Some(rule)) = (&record.collection, &record.rule) {
        return LoggedRule::Named {
            policy: record.policy.clone(),
            group: record.group.clone(),
            collection: collection.clone(),
            rule: rule.clone(),
        };
    }
    // A structured row names the rule whenever one matched, a legacy line only since 2022.
    let is_structured_deny = record.form == Form::Structured
        && record.kind == RecordKind::Network
        && record.action == Some(LoggedAction::Deny);
    if record.is_default_action || is_structured_deny {
        LoggedRule::Default
    } else {
        LoggedRule::Unnamed
    }
}
