//! Profiles: what services of Azure need to reach, as tests. The files are in `rulesets/profiles/`.

use std::collections::BTreeMap;

use crate::net::FqdnPattern;
use crate::syntax::suite::{RawSuite, Suite, SuiteError, Target, Traffic, read};

/// The built-in profiles by name, in alphabetical order.
const PROFILES: [(&str, &str); 14] = [
    ("acr", include_str!("../../rulesets/profiles/acr.yaml")),
    ("aks", include_str!("../../rulesets/profiles/aks.yaml")),
    ("aks-21vianet", include_str!("../../rulesets/profiles/aks-21vianet.yaml")),
    ("aks-usgov", include_str!("../../rulesets/profiles/aks-usgov.yaml")),
    ("api-management", include_str!("../../rulesets/profiles/api-management.yaml")),
    (
        "app-service-environment-v2",
        include_str!("../../rulesets/profiles/app-service-environment-v2.yaml"),
    ),
    ("arc-kubernetes", include_str!("../../rulesets/profiles/arc-kubernetes.yaml")),
    ("arc-servers", include_str!("../../rulesets/profiles/arc-servers.yaml")),
    ("container-apps", include_str!("../../rulesets/profiles/container-apps.yaml")),
    (
        "container-apps-21vianet",
        include_str!("../../rulesets/profiles/container-apps-21vianet.yaml"),
    ),
    ("databricks", include_str!("../../rulesets/profiles/databricks.yaml")),
    ("hdinsight", include_str!("../../rulesets/profiles/hdinsight.yaml")),
    ("virtual-desktop", include_str!("../../rulesets/profiles/virtual-desktop.yaml")),
    ("virtual-desktop-usgov", include_str!("../../rulesets/profiles/virtual-desktop-usgov.yaml")),
];

/// The names of all profiles.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}

/// The text of a profile; `None`: there is none of that name.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    PROFILES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, text)| *text)
}

/// The profile of that name; `None`: there is none.
///
/// # Errors
/// Never for the profiles of this version: a test reads them all.
#[must_use]
pub fn profile(name: &str) -> Option<Result<RawSuite, SuiteError>> {
    let text = text(name)?;
    Some(read(&name.to_ascii_lowercase(), text))
}

/// The names that FQDN tags hold if Microsoft's word is taken that a tag holds all that a service
/// needs. Microsoft does not publish the tags themselves.
#[must_use]
pub fn assumed_tags(suites: &[Suite]) -> BTreeMap<String, Vec<FqdnPattern>> {
    let mut tags: BTreeMap<String, Vec<FqdnPattern>> = BTreeMap::new();
    for group in suites.iter().flat_map(|suite| &suite.groups) {
        let Some(tag) = &group.fqdn_tag else { continue };
        let names = tags.entry(tag.to_ascii_lowercase()).or_default();
        for traffic in group.tests.iter().flat_map(|test| &test.any) {
            if let Traffic::Flows(flows) = traffic
                && let Target::Names(pattern) = &flows.target
                && !names.contains(pattern)
            {
                names.push(pattern.clone());
            }
        }
    }
    tags
}
