//! Small rule sets of every shape that a file can hold, and flows that meet their rules: what
//! properties are tested with. Nothing in them makes sense, so everything meets everything.

mod flow;
mod pool;
mod rules;

use serde_json::{Value, json};

use crate::compile::{AppDestinationAddresses, DnatMode, NatInheritance, Options};
use crate::flow::Flow;
use crate::random::Random;

/// A rule set as the files of an export, with readings, and a source of flows.
#[derive(Debug)]
pub struct OddRuleset {
    /// Names and texts of the files.
    pub files: Vec<(String, String)>,
    pub options: Options,
    random: Random,
}

impl OddRuleset {
    /// The rule set of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut files = vec![json!({"value": pool::ip_groups()}), pool::service_tags()];
        files.extend(pool::side_tables(&mut random));
        if random.one_in(6) {
            files.push(rules::classic_firewall(&mut random));
        } else {
            files.extend(policies(&mut random));
        }
        let files = files.iter().enumerate();
        let files =
            files.map(|(number, file)| (format!("{number}.json"), file.to_string())).collect();
        let options = Options {
            policy: None,
            dnat: if random.one_in(3) { DnatMode::LegacyOverride } else { DnatMode::Terminal },
            nat_inheritance: if random.one_in(4) {
                NatInheritance::NotInherited
            } else {
                NatInheritance::Inherited
            },
            app_destination_addresses: if random.one_in(3) {
                AppDestinationAddresses::And
            } else {
                AppDestinationAddresses::Ignore
            },
        };
        Self { files, options, random }
    }

    /// The next flow.
    pub fn flow(&mut self) -> Flow {
        flow::flow(&mut self.random)
    }
}

/// A policy, often with a parent, and their rule collection groups.
fn policies(random: &mut Random) -> Vec<Value> {
    let mut files = Vec::new();
    let parent = random.one_in(2).then_some("parent");
    for name in parent.into_iter().chain(["child"]) {
        let base = parent.filter(|parent| *parent != name);
        files.push(json!({
            "type": "Microsoft.Network/firewallPolicies",
            "id": pool::id("firewallPolicies", name),
            "name": name,
            "properties": rules::settings(base, random),
        }));
        for number in 0..=random.below(3) {
            files.push(rules::group(name, number, random));
        }
    }
    files
}
