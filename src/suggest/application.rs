//! Application rules for requests that were allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{RuleNames, head, made};
use super::fresh::{Bundles, Draft, Entries};
use super::names::patterns;
use super::services::Service;
use crate::net::{ApplicationProtocol, Fqdn, FqdnPattern, PathPattern, UrlPattern};
use crate::policy::{Application, ApplicationRule, Rule, Written};

type Names = BTreeSet<FqdnPattern>;
type Urls = BTreeSet<(Fqdn, PathPattern)>;

impl Draft<'_> {
    pub(super) fn application(&mut self) -> Vec<Rule> {
        let mut names = RuleNames::default();
        let mut rules = self.by_name(&mut names);
        rules.extend(self.by_url(&mut names));
        rules
    }

    fn by_name(&mut self, names: &mut RuleNames) -> Vec<Rule> {
        let mut by_protocol: Bundles<(Entries, Application), BTreeSet<Fqdn>> = BTreeMap::new();
        for (service, users, entries) in self.allowed() {
            if let Service::Name { application, name } = service {
                let (names, bundle) = by_protocol.entry((entries, *application)).or_default();
                names.insert(name.clone());
                bundle.add(users);
            }
        }
        let nothing = BTreeSet::new();
        let mut by_names: Bundles<(Entries, Names), Vec<Application>> = BTreeMap::new();
        for ((entries, application), (names, bundle)) in by_protocol {
            let denied = self.services.denied_names.get(&application).unwrap_or(&nothing);
            let targets = patterns(&names, denied, self.options.roll_up);
            let (applications, all) = by_names.entry((entries, targets)).or_default();
            applications.push(application);
            all.join(bundle);
        }
        let mut rules = Vec::new();
        for ((entries, targets), (applications, bundle)) in by_names {
            let wanted = rule_name(&applications, &targets);
            let mut head = head(&names.free(&wanted), bundle.times, bundle.sources.len());
            self.write(&entries, &mut head);
            rules.push(Rule::Application(ApplicationRule::of_fqdns(
                head,
                applications.iter().map(|one| made(Written::Value(*one))).collect(),
                targets.into_iter().map(|one| made(Written::Value(one))).collect(),
            )));
        }
        rules
    }

    fn by_url(&mut self, names: &mut RuleNames) -> Vec<Rule> {
        let mut by_protocol: Bundles<(Entries, Application), Urls> = BTreeMap::new();
        for (service, users, entries) in self.allowed() {
            if let Service::Url { application, host, path } = service {
                let (urls, bundle) = by_protocol.entry((entries, *application)).or_default();
                urls.insert((host.clone(), path.clone()));
                bundle.add(users);
            }
        }
        let mut by_urls: Bundles<(Entries, Urls), Vec<Application>> = BTreeMap::new();
        for ((entries, application), (urls, bundle)) in by_protocol {
            let (applications, all) = by_urls.entry((entries, urls)).or_default();
            applications.push(application);
            all.join(bundle);
        }
        let mut rules = Vec::new();
        for ((entries, urls), (applications, bundle)) in by_urls {
            let hosts = urls.iter().map(|(host, _)| FqdnPattern::Exact(host.clone()));
            let wanted = format!("{}-urls", rule_name(&applications, &hosts.collect()));
            let mut head = head(&names.free(&wanted), bundle.times, bundle.sources.len());
            self.write(&entries, &mut head);
            let url = |(host, path): (Fqdn, PathPattern)| {
                let host = FqdnPattern::Exact(host);
                made(Written::Value(UrlPattern::Valid { host, path }))
            };
            // The URL of HTTPS is seen only where the rule inspects it.
            let is_tls = applications.iter().any(|one| one.protocol == ApplicationProtocol::Https);
            rules.push(Rule::Application(ApplicationRule {
                target_urls: urls.into_iter().map(url).collect(),
                terminate_tls: is_tls.then(|| made(Written::Value(true))),
                ..ApplicationRule::of_fqdns(
                    head,
                    applications.iter().map(|one| made(Written::Value(*one))).collect(),
                    Vec::new(),
                )
            }));
        }
        rules
    }
}

fn rule_name(applications: &[Application], targets: &Names) -> String {
    let text = |pattern: &FqdnPattern| pattern.to_string().trim_start_matches("*.").to_owned();
    let owners: BTreeSet<String> = targets
        .iter()
        .map(|pattern| {
            let name = text(pattern);
            psl::domain_str(&name).map_or_else(|| name.clone(), str::to_owned)
        })
        .collect();
    match (targets.first(), targets.len(), owners.first(), owners.len()) {
        (Some(only), 1, ..) => text(only),
        (_, _, Some(owner), 1) => owner.clone(),
        _ => applications.first().map_or_else(String::new, |one| {
            format!("{}-{}", one.protocol, one.port).to_ascii_lowercase()
        }),
    }
}
