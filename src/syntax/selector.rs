//! The selector language of Calico: `app == 'web' && has(tier)`.
//!
//! <https://docs.tigera.io/calico/latest/reference/resources/networkpolicy#selectors>

use std::fmt;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_while1};
use nom::character::complete::{char, multispace0, multispace1};
use nom::combinator::{cut, value};
use nom::error::context;
use nom::multi::{many0_count, separated_list0, separated_list1};
use nom::sequence::{delimited, preceded, terminated};
use smol_str::SmolStr;

use super::trouble::{Parsed, Trouble, finished};
use super::value::ValueError;

/// Deeper nesting than any person writes; a limit keeps the stack safe.
const LEVELS_MAX: usize = 64;

/// Which labelled things are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `all()`, and the empty text.
    All,
    /// `global()`: in a namespace selector, what belongs to no namespace.
    Global,
    Has(SmolStr),
    Equal(SmolStr, SmolStr),
    /// Also true of what lacks the label.
    NotEqual(SmolStr, SmolStr),
    /// The values are sorted and differ.
    In(SmolStr, Vec<SmolStr>),
    /// Also true of what lacks the label.
    NotIn(SmolStr, Vec<SmolStr>),
    Contains(SmolStr, SmolStr),
    StartsWith(SmolStr, SmolStr),
    EndsWith(SmolStr, SmolStr),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

/// What is known of one label of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label<'a> {
    Is(&'a str),
    Absent,
    /// The thing's labels were not all given.
    Unknown,
}

impl Selector {
    /// Reads a selector.
    ///
    /// # Errors
    ///
    /// If the text is none; the error knows where it stopped.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        finished(text, whole(text))
    }

    /// Whether a thing with these labels is meant; `None` where that hangs on an unknown label.
    pub fn matches<'a>(&self, label: &impl Fn(&str) -> Label<'a>) -> Option<bool> {
        let of = |key: &SmolStr, is: &dyn Fn(&str) -> bool, absent: bool| match label(key) {
            Label::Is(text) => Some(is(text)),
            Label::Absent => Some(absent),
            Label::Unknown => None,
        };
        match self {
            Self::All | Self::Global => Some(true),
            Self::Has(key) => of(key, &|_| true, false),
            Self::Equal(key, value) => of(key, &|text| text == value, false),
            Self::NotEqual(key, value) => of(key, &|text| text != value, true),
            Self::In(key, values) => of(key, &|text| values.iter().any(|v| v == text), false),
            Self::NotIn(key, values) => of(key, &|text| values.iter().all(|v| v != text), true),
            Self::Contains(key, part) => of(key, &|text| text.contains(part.as_str()), false),
            Self::StartsWith(key, part) => of(key, &|text| text.starts_with(part.as_str()), false),
            Self::EndsWith(key, part) => of(key, &|text| text.ends_with(part.as_str()), false),
            Self::Not(inner) => inner.matches(label).map(|is| !is),
            Self::And(parts) => settled(parts.iter().map(|part| part.matches(label)), false),
            Self::Or(parts) => settled(parts.iter().map(|part| part.matches(label)), true),
        }
    }

    /// The selector with every part changed that is no `!`, `&&` or `||`.
    #[must_use]
    pub fn with_leaves(self, change: &impl Fn(Self) -> Self) -> Self {
        let all = |parts: Vec<Self>| parts.into_iter().map(|p| p.with_leaves(change)).collect();
        match self {
            Self::Not(inner) => Self::Not(Box::new(inner.with_leaves(change))),
            Self::And(parts) => Self::And(all(parts)),
            Self::Or(parts) => Self::Or(all(parts)),
            leaf @ (Self::All
            | Self::Global
            | Self::Has(_)
            | Self::Equal(..)
            | Self::NotEqual(..)
            | Self::In(..)
            | Self::NotIn(..)
            | Self::Contains(..)
            | Self::StartsWith(..)
            | Self::EndsWith(..)) => change(leaf),
        }
    }
}

/// The result of `&&` (which one `false` settles) or `||` (which one `true` settles).
fn settled(parts: impl Iterator<Item = Option<bool>>, settles: bool) -> Option<bool> {
    let mut result = Some(!settles);
    for part in parts {
        match part {
            Some(is) if is == settles => return Some(settles),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

impl fmt::Display for Selector {
    /// The canonical form, from which Calico computes its identifiers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all()"),
            Self::Global => f.write_str("global()"),
            Self::Has(key) => write!(f, "has({key})"),
            Self::Equal(key, value) => write!(f, "{key} == {}", Quoted(value)),
            Self::NotEqual(key, value) => write!(f, "{key} != {}", Quoted(value)),
            Self::In(key, values) => write!(f, "{key} in {}", Set(values)),
            Self::NotIn(key, values) => write!(f, "{key} not in {}", Set(values)),
            Self::Contains(key, part) => write!(f, "{key} contains {}", Quoted(part)),
            Self::StartsWith(key, part) => write!(f, "{key} starts with {}", Quoted(part)),
            Self::EndsWith(key, part) => write!(f, "{key} ends with {}", Quoted(part)),
            Self::Not(inner) => write!(f, "!{inner}"),
            Self::And(parts) => joined(f, parts, " && "),
            Self::Or(parts) => joined(f, parts, " || "),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, parts: &[Selector], sign: &str) -> fmt::Result {
    f.write_str("(")?;
    for (index, part) in parts.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { sign })?;
        write!(f, "{part}")?;
    }
    f.write_str(")")
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The language has no escapes: a text holds one kind of quotes at most.
        if self.0.contains('"') { write!(f, "'{}'", self.0) } else { write!(f, "\"{}\"", self.0) }
    }
}

struct Set<'a>(&'a [SmolStr]);

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values: Vec<_> = self.0.iter().map(|value| Quoted(value).to_string()).collect();
        write!(f, "{{{}}}", values.join(", "))
    }
}

fn whole(text: &str) -> Parsed<'_, Selector> {
    if text.trim().is_empty() {
        return Ok(("", Selector::All));
    }
    let (rest, selector) = or(text, 0)?;
    if rest.is_empty() { Ok((rest, selector)) } else { Trouble::new(rest, "").fatal() }
}

fn or(input: &str, level: usize) -> Parsed<'_, Selector> {
    let (rest, parts) = separated_list1(tag("||"), |input| and(input, level)).parse(input)?;
    Ok((rest, one_or(parts, Selector::Or)))
}

fn and(input: &str, level: usize) -> Parsed<'_, Selector> {
    let operand =
        |input| delimited(multispace0, |input| not(input, level), multispace0).parse(input);
    let (rest, parts) = separated_list1(tag("&&"), operand).parse(input)?;
    Ok((rest, one_or(parts, Selector::And)))
}

/// One part is itself, several are joined.
fn one_or(mut parts: Vec<Selector>, join: impl Fn(Vec<Selector>) -> Selector) -> Selector {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => Selector::All,
    }
}

fn not(input: &str, level: usize) -> Parsed<'_, Selector> {
    let (rest, signs) = many0_count(terminated(char('!'), multispace0)).parse(input)?;
    if signs > LEVELS_MAX {
        return Trouble::new(input, format!("more than {LEVELS_MAX} `!`")).fatal();
    }
    let (rest, inner) = operand(rest, level)?;
    Ok((rest, (0..signs).fold(inner, |inner, _| Selector::Not(Box::new(inner)))))
}

fn operand(input: &str, level: usize) -> Parsed<'_, Selector> {
    if level > LEVELS_MAX {
        return Trouble::new(input, format!("more than {LEVELS_MAX} levels of brackets")).fatal();
    }
    let nested = preceded(char('('), cut(terminated(|input| or(input, level + 1), char(')'))));
    let has = delimited((tag("has("), multispace0), key, (multispace0, char(')')));
    let all = value(Selector::All, (tag("all("), multispace0, char(')')));
    let global = value(Selector::Global, (tag("global("), multispace0, char(')')));
    context(
        "a comparison such as `app == \"web\"`, `has(app)`, `all()`",
        alt((nested, has.map(Selector::Has), all, global, comparison)),
    )
    .parse(input)
}

fn comparison(input: &str) -> Parsed<'_, Selector> {
    let (rest, key) = terminated(key, multispace0).parse(input)?;
    let not_in = (tag("not"), multispace1, tag("in"));
    let starts = alt((tag("startswith").map(|_| ()), two_words("starts")));
    let ends = alt((tag("endswith").map(|_| ()), two_words("ends")));
    let with = |build: fn(SmolStr, SmolStr) -> Selector| {
        let key = key.clone();
        move |text| build(key.clone(), text)
    };
    let of = |build: fn(SmolStr, Vec<SmolStr>) -> Selector| {
        let key = key.clone();
        move |values| build(key.clone(), values)
    };
    context(
        "`==`, `!=`, `in`, `not in`, `contains`, `starts with` or `ends with`",
        alt((
            preceded((tag("=="), multispace0), string).map(with(Selector::Equal)),
            preceded((tag("!="), multispace0), string).map(with(Selector::NotEqual)),
            preceded((tag("in"), multispace0), set).map(of(Selector::In)),
            preceded((not_in, multispace0), set).map(of(Selector::NotIn)),
            preceded((tag("contains"), multispace0), string).map(with(Selector::Contains)),
            preceded((starts, multispace0), string).map(with(Selector::StartsWith)),
            preceded((ends, multispace0), string).map(with(Selector::EndsWith)),
        )),
    )
    .parse(rest)
}

fn two_words<'a>(first: &'static str) -> impl Parser<&'a str, Output = (), Error = Trouble<'a>> {
    (tag(first), multispace1, tag("with")).map(|_| ())
}

fn key(input: &str) -> Parsed<'_, SmolStr> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    context("the name of a label", take_while1(is_part)).map(SmolStr::new).parse(input)
}

fn string(input: &str) -> Parsed<'_, SmolStr> {
    let within = |quote: char| delimited(char(quote), take_till(move |c| c == quote), char(quote));
    context("a text in quotes", alt((within('"'), within('\'')))).map(SmolStr::new).parse(input)
}

fn set(input: &str) -> Parsed<'_, Vec<SmolStr>> {
    let comma = delimited(multispace0, char(','), multispace0);
    let values = separated_list0(comma, string);
    let braces = delimited((char('{'), multispace0), values, (multispace0, char('}')));
    let (rest, mut values) = context("a set such as `{\"a\", \"b\"}`", braces).parse(input)?;
    values.sort_unstable();
    values.dedup();
    Ok((rest, values))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match Selector::parse(text) {
            Ok(selector) => selector.to_string(),
            Err(error) => format!("{}: {}", error.offset, error.message),
        };
        expected.assert_eq(&got);
    }

    fn is_match(text: &str, labels: &[(&str, &str)]) -> Option<bool> {
        let label = |key: &str| match labels.iter().find(|(name, _)| *name == key) {
            Some((_, value)) => Label::Is(value),
            None if key == "unknown" => Label::Unknown,
            None => Label::Absent,
        };
        Selector::parse(text).unwrap().matches(&label)
    }

    #[test]
    fn a_selector_has_one_canonical_form() {
        check("", expect!["all()"]);
        check("  ( all( ) ) ", expect!["all()"]);
        check("! (has( tier )||! has(app ))", expect!["!(has(tier) || !has(app))"]);
        check("app!='\"'", expect!["app != '\"'"]);
        check("app startswith \"we\"", expect![[r#"app starts with "we""#]]);
        check("app in {'c', \"a\", \"c\"}", expect![[r#"app in {"a", "c"}"#]]);
        check("app  not  in {}", expect!["app not in {}"]);
        check("a/b.c-d_e == ''", expect![[r#"a/b.c-d_e == """#]]);
    }

    #[test]
    fn what_is_no_selector_is_refused_at_its_place() {
        check(
            "app",
            expect![
                "3: expected `==`, `!=`, `in`, `not in`, `contains`, `starts with` or `ends with`"
            ],
        );
        check("app == tier", expect!["7: expected a text in quotes"]);
        check("app == \"web", expect!["11: expected a text in quotes"]);
        check("has(app) &&", expect!["9: unexpected text `&&`"]);
        check(
            "(has(app)",
            expect![[r#"9: expected a comparison such as `app == "web"`, `has(app)`, `all()`"#]],
        );
        check("has(app) has(tier)", expect!["9: unexpected text `has(tier)`"]);
        check(&"(".repeat(500), expect!["65: more than 64 levels of brackets"]);
    }

    #[test]
    fn a_missing_label_differs_from_every_value() {
        assert_eq!(is_match("app != 'web'", &[]), Some(true));
        assert_eq!(is_match("app not in {'web'}", &[]), Some(true));
        assert_eq!(is_match("app == 'web'", &[]), Some(false));
        assert_eq!(is_match("app contains 'e'", &[("app", "web")]), Some(true));
        assert_eq!(is_match("!!has(app)", &[("app", "web")]), Some(true));
        assert_eq!(is_match("app ends with 'b'", &[("app", "web")]), Some(true));
    }

    #[test]
    fn an_unknown_label_is_neither_there_nor_absent() {
        assert_eq!(is_match("has(unknown)", &[]), None);
        assert_eq!(is_match("!has(unknown)", &[]), None);
        assert_eq!(is_match("has(unknown) || has(app)", &[("app", "web")]), Some(true));
        assert_eq!(is_match("has(unknown) && has(app)", &[]), Some(false));
    }

    fn selector() -> impl Strategy<Value = Selector> {
        let key = || "[a-z./-]{1,4}".prop_map(SmolStr::from);
        let text = || "[a-z' ]{0,3}".prop_map(SmolStr::from);
        let leaf = prop_oneof![
            Just(Selector::All),
            Just(Selector::Global),
            key().prop_map(Selector::Has),
            (key(), text()).prop_map(|(key, text)| Selector::Equal(key, text)),
            (key(), text()).prop_map(|(key, text)| Selector::EndsWith(key, text)),
            (key(), prop::collection::btree_set(text(), 0..3))
                .prop_map(|(key, values)| Selector::NotIn(key, values.into_iter().collect())),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|inner| Selector::Not(Box::new(inner))),
                prop::collection::vec(inner.clone(), 2..4).prop_map(Selector::And),
                prop::collection::vec(inner, 2..4).prop_map(Selector::Or),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(selector in selector()) {
            prop_assert_eq!(Selector::parse(&selector.to_string()).unwrap(), selector);
        }

        #[test]
        fn no_text_stops_the_parser(text in "[a-z!&|(){}'\" =,]{0,20}") {
            let _ = Selector::parse(&text);
        }
    }
}
