//! Arithmetic of whole numbers.

use crate::load::template::function::{Arguments, Made, Trouble};
use crate::syntax::json::Value;

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "add" => computed(arguments, i64::checked_add),
        "sub" => computed(arguments, i64::checked_sub),
        "mul" => computed(arguments, i64::checked_mul),
        "div" => computed(arguments, i64::checked_div),
        "mod" => computed(arguments, i64::checked_rem),
        "int" => int(arguments),
        "float" => float(arguments),
        "min" => extreme(arguments, i64::min),
        "max" => extreme(arguments, i64::max),
        _ => return None,
    })
}

fn computed(arguments: &Arguments<'_>, compute: fn(i64, i64) -> Option<i64>) -> Made {
    let result = compute(arguments.integer(0)?, arguments.integer(1)?);
    let refused = || Trouble::refused("the result is no whole number of 64 bits");
    arguments.make_integer(result.ok_or_else(refused)?)
}

fn int(arguments: &Arguments<'_>) -> Made {
    match arguments.maybe_text(0) {
        Some(text) => {
            let refused = |_| Trouble::refused(format!("`{text}` is no whole number"));
            arguments.make_integer(text.trim().parse().map_err(refused)?)
        }
        None => arguments.make_integer(arguments.integer(0)?),
    }
}

fn float(arguments: &Arguments<'_>) -> Made {
    let value = arguments.known(0)?;
    match &value.value {
        Value::Number(_) => Ok(value.clone()),
        Value::String(text) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            arguments.make(Value::Number(text.clone()))
        }
        Value::Null
        | Value::Bool(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_)
        | Value::Unresolved(_) => Err(Trouble::refused("takes a number")),
    }
}

/// Of an array, or of the arguments.
fn extreme(arguments: &Arguments<'_>, pick: fn(i64, i64) -> i64) -> Made {
    let numbers: Vec<i64> = if let Value::Array(elements) = &arguments.known(0)?.value {
        let values: Vec<_> = elements.iter().cloned().map(std::rc::Rc::new).collect();
        let inner = Arguments::new(&values, arguments.span());
        (0..values.len()).map(|index| inner.integer(index)).collect::<Result<_, _>>()?
    } else {
        (0..arguments.len()).map(|index| arguments.integer(index)).collect::<Result<_, _>>()?
    };
    let found = numbers.into_iter().reduce(pick);
    arguments.make_integer(found.ok_or_else(|| Trouble::refused("takes at least one number"))?)
}
