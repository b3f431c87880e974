//! Labels and the selectors of Kubernetes.

use std::fmt;

use smol_str::SmolStr;

use super::item::{Item, Problems};
use crate::syntax::selector::Label;

/// The labels of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    // INVARIANT: sorted by key, keys differ.
    pairs: Vec<(SmolStr, SmolStr)>,
}

impl Labels {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.pairs.binary_search_by(|(known, _)| known.as_str().cmp(key)).ok()?;
        self.pairs.get(at).map(|(_, value)| value.as_str())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Sets one label.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        match self.pairs.binary_search_by(|(known, _)| known.as_str().cmp(key)) {
            Ok(at) => {
                if let Some(pair) = self.pairs.get_mut(at) {
                    pair.1 = value.into();
                }
            }
            Err(at) => self.pairs.insert(at, (key.into(), value.into())),
        }
    }

    /// Takes over the labels whose keys are not there.
    pub(super) fn inherit(&mut self, other: &Self) {
        for (key, value) in other.iter() {
            if self.get(key).is_none() {
                self.set(key, value);
            }
        }
    }

    pub(super) fn read(item: Option<Item<'_>>, problems: &mut Problems) -> Self {
        let mut labels = Self::default();
        let Some(item) = item else { return labels };
        for (key, value) in item.map(problems).into_iter().flatten() {
            match value.as_str() {
                Some(value) => labels.set(key, value),
                None => problems.add(&item, &format!("has a value for `{key}` that is no text")),
            }
        }
        labels
    }
}

/// A `LabelSelector`: everything it asks for has to hold. One that asks for nothing selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: SmolStr,
    operator: Operator,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    In(Vec<SmolStr>),
    NotIn(Vec<SmolStr>),
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Whether a thing with these labels is selected; `None` where that hangs on an unknown label.
    pub(super) fn matches<'a>(&self, label: &impl Fn(&str) -> Label<'a>) -> Option<bool> {
        let mut result = Some(true);
        for requirement in &self.requirements {
            match requirement.matches(label(&requirement.key)) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => result = None,
            }
        }
        result
    }

    /// Whether something is asked not to be there, which Azure NPM on Windows does not support.
    pub(super) fn has_negation(&self) -> bool {
        let is_negative = |requirement: &Requirement| match requirement.operator {
            Operator::NotIn(_) | Operator::DoesNotExist => true,
            Operator::In(_) | Operator::Exists => false,
        };
        self.requirements.iter().any(is_negative)
    }

    /// Reads a selector. What cannot be read is a problem.
    pub(super) fn read(item: &Item<'_>, problems: &mut Problems) -> Self {
        let mut requirements = Vec::new();
        if !item.only(&["matchLabels", "matchExpressions"], problems) {
            return Self { requirements };
        }
        for (key, value) in Labels::read(item.field("matchLabels"), problems).pairs {
            requirements.push(Requirement { key, operator: Operator::In(vec![value]) });
        }
        for expression in item.list("matchExpressions", problems) {
            requirements.extend(Requirement::read(&expression, problems));
        }
        Self { requirements }
    }

    /// The selector with its keys rewritten.
    pub(super) fn with_keys(mut self, change: impl Fn(&str) -> SmolStr) -> Self {
        for requirement in &mut self.requirements {
            requirement.key = change(&requirement.key);
        }
        self
    }
}

impl Requirement {
    fn matches(&self, label: Label<'_>) -> Option<bool> {
        let value = match label {
            Label::Is(value) => Some(value),
            Label::Absent => None,
            Label::Unknown => return None,
        };
        let is_in =
            |values: &[SmolStr]| value.is_some_and(|v| values.iter().any(|known| known == v));
        Some(match &self.operator {
            Operator::In(values) => is_in(values),
            Operator::NotIn(values) => !is_in(values),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        })
    }

    fn read(item: &Item<'_>, problems: &mut Problems) -> Option<Self> {
        if !item.only(&["key", "operator", "values"], problems) {
            return None;
        }
        let Some(key) = item.word("key", problems) else {
            problems.add(item, "has no `key`");
            return None;
        };
        let entries = item.list("values", problems);
        let values: Vec<SmolStr> =
            entries.iter().filter_map(|value| value.text(problems).map(SmolStr::new)).collect();
        let operator = match (item.word("operator", problems), values.is_empty()) {
            (Some("In"), false) => Operator::In(values),
            (Some("NotIn"), false) => Operator::NotIn(values),
            (Some("Exists"), true) => Operator::Exists,
            (Some("DoesNotExist"), true) => Operator::DoesNotExist,
            (operator, _) => {
                let operator = operator.unwrap_or_default();
                let is_known = ["In", "NotIn", "Exists", "DoesNotExist"].contains(&operator);
                let what = if is_known {
                    format!("has values that `{operator}` does not take")
                } else {
                    format!("has the unknown operator `{operator}`")
                };
                problems.add(item, &what);
                return None;
            }
        };
        Some(Self { key: key.into(), operator })
    }
}

impl fmt::Display for LabelSelector {
    /// `app=web,tier in (a,b),!old`, as kubectl writes selectors; `*` for one that selects all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.requirements.is_empty() {
            return f.write_str("*");
        }
        for (index, Requirement { key, operator }) in self.requirements.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match operator {
                Operator::In(values) => match values.as_slice() {
                    [value] => write!(f, "{key}={value}")?,
                    values => write!(f, "{key} in ({})", values.join(","))?,
                },
                Operator::NotIn(values) => match values.as_slice() {
                    [value] => write!(f, "{key}!={value}")?,
                    values => write!(f, "{key} notin ({})", values.join(","))?,
                },
                Operator::Exists => write!(f, "{key}")?,
                Operator::DoesNotExist => write!(f, "!{key}")?,
            }
        }
        Ok(())
    }
}
