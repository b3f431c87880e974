//! Lines that say what becomes of a journey: `pod:shop/web -> www.example.com:443 => denied at firewall`.

use std::net::IpAddr;

use super::flow::ExpectedVerdict;

/// A journey and what someone expects of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedJourney<'t> {
    pub from: &'t str,
    pub to: &'t str,
    /// The address of the destination's name, written behind it as `@192.0.2.7`.
    pub address: Option<IpAddr>,
    pub verdict: ExpectedVerdict,
    /// The layer that denies.
    pub layer: Option<&'t str>,
    /// Whether it goes past the firewall.
    pub bypasses: Option<bool>,
    /// The expectation as written.
    pub text: &'t str,
}

/// A line of a file of expectations; `None`: it is blank or a comment.
///
/// # Errors
///
/// What is wrong with the line, in words.
///
/// ```
/// use azfw::syntax::journey::expected_journey;
/// let line = "vm:web -> 192.0.2.7:443 => denied at firewall  # not yet";
/// let expected = expected_journey(line).unwrap().unwrap();
/// assert_eq!((expected.from, expected.layer), ("vm:web", Some("firewall")));
/// ```
pub fn expected_journey(line: &str) -> Result<Option<ExpectedJourney<'_>>, String> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (journey, text) = line.split_once("=>").ok_or("expected `=>` and what becomes of it")?;
    let (from, to) =
        journey.split_once("->").ok_or("expected `->` between source and destination")?;
    let (to, address) = match to.split_once('@') {
        None => (to, None),
        Some((to, address)) => {
            let parsed = address.trim().parse();
            (to, Some(parsed.map_err(|_| format!("`{}` is no IP address", address.trim()))?))
        }
    };
    let text = text.trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    let (verdict, layer, bypasses) = match words.as_slice() {
        ["allowed"] => (ExpectedVerdict::Allow, None, None),
        ["allowed", "through", "firewall"] => (ExpectedVerdict::Allow, None, Some(false)),
        ["allowed", "past", "firewall"] => (ExpectedVerdict::Allow, None, Some(true)),
        ["denied"] => (ExpectedVerdict::Deny, None, None),
        ["denied", "at", layer] if is_layer(layer) => (ExpectedVerdict::Deny, Some(*layer), None),
        ["denied", "at", layer] => {
            return Err(format!("`{layer}` is no layer: {}", LAYERS.join(", ")));
        }
        ["undecided"] => (ExpectedVerdict::Undecided, None, None),
        _ => {
            return Err(format!(
                "`{text}` is no expectation: allowed, allowed through firewall, allowed past firewall, denied, denied at LAYER, undecided"
            ));
        }
    };
    Ok(Some(ExpectedJourney {
        from: from.trim(),
        to: to.trim(),
        address,
        verdict,
        layer,
        bypasses,
        text,
    }))
}

const LAYERS: [&str; 10] =
    ["k8s", "snat", "admin", "nsg", "route", "firewall", "lb", "app", "endpoint", "reply"];

fn is_layer(text: &str) -> bool {
    LAYERS.iter().any(|layer| layer.eq_ignore_ascii_case(text))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Expect) {
        let got = match expected_journey(line) {
            Ok(None) => "nothing".to_owned(),
            Ok(Some(it)) => format!(
                "{} | {} | {:?} | {} {:?} {:?}",
                it.from,
                it.to,
                it.address,
                it.verdict.name(),
                it.layer,
                it.bypasses
            ),
            Err(message) => message,
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn lines() {
        check("# a comment", expect!["nothing"]);
        check(
            "pod:shop/web -> www.example.com:443/tcp => denied at firewall",
            expect![[
                r#"pod:shop/web | www.example.com:443/tcp | None | deny Some("firewall") None"#
            ]],
        );
        check(
            "ip:10.0.0.4 -> www.example.com:443 @192.0.2.7 => allowed past firewall # why",
            expect!["ip:10.0.0.4 | www.example.com:443 | Some(192.0.2.7) | allow None Some(true)"],
        );
        check(
            "a -> b => denied at moon",
            expect![
                "`moon` is no layer: k8s, snat, admin, nsg, route, firewall, lb, app, endpoint, reply"
            ],
        );
        check("a -> b", expect!["expected `=>` and what becomes of it"]);
        check("a => allowed", expect!["expected `->` between source and destination"]);
        check(
            "a -> b => maybe",
            expect![
                "`maybe` is no expectation: allowed, allowed through firewall, allowed past firewall, denied, denied at LAYER, undecided"
            ],
        );
    }
}
