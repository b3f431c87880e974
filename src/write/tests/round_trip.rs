//! Whatever a rule set holds, what is written reads back as the same rule set.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use proptest::sample::select;

use super::inventories::{firewalls, policies};
use crate::compile::{Options as CompileOptions, compile};
use crate::evaluate::evaluate;
use crate::flow::{Flow, FlowProtocol, Name};
use crate::load::{Options, read};
use crate::net::Fqdn;
use crate::policy::{Inventory, Rule, Written};
use crate::source::{Severity, Source, Sources};
use crate::syntax::hcl;
use crate::write::{self, Output};

/// What `text` holds, and errors about it.
pub(super) fn loaded(text: &str) -> (Inventory, Vec<String>) {
    let mut sources = Sources::default();
    let id = sources.add(Source::new("a.json", text));
    let (inventory, warnings) = match read(id, &sources, &Options::default()) {
        Ok(loaded) => loaded,
        Err(errors) => panic!("{errors:?}\n{text}"),
    };
    let errors = warnings.into_iter().filter(|it| it.severity == Severity::Error);
    (inventory, errors.map(|it| it.message).collect())
}

pub(super) fn checked(output: Output) -> String {
    assert!(!output.is_another_rule_set(), "{:?}", output.warnings);
    output.text
}

/// A template's place decides its location; it is not part of a rule set.
pub(super) fn without_places(mut inventory: Inventory) -> Inventory {
    for policy in &mut inventory.policies {
        policy.settings.location = None;
    }
    for firewall in &mut inventory.firewalls {
        firewall.settings.location = None;
    }
    inventory.policies.sort_by_key(|policy| policy.name.value.clone());
    inventory.groups.sort_by_key(|group| {
        (group.policy.as_ref().map(ToString::to_string), group.name.value.clone())
    });
    inventory.ip_groups.sort_by_key(|group| group.name.value.clone());
    inventory
}

/// Terraform sorts collections by type; among them the priority decides, not the order.
pub(super) fn by_priority(mut inventory: Inventory) -> Inventory {
    for group in &mut inventory.groups {
        group.collections.sort_by_key(|collection| collection.priority.value);
        group.id = None;
    }
    inventory
}

/// What only a deployment settles is a variable, which stands for no address.
pub(super) fn with_variables(mut inventory: Inventory) -> Inventory {
    fn every<T>(values: &mut [crate::source::Spanned<Written<T>>]) {
        for value in values {
            if let Written::Invalid(text) = &value.value {
                value.value = Written::Unresolved(text.clone());
            }
        }
    }
    let rules = inventory.groups.iter_mut().flat_map(|group| &mut group.collections);
    let classic = inventory.firewalls.iter_mut().flat_map(|firewall| &mut firewall.collections);
    for rule in rules.chain(classic).flat_map(|collection| &mut collection.rules) {
        match rule {
            Rule::Network(rule) => {
                every(&mut rule.head.sources);
                every(&mut rule.protocols);
                every(&mut rule.destinations);
                every(&mut rule.destination_fqdns);
                every(&mut rule.destination_ports);
            }
            Rule::Application(rule) => {
                every(&mut rule.head.sources);
                every(&mut rule.target_fqdns);
                every(&mut rule.target_urls);
                every(&mut rule.fqdn_tags);
                every(&mut rule.web_categories);
                every(&mut rule.destinations);
            }
            Rule::Nat(rule) => {
                every(&mut rule.head.sources);
                every(&mut rule.protocols);
                every(&mut rule.destinations);
                every(&mut rule.destination_ports);
            }
        }
    }
    for policy in &mut inventory.policies {
        every(&mut policy.settings.threat_intel_allowlist.addresses);
        every(&mut policy.settings.threat_intel_allowlist.fqdns);
        if let Some(dns) = &mut policy.settings.dns {
            every(&mut dns.servers);
        }
    }
    for group in &mut inventory.ip_groups {
        every(&mut group.addresses);
        // What no file says is a variable, which the state of the test fills with its description.
        group.location = group.location.take().filter(|it| it != "The region of the rule set.");
    }
    inventory
}

fn flow() -> impl Strategy<Value = Flow> {
    let protocol = select(vec!["tcp", "udp", "icmp", "http", "https", "mssql"]);
    let ip =
        || (0u8..4, 0u8..6).prop_map(|(net, host)| IpAddr::from(Ipv4Addr::new(10, 0, net, host)));
    let name = select(vec!["www.example.com", "a.b.example.com", "example.org", "other.test"]);
    (protocol, ip(), ip(), select(vec![22u16, 80, 443, 450, 1433, 8443]), name).prop_map(
        |(protocol, source, destination, port, name)| {
            let mut flow = Flow::new(FlowProtocol::from_text(protocol).unwrap(), source);
            flow.destination = Some(destination);
            flow.port = Some(port).filter(|_| protocol != "icmp");
            flow.name = Name::Known(Fqdn::new(name).unwrap());
            flow
        },
    )
}

/// Decision and rule for each flow.
fn verdicts(inventory: &Inventory, flows: &[Flow]) -> Vec<String> {
    let options = CompileOptions { policy: Some("hub".into()), ..CompileOptions::default() };
    let (ruleset, _) = compile(inventory, &options).unwrap();
    let verdict = |flow: &Flow| {
        let verdict = evaluate(&ruleset, flow, &mut ());
        let rule = verdict.rule.map(|rule| ruleset.info(rule).path.clone());
        format!(
            "{:?} {rule:?} {:?} {:?}",
            verdict.decision, verdict.translation, verdict.candidates
        )
    };
    flows.iter().map(verdict).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_template_holds_the_same_rule_set(wanted in policies()) {
        let text = checked(write::arm(&wanted));
        let (read, errors) = loaded(&text);
        prop_assert_eq!(errors, Vec::<String>::new());
        prop_assert_eq!(without_places(read), without_places(wanted), "{}", text);
    }

    #[test]
    fn a_template_holds_the_same_classic_firewall(wanted in firewalls()) {
        let text = checked(write::arm(&wanted));
        let (read, errors) = loaded(&text);
        prop_assert_eq!(errors, Vec::<String>::new());
        prop_assert_eq!(without_places(read), without_places(wanted), "{}", text);
    }

    #[test]
    fn a_table_changes_no_verdict(mut wanted in policies(), flows in prop::collection::vec(flow(), 20)) {
        // Settings are no part of a table, which the writer says.
        wanted.policies.iter_mut().for_each(|policy| policy.settings = crate::policy::Settings::default());
        wanted.ip_groups.iter_mut().for_each(|group| group.location = None);
        let text = checked(write::csv(&wanted));
        let (read, errors) = loaded(&text);
        prop_assert_eq!(errors, Vec::<String>::new());
        prop_assert_eq!(verdicts(&read, &flows), verdicts(&wanted, &flows), "{}", text);
        prop_assert_eq!(without_places(read), without_places(wanted), "{}", text);
    }

    #[test]
    fn a_table_holds_the_same_classic_firewall(mut wanted in firewalls()) {
        for firewall in &mut wanted.firewalls {
            firewall.settings = crate::policy::Settings::default();
            firewall.placement = crate::policy::Placement::default();
        }
        wanted.ip_groups.iter_mut().for_each(|group| group.location = None);
        let text = checked(write::csv(&wanted));
        let (read, errors) = loaded(&text);
        prop_assert_eq!(errors, Vec::<String>::new());
        prop_assert_eq!(without_places(read), without_places(wanted), "{}", text);
    }

    #[test]
    fn terraform_code_holds_the_same_rule_set(wanted in policies()) {
        let text = checked(write::terraform(&wanted));
        let blocks = hcl::blocks(&text);
        prop_assert!(blocks.is_some(), "{}", text);
        let state = hcl::state(&blocks.unwrap()).to_string();
        let (read, _) = loaded(&state);
        let read = with_variables(by_priority(without_places(read)));
        prop_assert_eq!(read, with_variables(by_priority(without_places(wanted))), "{}", text);
    }

    #[test]
    fn terraform_code_holds_the_same_classic_firewall(wanted in firewalls()) {
        let text = checked(write::terraform(&wanted));
        let blocks = hcl::blocks(&text);
        prop_assert!(blocks.is_some(), "{}", text);
        let state = hcl::state(&blocks.unwrap()).to_string();
        let (read, _) = loaded(&state);
        let read = with_variables(without_places(read));
        prop_assert_eq!(read, with_variables(without_places(wanted)), "{}", text);
    }

    #[test]
    fn markdown_has_a_row_for_each_rule(wanted in policies()) {
        let text = checked(write::markdown(&wanted));
        let rules: usize =
            wanted.groups.iter().flat_map(|it| &it.collections).map(|it| it.rules.len()).sum();
        let rows = text.lines().filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 5);
        let headings = text.matches("| Rule | Protocols |").count();
        prop_assert_eq!(rows.count(), rules + headings, "{}", text);
    }
}
