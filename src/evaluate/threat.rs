//! Threat intelligence, before the rules, and IDPS, after them.

use super::fit::{self, Fit};
use super::verdict::{Outcome, Ruling, Stage};
use crate::compile::{Bypass, Idps, Need, Ruleset, SignatureMode};
use crate::flow::{Flow, HitMode, IdpsHit};
use crate::net::{FqdnPattern, IpFamily};
use crate::policy::{IdpsMode, ThreatIntelMode};

/// What threat intelligence does with a flow.
pub(super) enum ThreatIntelResult {
    Nothing,
    Alert,
    Deny,
    /// Denies or not, as these turn out.
    MayDeny(Vec<Need>),
}

/// Source: "Threat intelligence-based filtering" (10 July 2025), `tests/spec/06-threats.md`.
pub(super) fn threat_intel(ruleset: &Ruleset, flow: &Flow) -> ThreatIntelResult {
    let threat_intel = &ruleset.threat_intel;
    let unknown_mode = &threat_intel.unknown_mode;
    let is_off = threat_intel.mode == ThreatIntelMode::Off && unknown_mode.is_empty();
    if !flow.is_listed_threat || is_off {
        return ThreatIntelResult::Nothing;
    }
    let mut needs = unknown_mode.clone();
    match is_allowlisted(ruleset, flow) {
        Fit::Yes => return ThreatIntelResult::Nothing,
        Fit::No => {}
        Fit::May(more) => needs.extend(more),
    }
    match threat_intel.mode {
        ThreatIntelMode::Off | ThreatIntelMode::Alert if !unknown_mode.is_empty() => {
            ThreatIntelResult::MayDeny(needs)
        }
        ThreatIntelMode::Off => ThreatIntelResult::Nothing,
        ThreatIntelMode::Alert => ThreatIntelResult::Alert,
        ThreatIntelMode::Deny if needs.is_empty() => ThreatIntelResult::Deny,
        ThreatIntelMode::Deny => ThreatIntelResult::MayDeny(needs),
    }
}

/// Names are compared exactly; a name or destination that is not known is not compared.
fn is_allowlisted(ruleset: &Ruleset, flow: &Flow) -> Fit {
    let threat_intel = &ruleset.threat_intel;
    let name = flow.name.known().map_or(Fit::No, |name| {
        let is_listed =
            |pattern: &FqdnPattern| matches!(pattern, FqdnPattern::Exact(exact) if exact == name);
        Fit::of(threat_intel.allowed_fqdns.iter().any(is_listed))
            .or_unknown(&threat_intel.unknown_fqdns)
    });
    let family = IpFamily::of(flow.source);
    let ends = [Some(flow.source), flow.destination];
    ends.into_iter().flatten().fold(name, |found, end| {
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
    /// Denies or not, as these turn out.
    MayDeny(Vec<Need>),
}

/// Source: "Azure Firewall Premium features" (17 March 2025), `tests/spec/06-threats.md`.
pub(super) fn idps(ruleset: &Ruleset, flow: &Flow) -> IdpsResult {
    let idps = &ruleset.idps;
    let Some(hit) = &flow.idps else { return IdpsResult::Nothing };
    let policy = if idps.unknown_mode.is_empty() {
        Modes::exactly(idps.mode)
    } else {
        Modes { laxest: idps.mode, strictest: IdpsMode::Deny, needs: idps.unknown_mode.clone() }
    };
    let signature = signature_modes(idps, hit);
    let bypass =
        idps.bypass.iter().fold(Fit::No, |found, entry| found.or(|| bypasses(entry, flow)));
    let laxest = policy.laxest.min(signature.laxest);
    match (policy.strictest.min(signature.strictest), bypass) {
        (IdpsMode::Off, _) | (_, Fit::Yes) => IdpsResult::Nothing,
        (IdpsMode::Alert, _) => IdpsResult::Alert { only_if_allowed: idps.mode == IdpsMode::Deny },
        (IdpsMode::Deny, Fit::No) if laxest == IdpsMode::Deny => IdpsResult::Deny,
        (IdpsMode::Deny, bypass) => {
            let bypass = match bypass {
                Fit::May(needs) => needs,
                Fit::Yes | Fit::No => Vec::new(),
            };
            let mut needs = [policy.needs, signature.needs, bypass].concat();
            fit::dedup(&mut needs);
            IdpsResult::MayDeny(needs)
        }
    }
}

/// The modes that a policy or a signature can have.
struct Modes {
    laxest: IdpsMode,
    strictest: IdpsMode,
    /// What would settle it; empty where the two are one.
    needs: Vec<Need>,
}

impl Modes {
    fn exactly(mode: IdpsMode) -> Self {
        Self { laxest: mode, strictest: mode, needs: Vec::new() }
    }

    fn any(needs: Vec<Need>) -> Self {
        Self { laxest: IdpsMode::Off, strictest: IdpsMode::Deny, needs }
    }
}

/// The mode of the signature that fired: what the policy sets for it, else what the flow says.
fn signature_modes(idps: &Idps, hit: &IdpsHit) -> Modes {
    let written = match hit.mode {
        HitMode::Alert => IdpsMode::Alert,
        HitMode::Deny => IdpsMode::Deny,
    };
    let Some(id) = &hit.signature else { return Modes::exactly(written) };
    if !idps.unknown_overrides.is_empty() {
        return Modes::any(idps.unknown_overrides.clone());
    }
    match idps.overrides.get(id) {
        Some(SignatureMode::Known(mode)) => Modes::exactly(*mode),
        Some(SignatureMode::Unknown(need)) => Modes::any(vec![need.clone()]),
        None => Modes::exactly(written),
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
    let mut found =
        if bypass.unknown.is_empty() { Fit::Yes } else { Fit::May(bypass.unknown.clone()) };
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
