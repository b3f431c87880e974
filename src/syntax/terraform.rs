//! References of Terraform's language, as plans list them: `module.hub["a"].policy_id`.

use nom::branch::alt;
use nom::bytes::complete::{is_not, take_while1};
use nom::character::complete::char;
use nom::combinator::{all_consuming, opt, recognize};
use nom::multi::separated_list1;
use nom::sequence::delimited;
use nom::{IResult, Parser};
use smol_str::SmolStr;

/// What a reference points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A variable of the module.
    Variable(SmolStr),
    /// An output of a called module; `index` as in the module's address.
    Output { module: SmolStr, index: SmolStr, name: SmolStr },
    /// An attribute of a resource or data source.
    Attribute { is_managed: bool, kind: SmolStr, name: SmolStr, index: SmolStr, path: Vec<SmolStr> },
}

/// One step: a name and the index behind it, in its brackets.
type Step<'a> = (&'a str, Option<&'a str>);

fn step(input: &str) -> IResult<&str, Step<'_>> {
    let name = take_while1(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
    let quoted = delimited(char('"'), is_not("\""), char('"'));
    let index = recognize(delimited(char('['), alt((recognize(quoted), is_not("]\""))), char(']')));
    (name, opt(index)).parse(input)
}

fn steps(text: &str) -> Option<Vec<Step<'_>>> {
    let result = all_consuming(separated_list1(char('.'), step)).parse(text);
    result.ok().map(|(_, steps)| steps)
}

impl Reference {
    /// The reference in `text`; `None` for `local.x`, `each.key`, `count.index` and whole resources.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let steps = steps(text)?;
        let index = |step: &Step<'_>| SmolStr::from(step.1.unwrap_or_default());
        match steps.as_slice() {
            [("var", None), (name, None)] => Some(Self::Variable((*name).into())),
            [("module", None), module, (name, None)] => Some(Self::Output {
                module: module.0.into(),
                index: index(module),
                name: (*name).into(),
            }),
            [
                ("var" | "module" | "local" | "each" | "count" | "path" | "self" | "terraform", _),
                ..,
            ] => None,
            [("data", None), (kind, None), name, path @ ..] if !path.is_empty() => {
                Some(Self::attribute(false, kind, name, path))
            }
            [(kind, None), name, path @ ..] if !path.is_empty() && *kind != "data" => {
                Some(Self::attribute(true, kind, name, path))
            }
            _ => None,
        }
    }

    fn attribute(is_managed: bool, kind: &str, name: &Step<'_>, path: &[Step<'_>]) -> Self {
        Self::Attribute {
            is_managed,
            kind: kind.into(),
            name: name.0.into(),
            index: name.1.unwrap_or_default().into(),
            path: path
                .iter()
                .map(|(name, index)| [*name, index.unwrap_or("")].concat().into())
                .collect(),
        }
    }
}

/// The references that are no mere beginning of another one: a plan lists `a.b.id` and `a.b`.
#[must_use]
pub fn whole<'t>(references: &[&'t str]) -> Vec<&'t str> {
    let is_beginning = |text: &str, of: &str| {
        of.strip_prefix(text).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let mut whole: Vec<&str> = Vec::new();
    for text in references {
        if !references.iter().any(|other| is_beginning(text, other)) && !whole.contains(text) {
            whole.push(text);
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&format!("{:?}", Reference::parse(text)));
    }

    #[test]
    fn what_is_followed() {
        check("var.policy_id", expect![[r#"Some(Variable("policy_id"))"#]]);
        check(
            "module.hub[\"a.b\"].policy_id",
            expect![[r#"Some(Output { module: "hub", index: "[\"a.b\"]", name: "policy_id" })"#]],
        );
        check(
            "data.azurerm_ip_group.servers.id",
            expect![[
                r#"Some(Attribute { is_managed: false, kind: "azurerm_ip_group", name: "servers", index: "", path: ["id"] })"#
            ]],
        );
        check(
            "azurerm_firewall_policy.hub[0].id",
            expect![[
                r#"Some(Attribute { is_managed: true, kind: "azurerm_firewall_policy", name: "hub", index: "[0]", path: ["id"] })"#
            ]],
        );
    }

    #[test]
    fn what_is_not() {
        for text in ["local.x", "each.value", "azurerm_ip_group.all", "var.a.b", "", "a..b", "a[0"]
        {
            assert_eq!(Reference::parse(text), None, "{text}");
        }
    }

    #[test]
    fn beginnings_do_not_count() {
        assert_eq!(whole(&["a.b[0].id", "a.b[0]", "a.b", "a.bc"]), ["a.b[0].id", "a.bc"]);
    }
}
