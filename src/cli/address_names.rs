//! What addresses are called: a list of the user's, IP Groups, service tags.

use std::path::{Path, PathBuf};

use clap::Args;
use smol_str::SmolStr;

use super::failure::Failure;
use super::inputs;
use crate::net::{AddressNames, IpRange, IpSet};
use crate::policy::{Address, Inventory, Written};
use crate::source::{InputError, Source, Sources, Span};
use crate::syntax::names;

/// Where names of addresses come from.
#[derive(Debug, Args)]
pub(super) struct NameArgs {
    /// Names of subnets to show beside addresses: lines such as `10.1.0.0/16 spoke-a`, or CSV.
    /// IP Groups and service tags of `--policy` name the others
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
}

impl NameArgs {
    /// The names of the list, then those of the IP Groups, then those of service tags.
    pub(super) fn address_names(
        &self,
        inventory: Option<&Inventory>,
    ) -> Result<Option<AddressNames>, Failure> {
        let mut all = AddressNames::default();
        if let Some(file) = &self.names {
            all.push(listed(file)?);
        }
        if let Some(inventory) = inventory {
            all.push_ip_groups(ip_groups(inventory));
            all.push(service_tags(inventory));
        }
        Ok(Some(all).filter(|names| !names.is_empty()))
    }
}

fn listed(file: &Path) -> Result<Vec<(IpRange, SmolStr)>, Failure> {
    let text = inputs::text(file)?;
    names::address_names(&text).map_err(|error| {
        let mut sources = Sources::default();
        let source = sources.add(Source::new(&file.display().to_string(), &*text));
        let start = u32::try_from(error.offset).unwrap_or(u32::MAX);
        let shown = InputError::at(error.message, &sources, Span { source, start, end: start });
        match error.help {
            Some(help) => shown.with_help(help).into(),
            None => shown.into(),
        }
    })
}

fn ip_groups(inventory: &Inventory) -> Vec<(IpRange, SmolStr)> {
    let mut named = Vec::new();
    for group in &inventory.ip_groups {
        for entry in &group.addresses {
            if let Written::Value(Address::Range(range)) = &entry.value {
                named.push((*range, group.name.value.clone()));
            }
        }
    }
    named
}

/// `AzureCloud` and its regions hold everything of Azure: a name that says nothing.
const CLOUD: &str = "azurecloud";

fn service_tags(inventory: &Inventory) -> Vec<(IpRange, SmolStr)> {
    let tables = &inventory.tables;
    let mut names: Vec<&SmolStr> =
        tables.service_tags.iter().flat_map(|file| file.tags.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut named = Vec::new();
    for name in names.into_iter().filter(|name| !name.starts_with(CLOUD)) {
        let ranges = tables.service_tag(name).into_iter().flat_map(IpSet::ranges);
        named.extend(ranges.map(|range| (range, name.clone())));
    }
    named
}
