//! Requests of one application protocol and port, told apart by name where that is enough, else by
//! URL.
//!
//! A source that was allowed one URL of a name and denied another needs rules by URL. So do the
//! others that asked for URLs of that name: they most likely met the same rule. A source that was
//! denied a name altogether is kept out of the rule's sources instead.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::observed::Times;
use super::services::{Service, Services, is_writable};
use crate::net::{Fqdn, FqdnPattern, PathPattern, RequestUrl, UrlPattern};
use crate::policy::Application;

/// A request, as far as an application rule looks at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct WebRequest<'a> {
    pub source: IpAddr,
    pub name: &'a Fqdn,
    pub url: Option<&'a RequestUrl>,
}

/// Requests of one application protocol and port.
#[derive(Debug, Default)]
pub(super) struct Web<'a> {
    allowed: Vec<(WebRequest<'a>, Times)>,
    denied: Vec<WebRequest<'a>>,
}

/// Who was denied what of a host.
#[derive(Debug, Default)]
struct DeniedAt<'a> {
    /// In requests of this name.
    sources: BTreeSet<IpAddr>,
    /// In requests of this name without a URL.
    without_url: BTreeSet<IpAddr>,
    /// In requests with a URL of this host.
    paths: BTreeMap<&'a str, BTreeSet<IpAddr>>,
}

impl DeniedAt<'_> {
    /// Who was denied a path of the pattern.
    fn held_by<'p>(&'p self, pattern: &'p PathPattern) -> impl Iterator<Item = &'p IpAddr> {
        let (PathPattern::Exact(start) | PathPattern::Below(start)) = pattern;
        let from = self.paths.range(start.as_str()..);
        let held = from.take_while(move |(path, _)| path.starts_with(start.as_str()));
        held.filter(|(path, _)| pattern.matches(path)).flat_map(|(_, sources)| sources)
    }
}

const NO_URL: &str =
    "their records hold no URL, and their source was denied a request of the same name";
const SAME_URL: &str = "no target URL tells them from a request that was denied to the same source";
const NOT_WRITABLE: &str = "no rule can hold such a name";

impl<'a> Web<'a> {
    pub(super) fn add(&mut self, request: WebRequest<'a>, allowed: Times, is_denied: bool) {
        if allowed.connections > 0 {
            self.allowed.push((request, allowed));
        }
        if is_denied {
            self.denied.push(request);
        }
    }

    pub(super) fn denied_names(&self) -> BTreeSet<Fqdn> {
        self.denied.iter().map(|request| request.name.clone()).collect()
    }

    /// Adds a service for each allowed request that can be told from every denied one.
    pub(super) fn separate(&self, application: Application, services: &mut Services) {
        let denied = self.denied_at();
        let nobody = DeniedAt::default();
        let mut hosts: BTreeMap<&Fqdn, BTreeSet<IpAddr>> = BTreeMap::new();
        let mut by_url: BTreeSet<&Fqdn> = BTreeSet::new();
        for (request, _) in &self.allowed {
            let host = request.url.map_or(request.name, |url| &url.host);
            hosts.entry(host).or_default().insert(request.source);
            let at = denied.get(request.name).unwrap_or(&nobody);
            if at.sources.contains(&request.source) {
                by_url.insert(request.name);
            }
        }
        for (request, times) in &self.allowed {
            let at = denied.get(request.name).unwrap_or(&nobody);
            let is_denied = at.sources.contains(&request.source);
            let url = request.url.filter(|_| by_url.contains(request.name));
            let pattern = url.and_then(|url| {
                let at = denied.get(&url.host).unwrap_or(&nobody);
                let peers = hosts.get(&url.host);
                let path = path_pattern(url, request.source, at, peers)?;
                let sources = at.held_by(&path).chain(&at.without_url).copied();
                let sources: BTreeSet<IpAddr> = sources.collect();
                Some((Service::Url { application, host: url.host.clone(), path }, sources))
            });
            let (service, sources) = match pattern {
                Some(found) => found,
                None if is_denied => {
                    let why = if request.url.is_some() { SAME_URL } else { NO_URL };
                    services.note(why, times.connections);
                    continue;
                }
                None if !is_writable(request.name) => {
                    services.note(NOT_WRITABLE, times.connections);
                    continue;
                }
                None => {
                    let service = Service::Name { application, name: request.name.clone() };
                    (service, at.sources.clone())
                }
            };
            let users = services.map.entry(service).or_default();
            users.allow(request.source, *times);
            users.denied.extend(sources);
        }
    }

    fn denied_at(&self) -> BTreeMap<&'a Fqdn, DeniedAt<'a>> {
        let mut denied: BTreeMap<&Fqdn, DeniedAt<'_>> = BTreeMap::new();
        for request in &self.denied {
            let at = denied.entry(request.name).or_default();
            at.sources.insert(request.source);
            match request.url {
                None => {
                    at.without_url.insert(request.source);
                }
                Some(url) => {
                    let at = denied.entry(&url.host).or_default();
                    at.paths.entry(url.path()).or_default().insert(request.source);
                }
            }
        }
        denied
    }
}

/// The shortest folder that holds the path of `url` and nothing that `peers` were denied, else the
/// path alone, unless that was denied to `source`. `peers` are those who were allowed something of
/// the host: who was denied all of it does not show where its URLs divide.
fn path_pattern(
    url: &RequestUrl,
    source: IpAddr,
    denied: &DeniedAt<'_>,
    peers: Option<&BTreeSet<IpAddr>>,
) -> Option<PathPattern> {
    if !is_writable(&url.host) {
        return None;
    }
    let is_peer = |source: &IpAddr| peers.is_some_and(|peers| peers.contains(source));
    let path = url.path();
    let ends = path.match_indices('/').skip(1).map(|(end, _)| end + 1);
    let folders =
        ends.filter_map(|end| path.get(..end)).map(|start| PathPattern::Below(start.into()));
    let is_free = |pattern: &PathPattern| !denied.held_by(pattern).any(is_peer);
    let is_own = |pattern: &PathPattern| !denied.held_by(pattern).any(|one| *one == source);
    let alone = PathPattern::Exact(path.strip_suffix('/').unwrap_or(path).into());
    folders
        .filter(is_free)
        .chain(Some(alone).filter(is_own))
        .find(|pattern| is_writable_path(&url.host, pattern))
}

/// Whether a rule can hold the path, and reads back as the same.
fn is_writable_path(host: &Fqdn, path: &PathPattern) -> bool {
    let pattern = UrlPattern::Valid { host: FqdnPattern::Exact(host.clone()), path: path.clone() };
    let (PathPattern::Exact(text) | PathPattern::Below(text)) = path;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-._~%@:+=".contains(c);
    text.chars().all(is_plain) && UrlPattern::new(&pattern.to_string()) == Some(pattern)
}
