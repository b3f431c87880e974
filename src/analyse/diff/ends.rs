//! Where the flows of some rules begin and end: what lies elsewhere needs no look.

use crate::analyse::space::Cuts;
use crate::compile::{AddressCriterion, Ruleset};
use crate::evaluate::RuleRef;
use crate::net::IpSet;

/// All sources and destinations of some rules.
pub(super) struct Ends {
    sources: IpSet,
    destinations: IpSet,
}

impl Ends {
    /// The ends of the rules at these places in evaluation order.
    pub(super) fn of<'a>(rules: impl Iterator<Item = (&'a Ruleset, &'a Vec<usize>)>) -> Self {
        let (mut sources, mut destinations) = (Vec::new(), Vec::new());
        for (ruleset, places) in rules {
            let mut wanted = vec![false; ruleset.rules().count()];
            for &place in places {
                if let Some(wanted) = wanted.get_mut(place) {
                    *wanted = true;
                }
            }
            for (rule, _) in ruleset.rules().zip(wanted).filter(|(_, is_wanted)| *is_wanted) {
                let (from, to) = ruleset.ends(rule);
                sources.push(most(from));
                destinations.push(most(to));
            }
        }
        Self { sources: united(&sources), destinations: united(&destinations) }
    }

    /// Makes a space tell the ends apart.
    pub(super) fn add_to<'a>(&'a self, cuts: &mut Cuts<'a>) {
        cuts.add_ends(&self.sources, &self.destinations);
    }

    /// Whether a flow of the rule can have these ends.
    pub(super) fn meet(&self, ruleset: &Ruleset, rule: RuleRef) -> bool {
        let (from, to) = ruleset.ends(rule);
        meets(from, &self.sources) && meets(to, &self.destinations)
    }
}

/// The addresses that may be meant; `None`: all of them.
fn most(criterion: Option<&AddressCriterion>) -> Option<&IpSet> {
    criterion.filter(|criterion| criterion.unknown.is_empty()).map(|criterion| &criterion.known)
}

fn meets(criterion: Option<&AddressCriterion>, ends: &IpSet) -> bool {
    most(criterion).is_none_or(|known| known.overlaps(ends))
}

fn united(sets: &[Option<&IpSet>]) -> IpSet {
    if sets.iter().any(Option::is_none) {
        return IpSet::all();
    }
    sets.iter().flatten().flat_map(|set| set.ranges()).collect()
}
