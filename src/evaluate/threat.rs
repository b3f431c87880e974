//! Threat intelligence, before the rules, and IDPS, after them.

use super::fit::{self, Fit};
use super::verdict::{Outcome, Ruling, Stage};
use crate::compile::{Bypass, Need, Ruleset};
use crate::flow::{Flow, HitMode};
use crate::net::{FqdnPattern, IpFamily};
use crate::policy::{IdpsMode, ThreatIntelMode};

/// What threat intelligence does with a flow.
pub(super) enum ThreatIntelResult {
    Nothing,
    Alert,
    Deny,
    /// Denies unless these turn out to allowlist the flow.
    MayDeny(Vec<Need>),
}

/// Source: "Threat intelligence-based filtering" (10 July 2025), `tests/spec/06-threats.md`.
pub(super) fn threat_intel(ruleset: &Ruleset, flow: &Flow) -> ThreatIntelResult {
    let threat_intel = &ruleset.threat_intel;
    if !flow.is_listed_threat || threat_intel.mode == ThreatIntelMode::Off {
        return ThreatIntelResult::Nothing;
    }
    match (is_allowlisted(ruleset, flow), threat_intel.mode) {
        (Fit::Yes, _) | (_, ThreatIntelMode::Off) => ThreatIntelResult::Nothing,
        (Fit::No | Fit::May(_), ThreatIntelMode::Alert) => ThreatIntelResult::Alert,
        (Fit::No, ThreatIntelMode::Deny) => ThreatIntelResult::Deny,
        (Fit::May(needs), ThreatIntelMode::Deny) => ThreatIntelResult::MayDeny(needs),
    }
}

/// Names are compared exactly; a name or destination that is not known is not compared.
fn is_allowlisted(ruleset: &Ruleset, flow: &Flow) -> Fit {
    let threat_intel = &ruleset.threat_intel;
    let is_name = flow.name.known().is_some_and(|name| {
        let is_listed =
            |pattern: &FqdnPattern| matches!(pattern, FqdnPattern::Exact(exact) if exact == name);
        threat_intel.allowed_fqdns.iter().any(is_listed)
    });
    if is_name {
        return Fit::Yes;
    }
    let family = IpFamily::of(flow.source);
    let ends = [Some(flow.source), flow.destination];
    ends.into_iter().flatten().fold(Fit::No, |found, end| {
        found.or(|| fit::address(&threat_intel.allowed_addresses, Some(end), family, "address"))
    })
}

/// What IDPS does with a flow on which a signature fired.
pub(super) enum IdpsResult {
    Nothing,
    /// A log entry; `only_if_allowed`: inspection comes after the rules and sees what they allow.
    Alert {
        only_if_allowed: bool,
    },
    Deny,
    /// Denies unless these turn out to bypass inspection.
    MayDeny(Vec<Need>),
}

/// Source: "Azure Firewall Premium features" (17 March 2025), `tests/spec/06-threats.md`.
pub(super) fn idps(ruleset: &Ruleset, flow: &Flow) -> IdpsResult {
    let idps = &ruleset.idps;
    let Some(hit) = &flow.idps else { return IdpsResult::Nothing };
    if idps.mode == IdpsMode::Off {
        return IdpsResult::Nothing;
    }
    let own_mode = hit.signature.as_ref().and_then(|id| idps.overrides.get(id)).copied();
    let mode = own_mode.unwrap_or(match hit.mode {
        HitMode::Alert => IdpsMode::Alert,
        HitMode::Deny => IdpsMode::Deny,
    });
    let bypass =
        idps.bypass.iter().fold(Fit::No, |found, entry| found.or(|| bypasses(entry, flow)));
    match (mode.min(idps.mode), bypass) {
        (IdpsMode::Off, _) | (_, Fit::Yes) => IdpsResult::Nothing,
        (IdpsMode::Alert, _) => IdpsResult::Alert { only_if_allowed: idps.mode == IdpsMode::Deny },
        (IdpsMode::Deny, Fit::No) => IdpsResult::Deny,
        (IdpsMode::Deny, Fit::May(needs)) => IdpsResult::MayDeny(needs),
    }
}

/// Compared with the packet as it arrived, before DNAT. What an entry does not name, it does not
/// limit.
fn bypasses(bypass: &Bypass, flow: &Flow) -> Fit {
    if bypass.protocol.is_some_and(|protocol| protocol != flow.protocol.ip()) {
        return Fit::No;
    }
    let family = IpFamily::of(flow.source);
    let limits = |criterion: &crate::compile::AddressCriterion| {
        !criterion.known.is_empty() || !criterion.unknown.is_empty()
    };
    let mut found = Fit::Yes;
    if limits(&bypass.sources) {
        found =
            fit::both(found, fit::address(&bypass.sources, Some(flow.source), family, "source"));
    }
    if !bypass.ports.known.is_empty() || !bypass.ports.unknown.is_empty() {
        found = fit::both(found, fit::port(&bypass.ports, flow.protocol, flow.port));
    }
    if limits(&bypass.destinations) {
        let to =
            fit::address(&bypass.destinations, flow.destination, family, "destination address");
        found = fit::both(found, to);
    }
    found
}

/// The outcomes after IDPS has seen what the rules allow.
pub(super) fn with_idps(result: &IdpsResult, outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let denied = |outcome: &Outcome| Outcome {
        ruling: Ruling::Deny,
        stage: Stage::Idps,
        translation: None,
        ..outcome.clone()
    };
    let change = |outcome: Outcome| match (result, outcome.ruling) {
        (IdpsResult::Nothing | IdpsResult::Alert { .. }, _) | (_, Ruling::Deny) => vec![outcome],
        (IdpsResult::Deny, Ruling::Allow) => vec![denied(&outcome)],
        (IdpsResult::MayDeny(needs), Ruling::Allow) => {
            let mut denied = denied(&outcome);
            denied.needs.extend(needs.iter().map(ToString::to_string));
            vec![denied, outcome]
        }
    };
    outcomes.into_iter().flat_map(change).collect()
}
