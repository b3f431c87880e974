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
    check(results(|it| text(it, 80)), expect![[r#""#]]);
}

#[test]
fn annotations() {
    check(results(github), expect![[r#""#]]);
}

#[test]
fn xml() {
    check(results(junit), expect![[r#""#]]);
}
