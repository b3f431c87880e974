//! Tests of rule sets: lines in flow notation, or YAML. Shape and meaning: `docs/test.md`.

mod line;
mod parameters;
mod raw;
mod stated;
mod traffic;
mod yaml;

use std::collections::BTreeMap;

use crate::syntax::flow::ExpectedVerdict;

pub use line::expectation;
pub use raw::{RawSuite, all_missing, is_suite, read};
pub use stated::Stated;
pub use traffic::{Addresses, Flows, Target, Traffic};

/// Values of parameters, by name.
pub type Values = BTreeMap<String, String>;

/// The tests of one file, with all parameters filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The file, or the name of a built-in profile.
    pub file: String,
    pub title: Option<String>,
    pub groups: Vec<Group>,
}

/// Tests that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Empty: the tests of the file that stand in no group.
    pub name: String,
    pub level: Level,
    /// Where the facts are from.
    pub source: Option<String>,
    /// The date of the source.
    pub date: Option<String>,
    /// An FQDN tag of which the source says that it holds the names of this group.
    pub fqdn_tag: Option<String>,
    pub tests: Vec<Test>,
}

/// How much it matters that the tests of a group pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    #[default]
    Required,
    /// A failure is told and does not count.
    Recommended,
    /// Needed by those who use the feature: a failure is counted apart.
    Optional,
}

impl Level {
    pub const ALL: [Self; 3] = [Self::Required, Self::Recommended, Self::Optional];

    /// The word as written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Recommended => "recommended",
            Self::Optional => "optional",
        }
    }
}

/// A flow or a set of flows, and what is expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Counts from one.
    pub line: usize,
    /// Counts from one, in characters.
    pub column: usize,
    pub name: Option<String>,
    pub why: Option<String>,
    /// The first that is as expected suffices. Empty where a parameter that may be left out is.
    pub any: Vec<Traffic>,
    /// Parameters that may be left out, were, and would make a part of the test.
    pub unset: Vec<String>,
    pub expected: ExpectedVerdict,
    pub stated: Option<Stated>,
}

/// A parameter that a file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub about: String,
    pub default: Option<String>,
    /// Tests that need it are left out where it has no value.
    pub is_optional: bool,
}

/// Something wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteError {
    /// Counts from one; 0: no place.
    pub line: usize,
    /// Counts from one, in characters.
    pub column: usize,
    pub message: String,
    pub help: Option<String>,
}

/// Why the tests of a file cannot be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unready {
    /// Parameters without a value, each with what the file says of it.
    Missing(Vec<Parameter>),
    Errors(Vec<SuiteError>),
}
