//! Settings of parent and child together.

use std::collections::BTreeMap;

use super::link::Layer;
use super::lists::{need_of, ports};
use super::lower::{Lower, Side};
use super::{Bypass, Idps, Need, SignatureMode, ThreatIntel};
use crate::policy::{BypassTraffic, IdpsMode, SignatureOverride, ThreatIntelMode, Written};
use crate::source::{Severity, Warning};

/// Whether the DNS proxy is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DnsProxy {
    On,
    Off,
    Unknown(Need),
}

/// Whether the DNS proxy is on: the child's own block counts, else the parent's.
pub(super) fn dns_proxy(layers: &[Layer<'_>], warnings: &mut Vec<Warning>) -> DnsProxy {
    let Some(layer) = layers.iter().rev().find(|layer| layer.settings.dns.is_some()) else {
        return DnsProxy::Off;
    };
    let proxy = layer.settings.dns.as_ref().and_then(|dns| dns.enable_proxy.as_ref());
    let state = match proxy.map(|proxy| &proxy.value) {
        Some(Written::Value(true)) => DnsProxy::On,
        Some(Written::Value(false)) | None => DnsProxy::Off,
        Some(unknown @ (Written::Unresolved(_) | Written::Invalid(_))) => {
            DnsProxy::Unknown(need_of(unknown, "DNS proxy setting"))
        }
    };
    if layer.is_inherited && state == DnsProxy::On && layers.len() > 1 {
        let message = format!(
            "the DNS proxy is on in the parent `{}` only; Azure's known issues (13 April 2025) say that \
             a child does not inherit it in practice",
            layer.name
        );
        let warning = Warning::new(Severity::Warning, message, proxy.and_then(|proxy| proxy.span));
        warnings.push(warning.with_help("set `dnsSettings` on the child policy too"));
    }
    state
}

/// The strictest of the modes that are known, and what would settle the others. Where a known one
/// is the strictest there is, the others do not matter.
fn strictest<'w, T: Copy + Ord + 'w>(
    modes: impl Iterator<Item = &'w Written<T>>,
    (laxest, strictest): (T, T),
    what: &str,
) -> (T, Vec<Need>) {
    let (mut known, mut unknown) = (laxest, Vec::new());
    for mode in modes {
        match mode {
            Written::Value(mode) => known = known.max(*mode),
            Written::Unresolved(_) | Written::Invalid(_) => unknown.push(need_of(mode, what)),
        }
    }
    if known == strictest {
        unknown.clear();
    }
    (known, unknown)
}

/// The stricter mode of the two, and both allowlists (Firewall Manager policy overview).
pub(super) fn threat_intel(layers: &[Layer<'_>], lower: &mut Lower<'_>) -> ThreatIntel {
    let written = |layer: &Layer<'_>| {
        let mode = layer.settings.threat_intel_mode.as_ref();
        mode.map_or(Written::Value(ThreatIntelMode::Alert), |mode| mode.value.clone())
    };
    let modes: Vec<_> = layers.iter().map(written).collect();
    let range = (ThreatIntelMode::Off, ThreatIntelMode::Deny);
    let (mode, unknown_mode) = strictest(modes.iter(), range, "threat intelligence mode");
    let addresses: Vec<_> = layers
        .iter()
        .flat_map(|layer| layer.settings.threat_intel_allowlist.addresses.iter().cloned())
        .collect();
    let (mut allowed_fqdns, mut unknown_fqdns) = (Vec::new(), Vec::new());
    for fqdn in layers.iter().flat_map(|layer| &layer.settings.threat_intel_allowlist.fqdns) {
        match &fqdn.value {
            Written::Value(pattern) => allowed_fqdns.push(pattern.clone()),
            unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                unknown_fqdns.push(need_of(unknown, "threat intelligence allowlist FQDN"));
            }
        }
    }
    ThreatIntel {
        mode,
        unknown_mode,
        allowed_addresses: lower.addresses(&addresses, &[], Side::Source),
        allowed_fqdns,
        unknown_fqdns,
    }
}

/// The stricter mode of the two; overrides and bypass lists of both, the child's override first.
pub(super) fn idps(layers: &[Layer<'_>], lower: &mut Lower<'_>) -> Idps {
    let detections = || layers.iter().filter_map(|it| it.settings.intrusion_detection.as_ref());
    let modes = detections().filter_map(|detection| detection.mode.as_ref()).map(|it| &it.value);
    let (mode, unknown_mode) = strictest(modes, (IdpsMode::Off, IdpsMode::Deny), "IDPS mode");
    let mut overrides = BTreeMap::new();
    let mut unknown_overrides = Vec::new();
    // Layers come parent first, so the child's entry replaces the parent's.
    for entry in detections().flat_map(|detection| &detection.overrides) {
        match &entry.id.value {
            Written::Value(id) => drop(overrides.insert(id.clone(), signature_mode(id, entry))),
            unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                unknown_overrides.push(need_of(unknown, "IDPS signature override"));
            }
        }
    }
    let bypass = detections().flat_map(|it| &it.bypass).map(|entry| bypass(entry, lower)).collect();
    Idps { mode, unknown_mode, overrides, unknown_overrides, bypass }
}

fn signature_mode(id: &str, entry: &SignatureOverride) -> SignatureMode {
    match &entry.mode {
        Written::Value(mode) => SignatureMode::Known(*mode),
        unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
            SignatureMode::Unknown(need_of(unknown, &format!("mode of IDPS signature {id}")))
        }
    }
}

fn bypass(entry: &BypassTraffic, lower: &mut Lower<'_>) -> Bypass {
    let (protocol, unknown) = match &entry.protocol {
        None => (None, Vec::new()),
        Some(Written::Value(protocol)) => (Some(*protocol), Vec::new()),
        Some(unknown @ (Written::Unresolved(_) | Written::Invalid(_))) => {
            let what = format!("protocol of IDPS bypass `{}`", entry.name.value);
            (None, vec![need_of(unknown, &what)])
        }
    };
    Bypass {
        name: entry.name.value.clone(),
        protocol,
        sources: lower.addresses(&entry.sources, &entry.source_ip_groups, Side::Source),
        destinations: lower.addresses(
            &entry.destinations,
            &entry.destination_ip_groups,
            Side::Destination,
        ),
        ports: ports(&entry.destination_ports),
        unknown,
    }
}
