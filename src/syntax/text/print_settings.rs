//! Settings as lines.

use super::print_rules::bypass;
use super::words::{addresses, allowlist_addresses, allowlist_fqdns, joined, plain, word, written};
use crate::policy::{DnsSettings, ExplicitProxy, IntrusionDetection, Settings, Snat};

/// The lines of all settings that are written.
pub(super) fn settings(settings: &Settings) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(tier) = &settings.tier {
        lines.push(format!("tier {}", tier.value.name()));
    }
    if let Some(location) = &settings.location {
        lines.push(format!("location {}", word(location)));
    }
    if let Some(mode) = &settings.threat_intel_mode {
        lines.push(format!("threat-intel {}", written(&mode.value, |mode| mode.name().to_owned())));
    }
    let allowlist = &settings.threat_intel_allowlist;
    let entries = [allowlist_addresses(&allowlist.addresses), allowlist_fqdns(&allowlist.fqdns)];
    if entries.iter().any(|entries| !entries.is_empty()) {
        lines.push(format!("threat-intel-allow {}", joined(entries.concat())));
    }
    lines.extend(settings.dns.iter().flat_map(dns));
    lines.extend(settings.intrusion_detection.iter().flat_map(intrusion_detection));
    if let Some(authority) = &settings.certificate_authority {
        lines.push(format!("tls-inspection {}", word(&authority.value)));
    }
    lines.extend(settings.explicit_proxy.as_ref().map(explicit_proxy));
    lines.extend(settings.snat.iter().flat_map(snat));
    if let Some(is_on) = settings.allow_sql_redirect {
        lines.push(format!("sql-redirect {}", on_or_off(is_on)));
    }
    lines
}

fn on_or_off(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

fn dns(dns: &DnsSettings) -> Vec<String> {
    let proxy = dns.enable_proxy.as_ref();
    let proxy = proxy.map(|proxy| {
        format!("dns-proxy {}", written(&proxy.value, |&is_on| on_or_off(is_on).to_owned()))
    });
    let mut lines: Vec<String> = proxy.into_iter().collect();
    if lines.is_empty() || !dns.servers.is_empty() {
        lines.push(format!("dns-servers {}", joined(plain(&dns.servers))));
    }
    lines
}

fn intrusion_detection(idps: &IntrusionDetection) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(mode) = &idps.mode {
        lines.push(format!("idps {}", written(&mode.value, |mode| mode.name().to_owned())));
    }
    if let Some(profile) = &idps.profile {
        lines.push(format!("idps-profile {}", word(profile)));
    }
    for signature in &idps.overrides {
        let id = written(&signature.id.value, |id| word(id));
        let mode = written(&signature.mode, |mode| mode.name().to_owned());
        lines.push(format!("idps-signature {id} {mode}"));
    }
    lines.extend(idps.bypass.iter().map(bypass));
    if !idps.private_ranges.is_empty() {
        lines.push(format!("idps-private-ranges {}", joined(addresses(&idps.private_ranges))));
    }
    if lines.is_empty() {
        lines.push("idps none".to_owned());
    }
    lines
}

fn explicit_proxy(proxy: &ExplicitProxy) -> String {
    let mut line = format!("explicit-proxy {}", on_or_off(proxy.enabled));
    let ports = [("http", proxy.http_port), ("https", proxy.https_port)];
    for (key, port) in ports {
        line.extend(port.map(|port| format!(" {key} {port}")));
    }
    if proxy.enable_pac_file {
        line.push_str(" pac on");
    }
    line.extend(proxy.pac_file_port.map(|port| format!(" pac-port {port}")));
    line.extend(proxy.pac_file.as_ref().map(|file| format!(" pac-file {}", word(file))));
    line
}

fn snat(snat: &Snat) -> Vec<String> {
    let auto_learn = snat.auto_learn_private_ranges;
    let auto_learn = auto_learn.map(|is_on| format!("snat-auto-learn {}", on_or_off(is_on)));
    let mut lines: Vec<String> = auto_learn.into_iter().collect();
    if lines.is_empty() || !snat.private_ranges.is_empty() {
        let ranges = joined(snat.private_ranges.iter().map(|range| word(&range.value)));
        lines.push(format!("snat-private-ranges {ranges}"));
    }
    lines
}
