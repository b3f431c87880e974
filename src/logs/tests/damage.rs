//! Tolerance and damage: nothing is lost but what is damaged.

use std::sync::Arc;

use expect_test::expect;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

#[test]
fn values_that_would_be_read_wrongly_are_rejected() {
    check_row(
        "AZFWNetworkRule",
        r#"{"SourceIp":"192.0.2.400"}"#,
        expect![[r#"
            f:1: unreadable address in column `SourceIp` | {"category":"AZFWNetworkRule",
        "#]],
    );
    check_row(
        "AZFWNetworkRule",
        r#"{"SourceIp":"192.0.2.4","Action":"Maybe"}"#,
        expect![[r#"
        f:1: unknown action `Maybe` | {"category":"AZFWNetworkRule",
    "#]],
    );
    check_row(
        "AZFWNetworkRule",
        "{}",
        expect![[r#"
        f:1: none of the columns of its category | {"category":"AZFWNetworkRule",
    "#]],
    );
    check(
        r#"{"category":"AZFWNetworkRule","time":"yesterday","Rule":"r"}"#,
        expect![[r#"
        f:1: unreadable time `yesterday` | {"category":"AZFWNetworkRule",
    "#]],
    );
    check_row(
        "AZFWNetworkRule",
        r#"{"SourceIp":"192.0.2.4","SourcePort":"<redacted>","DestinationPort":70000}"#,
        expect![[r#"
            AZFWNetworkRule: {"kind":"network","form":"structured","source":"192.0.2.4","origin":"f:1"}
        "#]],
    );
}

#[test]
fn other_logs_are_ignored_by_name() {
    check(
        r#"{"records":[{"time":"2025-03-01T10:00:00Z","category":"NetworkSecurityGroupFlowEvent","properties":{"Version":2,"flows":[]}}]}
{"category":"FlowLogFlowEvent","flowRecords":{"flows":[]}}
{"flow":{"verdict":"FORWARDED","IP":{"source":"192.0.2.4"}},"node_name":"n","time":"2025-03-01T10:00:00Z"}
{"Type":"NTANetAnalytics","SrcIp":"192.0.2.4"}
{"Type":"Heartbeat"}"#,
        expect![[r#"
            1 ignored: category `Heartbeat`, which is none of the firewall's
            2 ignored: flow log record without flows
            1 ignored: row of `NTANetAnalytics` that is no flow
            f:3: unreadable destination address `` | {"flow":{"verdict":"FORWARDED"
        "#]],
    );
}

#[test]
fn a_cut_line_costs_only_itself() {
    check(
        &format!("{A}\n{}\n{B}\n", &A[..40]),
        expect![[r#"
        AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.1234567Z","kind":"network","form":"legacy","firewall":"/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/fw","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:1"}
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:3"}
        f:2: the line ends inside a value | {"category":"AzureFirewallNetw
    "#]],
    );
    check(
        &format!("{A}\n{}\n{B}\n", &A[..A.len() - 1]),
        expect![[r#"
        AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.1234567Z","kind":"network","form":"legacy","firewall":"/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/fw","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:1"}
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:3"}
        f:2: the line ends inside a value | {"category":"AzureFirewallNetw
    "#]],
    );
    check(
        &format!("{}\n{B}\n", &A[..40]),
        expect![[r#"
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:2"}
        f:1: the line ends inside a value | {"category":"AzureFirewallNetw
    "#]],
    );
    check(
        &format!("{}\n{B}\n", &A[..A.len() - 1]),
        expect![[r#"
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:2"}
        f:1: the line ends inside a value | {"category":"AzureFirewallNetw
    "#]],
    );
    check(
        &format!("{B}\n{}", &A[..40]),
        expect![[r#"
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:1"}
        f:2: the input ends inside a value | {"category":"AzureFirewallNetw
    "#]],
    );
    check(
        &format!("{{\"records\":[{A},{}\n{{\"records\":[{B}]}}\n", &B[..50]),
        expect![[r#"
        AzureFirewallNetworkRule: {"time":"2025-03-01T10:00:00.1234567Z","kind":"network","form":"legacy","firewall":"/subscriptions/s/resourcegroups/rg/providers/microsoft.network/azurefirewalls/fw","protocol":"tcp","source":"192.0.2.4","source_port":1,"destination":"198.51.100.7","destination_port":80,"action":"deny","origin":"f:1"}
        AZFWNetworkRule: {"time":"2025-03-01T10:00:00.123456Z","kind":"network","form":"structured","protocol":"udp","source":"192.0.2.4","source_port":2,"destination":"198.51.100.7","destination_port":53,"action":"allow","policy":"p","group":"g","collection":"c","rule":"r","tenant":"t","correlation":"c","origin":"f:2"}
        f:1: the line ends inside a value | {"time":"2025-03-01T10:00:00.1
        f:3: the input ends inside an array | 
    "#]],
    );
}

#[test]
fn what_is_no_log_is_rejected() {
    check("", expect![]);
    check(
        "hello\nworld",
        expect![[r"
        f:1: not a JSON object | hello
        f:2: not a JSON object | world
    "]],
    );
    check(
        "PAR1\u{0}\u{1}",
        expect![[r"
        f:1: Parquet, which is read as a plain file only: not packed, not from a pipe | 
    "]],
    );
    check(
        "[1, null, \"a\"]",
        expect![[r#"
        f:1: not a JSON object | 1
        f:1: not a JSON object | null
        f:1: not a JSON object | "a"
    "#]],
    );
    check(
        "{}\n{\"a\":}\n",
        expect![[r#"
            f:1: no known column | {}
            f:2: not valid JSON: expected value at character 6 | {"a":}
        "#]],
    );
    check(
        &"[".repeat(40),
        expect![[r"
        f:1: not a JSON object | [[[[[[[[[[[[[[[[[[[[[[[[
        f:1: the input ends inside an array | 
    "]],
    );
    check(
        &"{\"a\":".repeat(200),
        expect![[r#"
        f:1: a value is nested too deeply | {"a":{"a":{"a":{"a":{"a":{"a":
    "#]],
    );
}

#[test]
fn a_value_beyond_the_limit_is_dropped_and_the_rest_is_read() {
    let options = Options { value_bytes_max: 2000, excerpt_chars: 10, ..Options::default() };
    let input = format!("{{\"a\":\"{}\"}}\n{B}\n", "x".repeat(500_000));
    let (records, counts) = read_all(input.as_bytes(), &options);
    assert_eq!((records.len(), counts.rejected), (1, 1));
    assert_eq!(counts.first_rejects[0].reason, "a value is larger than the limit");
}

#[test]
fn distinct_names_are_counted_apart_up_to_a_limit() {
    let lines: Vec<String> = (0..300).map(|n| format!("{{\"category\":\"c{n}\"}}")).collect();
    let lines = lines.join("\n");
    let (_, counts) = read_all(lines.as_bytes(), &Options::default());
    assert_eq!((counts.ignored_total(), counts.ignored.len()), (300, 101));
}

#[test]
fn a_sink_can_end_the_reading() {
    struct First(Option<LogRecord>);
    impl Sink for First {
        fn record(&mut self, record: LogRecord) -> std::ops::ControlFlow<()> {
            self.0 = Some(record);
            std::ops::ControlFlow::Break(())
        }
    }
    let mut sink = First(None);
    let input = format!("{A}\n{B}\n");
    let counts = read(input.as_bytes(), Arc::from("f"), &Options::default(), &mut sink).unwrap();
    assert_eq!((counts.inputs, sink.0.unwrap().origin.line), (1, 1));
}

/// Lines, whole and damaged, with how many records and at least how many rejects they make.
fn damaged_line() -> impl Strategy<Value = (usize, u64, Vec<u8>)> {
    let whole = prop::sample::select(vec![
        (1, A.to_owned()),
        (1, B.to_owned()),
        (2, format!("[{A},{B}]")),
        (2, format!("{A}, {B}")),
        (2, format!("{{\"records\":[{A},{B}]}}")),
    ]);
    let noise = any::<u8>().prop_filter("one line", |&byte| byte != b'\n');
    prop_oneof![
        3 => whole.clone().prop_map(|(count, line)| (count, 0, line.into_bytes())),
        // Cut inside the first record.
        1 => (whole.clone(), 1usize..100).prop_map(|((_, line), cut)| {
            (0, 1, line.as_bytes()[..cut].to_vec())
        }),
        1 => (prop::sample::select(vec![A, B]), 1usize..200).prop_map(|(line, cut)| {
            (0, 1, line.as_bytes()[cut..].to_vec())
        }),
        1 => prop::collection::vec(noise, 1..60).prop_map(|bytes| (0, 0, bytes)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn no_damage_costs_a_whole_line(
        lines in prop::collection::vec(damaged_line(), 0..12),
    ) {
        // The first line says that each line stands for itself.
        let mut input = format!("{B}\n").into_bytes();
        for (_, _, line) in &lines {
            input.extend_from_slice(line);
            input.push(b'\n');
        }
        let whole = 1 + lines.iter().map(|(count, _, _)| count).sum::<usize>();
        let (records, counts) = read_all(&input, &Options::default());
        prop_assert_eq!(records.len(), whole);
        let rejects = lines.iter().map(|(_, rejects, _)| rejects).sum::<u64>();
        prop_assert!(counts.rejected >= rejects);
        prop_assert_eq!(counts.bytes, input.len() as u64);
        prop_assert_eq!(counts.lines, 1 + lines.len() as u64);
        prop_assert_eq!(counts.inputs, counts.records_total() + counts.ignored_total() + counts.rejected);
    }

    #[test]
    fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (records, counts) = read_all(&bytes, &Options::default());
        prop_assert_eq!(records.len() as u64, counts.records_total());
        prop_assert_eq!(counts.inputs, counts.records_total() + counts.ignored_total() + counts.rejected);
    }

    #[test]
    fn no_arrangement_of_brackets_is_too_odd(text in "[\\[\\]{},:\"a\n\\\\ ]{0,200}") {
        let (_, counts) = read_all(text.as_bytes(), &Options::default());
        prop_assert_eq!(counts.inputs, counts.ignored_total() + counts.rejected);
        prop_assert_eq!(counts.bytes, text.len() as u64);
    }

    #[test]
    fn a_changed_byte_costs_one_line_at_most(at in 0usize..2000, byte in any::<u8>()) {
        let mut input = format!("{A}\n{B}\n").repeat(3).into_bytes();
        let at = at % input.len();
        input[at] = byte;
        let (records, _) = read_all(&input, &Options::default());
        // A byte that was a newline joins two lines; the first line also says how lines are cut.
        prop_assert!(records.len() >= 4, "{}", records.len());
    }
}
