//! `azfw convert`: a rule set in another form.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, ReadingArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs, output};
use crate::policy::{FirewallPolicy, Inventory, ResourceId};
use crate::source::Severity;
use crate::write;

/// Writes a rule set in another form: text, ARM template, CSV, Markdown, Terraform
#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// Files and folders of the rule set, in any form that is read
    #[arg(required = true, value_name = "POLICY")]
    files: Vec<PathBuf>,
    /// The form to write
    #[arg(long, value_enum)]
    to: Target,
    /// Only this policy with its parent, or this classic firewall, and the IP Groups
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    #[command(flatten)]
    readings: ReadingArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The text form, for review (`.azfw`)
    Text,
    /// An ARM template that can be deployed
    Arm,
    /// A table of rules
    Csv,
    /// A listing for people
    Markdown,
    /// Code for the azurerm provider
    Terraform,
}

pub(super) fn run(args: &ConvertArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let loaded = inputs::loaded(&args.files, &args.readings)?;
    let inventory = match &args.policy {
        Some(name) => only(loaded.inventory, name)?,
        None => loaded.inventory,
    };
    let inventory = inventory.without_repeats();
    let is_there = !inventory.policies.is_empty()
        || !inventory.groups.is_empty()
        || !inventory.firewalls.is_empty()
        || !inventory.ip_groups.is_empty();
    if !is_there {
        return Err(Failure::new(
            "the files hold no rule set",
            "side tables are not converted: give the files of a policy, a firewall or IP Groups",
        ));
    }
    let written = match args.to {
        Target::Text => write::text(&inventory),
        Target::Arm => write::arm(&inventory),
        Target::Csv => write::csv(&inventory),
        Target::Markdown => write::markdown(&inventory),
        Target::Terraform => write::terraform(&inventory),
    };
    let mut warnings = loaded.warnings;
    warnings.extend(written.warnings.iter().cloned());
    output::warn(&warnings, &loaded.sources, global);
    if written.is_another_rule_set() {
        let errors = written.warnings.iter().filter(|it| it.severity == Severity::Error).count();
        let things = if errors == 1 { "1 thing".to_owned() } else { format!("{errors} things") };
        return Err(Failure::new(
            format!(
                "nothing is written: {things} of the rule set cannot be expressed in this form"
            ),
            "see the errors above; `--to text` can express everything",
        ));
    }
    let mut out = args.output.writer()?;
    out.write_all(written.text.as_bytes())?;
    out.flush()?;
    Ok(ExitStatus::Yes)
}

/// The policy called `name` with its parent and the groups of both, or the firewall of that name.
fn only(inventory: Inventory, name: &str) -> Result<Inventory, Failure> {
    let is_called = |found: &str| found.eq_ignore_ascii_case(name);
    let policy = inventory.policies.iter().find(|policy| is_called(&policy.name.value)).cloned();
    let firewalls: Vec<_> =
        inventory.firewalls.iter().filter(|it| is_called(&it.name.value)).cloned().collect();
    let Some(policy) = policy else {
        if firewalls.is_empty() {
            return Err(unknown(&inventory, name));
        }
        return Ok(Inventory { policies: Vec::new(), groups: Vec::new(), firewalls, ..inventory });
    };
    let parent = policy.base.as_ref().and_then(|base| {
        inventory.policies.iter().find(|parent| id(parent).agrees_with(&base.value)).cloned()
    });
    let is_single = inventory.policies.len() == 1;
    let policies: Vec<FirewallPolicy> = parent.into_iter().chain([policy]).collect();
    let mut groups = inventory.groups;
    groups.retain(|group| match &group.policy {
        Some(of) => policies.iter().any(|policy| id(policy).agrees_with(of)),
        None => is_single,
    });
    Ok(Inventory { policies, groups, firewalls: Vec::new(), ..inventory })
}

fn id(policy: &FirewallPolicy) -> ResourceId {
    policy.id.clone().unwrap_or_else(|| {
        ResourceId::without_scope("Microsoft.Network/firewallPolicies", &[&policy.name.value])
    })
}

fn unknown(inventory: &Inventory, name: &str) -> Failure {
    let policies = inventory.policies.iter().map(|policy| &policy.name.value);
    let firewalls = inventory.firewalls.iter().map(|firewall| &firewall.name.value);
    let mut known: Vec<String> =
        policies.chain(firewalls).map(|name| format!("`{name}`")).collect();
    known.sort();
    known.dedup();
    let help = match known.join(", ") {
        none if none.is_empty() => "the files hold neither".to_owned(),
        known => format!("the files hold {known}"),
    };
    Failure::new(format!("no policy or firewall is called `{name}`"), help)
}
