//! What stands where a value belongs and is several values, or none yet.

use super::value::ValueError;

/// Refuses what is a list of values, or none yet.
pub(super) fn one_value(text: &str) -> Result<(), ValueError> {
    placeholder(text)?;
    match text.bytes().position(|byte| matches!(byte, b',' | b';')) {
        Some(offset) => Err(ValueError {
            message: format!("`{}` is more than one value", text.trim()),
            help: Some("write each value as an entry of its own".to_owned()),
            offset,
        }),
        None => Ok(()),
    }
}

/// Refuses what someone meant to fill in: `<your-subnet>`, `${address}`, `{{address}}`,
/// `$(address)`, `#{address}#`, `xx.xx.xx.xx`, and the `string` of generated samples.
pub(super) fn placeholder(text: &str) -> Result<(), ValueError> {
    let trimmed = text.trim();
    if !(is_marked(trimmed) || is_masked(trimmed) || trimmed == "string") {
        return Ok(());
    }
    Err(ValueError {
        message: format!("`{trimmed}` is a placeholder"),
        help: Some("put the real value in its place".to_owned()),
        offset: text.len() - text.trim_start().len(),
    })
}

fn is_marked(text: &str) -> bool {
    if !text.bytes().any(|byte| matches!(byte, b'<' | b'{' | b'(')) {
        return false;
    }
    (text.contains('<') && text.contains('>'))
        || ["${", "{{", "$(", "#{"].iter().any(|mark| text.contains(mark))
}

/// An IPv4 address with numbers left out: `xx.xx.xx.xx`, `10.0.x.x/16`.
fn is_masked(text: &str) -> bool {
    let (address, length) = text.split_once('/').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_left_out =
        |part: &str| part.bytes().all(|byte| byte.eq_ignore_ascii_case(&b'x')) && part.len() < 4;
    let is_part = |part: &str| !part.is_empty() && (is_number(part) || is_left_out(part));
    let mut parts = 0;
    let mut left_out = 0;
    for part in address.split('.') {
        if !is_part(part) {
            return false;
        }
        parts += 1;
        left_out += usize::from(!is_number(part));
    }
    parts == 4 && (left_out > 0 || (!length.is_empty() && !is_number(length) && is_part(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_has_to_fill_in() {
        for text in [
            "<your-subnet>",
            " <host>.example.com",
            "${address}",
            "{{address}}",
            "$(address)",
            "#{address}#",
            "xx.xx.xx.xx",
            "X.X.X.X/24",
            "10.0.x.x",
            "10.0.0.0/xx",
            "string",
        ] {
            assert!(placeholder(text).is_err(), "{text}");
        }
        for text in [
            "10.0.0.0/8",
            "xx.example.com",
            "x.x.x",
            "xxxx.x.x.x",
            "10.0.0.4-10.0.0.9",
            "*.string.example.com",
            "2001:db8::1",
        ] {
            assert!(placeholder(text).is_ok(), "{text}");
        }
    }
}
