//! ARM templates that can be deployed as they are.

mod firewall;
mod policy;
mod rules;
mod value;

use serde_json::{Map, Value, json};

use self::value::Values;
use super::Output;
use super::remarks::{Remarks, Resource, distinct, policy_of};
use crate::policy::{FirewallPolicy, Inventory, ResourceId, RuleCollectionGroup};
use crate::syntax::expression::Expression;

const SCHEMA: &str =
    "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
/// The API version of all resources; the newest that all regions and clouds have.
const API_VERSION: &str = "2024-05-01";

/// The rule sets as an ARM template.
///
/// Rule collection groups depend on each other one by one, because the service refuses parallel
/// updates of a policy. What only a deployment settles is written as the expression it was; what it
/// needs is a parameter of the template.
#[must_use]
pub fn arm(inventory: &Inventory) -> Output {
    let mut writer = Writer { inventory, values: Values::default(), remarks: Remarks::default() };
    writer.remarks.note_side_tables(inventory);
    let mut resources = Vec::new();
    writer.ip_groups(&mut resources);
    writer.policies(&mut resources);
    writer.firewalls(&mut resources);
    let Writer { values, mut remarks, .. } = writer;
    let parameters = values.finish(&mut remarks);
    let template = json!({
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": parameters,
        "resources": resources,
    });
    Output { text: format!("{template:#}\n"), warnings: remarks.warnings }
}

/// Builds the template.
struct Writer<'a> {
    inventory: &'a Inventory,
    values: Values,
    remarks: Remarks,
}

impl Writer<'_> {
    fn ip_groups(&mut self, resources: &mut Vec<Value>) {
        for group in distinct(&mut self.remarks, &self.inventory.ip_groups, |_, _| true) {
            let name = self.values.name(&group.name.value);
            let addresses = self.values.list(&group.addresses);
            resources.push(json!({
                "type": "Microsoft.Network/ipGroups",
                "apiVersion": API_VERSION,
                "name": name,
                "location": self.location(group.location.as_deref()),
                "properties": { "ipAddresses": addresses },
            }));
        }
    }

    /// Policies, parents first, each with its groups behind it.
    fn policies(&mut self, resources: &mut Vec<Value>) {
        let inventory = self.inventory;
        let mut policies = distinct(&mut self.remarks, &inventory.policies, |_, _| true);
        policies.sort_by_key(|policy| policy.base.is_some());
        let groups = distinct(&mut self.remarks, &inventory.groups, |a, b| a.policy == b.policy);
        for policy in &policies {
            self.remarks.note_missing_groups(inventory, policy);
            let name = self.values.name(&policy.name.value);
            let properties = self.policy_properties(policy);
            let mut resource = json!({
                "type": "Microsoft.Network/firewallPolicies",
                "apiVersion": API_VERSION,
                "name": name,
                "location": self.location(policy.settings.location.as_deref()),
            });
            self.identity(&policy.settings, &mut resource);
            let depends = self.policy_dependencies(policy, &groups);
            put(&mut resource, "dependsOn", list_or_nothing(depends));
            put(&mut resource, "properties", Some(Value::Object(properties)));
            resources.push(resource);
            let own = groups.iter().filter(|group| {
                policy_of(inventory, group).is_some_and(|owner| std::ptr::eq(owner, *policy))
            });
            self.groups(own.copied(), Some(policy), resources);
        }
        let rest: Vec<&RuleCollectionGroup> =
            groups.iter().filter(|group| policy_of(inventory, group).is_none()).copied().collect();
        self.groups(rest.into_iter(), None, resources);
    }

    /// A child waits for its parent and the parent's groups, and for the IP Groups it names.
    fn policy_dependencies(
        &self,
        policy: &FirewallPolicy,
        groups: &[&RuleCollectionGroup],
    ) -> Vec<Value> {
        let mut depends = Vec::new();
        let parent = policy.base.as_ref().and_then(|base| {
            self.inventory.policies.iter().find(|parent| parent.is_meant(&base.value))
        });
        if let Some(parent) = parent {
            depends.push(value::resource_id(FirewallPolicy::KIND, &[parent.name()]));
            let of_parent = |group: &&&RuleCollectionGroup| {
                policy_of(self.inventory, group).is_some_and(|owner| std::ptr::eq(owner, parent))
            };
            if let Some(last) = groups.iter().rfind(of_parent) {
                let names = [parent.name(), last.name()];
                depends.push(value::resource_id(RuleCollectionGroup::KIND, &names));
            }
        }
        depends.extend(self.ip_group_dependencies());
        depends
    }

    fn ip_group_dependencies(&self) -> impl Iterator<Item = Value> {
        let groups = self.inventory.ip_groups.iter();
        groups.map(|group| value::resource_id("Microsoft.Network/ipGroups", &[group.name()]))
    }

    /// Groups of one policy, each waiting for the one before it.
    fn groups<'g>(
        &mut self,
        groups: impl Iterator<Item = &'g RuleCollectionGroup>,
        policy: Option<&FirewallPolicy>,
        resources: &mut Vec<Value>,
    ) {
        let mut before: Option<Value> = None;
        for group in groups {
            let owner = policy.map(|policy| policy.name.value.as_str());
            let owner = owner.or_else(|| group.policy.as_ref().map(ResourceId::name));
            let owner = match owner {
                Some(owner) => value::Part::Text(owner),
                None => value::Part::Expression(self.unknown_policy(group)),
            };
            let parts = [owner, value::Part::Text(group.name())];
            let mut depends: Vec<Value> = before.take().into_iter().collect();
            if let Some(policy) = policy.filter(|_| depends.is_empty()) {
                depends.push(value::resource_id(FirewallPolicy::KIND, &[policy.name()]));
            }
            if policy.is_none() {
                depends.extend(self.ip_group_dependencies());
            }
            let collections: Vec<Value> =
                group.collections.iter().map(|collection| self.collection(collection)).collect();
            let mut resource = json!({
                "type": RuleCollectionGroup::KIND,
                "apiVersion": API_VERSION,
                "name": self.values.joined_name(&parts),
            });
            put(&mut resource, "dependsOn", list_or_nothing(depends));
            let properties =
                json!({ "priority": group.priority.value, "ruleCollections": collections });
            put(&mut resource, "properties", Some(properties));
            resources.push(resource);
            before = Some(value::joined_id(RuleCollectionGroup::KIND, &parts));
        }
    }

    /// The name of a policy that no file says.
    fn unknown_policy(&mut self, group: &RuleCollectionGroup) -> Expression {
        let message = "the policy of the rule collection groups is not known";
        let help = "give its name when you deploy: parameter `firewallPolicyName`";
        self.remarks.warn(message, group.name.span, help);
        self.values.declared("firewallPolicyName", "string")
    }

    fn location(&mut self, written: Option<&str>) -> Value {
        match written {
            Some(location) => self.values.name(location),
            None => LOCATION.into(),
        }
    }
}

const LOCATION: &str = "[resourceGroup().location]";

fn list_or_nothing(list: Vec<Value>) -> Option<Value> {
    (!list.is_empty()).then_some(Value::Array(list))
}

/// Adds a field to an object.
fn put(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Value::Object(members), Some(value)) = (object, value) {
        members.insert(key.to_owned(), value);
    }
}

/// Adds a field that holds something.
fn put_list(object: &mut Map<String, Value>, key: &str, value: Value) {
    let is_empty = value.as_array().is_some_and(Vec::is_empty);
    if !is_empty {
        object.insert(key.to_owned(), value);
    }
}
