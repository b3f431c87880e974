//! Tests as a file holds them, and the same with the values of parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::line::{Expectation, expectation, verdict};
use super::traffic::{Target, Traffic};
use super::yaml::{self, Entry};
use super::{
    Group, Level, Parameter, Stated, Suite, SuiteError, Test, Unready, Values, parameters,
};
use crate::flow::Name;
use crate::syntax::flow::ExpectedVerdict;
use crate::syntax::flow::json::flow_from_json;
use crate::syntax::value::ValueError;

/// The tests of one file, parameters not yet filled in.
#[derive(Debug, Clone)]
pub struct RawSuite {
    pub file: String,
    pub title: Option<String>,
    pub source: Option<String>,
    pub date: Option<String>,
    /// Those that the file declares.
    pub parameters: Vec<Parameter>,
    groups: Vec<RawGroup>,
}

#[derive(Debug, Clone)]
struct RawGroup {
    name: String,
    level: Level,
    source: Option<String>,
    date: Option<String>,
    fqdn_tag: Option<String>,
    defaults: Map<String, Value>,
    tests: Vec<RawTest>,
}

#[derive(Debug, Clone)]
struct RawTest {
    line: usize,
    column: usize,
    entry: Entry,
}

/// Fields of a test that say nothing of the flow.
const NOT_OF_FLOWS: [&str; 9] =
    ["name", "flow", "any", "expect", "stage", "rule", "translated", "alerts", "why"];
const YAML_KEYS: [&str; 7] =
    ["title:", "source:", "date:", "parameters:", "defaults:", "tests:", "groups:"];

fn first_line(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim());
    lines.find(|line| !line.is_empty() && !line.starts_with('#') && *line != "---")
}

fn is_yaml(text: &str) -> bool {
    first_line(text).is_some_and(|line| YAML_KEYS.iter().any(|key| line.starts_with(key)))
}

/// Whether `text` looks like tests, and not like a rule set.
#[must_use]
pub fn is_suite(text: &str) -> bool {
    let is_lines = first_line(text)
        .is_some_and(|line| line.contains("->") && !line.starts_with(['{', '[', '"']));
    is_yaml(text) || is_lines
}

/// Reads the tests of a file.
///
/// # Errors
/// The file is no YAML of the form.
pub fn read(file: &str, text: &str) -> Result<RawSuite, SuiteError> {
    if is_yaml(text) {
        return yaml::file(text).map(|read| from_yaml(file, read));
    }
    let lines = text.lines().enumerate();
    let tests = lines.filter_map(|(index, line)| {
        let said = line.trim_start_matches('\u{feff}').trim();
        (!said.is_empty() && !said.starts_with('#')).then(|| RawTest {
            line: index + 1,
            column: 1,
            entry: Entry::Line(line.trim_start_matches('\u{feff}').to_owned()),
        })
    });
    let group = RawGroup {
        name: String::new(),
        level: Level::Required,
        source: None,
        date: None,
        fqdn_tag: None,
        defaults: Map::new(),
        tests: tests.collect(),
    };
    Ok(RawSuite {
        file: file.to_owned(),
        title: None,
        source: None,
        date: None,
        parameters: Vec::new(),
        groups: vec![group],
    })
}

fn from_yaml(file: &str, read: yaml::File) -> RawSuite {
    let tests = |entries: Vec<serde_saphyr::Spanned<Entry>>| -> Vec<RawTest> {
        let number = |number: u64| usize::try_from(number).unwrap_or(0);
        let place = |entry: serde_saphyr::Spanned<Entry>| RawTest {
            line: number(entry.referenced.line()),
            column: number(entry.referenced.column()),
            entry: entry.value,
        };
        entries.into_iter().map(place).collect()
    };
    let alone = RawGroup {
        name: String::new(),
        level: Level::Required,
        source: read.source.clone(),
        date: read.date.clone(),
        fqdn_tag: None,
        defaults: read.defaults.clone(),
        tests: tests(read.tests),
    };
    let (source, date) = (read.source, read.date);
    let groups = read.groups.into_iter().map(|group| {
        let mut defaults = read.defaults.clone();
        defaults.extend(group.defaults);
        RawGroup {
            name: group.name,
            level: group.level.into(),
            source: group.source.or_else(|| source.clone()),
            date: group.date.or_else(|| date.clone()),
            fqdn_tag: group.fqdn_tag,
            defaults,
            tests: tests(group.tests),
        }
    });
    let parameter = |it: yaml::Parameter| Parameter {
        name: it.name,
        about: it.about,
        default: it.default,
        is_optional: it.optional,
    };
    let groups = std::iter::once(alone).chain(groups).filter(|it| !it.tests.is_empty()).collect();
    RawSuite {
        file: file.to_owned(),
        title: read.title,
        parameters: read.parameters.into_iter().map(parameter).collect(),
        groups,
        source,
        date,
    }
}

impl RawSuite {
    /// The names of all parameters that are declared or used.
    #[must_use]
    pub fn parameter_names(&self) -> BTreeSet<String> {
        let declared = self.parameters.iter().map(|parameter| parameter.name.clone());
        let entries = self.groups.iter().flat_map(|group| &group.tests).map(|test| &test.entry);
        let defaults = self.groups.iter().map(|group| Value::Object(group.defaults.clone()));
        let defaults = defaults.flat_map(|value| parameters::names(&value.to_string()));
        declared.chain(entries.flat_map(names_of)).chain(defaults).collect()
    }

    /// The names of the parts that not every user needs.
    #[must_use]
    pub fn optional_parts(&self) -> Vec<&str> {
        let optional = self.groups.iter().filter(|group| group.level != Level::Required);
        let mut names: Vec<&str> = optional.map(|group| group.name.as_str()).collect();
        names.dedup();
        names
    }

    /// The tests with the values of their parameters.
    ///
    /// # Errors
    /// Parameters without a value, all of them at once; or what is wrong with the tests.
    pub fn filled(&self, values: &Values) -> Result<Suite, Unready> {
        let mut values = values.clone();
        for parameter in &self.parameters {
            if let Some(default) = &parameter.default {
                values.entry(parameter.name.clone()).or_insert_with(|| default.clone());
            }
        }
        let optional = self.parameters.iter().filter(|parameter| parameter.is_optional);
        let optional: BTreeSet<&str> = optional.map(|parameter| parameter.name.as_str()).collect();
        let is_missing =
            |name: &String| !values.contains_key(name) && !optional.contains(name.as_str());
        let missing: Vec<_> = self.parameter_names().into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            let declared =
                |name: String| {
                    self.parameters.iter().find(|it| it.name == name).cloned().unwrap_or(
                        Parameter { name, about: String::new(), default: None, is_optional: false },
                    )
                };
            return Err(Unready::Missing(missing.into_iter().map(declared).collect()));
        }
        let mut errors = Vec::new();
        let groups = self.groups.iter().map(|group| group.filled(&values, &mut errors)).collect();
        if !errors.is_empty() {
            return Err(Unready::Errors(errors));
        }
        Ok(Suite { file: self.file.clone(), title: self.title.clone(), groups })
    }
}

fn names_of(entry: &Entry) -> BTreeSet<String> {
    match entry {
        Entry::Line(line) => parameters::names(without_remark(line)),
        Entry::AnyOf(lines) => lines.iter().flat_map(|line| parameters::names(line)).collect(),
        Entry::Fields(fields) => {
            let said = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "why" | "name"));
            said.flat_map(|(_, value)| parameters::names(&value.to_string())).collect()
        }
    }
}

/// A line without what stands behind its second `#`: `<…>` in a remark is no parameter.
fn without_remark(line: &str) -> &str {
    let mut marks = line.match_indices(" #").map(|(at, _)| at);
    match (marks.next(), marks.next()) {
        (Some(_), Some(second)) => line.get(..second).unwrap_or(line),
        (_, _) => line,
    }
}

impl RawGroup {
    fn filled(&self, values: &Values, errors: &mut Vec<SuiteError>) -> Group {
        let mut tests = Vec::new();
        for test in &self.tests {
            let filling = Filling { defaults: &self.defaults, values, unset: Vec::new() };
            match filling.test(test) {
                Ok(test) => tests.push(test),
                Err(error) => errors.push(SuiteError {
                    line: test.line,
                    column: test.column + error.offset,
                    message: error.message,
                    help: error.help,
                }),
            }
        }
        Group {
            name: self.name.clone(),
            level: self.level,
            source: self.source.clone(),
            date: self.date.clone(),
            fqdn_tag: self.fqdn_tag.clone(),
            tests,
        }
    }
}

/// What one test becomes.
struct Filling<'a> {
    defaults: &'a Map<String, Value>,
    values: &'a Values,
    unset: Vec<String>,
}

impl Filling<'_> {
    fn test(mut self, raw: &RawTest) -> Result<Test, ValueError> {
        let mut test = Test {
            line: raw.line,
            column: raw.column,
            name: None,
            why: None,
            any: Vec::new(),
            unset: Vec::new(),
            expected: ExpectedVerdict::Allow,
            stated: None,
        };
        let expected = match &raw.entry {
            Entry::Line(line) => self.lines(&mut test, std::slice::from_ref(line))?,
            Entry::AnyOf(lines) => self.lines(&mut test, lines)?,
            Entry::Fields(fields) => {
                let mut all = self.defaults.clone();
                all.extend(fields.clone());
                self.fields(&mut test, &all)?
            }
        };
        test.expected = match (expected, self.defaults.get("expect")) {
            (Some(expected), _) => expected,
            (None, Some(value)) => verdict(&plain(value))?,
            (None, None) => {
                return Err(wrong(
                    "the test does not say what is expected",
                    "write `allow`, `deny` or `undecided` before the flow",
                ));
            }
        };
        test.unset = self.unset;
        Ok(test)
    }

    /// Reads lines of which the first that is as expected suffices.
    fn lines(
        &mut self,
        test: &mut Test,
        lines: &[String],
    ) -> Result<Option<ExpectedVerdict>, ValueError> {
        let mut expected = None;
        for line in lines {
            let Some(read) = self.line(line)? else { continue };
            if expected.is_some() && read.verdict.is_some() && expected != read.verdict {
                return Err(wrong(
                    "flows of one test expect different verdicts",
                    "write them as tests of their own",
                ));
            }
            expected = expected.or(read.verdict);
            test.any.push(read.traffic);
            test.stated = test.stated.take().or(read.stated);
            test.why = test.why.take().or(read.remark);
        }
        if lines.is_empty() {
            return Err(wrong("the test has no flow", "write one flow at least"));
        }
        Ok(expected)
    }

    /// `None`: a parameter that may be left out has no value.
    fn line(&mut self, line: &str) -> Result<Option<Expectation>, ValueError> {
        let said = without_remark(line);
        let (mut text, missing) = parameters::filled(said, self.values);
        if !missing.is_empty() {
            self.unset.extend(missing);
            return Ok(None);
        }
        text.push_str(line.get(said.len()..).unwrap_or(""));
        let read = expectation(&text)?;
        let goes_by_name = match &read.traffic {
            Traffic::Flow(flow) => {
                flow.destination.is_none() && matches!(flow.name, Name::Known(_))
            }
            Traffic::Flows(flows) => {
                flows.destination.is_none()
                    && matches!(
                        flows.target,
                        Target::Names(_) | Target::FqdnTag(_) | Target::AddressesOf(_)
                    )
            }
        };
        let Some(place) = self.defaults.get("destination").filter(|_| goes_by_name) else {
            return Ok(Some(read));
        };
        let (place, _) = parameters::filled(&plain(place), self.values);
        let traffic = format!("{} destination={place}", read.traffic);
        Ok(Some(Expectation { traffic: super::traffic::traffic(&traffic)?, ..read }))
    }

    fn fields(
        &mut self,
        test: &mut Test,
        fields: &Map<String, Value>,
    ) -> Result<Option<ExpectedVerdict>, ValueError> {
        let text = |name: &str| fields.get(name).map(plain);
        let mut expected = None;
        match (fields.get("flow"), fields.get("any")) {
            (Some(Value::String(line)), None) => {
                expected = self.lines(test, std::slice::from_ref(line))?;
            }
            (None, Some(Value::Array(lines))) => {
                let lines: Vec<String> = lines.iter().map(plain).collect();
                expected = self.lines(test, &lines)?;
            }
            (None, None) => self.flow_fields(test, fields)?,
            (_, _) => {
                return Err(wrong(
                    "`flow` is one flow, `any` a list of flows, and a test has one of them",
                    "write `flow: https 10.0.0.4 -> www.example.com:443`",
                ));
            }
        }
        if let (Some(own), true) = (text("expect"), expected.is_none()) {
            expected = Some(verdict(&own)?);
        }
        test.name = text("name");
        test.why = text("why").or(test.why.take());
        let decider = match (text("stage"), text("rule")) {
            (Some(stage), Some(rule)) => Some(format!("{stage} {rule}")),
            (stage, rule) => stage.or(rule),
        };
        let stated = Stated {
            decider,
            translation: text("translated"),
            alerts: text("alerts"),
            candidates: None,
        };
        if stated != Stated::default() {
            test.stated = Some(stated);
        }
        Ok(expected)
    }

    /// A flow written as the fields of `docs/flow-notation.md`.
    fn flow_fields(
        &mut self,
        test: &mut Test,
        fields: &Map<String, Value>,
    ) -> Result<(), ValueError> {
        let mut flow = Map::new();
        for (key, value) in fields.iter().filter(|(key, _)| !NOT_OF_FLOWS.contains(&key.as_str())) {
            let value = match value {
                Value::String(text) => {
                    let (text, missing) = parameters::filled(text, self.values);
                    self.unset.extend(missing);
                    Value::String(text)
                }
                other => other.clone(),
            };
            flow.insert(key.clone(), value);
        }
        if !self.unset.is_empty() {
            return Ok(());
        }
        let flow = flow_from_json(&Value::Object(flow)).map_err(|error| ValueError {
            message: error.to_string(),
            help: error.help,
            offset: 0,
        })?;
        test.any.push(Traffic::Flow(Box::new(flow)));
        Ok(())
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn wrong(message: &str, help: &str) -> ValueError {
    ValueError { message: message.to_owned(), help: Some(help.to_owned()), offset: 0 }
}

/// Values of several files at once.
#[must_use]
pub fn all_missing(of: impl IntoIterator<Item = Vec<Parameter>>) -> Vec<Parameter> {
    let mut all: BTreeMap<String, Parameter> = BTreeMap::new();
    for parameter in of.into_iter().flatten() {
        all.entry(parameter.name.clone()).or_insert(parameter);
    }
    all.into_values().collect()
}
