//! The two kinds of lines, as written: statements and rules.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{tag, tag_no_case};
use nom::character::complete::{char, space1};
use nom::combinator::{all_consuming, cut, map, opt, value};
use nom::error::context;
use nom::multi::many0;
use nom::sequence::{preceded, terminated};

use super::atom::{Atom, AtomKind, Item, Place, atom, gap, item, list, name, word};
use crate::syntax::trouble::{Parsed, Trouble};

/// A line with its first word or words taken off.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// `NAME: …`, with what stands behind the colon.
    Rule { kind: Option<RuleKind>, name: Atom<'a>, body: &'a str },
    /// `keyword …`.
    Statement { keyword: Atom<'a>, rest: &'a str },
}

/// The type of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Network,
    Application,
    Dnat,
}

impl RuleKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Application => "application",
            Self::Dnat => "dnat",
        }
    }
}

/// A rule behind its name.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) protocols: Vec<Item<'a>>,
    pub(super) sources: Vec<Item<'a>>,
    pub(super) destinations: Vec<Item<'a>>,
    pub(super) ports: Option<Vec<Item<'a>>>,
    pub(super) translated: Option<Translated<'a>>,
    pub(super) options: Vec<RuleOption<'a>>,
}

/// What stands behind `=>`.
#[derive(Debug)]
pub(super) struct Translated<'a> {
    pub(super) place: Place,
    pub(super) targets: Vec<Item<'a>>,
    pub(super) port: Option<Item<'a>>,
}

/// What can stand behind the destinations of a rule.
#[derive(Debug)]
pub(super) enum RuleOption<'a> {
    Description(Atom<'a>),
    Inspect { place: Place, value: Option<Atom<'a>> },
    Header { name: Atom<'a>, value: Atom<'a> },
    Unknown(Vec<Item<'a>>),
}

// line = [type space] name ":" body / keyword rest
pub(super) fn line(input: &str) -> Parsed<'_, Line<'_>> {
    alt((rule_start, statement_start)).parse(input)
}

fn rule_start(input: &str) -> Parsed<'_, Line<'_>> {
    let (_, first) = name(input)?;
    let named = terminated(name, char(':'));
    let typed = (rule_kind, preceded(gap, terminated(name, char(':'))));
    let (body, (kind, name)) =
        alt((map(named, |name| (None, name)), map(typed, |(kind, name)| (Some(kind), name))))
            .parse(input)
            .map_err(|error| quoted_start(error, &first, input))?;
    Ok(("", Line::Rule { kind, name, body }))
}

/// A line that begins with a quoted name can only be a rule.
fn quoted_start<'a>(
    error: nom::Err<Trouble<'a>>,
    first: &Atom<'_>,
    input: &'a str,
) -> nom::Err<Trouble<'a>> {
    if first.kind != AtomKind::Quoted {
        return error;
    }
    let trouble = Trouble::new(input, "expected `:` behind the name of a rule");
    nom::Err::Failure(trouble.with_help("write `\"name\": protocol source -> destination : port`"))
}

fn rule_kind(input: &str) -> Parsed<'_, RuleKind> {
    let kind = alt((
        value(RuleKind::Network, tag_no_case("network")),
        value(RuleKind::Application, tag_no_case("application")),
        value(RuleKind::Dnat, tag_no_case("dnat")),
    ));
    terminated(kind, space1).parse(input)
}

fn statement_start(input: &str) -> Parsed<'_, Line<'_>> {
    let (rest, text) = context("a keyword or the name of a rule", word).parse(input)?;
    let place = Place::between(input, rest);
    let keyword = Atom { kind: AtomKind::Word, is_reference: false, text: text.into(), place };
    Ok(("", Line::Statement { keyword, rest }))
}

// words = *(space atom)
pub(super) fn words(input: &str) -> Parsed<'_, Vec<Atom<'_>>> {
    all_consuming(terminated(many0(preceded(gap, atom)), gap)).parse(input)
}

// whole-list = space list
pub(super) fn whole_list(input: &str) -> Parsed<'_, Vec<Item<'_>>> {
    let list = context("at least one value, or `none`", list);
    all_consuming(terminated(preceded(gap, list), gap)).parse(input)
}

// named-list = name "=" list
pub(super) fn named_list(input: &str) -> Parsed<'_, (Atom<'_>, Vec<Item<'_>>)> {
    let (input, name) = preceded(gap, context("a name", atom)).parse(input)?;
    let (input, _) = preceded(gap, context("`=` and addresses", tag("="))).parse(input)?;
    let (input, list) = whole_list(input)?;
    Ok((input, (name, list)))
}

// named-body = name ":" body
pub(super) fn named_body(input: &str) -> Parsed<'_, (Atom<'_>, Body<'_>)> {
    let (input, name) = preceded(gap, context("a name", name)).parse(input)?;
    let (input, _) = context("`:` behind the name", char(':')).parse(input)?;
    let (input, body) = body(input)?;
    Ok((input, (name, body)))
}

// body = list list "->" list [":" list] ["=>" translated] *option
pub(super) fn body(input: &str) -> Parsed<'_, Body<'_>> {
    let (input, protocols) = preceded(gap, context("a protocol", list)).parse(input)?;
    let (input, sources) = sources(input)?;
    let (input, ()) = arrow(input)?;
    let (input, destinations) =
        preceded(gap, context("a destination behind `->`", list)).parse(input)?;
    let ports = preceded(gap, cut(context("a port behind the `:`", list)));
    let (input, ports) = opt(preceded((gap, tag(":")), ports)).parse(input)?;
    let (input, translated) = opt(translated).parse(input)?;
    let (input, options) = many0(preceded(gap, option)).parse(input)?;
    let (rest, _) = gap(input)?;
    if rest.is_empty() {
        let body = Body { protocols, sources, destinations, ports, translated, options };
        return Ok((rest, body));
    }
    Trouble::new(rest, format!("unexpected text `{rest}`")).with_help(end_help(rest)).fatal()
}

fn sources(input: &str) -> Parsed<'_, Vec<Item<'_>>> {
    let (start, _) = gap(input)?;
    if start.starts_with("->") {
        return Trouble::new(start, "expected a source between the protocol and `->`")
            .with_help("write `*` for every source")
            .fatal();
    }
    context("a source between the protocol and `->`", list).parse(start)
}

fn arrow(input: &str) -> Parsed<'_, ()> {
    let (start, _) = gap(input)?;
    if let Some(rest) = start.strip_prefix("->") {
        return Ok((rest, ()));
    }
    let help = if start.starts_with("=>") {
        "`=>` stands before the address that a DNAT rule translates to"
    } else {
        "entries of a list have a comma between them: `10.0.0.0/8, 10.1.0.4 -> *`"
    };
    Trouble::new(start, "expected `->` behind the sources").with_help(help).fatal()
}

fn end_help(rest: &str) -> &'static str {
    if rest.starts_with(':') || rest.starts_with("=>") {
        return "each part stands once, in the order `-> destination : port => address : port`";
    }
    "entries of a list have a comma between them; behind the rule may stand \
     `\"description\"`, `inspect`, `header NAME \"VALUE\"` and `unknown FIELD`"
}

// translated = "=>" [list] [":" item]
fn translated(input: &str) -> Parsed<'_, Translated<'_>> {
    let (start, _) = gap(input)?;
    let (input, _) = tag("=>").parse(start)?;
    let (input, targets) = opt(preceded(gap, list)).parse(input)?;
    let port = preceded(gap, cut(context("a port behind the `:`", item)));
    let (rest, port) = opt(preceded((gap, tag(":")), port)).parse(input)?;
    if targets.is_none() && port.is_none() {
        return Trouble::new(rest, "expected an address behind `=>`")
            .with_help("write `=> 10.0.0.4 : 8443`")
            .fatal();
    }
    let place = Place::between(start, rest);
    Ok((rest, Translated { place, targets: targets.unwrap_or_default(), port }))
}

// option = quoted / "inspect" [atom] / "header" atom atom / "unknown" list
fn option(input: &str) -> Parsed<'_, RuleOption<'_>> {
    let (rest, first) = atom(input)?;
    if first.kind == AtomKind::Quoted {
        return Ok((rest, RuleOption::Description(first)));
    }
    if first.is_word("inspect") {
        let (rest, value) = opt(preceded(gap, inspect_value)).parse(rest)?;
        return Ok((rest, RuleOption::Inspect { place: first.place, value }));
    }
    if first.is_word("header") {
        let (rest, name) =
            preceded(gap, cut(context("the name of the header", atom))).parse(rest)?;
        let (rest, value) =
            preceded(gap, cut(context("the value of the header in quotes", atom))).parse(rest)?;
        return Ok((rest, RuleOption::Header { name, value }));
    }
    if first.is_word("unknown") {
        let (rest, fields) =
            preceded(gap, cut(context("the name of a field", list))).parse(rest)?;
        return Ok((rest, RuleOption::Unknown(fields)));
    }
    Err(nom::Err::Error(Trouble::new(input, "")))
}

/// `on`, `off`, an expression or an invalid text; a quoted text is the rule's description.
fn inspect_value(input: &str) -> Parsed<'_, Atom<'_>> {
    let (rest, value) = atom(input)?;
    let is_value = value.is_word("on")
        || value.is_word("off")
        || matches!(value.kind, AtomKind::Unresolved | AtomKind::Invalid);
    if is_value { Ok((rest, value)) } else { Err(nom::Err::Error(Trouble::new(input, ""))) }
}
