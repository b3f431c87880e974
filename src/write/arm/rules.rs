//! Rule collections and rules of a policy and of a classic firewall.

use serde_json::{Map, Value, json};

use super::value::Values;
use super::{Writer, put_list};
use crate::policy::{
    ApplicationRule, CollectionAction, NatRule, NetworkRule, Rule, RuleCollection, RuleHead,
    Written,
};
use crate::source::Spanned;

/// Whose rules these are; the names of some fields differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Policy,
    Firewall,
}

impl Owner {
    fn protocols(self) -> &'static str {
        match self {
            Self::Policy => "ipProtocols",
            Self::Firewall => "protocols",
        }
    }
}

impl Writer<'_> {
    /// A collection of a policy.
    pub(super) fn collection(&mut self, collection: &RuleCollection) -> Value {
        let (kind, action) = match collection.action.value {
            CollectionAction::Dnat => ("FirewallPolicyNatRuleCollection", "DNAT"),
            filter @ CollectionAction::Filter(_) => {
                ("FirewallPolicyFilterRuleCollection", filter.name())
            }
        };
        json!({
            "ruleCollectionType": kind,
            "name": self.values.name(&collection.name.value),
            "priority": collection.priority.value,
            "action": { "type": action },
            "rules": self.rules(&collection.rules, Owner::Policy),
        })
    }

    pub(super) fn rules(&mut self, rules: &[Rule], owner: Owner) -> Vec<Value> {
        rules.iter().map(|rule| Value::Object(self.rule(rule, owner))).collect()
    }

    fn rule(&mut self, rule: &Rule, owner: Owner) -> Map<String, Value> {
        self.remarks.refuse_unknown_fields(rule);
        let mut object = Map::new();
        if owner == Owner::Policy {
            let kind = match rule {
                Rule::Network(_) => "NetworkRule",
                Rule::Application(_) => "ApplicationRule",
                Rule::Nat(_) => "NatRule",
            };
            object.insert("ruleType".into(), kind.into());
        }
        self.head(rule.head(), &mut object);
        match rule {
            Rule::Network(rule) => self.network(rule, owner, &mut object),
            Rule::Application(rule) => self.application(rule, owner, &mut object),
            Rule::Nat(rule) => self.nat(rule, owner, &mut object),
        }
        object
    }

    fn head(&mut self, head: &RuleHead, object: &mut Map<String, Value>) {
        object.insert("name".into(), self.values.name(&head.name.value));
        if let Some(description) = &head.description {
            object.insert("description".into(), self.values.name(description));
        }
        put_list(object, "sourceAddresses", self.values.list(&head.sources));
        let groups = self.values.ip_groups(self.inventory, &head.source_ip_groups);
        put_list(object, "sourceIpGroups", groups);
    }

    fn network(&mut self, rule: &NetworkRule, owner: Owner, object: &mut Map<String, Value>) {
        put_list(object, owner.protocols(), self.values.list(&rule.protocols));
        put_list(object, "destinationAddresses", self.values.list(&rule.destinations));
        let groups = self.values.ip_groups(self.inventory, &rule.destination_ip_groups);
        put_list(object, "destinationIpGroups", groups);
        put_list(object, "destinationFqdns", self.values.list(&rule.destination_fqdns));
        put_list(object, "destinationPorts", self.values.list(&rule.destination_ports));
    }

    fn application(
        &mut self,
        rule: &ApplicationRule,
        owner: Owner,
        object: &mut Map<String, Value>,
    ) {
        let mut protocols = Vec::new();
        for protocol in &rule.protocols {
            protocols.push(match &protocol.value {
                Written::Value(known) => {
                    json!({ "protocolType": known.protocol.to_string(), "port": known.port })
                }
                Written::Unresolved(_) | Written::Invalid(_) => {
                    let text = self.values.text(protocol);
                    let message = format!(
                        "the protocol `{}` of rule `{}` is not known",
                        protocol.value, rule.head.name.value
                    );
                    self.remarks.warn(message, protocol.span, "correct it before you deploy");
                    text
                }
            });
        }
        put_list(object, "protocols", Value::Array(protocols));
        put_list(object, "targetFqdns", self.values.list(&rule.target_fqdns));
        put_list(object, "targetUrls", self.values.list(&rule.target_urls));
        put_list(object, "fqdnTags", self.values.list(&rule.fqdn_tags));
        put_list(object, "webCategories", self.values.list(&rule.web_categories));
        put_list(object, "destinationAddresses", self.values.list(&rule.destinations));
        if let Some(written) = &rule.terminate_tls {
            let value = match &written.value {
                Written::Value(value) => Value::Bool(*value),
                Written::Unresolved(_) | Written::Invalid(_) => self.values.text(written),
            };
            object.insert("terminateTLS".into(), value);
        }
        let headers = rule.http_headers.iter().map(|header| {
            json!({
                "headerName": Values::literal(&header.value.name),
                "headerValue": Values::literal(&header.value.value),
            })
        });
        put_list(object, "httpHeadersToInsert", headers.collect());
        let is_premium = !rule.target_urls.is_empty() || !rule.web_categories.is_empty();
        if owner == Owner::Firewall && is_premium {
            let message = format!(
                "rule `{}` of a classic firewall has URLs or web categories, which only policies have",
                rule.head.name.value
            );
            let help = "Azure will refuse it: put the rule into a policy";
            self.remarks.warn(message, rule.head.span.0, help);
        }
    }

    fn nat(&mut self, rule: &NatRule, owner: Owner, object: &mut Map<String, Value>) {
        put_list(object, owner.protocols(), self.values.list(&rule.protocols));
        put_list(object, "destinationAddresses", self.values.list(&rule.destinations));
        put_list(object, "destinationPorts", self.values.list(&rule.destination_ports));
        self.single(rule.translated_address.as_ref(), "translatedAddress", object);
        self.single(rule.translated_fqdn.as_ref(), "translatedFqdn", object);
        self.single(rule.translated_port.as_ref(), "translatedPort", object);
    }

    fn single<T: std::fmt::Display>(
        &mut self,
        value: Option<&Spanned<Written<T>>>,
        key: &str,
        object: &mut Map<String, Value>,
    ) {
        if let Some(value) = value {
            object.insert(key.to_owned(), self.values.text(value));
        }
    }
}
