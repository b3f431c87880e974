//! What stands where a value belongs and is several values, or none yet.

use super::value::ValueError;

/// Refuses what is a list of values, or none yet.
pub(super) fn one_value(text: &str) -> Result<(), ValueError> {
    if !text.bytes().any(|byte| matches!(byte, b',' | b';' | b'<' | b'{')) {
        return Ok(());
    }
    placeholder(text)?;
    match text.find([',', ';']) {
        Some(offset) => Err(ValueError {
            message: format!("`{}` is more than one value", text.trim()),
            help: Some("write each value as an entry of its own".to_owned()),
            offset,
        }),
        None => Ok(()),
    }
}

/// Refuses what someone meant to fill in: `<your-subnet>`, `${address}`, `{{address}}`.
pub(super) fn placeholder(text: &str) -> Result<(), ValueError> {
    if !text.bytes().any(|byte| matches!(byte, b'<' | b'{')) {
        return Ok(());
    }
    let trimmed = text.trim();
    let is_placeholder = (trimmed.starts_with('<') && trimmed.ends_with('>'))
        || trimmed.contains("${")
        || trimmed.contains("{{");
    if !is_placeholder {
        return Ok(());
    }
    Err(ValueError {
        message: format!("`{trimmed}` is a placeholder"),
        help: Some("put the real value in its place".to_owned()),
        offset: text.len() - text.trim_start().len(),
    })
}
