//! `azfw check`: the verdict for flows.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::{ExitStatus, inputs};
use crate::compile::Ruleset;
use crate::evaluate::{Decision, Step, Verdict, evaluate};
use crate::flow::Flow;
use crate::report;
use crate::source::InputError;
use crate::syntax::flow::csv::FlowColumns;
use crate::syntax::flow::json::{FlowError, flow_from_json};
use crate::syntax::suite::{Traffic, expectation};
use crate::syntax::value::ValueError;

/// What does this rule set do with these flows, and why?
///
/// An argument with `->` is a flow, every other one a file or folder of the rule set:
///   azfw check policy.json "https 10.0.0.4 -> www.example.com:443"
///
/// Exit status: 0 all allowed (or as expected), 1 a flow is denied (or not as expected),
/// 3 a flow is undecided.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct CheckArgs {
    /// Files and folders of the rule set, and flows
    #[arg(required = true, value_name = "POLICY or FLOW")]
    arguments: Vec<String>,
    /// Flows from a file (JSON lines, CSV or flow notation); `-` is standard input
    #[arg(long, value_name = "FILE")]
    flows: Vec<PathBuf>,
    /// Print the walk: every rule that was looked at and why it was passed over
    #[arg(long)]
    explain: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    ruleset: RulesetArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    /// One array
    Json,
    /// One object a line
    Jsonl,
}

/// A flow and, where it is written, the verdict that its author expects.
struct Question {
    flow: Flow,
    expected: Option<Decision>,
}

/// How many flows had which verdict.
#[derive(Default)]
struct Tally {
    allow: usize,
    deny: usize,
    undecided: usize,
    unexpected: usize,
    /// Flows that answer "no": denied without being expected to be, or not as expected.
    no: usize,
    open: usize,
}

pub(super) fn run(args: &CheckArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    let (flows, files): (Vec<_>, Vec<_>) =
        args.arguments.iter().partition(|argument| argument.contains("->"));
    let files: Vec<PathBuf> = files.into_iter().map(PathBuf::from).collect();
    let (ruleset, _) = inputs::ruleset(&files, &args.ruleset, global)?;
    let questions = questions(&flows, &args.flows)?;
    let mut out = args.output.writer()?;
    let mut tally = Tally::default();
    if args.format == Format::Json {
        writeln!(out, "[")?;
    }
    for (index, question) in questions.iter().enumerate() {
        let mut steps: Vec<Step> = Vec::new();
        let verdict = if args.explain {
            evaluate(&ruleset, &question.flow, &mut steps)
        } else {
            evaluate(&ruleset, &question.flow, &mut ())
        };
        tally.count(question, &verdict);
        match args.format {
            Format::Text => {
                let walk = args.explain.then_some(steps.as_slice());
                write_text(&mut out, &ruleset, question, &verdict, walk)?;
            }
            Format::Json => {
                let comma = if index + 1 < questions.len() { "," } else { "" };
                writeln!(out, "{}{comma}", json_line(&ruleset, question, &verdict)?)?;
            }
            Format::Jsonl => writeln!(out, "{}", json_line(&ruleset, question, &verdict)?)?,
        }
    }
    match args.format {
        Format::Text if questions.len() > 1 => writeln!(out, "{}", tally.line())?,
        Format::Json => writeln!(out, "]")?,
        Format::Text | Format::Jsonl => {}
    }
    out.flush()?;
    Ok(tally.status())
}

fn write_text(
    out: &mut dyn Write,
    ruleset: &Ruleset,
    question: &Question,
    verdict: &Verdict,
    walk: Option<&[Step]>,
) -> io::Result<()> {
    let text = report::verdict::text(ruleset, &question.flow, verdict);
    write!(out, "{}", report::sanitize::terminal_lines(&text))?;
    if let Some(expected) = question.expected.filter(|expected| *expected != verdict.decision) {
        writeln!(out, "           EXPECTED {}", expected.name())?;
    }
    if let Some(steps) = walk {
        let text = report::explain::text(ruleset, &question.flow, verdict, steps);
        writeln!(out, "{}", report::sanitize::terminal_lines(&text))?;
    }
    Ok(())
}

fn json_line(ruleset: &Ruleset, question: &Question, verdict: &Verdict) -> Result<String, Failure> {
    let json = report::verdict::json(ruleset, &question.flow, verdict);
    serde_json::to_string(&json)
        .map_err(|error| InputError::new(format!("cannot write JSON: {error}")).into())
}

impl Tally {
    fn count(&mut self, question: &Question, verdict: &Verdict) {
        match verdict.decision {
            Decision::Allow => self.allow += 1,
            Decision::Deny => self.deny += 1,
            Decision::Undecided => self.undecided += 1,
        }
        match question.expected {
            Some(expected) if expected == verdict.decision => {}
            Some(_) => {
                self.unexpected += 1;
                self.no += 1;
            }
            None => {
                self.no += usize::from(verdict.decision == Decision::Deny);
                self.open += usize::from(verdict.decision == Decision::Undecided);
            }
        }
    }

    fn line(&self) -> String {
        let total = self.allow + self.deny + self.undecided;
        let mut line = format!(
            "{total} flows: {} allowed, {} denied, {} undecided",
            self.allow, self.deny, self.undecided
        );
        if self.unexpected > 0 {
            let _ = write!(line, "; {} not as expected", self.unexpected);
        }
        line
    }

    fn status(&self) -> ExitStatus {
        if self.no > 0 {
            ExitStatus::No
        } else if self.open > 0 {
            ExitStatus::Undecided
        } else {
            ExitStatus::Yes
        }
    }
}

fn questions(arguments: &[&String], files: &[PathBuf]) -> Result<Vec<Question>, Failure> {
    let mut questions = Vec::new();
    let mut errors = Vec::new();
    for text in arguments {
        notation(text, "the command line", None, &mut questions, &mut errors);
    }
    let stdin = [PathBuf::from("-")];
    let files = if arguments.is_empty() && files.is_empty() { &stdin[..] } else { files };
    for file in files {
        let text = inputs::text(file)?;
        from_file(&file.display().to_string(), &text, &mut questions, &mut errors);
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if questions.is_empty() {
        return Err(Failure::new(
            "no flow to check",
            "give a flow such as \"tcp 10.0.0.4 -> 192.0.2.7:443\", or `--flows FILE`",
        ));
    }
    Ok(questions)
}

/// The flows of files, for other commands.
pub(super) fn flows(files: &[PathBuf]) -> Result<Vec<Flow>, Failure> {
    Ok(questions(&[], files)?.into_iter().map(|question| question.flow).collect())
}

/// Reads flows from JSON lines, CSV or flow notation, told apart by the first line that says
/// something.
fn from_file(name: &str, text: &str, questions: &mut Vec<Question>, errors: &mut Vec<InputError>) {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    match first {
        Some(line) if line.starts_with('{') => json_lines(name, text, questions, errors),
        Some(line) if !line.contains("->") && line.contains(',') => {
            csv_rows(name, text, questions, errors);
        }
        Some(_) | None => {
            for (index, line) in text.lines().enumerate() {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    notation(line, name, Some(index + 1), questions, errors);
                }
            }
        }
    }
}

fn json_lines(name: &str, text: &str, questions: &mut Vec<Question>, errors: &mut Vec<InputError>) {
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{name}:{}", index + 1);
        match serde_json::from_str(line) {
            Ok(value) => question(&place, flow_from_json(&value), questions, errors),
            Err(error) => {
                let message = format!("{place}: column {}: {error}", error.column());
                errors.push(InputError::new(message).with_help("write one JSON object a line"));
            }
        }
    }
}

fn csv_rows(name: &str, text: &str, questions: &mut Vec<Question>, errors: &mut Vec<InputError>) {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(header) => FlowColumns::new(header.iter()),
        Err(error) => return errors.push(InputError::new(format!("{name}: {error}"))),
    };
    let columns = match columns {
        Ok(columns) => columns,
        Err(error) => return errors.push(flow_error(&format!("{name}:1"), error)),
    };
    for row in reader.records() {
        match row {
            Ok(row) => {
                let line = row.position().map_or(0, csv::Position::line);
                question(&format!("{name}:{line}"), columns.flow(row.iter()), questions, errors);
            }
            Err(error) => errors.push(InputError::new(format!("{name}: {error}"))),
        }
    }
}

fn question(
    place: &str,
    flow: Result<Flow, FlowError>,
    questions: &mut Vec<Question>,
    errors: &mut Vec<InputError>,
) {
    match flow {
        Ok(flow) => questions.push(Question { flow, expected: None }),
        Err(error) => errors.push(flow_error(place, error)),
    }
}

fn flow_error(place: &str, error: FlowError) -> InputError {
    let shown = InputError::new(format!("{place}: {error}"));
    match error.help {
        Some(help) => shown.with_help(help),
        None => shown,
    }
}

fn notation(
    text: &str,
    name: &str,
    line: Option<usize>,
    questions: &mut Vec<Question>,
    errors: &mut Vec<InputError>,
) {
    match expected_flow(text) {
        Ok(question) => questions.push(question),
        Err(error) => {
            let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
            let message = format!(
                "{place}: in flow `{text}`, column {}: {}",
                error.offset + 1,
                error.message
            );
            let shown = InputError::new(message);
            errors.push(match error.help {
                Some(help) => shown.with_help(help),
                None => shown,
            });
        }
    }
}

/// A line as `azfw test` reads it. What it states of rules and stages is left to that command.
fn expected_flow(text: &str) -> Result<Question, ValueError> {
    let read = expectation(text)?;
    match read.traffic {
        Traffic::Flow(flow) => {
            Ok(Question { flow: *flow, expected: read.verdict.map(Into::into) })
        }
        Traffic::Flows(flows) => Err(ValueError {
            message: format!("`{flows}` is a set of flows"),
            help: Some(
                "write one address and one port, or ask `azfw test` or `azfw find`, which take sets"
                    .to_owned(),
            ),
            offset: 0,
        }),
    }
}
