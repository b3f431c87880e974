//! URLs of requests and the URL patterns of Premium application rules.

use std::fmt;

use smol_str::SmolStr;

use super::{Fqdn, FqdnPattern};

/// The URL of a request, as far as a rule looks at it: host, port and path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestUrl {
    /// The host.
    pub host: Fqdn,
    /// The port, when the URL names one.
    pub port: Option<u16>,
    // INVARIANT: starts with `/`, holds neither query nor fragment.
    path: SmolStr,
}

impl RequestUrl {
    /// Reads a URL with or without a scheme; query and fragment are dropped (`tests/spec/04-application.md`).
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        // A `://` further back is part of the path or the query: `example.com/?to=https://…`.
        let is_scheme = |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let text = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => rest,
            Some(_) | None => text,
        };
        let end = text.find(['/', '?', '#']).unwrap_or(text.len());
        let (authority, rest) = text.split_at(end);
        let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, Some(port.parse().ok()?)),
            Some(_) | None => (authority, None),
        };
        let path = rest.split(['?', '#']).next().unwrap_or("");
        let path = if path.is_empty() { "/" } else { path };
        Some(Self { host: Fqdn::new(host)?, port, path: path.into() })
    }

    /// The path, from its first `/` on.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for RequestUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

/// A target URL of an application rule: a host pattern and what it says of the path.
///
/// Source: the table of the Azure Firewall FAQ, `tests/spec/04-application.md`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UrlPattern {
    /// A host and a path.
    Valid { host: FqdnPattern, path: PathPattern },
    /// A pattern that Azure refuses, such as one with a port or a query: it matches nothing.
    Invalid(SmolStr),
}

/// The path of a [`UrlPattern`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathPattern {
    /// This path, with or without a final `/`. Kept without it; empty means the root.
    Exact(SmolStr),
    /// Everything that starts with this text, which ends in `/`.
    Below(SmolStr),
}

impl UrlPattern {
    /// The pattern of `text`, or `None` when the text is empty.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        Some(Self::parts(host, path).unwrap_or_else(|| Self::Invalid(text.into())))
    }

    fn parts(host: &str, path: &str) -> Option<Self> {
        let host = FqdnPattern::new(host)?;
        let (path, is_below) = match path.strip_suffix('*') {
            Some(before) if before.ends_with('/') => (before, true),
            Some(_) => return None,
            None => (path, false),
        };
        if matches!(host, FqdnPattern::Invalid(_)) || path.contains(['*', '?', '#']) {
            return None;
        }
        let path = if is_below {
            PathPattern::Below(path.into())
        } else {
            PathPattern::Exact(path.strip_suffix('/').unwrap_or(path).into())
        };
        Some(Self::Valid { host, path })
    }

    /// Whether `url` is one of the pattern's URLs.
    #[must_use]
    pub fn matches(&self, url: &RequestUrl) -> bool {
        match self {
            Self::Valid { host, path } => host.matches(&url.host) && path.matches(url.path()),
            Self::Invalid(_) => false,
        }
    }

    /// Whether some URL of the host `name` is one of the pattern's URLs.
    #[must_use]
    pub fn matches_host(&self, name: &Fqdn) -> bool {
        match self {
            Self::Valid { host, .. } => host.matches(name),
            Self::Invalid(_) => false,
        }
    }
}

impl PathPattern {
    /// Whether `path` is one of the pattern's paths.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path.strip_suffix('/').unwrap_or(path) == exact,
            Self::Below(start) => path.starts_with(start.as_str()),
        }
    }
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // One final `/` was taken off; it comes back where another stands before it.
            Self::Valid { host, path: PathPattern::Exact(path) } if path.ends_with('/') => {
                write!(f, "{host}{path}/")
            }
            Self::Valid { host, path: PathPattern::Exact(path) } => write!(f, "{host}{path}"),
            Self::Valid { host, path: PathPattern::Below(start) } => write!(f, "{host}{start}*"),
            Self::Invalid(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, url: &str, expected: bool) {
        let pattern = UrlPattern::new(pattern).unwrap();
        assert_eq!(pattern.matches(&RequestUrl::new(url).unwrap()), expected, "{pattern} {url}");
    }

    #[test]
    fn the_table_of_the_faq() {
        check("www.contoso.com", "www.contoso.com", true);
        check("www.contoso.com", "www.contoso.com/", true);
        check("*.contoso.com", "any.contoso.com/", true);
        check("*.contoso.com", "sub1.any.contoso.com", true);
        check("*contoso.com", "example.anycontoso.com", true);
        check("*contoso.com", "contoso.com", true);
        check("www.contoso.com/test", "www.contoso.com/test/", true);
        check("www.contoso.com/test", "www.contoso.com/test?with_query=1", true);
        check("www.contoso.com/test/*", "www.contoso.com/test/anything", true);
        check("www.contoso.com/test/*", "www.contoso.com/test", false);
        check("www.contoso.*/test/*", "www.contoso.com/test/a", false);
        check("www.contoso.com/test?example=1", "www.contoso.com/test?example=1", false);
        check("www.contoso.com:8080", "www.contoso.com:8080", false);
    }

    #[test]
    fn the_readings_where_the_faq_is_silent() {
        check("www.contoso.com", "www.contoso.com/deeper", false);
        check("www.contoso.com/test/*", "www.contoso.com/test/", true);
        check("www.contoso.com/*", "https://www.contoso.com", true);
        check("www.contoso.com/Test", "www.contoso.com/test", false);
        check("www.contoso.com/a", "WWW.contoso.com/a#part", true);
    }

    #[test]
    fn the_port_of_a_url_is_kept() {
        let url = RequestUrl::new("http://www.contoso.com:8080/a?b").unwrap();
        assert_eq!((url.port, url.path()), (Some(8080), "/a"));
        assert_eq!(RequestUrl::new("/only/a/path"), None);
        let url = RequestUrl::new("www.contoso.com/go?to=https://evil.example").unwrap();
        assert_eq!(url.to_string(), "www.contoso.com/go");
    }

    proptest! {
        #[test]
        fn a_printed_pattern_reads_back(text in r"[*]?[a-zA-Z0-9.\-*/?:]{0,16}") {
            if let Some(pattern) = UrlPattern::new(&text) {
                prop_assert_eq!(UrlPattern::new(&pattern.to_string()), Some(pattern));
            }
        }
    }
}
