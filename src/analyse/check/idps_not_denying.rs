#![doc = include_str!("../../../docs/checks/idps-not-denying.md")]

use super::threat_intelligence_not_denying::of_settings;
use super::{Check, Context, Finding, Level};
use crate::policy::{IdpsMode, SkuTier};

pub(super) const CHECK: Check = Check {
    name: "idps-not-denying",
    summary: "a Premium policy whose intrusion detection is off or only alerts",
    page: include_str!("../../../docs/checks/idps-not-denying.md"),
    controls: &["NS-4"],
    run,
};

fn run(context: &Context<'_>) -> Vec<Finding> {
    if context.ruleset.tier != SkuTier::Premium {
        return Vec::new();
    }
    let (level, message) = match context.ruleset.idps.mode {
        IdpsMode::Deny => return Vec::new(),
        IdpsMode::Alert => (Level::Info, "IDPS only alerts: what it recognises passes"),
        IdpsMode::Off => (Level::Warning, "IDPS is off, although the policy is Premium"),
    };
    let span = of_settings(context, |settings| {
        settings.intrusion_detection.as_ref().and_then(|idps| idps.mode.as_ref()?.span)
    });
    vec![
        Finding::new(CHECK.name, level, message)
            .with_help("set `intrusionDetection.mode` to Deny, with overrides for signatures that hit wanted traffic")
            .at(span),
    ]
}
