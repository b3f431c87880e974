//! The sets of `samples/`: which rule set, how much traffic, which files.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::Event;
use super::record::{Record, legacy_record, structured_record};
use super::simulation::Simulation;
use super::traffic::Traffic;
use crate::compile::Ruleset;
use crate::source::InputError;

/// One folder of `samples/`, made from the folder of the same name in `rulesets/`.
#[derive(Debug, Clone, Copy)]
pub struct SampleSet {
    pub name: &'static str,
    firewall: &'static str,
    seed: u64,
    flows: usize,
    gap_ms: u64,
    has_dns_log: bool,
    layout: Layout,
}

/// How records are laid out in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// The containers and folders of a storage account, both families.
    StorageAccount,
    /// One file for each family, the legacy one packed.
    TwoFiles,
    /// One file of the structured family.
    OneFile,
}

/// All sets.
pub const SAMPLE_SETS: [SampleSet; 3] = [
    SampleSet {
        name: "aks-egress",
        firewall: "FW-HUB-AKS",
        seed: 20_260_914,
        flows: 360,
        gap_ms: 18_000,
        has_dns_log: true,
        layout: Layout::StorageAccount,
    },
    SampleSet {
        name: "seed",
        firewall: "FW-BRANCH",
        seed: 4711,
        flows: 420,
        gap_ms: 4_000,
        has_dns_log: false,
        layout: Layout::TwoFiles,
    },
    SampleSet {
        name: "parent-child",
        firewall: "FW-SHOP",
        seed: 31,
        flows: 400,
        gap_ms: 5_000,
        has_dns_log: false,
        layout: Layout::OneFile,
    },
];

/// 14 September 2026, 08:20.
const START: Timestamp = Timestamp::constant(1_789_374_000, 0);

impl SampleSet {
    /// The files of the set, by path below its folder. What ends in `.gz` is to be packed.
    ///
    /// # Errors
    ///
    /// When the traffic table cannot be read or does not fit the rule set.
    pub fn files(
        &self,
        ruleset: &Ruleset,
        traffic: &str,
    ) -> Result<BTreeMap<String, String>, InputError> {
        let traffic = Traffic::table(traffic)?;
        let simulation = Simulation::new(ruleset, traffic, self.seed, START, self.gap_ms)?;
        let mut simulation = if self.has_dns_log { simulation.with_dns_log() } else { simulation };
        let mut files = BTreeMap::new();
        for event in simulation.events(self.flows) {
            for (path, record) in self.records(&event) {
                let file: &mut String = files.entry(path).or_default();
                file.push_str(&record.line);
                file.push('\n');
            }
        }
        Ok(files)
    }

    /// The records of an event and the files they go to.
    fn records(&self, event: &Event) -> Vec<(String, Record)> {
        let id = self.resource_id();
        let structured = structured_record(event, &id);
        match self.layout {
            Layout::StorageAccount => {
                let both = [structured, legacy_record(event, &id)];
                both.into_iter().map(|record| (record.blob_path(&id), record)).collect()
            }
            Layout::TwoFiles => vec![
                ("structured.json".into(), structured),
                ("legacy.json.gz".into(), legacy_record(event, &id)),
            ],
            Layout::OneFile => vec![("firewall.json".into(), structured)],
        }
    }

    fn resource_id(&self) -> String {
        format!(
            "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/RG-NETWORK\
             /PROVIDERS/MICROSOFT.NETWORK/AZUREFIREWALLS/{}",
            self.firewall
        )
    }
}
