//! Classic firewalls.

use serde_json::{Map, Value, json};

use super::rules::Owner;
use super::value;
use super::{API_VERSION, Writer, list_or_nothing, put, put_list};
use crate::policy::{
    ClassicFirewall, CollectionAction, ResourceId, Rule, RuleCollection, Settings, Written,
};
use crate::source::Spanned;
use crate::write::remarks::{Resource, distinct, public_addresses};

/// Azure's lists of collections, by the type of their rules.
const LISTS: [&str; 3] =
    ["natRuleCollections", "networkRuleCollections", "applicationRuleCollections"];

impl Writer<'_> {
    pub(super) fn firewalls(&mut self, resources: &mut Vec<Value>) {
        for firewall in distinct(&mut self.remarks, &self.inventory.firewalls, |_, _| true) {
            let name = self.values.name(&firewall.name.value);
            let properties = self.firewall_properties(firewall);
            let mut resource = json!({
                "type": ClassicFirewall::KIND,
                "apiVersion": API_VERSION,
                "name": name,
                "location": self.location(firewall.settings.location.as_deref()),
            });
            let zones = self.values.list(&firewall.placement.zones);
            put(
                &mut resource,
                "zones",
                Some(zones).filter(|_| !firewall.placement.zones.is_empty()),
            );
            let depends = self.firewall_dependencies(firewall);
            put(&mut resource, "dependsOn", list_or_nothing(depends));
            put(&mut resource, "properties", Some(Value::Object(properties)));
            resources.push(resource);
        }
    }

    fn firewall_dependencies(&self, firewall: &ClassicFirewall) -> Vec<Value> {
        let policy = firewall.policy.as_ref().and_then(|id| {
            self.inventory.policies.iter().find(|policy| policy.is_meant(&id.value))
        });
        let Some(policy) = policy else { return self.ip_group_dependencies().collect() };
        let mut groups = self.inventory.groups.iter().filter(|group| {
            super::policy_of(self.inventory, group).is_some_and(|owner| owner == policy)
        });
        let last = groups.next_back().map(|group| {
            value::resource_id(
                crate::policy::RuleCollectionGroup::KIND,
                &[policy.name(), group.name()],
            )
        });
        let policy = value::resource_id(crate::policy::FirewallPolicy::KIND, &[policy.name()]);
        std::iter::once(policy).chain(last).collect()
    }

    fn firewall_properties(&mut self, firewall: &ClassicFirewall) -> Map<String, Value> {
        let settings = &firewall.settings;
        let mut properties = Map::new();
        let tier = settings.tier.as_ref().map_or("Standard", |tier| tier.value.name());
        let sku = if firewall.placement.virtual_hub.is_some() { "AZFW_Hub" } else { "AZFW_VNet" };
        properties.insert("sku".into(), json!({ "name": sku, "tier": tier }));
        if let Some(mode) = &settings.threat_intel_mode {
            properties.insert("threatIntelMode".into(), self.values.text(mode));
        }
        if let Some(policy) = &firewall.policy {
            let here = self.inventory.policies.iter().find(|it| it.is_meant(&policy.value));
            let id = self.values.reference(&policy.value, here.map(|it| it.name.value.as_str()));
            properties.insert("firewallPolicy".into(), json!({ "id": id }));
        }
        self.remarks.note_addresses(firewall);
        match &firewall.placement.virtual_hub {
            Some(hub) => self.in_hub(firewall, &hub.value, &mut properties),
            None => {
                properties.insert("ipConfigurations".into(), self.ip_configurations(firewall));
            }
        }
        if let Some(subnet) = &firewall.placement.management_subnet {
            let subnet = match &subnet.value {
                Written::Value(id) => self.values.reference(id, None),
                Written::Unresolved(_) | Written::Invalid(_) => {
                    self.values.declared_text("managementSubnetId")
                }
            };
            let configuration =
                self.ip_configuration("management", subnet, "managementPublicIPAddressId");
            properties.insert("managementIpConfiguration".into(), configuration);
        }
        let additional = self.additional(settings);
        if !additional.is_empty() {
            properties.insert("additionalProperties".into(), Value::Object(additional));
        }
        self.refuse_settings(firewall);
        for (index, key) in LISTS.iter().enumerate() {
            let collections = firewall.collections.iter().filter(|it| list_of(it) == Some(index));
            let collections: Vec<Value> = collections.map(|it| self.classic(it)).collect();
            put_list(&mut properties, key, collections.into());
        }
        self.refuse_mixtures(firewall);
        properties
    }

    /// A firewall in a hub gets its addresses from there.
    fn in_hub(
        &mut self,
        firewall: &ClassicFirewall,
        hub: &Written<ResourceId>,
        properties: &mut Map<String, Value>,
    ) {
        let id = match hub {
            Written::Value(id) => self.values.reference(id, None),
            Written::Unresolved(_) | Written::Invalid(_) => {
                self.values.declared_text("virtualHubId")
            }
        };
        properties.insert("virtualHub".into(), json!({ "id": id }));
        let count = public_addresses(firewall);
        properties.insert("hubIPAddresses".into(), json!({ "publicIPs": { "count": count } }));
    }

    fn ip_configurations(&mut self, firewall: &ClassicFirewall) -> Value {
        let name = &firewall.name.value;
        let (message, help) = if firewall.placement.subnets.is_empty() {
            (
                format!("the subnet and the public IP address of firewall `{name}` are not known"),
                "give their ids when you deploy: parameters `subnetId` and `publicIPAddressId`",
            )
        } else {
            (
                format!("the public IP address of firewall `{name}` is not known"),
                "give its id when you deploy: parameter `publicIPAddressId`",
            )
        };
        self.remarks.warn(message, firewall.name.span, help);
        let mut subnets: Vec<Value> = Vec::new();
        for subnet in &firewall.placement.subnets {
            subnets.push(self.values.reference(&subnet.value, None));
        }
        if subnets.is_empty() {
            subnets.push(self.values.declared_text("subnetId"));
        }
        let mut configurations = Vec::new();
        for (index, subnet) in subnets.into_iter().enumerate() {
            let name = format!("ipconfig{}", index + 1);
            configurations.push(self.ip_configuration(&name, subnet, "publicIPAddressId"));
        }
        configurations.into()
    }

    fn ip_configuration(&mut self, name: &str, subnet: Value, public: &str) -> Value {
        json!({
            "name": name,
            "properties": {
                "subnet": { "id": subnet },
                "publicIPAddress": { "id": self.values.declared_text(public) },
            },
        })
    }

    /// Settings that classic firewalls keep as texts with commas.
    fn additional(&mut self, settings: &Settings) -> Map<String, Value> {
        let mut additional = Map::new();
        if let Some(dns) = &settings.dns {
            if let Some(proxy) = &dns.enable_proxy {
                additional.insert("Network.DNS.EnableProxy".into(), self.values.text(proxy));
            }
            self.joined("Network.DNS.Servers", &dns.servers, &mut additional);
        }
        if let Some(snat) = &settings.snat {
            let ranges: Vec<&str> =
                snat.private_ranges.iter().map(|range| range.value.as_str()).collect();
            if !ranges.is_empty() {
                additional.insert("Network.SNAT.PrivateRanges".into(), ranges.join(",").into());
            }
        }
        let list = &settings.threat_intel_allowlist;
        self.joined("ThreatIntel.Whitelist.IpAddresses", &list.addresses, &mut additional);
        self.joined("ThreatIntel.Whitelist.FQDNs", &list.fqdns, &mut additional);
        additional
    }

    fn joined<T: std::fmt::Display>(
        &mut self,
        key: &str,
        values: &[Spanned<Written<T>>],
        object: &mut Map<String, Value>,
    ) {
        let mut texts = Vec::new();
        for value in values {
            if let Written::Unresolved(text) = &value.value {
                let help = "put the value in its place: the setting is one text with commas";
                self.remarks.impossible(
                    format!("`{text}` cannot stand in `{key}`"),
                    value.span,
                    help,
                );
            }
            texts.push(value.value.to_string());
        }
        if !texts.is_empty() {
            object.insert(key.to_owned(), texts.join(",").into());
        }
    }

    /// Settings that only policies have.
    fn refuse_settings(&mut self, firewall: &ClassicFirewall) {
        let settings = &firewall.settings;
        let policy_only = [
            (settings.intrusion_detection.is_some(), "IDPS"),
            (settings.certificate_authority.is_some(), "TLS inspection"),
            (settings.explicit_proxy.is_some(), "the explicit proxy"),
            (settings.allow_sql_redirect.is_some(), "SQL redirection"),
        ];
        for (_, what) in policy_only.iter().filter(|(is_set, _)| *is_set) {
            let message =
                format!("{what} cannot be set for classic firewall `{}`", firewall.name.value);
            self.remarks.impossible(message, firewall.name.span, "use a policy");
        }
    }

    /// A collection has its content under `properties`.
    fn classic(&mut self, collection: &RuleCollection) -> Value {
        let action = match collection.action.value {
            CollectionAction::Dnat => "Dnat",
            filter @ CollectionAction::Filter(_) => filter.name(),
        };
        json!({
            "name": self.values.name(&collection.name.value),
            "properties": {
                "priority": collection.priority.value,
                "action": { "type": action },
                "rules": self.rules(&collection.rules, Owner::Firewall),
            },
        })
    }

    fn refuse_mixtures(&mut self, firewall: &ClassicFirewall) {
        for collection in &firewall.collections {
            if list_of(collection).is_none() {
                let message = format!(
                    "rule collection `{}` of firewall `{}` holds no rules, or rules of several types",
                    collection.name.value, firewall.name.value
                );
                let help = "a classic firewall keeps its collections by the type of their rules";
                if collection.rules.is_empty() {
                    self.remarks.warn(
                        message,
                        collection.name.span,
                        "it is left out: it decides nothing",
                    );
                } else {
                    self.remarks.impossible(message, collection.name.span, help);
                }
            }
        }
    }
}

/// The list that a collection belongs to; `None`: its rules are of several types, or there are none.
fn list_of(collection: &RuleCollection) -> Option<usize> {
    let index = |rule: &Rule| match rule {
        Rule::Nat(_) => 0,
        Rule::Network(_) => 1,
        Rule::Application(_) => 2,
    };
    let first = index(collection.rules.first()?);
    let is_nat = collection.action.value == CollectionAction::Dnat;
    (collection.rules.iter().all(|rule| index(rule) == first) && is_nat == (first == 0))
        .then_some(first)
}
