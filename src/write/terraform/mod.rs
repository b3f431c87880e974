//! Terraform code for the `azurerm` provider, version 4.

mod firewall;
mod group;
mod hcl;
mod names;
mod policy;

use std::fmt::Display;

use smol_str::SmolStr;

use self::hcl::{Block, Value};
use self::names::Names;
use super::Output;
use super::remarks::{Remarks, Resource, distinct, policy_of};
use crate::policy::{Inventory, IpGroupRef, ResourceId, Written};
use crate::source::Spanned;

/// The rule sets as Terraform code.
///
/// What a rule set does not say (the resource group, the location, subnets) are variables of the
/// module, and so is everything that only a deployment settles.
#[must_use]
pub fn terraform(inventory: &Inventory) -> Output {
    let mut writer = Writer {
        inventory,
        remarks: Remarks::default(),
        names: Names::new(inventory),
        variables: Vec::new(),
    };
    writer.remarks.note_side_tables(inventory);
    let mut blocks = Vec::new();
    writer.ip_groups(&mut blocks);
    writer.policies(&mut blocks);
    writer.groups(&mut blocks);
    writer.firewalls(&mut blocks);
    let mut out = String::from(HEADING);
    for variable in &writer.variables {
        out.push('\n');
        let mut block = Block::new(format!("variable {}", hcl::quoted(&variable.name)));
        block.put("type", Value::Reference("string".into()));
        block.put_text("description", &variable.meaning);
        block.write(&mut out, 0);
    }
    for block in blocks {
        out.push('\n');
        block.write(&mut out, 0);
    }
    Output { text: out, warnings: writer.remarks.warnings }
}

const HEADING: &str = "terraform {
  required_providers {
    azurerm = {
      source  = \"hashicorp/azurerm\"
      version = \"~> 4.0\"
    }
  }
}
";

/// Builds the code.
struct Writer<'a> {
    inventory: &'a Inventory,
    remarks: Remarks,
    names: Names<'a>,
    variables: Vec<Variable>,
}

struct Variable {
    name: String,
    meaning: String,
}

impl Writer<'_> {
    /// A variable of the module; the same meaning is the same variable.
    fn variable(&mut self, name: &str, meaning: &str) -> Value {
        let known = self.variables.iter().find(|known| known.meaning == meaning);
        if let Some(known) = known {
            return Value::Reference(format!("var.{}", known.name));
        }
        let name = self.free_variable(name);
        self.variables.push(Variable { name: name.clone(), meaning: meaning.to_owned() });
        Value::Reference(format!("var.{name}"))
    }

    fn free_variable(&self, name: &str) -> String {
        let is_free = |name: &str| self.variables.iter().all(|known| known.name != name);
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| is_free(name))
            .unwrap_or_default()
    }

    /// Where a resource belongs.
    fn place(&mut self, block: &mut Block, id: Option<&ResourceId>, location: Option<&str>) {
        let group = id.and_then(|id| segment_behind(id.as_str(), "resourceGroups"));
        let group = match group.filter(|group| *group != "*") {
            Some(group) => Value::Text(group.to_owned()),
            None => self.variable("resource_group_name", "The resource group of the rule set."),
        };
        block.put("resource_group_name", group);
        let location = match location.filter(|location| !location.starts_with('[')) {
            Some(location) => Value::Text(location.to_owned()),
            None => self.variable("location", "The region of the rule set."),
        };
        block.put("location", location);
    }

    fn ip_groups(&mut self, blocks: &mut Vec<Block>) {
        for group in distinct(&mut self.remarks, &self.inventory.ip_groups, |a, b| a.id == b.id) {
            let mut block = Block::resource("azurerm_ip_group", &self.names.of(group));
            block.put_text("name", group.name());
            self.place(&mut block, group.id.as_ref(), group.location.as_deref());
            let addresses = self.list(&group.addresses);
            block.put_list("cidrs", addresses);
            blocks.push(block);
        }
    }

    /// A value: text, or a variable for what is not known.
    fn value<T: Display>(&mut self, value: &Spanned<Written<T>>) -> Value {
        match &value.value {
            Written::Value(known) => Value::Text(known.to_string()),
            Written::Invalid(text) => {
                let message = format!("`{text}` is written as it was, but Azure will refuse it");
                self.remarks.warn(message, value.span, "correct it before you apply");
                Value::Text(text.to_string())
            }
            Written::Unresolved(text) => self.unresolved(text),
        }
    }

    fn unresolved(&mut self, text: &SmolStr) -> Value {
        let message = format!("`{text}` is not known and becomes a variable");
        self.remarks.warn(
            message,
            None,
            "give the variable a value, or put a reference in its place",
        );
        self.variable("unresolved", text)
    }

    fn flag(&mut self, value: &Spanned<Written<bool>>) -> Value {
        match &value.value {
            Written::Value(flag) => Value::Plain(flag.to_string()),
            Written::Invalid(_) | Written::Unresolved(_) => self.value(value),
        }
    }

    fn list<T: Display>(&mut self, values: &[Spanned<Written<T>>]) -> Vec<Value> {
        values.iter().map(|value| self.value(value)).collect()
    }

    /// References to IP Groups: of this code, or by id.
    fn ip_group_list(&mut self, groups: &[Spanned<IpGroupRef>]) -> Vec<Value> {
        let mut list = Vec::new();
        for group in groups {
            list.push(match &group.value {
                Written::Value(id) => {
                    let here = self.inventory.ip_groups.iter().find(|known| known.is_meant(id));
                    match here {
                        Some(here) => self.id_of("azurerm_ip_group", &self.names.of(here)),
                        None => self.foreign_id(id, "IP Group"),
                    }
                }
                Written::Invalid(_) | Written::Unresolved(_) => self.value(group),
            });
        }
        list
    }

    #[expect(clippy::unused_self, reason = "stands beside `foreign_id`")]
    fn id_of(&self, kind: &str, name: &str) -> Value {
        Value::Reference(format!("{kind}.{name}.id"))
    }

    /// The id of a resource that stands elsewhere.
    fn foreign_id(&mut self, id: &ResourceId, what: &str) -> Value {
        let text = id.as_str();
        if text.starts_with('/') && !text.contains('*') && !text.contains('[') {
            return Value::Text(text.to_owned());
        }
        let meaning = format!("The id of {what} {}.", id.name());
        self.variable(&format!("{}_id", names::identifier(id.name())), &meaning)
    }
}

/// The segment behind `key` in an id.
fn segment_behind<'t>(id: &'t str, key: &str) -> Option<&'t str> {
    let mut segments = id.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(key))?;
    segments.next()
}
