//! Very many names below one domain: data that leaves in DNS queries.
//!
//! RITA v5's steps for command and control over DNS, counted for each source. What a registrable
//! domain is, the public suffix list says: names of different customers of one cloud do not add up.

use super::finding::{Finding, Severity};
use super::observed::Observed;
use super::settings::Settings;

pub(super) fn tunnels(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let settings = &settings.dns_tunnel;
    let found = observed.queried.iter().filter_map(|((source, domain), queried)| {
        let names = queried.names.len();
        let severity = if names >= settings.high {
            Severity::High
        } else if names >= settings.medium {
            Severity::Medium
        } else if names >= settings.low {
            Severity::Low
        } else {
            return None;
        };
        let message = format!("asked for {names} different names below {domain}");
        let mut finding = Finding::new("dns-tunnel", severity, message);
        finding.source = Some(observed.tables.text(*source));
        finding.target = Some(domain.to_string());
        finding.count = queried.queries;
        (finding.first, finding.last) = (queried.first, queried.last);
        Some(finding.with_part("names", names).with_part("queries", queried.queries))
    });
    // The caller puts all findings in order.
    found.collect()
}
