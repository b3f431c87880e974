//! Findings as SARIF 2.1.0, as far as GitHub code scanning reads it.
//!
//! Source: "SARIF support for code scanning" (docs.github.com) and the OASIS schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::needs;
use crate::analyse::check::{CHECKS, Check, Finding, Level};
use crate::analyse::suppression::{STALE, STALE_SUMMARY};
use crate::source::Sources;
use crate::syntax::flow::print_flow;

/// A SARIF log with one run.
#[derive(Debug, Serialize)]
pub struct Sarif {
    #[serde(rename = "$schema")]
    pub schema: &'static str,
    pub version: &'static str,
    pub runs: Vec<Run>,
}

/// One run of the tool.
#[derive(Debug, Serialize)]
pub struct Run {
    pub tool: Tool,
    #[serde(rename = "columnKind")]
    pub column_kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invocations: Vec<Invocation>,
    pub results: Vec<Outcome>,
}

/// How the run went; there only when it has something to say.
#[derive(Debug, Serialize)]
pub struct Invocation {
    #[serde(rename = "executionSuccessful")]
    pub execution_successful: bool,
    #[serde(rename = "toolExecutionNotifications")]
    pub notifications: Vec<Notification>,
}

/// Something about the run itself.
#[derive(Debug, Serialize)]
pub struct Notification {
    pub level: &'static str,
    pub message: Text,
}

/// GitHub refuses a run with more results; the gravest come first.
const RESULTS_MAX: usize = 25_000;

/// The tool.
#[derive(Debug, Serialize)]
pub struct Tool {
    pub driver: Driver,
}

/// The tool and its checks.
#[derive(Debug, Serialize)]
pub struct Driver {
    pub name: &'static str,
    pub version: &'static str,
    pub rules: Vec<Descriptor>,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Descriptor {
    pub id: &'static str,
    #[serde(rename = "shortDescription")]
    pub short_description: Text,
    #[serde(rename = "fullDescription")]
    pub full_description: Text,
    pub help: Text,
    pub properties: Properties,
}

/// Tags by which a reader can filter.
#[derive(Debug, Serialize)]
pub struct Properties {
    pub tags: Vec<String>,
}

/// A text.
#[derive(Debug, Serialize)]
pub struct Text {
    pub text: String,
}

/// One finding.
#[derive(Debug, Serialize)]
pub struct Outcome {
    #[serde(rename = "ruleId")]
    pub rule_id: &'static str,
    #[serde(rename = "ruleIndex", skip_serializing_if = "Option::is_none")]
    pub rule_index: Option<usize>,
    pub level: &'static str,
    pub message: Text,
    pub locations: Vec<Location>,
    #[serde(rename = "partialFingerprints")]
    pub partial_fingerprints: BTreeMap<&'static str, String>,
}

/// Where a finding stands.
#[derive(Debug, Serialize)]
pub struct Location {
    #[serde(rename = "physicalLocation", skip_serializing_if = "Option::is_none")]
    pub physical: Option<Physical>,
    #[serde(rename = "logicalLocations", skip_serializing_if = "Vec::is_empty")]
    pub logical: Vec<Logical>,
}

/// A place in a file.
#[derive(Debug, Serialize)]
pub struct Physical {
    #[serde(rename = "artifactLocation")]
    pub artifact: Artifact,
    pub region: Region,
}

/// A file.
#[derive(Debug, Serialize)]
pub struct Artifact {
    pub uri: String,
}

/// A place in it, counted from one.
#[derive(Debug, Serialize)]
pub struct Region {
    #[serde(rename = "startLine")]
    pub start_line: usize,
    #[serde(rename = "startColumn")]
    pub start_column: usize,
}

/// A rule of the rule set.
#[derive(Debug, Serialize)]
pub struct Logical {
    #[serde(rename = "fullyQualifiedName")]
    pub name: String,
}

/// The SARIF form of findings.
#[must_use]
pub fn sarif(findings: &[Finding], sources: &Sources) -> Sarif {
    let checks = CHECKS.iter().map(descriptor);
    log(checks.chain([stale_suppression()]).collect(), outcomes(findings, sources))
}

/// A log of one run.
pub(in crate::report) fn log(rules: Vec<Descriptor>, mut results: Vec<Outcome>) -> Sarif {
    let left_out = results.len().checked_sub(RESULTS_MAX).filter(|left_out| *left_out > 0);
    results.truncate(RESULTS_MAX);
    Sarif {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: vec![Run {
            tool: Tool {
                driver: Driver { name: "azfw", version: env!("CARGO_PKG_VERSION"), rules },
            },
            column_kind: "unicodeCodePoints",
            invocations: left_out.map(invocation).into_iter().collect(),
            results,
        }],
    }
}

fn invocation(left_out: usize) -> Invocation {
    let text = format!("{left_out} results are left out: GitHub takes {RESULTS_MAX} of one run");
    let notification = Notification { level: "warning", message: Text { text } };
    Invocation { execution_successful: true, notifications: vec![notification] }
}

fn descriptor(check: &Check) -> Descriptor {
    let text = |text: &str| Text { text: text.to_owned() };
    let tags = check.controls.iter().map(|control| format!("MCSB/{control}"));
    Descriptor {
        id: check.name,
        short_description: text(check.summary),
        full_description: text(check.summary),
        help: text(check.page),
        properties: Properties {
            tags: std::iter::once("security".to_owned()).chain(tags).collect(),
        },
    }
}

/// What is reported about suppressions themselves stands behind the checks.
fn stale_suppression() -> Descriptor {
    let text = |text: &str| Text { text: text.to_owned() };
    Descriptor {
        id: STALE,
        short_description: text(STALE_SUMMARY),
        full_description: text(STALE_SUMMARY),
        help: text(
            "A suppression holds until its day. After it, look at the finding again: mend the rule, \
             or set a new day with a reason. One that accepts nothing any more can be removed.",
        ),
        properties: Properties { tags: Vec::new() },
    }
}

fn rule_index(check: &str) -> Option<usize> {
    let ids = CHECKS.iter().map(|check| check.name).chain([STALE]);
    ids.enumerate().find(|(_, id)| *id == check).map(|(index, _)| index)
}

/// Findings with fingerprints that stay the same when lines move: the check, the rule, and which of
/// several such findings it is.
fn outcomes(findings: &[Finding], sources: &Sources) -> Vec<Outcome> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let one = |finding: &Finding| {
        let rule = finding.rule.as_ref().map_or_else(|| "policy".to_owned(), ToString::to_string);
        let identity = format!("{}:{rule}", finding.check);
        let count = seen.entry(identity.clone()).or_insert(0);
        *count += 1;
        outcome(finding, sources, format!("{identity}:{count}"))
    };
    findings.iter().map(one).collect()
}

fn outcome(finding: &Finding, sources: &Sources, identity: String) -> Outcome {
    let rule = finding.rule.as_ref().map(ToString::to_string);
    let mut message = match &rule {
        Some(rule) => format!("{rule}: {}", finding.message),
        None => finding.message.clone(),
    };
    if !finding.depends_on.is_empty() {
        let _ = write!(message, "\nDepends on: {}", needs(finding));
    }
    if let Some(witness) = &finding.witness {
        let _ = write!(message, "\nFlow that shows it: {}", print_flow(witness));
    }
    if !finding.help.is_empty() {
        let _ = write!(message, "\nHelp: {}", finding.help);
    }
    Outcome {
        rule_id: finding.check,
        rule_index: rule_index(finding.check),
        level: match finding.level {
            Level::Info => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        },
        message: Text { text: message },
        locations: vec![location(finding, sources, rule)],
        // GitHub looks at the second name alone and would otherwise hash lines of a file that an
        // export may reorder.
        partial_fingerprints: BTreeMap::from([
            ("azfwFinding/v1", identity.clone()),
            ("primaryLocationLineHash", identity),
        ]),
    }
}

/// GitHub wants a place in a file for every result: without one, the first file stands in.
fn location(finding: &Finding, sources: &Sources, rule: Option<String>) -> Location {
    let position = finding.span.and_then(|span| sources.position(span));
    let physical = match position {
        Some(position) => Some((position.file.to_string(), position.line, position.column)),
        None => sources.iter().next().map(|source| (source.name().to_owned(), 1, 1)),
    };
    Location {
        physical: physical.map(|(file, line, column)| Physical {
            artifact: Artifact { uri: uri(&file) },
            region: Region { start_line: line, start_column: column },
        }),
        logical: rule.into_iter().map(|name| Logical { name }).collect(),
    }
}

/// A path as a relative URI, an absolute one as a `file` URI, which GitHub makes relative to the
/// checkout: everything that is no plain path character is percent-encoded.
pub(in crate::report) fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.replace('\\', "/").trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_has_the_descriptor_of_its_check() {
        let found = |check| Finding::new(check, Level::Info, "found");
        let names = CHECKS.iter().map(|check| check.name).chain([STALE]);
        let findings: Vec<Finding> = names.map(found).collect();
        let log = sarif(&findings, &Sources::default());
        let run = log.runs.first().expect("one run");
        for result in &run.results {
            let descriptor = result.rule_index.and_then(|index| run.tool.driver.rules.get(index));
            assert_eq!(descriptor.map(|rule| rule.id), Some(result.rule_id));
        }
    }

    #[test]
    fn a_path_becomes_a_uri() {
        assert_eq!(uri("./my rules/ü.json"), "my%20rules/%C3%BC.json");
        assert_eq!(uri("/rules/a.json"), "file:///rules/a.json");
    }
}
