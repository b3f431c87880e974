//! The flows that are measured: the user's own or generated ones.

use clap::ValueEnum;

use super::BenchArgs;
use crate::analyse::traffic::{Mix, flows};
use crate::cli::args::GlobalArgs;
use crate::cli::check;
use crate::cli::failure::Failure;
use crate::compile::Ruleset;
use crate::flow::Flow;

/// How flows are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Traffic {
    /// Seven of ten aim at a rule, each rule as often as any other
    Uniform,
    /// As uniform, few flows often and many rarely, as in real logs
    Zipf,
    /// At and just outside the bounds of what rules name
    Boundary,
    /// All aim at the last rule
    LastRule,
    /// None aims at a rule
    NoMatch,
}

impl Traffic {
    fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::Boundary => "boundary",
            Self::LastRule => "last-rule",
            Self::NoMatch => "no-match",
        }
    }

    fn mix(self) -> Mix {
        match self {
            Self::Uniform => Mix::Uniform,
            Self::Zipf => Mix::Zipf,
            Self::Boundary => Mix::Boundary,
            Self::LastRule => Mix::LastRule,
            Self::NoMatch => Mix::NoMatch,
        }
    }
}

/// The flows to measure, by name. Without any choice: three generated mixes.
pub(super) fn of(
    args: &BenchArgs,
    global: &GlobalArgs,
    ruleset: &Ruleset,
) -> Result<Vec<(&'static str, Vec<Flow>)>, Failure> {
    let mut traffic = Vec::new();
    if !args.flows.is_empty() {
        traffic.push(("flows", check::flows(&args.flows)?));
    }
    if let Some(flows) = logged(args, global)? {
        traffic.push(("logs", flows));
    }
    let usual = [Traffic::Uniform, Traffic::Zipf, Traffic::NoMatch];
    let mixes: &[Traffic] = match args.traffic.as_slice() {
        [] if traffic.is_empty() => &usual,
        chosen => chosen,
    };
    for mix in mixes {
        traffic.push((mix.name(), flows(ruleset, mix.mix(), args.count.max(1), args.seed)));
    }
    Ok(traffic)
}

#[cfg(not(feature = "logs"))]
#[expect(clippy::unnecessary_wraps, reason = "with logs, reading them can fail")]
fn logged(_args: &BenchArgs, _global: &GlobalArgs) -> Result<Option<Vec<Flow>>, Failure> {
    Ok(None)
}

/// The flows of the logs, every record as often as it stands there.
#[cfg(feature = "logs")]
fn logged(args: &BenchArgs, global: &GlobalArgs) -> Result<Option<Vec<Flow>>, Failure> {
    use std::ops::ControlFlow;

    use crate::cli::log_inputs;
    use crate::logs::{LogRecord, Sink, case_of};

    /// More would only take memory: the figures do not change any more.
    const FLOWS_MAX: usize = 2_000_000;

    struct Flows(Vec<Flow>);

    impl Sink for Flows {
        fn record(&mut self, record: LogRecord) -> ControlFlow<()> {
            self.0.extend(case_of(&record).ok().map(|case| case.flow));
            if self.0.len() < FLOWS_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        }
    }

    if args.logs.is_empty() {
        return Ok(None);
    }
    let mut flows = Flows(Vec::new());
    let read = log_inputs::read(&args.logs, &args.reading, global, &mut flows)?;
    log_inputs::warn_of_rejects(&read, global);
    if flows.0.is_empty() {
        return Err(Failure::new(
            "the logs hold no flow",
            "network, application and NAT records are flows; DNS records are not",
        ));
    }
    Ok(Some(flows.0))
}
