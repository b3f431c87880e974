//! `Policy: p. Rule Collection Group: g. Rule Collection: c. Rule: r. Web Category: w`.
//!
//! Azure's names of policies, groups and collections hold no `: `, so they end at the first
//! separator. A rule's name may hold commas, blanks and dots: it ends with the text, or with the web
//! category.

use nom::bytes::complete::{tag, take_until};
use nom::combinator::opt;
use nom::sequence::{delimited, terminated};
use nom::{IResult, Parser};

/// The names of the rule that decided. Classic rules have no policy and no group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleNames<'a> {
    pub policy: Option<&'a str>,
    pub group: Option<&'a str>,
    pub collection: &'a str,
    pub rule: &'a str,
    pub web_category: Option<&'a str>,
}

const RULE_SEPARATORS: [&str; 4] = [". Rule: ", ". Rule Name: ", ", Rule: ", ", Rule Name: "];
const WEB_CATEGORY: &str = ". Web Category:";

/// The names, when `text` is nothing else.
pub(super) fn rule_names(text: &str) -> Option<RuleNames<'_>> {
    let (rest, (policy, group)) = outer_names(text).ok()?;
    let rest = rest.strip_prefix("Rule Collection: ")?;
    let (collection, rest) = split_at_first(rest, &RULE_SEPARATORS)?;
    let (rule, web_category) = match rest.rsplit_once(WEB_CATEGORY) {
        Some((rule, category)) => (rule, Some(category.trim())),
        None => (rest, None),
    };
    let names = RuleNames {
        policy,
        group,
        collection,
        rule: rule.trim_end(),
        web_category: web_category.filter(|category| !category.is_empty()),
    };
    Some(with_path_taken_apart(names))
}

fn outer_names(text: &str) -> IResult<&str, (Option<&str>, Option<&str>)> {
    let policy = delimited(tag("Policy: "), take_until(". Rule Collection"), tag(". "));
    let group =
        delimited(tag("Rule Collection Group: "), take_until(". Rule Collection: "), tag(". "));
    (opt(policy), opt(group)).parse(text)
}

/// Some messages write `policy:group:collection` where the collection stands.
fn with_path_taken_apart(names: RuleNames<'_>) -> RuleNames<'_> {
    let mut parts = names.collection.split(':');
    let path = (parts.next(), parts.next(), parts.next(), parts.next());
    match path {
        (Some(policy), Some(group), Some(collection), None)
            if names.policy.is_none() && names.group.is_none() =>
        {
            RuleNames { policy: Some(policy), group: Some(group), collection, ..names }
        }
        _ => names,
    }
}

fn split_at_first<'a>(text: &'a str, separators: &[&str]) -> Option<(&'a str, &'a str)> {
    let ends = separators.iter().filter_map(|&separator| {
        let parsed: IResult<&str, &str> =
            terminated(take_until(separator), tag(separator)).parse(text);
        parsed.ok()
    });
    ends.min_by_key(|(_, before)| before.len()).map(|(after, before)| (before, after))
}
