//! What tests say, on small rule sets and against an oracle.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::mend::mend;
use super::{TestResult, Wanted, by_name, coverage, generate, profile, run};
use crate::analyse::small_world::{inventory, inventory as inventory_of, ruleset, texts};
use crate::compile::{Options, Ruleset, compile};
use crate::evaluate::{Decision, evaluate};
use crate::net::IpRange;
use crate::policy::TagFile;
use crate::syntax::flow::flow;
use crate::syntax::suite::{Suite, Traffic, Unready, Values, expectation, read};

fn suite(text: &str) -> Suite {
    read("tests.txt", text).unwrap().filled(&Values::new()).unwrap()
}

/// The results, a line each; and the rules that decide.
#[track_caller]
fn check(rules: &str, tests: &str, expected: Expect) {
    let ruleset = ruleset(rules);
    let suites = [suite(tests)];
    let wanted = Wanted { deciders: true, ..Wanted::default() };
    let run = run(&ruleset, &suites, &wanted);
    let lines = run.outcomes.iter().map(|outcome| {
        let word = match &outcome.result {
            TestResult::Passed => "passed".to_owned(),
            TestResult::Failed { example, differences } => {
                let (flow, verdict) = example.as_ref();
                let flow = crate::syntax::flow::print_flow(flow);
                format!("failed: {} {flow} {differences:?}", verdict.decision.name())
            }
            TestResult::Undecided { needs, .. } => format!("undecided: {}", needs.join("; ")),
            TestResult::Skipped => "skipped".to_owned(),
        };
        let by: Vec<_> = outcome
            .deciders
            .iter()
            .map(|(stage, rule)| match rule {
                Some(rule) => ruleset.path(*rule).to_string(),
                None => stage.name().to_owned(),
            })
            .collect();
        format!("{word} [{}]\n", by.join(", "))
    });
    expected.assert_eq(&lines.collect::<String>());
}

const RULES: &str = "policy p\n  dns-proxy on\ngroup g 200\n\
    deny network lan 100\n  a: any 10.0.0.0/16 -> 172.16.0.0/12 : *\n\
    allow network n 200\n  t: tcp 10.0.0.0/16 -> Heaven.west : 9000-9001\n  \
    u: udp 10.0.0.0/24 -> fqdn time.example.com : 123\n\
    group h 300\nallow application w 100\n  s: https:443 10.0.0.0/16 -> *.example.com\n  \
    k: https:443 10.0.0.0/16 -> tag Unheard\n";

#[test]
fn sets_of_flows() {
    check(
        RULES,
        "allow https 10.0.0.0/16 -> *.example.com destination=internet # h/w/s\n\
         allow https 10.0.0.0/16 -> *.example.com\n\
         allow tcp 10.0.0.0/24 -> service-tag:Heaven.west:9000\n\
         allow tcp 10.0.0.0/24 -> service-tag:Heaven:9000\n\
         allow tcp 10.0.0.0/8 -> service-tag:Heaven.west:9000\n\
         allow tcp 10.0.0.0/24 -> service-tag:Heaven.west:9002\n\
         allow udp 10.0.0.0/24 -> fqdn:time.example.com:123 destination=internet\n\
         allow udp 10.0.0.0/23 -> fqdn:time.example.com:123\n\
         allow https 10.0.0.0/16 -> fqdn-tag:Unheard destination=internet\n\
         allow https 10.0.0.0/16 -> fqdn-tag:Other destination=internet\n\
         deny tcp 10.0.0.0/16 -> 172.16.0.0/16:22\n\
         undecided https 10.0.0.4 -> other.example:443\n",
        expect![[r#"
            passed [h/w/s]
            failed: deny https 10.0.0.4 -> w1.example.com:443 destination=172.16.0.4 [] []
            passed [g/n/t]
            undecided: the addresses of service tag `Heaven` (give Microsoft's ServiceTags_*.json beside the policy); destination address; service tag `Heaven.west` []
            failed: deny tcp 10.1.0.0 -> ?:9000 [] []
            failed: deny tcp 10.0.0.0 -> ?:9002 [] []
            passed [g/n/u]
            failed: deny udp 10.0.1.0 -> time.example.com:123 [] []
            passed [h/w/k]
            undecided: the names of FQDN tag `Other` (give a table {"fqdnTags": {"Other": ["…"]}} beside the policy); name (SNI or Host header); FQDN tag `Unheard` []
            passed [g/lan/a]
            passed []
        "#]],
    );
}

#[test]
fn what_is_stated_has_to_be_so() {
    check(
        RULES,
        "deny tcp 10.0.0.4 -> 172.16.0.9:22 # lan/a\n\
         deny tcp 10.0.0.4 -> 172.16.0.9:22 # network\n\
         deny tcp 10.0.0.4 -> 172.16.0.9:22 # network g/lan/a # a remark\n\
         deny tcp 10.0.0.4 -> 172.16.0.9:22 # g/lan/b\n\
         deny tcp 10.0.0.4 -> 172.16.0.9:22 # default\n\
         deny tcp 10.0.0.4 -> 172.16.0.9:22 # => 10.0.0.1:1\n",
        expect![[r#"
            passed [g/lan/a]
            passed [g/lan/a]
            passed [g/lan/a]
            failed: deny tcp 10.0.0.4 -> 172.16.0.9:22 [("g/lan/b", "network g/lan/a")] []
            failed: deny tcp 10.0.0.4 -> 172.16.0.9:22 [("default", "network g/lan/a")] []
            failed: deny tcp 10.0.0.4 -> 172.16.0.9:22 [("=> 10.0.0.1:1", "no translation")] []
        "#]],
    );
}

const YAML: &str = "title: Shop\nparameters:\n  - {name: source, about: nodes}\n  \
    - {name: dns, optional: true}\ndefaults: {expect: allow, destination: internet}\ntests:\n  \
    - https <source> -> a.example.com\n  - [udp <source> -> <dns>:53, udp <source> -> *:53]\n  \
    - {name: lan, protocol: tcp, source: 10.0.0.4, destination: 172.16.0.9, port: 22, expect: deny, rule: g/lan/a}\n\
    groups:\n  - name: extra\n    level: optional\n    tests:\n      - udp <source> -> <dns>:53\n";

#[test]
fn yaml() {
    let raw = read("shop.yaml", YAML).unwrap();
    let missing = raw.filled(&Values::new());
    assert!(
        matches!(&missing, Err(Unready::Missing(found)) if found.len() == 1 && found[0].name == "source")
    );
    let values = Values::from([("source".to_owned(), "10.0.0.0/24".to_owned())]);
    let suites = [raw.filled(&values).unwrap()];
    let ruleset = ruleset(RULES);
    let run = run(&ruleset, &suites, &Wanted::default());
    let lines = run.outcomes.iter().map(|outcome| {
        let test = outcome.test;
        let flows: Vec<_> = test.any.iter().map(ToString::to_string).collect();
        let is_passed = outcome.result == TestResult::Passed;
        format!("{}: {} {:?} {is_passed}\n", test.line, flows.join(" | "), test.unset)
    });
    expect![[r#"
        7: https 10.0.0.0/24 -> a.example.com:443 destination=internet [] true
        8: udp 10.0.0.0/24 -> *:53 ["dns"] false
        9: tcp 10.0.0.4 -> 172.16.0.9:22 [] true
        14:  ["dns"] false
    "#]]
    .assert_eq(&lines.collect::<String>());
}

#[test]
fn mistakes_in_yaml_have_a_place() {
    let wrong = |text: &str| match read("a.yaml", text) {
        Err(error) => format!("{}:{} {}", error.line, error.column, error.message),
        Ok(raw) => match raw.filled(&Values::new()) {
            Err(Unready::Errors(errors)) => errors
                .iter()
                .map(|error| format!("{}:{} {}", error.line, error.column, error.message))
                .collect::<Vec<_>>()
                .join("\n"),
            other => panic!("{other:?}"),
        },
    };
    expect![[r#"
        3:11 `tpc` is no protocol of a flow
        4:5 a flow has no field `sorce`"#]].assert_eq(&wrong("tests:\n  - allow tcp 10.0.0.4 -> 192.0.2.1\n  - allow tpc 10.0.0.4 -> a\n  - {protocol: tcp, sorce: 10.0.0.4, expect: deny}\n"));
    expect!["2:1 unknown field `gruops`, expected one of title, source, date, parameters, defaults, tests, groups"].assert_eq(&wrong("tests: []\ngruops: []\n"));
    expect!["2:14 mismatched bracket '[' closed by '}'"]
        .assert_eq(&wrong("tests:\n  - {expect: [}\n"));
}

#[test]
fn coverage_counts_rules() {
    let ruleset = ruleset(RULES);
    let suites = [suite("allow https 10.0.0.0/16 -> *.example.com destination=internet\n")];
    let wanted = Wanted { deciders: true, ..Wanted::default() };
    let run = run(&ruleset, &suites, &wanted);
    let coverage = coverage::coverage(&ruleset, &run);
    let counts: Vec<_> = coverage.rules.iter().map(|(_, tests)| *tests).collect();
    assert_eq!(counts, [0, 0, 0, 1, 0]);
    assert_eq!(coverage.unreached().count(), 4);
}

/// The values that a profile may take, all of them.
fn all_values() -> Values {
    [
        ("source", "10.240.0.0/16"),
        ("region", "westeurope"),
        ("api-server", "192.0.2.9"),
        ("dns", "10.0.0.53"),
        ("registry", "shop"),
        ("key-vault", "shop-keys"),
        ("storage-account", "shop"),
        ("domain-services", "10.9.0.0/24"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[test]
fn every_profile_can_be_read() {
    for name in profile::names() {
        let raw = profile::profile(name).unwrap().unwrap();
        let known = all_values();
        assert!(raw.parameter_names().iter().all(|name| known.contains_key(name)), "{name}");
        let suite = raw.filled(&known).unwrap();
        assert!(
            suite.groups.iter().any(|group| group.level == crate::syntax::suite::Level::Required)
        );
        assert!(raw.title.is_some() && raw.source.is_some(), "{name} names no source");
        for test in suite.groups.iter().flat_map(|group| &group.tests) {
            assert!(!test.any.is_empty() && test.unset.is_empty());
        }
    }
}

#[test]
fn with_the_rules_that_are_printed_every_profile_passes() {
    for (name, rules) in profile::names().flat_map(|name| {
        let classic = "firewall f\n  dns-proxy on\n  allow network c 100\n    r: tcp 10.9.9.9 -> 10.9.9.8 : 1\n";
        [(name, "policy p\n  dns-proxy on\ngroup g 200\n"), (name, classic)]
    }) {
        let inventory = inventory(rules);
        let options = Options::default();
        let (ruleset, _) = compile(&inventory, &options).unwrap();
        let suites = [profile::profile(name).unwrap().unwrap().filled(&all_values()).unwrap()];
        let before = run(&ruleset, &suites, &Wanted::default());
        let all: Vec<_> = before.outcomes.iter().collect();
        assert!(all.iter().all(|it| matches!(it.result, TestResult::Failed { .. })), "{name}");
        let mend = mend(&inventory, &options, &ruleset, &all, name);
        if name == "databricks" {
            // Its source names no ports.
            assert_eq!((mend.mended, mend.left.len()), (0, 4));
            continue;
        }
        assert_eq!(mend.left, [], "{name}");
        assert_eq!(mend.mended, all.len(), "{name}");
        // What is printed reads back beside the policy.
        if rules.starts_with("policy") {
            let whole = inventory_of(&format!("{rules}\n{}", mend.text));
            let (ruleset, _) = compile(&whole, &options).unwrap();
            let after = run(&ruleset, &suites, &Wanted::default());
            assert!(after.outcomes.iter().all(|it| it.result == TestResult::Passed), "{name}");
        }
    }
}

/// The rule set with contents for the tag that no table lists.
fn with_tag(rules: &str, addresses: &[IpRange]) -> Ruleset {
    let mut inventory = inventory(rules);
    let mut file = TagFile::default();
    file.tags.insert("unheard".into(), addresses.iter().copied().collect());
    inventory.tables.service_tags.push(file);
    compile(&inventory, &Options::default()).unwrap().0
}

proptest! {
    /// What is said of a tag without a table holds whatever the tag holds.
    #[test]
    fn a_tag_without_a_table_is_told_only_what_holds_for_every_content(rules in texts(true)) {
        let blind = ruleset(&rules);
        let Ok(read) = expectation("allow tcp 10.0.0.0/30 -> service-tag:Unheard:443") else {
            unreachable!()
        };
        let Traffic::Flows(flows) = read.traffic else { unreachable!() };
        for expected in [Decision::Allow, Decision::Deny] {
            let super::run::Answer::As { .. } = by_name::answer(&blind, &flows, expected) else {
                continue;
            };
            for content in ["192.0.2.0", "192.0.2.2", "198.51.100.9"] {
                let address: std::net::IpAddr = content.parse().unwrap();
                let seeing = with_tag(&rules, &[IpRange::single(address)]);
                for source in 0..4 {
                    for text in [
                        format!("tcp 10.0.0.{source} -> {content}:443 application=none"),
                        format!("https 10.0.0.{source} -> a.example:443 destination={content}"),
                        format!("https 10.0.0.{source} -> x.example:443 destination={content} url=x.example/t"),
                    ] {
                        let verdict = evaluate(&seeing, &flow(&text).unwrap(), &mut ());
                        prop_assert_eq!(verdict.decision, expected, "{}\n{}", text, rules);
                    }
                }
            }
        }
    }

    #[test]
    fn generated_tests_pass_on_the_rule_set_that_they_are_made_from(rules in texts(true)) {
        let ruleset = ruleset(&rules);
        let text = generate::generate(&ruleset);
        prop_assert_eq!(&text, &generate::generate(&ruleset));
        let suites = [suite(&text)];
        let run = run(&ruleset, &suites, &Wanted::default());
        for outcome in &run.outcomes {
            prop_assert_eq!(&outcome.result, &TestResult::Passed, "{:?}\n{}", outcome.test, rules);
        }
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let flows: std::collections::BTreeSet<_> =
            run.outcomes.iter().map(|it| it.test.any[0].to_string()).collect();
        prop_assert_eq!(flows.len(), lines.iter().filter(|line| !line.is_empty()).count());
    }
}
