//! `azfw report --compare`: what differs between two sets of logs.

use serde::Serialize;
use smol_str::SmolStr;

use super::sheet::{Cell, Sheet, Shown, grouped, numbers, words};
use super::sheets::named;
use super::{csv, markdown, text};
use crate::tables::{Comparison, LoggedRule, PairChange, RuleChange};

/// The comparison as text, each table cut after `top` rows.
#[must_use]
pub fn as_text(comparison: &Comparison, top: usize, layout: text::Layout<'_>) -> String {
    let mut out = format!("{}\n", heading(comparison));
    for sheet in sheets(comparison, top) {
        text::draw(&sheet, "%m-%d %H:%M:%S", layout, &mut out);
    }
    out
}

/// The comparison as Markdown, each table cut after `top` rows.
#[must_use]
pub fn as_markdown(comparison: &Comparison, top: usize) -> String {
    let mut out = format!("# Firewall logs compared\n\n{}\n", heading(comparison));
    for sheet in sheets(comparison, top) {
        markdown::table(&sheet, &mut out);
    }
    out
}

/// The comparison as CSV: file names and contents, all rows.
#[must_use]
pub fn as_csv(comparison: &Comparison) -> Vec<(String, String)> {
    sheets(comparison, usize::MAX).into_iter().map(csv::file).collect()
}

/// The comparison as JSON, all rows. The shape is documented in `docs/report.md`.
#[must_use]
pub fn as_json(comparison: &Comparison) -> String {
    let json = Json {
        before: SideJson {
            connections: comparison.connections_before,
            hours: comparison.hours_before,
        },
        after: SideJson {
            connections: comparison.connections_after,
            hours: comparison.hours_after,
        },
        new: comparison.new.iter().map(PairJson::new).collect(),
        gone: comparison.gone.iter().map(PairJson::new).collect(),
        grown: comparison.grown.iter().map(PairJson::new).collect(),
        rules: comparison.rules.iter().map(RuleJson::new).collect(),
    };
    serde_json::to_string_pretty(&json).unwrap_or_default()
}

pub(super) fn heading(comparison: &Comparison) -> String {
    let side = |connections, hours| format!("{} in {hours} h", grouped(connections));
    format!(
        "connections: before {}, after {}",
        side(comparison.connections_before, comparison.hours_before),
        side(comparison.connections_after, comparison.hours_after)
    )
}

pub(super) fn sheets(comparison: &Comparison, top: usize) -> Vec<Sheet> {
    let all = [
        pairs("new", "New: only in these logs", &comparison.new, top),
        pairs("grown", "Grown: three times as many per hour, or more", &comparison.grown, top),
        pairs("gone", "Gone: only in the logs compared with", &comparison.gone, top),
        rules(&comparison.rules, top),
    ];
    all.into_iter().filter(|sheet| !sheet.rows.is_empty()).collect()
}

fn pairs(name: &'static str, title: &str, changes: &[PairChange], top: usize) -> Sheet {
    let columns = [
        numbers("before", "before"),
        numbers("after", "after"),
        words("action", "action", Shown::Always),
        words("protocol", "proto", Shown::Always),
        words("source", "source", Shown::Data),
        words("destination", "destination", Shown::Data),
        words("source_text", "source", Shown::Reading),
        words("destination_text", "destination", Shown::Reading),
        numbers("port", "port"),
        words("source_name", "called", Shown::Data),
        words("destination_name", "called", Shown::Data),
    ];
    let shown = |end: &Option<SmolStr>, name: &Option<SmolStr>| {
        let end = end.as_ref();
        end.map_or(Cell::Empty, |end| Cell::Text(named(end.to_string(), name.as_deref())))
    };
    let row = |change: &PairChange| {
        let pair = &change.pair;
        vec![
            Cell::Number(change.before),
            Cell::Number(change.after),
            Cell::text(Some(action(pair.is_denied))),
            Cell::text(pair.protocol.as_ref()),
            Cell::text(pair.source.as_ref()),
            Cell::text(pair.target.as_ref()),
            shown(&pair.source, &change.source_name),
            shown(&pair.target, &change.target_name),
            Cell::number(pair.port),
            Cell::text(change.source_name.as_ref()),
            Cell::text(change.target_name.as_ref()),
        ]
    };
    cut(name, title, columns.to_vec(), changes.iter().map(row), changes.len(), top)
}

fn rules(changes: &[RuleChange], top: usize) -> Sheet {
    let columns = [
        numbers("before", "hits before"),
        numbers("after", "hits after"),
        numbers("share_before", "share before"),
        numbers("share_after", "share after"),
        words("rule", "rule", Shown::Always),
    ];
    let row = |change: &RuleChange| {
        vec![
            Cell::Number(change.before),
            Cell::Number(change.after),
            share(change.before, change.share_before),
            share(change.after, change.share_after),
            Cell::Text(path(&change.rule)),
        ]
    };
    let title = "Rules whose share of the connections changed";
    cut("rules", title, columns.to_vec(), changes.iter().map(row), changes.len(), top)
}

/// A share of nothing is no share.
fn share(hits: u64, share: u64) -> Cell {
    if hits == 0 { Cell::Empty } else { Cell::Share(share) }
}

fn cut(
    name: &'static str,
    title: &str,
    columns: Vec<super::sheet::Column>,
    rows: impl Iterator<Item = Vec<Cell>>,
    count: usize,
    top: usize,
) -> Sheet {
    let more = count.checked_sub(top).filter(|more| *more > 0);
    Sheet {
        name,
        title: title.to_owned(),
        notes: Vec::new(),
        columns,
        rows: rows.take(top).collect(),
        more: more.map(|more| format!("and {more} more")),
        is_data: false,
    }
}

fn action(is_denied: bool) -> &'static str {
    if is_denied { "deny" } else { "allow" }
}

fn path(rule: &LoggedRule) -> String {
    let parts = [&rule.group, &rule.collection].into_iter().flatten();
    let mut path: Vec<&str> = parts.map(AsRef::as_ref).collect();
    path.push(&rule.rule);
    path.join("/")
}

#[derive(Serialize)]
struct Json<'a> {
    before: SideJson,
    after: SideJson,
    new: Vec<PairJson<'a>>,
    gone: Vec<PairJson<'a>>,
    grown: Vec<PairJson<'a>>,
    rules: Vec<RuleJson<'a>>,
}

#[derive(Serialize)]
struct SideJson {
    connections: u64,
    hours: u64,
}

#[derive(Serialize)]
struct PairJson<'a> {
    source: Option<&'a str>,
    source_name: Option<&'a str>,
    destination: Option<&'a str>,
    destination_name: Option<&'a str>,
    port: Option<u16>,
    protocol: Option<&'a str>,
    action: &'static str,
    before: u64,
    after: u64,
}

impl<'a> PairJson<'a> {
    fn new(change: &'a PairChange) -> Self {
        let pair = &change.pair;
        Self {
            source: pair.source.as_deref(),
            source_name: change.source_name.as_deref(),
            destination: pair.target.as_deref(),
            destination_name: change.target_name.as_deref(),
            port: pair.port,
            protocol: pair.protocol.as_deref(),
            action: action(pair.is_denied),
            before: change.before,
            after: change.after,
        }
    }
}

#[derive(Serialize)]
struct RuleJson<'a> {
    policy: Option<&'a str>,
    group: Option<&'a str>,
    collection: Option<&'a str>,
    rule: &'a str,
    before: u64,
    after: u64,
    share_before: f64,
    share_after: f64,
}

impl<'a> RuleJson<'a> {
    #[expect(clippy::cast_precision_loss, reason = "thousandths are at most a thousand")]
    fn new(change: &'a RuleChange) -> Self {
        Self {
            policy: change.rule.policy.as_deref(),
            group: change.rule.group.as_deref(),
            collection: change.rule.collection.as_deref(),
            rule: &change.rule.rule,
            before: change.before,
            after: change.after,
            share_before: change.share_before as f64 / 1000.0,
            share_after: change.share_after as f64 / 1000.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::logs::{LoggedAction, RecordKind};
    use crate::tables::Pairs;
    use crate::tables::sample::{by, flow, names};

    fn comparison() -> Comparison {
        let (mut before, mut after) = (Pairs::default(), Pairs::default());
        let allow = |text: &str, rule: &str| {
            by(flow(RecordKind::Application, 0.0, text), LoggedAction::Allow, rule)
        };
        before.push(&allow("https 10.0.1.4:1 -> a.example.com:443", "g/c/old"));
        after.push(&allow("https 10.0.1.4:1 -> \u{1b}[2J|=x.example.com:443", "g/c/|new"));
        let mut comparison = Comparison::new(before, after).unwrap();
        comparison.name(&names());
        comparison
    }

    #[test]
    fn every_format_is_safe_where_it_goes() {
        let comparison = comparison();
        let text = as_text(&comparison, 10, text::Layout::default());
        assert!(!text.contains('\u{1b}'), "{text}");
        let markdown = as_markdown(&comparison, 10);
        assert!(!markdown.contains("|=x") && !markdown.contains('\u{1b}'), "{markdown}");
        let csv = as_csv(&comparison);
        assert!(csv.iter().all(|(_, content)| !content.contains('\u{1b}')));
        expect![[r#"
            connections: before 1 in 1 h, after 1 in 1 h

            New: only in these logs
              before  after  action  proto  source              destination               port
                   0      1  allow   https  10.0.1.4 (spoke-a)  \u{1b}[2J|=x.example.com   443

            Gone: only in the logs compared with
              before  after  action  proto  source              destination    port
                   1      0  allow   https  10.0.1.4 (spoke-a)  a.example.com   443

            Rules whose share of the connections changed
              hits before  hits after  share before  share after  rule
                        1           0       100.0 %            -  g/c/old
                        0           1             -      100.0 %  g/c/|new
        "#]]
        .assert_eq(&text);
        expect![[r#"
            {
              "before": {
                "connections": 1,
                "hours": 1
              },
              "after": {
                "connections": 1,
                "hours": 1
              },
              "new": [
                {
                  "source": "10.0.1.4",
                  "source_name": "spoke-a",
                  "destination": "\u001b[2J|=x.example.com",
                  "destination_name": null,
                  "port": 443,
                  "protocol": "https",
                  "action": "allow",
                  "before": 0,
                  "after": 1
                }
              ],
              "gone": [
                {
                  "source": "10.0.1.4",
                  "source_name": "spoke-a",
                  "destination": "a.example.com",
                  "destination_name": null,
                  "port": 443,
                  "protocol": "https",
                  "action": "allow",
                  "before": 1,
                  "after": 0
                }
              ],
              "grown": [],
              "rules": [
                {
                  "policy": "hub-policy",
                  "group": "g",
                  "collection": "c",
                  "rule": "old",
                  "before": 1,
                  "after": 0,
                  "share_before": 1.0,
                  "share_after": 0.0
                },
                {
                  "policy": "hub-policy",
                  "group": "g",
                  "collection": "c",
                  "rule": "|new",
                  "before": 0,
                  "after": 1,
                  "share_before": 0.0,
                  "share_after": 1.0
                }
              ]
            }"#]]
        .assert_eq(&as_json(&comparison));
    }
}
