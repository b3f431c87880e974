//! What is a filter, and what is said to who writes none.

use expect_test::{Expect, expect};

use super::*;

struct Spokes;

impl Names for Spokes {
    fn ip_group(&self, name: &str) -> Named {
        if name.eq_ignore_ascii_case("spoke vms") {
            let range = crate::net::IpRange::single([10, 1, 0, 4].into());
            return Named::Addresses(std::iter::once(range).collect());
        }
        Named::Unknown {
            message: format!("no IP Group is called `{name}`"),
            help: "give its file".into(),
        }
    }

    fn service_tag(&self, name: &str) -> Named {
        Named::Unknown { message: format!("no service tag file lists `{name}`"), help: "x".into() }
    }
}

#[track_caller]
fn check(text: &str, expected: Expect) {
    let reading = Reading { names: &Spokes, zone: &TimeZone::UTC };
    let got = match filter(text, &reading) {
        Ok(filter) => shown(&filter),
        Err(error) => {
            let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}: {}{help}", error.offset, error.message)
        }
    };
    expected.assert_eq(&got);
}

fn shown(filter: &Filter) -> String {
    let all = |parts: &[Filter]| parts.iter().map(shown).collect::<Vec<_>>().join(" ");
    match filter {
        Filter::And(parts) => format!("(and {})", all(parts)),
        Filter::Or(parts) => format!("(or {})", all(parts)),
        Filter::Not(inner) => format!("(not {})", shown(inner)),
        Filter::Test(test) => match test {
            Test::Known(field) => format!("{}?", field.name()),
            Test::Address(field, set) => format!("{}:{set}", Field::Address(*field).name()),
            Test::Number(field, ranges) => {
                format!("{}:{}", Field::Number(*field).name(), bounds(ranges))
            }
            Test::Time(ranges) => format!("time:{}", bounds(ranges)),
            Test::Text(field, words) => format!("{}:{words:?}", Field::Text(*field).name()),
            Test::Pattern(field, pattern) => format!("{}~{pattern}", Field::Text(*field).name()),
            Test::Truth(field, truth) => format!("{}:{truth}", Field::Truth(*field).name()),
        },
    }
}

fn bounds<T: ToString>(ranges: &[Range<T>]) -> String {
    let end = |bound: &Bound<T>| match bound {
        Bound::Included(value) => value.to_string(),
        Bound::Excluded(value) => format!("!{}", value.to_string()),
        Bound::Unbounded => String::new(),
    };
    let all = ranges.iter().map(|range| format!("{}..{}", end(&range.0), end(&range.1)));
    all.collect::<Vec<_>>().join(",")
}

#[test]
fn tests_are_joined_as_people_read_them() {
    check(
        r#"source in 10.0.0.0/8 and action = deny and not port in 443,8443 and fqdn ~ "azmk8s\.io$""#,
        expect![[
            r#"(and source:10.0.0.0/8 action:["deny"] (not destination_port:443..443,8443..8443) fqdn~azmk8s\.io$)"#
        ]],
    );
    check(
        "rule = a or rule = b and count > 3",
        expect![[r#"(or rule:["a"] (and rule:["b"] count:!3..))"#]],
    );
    check(
        "(rule = a OR rule = b) AND NOT NOT count <= 3",
        expect![[r#"(and (or rule:["a"] rule:["b"]) (not (not count:..3)))"#]],
    );
    check(
        "notes = 1",
        expect![
            "0: no field is called `notes` (the fields are those that `azfw events` prints, such as `source`, `port`, `fqdn`, `action`, `rule`)"
        ],
    );
}

#[test]
fn addresses_are_sets() {
    check(
        "destination in (10.0.0.0/24, 10.0.1.0-10.0.1.9,[2001:db8::1] , @\"Spoke VMs\")",
        expect!["destination:10.0.0.0-10.0.1.9,10.1.0.4,2001:db8::1"],
    );
    check("source != 10.0.0.4", expect!["(not source:10.0.0.4)"]);
    check("source not in @'spoke vms'", expect!["(not source:10.1.0.4)"]);
    check("source in 10.0.0.0/40", expect!["19: `40` is no prefix length (write `/0` to `/32`)"]);
    check("source in @spikes", expect!["10: no IP Group is called `spikes` (give its file)"]);
    check("source = Sql.WestEurope", expect!["9: no service tag file lists `Sql.WestEurope` (x)"]);
    check(
        "source ~ \"^10\\.\"",
        expect![
            "9: this field is not compared that way (write `in 10.0.0.0/8`; addresses are compared as addresses, not as texts)"
        ],
    );
    check(
        "source = 10.0.0.1, 10.0.0.2",
        expect!["19: several values behind a comparison with one (write `in` before a list)"],
    );
}

#[test]
fn numbers_have_ranges_and_an_order() {
    check("port in 80,8000-8080", expect!["destination_port:80..80,8000..8080"]);
    check("rate_mbps>=1.5", expect!["rate_mbps:1.5.."]);
    check("port != 443", expect!["(not destination_port:443..443)"]);
    check("port in 443-80", expect!["12: the range ends at `80`, below `443` (write `80-443`)"]);
    check("port = https", expect!["7: expected a number"]);
    check("port = 44x", expect!["7: expected a number"]);
    check("port in", expect!["7: expected a number"]);
}

#[test]
fn times_last_as_long_as_they_are_precise() {
    check("time = 2026-03-01", expect!["time:2026-03-01T00:00:00Z..!2026-03-02T00:00:00Z"]);
    check("time > 2026-03-01", expect!["time:2026-03-02T00:00:00Z.."]);
    check("time <= 2026-03-01", expect!["time:..!2026-03-02T00:00:00Z"]);
    check(
        "time in 2026-03-01..2026-03-02T10:00",
        expect!["time:2026-03-01T00:00:00Z..!2026-03-02T10:01:00Z"],
    );
    check("time >= \"2026-03-01 10:00:00\"", expect!["time:2026-03-01T10:00:00Z.."]);
    check(
        "time > -2h",
        expect![
            "7: `-2h` is no time (write `2026-03-01`, `2026-03-01T10:00` or `2026-03-01T10:00:00Z`)"
        ],
    );
    check("time in 2026-03-02..2026-03-01", expect!["8: the range ends before it begins"]);
}

#[test]
fn texts_are_words_or_patterns() {
    check(
        r#"rule in "a, b",c and name = www.example.com. and reason !~ '(?i)sni'"#,
        expect![[r#"(and rule:["a, b", "c"] fqdn:["www.example.com"] (not reason~(?i)sni))"#]],
    );
    check(r#"rule ~ "say \"hi\"\d""#, expect![[r#"rule~say "hi"\d"#]]);
    check(
        "action = denied",
        expect!["9: no action is called `denied` (write one of allow, deny, alert, dnat)"],
    );
    check(
        "fqdn = *.example.com",
        expect![[
            r#"7: `*.example.com` would be compared letter by letter (write a pattern: `~ "^.*\.example\.com$"`)"#
        ]],
    );
    check(
        "fqdn ~ \"a(\"",
        expect![[
            r#"7: no valid pattern: unclosed group (write a regular expression, such as `"\.example\.com$"`)"#
        ]],
    );
    check("fqdn ~ \"a", expect![[r#"7: the quoted text does not end (close it with `"`)"#]]);
    check("rule < a", expect!["7: this field is not compared that way (a text has no order)"]);
    check("tls_inspected = true", expect!["tls_inspected:true"]);
    check(
        "explicit_proxy = 3",
        expect!["17: `3` is neither true nor false (write `true` or `false`)"],
    );
}

#[test]
fn known_and_unknown() {
    check("fqdn is known", expect!["fqdn?"]);
    check("fqdn is unknown", expect!["(not fqdn?)"]);
    check("fqdn is not known or time IS NOT UNKNOWN", expect!["(or (not fqdn?) time?)"]);
    check(
        "fqdn is null",
        expect!["8: expected `known` or `unknown` behind `is` (compare with a value by `=`)"],
    );
}

#[test]
fn errors_say_where_and_what_to_write() {
    check(
        "",
        expect![
            "0: expected a test of a field (write for example `source in 10.0.0.0/8` or `action = deny`)"
        ],
    );
    check(
        "source",
        expect![
            "6: expected a comparison behind `source` (write `= ADDRESS`, `in 10.0.0.0/8`, `is known`)"
        ],
    );
    check("sorce = 10.0.0.1", expect!["0: no field is called `sorce` (did you mean `source`?)"]);
    check(
        "port = 1 port = 2",
        expect!["9: unexpected text `port` (join tests with `and` or `or`)"],
    );
    check("(port = 1", expect!["9: expected `)`"]);
    check(
        "port = 1 and",
        expect![
            "12: expected a test of a field (write for example `source in 10.0.0.0/8` or `action = deny`)"
        ],
    );
    check("port = 1)", expect!["8: unexpected text `)` (join tests with `and` or `or`)"]);
    let deep = format!("{}port = 1", "(".repeat(100_000));
    check(&deep, expect!["65: too many brackets within one another"]);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "(source|port|time|fqdn|not|and|in|is|[ ()=<>~!\"',@.0-9a-z:\\\\-])*") {
        let reading = Reading { names: &Spokes, zone: &TimeZone::UTC };
        let _ = filter(&text, &reading);
    }
}
