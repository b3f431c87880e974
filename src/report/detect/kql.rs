//! A finding as a query for Log Analytics.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::detect::Finding;

/// Tables with the columns that the query asks for; `isfuzzy` passes over those that do not exist.
const TABLES: &str =
    "AZFWNetworkRule, AZFWApplicationRule, AZFWNatRule, AZFWThreatIntel, AZFWIdpsSignature";

/// The query; empty where neither end is known.
pub(crate) fn query(finding: &Finding) -> String {
    let (tables, name_column, is_dns) = match finding.detection {
        "dns-tunnel" => ("AZFWDnsQuery", "QueryName", true),
        _ => (TABLES, "Fqdn", false),
    };
    let mut tests = Vec::new();
    let source = finding.source.as_deref().filter(|source| source.parse::<IpAddr>().is_ok());
    tests.extend(source.map(|source| format!("SourceIp == {}", quoted(source))));
    if let Some(target) = &finding.target {
        let (name, port) = name_and_port(target);
        if name.parse::<IpAddr>().is_ok() {
            tests.push(format!("DestinationIp == {}", quoted(name)));
        } else if is_dns {
            tests.push(format!("{name_column} contains {}", quoted(name)));
        } else if !name.is_empty() {
            tests.push(format!("{name_column} =~ {}", quoted(name)));
        }
        tests.extend(port.map(|port| format!("toint(DestinationPort) == {port}")));
    }
    if tests.is_empty() {
        return String::new();
    }
    let mut query = format!("union isfuzzy=true {tables}\n");
    if let (Some(first), last) = (finding.first, finding.last.or(finding.first)) {
        let last = last.unwrap_or(first);
        let _ = writeln!(
            query,
            "| where TimeGenerated between (datetime({first}) .. datetime({last}))"
        );
    }
    for test in tests {
        let _ = writeln!(query, "| where {test}");
    }
    query.push_str("| sort by TimeGenerated asc\n");
    query
}

/// `www.example.com:443`, `[2001:db8::1]:443`; an address with colons alone has no port.
pub(crate) fn name_and_port(target: &str) -> (&str, Option<u16>) {
    let bare = |name: &str| !name.contains(':') || name.ends_with(']');
    let split = target.rsplit_once(':').filter(|(name, _)| bare(name));
    match split.and_then(|(name, port)| Some((name, port.parse().ok()?))) {
        Some((name, port)) => (name.trim_matches(['[', ']']), Some(port)),
        None => (target, None),
    }
}

/// A string of KQL.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            plain if plain == ' ' || plain.is_ascii_graphic() => quoted.push(plain),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Severity;

    fn of(source: &str, target: &str) -> String {
        let time = "2026-03-02T00:00:00Z".parse().ok();
        query(&Finding {
            detection: "beacon",
            severity: Severity::High,
            message: String::new(),
            source: Some(source.to_owned()),
            target: Some(target.to_owned()),
            first: time,
            last: time,
            count: 1,
            score: Vec::new(),
            rhythm: None,
            evidence: Vec::new(),
        })
    }

    #[test]
    fn queries_ask_for_both_ends_and_the_time() {
        let expected = "union isfuzzy=true AZFWNetworkRule, AZFWApplicationRule, AZFWNatRule, \
                        AZFWThreatIntel, AZFWIdpsSignature\n\
                        | where TimeGenerated between (datetime(2026-03-02T00:00:00Z) .. datetime(2026-03-02T00:00:00Z))\n\
                        | where SourceIp == \"10.0.0.4\"\n\
                        | where Fqdn =~ \"c2.example.net\"\n\
                        | where toint(DestinationPort) == 443\n\
                        | sort by TimeGenerated asc\n";
        assert_eq!(of("10.0.0.4", "c2.example.net:443"), expected);
    }

    #[test]
    fn names_cannot_end_their_string() {
        let query = of("10.0.0.4", "x\" or 1==1 //\n| take 1\\\u{202e}");
        assert!(query.contains("\"x\\\" or 1==1 //\\u000a| take 1\\\\\\u202e\""), "{query}");
    }

    #[test]
    fn targets_are_told_from_their_ports() {
        let all =
            ["a.example.com:443", "a.example.com", "2001:db8::1", "[2001:db8::1]:53", "10.0.0.4:x"];
        let split = all.map(name_and_port);
        let expected = [
            ("a.example.com", Some(443)),
            ("a.example.com", None),
            ("2001:db8::1", None),
            ("2001:db8::1", Some(53)),
            ("10.0.0.4:x", None),
        ];
        assert_eq!(split, expected);
    }
}
