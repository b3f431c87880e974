//! The functions of the template language that need nothing but their arguments.
//!
//! List and meaning:
//! <https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions>.

mod array;
mod cidr;
mod encode;
pub(super) mod format;
pub(super) mod id;
mod logic;
mod number;
mod object;
mod place;
mod text;

use std::rc::Rc;

use smol_str::SmolStr;

use crate::load::template::build::{integer, kind_name, node, string};
use crate::load::template::error::TemplateError;
use crate::load::template::program::Place;
use crate::load::template::settings::Cloud;
use crate::source::Span;
use crate::syntax::json::{Member, Node, Value};

/// Why a call gives no value.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It depends on something that only a deployment knows.
    Unknown,
    /// Azure would refuse it.
    Refused(String),
    /// The whole expansion ends.
    Stop(TemplateError),
}

impl Trouble {
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

impl From<TemplateError> for Trouble {
    fn from(error: TemplateError) -> Self {
        Self::Stop(error)
    }
}

pub(super) type Made = Result<Node, Trouble>;

/// The values a function is called with, and the place of what it makes.
pub(super) struct Arguments<'r> {
    values: &'r [Rc<Node>],
    span: Span,
}

/// Calls the function `name`, given in lower case.
pub(super) fn apply(name: &str, arguments: &Arguments<'_>, place: &Place, cloud: Cloud) -> Made {
    if needs_deployment(name) {
        return Err(Trouble::Unknown);
    }
    logic::apply(name, arguments)
        .or_else(|| text::apply(name, arguments))
        .or_else(|| array::apply(name, arguments))
        .or_else(|| object::apply(name, arguments))
        .or_else(|| number::apply(name, arguments))
        .or_else(|| id::apply(name, arguments, place))
        .or_else(|| place::apply(name, arguments, place, cloud))
        .or_else(|| encode::apply(name, arguments))
        .or_else(|| cidr::apply(name, arguments))
        .unwrap_or_else(|| Err(Trouble::refused("no such function is known")))
}

/// Functions that ask the running Azure or its clock, or mix in the ids of both.
fn needs_deployment(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "reference",
        "references",
        "providers",
        "pickzones",
        "tolocaltime",
        "utcnow",
        "newguid",
        "guid",
        "uniquestring",
        "datetimeadd",
        "datetimefromepoch",
        "datetimetoepoch",
        "deployer",
        "getsecret",
        "managementgroup",
        "tenant",
    ];
    NAMES.contains(&name) || name.starts_with("list")
}

impl<'r> Arguments<'r> {
    pub(super) fn new(values: &'r [Rc<Node>], span: Span) -> Self {
        Self { values, span }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &'r Node> {
        self.values.iter().map(|value| &**value)
    }

    pub(super) fn span(&self) -> Span {
        self.span
    }

    pub(super) fn node(&self, index: usize) -> Option<&'r Node> {
        self.values.get(index).map(|value| &**value)
    }

    /// Argument `index`, whatever it is, unless it is unresolved.
    pub(super) fn known(&self, index: usize) -> Result<&'r Node, Trouble> {
        let value = self
            .node(index)
            .ok_or_else(|| Trouble::refused(format!("takes at least {} arguments", index + 1)))?;
        match value.value {
            Value::Unresolved(_) => Err(Trouble::Unknown),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => Ok(value),
        }
    }

    pub(super) fn text(&self, index: usize) -> Result<&'r str, Trouble> {
        let value = self.known(index)?;
        value.text().ok_or_else(|| wrong("text", index, value))
    }

    pub(super) fn maybe_text(&self, index: usize) -> Option<&'r str> {
        self.node(index).and_then(Node::text)
    }

    pub(super) fn integer(&self, index: usize) -> Result<i64, Trouble> {
        let value = self.known(index)?;
        match &value.value {
            Value::Number(digits) => digits.parse().map_err(|_| wrong("an integer", index, value)),
            Value::Null
            | Value::Bool(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_) => Err(wrong("an integer", index, value)),
        }
    }

    /// A position or count that must not be negative.
    pub(super) fn size(&self, index: usize) -> Result<usize, Trouble> {
        // Azure takes a negative count of `take` and `skip` as nothing.
        Ok(usize::try_from(self.integer(index)?).unwrap_or(0))
    }

    pub(super) fn boolean(&self, index: usize) -> Result<bool, Trouble> {
        let value = self.known(index)?;
        crate::load::template::lazy::truth(value)?.ok_or(Trouble::Unknown)
    }

    pub(super) fn array(&self, index: usize) -> Result<&'r [Node], Trouble> {
        let value = self.known(index)?;
        match &value.value {
            Value::Array(elements) => Ok(elements),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)
            | Value::Unresolved(_) => Err(wrong("an array", index, value)),
        }
    }

    pub(super) fn object(&self, index: usize) -> Result<&'r [Member], Trouble> {
        let value = self.known(index)?;
        match &value.value {
            Value::Object(members) => Ok(members),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Unresolved(_) => Err(wrong("an object", index, value)),
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "they end a function that may also fail")]
impl Arguments<'_> {
    pub(super) fn make(&self, value: Value) -> Made {
        Ok(node(value, self.span))
    }

    pub(super) fn make_text(&self, text: impl Into<SmolStr>) -> Made {
        Ok(string(text, self.span))
    }

    pub(super) fn make_integer(&self, number: i64) -> Made {
        Ok(integer(number, self.span))
    }

    pub(super) fn make_boolean(&self, flag: bool) -> Made {
        self.make(Value::Bool(flag))
    }
}

fn wrong(wanted: &str, index: usize, value: &Node) -> Trouble {
    Trouble::refused(format!("takes {wanted} as argument {}, not {}", index + 1, kind_name(value)))
}

#[cfg(test)]
mod tests;
