#![doc = include_str!("../../../docs/checks/threat-intelligence-not-denying.md")]

use super::{Check, Context, Finding, Level};
use crate::policy::{Settings, SkuTier, ThreatIntelMode};
use crate::source::Span;

pub(super) const CHECK: Check = Check {
    name: "threat-intelligence-not-denying",
    summary: "threat intelligence is off or only alerts",
    page: include_str!("../../../docs/checks/threat-intelligence-not-denying.md"),
    controls: &["NS-3", "LT-1"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if !has_settings(context) {
        return Vec::new();
    }
    let mode = context.ruleset.threat_intel.mode;
    let (level, message) = match (mode, context.ruleset.tier) {
        // The Basic tier can only alert.
        (ThreatIntelMode::Deny, _) | (ThreatIntelMode::Alert, SkuTier::Basic) => return Vec::new(),
        (ThreatIntelMode::Alert, SkuTier::Standard | SkuTier::Premium) => (
            Level::Info,
            "threat intelligence only alerts: traffic from and to known bad ends passes",
        ),
        (ThreatIntelMode::Off, _) => (Level::Warning, "threat intelligence is off"),
    };
    vec![
        Finding::new(CHECK.name, level, message)
            .with_help("set `threatIntelMode` to Deny, after a look at the alerts of some weeks")
            .at(span(context)),
    ]
}

fn span(context: &Context<'_>) -> Option<Span> {
    of_settings(context, |settings| settings.threat_intel_mode.as_ref().and_then(|mode| mode.span))
}

/// Whether the files hold the policy that is evaluated, and not its groups alone.
pub(super) fn has_settings(context: &Context<'_>) -> bool {
    of_settings(context, |_| None).is_some()
}

/// Where the policy that is evaluated, or the classic firewall, sets something.
pub(super) fn of_settings(
    context: &Context<'_>,
    place: impl Fn(&Settings) -> Option<Span>,
) -> Option<Span> {
    let inventory = context.inventory;
    if let Some(name) = context.ruleset.policies.last() {
        let policy = inventory.policies.iter().find(|policy| policy.name.value == *name)?;
        return place(&policy.settings).or(policy.name.span);
    }
    let firewall = inventory.firewalls.first()?;
    place(&firewall.settings).or(firewall.name.span)
}
