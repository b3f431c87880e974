//! What the traffic of each rule was like.

use std::net::IpAddr;

use crate::logs::{LoggedAction, RecordKind};

use super::dictionary::{Code, Entry, as_number};
use super::finish::{Finish, action_of, kind_of};
use super::parts::Traffic;
use super::summary::{LoggedRule, WebRow};

/// Protocols and ports of the web, QUIC among them.
const WEB: [(&str, u16); 3] = [("tcp", 80), ("tcp", 443), ("udp", 443)];

impl Finish<'_> {
    /// What was seen of the rules of a policy, of which there are so many. `find` says which of them
    /// a record means.
    pub(super) fn traffic<'i>(
        &self,
        rules: usize,
        find: impl Fn(&LoggedRule) -> &'i [Code],
    ) -> Vec<Traffic> {
        let mut all = vec![Traffic::default(); rules];
        let mut each = |key: [Code; 4], see: &mut dyn FnMut(&mut Traffic)| {
            let Some(rule) = self.logged_rule(key) else { return };
            for &rule in find(&rule) {
                if let Some(traffic) = all.get_mut(rule as usize) {
                    see(traffic);
                }
            }
        };
        for ([policy, group, collection, rule, ..], [sources, targets]) in
            self.tables.rule_ends.of_rules()
        {
            each([policy, group, collection, rule], &mut |traffic| {
                traffic.sources.extend(sources.iter().filter_map(|code| self.address(*code)));
                traffic.destinations.extend(targets.iter().filter_map(|code| self.address(*code)));
                let names = targets.iter().filter(|code| self.address(**code).is_none());
                traffic.names.extend(names.filter_map(|code| self.text(*code)));
            });
        }
        for [policy, group, collection, rule, _, _, protocol, port] in
            self.tables.rule_ports.rows.keys()
        {
            let Some(port) = as_number(*port) else { continue };
            let protocol = self.text(*protocol).unwrap_or_default();
            each([*policy, *group, *collection, *rule], &mut |traffic| {
                traffic.ports.insert((protocol.clone(), port));
            });
        }
        for [policy, group, collection, rule, _, _, protocol, category] in
            self.tables.rule_words.rows.keys()
        {
            let (protocol, category) = (self.text(*protocol), self.text(*category));
            each([*policy, *group, *collection, *rule], &mut |traffic| {
                traffic.protocols.extend(protocol.clone());
                traffic.has_uncategorised |= category.is_none();
                traffic.web_categories.extend(category.clone());
            });
        }
        all
    }

    fn address(&self, code: Code) -> Option<IpAddr> {
        match self.dictionary.entry(code)? {
            Entry::Address(address) => Some(*address),
            Entry::Text(_) => None,
        }
    }

    /// Network rules come before application rules: what they allow is not filtered by name.
    pub(super) fn web_by_network_rules(&self) -> Vec<WebRow> {
        let is_public = |code| self.address(code).is_some_and(is_public);
        let public = self.tables.rule_ends.targets(is_public);
        let mut rows = Vec::new();
        for (key, measure) in &self.tables.rule_ports.rows {
            let [policy, group, collection, rule, kind, action, protocol, port] = *key;
            let is_allowed = kind_of(kind) == Some(RecordKind::Network)
                && action_of(action) == Some(LoggedAction::Allow);
            let (Some(protocol), Some(port)) = (self.text(protocol), as_number(port)) else {
                continue;
            };
            if !is_allowed || !WEB.contains(&(protocol.as_str(), port)) {
                continue;
            }
            let key = [policy, group, collection, rule, kind, action];
            let public = public.get(&key).copied().unwrap_or(0);
            if let Some(rule) = self.logged_rule([policy, group, collection, rule])
                && public > 0
            {
                let records = measure.count;
                rows.push(WebRow { rule, protocol, port, records, public_destinations: public });
            }
        }
        rows.sort_by(|a, b| {
            let key = |row: &WebRow| (row.rule.clone(), row.protocol.clone(), row.port);
            b.records.cmp(&a.records).then_with(|| key(a).cmp(&key(b)))
        });
        rows
    }
}

/// Whether an address is on the internet: neither private nor otherwise of the network itself.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let is_shared = a == 100 && (64..128).contains(&b);
            let is_azure = address.octets() == [168, 63, 129, 16];
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_unspecified()
                || is_shared
                || is_azure)
        }
        IpAddr::V6(address) => {
            !(address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_loopback()
                || address.is_multicast()
                || address.is_unspecified())
        }
    }
}
