//! Journeys through networks: our own small ones, and public cases where they are at hand.

mod carry;
mod policies;
mod public;
mod routes;
mod small;

use azfw::cluster::{Cluster, Document};
use azfw::compile::{self, compile};
use azfw::load;
use azfw::path::tags::VnetTag;
use azfw::path::topology::{Topology, read};
use azfw::path::{ClusterPolicies, Governed, Journey, NoData, Settings, World};
use azfw::source::{Source, Sources};
use serde_json::Value;

/// A network with the rules of its firewalls.
pub(super) struct Net {
    pub(super) topology: Topology,
    pub(super) rules: Vec<Governed>,
    pub(super) cluster: Cluster,
    pub(super) warnings: Vec<String>,
}

/// The network that files given as name and content describe.
pub(super) fn net(files: &[(&str, Value)]) -> Net {
    let mut sources = Sources::default();
    let ids: Vec<_> = files
        .iter()
        .map(|(name, value)| sources.add(Source::new(name, value.to_string())))
        .collect();
    let reading = read(&ids, &sources).expect("the files are JSON");
    let mut topology = reading.topology;
    let options = load::Options::default();
    let inventory = if reading.rule_sets.is_empty() {
        azfw::policy::Inventory::default()
    } else {
        load::read_all(&reading.rule_sets, &sources, &options).expect("rule sets can be read").0
    };
    topology.tables = inventory.tables.clone();
    let rules = topology.firewalls.iter().map(|firewall| {
        let policy = firewall.policy.as_ref().map(|id| id.name().to_owned());
        let options = compile::Options { policy, ..compile::Options::default() };
        let rules = compile(&inventory, &options).map(|it| it.0).map_err(|error| error.to_string());
        Governed { firewall: firewall.id.clone(), rules }
    });
    let rules = rules.collect();
    let warnings = reading.warnings.into_iter().map(|warning| warning.message).collect();
    let objects = files
        .iter()
        .flat_map(|(name, value)| Document::read_all(name, &value.to_string()).expect("JSON"));
    let documents: Vec<Document> = objects.filter(Document::is_kubernetes).collect();
    let (cluster, _) = Cluster::read(&documents);
    Net { topology, rules, cluster, warnings }
}

impl Net {
    pub(super) fn travel(&self, from: &str, to: &str, no_data: NoData) -> Journey {
        self.travel_with(from, to, Settings { vnet_tag: VnetTag::Azure, no_data })
    }

    pub(super) fn travel_with(&self, from: &str, to: &str, settings: Settings) -> Journey {
        let readings = self.cluster.engine().readings();
        let policies = &ClusterPolicies { cluster: &self.cluster, readings };
        let world = World { topology: &self.topology, rules: &self.rules, policies, settings };
        world.travel(from, to, None).unwrap_or_else(|error| panic!("{from} -> {to}: {error}"))
    }
}
