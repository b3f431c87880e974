//! Lists of addresses, prefixes and names that somebody calls bad.

use std::net::IpAddr;

use foldhash::{HashMap, HashMapExt as _};
use ipnet::IpNet;
use jiff::Timestamp;
use smol_str::SmolStr;

use super::finding::{Evidence, Finding, Severity};
use super::observed::Observed;
use super::places::Code;
use crate::logs::{LogRecord, LoggedAction, RecordKind};

/// Indicators, looked up by address and by name.
#[derive(Debug, Clone, Default)]
pub struct Indicators {
    shown: Vec<String>,
    addresses: HashMap<IpAddr, usize>,
    /// By length of the prefix; few lengths are in use.
    prefixes: Vec<(u8, bool, HashMap<IpAddr, usize>)>,
    /// A name stands for itself and every name below it.
    names: HashMap<SmolStr, usize>,
}

/// A line of a list that is no indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndicatorsError {
    /// Counted from one.
    pub line: usize,
    pub text: String,
}

/// Where an indicator was seen, for one source.
#[derive(Debug, Default)]
pub(super) struct Seen {
    count: u64,
    denied: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    evidence: Vec<Evidence>,
}

impl Indicators {
    /// Adds the entries of `text`, one a line: an address, a prefix or a name; `*.` before a name
    /// changes nothing. `#` begins a comment; of a CSV the first column counts. Written-about forms
    /// such as `hxxp://bad[.]example` are understood.
    ///
    /// # Errors
    ///
    /// Lines that are none of these.
    pub fn add(&mut self, text: &str) -> Result<(), Vec<IndicatorsError>> {
        let mut wrong = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let entry = line.split(['#', ',', ';', '\t']).next().unwrap_or("").trim();
            let entry = entry.trim_matches('"');
            let is_header = index == 0
                && ["indicator", "ioc", "ip", "domain", "value", "fqdn", "address", "host"]
                    .contains(&entry.to_ascii_lowercase().as_str());
            if !entry.is_empty() && !is_header && !self.add_one(entry) {
                wrong.push(IndicatorsError { line: index + 1, text: entry.to_owned() });
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn add_one(&mut self, entry: &str) -> bool {
        let plain = entry.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":");
        let lower = plain.to_ascii_lowercase();
        let after_scheme = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
        let place = self.shown.len();
        if let Ok(address) = after_scheme.parse::<IpAddr>() {
            self.addresses.entry(address).or_insert(place);
        } else if let Ok(prefix) = after_scheme.parse::<IpNet>() {
            self.add_prefix(prefix, place);
        } else {
            let host = after_scheme.split(['/', ':', '?']).next().unwrap_or("");
            let name = host.trim_start_matches("*.").trim_matches('.');
            let is_name = name.contains('.')
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
            if !is_name {
                return false;
            }
            if let Ok(address) = name.parse::<IpAddr>() {
                self.addresses.entry(address).or_insert(place);
            } else {
                self.names.entry(name.into()).or_insert(place);
            }
        }
        self.shown.push(entry.to_owned());
        true
    }

    fn add_prefix(&mut self, prefix: IpNet, place: usize) {
        let (length, is_v4) = (prefix.prefix_len(), prefix.addr().is_ipv4());
        let known = self.prefixes.iter().position(|(l, v4, _)| (*l, *v4) == (length, is_v4));
        let index = known.unwrap_or_else(|| {
            self.prefixes.push((length, is_v4, HashMap::new()));
            self.prefixes.len() - 1
        });
        if let Some((_, _, table)) = self.prefixes.get_mut(index) {
            table.entry(prefix.network()).or_insert(place);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    fn of_address(&self, address: IpAddr) -> Option<usize> {
        let in_prefix = || {
            self.prefixes.iter().find_map(|(length, is_v4, table)| {
                if address.is_ipv4() != *is_v4 {
                    return None;
                }
                table.get(&IpNet::new(address, *length).ok()?.network()).copied()
            })
        };
        self.addresses.get(&address).copied().or_else(in_prefix)
    }

    fn of_name(&self, name: &str) -> Option<usize> {
        let lower = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = lower.as_str();
        loop {
            if let Some(place) = self.names.get(rest) {
                return Some(*place);
            }
            (_, rest) = rest.split_once('.')?;
        }
    }

    /// Which indicators a record holds, each with the end that holds it.
    pub(super) fn hits(&self, record: &LogRecord) -> Vec<(usize, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        let addresses = [record.destination, record.source, record.translated];
        let mut hits: Vec<(usize, String)> = addresses
            .into_iter()
            .flatten()
            .filter_map(|address| Some((self.of_address(address)?, address.to_string())))
            .collect();
        let query = record.dns.as_deref().and_then(|dns| dns.name.as_ref());
        for name in [record.fqdn.as_ref(), query].into_iter().flatten() {
            hits.extend(self.of_name(name).map(|place| (place, name.to_string())));
        }
        hits.sort();
        hits.dedup_by_key(|(place, _)| *place);
        hits
    }
}

impl Seen {
    pub(super) fn note(&mut self, record: &LogRecord, time: Timestamp, end: &str) {
        self.count += 1;
        self.denied += u64::from(record.action == Some(LoggedAction::Deny));
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        self.evidence.push(Evidence {
            time,
            source: record.source.map_or_else(String::new, |source| source.to_string()),
            source_port: record.source_port,
            target: end.to_owned(),
            port: record.destination_port,
            protocol: record.protocol.clone().unwrap_or_default().to_string(),
            outcome: outcome(record).to_owned(),
            origin: record.origin.to_string(),
        });
        // The earliest few, whatever order the records come in.
        if self.evidence.len() > 4 * super::attempts::EVIDENCE_MAX {
            self.trim();
        }
    }

    fn trim(&mut self) {
        self.evidence.sort();
        self.evidence.truncate(super::attempts::EVIDENCE_MAX);
    }
}

fn outcome(record: &LogRecord) -> &'static str {
    match (record.action, record.kind) {
        (Some(LoggedAction::Deny), _) => "denied",
        (Some(LoggedAction::Allow | LoggedAction::Alert | LoggedAction::Dnat), _) => "allowed",
        (None, RecordKind::Dns) => "asked for",
        (None, _) => "seen",
    }
}

/// One finding for each indicator and source.
pub(super) fn findings(observed: &Observed) -> Vec<Finding> {
    let found = observed.indicated.iter().filter_map(|((place, source), seen)| {
        let indicator = observed.indicators.shown.get(*place)?;
        let rest = seen.count - seen.denied;
        let (severity, what) = match rest {
            0 => (Severity::Medium, "all denied".to_owned()),
            rest => (Severity::High, format!("{rest} not denied")),
        };
        let records = if seen.count == 1 { "record" } else { "records" };
        let message = format!("`{indicator}` in {} {records}, {what}", seen.count);
        let mut finding = Finding::new("indicator", severity, message);
        finding.source = (*source != Code::MAX).then(|| observed.tables.text(*source));
        finding.target = Some(indicator.clone());
        finding.count = seen.count;
        (finding.first, finding.last) = (seen.first, seen.last);
        let mut evidence = seen.evidence.clone();
        evidence.sort();
        evidence.truncate(super::attempts::EVIDENCE_MAX);
        finding.evidence = evidence;
        Some(finding)
    });
    // The caller puts all findings in order.
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indicators(text: &str) -> Indicators {
        let mut indicators = Indicators::default();
        indicators.add(text).expect("indicators");
        indicators
    }

    #[test]
    fn lists_hold_addresses_prefixes_and_names() {
        let list = indicators(
            "indicator,source\n192.0.2.7,feed # bad\n198.51.100.0/28\nhxxps://bad[.]example/x\n\n2001:db8::/64\n",
        );
        assert_eq!(list.len(), 4);
        let of = |text: &str| match text.parse() {
            Ok(address) => list.of_address(address),
            Err(_) => list.of_name(text),
        };
        assert_eq!(of("192.0.2.7"), Some(0));
        assert_eq!(of("192.0.2.8"), None);
        assert_eq!([of("198.51.100.15"), of("198.51.100.16")], [Some(1), None]);
        assert_eq!([of("bad.example"), of("WWW.bad.example.")], [Some(2), Some(2)]);
        assert_eq!([of("notbad.example"), of("example")], [None, None]);
        assert_eq!([of("2001:db8::9"), of("2001:db8:1::9")], [Some(3), None]);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let wrong = Indicators::default().add("192.0.2.1\nnot an indicator\n").expect_err("line 2");
        assert_eq!(wrong, [IndicatorsError { line: 2, text: "not an indicator".to_owned() }]);
    }
}
