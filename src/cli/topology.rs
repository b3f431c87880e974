//! Opening folders of exports: the network, and the rules of the firewalls in it.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, ReadingArgs};
use super::failure::Failure;
use super::{inputs, output};
use crate::cluster::{Cluster, Document, Engine};
use crate::compile::{self, Ruleset};
use crate::load;
use crate::path::tags::VnetTag;
use crate::path::topology::{self, Topology};
use crate::path::{ClusterPolicies, Governed, NoData, Settings};
use crate::policy::{Inventory, ResourceId};
use crate::source::{InputError, Source, Sources, Warning};
use crate::syntax::text::is_text_form;

/// What a folder of exports is made of.
const ENDINGS: [&str; 5] = ["json", "jsonc", "azfw", "yaml", "yml"];

/// Where the network is described, and how it is read.
#[derive(Debug, Args)]
pub(super) struct TopologyArgs {
    /// A folder (or file) of exports: `az … list|show -o json`, `kubectl get … -o json`; repeatable
    #[arg(long = "topology", value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Whether user-defined routes widen the tag `VirtualNetwork`
    #[arg(long, value_enum, default_value_t = Tag::Azure)]
    vnet_tag: Tag,
    /// What a layer without data does
    #[arg(long, value_enum, default_value_t = Missing::Undecided)]
    no_data: Missing,
    /// What enforces the policies of the cluster; else what the exports say
    #[arg(long, value_enum)]
    engine: Option<EngineName>,
    #[command(flatten)]
    readings: ReadingArgs,
}

/// Engines of network policy, as AKS calls them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    Calico,
    AzureNpm,
    Cilium,
}

impl EngineName {
    fn engine(self) -> Engine {
        match self {
            Self::Calico => Engine::Calico,
            Self::AzureNpm => Engine::Npm,
            Self::Cilium => Engine::Cilium,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tag {
    /// As Azure does: with a route for 0.0.0.0/0 the tag is everything
    Azure,
    /// Address spaces alone
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Missing {
    /// The answer is undecided
    Undecided,
    /// It lets everything through
    Allow,
}

/// A network and the rules of its firewalls.
pub(super) struct Exports {
    pub(super) topology: Topology,
    pub(super) rules: Vec<Governed>,
    cluster: Cluster,
    engine: Engine,
}

impl Exports {
    /// The policies of the cluster, read as its engine does.
    pub(super) fn policies(&self) -> ClusterPolicies<'_> {
        ClusterPolicies { cluster: &self.cluster, readings: self.engine.readings() }
    }
}

impl TopologyArgs {
    pub(super) fn settings(&self) -> Settings {
        Settings {
            vnet_tag: match self.vnet_tag {
                Tag::Azure => VnetTag::Azure,
                Tag::Strict => VnetTag::Strict,
            },
            no_data: match self.no_data {
                Missing::Undecided => NoData::Undecided,
                Missing::Allow => NoData::Allow,
            },
        }
    }

    /// `--resolve` without a name: the address of the destination.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.readings.resolve.iter().find_map(|text| address(text))
    }

    /// Reads all folders; prints warnings.
    pub(super) fn exports(&self, global: &GlobalArgs) -> Result<Exports, Failure> {
        let exports = exports(&self.folders, &self.readings, global)?;
        let engine = self.engine.map_or(exports.engine, EngineName::engine);
        Ok(Exports { engine, ..exports })
    }
}

/// A network and its firewalls' rules, from folders of exports; prints warnings.
pub(super) fn exports(
    folders: &[PathBuf],
    readings: &ReadingArgs,
    global: &GlobalArgs,
) -> Result<Exports, Failure> {
    let mut sources = Sources::default();
    let mut ids = Vec::new();
    let mut documents = Vec::new();
    let mut rule_sets = Vec::new();
    for file in inputs::files(folders, &ENDINGS)? {
        let name = file.display().to_string();
        let mut text = inputs::text(&file)?;
        if is_text_form(&text) {
            rule_sets.push(sources.add(Source::new(&name, text)));
            continue;
        }
        if is_yaml(&text) {
            // Manifests: the network is read of the same values as JSON.
            let found = Document::read_all(&name, &text)?;
            text = as_json(&found)?;
            documents.extend(found);
        } else if text.contains("\"apiVersion\"") {
            let found = Document::read_all(&name, &text)?;
            documents.extend(found.into_iter().filter(Document::is_kubernetes));
        }
        ids.push(sources.add(Source::new(&name, text)));
    }
    let (cluster, noted) = Cluster::read(&documents);
    let reading = topology::read(&ids, &sources)?;
    let (mut topology, mut warnings) = (reading.topology, reading.warnings);
    warnings.extend(noted);
    let mut inventory = Inventory::default();
    rule_sets.extend(reading.rule_sets);
    if !rule_sets.is_empty() {
        let resolved: Vec<String> =
            readings.resolve.iter().filter(|it| address(it).is_none()).cloned().collect();
        let options = inputs::load_options(readings, &resolved)?;
        let (found, noted) = load::read_all(&rule_sets, &sources, &options)?;
        inventory = found;
        warnings.extend(noted);
    }
    topology.tables = inventory.tables.clone();
    let rules = governed(readings, &topology, &inventory, &mut warnings);
    output::warn(&warnings, &sources, global);
    let engine = engine(&cluster, &topology);
    Ok(Exports { topology, rules, cluster, engine })
}

/// The rules of each firewall: those of its policy, else its own.
fn governed(
    readings: &ReadingArgs,
    topology: &Topology,
    inventory: &Inventory,
    warnings: &mut Vec<Warning>,
) -> Vec<Governed> {
    let mut all = Vec::new();
    for firewall in &topology.firewalls {
        let rules = match &firewall.policy {
            Some(policy) => of_policy(readings, inventory, policy, warnings),
            None => compiled(readings, inventory, &firewall.name, warnings),
        };
        all.push(Governed { firewall: firewall.id.clone(), rules });
    }
    all
}

fn of_policy(
    readings: &ReadingArgs,
    inventory: &Inventory,
    policy: &ResourceId,
    warnings: &mut Vec<Warning>,
) -> Result<Ruleset, String> {
    let is_there = inventory.policies.iter().any(|known| match &known.id {
        Some(id) => id.agrees_with(policy),
        None => known.name.value.eq_ignore_ascii_case(policy.name()),
    });
    let has_groups = inventory
        .groups
        .iter()
        .any(|group| group.policy.as_ref().is_some_and(|owner| owner.agrees_with(policy)));
    if !is_there && !has_groups {
        return Err(format!("firewall policy `{}` is not among the files", policy.name()));
    }
    compiled(readings, inventory, policy.name(), warnings)
}

fn compiled(
    readings: &ReadingArgs,
    inventory: &Inventory,
    name: &str,
    warnings: &mut Vec<Warning>,
) -> Result<Ruleset, String> {
    let options = readings.compile_options(Some(name.to_owned()));
    match compile::compile(inventory, &options) {
        Ok((ruleset, noted)) => {
            warnings.extend(noted);
            Ok(ruleset)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The engine that the pods or `az aks show` name; none where they differ.
fn engine(cluster: &Cluster, topology: &Topology) -> Engine {
    let mut named = topology.clusters.iter().map(|it| it.engine).chain([cluster.engine()]);
    let first = named.find(|engine| *engine != Engine::Unknown).unwrap_or_default();
    let differs = named.any(|engine| engine != Engine::Unknown && engine != first);
    if differs { Engine::Unknown } else { first }
}

fn address(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok()
}

fn is_yaml(text: &str) -> bool {
    !text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[', '/'])
}

fn as_json(documents: &[Document]) -> Result<String, Failure> {
    let values: Vec<_> = documents.iter().map(Document::value).collect();
    let text = serde_json::to_string(&values);
    Ok(text.map_err(|error| InputError::new(format!("cannot read as JSON: {error}")))?)
}
