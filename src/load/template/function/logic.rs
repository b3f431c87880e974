//! Comparisons and constants.

use std::cmp::Ordering;

use crate::load::template::build::is_same;
use crate::load::template::function::{Arguments, Made, Trouble};
use crate::syntax::json::Value;

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "true" => arguments.make_boolean(true),
        "false" => arguments.make_boolean(false),
        "null" => arguments.make(Value::Null),
        "not" => arguments.boolean(0).and_then(|flag| arguments.make_boolean(!flag)),
        "xor" => xor(arguments),
        "bool" => bool(arguments),
        "equals" => equals(arguments),
        "less" => compared(arguments, Ordering::is_lt),
        "lessorequals" => compared(arguments, Ordering::is_le),
        "greater" => compared(arguments, Ordering::is_gt),
        "greaterorequals" => compared(arguments, Ordering::is_ge),
        _ => return None,
    })
}

fn xor(arguments: &Arguments<'_>) -> Made {
    arguments.make_boolean(arguments.boolean(0)? != arguments.boolean(1)?)
}

/// Text, or a number of which only zero is false.
fn bool(arguments: &Arguments<'_>) -> Made {
    let value = arguments.known(0)?;
    if let Value::Number(digits) = &value.value {
        return arguments.make_boolean(digits != "0");
    }
    arguments.make_boolean(arguments.boolean(0)?)
}

fn equals(arguments: &Arguments<'_>) -> Made {
    let (Some(left), Some(right)) = (arguments.node(0), arguments.node(1)) else {
        return Err(Trouble::refused("takes 2 arguments"));
    };
    arguments.make_boolean(is_same(left, right).ok_or(Trouble::Unknown)?)
}

fn compared(arguments: &Arguments<'_>, holds: fn(Ordering) -> bool) -> Made {
    let order = match (&arguments.known(0)?.value, &arguments.known(1)?.value) {
        (Value::String(left), Value::String(right)) => left.cmp(right),
        _ => arguments.integer(0)?.cmp(&arguments.integer(1)?),
    };
    arguments.make_boolean(holds(order))
}
