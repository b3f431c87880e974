//! Arguments that several commands share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::compile;

/// Arguments of every command.
#[derive(Debug, Args)]
pub(super) struct GlobalArgs {
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Print no warnings and no progress
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl GlobalArgs {
    /// Makes the choice of colour known to everything that prints.
    pub(super) fn apply(&self) {
        let choice = match self.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// How a rule set is read; for every command that evaluates one.
#[derive(Debug, Args)]
pub(super) struct RulesetArgs {
    /// The policy or classic firewall to use, when the files hold several
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    #[command(flatten)]
    pub(super) readings: ReadingArgs,
}

/// Switches for what Microsoft's documents leave open.
#[derive(Debug, Args)]
pub(super) struct ReadingArgs {
    /// Whether a deny network rule can override a DNAT rule
    #[arg(long, value_enum, default_value_t = Dnat::Terminal)]
    dnat: Dnat,
    /// A child policy does not run its parent's DNAT rules
    #[arg(long)]
    no_inherit_nat: bool,
    /// What `destinationAddresses` of an application rule does
    #[arg(long, value_enum, default_value_t = AppDestinationAddresses::Ignore)]
    app_destination_addresses: AppDestinationAddresses,
    /// A template parameter's value: NAME=VALUE
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// What a template's `reference()` comes to: publicIPAddresses/NAME=ADDRESS
    #[arg(long = "resolve", value_name = "RESOURCE=VALUE")]
    pub(super) resolve: Vec<String>,
    /// The cloud that a template's `environment()` speaks of
    #[arg(long, value_enum, default_value_t = Cloud::Public)]
    pub(super) cloud: Cloud,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Dnat {
    /// A DNAT match ends the walk
    Terminal,
    /// A network rule that denies the translated packet wins
    LegacyOverride,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AppDestinationAddresses {
    /// It has no effect
    Ignore,
    /// It limits the rule
    And,
}

/// A cloud of Azure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Cloud {
    Public,
    Usgov,
    China,
}

impl RulesetArgs {
    /// The options that compilation takes.
    pub(super) fn compile_options(&self) -> compile::Options {
        self.readings.compile_options(self.policy.clone())
    }
}

impl ReadingArgs {
    /// The options that compilation takes, for the policy called `policy`.
    pub(super) fn compile_options(&self, policy: Option<String>) -> compile::Options {
        compile::Options {
            policy,
            dnat: match self.dnat {
                Dnat::Terminal => compile::DnatMode::Terminal,
                Dnat::LegacyOverride => compile::DnatMode::LegacyOverride,
            },
            nat_inheritance: if self.no_inherit_nat {
                compile::NatInheritance::NotInherited
            } else {
                compile::NatInheritance::Inherited
            },
            app_destination_addresses: match self.app_destination_addresses {
                AppDestinationAddresses::Ignore => compile::AppDestinationAddresses::Ignore,
                AppDestinationAddresses::And => compile::AppDestinationAddresses::And,
            },
        }
    }
}

/// Where the result goes.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Write to FILE instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}
