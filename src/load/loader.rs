//! From the JSON values of a file to its policies, groups, firewalls, IP Groups and tables.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use super::bundle::{Bundle, bundle, names_of_group};
use super::classic_part::{classic_list, classic_parts};
use super::envelope::{
    foreseen, is_parameter_file, is_template, list, rows, sample_body, sample_names,
    wrapped_template,
};
use super::fields::Fields;
use super::firewall::firewall;
use super::foreign::TERRAFORM_HELP;
use super::group::{group, ungrouped};
use super::ip_group::ip_group;
use super::kind::{Kind, Recognised, Resource, recognised, rule_within};
use super::notes::Notes;
use super::policy::policy;
use super::rule_group::rule_group;
use super::rule_kind::RuleKind;
use super::service_tags::{is_tag_file, tag_file};
use super::subnet::{are_named_in, firewall_subnets};
use super::tables::side_table;
use super::truncation::truncated;
use super::{Options, csv, lines, template, terraform};
use crate::policy::Inventory;
use crate::source::{InputError, Severity, SourceId, Sources, Spanned, Warning};
use crate::syntax::json::{Node, Value};

/// Collects what one file holds.
pub(super) struct Loader<'a> {
    /// The file's name, for messages and for what has no name itself.
    file: &'a str,
    notes: Notes<'a>,
    options: &'a Options,
    inventory: Inventory,
    has_found: bool,
    /// Rule collections without a group.
    loose: Vec<Node>,
    /// Collections of classic firewalls without their firewall.
    classic: Vec<(RuleKind, Node)>,
    /// What else the file holds, with counts.
    others: BTreeMap<String, usize>,
    /// What templates leave out, for the message about an unusable file.
    skipped: Vec<Warning>,
}

/// How many other things the message about an unusable file lists.
const OTHERS_MAX: usize = 5;

impl<'a> Loader<'a> {
    pub(super) fn new(file: &'a str, sources: &'a Sources, options: &'a Options) -> Self {
        Self {
            file,
            notes: Notes::new(sources),
            options,
            inventory: Inventory::default(),
            has_found: false,
            loose: Vec::new(),
            classic: Vec::new(),
            others: BTreeMap::new(),
            skipped: Vec::new(),
        }
    }

    /// One JSON value of the file's top level.
    pub(super) fn document(&mut self, node: &Node) -> Result<(), InputError> {
        if let Some(error) = truncated(&self.notes, node) {
            return Err(error);
        }
        self.node(node, None)
    }

    /// The rows of a table of rules.
    pub(super) fn table(
        &mut self,
        header: &csv::Header,
        id: SourceId,
        text: &str,
    ) -> Result<(), InputError> {
        for csv::Found { kind, names, node } in
            csv::content(&mut self.notes, self.file, header, id, text)?
        {
            self.resource(&Resource { kind, node: &node, names })?;
        }
        Ok(())
    }

    /// A list without keys.
    pub(super) fn lines(
        &mut self,
        form: lines::Form,
        id: SourceId,
        text: &str,
    ) -> Result<(), InputError> {
        match form {
            lines::Form::Addresses => {
                let node = lines::ip_group(text, id);
                self.resource(&Resource { kind: Kind::IpGroup, node: &node, names: Vec::new() })
            }
            lines::Form::Hosts | lines::Form::Answers => {
                self.node(&lines::dns(text, id, form), None)
            }
        }
    }

    /// All that was found.
    pub(super) fn finish(mut self) -> Result<(Inventory, Vec<Warning>), InputError> {
        let loose: Vec<&Node> = self.loose.iter().collect();
        if let Some(group) = ungrouped(&mut self.notes, &loose)? {
            self.has_found = true;
            self.inventory.groups.push(group);
        }
        let firewalls = classic_parts(&mut self.notes, &self.classic)?;
        self.has_found |= !firewalls.is_empty();
        self.inventory.firewalls.extend(firewalls);
        if self.has_found {
            self.notes.warnings.sort_by_key(|warning| warning.span);
            return Ok((self.inventory, self.notes.warnings));
        }
        Err(self.nothing_found())
    }

    /// Says what the file holds instead of a rule set, and where the rule set may be.
    fn nothing_found(self) -> InputError {
        let error = InputError::new(format!("no rule set found in `{}`", self.file));
        let mut others: Vec<String> =
            self.others.iter().map(|(what, count)| format!("{count} × {what}")).collect();
        if others.len() > OTHERS_MAX {
            let more = others.split_off(OTHERS_MAX).len();
            others.push(format!("{more} other things"));
        }
        let mut help = match others.join(", ") {
            found if found.is_empty() => "the list in it is empty".to_owned(),
            found => format!("found instead: {found}"),
        };
        let sources = self.notes.sources();
        let mut reasons = self.notes.warnings;
        reasons.extend(self.skipped);
        for reason in reasons.iter().take(OTHERS_MAX) {
            let line = reason.span.and_then(|span| sources.position(span));
            let line = line.map(|at| format!("line {}: ", at.line)).unwrap_or_default();
            help.extend(["\n", &line, &reason.message]);
            if let Some(what_to_do) = &reason.help {
                help.extend(["; ", what_to_do]);
            }
        }
        if reasons.len() > OTHERS_MAX {
            let more = reasons.len() - OTHERS_MAX;
            help.push_str("\nand more of the same: ");
            help.push_str(&more.to_string());
        }
        error.with_help(help)
    }

    /// `sample`: the parameters of the sample of the API that the node stands in.
    fn node(&mut self, node: &Node, sample: Option<&Node>) -> Result<(), InputError> {
        match &node.value {
            Value::Array(elements) => elements.iter().try_for_each(|it| self.node(it, sample)),
            Value::Object(_) => self.object(node, sample),
            Value::Null => Ok(()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Unresolved(_) => {
                self.other("single value");
                Ok(())
            }
        }
    }

    fn object(&mut self, node: &Node, sample: Option<&Node>) -> Result<(), InputError> {
        if let Some(tables) = side_table(&mut self.notes, node) {
            self.has_found = true;
            self.inventory.tables.extend(tables);
            return Ok(());
        }
        if is_tag_file(node) {
            self.has_found = true;
            self.inventory.tables.service_tags.push(tag_file(&mut self.notes, node));
            return Ok(());
        }
        if terraform::is_terraform(node) {
            return self.terraform(node);
        }
        if terraform::is_code(node) {
            let message = format!("`{}` is Terraform code", self.file);
            return Err(self.notes.error(message, node.span).with_help(TERRAFORM_HELP));
        }
        if is_template(node) {
            return self.template(node, &self.options.parameters);
        }
        if let Some((template, holder)) = wrapped_template(node) {
            let mut parameters = vec![holder.clone()];
            parameters.extend(self.options.parameters.iter().cloned());
            return self.template(template, &parameters);
        }
        if let Some(resources) = foreseen(node, self.options.side) {
            return resources.into_iter().try_for_each(|it| self.node(it, sample));
        }
        if is_parameter_file(node) {
            self.other("parameter file");
            return Ok(());
        }
        if let Some(body) = sample_body(node) {
            return self.node(body, node.get("parameters"));
        }
        if let Some(list) = list(node) {
            self.note_next_page(node);
            return self.node(list, sample);
        }
        if let Some(rows) = rows(node) {
            return rows.iter().try_for_each(|row| self.node(row, sample));
        }
        self.one(node, sample)
    }

    /// An object that wraps nothing: a resource, or people's own making.
    fn one(&mut self, node: &Node, sample: Option<&Node>) -> Result<(), InputError> {
        match recognised(node) {
            Recognised::Known(kind) => {
                let names = sample.map_or(Vec::new(), |sample| sample_names(kind, node, sample));
                self.resource(&Resource { kind, node, names })
            }
            Recognised::Other(full) => {
                if let Some(kind) = classic_list(&full) {
                    self.classic.push((kind, node.clone()));
                    return Ok(());
                }
                self.subnets(&full, &[], node);
                self.other(&format!("`{full}`"));
                Ok(())
            }
            Recognised::Unknown => {
                if let Some(bundle) = bundle(node) {
                    return self.bundle(&bundle);
                }
                if let Some(rule) = rule_within(node) {
                    return Err(rule_alone(&self.notes, rule));
                }
                let keys = node.members().iter().map(|member| format!("`{}`", member.key.value));
                let keys: Vec<String> = keys.take(OTHERS_MAX).collect();
                self.other(&match keys.join(", ") {
                    keys if keys.is_empty() => "empty object".to_owned(),
                    keys => format!("object with {keys}"),
                });
                Ok(())
            }
        }
    }

    /// The subnets of firewalls in a virtual network.
    fn subnets(&mut self, full: &str, names: &[SmolStr], node: &Node) {
        let found = firewall_subnets(full, names, node);
        self.has_found |= !found.is_empty();
        self.inventory.tables.subnets.extend(found);
    }

    /// Counts what is not read.
    fn other(&mut self, what: &str) {
        *self.others.entry(what.to_owned()).or_default() += 1;
    }

    fn template(&mut self, root: &Node, parameters: &[Node]) -> Result<(), InputError> {
        let expansion = template::expand(root, parameters, &self.options.template)
            .map_err(|error| error.in_sources(self.notes.sources()))?;
        self.notes.warnings.extend(expansion.warnings);
        self.skipped.extend(expansion.skipped);
        let sources = self.notes.sources();
        let text = sources.get(root.span.source).map_or("", |source| source.text());
        if are_named_in(text) {
            for network in template::networks(root, parameters, &self.options.template) {
                self.subnets(&network.kind, &network.names, &network.node);
            }
        }
        for template::Resource { kind: full, names, node } in expansion.resources {
            match Kind::of_type(&full) {
                Some(kind) => self.resource(&Resource { kind, node: &node, names })?,
                None => self.other(&format!("`{full}`")),
            }
        }
        for resource in root.get("resources").map_or(&[][..], Node::elements) {
            let full = resource.get("type").and_then(Node::text).unwrap_or("resource");
            if Kind::of_type(full).is_none() {
                self.other(&format!("`{full}`"));
            }
        }
        Ok(())
    }

    fn terraform(&mut self, root: &Node) -> Result<(), InputError> {
        let content = terraform::content(&mut self.notes, root, self.options)?;
        self.has_found |= content.may_be_empty;
        for terraform::Found { kind, names, node } in content.found {
            self.resource(&Resource { kind, node: &node, names })?;
        }
        for (full, names, node) in &content.networks {
            self.subnets(full, names, node);
        }
        for (what, count) in content.others {
            *self.others.entry(what).or_default() += count;
        }
        Ok(())
    }

    fn resource(&mut self, resource: &Resource<'_>) -> Result<(), InputError> {
        let notes = &mut self.notes;
        self.has_found = true;
        match resource.kind {
            Kind::Policy | Kind::PolicyDraft => {
                let mut policy = policy(notes, resource)?;
                name_after_file(&mut policy.name, self.file);
                for node in Fields::of(resource.node).entries(&["ruleCollectionGroups"]) {
                    self.inline_group(node, &policy.name.value)?;
                }
                self.inventory.policies.push(policy);
            }
            Kind::Group | Kind::GroupDraft | Kind::RuleGroup => {
                let mut group = match resource.kind {
                    Kind::RuleGroup => rule_group(notes, resource)?,
                    _ => group(notes, resource)?,
                };
                name_after_file(&mut group.name, self.file);
                self.inventory.groups.push(group);
            }
            Kind::Firewall => {
                let mut firewall = firewall(notes, resource)?;
                name_after_file(&mut firewall.name, self.file);
                self.inventory.firewalls.push(firewall);
            }
            Kind::IpGroup => {
                let mut group = ip_group(notes, resource)?;
                name_after_file(&mut group.name, self.file);
                self.inventory.ip_groups.push(group);
            }
            Kind::ServiceTags => {
                let file = tag_file(notes, resource.node);
                self.inventory.tables.service_tags.push(file);
            }
            Kind::Collection => self.loose.push(resource.node.clone()),
        }
        Ok(())
    }

    /// A policy refers to its groups; an expanded answer holds them in the same place.
    fn inline_group(&mut self, node: &Node, policy: &SmolStr) -> Result<(), InputError> {
        let fields = Fields::of(node);
        if fields.first(&["ruleCollections", "ruleCollection"]).is_none() {
            return Ok(());
        }
        let names = names_of_group(Some(policy), None, node);
        self.resource(&Resource { kind: Kind::Group, node, names })
    }

    /// Resources side by side in an object of somebody's own making.
    fn bundle(&mut self, bundle: &Bundle<'_>) -> Result<(), InputError> {
        let policy = bundle.policy();
        for held in &bundle.held {
            let node = held.node;
            match held.kind {
                Some(kind @ Kind::Group) => {
                    let names = names_of_group(policy.as_ref(), held.name.as_ref(), node);
                    self.resource(&Resource { kind, node, names })?;
                }
                Some(kind) => self.resource(&Resource { kind, node, names: Vec::new() })?,
                None => self.node(node, None)?,
            }
        }
        for member in &bundle.unread {
            let message = format!("`{}` beside the rule set is not read", member.key.value);
            let help = "rules in it do not count: give them as rule collection groups, as Azure's \
                        API writes them";
            let span = member.key.span.unwrap_or(member.value.span);
            self.notes.warn_with_help(Severity::Warning, message, span, help);
        }
        Ok(())
    }

    fn note_next_page(&mut self, node: &Node) {
        let next = node.get("nextLink").or_else(|| node.get("skipToken"));
        if let Some(next) = next.filter(|next| next.text().is_some_and(|text| !text.is_empty())) {
            let help = "fetch the other pages as well: rules may be missing";
            let message = "the list goes on behind `nextLink`";
            self.notes.warn_with_help(Severity::Warning, message, next.span, help);
        }
    }
}

/// What a rule lacks that nobody put into a collection.
fn rule_alone(notes: &Notes<'_>, rule: &Node) -> InputError {
    let name = rule.get("name").and_then(Node::text).unwrap_or("#1");
    let message = format!(
        "rule `{name}` stands without its rule collection: whether it allows or denies, and when it \
         is tried, is not in the file"
    );
    notes.error(message, rule.span).with_help(
        "give the rule collection groups (`az network firewall policy rule-collection-group \
         list`), or put the rules into `{\"name\": …, \"priority\": 100, \"action\": {\"type\": \
         \"Allow\"}, \"rules\": […]}`",
    )
}

/// A body without a name is called as its file is, without folder and ending.
fn name_after_file(name: &mut Spanned<SmolStr>, file: &str) {
    if name.value == super::collection::UNNAMED {
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let stem = file.split_once('.').map_or(file, |(stem, _)| stem);
        if !stem.is_empty() {
            name.value = stem.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::{check, check_all};

    const GROUP: &str = r#"{"name": "g", "properties": {"priority": 300, "ruleCollections": []}}"#;
    const IP_GROUP: &str = r#"{"name": "i", "type": "Microsoft.Network/IpGroups", "properties": {"ipAddresses": ["10.0.0.4", "10.0.1.1/24"]}}"#;

    #[test]
    fn lists_and_sequences() {
        check(
            &format!("[{GROUP}, null, [{IP_GROUP}]]"),
            expect![[r#"
            group g 300
            IP Group i = 10.0.0.4,10.0.1.0/24
            warning in line 1: address `10.0.1.1/24` in IP Group `i` has host bits set (it is read as `10.0.1.0/24`)
        "#]],
        );
        check(
            &format!("{{\"value\": [{GROUP}], \"nextLink\": \"https://example.com/2\"}}"),
            expect![[r#"
                group g 300
                warning in line 1: the list goes on behind `nextLink` (fetch the other pages as well: rules may be missing)
            "#]],
        );
        check(
            &format!("\u{feff}{GROUP}\r\n{IP_GROUP}\r\n"),
            expect![[r#"
            group g 300
            IP Group i = 10.0.0.4,10.0.1.0/24
            warning in line 2: address `10.0.1.1/24` in IP Group `i` has host bits set (it is read as `10.0.1.0/24`)
        "#]],
        );
        check(
            &format!("{GROUP},\n{IP_GROUP}"),
            expect![[r#"
            expected a value, found `,` (put several values into an array: `[` before the first, `]` behind the last)
        "#]],
        );
    }

    #[test]
    fn resource_graph() {
        check(
            &format!("{{\"count\": 1, \"data\": [{IP_GROUP}], \"totalRecords\": 1}}"),
            expect![[r#"
            IP Group i = 10.0.0.4,10.0.1.0/24
            warning in line 1: address `10.0.1.1/24` in IP Group `i` has host bits set (it is read as `10.0.1.0/24`)
        "#]],
        );
        check(
            r#"{"data": {"columns": [{"name": "name", "type": "string"}, {"name": "type", "type": "string"},
            {"name": "properties", "type": "object"}],
            "rows": [["i", "microsoft.network/ipgroups", {"ipAddresses": ["10.0.0.4"]}]]}}"#,
            expect![[r#"
                IP Group i = 10.0.0.4
            "#]],
        );
    }

    #[test]
    fn samples_of_the_api() {
        // The answer has an id and counts; a request is named by its parameters.
        check(
            &format!(
                r#"{{"parameters": {{"firewallPolicyName": "hub", "parameters": {GROUP}}},
                "responses": {{"200": {{"body": {IP_GROUP}}}, "201": {{"body": {GROUP}}}}}}}"#
            ),
            expect![[r#"
                IP Group i = 10.0.0.4,10.0.1.0/24
                warning in line 2: address `10.0.1.1/24` in IP Group `i` has host bits set (it is read as `10.0.1.0/24`)
            "#]],
        );
        check(
            r#"{"parameters": {"api-version": "2024-05-01", "firewallPolicyName": "hub", "ruleCollectionGroupName": "web",
            "parameters": {"properties": {"priority": 300, "ruleCollections": []}}}, "responses": {"202": {}}}"#,
            expect![[r#"
                group web of hub 300
            "#]],
        );
    }

    #[test]
    fn other_resources_are_passed_over() {
        check(
            r#"[{"type": "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies", "name": "waf",
             "properties": {"customRules": [{"name": "r", "ruleType": "MatchRule", "priority": 1, "action": "Block"}]}},
            {"type": "Microsoft.Authorization/policyDefinitions", "properties": {"policyRule": {"if": {"field":
             "Microsoft.Network/firewallPolicies/ruleCollectionGroups/ruleCollections[*].rules[*].protocols"}}}},
            {"id": "/subscriptions/s/providers/Microsoft.Network/azureWebCategories/Arts", "name": "Arts"},
            {"b": 1, "c": {}}, 7]"#,
            expect![[r#"
                no rule set found in `a.json` (found instead: 1 × `Microsoft.Authorization/policyDefinitions`, 1 × `Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies`, 1 × `Microsoft.Network/azureWebCategories`, 1 × object with `b`, `c`, 1 × single value)
            "#]],
        );
    }

    #[test]
    fn nothing_to_read() {
        check(
            "",
            expect![[r#"
                `a.json` is empty (the command that wrote it may have failed: run it again, and read what it says)
            "#]],
        );
        check(
            "[]",
            expect![[r#"
            no rule set found in `a.json` (the list in it is empty)
        "#]],
        );
        check(
            "{}",
            expect![[r#"
                no rule set found in `a.json` (found instead: 1 × empty object)
            "#]],
        );
        check(
            "{\"value\": []",
            expect![[r#"
            expected `,` or `}`, but the file ends here (the file looks cut off; still open: `{` of line 1)
        "#]],
        );
    }

    #[test]
    fn what_is_no_rule_set() {
        check(
            "service,port\nntp,123\n",
            expect![[r#"
            `a.json` is neither JSON nor a rule set in text form (JSON begins with `{` or `[`, the text form with `policy`, `firewall`, `group` or `ip-group`)
        "#]],
        );
    }

    #[test]
    fn parameter_files_belong_to_templates() {
        let parameters = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
            "contentVersion": "1.0.0.0", "parameters": {"a": {"value": 1}}}"#;
        check(
            parameters,
            expect![[r#"
            `a.json` is a parameter file (give the template it belongs to as well)
        "#]],
        );
        check_all(
            &[parameters, GROUP],
            expect![[r#"
            group g 300
        "#]],
        );
        check(
            "{\"parameters\": {\"a\": {\"value\": []}}}",
            expect![[r#"
            `a.json` is a parameter file (give the template it belongs to as well)
        "#]],
        );
    }

    const TEMPLATE: &str = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0", "parameters": {"sources": {"type": "array"}}, "resources": [
        {"type": "Microsoft.Network/virtualNetworks", "name": "net"},
        {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": {}, "resources": [
         {"type": "ruleCollectionGroups", "name": "web", "dependsOn": ["hub"], "properties": {"priority": 300,
          "ruleCollections": [{"ruleCollectionType": "FirewallPolicyFilterRuleCollection", "name": "c",
           "priority": 100, "action": {"type": "Allow"}, "rules": [{"ruleType": "NetworkRule", "name": "r",
            "ipProtocols": ["TCP"], "sourceAddresses": "[parameters('sources')]", "destinationPorts": ["443"],
            "destinationIpGroups": ["[resourceId('Microsoft.Network/ipGroups', 'servers')]"]}]}]}}]},
        {"type": "Microsoft.Network/ipGroups", "name": "servers", "properties": {"ipAddresses": ["10.0.0.4"]}}]}"#;

    #[test]
    fn templates_take_values_from_parameter_files() {
        check(
            TEMPLATE,
            expect![[r#"
            policy hub, 0 groups elsewhere
            group web of hub 300
             c 100 Allow
              network r: TCP ?[parameters('sources')]| -> |/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers|:443
            IP Group servers = 10.0.0.4
            warning in line 2: the parameter `sources` has no value (give it with `--set sources=…` or a parameter file)
        "#]],
        );
        let parameters = r#"{"parameters": {"sources": {"value": ["10.1.0.0/16"]}}}"#;
        check_all(
            &[TEMPLATE, parameters],
            expect![[r#"
            policy hub, 0 groups elsewhere
            group web of hub 300
             c 100 Allow
              network r: TCP 10.1.0.0/16| -> |/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/servers|:443
            IP Group servers = 10.0.0.4
        "#]],
        );
    }

    #[test]
    fn a_template_without_rules() {
        check(
            r#"{"contentVersion": "1.0.0.0", "resources": [{"type": "Microsoft.Network/virtualNetworks", "name": "a"},
            {"type": "Microsoft.Network/virtualNetworks", "name": "b"}]}"#,
            expect![[r#"
                no rule set found in `a.json` (found instead: 2 × `Microsoft.Network/virtualNetworks`)
            "#]],
        );
    }

    #[test]
    fn a_template_without_rules_says_where_they_may_be() {
        check(
            r#"{"contentVersion": "1.0.0.0", "resources": [
            {"type": "Microsoft.Resources/deployments", "name": "fw", "properties": {
             "templateLink": {"relativePath": "firewall.json"}}},
            {"type": "Microsoft.Network/ipGroups", "name": "servers", "condition": false}]}"#,
            expect![[r#"
                no rule set found in `a.json` (found instead: 1 × `Microsoft.Resources/deployments`
                line 3: the deployment `fw` links to another template `firewall.json`; its resources are not seen; give that template as a file too
                line 4: `servers` is not deployed: its condition is false; give other parameters with `--set NAME=VALUE` or a parameter file)
            "#]],
        );
    }
}
