//! `azurerm_firewall_policy_rule_collection_group`.

use super::hcl::{Block, Value};
use super::{Writer, policy_of};
use crate::policy::{
    ApplicationRule, CollectionAction, NatRule, NetworkRule, ResourceId, Rule, RuleCollection,
    RuleCollectionGroup, RuleHead, Written,
};
use crate::write::remarks::{Resource, distinct};

impl Writer<'_> {
    pub(super) fn groups(&mut self, blocks: &mut Vec<Block>) {
        let inventory = self.inventory;
        for group in distinct(&mut self.remarks, &inventory.groups, |a, b| a.policy == b.policy) {
            let name = self.names.of(group);
            let mut block = Block::resource("azurerm_firewall_policy_rule_collection_group", &name);
            block.put_text("name", group.name());
            block.put("firewall_policy_id", self.policy_id(group));
            block.put("priority", Value::Plain(group.priority.value.to_string()));
            for collection in &group.collections {
                if let Some(inner) = self.collection(collection) {
                    block.block(inner);
                }
            }
            blocks.push(block);
        }
    }

    fn policy_id(&mut self, group: &RuleCollectionGroup) -> Value {
        match (policy_of(self.inventory, group), &group.policy) {
            (Some(policy), _) => self.id_of("azurerm_firewall_policy", &self.names.of(policy)),
            (None, Some(id)) => self.foreign_id(id, "policy"),
            (None, None) => {
                let id = ResourceId::new("policy");
                self.foreign_id(&id, "policy")
            }
        }
    }

    /// A collection; `None`: it has no rules, which the provider refuses and which decides nothing.
    fn collection(&mut self, collection: &RuleCollection) -> Option<Block> {
        let name = &collection.name.value;
        let Some(first) = collection.rules.first() else {
            let message = format!("rule collection `{name}` is empty and left out");
            let help = "the azurerm provider takes no collection without rules";
            self.remarks.warn(message, collection.name.span, help);
            return None;
        };
        let kind = block_name(first);
        let is_nat = collection.action.value == CollectionAction::Dnat;
        let is_mixed = collection.rules.iter().any(|rule| block_name(rule) != kind);
        if is_mixed || is_nat != matches!(first, Rule::Nat(_)) {
            let message = format!("rule collection `{name}` holds rules of several types");
            let help = "Azure takes one type of rules in a collection: put them into one each";
            self.remarks.impossible(message, collection.name.span, help);
        }
        let mut block = Block::new(kind);
        block.put_text("name", name);
        block.put("priority", Value::Plain(collection.priority.value.to_string()));
        block.put_text("action", if is_nat { "Dnat" } else { collection.action.value.name() });
        for rule in &collection.rules {
            let inner = self.rule(rule);
            block.block(inner);
        }
        Some(block)
    }

    fn rule(&mut self, rule: &Rule) -> Block {
        self.remarks.refuse_unknown_fields(rule);
        let mut block = Block::new("rule");
        self.head(rule.head(), &mut block);
        match rule {
            Rule::Network(rule) => {
                block.put_list("protocols", self.list(&rule.protocols));
                self.network_destinations(rule, &mut block);
            }
            Rule::Application(rule) => self.application(rule, &mut block),
            Rule::Nat(rule) => self.nat(rule, &mut block),
        }
        block
    }

    /// What rules of all types begin with.
    pub(super) fn head(&mut self, head: &RuleHead, block: &mut Block) {
        block.put_text("name", &head.name.value);
        if let Some(description) = &head.description {
            block.put_text("description", description);
        }
        block.put_list("source_addresses", self.list(&head.sources));
        block.put_list("source_ip_groups", self.ip_group_list(&head.source_ip_groups));
    }

    pub(super) fn network_destinations(&mut self, rule: &NetworkRule, block: &mut Block) {
        block.put_list("destination_addresses", self.list(&rule.destinations));
        block.put_list("destination_ip_groups", self.ip_group_list(&rule.destination_ip_groups));
        block.put_list("destination_fqdns", self.list(&rule.destination_fqdns));
        block.put_list("destination_ports", self.list(&rule.destination_ports));
    }

    fn application(&mut self, rule: &ApplicationRule, block: &mut Block) {
        block.put_list("destination_addresses", self.list(&rule.destinations));
        block.put_list("destination_fqdns", self.list(&rule.target_fqdns));
        block.put_list("destination_urls", self.list(&rule.target_urls));
        block.put_list("destination_fqdn_tags", self.list(&rule.fqdn_tags));
        block.put_list("web_categories", self.list(&rule.web_categories));
        match rule.terminate_tls.as_ref().map(|written| &written.value) {
            Some(Written::Value(flag)) => block.put_flag("terminate_tls", *flag),
            Some(Written::Unresolved(text) | Written::Invalid(text)) => {
                let value = self.unresolved(text);
                block.put("terminate_tls", value);
            }
            None => {}
        }
        self.protocols("protocols", rule, block);
        for header in &rule.http_headers {
            let mut inner = Block::new("http_headers");
            inner.put_text("name", &header.value.name);
            inner.put_text("value", &header.value.value);
            block.block(inner);
        }
    }

    pub(super) fn protocols(&mut self, key: &str, rule: &ApplicationRule, block: &mut Block) {
        for protocol in &rule.protocols {
            let mut inner = Block::new(key);
            match &protocol.value {
                Written::Value(known) => {
                    inner.put_text("type", &known.protocol.to_string());
                    inner.put("port", Value::Plain(known.port.to_string()));
                }
                Written::Unresolved(text) | Written::Invalid(text) => {
                    let message = format!(
                        "the protocol `{text}` of rule `{}` is not known",
                        rule.head.name.value
                    );
                    self.remarks.impossible(message, protocol.span, "give it a value first");
                }
            }
            block.block(inner);
        }
    }

    fn nat(&mut self, rule: &NatRule, block: &mut Block) {
        block.put_list("protocols", self.list(&rule.protocols));
        self.one_of(rule.destinations.len(), "destination address", &rule.head);
        if let Some(first) = rule.destinations.first() {
            let value = self.value(first);
            block.put("destination_address", value);
        }
        self.one_of(rule.destination_ports.len(), "destination port", &rule.head);
        block.put_list("destination_ports", self.list(&rule.destination_ports));
        if let Some(address) = &rule.translated_address {
            block.put("translated_address", self.value(address));
        }
        if let Some(fqdn) = &rule.translated_fqdn {
            block.put("translated_fqdn", self.value(fqdn));
        }
        match rule.translated_port.as_ref().map(|port| (&port.value, port)) {
            Some((Written::Value(port), _)) => {
                block.put("translated_port", Value::Plain(port.to_string()));
            }
            Some((Written::Unresolved(_) | Written::Invalid(_), port)) => {
                let value = self.value(port);
                block.put("translated_port", value);
            }
            None => {
                let message = format!("rule `{}` has no translated port", rule.head.name.value);
                let help = "the azurerm provider needs one: write it into the rule";
                self.remarks.impossible(message, rule.head.span.0, help);
            }
        }
    }

    /// The provider takes one entry where Azure has a list.
    fn one_of(&mut self, count: usize, what: &str, head: &RuleHead) {
        if count > 1 {
            let message = format!("rule `{}` has more than one {what}", head.name.value);
            let help = "the azurerm provider takes one: make a rule for each";
            self.remarks.impossible(message, head.span.0, help);
        }
    }
}

fn block_name(rule: &Rule) -> &'static str {
    match rule {
        Rule::Network(_) => "network_rule_collection",
        Rule::Application(_) => "application_rule_collection",
        Rule::Nat(_) => "nat_rule_collection",
    }
}
