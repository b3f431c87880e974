//! Arrays, and functions that take text as well as arrays.
//!
//! An array of which part is unknown keeps what is known: the unknown part stands in it as one
//! element that means any number of elements.

use std::collections::HashSet;

use crate::load::template::build::{integer, is_same, is_spread, spread, to_json};
use crate::load::template::evaluate::COPIES_MAX;
use crate::load::template::function::{Arguments, Made, Trouble, format, object, text};
use crate::syntax::json::{Node, Value};

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "createarray" => arguments.make(Value::Array(arguments.all().cloned().collect())),
        "array" => array(arguments),
        "concat" => concat(arguments),
        "union" => union(arguments),
        "intersection" => intersection(arguments),
        "flatten" => flatten(arguments),
        "range" => range(arguments),
        "length" => length(arguments),
        "empty" => empty(arguments),
        "contains" => contains(arguments),
        "indexof" => index_of(arguments),
        "first" => first(arguments),
        "last" => last(arguments),
        "take" => cut(arguments, |length, count| (0, count.min(length))),
        "skip" => cut(arguments, |length, count| (count.min(length), length)),
        _ => return None,
    })
}

fn array(arguments: &Arguments<'_>) -> Made {
    let value = arguments.known(0)?;
    match &value.value {
        Value::Array(_) => Ok(value.clone()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)
        | Value::Unresolved(_) => arguments.make(Value::Array(vec![value.clone()])),
    }
}

/// The elements of all arguments, if one of them is an array.
fn joined(arguments: &Arguments<'_>) -> Option<Result<Vec<Node>, Trouble>> {
    arguments.all().any(|value| matches!(value.value, Value::Array(_))).then(|| {
        let mut all = Vec::new();
        for value in arguments.all() {
            match &value.value {
                Value::Array(elements) => all.extend(elements.iter().cloned()),
                Value::Unresolved(text) => all.push(spread(text, value.span)),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Object(_) => {
                    return Err(Trouble::refused("joins arrays with arrays only"));
                }
            }
        }
        Ok(all)
    })
}

fn concat(arguments: &Arguments<'_>) -> Made {
    match joined(arguments) {
        Some(all) => arguments.make(Value::Array(all?)),
        None => format::concat(arguments),
    }
}

/// Arrays without repetition, or objects of which later ones win.
fn union(arguments: &Arguments<'_>) -> Made {
    let Some(all) = joined(arguments) else { return object::union(arguments) };
    let mut seen = HashSet::new();
    let mut kept = all?;
    kept.retain(|element| written(element).is_none_or(|text| seen.insert(text)));
    arguments.make(Value::Array(kept))
}

/// A value as JSON, to compare many quickly; `None` if part of it is unresolved.
fn written(element: &Node) -> Option<String> {
    to_json(element).map(|json| json.to_string())
}

fn intersection(arguments: &Arguments<'_>) -> Made {
    if matches!(arguments.known(0)?.value, Value::Object(_)) {
        return object::intersection(arguments);
    }
    let mut kept = arguments.array(0)?.to_vec();
    for index in 1..arguments.len() {
        let known = |elements: &[Node]| -> Option<HashSet<String>> {
            elements.iter().map(written).collect()
        };
        let others = known(arguments.array(index)?).ok_or(Trouble::Unknown)?;
        known(&kept).ok_or(Trouble::Unknown)?;
        kept.retain(|element| written(element).is_some_and(|text| others.contains(&text)));
    }
    arguments.make(Value::Array(kept))
}

fn flatten(arguments: &Arguments<'_>) -> Made {
    let mut all = Vec::new();
    for element in arguments.array(0)? {
        match &element.value {
            Value::Array(inner) => all.extend(inner.iter().cloned()),
            Value::Unresolved(text) if !is_spread(element) => {
                all.push(spread(text, element.span));
            }
            Value::Unresolved(_) => return Err(Trouble::Unknown),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => all.push(element.clone()),
        }
    }
    arguments.make(Value::Array(all))
}

fn range(arguments: &Arguments<'_>) -> Made {
    let (start, count) = (arguments.integer(0)?, arguments.integer(1)?);
    let refused = || Trouble::refused(format!("makes at most {COPIES_MAX} numbers"));
    let end = start.checked_add(count).filter(|_| (0..=COPIES_MAX).contains(&count));
    let numbers = start..end.ok_or_else(refused)?;
    let span = arguments.span();
    arguments.make(Value::Array(numbers.map(|number| integer(number, span)).collect()))
}

/// The elements of an array that is known as a whole.
fn known_elements<'r>(arguments: &Arguments<'r>, index: usize) -> Result<&'r [Node], Trouble> {
    let elements = arguments.array(index)?;
    if elements.iter().any(is_spread) { Err(Trouble::Unknown) } else { Ok(elements) }
}

fn length(arguments: &Arguments<'_>) -> Made {
    let length = match &arguments.known(0)?.value {
        Value::String(text) => text.chars().count(),
        Value::Object(members) => members.len(),
        Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Unresolved(_) => known_elements(arguments, 0)?.len(),
    };
    arguments.make_integer(i64::try_from(length).unwrap_or(i64::MAX))
}

fn empty(arguments: &Arguments<'_>) -> Made {
    let is_empty = match &arguments.known(0)?.value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Array(elements) if elements.is_empty() => true,
        Value::Array(elements) if elements.iter().all(is_spread) => return Err(Trouble::Unknown),
        Value::Array(_) => false,
        Value::Bool(_) | Value::Number(_) | Value::Unresolved(_) => {
            return Err(Trouble::refused("takes an array, an object or text"));
        }
    };
    arguments.make_boolean(is_empty)
}

fn contains(arguments: &Arguments<'_>) -> Made {
    let whole = arguments.known(0)?;
    let part = arguments.known(1)?;
    let found = match &whole.value {
        Value::Array(elements) => {
            let same: Vec<_> = elements.iter().map(|element| is_same(element, part)).collect();
            match same {
                same if same.contains(&Some(true)) => true,
                same if same.contains(&None) => return Err(Trouble::Unknown),
                _ => false,
            }
        }
        Value::Object(_) => whole.get(&format::shown(part)?).is_some(),
        Value::String(text) => text.contains(format::shown(part)?.as_str()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Unresolved(_) => {
            return Err(Trouble::refused("takes an array, an object or text"));
        }
    };
    arguments.make_boolean(found)
}

fn index_of(arguments: &Arguments<'_>) -> Made {
    if arguments.maybe_text(0).is_some() {
        return text::index_of(arguments);
    }
    let part = arguments.known(1)?;
    for (index, element) in arguments.array(0)?.iter().enumerate() {
        if is_same(element, part).ok_or(Trouble::Unknown)? {
            return arguments.make_integer(i64::try_from(index).unwrap_or(i64::MAX));
        }
    }
    arguments.make_integer(-1)
}

/// Of an empty array: null. Of empty text: empty text.
fn first(arguments: &Arguments<'_>) -> Made {
    if let Some(text) = arguments.maybe_text(0) {
        return arguments.make_text(text.chars().take(1).collect::<String>());
    }
    end(arguments, arguments.array(0)?.first())
}

fn last(arguments: &Arguments<'_>) -> Made {
    if let Some(text) = arguments.maybe_text(0) {
        return arguments.make_text(text.chars().last().map(String::from).unwrap_or_default());
    }
    end(arguments, arguments.array(0)?.last())
}

fn end(arguments: &Arguments<'_>, element: Option<&Node>) -> Made {
    match element {
        Some(element) if is_spread(element) => Err(Trouble::Unknown),
        Some(element) => Ok(element.clone()),
        None => arguments.make(Value::Null),
    }
}

/// The part of text or of an array that lies between two positions.
fn cut(arguments: &Arguments<'_>, bounds: fn(usize, usize) -> (usize, usize)) -> Made {
    let count = arguments.size(1)?;
    if let Some(text) = arguments.maybe_text(0) {
        let (from, to) = bounds(text.chars().count(), count);
        let part = text.chars().skip(from).take(to.saturating_sub(from));
        return arguments.make_text(part.collect::<String>());
    }
    let elements = known_elements(arguments, 0)?;
    let (from, to) = bounds(elements.len(), count);
    arguments.make(Value::Array(elements.get(from..to).unwrap_or_default().to_vec()))
}
