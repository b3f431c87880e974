//! Objects.

use smol_str::SmolStr;

use crate::load::template::build::{is_same, member, node, object, string};
use crate::load::template::function::{Arguments, Made, Trouble};
use crate::syntax::json::{Member, Node, Value};

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "createobject" => create_object(arguments),
        "objectkeys" => object_keys(arguments),
        "items" => items(arguments),
        "tryget" => try_get(arguments),
        "tryindexfromend" => try_index_from_end(arguments),
        "shallowmerge" => shallow_merge(arguments),
        _ => return None,
    })
}

fn create_object(arguments: &Arguments<'_>) -> Made {
    if !arguments.len().is_multiple_of(2) {
        return Err(Trouble::refused("takes pairs of a name and a value"));
    }
    let mut members = Vec::with_capacity(arguments.len() / 2);
    for index in (0..arguments.len()).step_by(2) {
        let name = arguments.text(index)?;
        if let Some(value) = arguments.node(index + 1) {
            members.push(member(name, value.clone()));
        }
    }
    arguments.make(Value::Object(members))
}

/// Members in the order of their names, as Azure lists them.
fn sorted<'r>(arguments: &Arguments<'r>) -> Result<Vec<&'r Member>, Trouble> {
    let mut members: Vec<_> = arguments.object(0)?.iter().collect();
    members.sort_by_key(|member| member.key.value.to_lowercase());
    Ok(members)
}

fn object_keys(arguments: &Arguments<'_>) -> Made {
    let span = arguments.span();
    let keys = sorted(arguments)?.into_iter().map(|it| string(it.key.value.clone(), span));
    arguments.make(Value::Array(keys.collect()))
}

fn items(arguments: &Arguments<'_>) -> Made {
    let span = arguments.span();
    let pair = |it: &Member| {
        let key = string(it.key.value.clone(), span);
        object(vec![("key", key), ("value", it.value.clone())], span)
    };
    arguments.make(Value::Array(sorted(arguments)?.into_iter().map(pair).collect()))
}

/// `tryGet(value, 'a', 0, …)`: null where a step leads nowhere.
fn try_get(arguments: &Arguments<'_>) -> Made {
    let mut at = arguments.known(0)?;
    for index in 1..arguments.len() {
        let step = arguments.known(index)?;
        let next = match (&at.value, &step.value) {
            (Value::Unresolved(_), _) => return Err(Trouble::Unknown),
            (Value::Object(_), Value::String(name)) => at.get(name),
            (Value::Array(elements), Value::Number(digits)) => {
                let index = digits.parse::<usize>().unwrap_or(usize::MAX);
                let before = elements.iter().take(index.saturating_add(1));
                if before.into_iter().any(crate::load::template::build::is_spread) {
                    return Err(Trouble::Unknown);
                }
                elements.get(index)
            }
            _ => None,
        };
        match next {
            Some(next) => at = next,
            None => return arguments.make(Value::Null),
        }
    }
    match at.value {
        Value::Unresolved(_) if arguments.len() < 2 => Err(Trouble::Unknown),
        _ => Ok(at.clone()),
    }
}

fn try_index_from_end(arguments: &Arguments<'_>) -> Made {
    let (elements, back) = (arguments.array(0)?, arguments.size(1)?);
    let found = elements.len().checked_sub(back).and_then(|index| elements.get(index));
    match found {
        Some(found) => Ok(found.clone()),
        None => arguments.make(Value::Null),
    }
}

/// Objects in one; where both have an object under one name, these are united too.
pub(super) fn union(arguments: &Arguments<'_>) -> Made {
    let mut merged = Vec::new();
    for index in 0..arguments.len() {
        merge(&mut merged, arguments.object(index)?);
    }
    arguments.make(Value::Object(merged))
}

fn merge(into: &mut Vec<Member>, members: &[Member]) {
    for new in members {
        let same = |old: &&mut Member| old.key.value.eq_ignore_ascii_case(&new.key.value);
        let Some(old) = into.iter_mut().find(same) else {
            into.push(new.clone());
            continue;
        };
        match (&mut old.value.value, &new.value.value) {
            (Value::Object(inner), Value::Object(others)) => merge(inner, others),
            _ => old.value = new.value.clone(),
        }
    }
}

pub(super) fn intersection(arguments: &Arguments<'_>) -> Made {
    let mut kept = arguments.object(0)?.to_vec();
    for index in 1..arguments.len() {
        let other = arguments.known(index)?;
        arguments.object(index)?;
        let mut common = Vec::new();
        for member in kept {
            match other.get(&member.key.value).map(|value| is_same(value, &member.value)) {
                Some(Some(true)) => common.push(member),
                Some(Some(false)) | None => {}
                Some(None) => return Err(Trouble::Unknown),
            }
        }
        kept = common;
    }
    arguments.make(Value::Object(kept))
}

/// `shallowMerge([a, b])`: later members replace earlier ones whole.
fn shallow_merge(arguments: &Arguments<'_>) -> Made {
    let mut merged: Vec<Member> = Vec::new();
    for part in arguments.array(0)? {
        if matches!(part.value, Value::Unresolved(_)) {
            return Err(Trouble::Unknown);
        }
        for new in part.members() {
            let name: &SmolStr = &new.key.value;
            merged.retain(|old| !old.key.value.eq_ignore_ascii_case(name));
            merged.push(new.clone());
        }
    }
    let merged: Node = node(Value::Object(merged), arguments.span());
    Ok(merged)
}
