//! The rule sets that all benches run on, generated with a fixed seed.

use azfw::compile::{Options, Ruleset, compile};
use azfw::generate::{EstateRules, estate};
use azfw::load;
use azfw::policy::Inventory;
use azfw::source::{Source, Sources};

const SEED: u64 = 7;

/// The JSON export of an estate.
pub(crate) fn export(rules: usize, kind: EstateRules) -> String {
    estate(rules, kind, SEED)
}

/// What the export holds.
pub(crate) fn loaded(export: &str) -> Inventory {
    let mut sources = Sources::default();
    let id = sources.add(Source::new("estate.json", export));
    load::read(id, &sources, &load::Options::default()).expect("an export that can be read").0
}

/// The rule set of the export.
pub(crate) fn compiled(inventory: &Inventory) -> Ruleset {
    compile(inventory, &Options::default()).expect("a whole rule set").0
}
