use expect_test::{ExpectFile, expect, expect_file};

use crate::logs::{LogRecord, LoggedAction, RecordKind};
use crate::tables::sample::{by, denied, flow, half_a_day, input, names, policy};
use crate::tables::{Input, Options, Summary, Tally};

use super::text::Layout;
use super::{csv, json, markdown, text};

fn summary(records: &[LogRecord], options: &Options<'_>) -> Summary {
    let mut tally = Tally::new();
    for record in records {
        tally.push(record);
    }
    tally.finish(input(records.len()), options).unwrap()
}

fn half_a_day_summary() -> Summary {
    summary(&half_a_day(), &Options { top: 5, policy: Some(&policy()), names: Some(&names()) })
}

#[track_caller]
fn check(width: usize, expected: ExpectFile) {
    let text =
        text::render(&half_a_day_summary(), Layout { width, is_coloured: false, zone: None });
    expected.assert_eq(&text);
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(width), "{longest:?}");
}

#[test]
fn text_fits_into_80_columns() {
    check(80, expect_file!["expected/80.txt"]);
}

#[test]
fn text_uses_120_columns() {
    check(120, expect_file!["expected/120.txt"]);
}

#[test]
fn colour_changes_nothing_but_colour() {
    let summary = half_a_day_summary();
    let coloured = text::render(&summary, Layout { width: 80, is_coloured: true, zone: None });
    let plain = text::render(&summary, Layout { width: 80, is_coloured: false, zone: None });
    assert_ne!(coloured, plain);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn markdown_has_the_same_tables() {
    expect_file!["expected/report.md"].assert_eq(&markdown::render(&half_a_day_summary()));
}

#[test]
fn json_has_the_documented_shape() {
    expect_file!["expected/report.json"].assert_eq(&json::render(&half_a_day_summary()));
}

#[test]
fn csv_has_one_file_per_table() {
    let files = csv::render(&half_a_day_summary());
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    expect![[r#"
        hours.csv
        denied_by_source_name.csv
        denied_destinations.csv
        denied_by_default.csv
        idps.csv
        threat_intel.csv
        never_hit.csv
        rules.csv
        policy_rules.csv
        unknown_rules.csv
        sources.csv
        destinations.csv
        fqdns.csv
        web_categories.csv
        sources_by_name.csv
        ports.csv
        dnat.csv
        dns_answers.csv
        dns_failing.csv
        dns_slow.csv
        unresolved.csv
        aggregation.csv
        categories.csv
        input.csv"#]]
    .assert_eq(&names.join("\n"));
    for (name, text) in &files {
        let columns: Vec<usize> = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes())
            .records()
            .map(|record| record.unwrap().len())
            .collect();
        assert!(columns.len() > 1, "{name}");
    }
    expect![[r#"
        attempts,records,sources,first_seen,last_seen,source_type,source_name,protocol,destination,destination_name,port,reason,remedy,rule,from
        100,400,9,2026-09-07T12:00:02Z,2026-09-07T23:33:09Z,name,spoke-a,tcp,203.0.113.9,,8443,Default Action,network_rule,203.0.113.9-tcp-8443: tcp 10.0.1.4-10.0.1.12 -> 203.0.113.9 : 8443,spoke-a
        1,1,1,2026-09-07T14:31:40Z,2026-09-07T14:31:40Z,name,spoke-a,https,,,443,SNI TLS extension was missing,network_rule_by_address,,spoke-a
    "#]]
    .assert_eq(&files[1].1);
}

#[test]
fn an_empty_log_says_so() {
    let summary = Tally::new().finish(Input::default(), &Options::default()).unwrap();
    expect![[r#"
        period    no records
        records             0  from 0 files, 0 bytes
        allowed             0  0.0 %
        denied              0  0.0 %
        threats             0

        Input
          entries  what became of them
                0  counted
                0  in total
    "#]]
    .assert_eq(&text::render(&summary, Layout::default()));
}

#[test]
fn names_from_logs_are_harmless_in_every_format() {
    let name = "\u{1b}[2J=cmd|<script>\u{202e}`x`,\"";
    let mut record = flow(RecordKind::Application, 0.0, "https 10.0.1.4:50000 -> name:443");
    record.fqdn = Some(name.into());
    record.web_category = Some(format!("={name}").into());
    let record = by(record, LoggedAction::Allow, &format!("group/collection/{name}"));
    let summary = summary(&[record], &Options::default());
    let is_hidden =
        |character: char| (character.is_control() && character != '\n') || character == '\u{202e}';
    let text = text::render(&summary, Layout::default());
    let markdown = markdown::render(&summary);
    let json = json::render(&summary);
    assert!(!text.contains(is_hidden) && text.contains("\\u{1b}[2J"));
    assert!(!markdown.contains(is_hidden) && !markdown.contains("<script>"));
    assert!(!json.contains(char::is_control) || !json.contains('\u{1b}'));
    let files = csv::render(&summary);
    let (_, categories) = files.iter().find(|(name, _)| name == "web_categories.csv").unwrap();
    assert!(categories.contains("\"'=\\u{1b}[2J=cmd"));
    assert!(files.iter().all(|(_, text)| !text.contains(is_hidden)));
}

#[test]
fn a_long_period_is_drawn_by_day() {
    let at = |hour: u32| {
        let packet =
            flow(RecordKind::Network, f64::from(hour) * 3600.0, "tcp 10.0.1.4:1 -> 192.0.2.1:22");
        denied(packet, "Default Action")
    };
    let records: Vec<LogRecord> = (0..100).map(at).collect();
    let text = text::render(&summary(&records, &Options::default()), Layout::default());
    let days: Vec<&str> = text.lines().skip_while(|line| *line != "Days (UTC)").take(8).collect();
    expect![[r"
        Days (UTC)
                      allowed  denied  threats  = allowed  # denied
          2026-09-07        0      12        0  ###############
          2026-09-08        0      24        0  ##############################
          2026-09-09        0      24        0  ##############################
          2026-09-10        0      24        0  ##############################
          2026-09-11        0      16        0  ####################
    "]]
    .assert_eq(&days.join("\n"));
}
