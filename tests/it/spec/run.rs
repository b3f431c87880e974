//! Reads the blocks of a case, evaluates its flows and says what differs.

use azfw::analyse::check;
use azfw::compile::{AppDestinationAddresses, DnatMode, NatInheritance, Options, Ruleset, compile};
use azfw::evaluate::{Decision, Verdict, evaluate};
use azfw::policy::Inventory;

use super::document::{Block, Case};
use crate::expectation::Expectation;
use crate::input::{Loaded, difference, load};

const KINDS: [&str; 10] =
    ["azfw", "arm", "json", "same", "flow", "order", "warning", "audit", "note", "needs"];

/// What is wrong, each as `line: ID: message`.
pub(super) fn failures(case: &Case) -> Vec<String> {
    let run = Run { case, failures: Vec::new() };
    run.all()
}

struct Run<'a> {
    case: &'a Case,
    failures: Vec<String>,
}

impl Run<'_> {
    fn all(mut self) -> Vec<String> {
        let variants = self.variants();
        let mut said: Vec<String> = Vec::new();
        let mut first: Option<Inventory> = None;
        for files in variants {
            let loaded = match load(&files) {
                Ok(loaded) => loaded,
                Err(message) => {
                    said.push(message);
                    continue;
                }
            };
            said.extend(loaded.warnings.iter().cloned());
            self.one_model(&mut first, &loaded.inventory);
            self.flows(&loaded, &mut said);
        }
        self.warnings(&said);
        self.failures
    }

    /// The files of the case, once for each `same` block.
    fn variants(&mut self) -> Vec<Vec<(String, String)>> {
        let of = |kinds: &[&str]| -> Vec<&Block> {
            self.case.blocks.iter().filter(|block| kinds.contains(&block.kind())).collect()
        };
        let (common, same) = (of(&["azfw", "arm", "json"]), of(&["same"]));
        for block in &self.case.blocks {
            if !KINDS.contains(&block.kind()) {
                let message = format!("a block of the unknown kind `{}`", block.kind());
                self.failures.push(format!("{}: {}: {message}", block.line, self.case.id));
            }
        }
        let file = |block: &&Block| {
            let name = format!("{}-{}.{}", self.case.id, block.line, block.kind());
            (name, expanded(&block.text))
        };
        let common: Vec<_> = common.iter().map(file).collect();
        if same.is_empty() {
            return vec![common];
        }
        let with = |block: &&Block| common.iter().cloned().chain([file(block)]).collect();
        same.iter().map(with).collect()
    }

    fn one_model(&mut self, first: &mut Option<Inventory>, inventory: &Inventory) {
        let Some(first) = first else {
            *first = Some(inventory.clone());
            return;
        };
        if let Some(difference) = difference(first, inventory) {
            self.fail(self.case.line, &format!("models differ: {difference}"));
        }
    }

    fn flows(&mut self, loaded: &Loaded, said: &mut Vec<String>) {
        let case = self.case;
        let mut verdicts: Vec<Verdict> = Vec::new();
        let compiled = self.compiled(loaded, &[], case.line, said);
        for block in &case.blocks {
            match block.kind() {
                "flow" => {
                    let switches = block.info.get(1..).unwrap_or(&[]);
                    let mut unheard = Vec::new();
                    let ruleset = self.compiled(loaded, switches, block.line, &mut unheard);
                    verdicts = match ruleset {
                        Some(ruleset) => self.flow_block(&ruleset, block),
                        None => Vec::new(),
                    };
                    if verdicts.is_empty() {
                        self.fail(block.line, "no flow was evaluated");
                    }
                }
                "order" => {
                    let Some(ruleset) = &compiled else { continue };
                    let order = ruleset.rules().map(|rule| ruleset.path(rule).to_string());
                    let order: Vec<String> = order.collect();
                    let expected: Vec<&str> = block.lines().map(|(_, line)| line).collect();
                    if order != expected {
                        self.fail(block.line, &format!("the order is {order:#?}"));
                    }
                }
                "note" => self.notes(block, &verdicts),
                "audit" => self.audit(block, loaded, compiled.as_ref()),
                "needs" => self.needs(block, &verdicts),
                _ => {}
            }
        }
    }

    fn flow_block(&mut self, ruleset: &Ruleset, block: &Block) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for (line, text) in block.lines() {
            match Expectation::parse(text) {
                Ok(expectation) => {
                    let verdict = evaluate(ruleset, expectation.flow(), &mut ());
                    if let Some(difference) = expectation.difference(ruleset, &verdict) {
                        self.fail(line, &difference);
                    }
                    verdicts.push(verdict);
                }
                Err(message) => self.fail(line, &message),
            }
        }
        verdicts
    }

    fn needs(&mut self, block: &Block, verdicts: &[Verdict]) {
        let undecided: Vec<Verdict> = verdicts
            .iter()
            .filter(|verdict| verdict.decision == Decision::Undecided)
            .cloned()
            .collect();
        for (line, phrase) in block.lines() {
            let says = |verdict: &Verdict| {
                let mut needs = verdict.candidates.iter().flat_map(|outcome| &outcome.needs);
                needs.any(|need| need.contains(phrase))
            };
            if undecided.is_empty() || !undecided.iter().all(says) {
                self.fail(line, &format!("`{phrase}` is not needed by {undecided:?}"));
            }
        }
    }

    fn audit(&mut self, block: &Block, loaded: &Loaded, ruleset: Option<&Ruleset>) {
        let audit = ruleset.map(|ruleset| check::audit(ruleset, &loaded.inventory));
        let findings = audit.iter().flat_map(|audit| &audit.findings);
        let said: Vec<String> = findings
            .map(|finding| {
                format!("{} {}: {}", finding.level.name(), finding.check, finding.message)
            })
            .collect();
        for (line, phrase) in block.lines() {
            if !said.iter().any(|finding| finding.starts_with(phrase)) {
                self.fail(line, &format!("no finding begins with `{phrase}`; found was {said:#?}"));
            }
        }
    }

    fn notes(&mut self, block: &Block, verdicts: &[Verdict]) {
        for (line, phrase) in block.lines() {
            let says = |verdict: &Verdict| verdict.notes.iter().any(|note| note.contains(phrase));
            if verdicts.is_empty() || !verdicts.iter().all(says) {
                self.fail(line, &format!("`{phrase}` is not said of {verdicts:?}"));
            }
        }
    }

    fn warnings(&mut self, said: &[String]) {
        let blocks = self.case.blocks.iter().filter(|block| block.kind() == "warning");
        let phrases: Vec<_> = blocks.flat_map(Block::lines).collect();
        for (line, phrase) in &phrases {
            if !said.iter().any(|text| text.contains(phrase)) {
                self.fail(*line, &format!("nothing says `{phrase}`; said was {said:#?}"));
            }
        }
        let expects = |block: &Block| matches!(block.kind(), "flow" | "order" | "audit");
        if phrases.is_empty() && !self.case.blocks.iter().any(expects) {
            self.fail(self.case.line, "the case expects nothing");
        }
    }

    /// The rule set under `switches`; what compiling said goes to `said`.
    fn compiled(
        &mut self,
        loaded: &Loaded,
        switches: &[String],
        line: usize,
        said: &mut Vec<String>,
    ) -> Option<Ruleset> {
        let options = match options(switches) {
            Ok(options) => options,
            Err(message) => {
                self.fail(line, &message);
                return None;
            }
        };
        match compile(&loaded.inventory, &options) {
            Ok((ruleset, warnings)) => {
                said.extend(warnings.into_iter().map(|warning| warning.message));
                Some(ruleset)
            }
            Err(error) => {
                said.push(error.to_string());
                None
            }
        }
    }

    fn fail(&mut self, line: usize, message: &str) {
        self.failures.push(format!("{line}: {}: {message}", self.case.id));
    }
}

/// The switches of the command line, as far as they change verdicts.
fn options(switches: &[String]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = switches.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "--no-inherit-nat" => options.nat_inheritance = NatInheritance::NotInherited,
            "--dnat" => match words.next() {
                Some("legacy-override") => options.dnat = DnatMode::LegacyOverride,
                Some("terminal") => options.dnat = DnatMode::Terminal,
                other => return Err(format!("`--dnat` with {other:?}")),
            },
            "--app-destination-addresses" => match words.next() {
                Some("and") => options.app_destination_addresses = AppDestinationAddresses::And,
                Some("ignore") => {
                    options.app_destination_addresses = AppDestinationAddresses::Ignore;
                }
                other => return Err(format!("`--app-destination-addresses` with {other:?}")),
            },
            other => return Err(format!("unknown switch `{other}`")),
        }
    }
    Ok(options)
}

/// The text with lists such as `{10.1.0.1..9}` written out.
fn expanded(text: &str) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some((before, list, after)) = next_list(rest) {
        written.push_str(before);
        written.push_str(&list);
        rest = after;
    }
    written + rest
}

/// The first `{PREFIX FIRST..LAST}` of a text: what stands before, the list, what stands behind.
fn next_list(text: &str) -> Option<(&str, String, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (inside, after) = rest.split_once('}')?;
    let (first, last) = inside.split_once("..")?;
    let digits = first.len() - first.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (prefix, first) = first.split_at(first.len() - digits);
    let range = first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?;
    let entries: Vec<_> = range.map(|number| format!("{prefix}{number}")).collect();
    Some((before, entries.join(", "), after))
}
