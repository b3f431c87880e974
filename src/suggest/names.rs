//! Names put together: a wildcard for many names below one.

use std::collections::{BTreeMap, BTreeSet};

use crate::net::{Fqdn, FqdnPattern};

/// Patterns that hold all of `names` and none of `denied`. A wildcard stands for `least` names or
/// more, never above the registrable domain: `*.blob.core.windows.net` belongs to many owners, and
/// the public suffix list knows it.
pub(super) fn patterns(
    names: &BTreeSet<Fqdn>,
    denied: &BTreeSet<Fqdn>,
    least: usize,
) -> BTreeSet<FqdnPattern> {
    let exact = |name: &Fqdn| FqdnPattern::Exact(name.clone());
    if least == 0 {
        return names.iter().map(exact).collect();
    }
    let mut below: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        for parent in parents(name.as_str()) {
            *below.entry(parent).or_default() += 1;
        }
    }
    let wildcard = |parent: &str| FqdnPattern::new(&format!("*.{parent}"));
    // The deepest parent that has enough names, where no denied name lies below it.
    let pattern = |name: &Fqdn| {
        parents(name.as_str())
            .filter(|parent| below.get(parent).is_some_and(|count| *count >= least))
            .filter_map(wildcard)
            .find(|wildcard| !denied.iter().any(|denied| wildcard.matches(denied)))
            .unwrap_or_else(|| exact(name))
    };
    names.iter().map(pattern).collect()
}

/// The names above `name`, deepest first, down to its registrable domain.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    let least = psl::domain_str(name).map_or(usize::MAX, str::len);
    let steps = std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1));
    steps.skip(1).take_while(move |parent| parent.len() >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(names: &[&str], denied: &[&str], least: usize) -> Vec<String> {
        let set = |names: &[&str]| names.iter().filter_map(|name| Fqdn::new(name)).collect();
        let found = patterns(&set(names), &set(denied), least);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_wildcard_stands_for_many_names() {
        let names = ["a.cdn.example.com", "b.cdn.example.com", "c.cdn.example.com", "example.com"];
        assert_eq!(shown(&names, &[], 3), ["example.com", "*.cdn.example.com"]);
        assert_eq!(shown(&names, &[], 4), shown(&names, &[], 0), "three are too few");
        assert_eq!(shown(&names, &["bad.cdn.example.com"], 3), shown(&names, &[], 0));
    }

    #[test]
    fn no_wildcard_reaches_over_owners() {
        let names =
            ["a.blob.core.windows.net", "b.blob.core.windows.net", "c.blob.core.windows.net"];
        assert_eq!(shown(&names, &[], 2), shown(&names, &[], 0));
        assert_eq!(shown(&["a.com", "b.com", "c.com"], &[], 2), ["a.com", "b.com", "c.com"]);
    }
}
