//! Text functions.

use smol_str::SmolStr;

use crate::load::template::build::{string, unresolved};
use crate::load::template::function::id::name_parts;
use crate::load::template::function::{Arguments, Made, Trouble};
use crate::load::template::residual::from_plain_text;
use crate::source::Span;
use crate::syntax::json::{Node, Value};

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "tolower" => changed(arguments, |text| text.to_lowercase().into()),
        "toupper" => changed(arguments, |text| text.to_uppercase().into()),
        "trim" => changed(arguments, |text| text.trim().into()),
        "replace" => replace(arguments),
        "split" => split(arguments),
        "join" => join(arguments),
        "substring" => substring(arguments),
        "startswith" => compared(arguments, |text, part| text.starts_with(part)),
        "endswith" => compared(arguments, |text, part| text.ends_with(part)),
        "lastindexof" => last_index_of(arguments),
        "padleft" => pad_left(arguments),
        _ => return None,
    })
}

fn changed(arguments: &Arguments<'_>, change: fn(&str) -> SmolStr) -> Made {
    arguments.make_text(change(arguments.text(0)?))
}

fn replace(arguments: &Arguments<'_>) -> Made {
    let (text, old, new) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    if old.is_empty() {
        return Err(Trouble::refused("cannot replace empty text"));
    }
    arguments.make_text(text.replace(old, new))
}

fn split(arguments: &Arguments<'_>) -> Made {
    let text = arguments.text(0)?;
    let separators: Vec<&str> = match &arguments.known(1)?.value {
        Value::Array(elements) => elements.iter().filter_map(Node::text).collect(),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)
        | Value::Unresolved(_) => vec![arguments.text(1)?],
    };
    let span = arguments.span();
    if text.starts_with("/subscriptions/") && separators == ["/"] {
        let parts = name_parts(text).map(|part| id_part(text, part, span));
        return arguments.make(Value::Array(parts.collect()));
    }
    let mut parts = vec![text];
    for separator in separators.into_iter().filter(|separator| !separator.is_empty()) {
        parts = parts.into_iter().flat_map(|part| part.split(separator)).collect();
    }
    arguments.make(Value::Array(parts.into_iter().map(|part| string(part, span)).collect()))
}

/// A part of an id. What is unknown in an id must not become text in a rule.
fn id_part(id: &str, part: &str, span: Span) -> Node {
    match part {
        "*" => unresolved(format!("[split('{id}', '/')]"), span),
        _ if part.contains('[') => unresolved(from_plain_text(part), span),
        _ => string(part, span),
    }
}

fn join(arguments: &Arguments<'_>) -> Made {
    let (elements, separator) = (arguments.array(0)?, arguments.text(1)?);
    let parts: Vec<SmolStr> =
        elements.iter().map(super::format::shown).collect::<Result<_, _>>()?;
    arguments.make_text(parts.join(separator))
}

/// Positions count characters.
fn substring(arguments: &Arguments<'_>) -> Made {
    let (text, start) = (arguments.text(0)?, arguments.integer(1)?);
    let all = text.chars().count();
    let refused = || Trouble::refused("the part lies outside the text");
    let start = usize::try_from(start).ok().filter(|start| *start <= all).ok_or_else(refused)?;
    let length = match arguments.len() {
        0..=2 => all - start,
        _ => usize::try_from(arguments.integer(2)?).map_err(|_| refused())?,
    };
    if length > all - start {
        return Err(refused());
    }
    arguments.make_text(text.chars().skip(start).take(length).collect::<String>())
}

/// Azure compares here without regard to case.
fn compared(arguments: &Arguments<'_>, holds: fn(&str, &str) -> bool) -> Made {
    let (text, part) = (arguments.text(0)?.to_lowercase(), arguments.text(1)?.to_lowercase());
    arguments.make_boolean(holds(&text, &part))
}

/// Characters before the first `part`, without regard to case; -1 if there is none.
pub(super) fn index_of(arguments: &Arguments<'_>) -> Made {
    let (text, part) = (arguments.text(0)?.to_lowercase(), arguments.text(1)?.to_lowercase());
    arguments.make_integer(position(&text, text.find(&part)))
}

fn last_index_of(arguments: &Arguments<'_>) -> Made {
    let (text, part) = (arguments.text(0)?.to_lowercase(), arguments.text(1)?.to_lowercase());
    arguments.make_integer(position(&text, text.rfind(&part)))
}

fn position(text: &str, byte: Option<usize>) -> i64 {
    let characters = byte.and_then(|byte| text.get(..byte)).map(|before| before.chars().count());
    characters.and_then(|count| i64::try_from(count).ok()).unwrap_or(-1)
}

/// Longer than any name or address that is padded.
const PADDED_MAX: usize = 1024;

fn pad_left(arguments: &Arguments<'_>) -> Made {
    let text = super::format::shown(arguments.known(0)?)?;
    let width = arguments.size(1)?;
    if width > PADDED_MAX {
        return Err(Trouble::refused(format!("pads to at most {PADDED_MAX} characters")));
    }
    let fill = if arguments.len() > 2 { arguments.text(2)? } else { " " };
    let missing = width.saturating_sub(text.chars().count());
    arguments.make_text(fill.repeat(missing) + &text)
}
