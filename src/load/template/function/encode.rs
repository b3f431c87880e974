//! Values as text and back: JSON, base64, URIs.

use crate::load::template::build::from_json;
use crate::load::template::function::{Arguments, Made, Trouble, format};

pub(super) fn apply(name: &str, arguments: &Arguments<'_>) -> Option<Made> {
    Some(match name {
        "format" => format::format(arguments),
        "string" => format::to_text(arguments),
        "json" => json(arguments),
        "base64" => arguments.text(0).and_then(|text| arguments.make_text(base64(text))),
        "uri" => uri(arguments),
        "uricomponent" => uri_component(arguments),
        _ => return None,
    })
}

fn json(arguments: &Arguments<'_>) -> Made {
    let text = arguments.text(0)?;
    let refused = |error| Trouble::refused(format!("`{text}` is no JSON: {error}"));
    let json = serde_json::from_str(text).map_err(refused)?;
    Ok(from_json(json, arguments.span()))
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| DIGITS.get((bits & 63) as usize).map_or('=', |&byte| char::from(byte));
    let mut made = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        made.push(digit(bits >> 18));
        made.push(digit(bits >> 12));
        made.push(if chunk.len() > 1 { digit(bits >> 6) } else { '=' });
        made.push(if chunk.len() > 2 { digit(bits) } else { '=' });
    }
    made
}

/// A base address with a path behind it, exactly one slash between them.
fn uri(arguments: &Arguments<'_>) -> Made {
    let (base, path) = (arguments.text(0)?, arguments.text(1)?);
    let base = match base.rsplit_once('/') {
        Some((before, _)) if !before.ends_with('/') && !base.ends_with('/') => before,
        _ => base.trim_end_matches('/'),
    };
    arguments.make_text(format!("{base}/{}", path.trim_start_matches('/')))
}

fn hex_digit(value: u8) -> char {
    char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase()
}

fn uri_component(arguments: &Arguments<'_>) -> Made {
    let mut made = String::new();
    for byte in arguments.text(0)?.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~!*'()".contains(&byte) {
            made.push(char::from(byte));
        } else {
            made.push('%');
            made.extend([byte >> 4, byte & 15].map(hex_digit));
        }
    }
    arguments.make_text(made)
}
