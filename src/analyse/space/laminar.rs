//! The axes of names and paths: texts under texts, as intervals.
//!
//! `*` is only legal at the left end of a host name, so a pattern is a text that the *reversed* name
//! begins with; a path pattern is one that the path begins with. Two such sets are nested or
//! disjoint. Numbered in the order of a walk through the tree of all patterns, each is one interval.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::Set;

/// A tree of texts: points are texts of their own, prefixes stand for all texts that begin so.
#[derive(Debug, Clone)]
pub struct Laminar {
    /// Text to its atom.
    points: HashMap<String, u32>,
    /// Prefix to its atoms; the last one holds what is under the prefix and not told apart.
    prefixes: HashMap<String, (u32, u32)>,
    /// Last and first atom of each prefix, by the last.
    nested: Vec<(u32, u32)>,
    /// What each atom holds, from the first on.
    atoms: Vec<Atom>,
    first: u32,
}

/// What one atom holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Atom {
    /// This text alone.
    Point(String),
    /// Texts that begin so and that no point and no longer prefix holds.
    Under(String),
}

#[derive(Clone, Copy, Default)]
struct Marks {
    is_point: bool,
    is_prefix: bool,
}

impl Laminar {
    /// The tree of `points` and `prefixes` below `root`, with atoms from `first` on.
    #[must_use]
    pub fn new(
        root: &str,
        points: impl IntoIterator<Item = String>,
        prefixes: impl IntoIterator<Item = String>,
        first: u32,
    ) -> Self {
        let mut texts: BTreeMap<String, Marks> = BTreeMap::new();
        for text in points {
            texts.entry(text).or_default().is_point = true;
        }
        for text in prefixes {
            texts.entry(text).or_default().is_prefix = true;
        }
        texts.entry(root.to_owned()).or_default().is_prefix = true;
        let mut tree = Self {
            points: HashMap::new(),
            prefixes: HashMap::new(),
            nested: Vec::new(),
            atoms: Vec::new(),
            first,
        };
        let mut open: Vec<(String, u32)> = Vec::new();
        // Texts below a prefix follow it directly in the order of bytes.
        for (text, marks) in texts.into_iter().filter(|(text, _)| text.starts_with(root)) {
            while let Some((prefix, start)) =
                open.pop_if(|(prefix, _)| !text.starts_with(&**prefix))
            {
                tree.close(prefix, start);
            }
            let start = tree.next();
            if marks.is_point {
                tree.points.insert(text.clone(), start);
                tree.atoms.push(Atom::Point(text.clone()));
            }
            if marks.is_prefix {
                open.push((text, start));
            }
        }
        while let Some((prefix, start)) = open.pop() {
            tree.close(prefix, start);
        }
        tree.nested = tree.prefixes.values().map(|&(first, last)| (last, first)).collect();
        tree.nested.sort_unstable();
        tree
    }

    fn next(&self) -> u32 {
        self.first + u32::try_from(self.atoms.len()).unwrap_or(u32::MAX)
    }

    fn close(&mut self, prefix: String, start: u32) {
        let end = self.next();
        self.atoms.push(Atom::Under(prefix.clone()));
        self.prefixes.insert(prefix, (start, end));
    }

    /// All atoms.
    #[must_use]
    pub fn all(&self) -> Set {
        Set::interval(self.first, self.next() - 1)
    }

    /// The atom of a text that the tree holds as a point.
    #[must_use]
    pub fn point(&self, text: &str) -> Set {
        self.points.get(text).map_or_else(Set::empty, |&atom| Set::interval(atom, atom))
    }

    /// The atoms of all texts that begin with a prefix that the tree holds.
    #[must_use]
    pub fn prefix(&self, text: &str) -> Set {
        let interval = self.prefixes.get(text);
        interval.map_or_else(Set::empty, |&(first, last)| Set::interval(first, last))
    }

    /// What an atom holds.
    #[must_use]
    pub fn atom(&self, atom: u32) -> Option<&Atom> {
        self.atoms.get(atom.checked_sub(self.first)? as usize)
    }

    /// A set as few patterns, each in `word`s; what a pattern holds too much follows in brackets.
    #[must_use]
    pub fn words(&self, set: &Set, word: &impl Fn(&Atom) -> String) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = set.clone();
        let mut at = self.first;
        // From the outside in: a prefix begins where it begins and ends as late as it can.
        for (first, last) in self.prefixes_of(set) {
            let Some(under) = self.atom(last).filter(|_| rest.contains(last)) else { continue };
            let whole = Set::interval(first, last);
            let outside = whole.difference(set);
            let mut pattern = word(under);
            if !outside.is_empty() {
                let _ = write!(pattern, " (not {})", self.words(&outside, word).join(", "));
            }
            words.extend(self.points(&rest, at, first, word));
            words.push(pattern);
            rest = rest.difference(&whole);
            at = first;
        }
        words.extend(self.points(&rest, at, u32::MAX, word));
        words
    }

    /// The prefixes whose last atom is in a set, outer ones first.
    fn prefixes_of(&self, set: &Set) -> Vec<(u32, u32)> {
        let mut prefixes = Vec::new();
        for &(from, to) in set.intervals() {
            let start = self.nested.partition_point(|&(last, _)| last < from);
            let nested = self.nested.iter().skip(start).take_while(|&&(last, _)| last <= to);
            prefixes.extend(nested.map(|&(last, first)| (first, last)));
        }
        prefixes.sort_unstable_by_key(|&(first, last)| (first, std::cmp::Reverse(last)));
        prefixes
    }

    /// The points of a set from one atom up to another one.
    fn points(
        &self,
        set: &Set,
        from: u32,
        to: u32,
        word: &impl Fn(&Atom) -> String,
    ) -> Vec<String> {
        let Some(last) = to.checked_sub(1) else { return Vec::new() };
        let wanted = set.intersection(&Set::interval(from, last));
        let atoms = wanted.intervals().iter().flat_map(|&(first, last)| first..=last);
        atoms.filter_map(|atom| self.atom(atom)).map(word).collect()
    }

    /// The atom that holds `text`; `None` when it does not begin with the root.
    #[must_use]
    pub fn locate(&self, text: &str) -> Option<u32> {
        if let Some(&atom) = self.points.get(text) {
            return Some(atom);
        }
        let ends = text.char_indices().map(|(index, _)| index).chain([text.len()]);
        let mut prefixes = ends.rev().filter_map(|end| self.prefixes.get(text.get(..end)?));
        prefixes.next().map(|&(_, under)| under)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_interval_holds_what_begins_with_its_prefix(
            points in prop::collection::vec("[ab.]{0,4}", 0..6),
            prefixes in prop::collection::vec("[ab.]{0,4}", 0..6),
            text in "[abc.]{0,6}",
        ) {
            let tree = Laminar::new("", points.clone(), prefixes.clone(), 1);
            let atom = tree.locate(&text).unwrap();
            for prefix in &prefixes {
                prop_assert_eq!(tree.prefix(prefix).contains(atom), text.starts_with(&**prefix));
            }
            for point in &points {
                prop_assert_eq!(tree.point(point).contains(atom), &text == point);
            }
            prop_assert!(tree.all().contains(atom));
        }
    }

    #[test]
    fn the_root_limits_the_tree() {
        let tree = Laminar::new("/", ["/a".to_owned()], ["/b/".to_owned()], 0);
        assert_eq!(tree.locate("elsewhere"), None);
        assert_eq!(tree.all(), Set::interval(0, 2));
        assert_eq!(tree.atom(1), Some(&Atom::Under("/b/".into())));
    }
}
