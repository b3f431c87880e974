//! Rules that would make failed tests pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::run::{Outcome, TestResult, outcome};
use crate::compile::{Options, Ruleset, compile};
use crate::evaluate::Stage;
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{FqdnPattern, IpRange, PortRange};
use crate::policy::Inventory;
use crate::source::{Source, Sources};
use crate::syntax::flow::ExpectedVerdict;
use crate::syntax::suite::{Addresses, Flows, Target, Test, Traffic};
use crate::syntax::text;

/// Rules to add, and what they do not mend.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// A rule collection group, or the collections of a classic firewall, in the text form. Empty:
    /// no rule would help.
    pub text: String,
    /// The same as a rule set; side by side with the policy it can be evaluated.
    pub inventory: Inventory,
    /// How many of the tests pass with the rules added. Each was run again.
    pub mended: usize,
    /// Tests that do not pass with them, as written, and why.
    pub left: Vec<(String, String)>,
}

/// Rules for the tests of a run that fail, added behind all rules that are there: no
/// rule that denies is overruled.
///
/// `name` becomes the name of the rule collection group.
#[must_use]
pub fn mend(
    inventory: &Inventory,
    options: &Options,
    ruleset: &Ruleset,
    outcomes: &[&Outcome<'_>],
    name: &str,
) -> Mend {
    let mut left = Vec::new();
    let mut rules = Rules::default();
    let mut wanted: Vec<&Test> = Vec::new();
    for outcome in outcomes {
        if let Some(reason) = obstacle(ruleset, outcome) {
            left.push((shown(outcome.test), reason));
            continue;
        }
        let group = outcome.group().map_or("", |group| group.name.as_str());
        if rules.add(group, outcome.test) {
            wanted.push(outcome.test);
        } else {
            left.push((shown(outcome.test), "no rule can say this flow".to_owned()));
        }
    }
    let text = if wanted.is_empty() { String::new() } else { rules.text(ruleset, name) };
    let mut sources = Sources::default();
    let source = sources.add(Source::new("added rules", text.as_str()));
    let added = match text::parse(&text, source) {
        Ok((added, _)) => added,
        // A name that the text form cannot hold: nothing is claimed of such rules.
        Err(errors) => {
            left.extend(wanted.iter().map(|test| (shown(test), errors.to_string())));
            return Mend { text: String::new(), inventory: Inventory::default(), mended: 0, left };
        }
    };
    let mut whole = inventory.clone();
    whole.extend(joined(inventory, added.clone()));
    join_firewalls(&mut whole);
    let mut mended = 0;
    match compile(&whole, options) {
        Ok((ruleset, _)) => {
            for test in wanted {
                if outcome(&ruleset, test, false).0 == TestResult::Passed {
                    mended += 1;
                } else {
                    left.push((shown(test), "other rules come before it".to_owned()));
                }
            }
        }
        Err(error) => {
            left.extend(wanted.into_iter().map(|test| (shown(test), error.to_string())));
        }
    }
    Mend { text, inventory: added, mended, left }
}

/// The added rules in the scope of the policy that they are added to.
fn joined(inventory: &Inventory, mut added: Inventory) -> Inventory {
    for group in &mut added.groups {
        let of = group.policy.as_ref().and_then(|wanted| {
            inventory
                .policies
                .iter()
                .filter_map(|policy| policy.id.as_ref())
                .find(|id| id.agrees_with(wanted))
        });
        if let Some(id) = of {
            group.policy = Some(id.clone());
        }
    }
    added
}

/// The collections of two firewalls of one name belong to one.
fn join_firewalls(inventory: &mut Inventory) {
    let mut joined: Vec<crate::policy::ClassicFirewall> = Vec::new();
    for firewall in std::mem::take(&mut inventory.firewalls) {
        match joined.iter_mut().find(|known| known.name.value == firewall.name.value) {
            Some(known) => known.collections.extend(firewall.collections),
            None => joined.push(firewall),
        }
    }
    inventory.firewalls = joined;
}

fn shown(test: &Test) -> String {
    test.any.first().map(Traffic::to_string).unwrap_or_default()
}

/// Why no rule behind the others can mend the test.
fn obstacle(ruleset: &Ruleset, outcome: &Outcome<'_>) -> Option<String> {
    if outcome.test.expected != ExpectedVerdict::Allow {
        return Some("it is allowed by a rule that is there: narrow that rule".to_owned());
    }
    let goes_by_name = outcome.test.any.first().is_some_and(|traffic| {
        matches!(traffic, Traffic::Flows(Flows { target: Target::AddressesOf(_), .. }))
    });
    if goes_by_name && !ruleset.has_dns_proxy {
        let reason = "a name in a network rule needs the DNS proxy, which is off: turn it on first";
        return Some(reason.to_owned());
    }
    match &outcome.result {
        TestResult::Failed { example, differences } if differences.is_empty() => {
            let (_, verdict) = example.as_ref();
            match (verdict.stage, verdict.rule) {
                (_, Some(rule)) => Some(format!(
                    "denied by rule {}, which comes before any rule that is added",
                    ruleset.path(rule)
                )),
                (Some(Stage::ThreatIntel), None) => {
                    Some("denied by threat intelligence".to_owned())
                }
                (Some(Stage::Idps), None) => Some("denied by IDPS".to_owned()),
                (_, None) => None,
            }
        }
        TestResult::Failed { .. } => Some("the verdict is as expected".to_owned()),
        TestResult::Undecided { .. } => {
            Some("it is undecided: settle what it depends on first".to_owned())
        }
        TestResult::Passed | TestResult::Skipped => Some("nothing is wrong with it".to_owned()),
    }
}

/// Targets of one rule: those of tests with the same group, protocol, ports and sources.
type Key = (String, String, String);

#[derive(Default)]
struct Rules {
    network: BTreeMap<Key, BTreeSet<String>>,
    application: BTreeMap<Key, BTreeSet<String>>,
}

impl Rules {
    /// Adds what the test needs; `false`: no rule can say it.
    fn add(&mut self, group: &str, test: &Test) -> bool {
        test.any.iter().any(|traffic| self.allow(group, traffic).is_some())
    }

    fn allow(&mut self, group: &str, traffic: &Traffic) -> Option<()> {
        let flows = match traffic {
            Traffic::Flows(flows) => flows.clone(),
            Traffic::Flow(flow) => flows_of(flow)?,
        };
        let group = if group.is_empty() { "tests" } else { group }.to_owned();
        let sources = place(flows.sources);
        let protocol = flows.protocol;
        match (protocol, &flows.target) {
            (FlowProtocol::Application(application), target) => {
                let port = flows.ports.filter(|it| it.first() == it.last())?.first();
                let target = match target {
                    Target::Names(pattern) => pattern.to_string(),
                    Target::FqdnTag(tag) => format!("tag {tag}"),
                    Target::Addresses(_) | Target::ServiceTag(_) | Target::AddressesOf(_) => {
                        return None;
                    }
                };
                let service = format!("{}:{port}", application.name().to_lowercase());
                insert(&mut self.application, (group, sources, service), target);
            }
            (FlowProtocol::Ip(_), target) => {
                let target = match target {
                    Target::Addresses(place_of) => place(*place_of),
                    Target::ServiceTag(tag) => tag.to_string(),
                    Target::AddressesOf(name) => format!("fqdn {name}"),
                    Target::Names(_) | Target::FqdnTag(_) => return None,
                };
                let ports = match flows.ports {
                    Some(PortRange::ALL) => "*".to_owned(),
                    Some(ports) => ports.to_string(),
                    None if protocol.has_ports() => return None,
                    None => "*".to_owned(),
                };
                let name = protocol.to_string();
                if !matches!(name.as_str(), "tcp" | "udp" | "icmp") {
                    return None;
                }
                let service = format!("{name} : {ports}");
                insert(&mut self.network, (group, sources, service), target);
            }
        }
        Some(())
    }

    fn text(&self, ruleset: &Ruleset, name: &str) -> String {
        let mut out = String::new();
        let first = if let Some(policy) = ruleset.policies.last() {
            let (name, policy) = (quoted(name), quoted(policy));
            let _ = writeln!(out, "group {name} {} of {policy}", free_group(ruleset));
            100
        } else {
            let firewall = ruleset.layers.last();
            let firewall = firewall.map_or("firewall", |layer| layer.name.value.as_str());
            let _ = writeln!(out, "firewall {}", quoted(firewall));
            free_collection(ruleset)
        };
        if !self.network.is_empty() {
            let _ =
                writeln!(out, "\n  allow network {} {first}", quoted(&format!("{name}-network")));
            for ((group, sources, service), targets) in &self.network {
                let (protocol, ports) = service.split_once(" : ").unwrap_or((service, "*"));
                let rule = quoted(&format!("{group}-{protocol}-{}", ports.replace('*', "any")));
                // Names and addresses cannot stand in one network rule.
                let (names, others): (Vec<_>, Vec<_>) =
                    targets.iter().partition(|it| it.starts_with("fqdn "));
                for (targets, end) in [(others, ""), (names, "-fqdn")] {
                    if !targets.is_empty() {
                        let list: Vec<_> = targets.iter().map(|it| it.as_str()).collect();
                        let rule = rule
                            .strip_suffix('"')
                            .map_or(format!("{rule}{end}"), |it| format!("{it}{end}\""));
                        let _ = writeln!(
                            out,
                            "    {rule}: {protocol} {sources} -> {} : {ports}",
                            list.join(", ")
                        );
                    }
                }
            }
        }
        if !self.application.is_empty() {
            let second = first + 100;
            let _ = writeln!(
                out,
                "\n  allow application {} {second}",
                quoted(&format!("{name}-application"))
            );
            for ((group, sources, service), targets) in &self.application {
                let rule = quoted(&format!("{group}-{}", service.replace(':', "-")));
                let list: Vec<_> = targets.iter().map(String::as_str).collect();
                let _ =
                    writeln!(out, "    {rule}: {service} {sources} -> {}", list.join(",\n      "));
            }
        }
        out
    }
}

/// Adds a target, unless a rule of an earlier group has it: it would only shadow this one.
fn insert(rules: &mut BTreeMap<Key, BTreeSet<String>>, key: Key, target: String) {
    let covers = |known: &String| {
        let below = known.strip_prefix('*').filter(|end| end.starts_with('.'));
        *known == target
            || below.is_some_and(|end| target.len() > end.len() && target.ends_with(end))
    };
    let is_alike = |other: &Key| (&other.1, &other.2) == (&key.1, &key.2);
    let mut alike = rules.iter().filter(|(other, _)| is_alike(other));
    if !alike.any(|(_, targets)| targets.iter().any(covers)) {
        rules.entry(key).or_default().insert(target);
    }
}

/// A name as the text form writes it.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn place(place: Addresses) -> String {
    match place {
        Addresses::Any | Addresses::Internet => "*".to_owned(),
        Addresses::Range(range) => range.to_string(),
    }
}

/// A flow as a set of one.
fn flows_of(flow: &Flow) -> Option<Flows> {
    let single = |address| Addresses::Range(IpRange::single(address));
    let target = match (flow.protocol, &flow.name, flow.destination) {
        (FlowProtocol::Application(_), Name::Known(name), _) => {
            Target::Names(FqdnPattern::Exact(name.clone()))
        }
        (FlowProtocol::Ip(_), _, Some(address)) => Target::Addresses(single(address)),
        (FlowProtocol::Ip(_), Name::Known(name), None) => Target::AddressesOf(name.clone()),
        (_, _, _) => return None,
    };
    Some(Flows {
        protocol: flow.protocol,
        sources: single(flow.source),
        target,
        ports: flow.port.map(PortRange::single),
        destination: None,
    })
}

/// A priority behind all groups of the policy.
fn free_group(ruleset: &Ruleset) -> u32 {
    let used: BTreeSet<u32> =
        ruleset.layers.iter().flat_map(|layer| &layer.groups).map(|it| it.priority.value).collect();
    free(used)
}

/// A priority behind all collections of the firewall.
fn free_collection(ruleset: &Ruleset) -> u32 {
    free(ruleset.rules().map(|rule| ruleset.info(rule).collection_priority).collect())
}

fn free(used: BTreeSet<u32>) -> u32 {
    const PRIORITY_MAX: u32 = 64_000;
    let last = used.last().copied().unwrap_or(0);
    let next = (last / 100 + 1) * 100;
    if next <= PRIORITY_MAX {
        return next;
    }
    let mut candidates = (100..=PRIORITY_MAX).rev();
    candidates.find(|it| !used.contains(it) && !used.contains(&(it + 100))).unwrap_or(PRIORITY_MAX)
}

/// A rule in the text form that would let the flow of a failed test pass.
#[must_use]
pub fn rule_for(test: &Test) -> Option<String> {
    let mut rules = Rules::default();
    if test.expected != ExpectedVerdict::Allow || !rules.add("", test) {
        return None;
    }
    let network = rules.network.iter().flat_map(|((_, sources, service), targets)| {
        let (protocol, ports) = service.split_once(" : ").unwrap_or((service, "*"));
        targets.iter().map(move |it| format!("{protocol} {sources} -> {it} : {ports}"))
    });
    let application = rules.application.iter().flat_map(|((_, sources, service), targets)| {
        targets.iter().map(move |it| format!("{service} {sources} -> {it}"))
    });
    network.chain(application).next()
}
