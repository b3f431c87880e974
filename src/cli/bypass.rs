//! `azfw bypass`: what leaves subnets without passing the firewall.

use std::io::Write;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use super::ExitStatus;
use super::args::{GlobalArgs, OutputArgs};
use super::failure::Failure;
use super::topology::TopologyArgs;
use crate::net::IpSet;
use crate::path::bypass::{Allowed, SubnetBypass, Way, bypasses};
use crate::report::path as rendered;
use crate::source::InputError;

/// Which destinations leave each subnet without passing the firewall?
///
///   azfw bypass --topology exports
///
/// Exit status: 0 only what is allowed to (own network, peers), 1 something else bypasses the
/// firewall, 3 it depends on what is not known.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct BypassArgs {
    #[command(flatten)]
    topology: TopologyArgs,
    /// Only subnets with this name (or NETWORK/NAME); repeatable
    #[arg(long, value_name = "NAME")]
    subnet: Vec<String>,
    /// What else may: private-endpoints, service-endpoints, gateway, internet, other-appliances or a prefix
    #[arg(long, value_name = "WAY", value_delimiter = ',')]
    allow: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(args: &BypassArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let allowed = allowed(&args.allow)?;
    let exports = args.topology.exports(global)?;
    let mut found = bypasses(&exports.topology, &allowed);
    if found.is_empty() {
        return Err(Failure::new(
            "the files hold no subnet",
            "add the output of `az network vnet list -o json`",
        ));
    }
    if !args.subnet.is_empty() {
        found.retain(|subnet| args.subnet.iter().any(|name| is_called(subnet, name)));
        if found.is_empty() {
            return Err(Failure::new(
                format!("no subnet is called `{}`", args.subnet.join("`, `")),
                "leave out `--subnet` to see all",
            ));
        }
    }
    let text = match args.format {
        Format::Text => rendered::bypass_text(&found, args.output.width()),
        Format::Json => {
            let text = serde_json::to_string_pretty(&rendered::bypass_json(&found))
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            text + "\n"
        }
    };
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(if found.iter().any(SubnetBypass::is_breached) {
        ExitStatus::No
    } else if found.iter().any(SubnetBypass::is_open) {
        ExitStatus::Undecided
    } else {
        ExitStatus::Yes
    })
}

fn is_called(subnet: &SubnetBypass, name: &str) -> bool {
    match name.split_once('/') {
        Some((network, name)) => {
            subnet.network.eq_ignore_ascii_case(network) && subnet.subnet.eq_ignore_ascii_case(name)
        }
        None => subnet.subnet.eq_ignore_ascii_case(name),
    }
}

fn allowed(words: &[String]) -> Result<Allowed, Failure> {
    let mut allowed = Allowed::default();
    for word in words {
        match (Way::from_text(word), word.parse::<IpNet>()) {
            (Some(way), _) => allowed.ways.push(way),
            (None, Ok(prefix)) => {
                let prefix: IpSet = std::iter::once(prefix).collect();
                allowed.addresses = allowed.addresses.union(&prefix);
            }
            (None, Err(_)) => {
                return Err(Failure::new(
                    format!("`--allow {word}` is neither a way past the firewall nor a prefix"),
                    "ways are private-endpoints, service-endpoints, gateway, internet and other-appliances",
                ));
            }
        }
    }
    Ok(allowed)
}
