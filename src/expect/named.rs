//! What the target of a set of flows is known to be.

use crate::analyse::reach::internet;
use crate::compile::Ruleset;
use crate::net::{FqdnPattern, IpRange, IpSet};
use crate::syntax::query::AddressValue;
use crate::syntax::suite::{Addresses, Flows, Target};

/// The target with tags and names resolved as far as tables go.
pub(super) enum Resolved {
    /// Addresses, all of them known.
    Addresses(Vec<AddressValue>),
    /// Names, and where they resolve to.
    Names(Vec<FqdnPattern>, Option<Vec<AddressValue>>),
    /// No table lists the tag or the name: rules that name it themselves can be told all the same.
    Unlisted,
}

pub(super) fn resolved(ruleset: &Ruleset, flows: &Flows) -> Resolved {
    let destination = flows.destination.map(values);
    match &flows.target {
        Target::Addresses(place) => Resolved::Addresses(values(*place)),
        Target::Names(pattern) => Resolved::Names(vec![pattern.clone()], destination),
        Target::ServiceTag(tag) => match ruleset.tables.service_tag(tag) {
            Some(set) => Resolved::Addresses(set.ranges().map(AddressValue::Range).collect()),
            None => Resolved::Unlisted,
        },
        Target::FqdnTag(tag) => match ruleset.tables.fqdn_tag(tag) {
            Some(names) => Resolved::Names(names.to_vec(), destination),
            None => Resolved::Unlisted,
        },
        Target::AddressesOf(name) => match ruleset.tables.addresses(name) {
            Some([]) | None => Resolved::Unlisted,
            Some(addresses) => {
                let single = |address: &_| AddressValue::Range(IpRange::single(*address));
                Resolved::Addresses(addresses.iter().map(single).collect())
            }
        },
    }
}

/// The addresses as a question takes them.
pub(super) fn values(place: Addresses) -> Vec<AddressValue> {
    match place {
        Addresses::Any => vec![AddressValue::Any],
        Addresses::Internet => internet().ranges().map(AddressValue::Range).collect(),
        Addresses::Range(range) => vec![AddressValue::Range(range)],
    }
}

/// Whether a set holds an address of the Internet.
pub(super) fn is_public(set: &IpSet) -> bool {
    let public = internet();
    set.ranges().any(|range| {
        public.ranges().any(|other| range.first() <= other.last() && other.first() <= range.last())
    })
}
