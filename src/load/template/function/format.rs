//! `concat` of text, `format`, `string`: values as text.

use smol_str::{SmolStr, format_smolstr};

use crate::load::template::build::to_json;
use crate::load::template::function::{Arguments, Made, Trouble};
use crate::syntax::json::{Node, Value};

/// A piece of a format pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load::template) enum Piece<'p> {
    Text(&'p str),
    /// `{0}` or `{0:D2}`
    Hole {
        index: usize,
        style: &'p str,
    },
}

/// A value as `format` and `concat` write it.
pub(super) fn shown(value: &Node) -> Result<SmolStr, Trouble> {
    Ok(match &value.value {
        Value::Null => SmolStr::default(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Number(text) | Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => {
            to_json(value).ok_or(Trouble::Unknown)?.to_string().into()
        }
        Value::Unresolved(_) => return Err(Trouble::Unknown),
    })
}

pub(super) fn concat(arguments: &Arguments<'_>) -> Made {
    let parts: Vec<SmolStr> = arguments.all().map(shown).collect::<Result<_, _>>()?;
    arguments.make_text(parts.concat())
}

pub(super) fn format(arguments: &Arguments<'_>) -> Made {
    let mut made = String::new();
    for piece in pieces(arguments.text(0)?)? {
        match piece {
            Piece::Text(text) => made.push_str(text),
            Piece::Hole { index, style } => {
                let value = arguments.known(index.saturating_add(1))?;
                made.push_str(&styled(value, style)?);
            }
        }
    }
    arguments.make_text(made)
}

/// `string(value)`: text as it is, anything else as JSON.
pub(super) fn to_text(arguments: &Arguments<'_>) -> Made {
    arguments.make_text(shown(arguments.known(0)?)?)
}

/// The pieces of a pattern; `{{` and `}}` are single braces.
pub(in crate::load::template) fn pieces(pattern: &str) -> Result<Vec<Piece<'_>>, Trouble> {
    let mut found = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            found.push(Piece::Text(before));
        }
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            found.push(Piece::Text(from.get(..1).unwrap_or_default()));
            rest = after;
            continue;
        }
        let hole = from.strip_prefix('{').and_then(|from| from.split_once('}'));
        let refused = || Trouble::refused(format!("`{pattern}` is no format"));
        let (inside, after) = hole.ok_or_else(refused)?;
        let (index, style) = inside.split_once(':').unwrap_or((inside, ""));
        let index = index.trim().parse().map_err(|_| refused())?;
        found.push(Piece::Hole { index, style });
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    Ok(found)
}

/// The styles of .NET that names are made with: decimal and hexadecimal with leading zeros.
fn styled(value: &Node, style: &str) -> Result<SmolStr, Trouble> {
    let text = shown(value)?;
    let Some(kind) = style.chars().next() else { return Ok(text) };
    let refused = || Trouble::refused(format!("the format style `{style}` is not supported"));
    let width: usize = match style.get(1..) {
        Some("") => 0,
        Some(digits) => digits.parse().ok().filter(|width| *width < 100).ok_or_else(refused)?,
        None => return Err(refused()),
    };
    let number: i64 = text.parse().map_err(|_| refused())?;
    match kind {
        'd' | 'D' => Ok(format_smolstr!("{number:0width$}")),
        'x' => Ok(format_smolstr!("{number:0width$x}")),
        'X' => Ok(format_smolstr!("{number:0width$X}")),
        _ => Err(refused()),
    }
}
