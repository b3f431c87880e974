//! Makes text from logs and rule sets safe to show.
//!
//! Host names, URLs and rule names are written by strangers. Shown as they are, they can move a
//! terminal's cursor, reverse the reading direction, hide characters, break out of a Markdown table
//! or run as a formula in a spreadsheet.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::source::is_hidden;

/// Text for a terminal or any plain text: control, bidirectional and invisible characters are
/// written out as `\n`, `\t`, `\r` or `\u{202e}`.
///
/// ```
/// use azfw::report::sanitize::terminal;
///
/// assert_eq!(terminal("a.example.com"), "a.example.com");
/// assert_eq!(terminal("\u{1b}[2J"), "\\u{1b}[2J");
/// ```
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_hidden(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

/// Several lines for a terminal: like [`terminal`], but line ends stay what they are.
#[must_use]
pub fn terminal_lines(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character != '\n' && is_hidden(character)) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text.split('\n').map(terminal).collect();
    Cow::Owned(lines.join("\n"))
}

/// Text for one cell of a Markdown table: nothing in it is markup, HTML or a link.
#[must_use]
pub fn markdown_cell(text: &str) -> Cow<'_, str> {
    let text = terminal(text);
    let mut safe = String::with_capacity(text.len() + 16);
    for (index, character) in text.char_indices() {
        let (before, after) = text.split_at(index);
        if is_markup(character, before, after) || begins_link(before, after) {
            // A character reference means the same in every dialect; a backslash does not.
            let _ = write!(safe, "&#{};", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    if safe == text { text } else { Cow::Owned(safe) }
}

/// `https://` and `www.` make links of themselves: their `:` and `.` are written differently.
fn begins_link(before: &str, after: &str) -> bool {
    let ends_www = || {
        let mut last = before.chars().rev().take(3);
        before.len() >= 3 && last.all(|character| character.eq_ignore_ascii_case(&'w'))
    };
    after.starts_with("://") || (after.starts_with('.') && ends_www())
}

/// Text for one cell of a CSV file, before quoting.
///
/// A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, a tab or a line break as a
/// formula. Such a cell gets a leading `'`, which spreadsheets take for "this is text". Readers
/// that want the value itself use the JSON form. Control characters are escaped as by [`terminal`].
#[must_use]
pub fn csv_cell(text: &str) -> Cow<'_, str> {
    let safe = terminal(text);
    if text.starts_with(is_formula_start) { Cow::Owned(format!("'{safe}")) } else { safe }
}

fn is_formula_start(character: char) -> bool {
    // Some spreadsheets take the full-width forms for the plain ones.
    matches!(character, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
}

/// Markdown and HTML markup, and what GitHub makes links of (`#12`, `@name`).
fn is_markup(character: char, before: &str, after: &str) -> bool {
    match character {
        '\\' | '|' | '`' | '*' | '[' | ']' | '<' | '&' | '~' | '$' | '#' | '@' => true,
        // A quotation at the beginning only; within words an underscore is one.
        '>' => before.is_empty(),
        '_' => {
            let is_word = |near: Option<char>| near.is_some_and(char::is_alphanumeric);
            !is_word(before.chars().next_back()) || !is_word(after.chars().nth(1))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hidden_characters_are_written_out() {
        assert_eq!(
            terminal("a\u{202e}moc\u{200b}\r\n\u{9b}31m"),
            "a\\u{202e}moc\\u{200b}\\r\\n\\u{9b}31m"
        );
        assert_eq!(terminal("größe.example.com/ä?b=1"), "größe.example.com/ä?b=1");
    }

    #[test]
    fn markup_becomes_character_references() {
        assert_eq!(markdown_cell("a|b"), "a&#124;b");
        assert_eq!(markdown_cell("USER_AGENTS _b_ -> c"), "USER_AGENTS &#95;b&#95; -> c");
        assert_eq!(markdown_cell("<b>&"), "&#60;b>&#38;");
        assert_eq!(markdown_cell("https://www.example.com"), "https&#58;//www&#46;example.com");
    }

    #[test]
    fn formulas_become_text() {
        assert_eq!(csv_cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(csv_cell("\t=1"), "'\\t=1");
        assert_eq!(csv_cell("a=1"), "a=1");
    }

    /// Strings rich in what matters here.
    fn hostile() -> impl Strategy<Value = String> {
        let nasty = "[\u{0}-\u{1f}\u{7f}-\u{9f}\u{200b}-\u{200f}\u{202a}-\u{202e}|`*_<>&=+@'\"a:/.w-]{0,24}";
        prop_oneof![any::<String>(), nasty]
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in hostile()) {
            for safe in [terminal(&text), markdown_cell(&text), csv_cell(&text)] {
                prop_assert!(!safe.contains(is_hidden));
            }
        }

        #[test]
        fn a_markdown_cell_stays_one_cell_without_links(text in hostile()) {
            let safe = markdown_cell(&text);
            prop_assert!(!safe.contains(['|', '<', '`', '*', '[', ']', '\\']) && !safe.starts_with('>'));
            prop_assert!(!safe.contains("://") && !safe.to_lowercase().contains("www."));
            let text = terminal(&text).into_owned();
            let mut back = safe.into_owned();
            for character in "\\|`*_[]<>~$#!@:.&".chars() {
                back = back.replace(&format!("&#{};", u32::from(character)), &character.to_string());
            }
            prop_assert_eq!(back, text);
        }

        #[test]
        fn no_csv_cell_begins_a_formula(text in hostile()) {
            prop_assert!(!csv_cell(&text).starts_with(is_formula_start));
        }

        #[test]
        fn safe_text_is_left_alone(text in "[a-z0-9./ -]{0,20}") {
            prop_assert!(matches!(terminal(&text), Cow::Borrowed(_)));
        }
    }
}
