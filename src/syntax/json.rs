//! JSON with positions, as ARM templates write it: with comments and multi-line strings.

mod error;
mod grammar;

use smol_str::SmolStr;

pub use self::error::JsonError;
use crate::source::{SourceId, Span, Spanned};

/// A JSON value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub value: Value,
}

/// What a [`Node`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(SmolStr),
    String(SmolStr),
    Array(Vec<Node>),
    Object(Vec<Member>),
    /// A template expression that nothing offline can settle, as written. The reader never makes
    /// one; the template evaluator does.
    Unresolved(SmolStr),
}

/// A key of an object and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub key: Spanned<SmolStr>,
    pub value: Node,
}

/// The one value that `text` holds.
///
/// # Errors
///
/// When `text` is no JSON, holds nothing or more than one value.
pub fn document(text: &str, source: SourceId) -> Result<Node, JsonError> {
    grammar::document(text, source).map_err(|trouble| JsonError::new(text, source, trouble))
}

/// All values that `text` holds one after the other; none when it is blank.
///
/// # Errors
///
/// When `text` is no sequence of JSON values.
pub fn documents(text: &str, source: SourceId) -> Result<Vec<Node>, JsonError> {
    grammar::documents(text, source).map_err(|trouble| JsonError::new(text, source, trouble))
}

impl Node {
    /// The member `key`, compared without regard to case; the last one where a key stands twice.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members()
            .iter()
            .rev()
            .find(|member| member.key.value.eq_ignore_ascii_case(key))
            .map(|member| &member.value)
    }

    /// The members of an object; none for any other value.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        match &self.value {
            Value::Object(members) => members,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Unresolved(_) => &[],
        }
    }

    /// The elements of an array; none for any other value.
    #[must_use]
    pub fn elements(&self) -> &[Node] {
        match &self.value {
            Value::Array(elements) => elements,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_)
            | Value::Unresolved(_) => &[],
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)
            | Value::Unresolved(_) => None,
        }
    }

    #[must_use]
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::source::{Source, Sources};

    fn source() -> SourceId {
        Sources::default().add(Source::new("a.json", ""))
    }

    fn plain(node: &Node) -> serde_json::Value {
        match &node.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(digits) => serde_json::from_str(digits).unwrap(),
            Value::String(text) | Value::Unresolved(text) => text.as_str().into(),
            Value::Array(elements) => elements.iter().map(plain).collect(),
            Value::Object(members) => members
                .iter()
                .map(|member| (member.key.value.to_string(), plain(&member.value)))
                .collect(),
        }
    }

    fn shown(error: &JsonError) -> String {
        let help = error.help().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}: {error}{help}", error.offset())
    }

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match document(text, source()) {
            Ok(node) => plain(&node).to_string(),
            Err(error) => shown(&error),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn what_arm_allows_beyond_json() {
        check("\u{feff}{\r\n\"a\": 1}\r\n", expect![[r#"{"a":1}"#]]);
        check("// why\n{\"a\" /* :-) */: [1 // one\n, 2] } // end", expect![[r#"{"a":[1,2]}"#]]);
        check("[\"[concat(\n\t'a')]\"]", expect![[r#"["[concat(\n\t'a')]"]"#]]);
    }

    #[test]
    fn escapes() {
        check(r#""\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00""#, expect![[r#""\"\\/\b\f\n\r\tä😀""#]]);
        check(
            r#""\x""#,
            expect![[r#"2: expected an escape such as `\n`, `\"` or `\u00e4`, found `x`"#]],
        );
        check(
            r#""\ud800""#,
            expect![[r#"7: expected an escape such as `\n`, `\"` or `\u00e4`, found `"`"#]],
        );
        check("\"\u{1}\"", expect![[r#"1: expected the closing `"` of a text, found `\u{1}`"#]]);
    }

    #[test]
    fn every_character_at_every_place() {
        for (byte, at) in (0..=0x7f_u8).flat_map(|byte| (0..20).map(move |at| (byte, at))) {
            let content = format!("{}{}{}", "a".repeat(at), char::from(byte), "b".repeat(19 - at));
            let text = format!("[\"{content}\"]");
            let strict = serde_json::from_str::<serde_json::Value>(&text);
            let ours = document(&text, source());
            match strict {
                Ok(value) => assert_eq!(plain(&ours.unwrap()), value),
                Err(_) if b"\t\n\r".contains(&byte) => {
                    assert_eq!(ours.unwrap().elements()[0].text(), Some(content.as_str()));
                }
                Err(_) => assert!(ours.is_err(), "{text:?}"),
            }
            let blanks = format!("[{}{}1]", " ".repeat(at), char::from(byte));
            let strict = serde_json::from_str::<serde_json::Value>(&blanks);
            assert_eq!(document(&blanks, source()).is_ok(), strict.is_ok(), "{blanks:?}");
        }
    }

    #[test]
    fn usual_mistakes() {
        check("", expect!["0: expected a value, but the file ends here (the file is empty)"]);
        check(
            r#"{"a": [1, 2,]}"#,
            expect!["12: expected a value, found `]` (remove the comma before it)"],
        );
        check(
            r#"{"a": 1,}"#,
            expect!["8: expected a key in double quotes, found `}` (remove the comma before it)"],
        );
        check(
            r#"{"a": 'x'}"#,
            expect!["6: expected a value, found `'` (JSON puts text in double quotes)"],
        );
        check(
            r#"{"a": 1 "b": 2}"#,
            expect![[
                r#"8: expected `,` or `}`, found `"` (a comma or a closing quote may be missing before it)"#
            ]],
        );
        check(
            "{name: 1}",
            expect![
                "1: expected a key in double quotes, found `name` (JSON puts keys and text in double quotes)"
            ],
        );
        check(
            "[True]",
            expect!["1: expected a value, found `True` (JSON writes `true` and `false`)"],
        );
        check("[01]", expect!["2: expected `,` or `]`, found `1`"]);
        check("[-]", expect!["2: expected a digit, found `]`"]);
        check("[1.]", expect!["3: expected a digit, found `]`"]);
        check("[1 / 2]", expect!["3: expected `//` or `/*`, found `/`"]);
        check("{\"a\" 1}", expect!["5: expected `:`, found `1`"]);
        check("{} {}", expect!["3: expected the end of the file, found `{`"]);
    }

    #[test]
    fn a_truncated_file_says_what_is_open() {
        check(
            "{\n\"a\": [\n{\"b\": \"x",
            expect![[
                r#"17: expected the closing `"` of a text, but the file ends here (the file looks cut off; still open: `"` of line 3, `{` of line 3, `[` of line 2, `{` of line 1)"#
            ]],
        );
        check(
            "{\"a\": 1",
            expect![
                "7: expected `,` or `}`, but the file ends here (the file looks cut off; still open: `{` of line 1)"
            ],
        );
        check(
            "[1, /* never",
            expect![
                "12: expected `*/`, but the file ends here (the file looks cut off; still open: `/*` of line 1, `[` of line 1)"
            ],
        );
        check(
            "[[[[[[1",
            expect![
                "7: expected `,` or `]`, but the file ends here (the file looks cut off; still open: `[` of line 1, `[` of line 1, `[` of line 1, `[` of line 1 and 2 more)"
            ],
        );
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(document(&nested(128), source()).is_ok());
        check(
            &nested(129),
            expect![
                "128: values are nested more than 128 levels deep (no rule set needs that; check how the file was made)"
            ],
        );
        assert!(document(&"[{\"a\":".repeat(100_000), source()).is_err());
    }

    #[test]
    fn values_one_after_the_other() {
        let nodes = documents("\u{feff}{\"a\": 1}\n{\"a\": 2} // last\n", source()).unwrap();
        assert_eq!(nodes.len(), 2);
        assert_eq!(documents(" // nothing\n", source()).unwrap(), []);
        let error = documents("{\"a\": [1]},\n{\"a\": [2]}", source()).unwrap_err();
        expect!["10: expected a value, found `,` (put several values into an array: `[` before the first, `]` behind the last)"]
        .assert_eq(&shown(&error));
    }

    #[test]
    fn spans_cut_out_what_was_written() {
        let text = "{ \"name\" : \"a\\u00e4\", \"list\": [ 12 ,{} ] }";
        let node = document(text, source()).unwrap();
        let cut = |span: Span| &text[span.start as usize..span.end as usize];
        let member = &node.members()[0];
        assert_eq!(cut(member.key.span.unwrap()), "\"name\"");
        assert_eq!(cut(member.value.span), "\"a\\u00e4\"");
        let list = node.get("LIST").unwrap();
        assert_eq!(cut(list.span), "[ 12 ,{} ]");
        assert_eq!(cut(list.elements()[0].span), "12");
        assert_eq!(cut(list.elements()[1].span), "{}");
    }

    fn any_value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
            "[ -~\n\t]{0,30}".prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::btree_map(".{0,6}", inner, 0..6)
                    .prop_map(|map: BTreeMap<_, _>| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(1),
            ..ProptestConfig::default()
        })]

        #[test]
        fn what_serde_json_writes_reads_back(value in any_value()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let node = document(&text, source()).unwrap();
                // Numbers keep their digits here; through text both sides round alike.
                prop_assert_eq!(plain(&node), serde_json::from_str::<serde_json::Value>(&text).unwrap());
                prop_assert_eq!(node.span.end as usize, text.len());
            }
        }

        #[test]
        fn strict_json_is_what_serde_json_takes(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"b\":", "1", "-", "0", "2.5", ".",
                    "e7", "E-1", "true", "null", "false", " ", "\n", "\\", "\\n", "\\u00e4", "\\ud83d",
                    "\\ude00", "\\uD8", "x", "ü",
                ]),
                0..12,
            )
        ) {
            let text = parts.concat();
            let ours = document(&text, source());
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let is_extension = theirs.as_ref().is_err_and(|error| {
                let message = error.to_string();
                message.contains("control character") || message.contains("out of range")
            });
            if is_extension {
                return Ok(());
            }
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?} {:?}", text, ours, theirs);
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                prop_assert_eq!(plain(&ours), theirs);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in any::<String>(), json in r#"[\[\]{}:,"0-9eE.+\-\\utrfalsn /*\n]{0,40}"#) {
            for text in [text, json] {
                let errors = [document(&text, source()).err(), documents(&text, source()).err()];
                for error in errors.into_iter().flatten() {
                    prop_assert!(text.is_char_boundary(error.offset()));
                    prop_assert!(text.is_char_boundary(error.span().end as usize));
                }
            }
        }

        #[test]
        fn every_prefix_of_a_file_is_an_error(value in any_value(), cut in 0.0..1.0f64) {
            let text = serde_json::to_string(&serde_json::json!({ "a": value })).unwrap();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
                reason = "a fraction of a short length")]
            let at = text.floor_char_boundary((cut * text.len() as f64) as usize);
            prop_assert!(document(&text[..at], source()).is_err());
        }
    }
}
