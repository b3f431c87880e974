//! What the renderers write.

use expect_test::{Expect, expect};

use super::*;
use crate::compile::{Options, compile};
use crate::expect::{Wanted, run};
use crate::load;
use crate::source::{Source, Sources};
use crate::syntax::suite::{Suite, Values, read};

const POLICY: &str = "policy p\ngroup g 200\n  deny network lan 100\n    admin: tcp * -> 10.0.0.0/8 : 22\n\
    group a 300\n  allow application web 100\n    \"a<b>&\": https:443 10.0.0.0/8 -> *.example.com\n    \
    tagged: https:443 10.0.0.0/8 -> tag Unheard\n";

const TESTS: &str = "allow https 10.0.0.4 -> www.example.com # the shop\n\
    allow tcp 10.0.0.4 -> 10.1.0.4:22\nallow tcp 10.0.0.4 -> 192.0.2.1:22\n\
    deny https 10.0.0.4 -> example.org\n";

fn results(show: impl Fn(&Results<'_>) -> String) -> String {
    let mut sources = Sources::default();
    let id = sources.add(Source::new("p.azfw", POLICY));
    let (inventory, _) = load::read_all(&[id], &sources, &load::Options::default()).unwrap();
    let (ruleset, _) = compile(&inventory, &Options::default()).unwrap();
    let suite: Suite = read("a,b:c.txt", TESTS).unwrap().filled(&Values::new()).unwrap();
    let suites = [suite];
    let run = run(&ruleset, &suites, &Wanted::default());
    show(&Results { ruleset: &ruleset, run: &run, coverage: None, mend: None, is_profile: false })
}

#[track_caller]
fn check(got: String, expected: Expect) {
    expected.assert_eq(&got);
}

#[test]
fn text_for_a_terminal() {
    check(
        results(|it| text(it, 80)),
        expect![[r#"
        a,b:c.txt
          ok         https 10.0.0.4 -> www.example.com:443
          FAILED     tcp 10.0.0.4 -> 10.1.0.4:22
          FAILED     tcp 10.0.0.4 -> 192.0.2.1:22
          undecided  https 10.0.0.4 -> example.org:443

        a,b:c.txt:2: tcp 10.0.0.4 -> 10.1.0.4:22
            expected allow, got deny by network rule g/lan/admin

        a,b:c.txt:3: tcp 10.0.0.4 -> 192.0.2.1:22
            expected allow, got deny by default: no rule matches
            a rule that would allow it: tcp 10.0.0.4 -> 192.0.2.1 : 22

        a,b:c.txt:4: https 10.0.0.4 -> example.org:443
            expected deny, and it depends on FQDN tag `Unheard`
            maybe allow by application rule a/web/tagged
            else deny by default: no rule matches

        result: FAILED. 1 passed, 2 failed, 1 undecided
    "#]],
    );
}

#[test]
fn annotations() {
    check(
        results(github),
        expect![[r#"
        ::error file=a%2Cb%3Ac.txt,line=2,title=azfw test::tcp 10.0.0.4 -> 10.1.0.4:22%0Aexpected allow, got deny by network rule g/lan/admin
        ::error file=a%2Cb%3Ac.txt,line=3,title=azfw test::tcp 10.0.0.4 -> 192.0.2.1:22%0Aexpected allow, got deny by default: no rule matches%0Aa rule that would allow it: tcp 10.0.0.4 -> 192.0.2.1 : 22
        ::error file=a%2Cb%3Ac.txt,line=4,title=azfw test::https 10.0.0.4 -> example.org:443%0Aexpected deny, and it depends on FQDN tag `Unheard`%0Amaybe allow by application rule a/web/tagged%0Aelse deny by default: no rule matches
        1 passed, 2 failed, 1 undecided
    "#]],
    );
}

#[test]
fn xml() {
    check(
        results(junit),
        expect![[r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="azfw test" tests="4" failures="2" errors="1" skipped="0" time="0">
          <testsuite name="a,b:c.txt" tests="4" failures="2" errors="1" skipped="0" time="0">
            <testcase classname="a,b:c.txt" name="https 10.0.0.4 -&gt; www.example.com:443 (1)" file="a,b:c.txt" line="1" time="0"/>
            <testcase classname="a,b:c.txt" name="tcp 10.0.0.4 -&gt; 10.1.0.4:22 (2)" file="a,b:c.txt" line="2" time="0">
              <failure message="expected allow, got deny by network rule g/lan/admin" type="verdict">expected allow, got deny by network rule g/lan/admin</failure>
            </testcase>
            <testcase classname="a,b:c.txt" name="tcp 10.0.0.4 -&gt; 192.0.2.1:22 (3)" file="a,b:c.txt" line="3" time="0">
              <failure message="expected allow, got deny by default: no rule matches" type="verdict">expected allow, got deny by default: no rule matches&#10;a rule that would allow it: tcp 10.0.0.4 -&gt; 192.0.2.1 : 22</failure>
            </testcase>
            <testcase classname="a,b:c.txt" name="https 10.0.0.4 -&gt; example.org:443 (4)" file="a,b:c.txt" line="4" time="0">
              <error message="expected deny, and it depends on FQDN tag `Unheard`" type="undecided">expected deny, and it depends on FQDN tag `Unheard`&#10;maybe allow by application rule a/web/tagged&#10;else deny by default: no rule matches</error>
            </testcase>
          </testsuite>
        </testsuites>
    "#]],
    );
}
