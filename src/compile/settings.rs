//! Settings of parent and child together.

use std::collections::BTreeMap;

use super::link::Layer;
use super::lower::{Lower, Side, ports};
use super::{Bypass, Idps, ThreatIntel};
use crate::policy::{BypassTraffic, IdpsMode, ThreatIntelMode};
use crate::source::{Severity, Warning};

/// Whether the DNS proxy is on: the child's own block counts, else the parent's.
pub(super) fn has_dns_proxy(layers: &[Layer<'_>], warnings: &mut Vec<Warning>) -> bool {
    let Some(layer) = layers.iter().rev().find(|layer| layer.settings.dns.is_some()) else {
        return false;
    };
    let proxy = layer.settings.dns.as_ref().and_then(|dns| dns.enable_proxy.as_ref());
    let is_on = proxy.is_some_and(|proxy| proxy.value);
    if layer.is_inherited && is_on && layers.len() > 1 {
        let message = format!(
            "the DNS proxy is on in the parent `{}` only; Azure's known issues (13 April 2025) say that \
             a child does not inherit it in practice",
            layer.name
        );
        let warning = Warning::new(Severity::Warning, message, proxy.and_then(|proxy| proxy.span));
        warnings.push(warning.with_help("set `dnsSettings` on the child policy too"));
    }
    is_on
}

/// The stricter mode of the two, and both allowlists (Firewall Manager policy overview).
pub(super) fn threat_intel(layers: &[Layer<'_>], lower: &mut Lower<'_>) -> ThreatIntel {
    let mode = |layer: &Layer<'_>| {
        layer.settings.threat_intel_mode.as_ref().map_or(ThreatIntelMode::Alert, |mode| mode.value)
    };
    let addresses: Vec<_> = layers
        .iter()
        .flat_map(|layer| layer.settings.threat_intel_allowlist.addresses.iter().cloned())
        .collect();
    let fqdns = layers.iter().flat_map(|layer| &layer.settings.threat_intel_allowlist.fqdns);
    ThreatIntel {
        mode: layers.iter().map(mode).max().unwrap_or(ThreatIntelMode::Alert),
        allowed_addresses: lower.addresses(&addresses, &[], Side::Source),
        allowed_fqdns: fqdns.filter_map(|fqdn| fqdn.value.value().cloned()).collect(),
    }
}

/// The stricter mode of the two; overrides and bypass lists of both, the child's override first.
pub(super) fn idps(layers: &[Layer<'_>], lower: &mut Lower<'_>) -> Idps {
    let mut idps = Idps { mode: IdpsMode::Off, overrides: BTreeMap::new(), bypass: Vec::new() };
    for detection in layers.iter().filter_map(|layer| layer.settings.intrusion_detection.as_ref()) {
        let mode = detection.mode.as_ref().map_or(IdpsMode::Off, |mode| mode.value);
        idps.mode = idps.mode.max(mode);
        // Layers come parent first, so the child's entry replaces the parent's.
        let overrides = detection.overrides.iter();
        idps.overrides.extend(overrides.map(|entry| (entry.id.value.clone(), entry.mode)));
        idps.bypass.extend(detection.bypass.iter().map(|entry| bypass(entry, lower)));
    }
    idps
}

fn bypass(entry: &BypassTraffic, lower: &mut Lower<'_>) -> Bypass {
    Bypass {
        name: entry.name.value.clone(),
        protocol: entry.protocol,
        sources: lower.addresses(&entry.sources, &entry.source_ip_groups, Side::Source),
        destinations: lower.addresses(
            &entry.destinations,
            &entry.destination_ip_groups,
            Side::Destination,
        ),
        ports: ports(&entry.destination_ports),
    }
}
