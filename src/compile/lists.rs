//! Written lists of protocols and ports → criteria; what is unknown is kept by name.

use smol_str::{SmolStr, format_smolstr};

use super::criteria::{Need, PortCriterion, ProtocolCriterion};
use crate::net::{ApplicationProtocol, PortRange, RuleProtocol};
use crate::policy::{Application, ApplicationRule, Written};
use crate::source::Spanned;

/// What is not known, by what it is and as it is written.
pub(super) fn need_of<T>(written: &Written<T>, what: &str) -> Need {
    match written {
        Written::Value(_) => SmolStr::from(what),
        Written::Unresolved(text) => format_smolstr!("{what} `{text}`"),
        Written::Invalid(text) => format_smolstr!("{what} `{text}`, which cannot be read"),
    }
}

pub(super) fn protocols(written: &[Spanned<Written<RuleProtocol>>]) -> ProtocolCriterion {
    let mut criterion = ProtocolCriterion::default();
    for entry in written {
        match &entry.value {
            Written::Value(RuleProtocol::Any) => criterion.any = true,
            Written::Value(RuleProtocol::Tcp) => criterion.tcp = true,
            Written::Value(RuleProtocol::Udp) => criterion.udp = true,
            Written::Value(RuleProtocol::Icmp) => criterion.icmp = true,
            unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                criterion.unknown.push(need_of(unknown, "protocol"));
            }
        }
    }
    criterion
}

pub(super) fn ports(written: &[Spanned<Written<PortRange>>]) -> PortCriterion {
    let mut criterion = PortCriterion::default();
    let mut ranges = Vec::new();
    for entry in written {
        match &entry.value {
            Written::Value(range) => ranges.push(*range),
            unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                criterion.unknown.push(need_of(unknown, "destination port"));
            }
        }
    }
    criterion.is_star = ranges.contains(&PortRange::ALL);
    criterion.known = ranges.into_iter().collect();
    criterion
}

pub(super) fn applications(rule: &ApplicationRule) -> (Vec<Application>, Vec<Need>) {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for entry in &rule.protocols {
        match &entry.value {
            Written::Value(application) => known.push(*application),
            written @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                unknown.push(need_of(written, "protocol"));
            }
        }
    }
    if rule.protocols.is_empty() {
        if rule.fqdn_tags.is_empty() {
            // Live answers hold such rules; no document says what they mean.
            unknown.push(format_smolstr!(
                "protocols of rule `{}`, which lists none",
                rule.head.name.value
            ));
        } else {
            // Tags without protocols stand for HTTP and HTTPS, as PowerShell writes them.
            known.push(Application { protocol: ApplicationProtocol::Http, port: 80 });
            known.push(Application { protocol: ApplicationProtocol::Https, port: 443 });
        }
    }
    (known, unknown)
}
