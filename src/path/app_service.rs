//! Access restrictions of App Service sites.
//!
//! In order: a private endpoint skips them; `publicNetworkAccess`; site rules by priority; the default,
//! which one rule of any kind turns from allow to deny
//! (<https://learn.microsoft.com/azure/app-service/overview-access-restrictions>).

use std::collections::BTreeMap;

use smol_str::{SmolStr, format_smolstr};

use super::hop::{HopVerdict, Layer};
use super::nsg::within;
use super::packet::Place;
use super::tags::Members;
use super::topology::{
    Access, PrivateEndpoint, Restriction, RestrictionSource, Site, Subnet, Topology,
};
use super::walk::{Step, Walk};
use crate::evaluate::Fit;

/// How traffic comes to a site.
#[derive(Debug, Clone, Copy)]
pub enum Via<'a> {
    Public,
    /// Through the service endpoint of this subnet: the site sees the subnet.
    ServiceEndpoint(&'a Subnet),
    PrivateEndpoint(&'a PrivateEndpoint),
}

/// What a site says to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// `None`: it depends on `needs`.
    pub access: Option<Access>,
    pub reason: String,
    pub needs: Vec<SmolStr>,
}

impl Admission {
    fn new(access: Access, reason: impl Into<String>) -> Self {
        Self { access: Some(access), reason: reason.into(), needs: Vec::new() }
    }
}

/// Headers of a request by lower-case name; `None`: not known.
pub type Headers = Option<BTreeMap<String, String>>;

/// Whether a site lets a request in.
#[must_use]
pub fn admission(
    site: &Site,
    topology: &Topology,
    source: &Place,
    via: Via<'_>,
    headers: &Headers,
) -> Admission {
    if let Via::PrivateEndpoint(endpoint) = via {
        let reason =
            format!("private endpoint {}: access restrictions do not apply", endpoint.name);
        return Admission::new(Access::Allow, reason);
    }
    let has_endpoint = site.id.as_ref().is_some_and(|id| {
        let mut services = topology.private_endpoints.iter().filter_map(|it| it.service.as_ref());
        services.any(|service| service.agrees_with(id))
    });
    match site.is_public {
        Some(false) => return Admission::new(Access::Deny, "public network access is disabled"),
        None if has_endpoint => {
            let reason = "public network access is not set, which means disabled where a private endpoint exists";
            return Admission::new(Access::Deny, reason);
        }
        None | Some(true) => {}
    }
    let Some(rules) = &site.restrictions else {
        return Admission {
            access: None,
            reason: "not evaluated (no data): access restrictions".to_owned(),
            needs: vec![format_smolstr!("`az webapp config show` of {}", site.name)],
        };
    };
    let mut candidates: Vec<(Access, Vec<SmolStr>)> = Vec::new();
    for rule in rules {
        match fit(rule, topology, source, via, headers) {
            Fit::No => {}
            Fit::Yes => {
                let reason = format!("access restriction {} ({})", rule.name, rule.priority);
                return settled(rule.access, reason, &candidates);
            }
            Fit::May(needs) => candidates.push((rule.access, needs)),
        }
    }
    let (access, reason) = match (site.default, rules.is_empty()) {
        (Some(access), _) => (access, "the default action"),
        (None, true) => (Access::Allow, "no access restrictions"),
        (None, false) => (
            Access::Deny,
            "no rule matches; with rules and no default action the rest is denied (403)",
        ),
    };
    settled(access, reason.to_owned(), &candidates)
}

fn settled(access: Access, reason: String, candidates: &[(Access, Vec<SmolStr>)]) -> Admission {
    if candidates.iter().all(|(other, _)| *other == access) {
        return Admission::new(access, reason);
    }
    let needs = candidates.iter().flat_map(|(_, needs)| needs.iter().cloned()).collect();
    Admission { access: None, reason: format!("it depends, else {reason}"), needs }
}

fn fit(
    rule: &Restriction,
    topology: &Topology,
    source: &Place,
    via: Via<'_>,
    headers: &Headers,
) -> Fit {
    let is_endpoint = matches!(via, Via::ServiceEndpoint(_));
    let ends = match &rule.source {
        RestrictionSource::Any => Fit::Yes,
        RestrictionSource::Prefixes(prefixes) if prefixes.iter().any(|it| it.prefix_len() == 0) => {
            Fit::Yes
        }
        // What comes through a service endpoint has a private address, which address rules do not
        // match outside an App Service Environment.
        RestrictionSource::Prefixes(_) | RestrictionSource::Tag(_) if is_endpoint => Fit::No,
        RestrictionSource::Prefixes(prefixes) => {
            within(source, &Members::known(prefixes.iter().collect()), "source")
        }
        RestrictionSource::Tag(tag) => match topology.tag(tag) {
            Some(set) => within(source, &Members::known(set.clone()), "source"),
            None => Fit::May(vec![format_smolstr!("service tag `{tag}`")]),
        },
        RestrictionSource::Subnet(id) => match via {
            Via::ServiceEndpoint(subnet) if subnet.id.agrees_with(id) => Fit::Yes,
            Via::ServiceEndpoint(_) | Via::Public | Via::PrivateEndpoint(_) => Fit::No,
        },
        RestrictionSource::Unknown(text) => Fit::May(vec![format_smolstr!("what `{text}` holds")]),
    };
    match (ends, header(rule, headers)) {
        (Fit::No, _) | (_, Fit::No) => Fit::No,
        (Fit::Yes, other) | (other, Fit::Yes) => other,
        (Fit::May(mut needs), Fit::May(more)) => {
            needs.extend(more);
            Fit::May(needs)
        }
    }
}

fn header(rule: &Restriction, headers: &Headers) -> Fit {
    let wanted = rule.headers.iter().filter(|(_, values)| !values.is_empty());
    let mut needs = Vec::new();
    for (name, values) in wanted {
        match headers {
            None => needs.push(format_smolstr!("header `{name}`")),
            Some(known) => {
                let value = known.get(name.as_str());
                let is_one = value
                    .is_some_and(|value| values.iter().any(|it| it.eq_ignore_ascii_case(value)));
                if !is_one {
                    return Fit::No;
                }
            }
        }
    }
    if needs.is_empty() { Fit::Yes } else { Fit::May(needs) }
}

impl<'a> Walk<'a> {
    /// The site that the destination's name means.
    pub(super) fn site_of_target(&self) -> Option<&'a Site> {
        let name = self.target.name.as_ref()?.as_str();
        self.world.topology.sites.iter().find(|site| {
            site.host_names.iter().any(|host| host == name)
                || name
                    .strip_suffix(".azurewebsites.net")
                    .is_some_and(|own| own.eq_ignore_ascii_case(&site.name))
        })
    }

    /// The access restrictions of the site that is called, where it is one.
    pub(super) fn admit(&mut self, via: Via<'a>) -> Step {
        let by_endpoint = match via {
            Via::PrivateEndpoint(endpoint) => endpoint.service.as_ref().and_then(|id| {
                let sites = &self.world.topology.sites;
                sites.iter().find(|site| site.id.as_ref().is_some_and(|own| own.agrees_with(id)))
            }),
            Via::Public | Via::ServiceEndpoint(_) => None,
        };
        let Some(site) = by_endpoint.or_else(|| self.site_of_target()) else { return Step::On };
        let admission = admission(site, self.world.topology, &self.packet.source, via, &None);
        let verdict = match admission.access {
            Some(Access::Deny) => HopVerdict::Deny,
            Some(Access::Allow | Access::AlwaysAllow) => HopVerdict::Allow,
            None => HopVerdict::Unknown,
        };
        let step =
            self.hop(Layer::AppService, &format!("app {}", site.name), verdict, &admission.reason);
        self.last(|hop| hop.needs = admission.needs.iter().map(ToString::to_string).collect());
        step
    }
}
