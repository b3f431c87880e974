//! Laws of counting.

use std::io::Cursor;

use proptest::prelude::*;

use crate::generate::{Bulk, PORTAL_HEADER, legacy_record, portal_row, structured_record};
use crate::logs::{self, Counts, LogRecord, LoggedAction, RecordKind, Sink as _};

use super::sample::{as_legacy, by, denied, flow, half_a_day, input, names, policy, record};
use super::spill::tests::little;
use super::{Account, Input, Options, Plan, Presence, Summary, Tally};

fn tally<'a>(records: impl IntoIterator<Item = &'a LogRecord>) -> Tally {
    let mut tally = Tally::new();
    records.into_iter().for_each(|record| tally.push(record));
    tally
}

fn summary(tally: Tally) -> Summary {
    tally
        .finish(Input::default(), &Options { top: 5, policy: Some(&policy()), names: None })
        .unwrap()
}

#[test]
fn every_record_is_counted_once() {
    let records = half_a_day();
    let summary = tally(&records).finish(input(records.len()), &Options::default()).unwrap();
    let totals = &summary.totals;
    assert_eq!(totals.records() + summary.coverage.duplicates, records.len() as u64);
    assert!(summary.coverage.is_reconciled());
    let categories: u64 = summary.coverage.categories.iter().map(|row| row.records).sum();
    assert_eq!(categories, totals.records());
    let hours = |count: fn(&super::HourRow) -> u64| summary.hours.iter().map(count).sum::<u64>();
    assert_eq!(hours(|row| row.allowed), totals.allowed);
    assert_eq!(hours(|row| row.denied), totals.denied());
    assert_eq!(hours(|row| row.threats), totals.threats());
    let denied: u64 = summary.denied.rows.iter().map(|row| row.records).sum();
    assert_eq!(denied + summary.denied.records_left_out, totals.denied_by_default);
    let hits: u64 = summary.rules.iter().map(|row| row.hits).sum();
    assert_eq!(
        hits,
        totals.allowed - totals.allowed_without_rule + totals.denied_by_rule + totals.dnat
    );
    let ports: u64 = summary.ports.rows.iter().map(|row| row.allowed + row.denied).sum();
    assert_eq!(ports + summary.ports.records_left_out, totals.connections());
}

#[test]
fn retries_of_a_denied_packet_are_one_attempt() {
    let text = "tcp 10.0.1.4:40000 -> 203.0.113.9:8443";
    let packet = |at| denied(flow(RecordKind::Network, at, text), "Default Action");
    let got = summary(tally(&[packet(0.0), packet(1.0), packet(3.0), packet(500.0)]));
    assert_eq!((got.totals.denied_by_default, got.totals.attempts_by_default), (4, 2));
    assert_eq!((got.denied.rows[0].records, got.denied.rows[0].attempts), (4, 2));
}

#[test]
fn the_structured_record_of_a_doubled_event_counts_whichever_comes_first() {
    let packet = flow(RecordKind::Network, 0.25, "tcp 10.0.1.4:40000 -> 203.0.113.9:8443");
    let structured = denied(packet, "Default Action");
    let legacy = as_legacy(structured.clone());
    for pair in [[&structured, &legacy], [&legacy, &structured]] {
        let got = summary(tally(pair));
        assert_eq!((got.coverage.duplicates, got.totals.denied()), (1, 1));
        assert_eq!(got.denied.rows[0].reason.as_deref(), Some("Default Action"));
    }
    let later = flow(RecordKind::Network, 0.250_001, "tcp 10.0.1.4:40000 -> 203.0.113.9:8443");
    let got = summary(tally(&[structured, as_legacy(denied(later, ""))]));
    assert_eq!((got.coverage.duplicates, got.totals.denied()), (0, 2));
}

#[test]
fn a_short_memory_makes_no_difference() {
    let packet = |at: f64| {
        let text = format!("tcp 10.0.1.4:{} -> 203.0.113.9:8443", 40_000.0 + at);
        denied(flow(RecordKind::Network, at, &text), "Default Action")
    };
    let packets: Vec<LogRecord> = (0..500).map(|at| packet(f64::from(at))).collect();
    let counted = |plan: &Plan| {
        let mut tally = Tally::of(plan);
        for packet in &packets {
            tally.push(&as_legacy(packet.clone()));
        }
        for packet in &packets {
            tally.push(packet);
        }
        summary(tally)
    };
    let got = counted(&Plan { memory: little(), ..Plan::default() });
    assert_eq!((got.coverage.duplicates, got.totals.denied()), (500, 500));
    assert_eq!(got, counted(&Plan::default()));
}

#[test]
fn threats_and_aggregations_are_no_further_connections() {
    let got = summary(tally(&half_a_day()));
    let totals = &got.totals;
    assert_eq!((totals.threat_alerts, totals.idps_records(), totals.threats()), (1, 2, 3));
    assert_eq!((totals.aggregations, totals.aggregated_connections), (1, 1_234));
    assert!(got.rules.iter().all(|row| row.rule.rule != "sql"));
    assert_eq!(got.idps.rows[0].severity, Some(1), "high comes first");
}

#[test]
fn rules_of_the_policy_are_found_without_regard_to_case() {
    let got = summary(tally(&half_a_day())).policy.unwrap();
    let hits: Vec<(u64, u64)> = got.rules.iter().map(|row| (row.hits, row.aggregated)).collect();
    assert_eq!(hits, [(1, 0), (1, 0), (234, 0), (0, 1_234), (0, 0), (700, 0)]);
    let never: Vec<&str> = got.never_hit().map(|row| row.rule.path.rule.as_str()).collect();
    assert_eq!(never, ["ftp-of-the-year-2019"]);
    let unknown: Vec<&str> = got.unknown.iter().map(|row| row.rule.rule.as_str()).collect();
    assert_eq!(unknown, ["no-social"]);
    assert!(got.unnamed_policies.is_empty());
}

#[test]
fn a_policy_that_no_record_names_is_compared_without_its_name() {
    let mut rules = policy();
    for rule in &mut rules {
        rule.path.policy = Some("other-export".into());
    }
    let tally = tally(&half_a_day());
    let got = tally
        .finish(Input::default(), &Options { top: 5, policy: Some(&rules), names: None })
        .unwrap();
    let got = got.policy.unwrap();
    assert_eq!(got.rules[2].hits, 234);
    assert_eq!(got.unnamed_policies, ["other-export"]);
}

#[test]
fn hours_without_records_are_shown_and_long_silences_are_not() {
    let at = |hours: f64| {
        let text = "udp 10.0.1.4:123 -> 198.51.100.7:123";
        by(flow(RecordKind::Network, hours * 3600.0, text), LoggedAction::Allow, "g/c/r")
    };
    let got = summary(tally(&[at(0.5), at(3.5), at(3_000.0)]));
    let allowed: Vec<u64> = got.hours.iter().map(|row| row.allowed).collect();
    assert_eq!(allowed, [1, 0, 0, 1, 1]);
    assert_eq!(got.hours[0].hour.to_string(), "2026-09-07T12:00:00Z");
}

#[test]
fn records_without_time_are_counted_and_said_to_be_in_no_hour() {
    let mut packet = flow(RecordKind::Network, 0.0, "udp 10.0.1.4:123 -> 198.51.100.7:123");
    packet.time = None;
    let got = summary(tally(&[by(packet, LoggedAction::Allow, "g/c/r")]));
    assert_eq!((got.totals.allowed, got.coverage.without_time, got.hours.len()), (1, 1, 0));
    assert_eq!(got.period, None);
}

#[test]
fn an_empty_log_has_an_empty_summary() {
    let got = summary(Tally::new());
    assert_eq!(got.totals.records(), 0);
    assert!(got.coverage.is_reconciled() && got.hours.is_empty() && got.rules.is_empty());
}

#[test]
fn a_denial_with_an_empty_rule_name_is_one_by_default() {
    let packet = flow(RecordKind::Network, 0.0, "tcp 10.0.1.4:40000 -> 203.0.113.9:8443");
    let mut packet = denied(packet, "Default Action");
    packet.rule = Some("".into());
    let totals = summary(tally(&[packet])).totals;
    assert_eq!((totals.denied_by_rule, totals.denied_by_default), (0, 1));
}

fn any_record() -> impl Strategy<Value = LogRecord> {
    let ends = (0_u32..3, 0_u32..3, 0_u32..3, 0_u32..200);
    (0_usize..9, ends, any::<bool>(), 0_u32..3).prop_map(|(what, ends, is_legacy, rule)| {
        let (source, port, target, second) = ends;
        let text = format!("tcp 10.0.0.{source}:{} -> 192.0.2.{target}:443", 40_000 + port);
        let at = f64::from(second);
        let path = format!("g/c/rule-{rule}");
        let made = match what {
            0 | 1 => by(flow(RecordKind::Network, at, &text), LoggedAction::Allow, &path),
            2 => by(flow(RecordKind::Application, at, &text), LoggedAction::Deny, &path),
            3 | 4 => denied(flow(RecordKind::Network, at, &text), "Default Action"),
            5 => by(flow(RecordKind::Nat, at, &text), LoggedAction::Dnat, &path),
            6 => denied(flow(RecordKind::ThreatIntel, at, &text), ""),
            7 => flow(RecordKind::Idps, at, &text),
            _ => record(RecordKind::FatFlow, at),
        };
        if is_legacy { as_legacy(made) } else { made }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn merging_and_order_make_no_difference(
        records in proptest::collection::vec(any_record(), 0..60),
        cut in 0_usize..60,
    ) {
        let all = summary(tally(&records));
        prop_assert_eq!(all.totals.records() + all.coverage.duplicates, records.len() as u64);
        let (left, right) = records.split_at(cut.min(records.len()));
        let mut merged = tally(right);
        merged.merge(tally(left));
        prop_assert_eq!(&summary(merged), &all);
        prop_assert_eq!(&summary(tally(records.iter().rev())), &all);
    }
}

/// Goes on with what is stored after every few records.
fn in_runs(records: &[LogRecord], cut: usize) -> Vec<u8> {
    let plan = || Plan { memory: little(), ..Plan::default() };
    let mut bytes = Account::of(plan()).stored().unwrap();
    for run in records.chunks(cut.max(1)) {
        let mut account = Account::restored(&bytes, plan()).unwrap();
        for record in run {
            assert!(account.record(record.clone()).is_continue());
        }
        bytes = account.stored().unwrap();
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_run_goes_on_where_the_one_before_ended(
        records in proptest::collection::vec(any_record(), 0..60),
        cut in 1_usize..60,
    ) {
        let bytes = in_runs(&records, cut);
        prop_assert_eq!(&bytes, &in_runs(&records, 60), "the same bytes, however many runs");
        let again = Account::restored(&bytes, Plan::default()).unwrap();
        prop_assert_eq!(&summary(again.tally), &summary(tally(&records)));
        let (left, right) = records.split_at(cut.min(records.len()));
        let restored = |part| Account::restored(&in_runs(part, 60), Plan::default()).unwrap();
        let mut merged = restored(right);
        merged.merge(restored(left));
        prop_assert_eq!(&summary(merged.tally), &summary(tally(&records)));
    }
}

#[test]
fn what_waited_for_hours_is_settled_and_late_records_are_confessed() {
    let packet = |hours: f64| {
        let text = "tcp 10.0.1.4:40000 -> 203.0.113.9:8443";
        denied(flow(RecordKind::Network, hours * 3600.0, text), "Default Action")
    };
    let summary_of = |runs: &[&[LogRecord]]| {
        let mut bytes = Account::default().stored().unwrap();
        for run in runs {
            let mut account = Account::restored(&bytes, Plan::default()).unwrap();
            run.iter().for_each(|record| account.tally.push(record));
            bytes = account.stored().unwrap();
        }
        summary(Account::restored(&bytes, Plan::default()).unwrap().tally)
    };
    let early = packet(0.0);
    let got = summary_of(&[&[as_legacy(early.clone()), packet(1.0)], std::slice::from_ref(&early)]);
    assert_eq!((got.coverage.duplicates, got.coverage.is_duplicate_window_exceeded), (1, false));
    let got = summary_of(&[&[as_legacy(early.clone()), packet(9.0)], &[early]]);
    assert_eq!((got.coverage.duplicates, got.coverage.is_duplicate_window_exceeded), (0, true));
    assert_eq!((got.totals.denied(), got.totals.attempts_by_default), (3, 3));
}

const FIREWALL: &str =
    "/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/FW";

/// Files of every container, some of them damaged, and some events in two of them.
fn files(seed: u64, events: usize) -> Vec<Vec<u8>> {
    let start = "2026-09-15T00:00:00Z".parse().unwrap();
    let made: Vec<_> = Bulk::new(seed, start, 700_000).take(events).collect();
    let (few, many) = made.split_at(events / 3);
    let legacy = few.iter().chain(many).map(|event| legacy_record(event, FIREWALL).line);
    let structured = few.iter().map(|event| structured_record(event, FIREWALL).line);
    let rows = many.iter().map(portal_row);
    let header = [PORTAL_HEADER.to_owned()];
    let lines =
        |lines: &mut dyn Iterator<Item = String>| lines.collect::<Vec<_>>().join("\n").into_bytes();
    let mut files = vec![
        lines(&mut legacy.into_iter()),
        lines(&mut structured.into_iter()),
        lines(&mut header.into_iter().chain(rows)),
    ];
    let mut random = crate::random::Random::new(seed);
    for file in &mut files {
        for _ in 0..random.below(4) {
            let at = usize::try_from(random.below(file.len() as u64)).unwrap();
            file[at] = b"\"x\n}"[at % 4];
        }
    }
    files
}

/// Connections that a rule allowed and IDPS dropped, with hours between, and flows of another log.
fn drops_and_flows() -> Vec<u8> {
    let mut lines = Vec::new();
    for index in (0..2_400).filter(|index| !(900..1_300).contains(index)) {
        let time = format!("2026-09-15T{:02}:{:02}:30Z", index / 100, index * 6 / 10 % 60);
        let (source, port) = (index % 7, 40_000 + index);
        let ends = format!(
            r#""SourceIp":"192.0.2.{source}","SourcePort":{port},"DestinationIp":"198.51.100.7","DestinationPort":443"#
        );
        let record = |category: &str, rest: &str| {
            format!(
                r#"{{"time":"{time}","category":"{category}","resourceId":"{FIREWALL}","properties":{{"Protocol":"TCP",{ends},{rest}}}}}"#
            )
        };
        lines.push(record("AZFWNetworkRule", r#""Action":"Allow","Rule":"r""#));
        if index % 5 == 0 {
            let signature = r#""Action":"Deny","SignatureId":"7","Severity":1,"Description":"d""#;
            lines.push(record("AZFWIdpsSignature", signature));
        }
        if index % 9 == 0 {
            for way in ["Outbound", "Inbound"] {
                lines.push(format!(
                    r#"{{"TimeGenerated":"{time}","SrcIp":"192.0.2.{source}","DestIp":"198.51.100.7","DestPort":443,"L4Protocol":"T","FlowStatus":"Allowed","FlowDirection":"{way}"}}"#
                ));
            }
        }
    }
    lines.join("\n").into_bytes()
}

fn read_by_workers(
    files: &[Vec<u8>],
    threads: usize,
    stretch_bytes: usize,
    plan: Plan,
) -> (Account, Counts) {
    let inputs: Vec<_> = files
        .iter()
        .map(|file| {
            let bytes = logs::Bytes::Stream(Box::new(Cursor::new(file.clone())));
            Ok(logs::Input { file: "f".into(), bytes })
        })
        .collect();
    let options = logs::Options { stretch_bytes, ..logs::Options::default() };
    let mut account = Account::of(plan);
    let (_, counts) = logs::read_all(inputs.into_iter(), &options, threads, &mut account).unwrap();
    match account.better_plan() {
        Some(better) => read_by_workers(files, threads, stretch_bytes, better),
        None => (account, counts),
    }
}

fn reconciled(account: Account, counts: Counts) -> Summary {
    let flows = account.flows() + account.flows_repeated();
    let ignored = counts.ignored.into_iter().chain([("flows".to_owned(), flows)]);
    let input = Input {
        entries: counts.inputs,
        rejected: counts.rejected,
        ignored: ignored.collect(),
        ..Input::default()
    };
    let summary = account.tally.finish(input, &Options::default()).unwrap();
    assert!(summary.coverage.is_reconciled());
    assert_eq!(summary.totals.records() + summary.coverage.duplicates, summary.coverage.records);
    summary
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_number_of_workers_makes_no_difference(seed: u64) {
        let mut files = files(seed, 150);
        files.push(drops_and_flows());
        let mut one = Account::default();
        let mut presence = Presence::default();
        for file in &files {
            let mut records: Vec<LogRecord> = Vec::new();
            logs::read(&file[..], "f".into(), &logs::Options::default(), &mut records).unwrap();
            for record in records {
                if record.kind != RecordKind::Flow {
                    presence.push(&record);
                }
                prop_assert!(one.record(record).is_continue());
            }
        }
        let watched = |account: &Account, presence: &Presence| {
            (presence.gaps(), account.flows(), account.flows_repeated())
        };
        let seen = watched(&one, &presence);
        prop_assert!(seen.0.len() == 1 && seen.1 > 0 && seen.2 > 0, "{seen:?}");
        let mut expected = one.tally.finish(Input::default(), &Options::default()).unwrap();
        prop_assert!(expected.coverage.records > 200);
        prop_assert_eq!(expected.coverage.input.allowed_then_dropped, 400);
        let plain = Plan {
            memory: little(),
            finds_duplicates: false,
            finds_repeats: false,
            finds_drops: false,
        };
        let plans = [Plan::default(), plain.clone(), plain];
        for ((threads, stretch_bytes), plan) in [(1, 1 << 20), (2, 3_000), (3, 900)].into_iter().zip(plans) {
            let (account, counts) = read_by_workers(&files, threads, stretch_bytes, plan);
            prop_assert_eq!(&watched(&account, &account.presence), &seen);
            let got = reconciled(account, counts);
            expected.coverage.input = got.coverage.input.clone();
            prop_assert_eq!(got.coverage.input.allowed_then_dropped, 400);
            prop_assert_eq!(&got, &expected);
        }
    }
}

#[test]
fn addresses_have_their_names_in_every_table() {
    let packet = denied(
        flow(RecordKind::Network, 0.0, "tcp 10.0.1.4:40000 -> 203.0.113.9:8443"),
        "Default Action",
    );
    let other = denied(
        flow(RecordKind::Network, 1.0, "tcp 10.0.2.4:40000 -> 10.0.1.9:8443"),
        "Default Action",
    );
    let names = names();
    let options = Options { names: Some(&names), ..Options::default() };
    let got = tally(&[packet.clone(), packet, other]).finish(Input::default(), &options).unwrap();
    let row = &got.denied.rows[0];
    assert_eq!((row.source_name.as_deref(), row.target_name.as_deref()), (Some("spoke-a"), None));
    assert_eq!(got.sources.rows[0].called.as_deref(), Some("spoke-a"));
    let by_name = |rows: &[super::NamedRow]| -> Vec<(Option<String>, u64, u64)> {
        let row = |row: &super::NamedRow| {
            (row.name.as_ref().map(ToString::to_string), row.addresses, row.denied)
        };
        rows.iter().map(row).collect()
    };
    let spoke = || Some("spoke-a".to_owned());
    assert_eq!(by_name(&got.sources_by_name.rows), [(spoke(), 1, 2), (None, 1, 1)]);
    assert_eq!(by_name(&got.destinations_by_name.rows), [(None, 1, 2), (spoke(), 1, 1)]);
    // Without names there is nothing to group by.
    let none = tally(&half_a_day()).finish(Input::default(), &Options::default()).unwrap();
    assert!(none.sources_by_name.rows.is_empty());
}

#[test]
fn web_traffic_of_network_rules_counts_where_it_leaves_the_network() {
    let by_rule = |kind, at, text: &str, path| by(flow(kind, at, text), LoggedAction::Allow, path);
    let network = RecordKind::Network;
    let records = [
        by_rule(network, 0.0, "tcp 10.0.1.4:1 -> 203.0.113.9:443", "g/c/out"),
        by_rule(network, 1.0, "tcp 10.0.1.4:2 -> 10.9.9.9:443", "g/c/out"),
        by_rule(network, 2.0, "udp 10.0.1.4:3 -> 203.0.113.9:443", "g/c/out"),
        by_rule(network, 3.0, "tcp 10.0.1.4:4 -> 203.0.113.9:22", "g/c/out"),
        by_rule(network, 4.0, "tcp 10.0.1.4:5 -> 10.9.9.9:80", "g/c/in"),
        by_rule(RecordKind::Application, 5.0, "https 10.0.1.4:6 -> a.example.com:443", "g/c/app"),
    ];
    let rows = summary(tally(&records)).web_by_network_rules;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| (row.rule.rule.as_str(), row.protocol.as_str(), row.port, row.records))
        .collect();
    assert_eq!(shown, [("out", "tcp", 443, 2), ("out", "udp", 443, 1)]);
    assert_eq!(rows[0].public_destinations, 1);
}

#[test]
fn ports_and_durations_do_not_depend_on_how_counting_was_shared() {
    let records = half_a_day();
    let (left, right) = records.split_at(records.len() / 3);
    let mut shared = tally(right);
    shared.merge(tally(left));
    let (whole, shared) = (summary(tally(&records)), summary(shared));
    assert_eq!(whole.dns, shared.dns);
    assert_eq!(
        whole.dns.durations.map(|durations| (durations.answers, durations.slow)),
        Some((3, 1))
    );
    assert_eq!(whole.web_by_network_rules, shared.web_by_network_rules);
    assert_eq!(whole.policy, shared.policy);
}
