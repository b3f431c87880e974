//! `<region>` in a test stands for the value of a parameter.

use std::collections::BTreeSet;

use super::Values;

/// A text with the values of its parameters, and the names of those that have none.
pub(super) fn filled(text: &str, values: &Values) -> (String, BTreeSet<String>) {
    let (mut out, mut missing) = (String::new(), BTreeSet::new());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        out.push_str(before);
        let name = behind.split_once('>').filter(|(name, _)| is_name(name));
        let Some((name, after)) = name else {
            out.push('<');
            rest = behind;
            continue;
        };
        if let Some(value) = values.get(name) {
            out.push_str(value);
        } else {
            missing.insert(name.to_owned());
            out.extend(["<", name, ">"]);
        }
        rest = after;
    }
    out.push_str(rest);
    (out, missing)
}

/// The parameters that a text names.
pub(super) fn names(text: &str) -> BTreeSet<String> {
    filled(text, &Values::new()).1
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_angle_brackets_are_filled_in() {
        let values = Values::from([("region".to_owned(), "westeurope".to_owned())]);
        let (text, missing) = filled("https <source> -> a.<region>.example <-> <b", &values);
        assert_eq!(text, "https <source> -> a.westeurope.example <-> <b");
        assert_eq!(missing, BTreeSet::from(["source".to_owned()]));
        assert_eq!(names("<a> <b> < c >"), BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }
}
