//! `azurerm_firewall` and the collections of a classic one.

use super::Writer;
use super::hcl::{Block, Value};
use super::names::identifier;
use crate::policy::{
    ApplicationRule, ClassicFirewall, CollectionAction, NatRule, Placement, ResourceId, Rule,
    RuleCollection, Written,
};
use crate::write::remarks::{Resource, distinct, public_addresses};

impl Writer<'_> {
    pub(super) fn firewalls(&mut self, blocks: &mut Vec<Block>) {
        for firewall in distinct(&mut self.remarks, &self.inventory.firewalls, |a, b| a.id == b.id)
        {
            blocks.push(self.firewall(firewall));
            for collection in &firewall.collections {
                blocks.extend(self.classic_collection(firewall, collection));
            }
        }
    }

    fn firewall(&mut self, firewall: &ClassicFirewall) -> Block {
        let settings = &firewall.settings;
        let mut block = Block::resource("azurerm_firewall", &self.names.of(firewall));
        block.put_text("name", firewall.name());
        self.place(&mut block, firewall.id.as_ref(), settings.location.as_deref());
        let hub = firewall.placement.virtual_hub.as_ref();
        block.put_text("sku_name", if hub.is_some() { "AZFW_Hub" } else { "AZFW_VNet" });
        let tier = settings.tier.as_ref().map_or("Standard", |tier| tier.value.name());
        block.put_text("sku_tier", tier);
        if let Some(policy) = &firewall.policy {
            let here = self.inventory.policies.iter().find(|it| it.is_meant(&policy.value));
            let id = match here {
                Some(here) => self.id_of("azurerm_firewall_policy", &self.names.of(here)),
                None => self.foreign_id(&policy.value, "policy"),
            };
            block.put("firewall_policy_id", id);
        }
        if let Some(mode) = &settings.threat_intel_mode {
            let mode = self.value(mode);
            block.put("threat_intel_mode", mode);
        }
        if let Some(dns) = &settings.dns {
            if let Some(proxy) = &dns.enable_proxy {
                let proxy = self.flag(proxy);
                block.put("dns_proxy_enabled", proxy);
            }
            block.put_list("dns_servers", self.list(&dns.servers));
        }
        if let Some(snat) = &settings.snat {
            let ranges = snat.private_ranges.iter();
            let ranges = ranges.map(|range| Value::Text(range.value.to_string())).collect();
            block.put_list("private_ip_ranges", ranges);
        }
        self.refuse_settings(firewall);
        block.put_list("zones", self.list(&firewall.placement.zones));
        self.remarks.note_addresses(firewall);
        match hub {
            Some(hub) => {
                let inner = self.virtual_hub(firewall, &hub.value);
                block.block(inner);
            }
            None => self.configurations(firewall, &mut block),
        }
        block
    }

    fn virtual_hub(&mut self, firewall: &ClassicFirewall, hub: &Written<ResourceId>) -> Block {
        let id = match hub {
            Written::Value(id) => self.foreign_id(id, "virtual hub"),
            Written::Unresolved(_) | Written::Invalid(_) => {
                self.variable("virtual_hub_id", "The virtual hub of the firewall.")
            }
        };
        let mut block = Block::new("virtual_hub");
        block.put("virtual_hub_id", id);
        block.put("public_ip_count", Value::Plain(public_addresses(firewall).to_string()));
        block
    }

    fn configurations(&mut self, firewall: &ClassicFirewall, block: &mut Block) {
        let Placement { zones: _, subnets, management_subnet, virtual_hub: _ } =
            &firewall.placement;
        let mut ids: Vec<Value> = Vec::new();
        for subnet in subnets {
            ids.push(self.foreign_id(&subnet.value, "subnet"));
        }
        if ids.is_empty() {
            ids.push(self.variable("subnet_id", "The subnet of the firewall."));
        }
        for (index, subnet) in ids.into_iter().enumerate() {
            let public =
                self.variable("public_ip_address_id", "The public IP address of the firewall.");
            let name = format!("ipconfig{}", index + 1);
            block.block(configuration("ip_configuration", &name, subnet, public));
        }
        let Some(management) = management_subnet else { return };
        let subnet = match &management.value {
            Written::Value(id) => self.foreign_id(id, "subnet"),
            Written::Unresolved(_) | Written::Invalid(_) => {
                self.variable("management_subnet_id", "The management subnet of the firewall.")
            }
        };
        let public = self.variable(
            "management_public_ip_address_id",
            "The public IP address that the firewall is managed by.",
        );
        block.block(configuration("management_ip_configuration", "management", subnet, public));
    }

    fn refuse_settings(&mut self, firewall: &ClassicFirewall) {
        let settings = &firewall.settings;
        let list = &settings.threat_intel_allowlist;
        let missing = [
            (
                !list.addresses.is_empty() || !list.fqdns.is_empty(),
                "the threat intelligence allowlist",
            ),
            (settings.intrusion_detection.is_some(), "IDPS"),
            (settings.certificate_authority.is_some(), "TLS inspection"),
            (settings.explicit_proxy.is_some(), "the explicit proxy"),
            (settings.allow_sql_redirect.is_some(), "SQL redirection"),
        ];
        for (_, what) in missing.iter().filter(|(is_set, _)| *is_set) {
            let message =
                format!("{what} cannot be set for classic firewall `{}`", firewall.name());
            self.remarks.impossible(message, firewall.name.span, "use a policy");
        }
    }

    fn classic_collection(
        &mut self,
        firewall: &ClassicFirewall,
        collection: &RuleCollection,
    ) -> Option<Block> {
        let name = &collection.name.value;
        let Some(first) = collection.rules.first() else {
            let message = format!("rule collection `{name}` is empty and left out");
            let help = "the azurerm provider takes no collection without rules";
            self.remarks.warn(message, collection.name.span, help);
            return None;
        };
        let kind = resource_name(first);
        let is_nat = collection.action.value == CollectionAction::Dnat;
        let is_mixed = collection.rules.iter().any(|rule| resource_name(rule) != kind);
        if is_mixed || is_nat != matches!(first, Rule::Nat(_)) {
            let message = format!("rule collection `{name}` holds rules of several types");
            let help = "Azure takes one type of rules in a collection: put them into one each";
            self.remarks.impossible(message, collection.name.span, help);
        }
        let own = self.names.of(firewall);
        let mut block = Block::resource(kind, &format!("{own}_{}", identifier(name)));
        block.put_text("name", name);
        block.put("azure_firewall_name", Value::Reference(format!("azurerm_firewall.{own}.name")));
        let group = format!("azurerm_firewall.{own}.resource_group_name");
        block.put("resource_group_name", Value::Reference(group));
        block.put("priority", Value::Plain(collection.priority.value.to_string()));
        block.put_text("action", if is_nat { "Dnat" } else { collection.action.value.name() });
        for rule in &collection.rules {
            let inner = self.classic_rule(rule);
            block.block(inner);
        }
        Some(block)
    }

    fn classic_rule(&mut self, rule: &Rule) -> Block {
        self.remarks.refuse_unknown_fields(rule);
        let mut block = Block::new("rule");
        self.head(rule.head(), &mut block);
        match rule {
            Rule::Network(rule) => {
                block.put_list("protocols", self.list(&rule.protocols));
                self.network_destinations(rule, &mut block);
            }
            Rule::Application(rule) => self.classic_application(rule, &mut block),
            Rule::Nat(rule) => self.classic_nat(rule, &mut block),
        }
        block
    }

    fn classic_application(&mut self, rule: &ApplicationRule, block: &mut Block) {
        block.put_list("target_fqdns", self.list(&rule.target_fqdns));
        block.put_list("fqdn_tags", self.list(&rule.fqdn_tags));
        self.protocols("protocol", rule, block);
        let is_premium = !rule.target_urls.is_empty()
            || !rule.web_categories.is_empty()
            || !rule.destinations.is_empty()
            || !rule.http_headers.is_empty()
            || rule.terminate_tls.is_some();
        if is_premium {
            let message = format!(
                "rule `{}` of a classic firewall has fields that only policies have",
                rule.head.name.value
            );
            self.remarks.impossible(message, rule.head.span.0, "put the rule into a policy");
        }
    }

    fn classic_nat(&mut self, rule: &NatRule, block: &mut Block) {
        block.put_list("protocols", self.list(&rule.protocols));
        block.put_list("destination_addresses", self.list(&rule.destinations));
        block.put_list("destination_ports", self.list(&rule.destination_ports));
        if rule.translated_fqdn.is_some() || rule.translated_address.is_none() {
            let message = format!("rule `{}` has no translated address", rule.head.name.value);
            let help = "the azurerm provider translates to an address, not to a name";
            self.remarks.impossible(message, rule.head.span.0, help);
        }
        if let Some(address) = &rule.translated_address {
            block.put("translated_address", self.value(address));
        }
        let Some(port) = &rule.translated_port else {
            let message = format!("rule `{}` has no translated port", rule.head.name.value);
            let help = "the azurerm provider needs one: write it into the rule";
            self.remarks.impossible(message, rule.head.span.0, help);
            return;
        };
        block.put("translated_port", self.value(port));
    }
}

fn configuration(kind: &str, name: &str, subnet: Value, public: Value) -> Block {
    let mut block = Block::new(kind);
    block.put_text("name", name);
    block.put("subnet_id", subnet);
    block.put("public_ip_address_id", public);
    block
}

fn resource_name(rule: &Rule) -> &'static str {
    match rule {
        Rule::Network(_) => "azurerm_firewall_network_rule_collection",
        Rule::Application(_) => "azurerm_firewall_application_rule_collection",
        Rule::Nat(_) => "azurerm_firewall_nat_rule_collection",
    }
}
