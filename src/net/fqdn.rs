//! Host names and the patterns that rules compare them with.

use std::fmt;

use smol_str::SmolStr;

/// A host name in the form it is compared in: lower case, without the final dot.
///
/// An address literal in a `Host` header is a name too (`tests/spec/04-application.md`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fqdn {
    // INVARIANT: not empty, lower case, no final dot.
    name: SmolStr,
}

impl Fqdn {
    /// The canonical form of `text`, or `None` when nothing is left of it.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let name = text.strip_suffix('.').unwrap_or(text);
        (!name.is_empty()).then(|| Self { name: lower(name) })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Fqdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A target FQDN of an application rule. `*` may only be the first character.
///
/// Source: the table of the Azure Firewall FAQ, `tests/spec/04-application.md`.
///
/// ```
/// use azfw::net::{Fqdn, FqdnPattern};
/// let pattern = FqdnPattern::new("*.contoso.com").unwrap();
/// assert!(pattern.matches(&Fqdn::new("a.b.contoso.com").unwrap()));
/// assert!(!pattern.matches(&Fqdn::new("contoso.com").unwrap()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FqdnPattern {
    /// `*`: every name.
    Any,
    /// `www.contoso.com`: that name alone.
    Exact(Fqdn),
    /// `*.contoso.com` or `*contoso.com`: the text behind the `*`.
    /// A suffix that starts with a dot does not match the name behind the dot itself.
    Suffix(SmolStr),
    /// A pattern that Azure refuses, such as `www.contoso.*` or one with a scheme: it matches nothing.
    Invalid(SmolStr),
}

impl FqdnPattern {
    /// The pattern of `text`, or `None` when the text is empty.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let body = text.strip_prefix('*').unwrap_or(text);
        if text == "*" {
            return Some(Self::Any);
        }
        if text.is_empty() {
            return None;
        }
        let refused = |c: char| c == '*' || c == '/' || c == ':' || c.is_whitespace();
        if body.contains(refused) || body.contains("..") || body == "." {
            return Some(Self::Invalid(text.into()));
        }
        let name = Fqdn::new(body)?;
        Some(if body.len() < text.len() { Self::Suffix(name.name) } else { Self::Exact(name) })
    }

    /// Whether `name` is one of the pattern's names.
    #[must_use]
    pub fn matches(&self, name: &Fqdn) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == name,
            Self::Suffix(suffix) => {
                let is_longer = name.name.len() > suffix.len();
                name.name.ends_with(suffix.as_str()) && (is_longer || !suffix.starts_with('.'))
            }
            Self::Invalid(_) => false,
        }
    }
}

impl fmt::Display for FqdnPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(name) => name.fmt(f),
            Self::Suffix(suffix) => write!(f, "*{suffix}"),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

fn lower(text: &str) -> SmolStr {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) || !text.is_ascii() {
        SmolStr::from(text.to_lowercase())
    } else {
        SmolStr::from(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, name: &str, expected: bool) {
        let pattern = FqdnPattern::new(pattern).unwrap();
        assert_eq!(pattern.matches(&Fqdn::new(name).unwrap()), expected, "{pattern} {name}");
    }

    #[test]
    fn the_table_of_the_faq() {
        check("www.contoso.com", "www.contoso.com", true);
        check("www.contoso.com", "a.www.contoso.com", false);
        check("*.contoso.com", "any.contoso.com", true);
        check("*.contoso.com", "contoso.com", false);
        check("*contoso.com", "contoso.com", true);
        check("*contoso.com", "th3re4lcontoso.com", true);
        check("*contoso.com", "contoso.com.evil.net", false);
        check("*", "any.example", true);
        check("www.contoso.*", "www.contoso.com", false);
        check("*.contoso.*", "a.contoso.com", false);
        check("https://contoso.com", "contoso.com", false);
        check("www..contoso.com", "www..contoso.com", false);
    }

    #[test]
    fn case_and_the_final_dot_do_not_count() {
        check("*.Contoso.com.", "A.CONTOSO.COM.", true);
        assert_eq!(Fqdn::new("."), None);
        assert_eq!(FqdnPattern::new("  "), None);
    }

    proptest! {
        #[test]
        fn a_printed_pattern_reads_back(text in r"[*]?[a-zA-Z0-9.\-*/]{0,12}") {
            if let Some(pattern) = FqdnPattern::new(&text) {
                prop_assert_eq!(FqdnPattern::new(&pattern.to_string()), Some(pattern));
            }
        }
    }
}
