//! `azfw test`: are flows treated as expected?

use std::fmt::Write as _;
use std::io::Write;
use std::mem;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::{GlobalArgs, OutputArgs, RulesetArgs};
use super::failure::Failure;
use super::inputs::{self, Loaded};
use super::{ExitStatus, output};
use crate::compile::Ruleset;
use crate::expect::coverage::coverage;
use crate::expect::generate::generate;
use crate::expect::mend::{Mend, mend};
use crate::expect::{Outcome, Run, Wanted, profile, run as run_tests};
use crate::report::sanitize::terminal_lines;
use crate::report::test::{self as rendered, Results};
use crate::source::{InputError, Source, SourceId, Sources, Span};
use crate::syntax::suite::{
    Level, Parameter, RawSuite, Suite, SuiteError, Unready, Values, all_missing, is_suite, read,
};
use crate::write;

/// Are flows treated as expected? Tests of a rule set, and what services of Azure need
///
/// Files of tests are told from those of the rule set by their content:
///   azfw test policy.json egress.txt
///   azfw test policy.json --profile aks --set region=westeurope --set source=10.240.0.0/16
///
/// Exit status: 0 all pass, 1 a test fails, 3 a test is undecided.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct TestArgs {
    /// Files and folders of the rule set, and files of tests (flow notation or YAML)
    #[arg(required_unless_present = "list_profiles", value_name = "POLICY or TESTS")]
    files: Vec<PathBuf>,
    /// What a service of Azure needs to reach; `--list-profiles` names them
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// An optional part of the profile that is needed too
    #[arg(long, value_name = "NAME")]
    feature: Vec<String>,
    /// List the built-in profiles and their parameters
    #[arg(long)]
    list_profiles: bool,
    /// Take Microsoft's word that an FQDN tag holds the names that its service needs
    #[arg(long)]
    assume_tags: bool,
    /// Run only tests that hold this text in flow, name, reason or group
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// End after the first test that does not pass
    #[arg(long)]
    fail_fast: bool,
    /// Print how many tests each rule decides
    #[arg(long)]
    coverage: bool,
    /// Write tests at the edges of every rule, with the verdicts of today, and run none
    #[arg(long, conflicts_with_all = ["profile", "coverage", "mend"])]
    generate: bool,
    /// Print only the rules that would make the tests pass
    #[arg(long, value_enum, value_name = "FORM")]
    mend: Option<MendForm>,
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
    Json,
    /// XML for build servers
    Junit,
    /// Annotations for GitHub Actions
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MendForm {
    /// The text form; a file that can stand beside the policy
    Text,
    /// An ARM template of the rule collection group
    Arm,
}

pub(super) fn run(args: &TestArgs, global: &GlobalArgs) -> Result<ExitStatus, Failure> {
    if args.list_profiles {
        return list_profiles(args);
    }
    let (files, raw) = suites(args)?;
    let values = inputs::pairs(&args.ruleset.readings.set, "--set")?.into_iter().collect();
    let mut suites = filled(&raw, &values)?;
    needed(&mut suites, &args.feature)?;
    let loaded = loaded(args, &files, &raw, &suites)?;
    let options = args.ruleset.compile_options();
    let (ruleset, loaded) = inputs::finished(loaded, &options, global)?;
    if args.generate {
        write_all(args, &terminal_lines(&generate(&ruleset)))?;
        return Ok(ExitStatus::Yes);
    }
    let wanted = Wanted {
        filter: args.filter.as_deref(),
        is_first_enough: args.fail_fast,
        deciders: args.coverage,
    };
    let run = run_tests(&ruleset, &suites, &wanted);
    if run.outcomes.is_empty() {
        return Err(Failure::new(
            "no test was run",
            match run.filtered {
                0 => "name a file of tests, or `--profile NAME`".to_owned(),
                count => format!("`--filter` left out all {count} tests"),
            },
        ));
    }
    let coverage = args.coverage.then(|| coverage(&ruleset, &run));
    let mend = wants_mend(args, &run).then(|| mended(args, &loaded, &ruleset, &run));
    let results = Results {
        ruleset: &ruleset,
        run: &run,
        coverage: coverage.as_ref(),
        mend: mend.as_ref(),
        is_profile: !args.profile.is_empty(),
    };
    match (args.mend, &mend) {
        (Some(form), Some(mend)) => print_mend(args, form, mend, global)?,
        (Some(_), None) => {
            if !global.quiet {
                anstream::eprintln!("note: no test fails, so no rule is needed");
            }
        }
        (None, _) => print(args, &results)?,
    }
    Ok(status(&run))
}

fn status(run: &Run<'_>) -> ExitStatus {
    if run.outcomes.iter().any(Outcome::is_failure) {
        ExitStatus::No
    } else if run.outcomes.iter().any(Outcome::is_open) {
        ExitStatus::Undecided
    } else {
        ExitStatus::Yes
    }
}

fn print(args: &TestArgs, results: &Results<'_>) -> Result<(), Failure> {
    match args.format {
        Format::Text => {
            let text = rendered::text(results, args.output.width());
            write_all(args, &terminal_lines(&text))
        }
        Format::Github => write_all(args, &terminal_lines(&rendered::github(results))),
        Format::Junit => write_all(args, &rendered::junit(results)),
        Format::Json => {
            let text = serde_json::to_string_pretty(&rendered::json(results))
                .map_err(|error| InputError::new(format!("cannot write JSON: {error}")))?;
            write_all(args, &(text + "\n"))
        }
    }
}

fn write_all(args: &TestArgs, text: &str) -> Result<(), Failure> {
    let mut out = args.output.writer()?;
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// A list of needs ends in the rules that would meet them; other tests only where they are asked for.
fn wants_mend(args: &TestArgs, run: &Run<'_>) -> bool {
    let is_wanted = args.mend.is_some() || !args.profile.is_empty();
    is_wanted && run.outcomes.iter().any(Outcome::is_failure)
}

fn mended(args: &TestArgs, loaded: &Loaded, ruleset: &Ruleset, run: &Run<'_>) -> Mend {
    let wrong: Vec<&Outcome<'_>> = run.outcomes.iter().filter(|it| it.is_failure()).collect();
    let name = match args.profile.as_slice() {
        [one] => one.to_ascii_lowercase(),
        [] => "tested-egress".to_owned(),
        several => several.join("-").to_ascii_lowercase(),
    };
    mend(&loaded.inventory, &args.ruleset.compile_options(), ruleset, &wrong, &name)
}

fn print_mend(
    args: &TestArgs,
    form: MendForm,
    mend: &Mend,
    global: &GlobalArgs,
) -> Result<(), Failure> {
    if !global.quiet {
        for (test, reason) in &mend.left {
            let text = format!("note: not mended: {test}: {reason}");
            anstream::eprintln!("{}", terminal_lines(&text));
        }
    }
    match form {
        MendForm::Text => write_all(args, &terminal_lines(&mend.text)),
        MendForm::Arm if mend.text.is_empty() => Ok(()),
        MendForm::Arm => {
            let written = write::arm(&mend.inventory);
            let warnings: Vec<_> = written
                .warnings
                .iter()
                .cloned()
                .map(|warning| crate::source::Warning { span: None, ..warning })
                .collect();
            output::warn(&warnings, &Sources::default(), global);
            write_all(args, &written.text)
        }
    }
}

/// The files of the rule set, and the tests of all other files and profiles.
fn suites(args: &TestArgs) -> Result<(Vec<PathBuf>, Vec<RawSuite>), Failure> {
    let (mut files, mut suites, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for file in &args.files {
        if file.is_dir() {
            files.push(file.clone());
            continue;
        }
        let text = inputs::text(file)?;
        if !is_suite(&text) {
            if file.as_os_str() == "-" {
                return Err(Failure::new(
                    "standard input holds no tests",
                    "give the rule set as files; a test is `allow https 10.0.0.4 -> www.example.com`",
                ));
            }
            files.push(file.clone());
            continue;
        }
        let name = inputs::shown_name(file);
        match read(&name, &text) {
            Ok(suite) => suites.push(suite),
            Err(error) => errors.push(shown(&name, &text, &error)),
        }
    }
    for name in &args.profile {
        match profile::profile(name) {
            Some(Ok(suite)) => suites.push(suite),
            Some(Err(error)) => errors.push(InputError::new(error.message)),
            None => {
                let known: Vec<_> = profile::names().map(|name| format!("`{name}`")).collect();
                errors.push(
                    InputError::new(format!("there is no profile `{name}`"))
                        .with_help(format!("there are {}", known.join(", "))),
                );
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    if suites.is_empty() && !args.generate {
        return Err(Failure::new(
            "no tests given",
            "name a file of tests such as `allow https 10.0.0.4 -> www.example.com:443`, or \
             `--profile NAME`; `--generate` writes tests",
        ));
    }
    Ok((files, suites))
}

/// The tests with the values of their parameters; what is missing is told at once.
fn filled(raw: &[RawSuite], values: &Values) -> Result<Vec<Suite>, Failure> {
    let (mut suites, mut missing, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    for suite in raw {
        match suite.filled(values) {
            Ok(suite) => suites.push(suite),
            Err(Unready::Missing(parameters)) => missing.push(parameters),
            Err(Unready::Errors(found)) => {
                let text = match profile::text(&suite.file) {
                    Some(text) => text.to_owned(),
                    None => inputs::text(&PathBuf::from(&suite.file)).unwrap_or_default(),
                };
                errors.extend(found.iter().map(|error| shown(&suite.file, &text, error)));
            }
        }
    }
    let missing = all_missing(missing);
    if !missing.is_empty() {
        return Err(no_values(&missing));
    }
    if errors.is_empty() { Ok(suites) } else { Err(errors.into()) }
}

fn no_values(missing: &[Parameter]) -> Failure {
    let names: Vec<_> = missing.iter().map(|it| format!("`{}`", it.name)).collect();
    let word = if missing.len() == 1 { "this parameter" } else { "these parameters" };
    let mut help = String::from("give");
    for parameter in missing {
        let _ = write!(help, "\n  --set {}=VALUE", parameter.name);
        if !parameter.about.is_empty() {
            let _ = write!(help, "   {}", parameter.about);
        }
    }
    Failure::new(format!("the tests need {word}: {}", names.join(", ")), help)
}

/// An error with the line that it speaks of.
fn shown(name: &str, text: &str, error: &SuiteError) -> InputError {
    let mut sources = Sources::default();
    let id: SourceId = sources.add(Source::new(name, text));
    let before = text.split_inclusive('\n').take(error.line.saturating_sub(1)).map(str::len);
    let start = before.sum::<usize>();
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
    let from = (start + error.column.saturating_sub(1)).min(start + line.len());
    let rest = text.get(from..start + line.len()).unwrap_or("");
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let shown = if error.line == 0 {
        InputError::new(format!("{name}: {}", error.message))
    } else {
        let span = Span { source: id, start: at(from), end: at(from + length) };
        InputError::at(error.message.clone(), &sources, span)
    };
    match &error.help {
        Some(help) => shown.with_help(help.clone()),
        None => shown,
    }
}

/// Makes the parts that are asked for needed.
fn needed(suites: &mut [Suite], features: &[String]) -> Result<(), Failure> {
    for feature in features {
        let mut is_known = false;
        for group in suites.iter_mut().flat_map(|suite| &mut suite.groups) {
            if group.name.eq_ignore_ascii_case(feature) {
                group.level = Level::Required;
                is_known = true;
            }
        }
        if !is_known {
            let groups = suites.iter().flat_map(|suite| &suite.groups);
            let mut known: Vec<_> = groups
                .filter(|group| group.level != Level::Required)
                .map(|group| format!("`{}`", group.name))
                .collect();
            known.dedup();
            return Err(Failure::new(
                format!("the tests have no part `{feature}`"),
                format!("optional parts are {}", known.join(", ")),
            ));
        }
    }
    Ok(())
}

/// Loads the rule set. A name that tests use need not be a parameter of a template.
fn loaded(
    args: &TestArgs,
    files: &[PathBuf],
    raw: &[RawSuite],
    suites: &[Suite],
) -> Result<Loaded, Failure> {
    let readings = &args.ruleset.readings;
    let mut options = inputs::load_options(readings, &readings.resolve)?;
    // A name can mean one thing in the tests and another in the template: `region`, for example.
    let names: Vec<String> = raw.iter().flat_map(RawSuite::parameter_names).collect();
    let template = &mut options.template;
    (template.last_resorts, template.values) = mem::take(&mut template.values)
        .into_iter()
        .partition(|(name, _)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
    let mut loaded = inputs::loaded_with(files, &options)?;
    if args.assume_tags {
        for (tag, names) in profile::assumed_tags(suites) {
            if loaded.inventory.tables.fqdn_tag(&tag).is_none() {
                loaded.inventory.tables.fqdn_tags.insert(tag.into(), names);
            }
        }
    }
    Ok(loaded)
}

fn list_profiles(args: &TestArgs) -> Result<ExitStatus, Failure> {
    let mut text = String::new();
    for name in profile::names() {
        let Some(Ok(suite)) = profile::profile(name) else { continue };
        let _ = writeln!(text, "{name}\n    {}", suite.title.as_deref().unwrap_or(""));
        for parameter in &suite.parameters {
            let word = if parameter.is_optional { "optional" } else { "needed" };
            let _ = writeln!(text, "    --set {}=…  {word}: {}", parameter.name, parameter.about);
        }
        let features = suite.optional_parts();
        if !features.is_empty() {
            let _ = writeln!(text, "    --feature {}", features.join(" | "));
        }
        let date = suite.date.as_deref().unwrap_or("date not known");
        let _ = writeln!(text, "    {} ({date})\n", suite.source.as_deref().unwrap_or(""));
    }
    write_all(args, &terminal_lines(&text))?;
    Ok(ExitStatus::Yes)
}
