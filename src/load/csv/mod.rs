//! Tables of rules: what scripts export to spreadsheets, and what azfw prints itself.
//!
//! A table is brought into the shape of Azure's API and read as that is. One that has lost the
//! priorities is refused: without them nobody knows which rule comes first.

mod column;
mod row;
mod rule;

use smol_str::{SmolStr, format_smolstr};

use self::column::Column;
use self::row::Row;
use super::kind::Kind;
use super::notes::Notes;
use super::shape::{Shape, list, text};
use crate::source::{InputError, Severity, SourceId, Span};
use crate::syntax::csv::{Cell, records};
use crate::syntax::json::Node;

/// The heading of a table of rules.
pub(super) struct Header {
    delimiter: char,
    columns: Vec<(Option<Column>, SmolStr)>,
    /// Where the heading begins.
    start: usize,
    /// Where the records begin.
    from: usize,
}

/// A resource in the shape of Azure's API.
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) names: Vec<SmolStr>,
    pub(super) node: Node,
}

const DELIMITERS: [char; 3] = [',', ';', '\t'];

/// The heading of `text`, if it is a table of rules.
pub(super) fn header(text: &str) -> Option<Header> {
    let mut from = text.len() - text.trim_start_matches('\u{feff}').trim_start().len();
    let mut line = text.get(from..)?.lines().next()?;
    // PowerShell's `Export-Csv` writes the type of the objects first.
    while line.to_ascii_uppercase().starts_with("#TYPE") || line.trim().is_empty() {
        let behind = text.get(from..)?.find('\n')? + 1;
        from += behind;
        line = text.get(from..)?.lines().next()?;
    }
    let headers = DELIMITERS.iter().map(|&delimiter| {
        let names = line.trim().split(delimiter).map(|name| name.trim().trim_matches('"').trim());
        let columns = names.map(|name| (Column::of(name), name.into())).collect();
        Header { delimiter, columns, start: from, from: from + line.len() }
    });
    headers.max_by_key(Header::known).filter(Header::is_of_rules)
}

impl Header {
    fn known(&self) -> usize {
        self.columns.iter().filter(|(column, _)| column.is_some()).count()
    }

    fn has(&self, column: Column) -> bool {
        self.columns.iter().any(|(found, _)| *found == Some(column))
    }

    fn is_of_rules(&self) -> bool {
        let any = |speaks: fn(Column) -> bool| {
            self.columns.iter().any(|(column, _)| column.is_some_and(speaks))
        };
        self.known() >= 4 && any(Column::speaks_of_rules) && any(Column::speaks_of_traffic)
    }

    /// Why the order of the rules cannot be told from the table, and what to do.
    fn refusal(&self, name: &str) -> Option<(String, &'static str)> {
        let is_log = self.columns.iter().any(|(_, name)| {
            let name = name.trim_end_matches("[UTC]").trim();
            name.eq_ignore_ascii_case("TimeGenerated")
        });
        if is_log {
            let message = format!("`{name}` is a table of logs, not of rules");
            return Some((message, "give it to `azfw report` or `azfw replay`"));
        }
        let has_no = |column: Column| !self.has(column);
        let missing = [
            (Column::Collection, "the rule collection of a rule (`RuleCollectionName`)"),
            (
                Column::CollectionPriority,
                "the priority of rule collections (`RuleCollectionPriority`)",
            ),
            (Column::Action, "the action of rule collections (`RuleCollectionAction`)"),
        ];
        let missing = missing.iter().find(|(column, _)| has_no(*column)).map(|(_, what)| *what);
        let group = "the priority of rule collection groups (`RuleCollectionGroupPriority`)";
        let is_group_lost = self.has(Column::Group) && has_no(Column::GroupPriority);
        let missing = missing.or(is_group_lost.then_some(group))?;
        let message = format!("the table `{name}` has no column for {missing}");
        let help = "without it nobody knows which rule comes first and what it does: export the \
                    rule collection groups as JSON, `az network firewall policy \
                    rule-collection-group list`, or a table with this column";
        Some((message, help))
    }
}

/// What to say of a table of something else.
pub(super) fn other_table(name: &str, text: &str) -> Option<InputError> {
    let line = text.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty())?;
    let is_heading = |cell: &str| {
        let cell = cell.trim().trim_matches('"');
        cell.starts_with(|c: char| c.is_alphabetic())
            && cell.chars().all(|c| c.is_alphanumeric() || " _-./()".contains(c))
    };
    let is_table = |delimiter: &char| {
        line.matches(*delimiter).count() >= 2 && line.split(*delimiter).all(is_heading)
    };
    DELIMITERS.iter().find(|delimiter| is_table(delimiter))?;
    let has = |column: &str| {
        let mut cells = line.split(DELIMITERS);
        cells.any(|cell| cell.trim().trim_matches('"').eq_ignore_ascii_case(column))
    };
    if has("properties") && (has("id") || has("type")) {
        let message = format!("`{name}` is a table of Azure resources, whose properties are texts");
        return Some(InputError::new(message).with_help(
            "export them as JSON: `az graph query … --output json`, not as a table or CSV",
        ));
    }
    let error = InputError::new(format!("`{name}` is a table, but none of rules"));
    Some(error.with_help(
        "a table of rules has columns such as `RuleCollectionGroup`, `RuleCollectionName`, \
         `RuleCollectionPriority`, `RuleName`, `SourceAddresses`",
    ))
}

/// The rule sets of a table.
///
/// # Errors
///
/// The table has lost what decides the order of the rules, or a row cannot be read.
pub(super) fn content(
    notes: &mut Notes<'_>,
    name: &str,
    header: &Header,
    source: SourceId,
    whole: &str,
) -> Result<Vec<Found>, InputError> {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let heading = Span { source, start: offset(header.start), end: offset(header.from) };
    if let Some((message, help)) = header.refusal(name) {
        return Err(notes.error(message, heading).with_help(help));
    }
    let records = records(whole, header.from, header.delimiter, source).map_err(|error| {
        let help = "end it with `\"`; a quote within a quoted cell is written twice";
        notes.error(error.to_string(), error.span()).with_help(help)
    })?;
    let mut table = Table::default();
    for record in &records {
        table.row(notes, Row::new(notes, header, record)?)?;
    }
    note_columns(notes, header, records.first());
    Ok(table.found(notes))
}

/// Columns of unknown meaning are said once, not for each rule.
fn note_columns(notes: &mut Notes<'_>, header: &Header, first: Option<&Vec<Cell>>) {
    let unknown: Vec<String> = header
        .columns
        .iter()
        .filter(|(column, name)| column.is_none() && !name.is_empty())
        .map(|(_, name)| format!("`{name}`"))
        .collect();
    let place = first.and_then(|cells| cells.first()).map(|cell| cell.span);
    if let (false, Some(span)) = (unknown.is_empty(), place) {
        let message = format!("columns that are not read: {}", unknown.join(", "));
        let help = "a column that limits rules is not taken into account";
        notes.warn_with_help(Severity::Warning, message, span, help);
    }
}

/// What the rows come to so far, in their order.
#[derive(Default)]
struct Table {
    policies: Vec<Policy>,
    groups: Vec<Group>,
    ip_groups: Vec<Node>,
}

struct Policy {
    name: SmolStr,
    parent: Option<SmolStr>,
    is_inherited: bool,
    span: Span,
}

struct Group {
    policy: Option<SmolStr>,
    firewall: Option<SmolStr>,
    /// `None`: the table has collections without groups.
    name: Option<Node>,
    priority: Option<Node>,
    collections: Vec<Collection>,
    span: Span,
}

struct Collection {
    name: Node,
    priority: Node,
    action: Node,
    rules: Vec<Node>,
    span: Span,
}

impl Table {
    fn row(&mut self, notes: &mut Notes<'_>, row: Row<'_>) -> Result<(), InputError> {
        let kind = row.text(Column::RuleType).unwrap_or_default().to_ascii_lowercase();
        if kind == "ipgroup" {
            let name = row.node(Column::Rule);
            let key = match name.as_ref().and_then(Node::text) {
                Some(id) if id.starts_with('/') => "id",
                Some(_) | None => "name",
            };
            let node = Shape::new(row.span)
                .with(key, name)
                .with("ipAddresses", Some(row.list(notes, Column::Source)?))
                .node();
            self.ip_groups.push(node);
            return Ok(());
        }
        self.policy(&row);
        let need = |column: Column| {
            row.node(column).ok_or_else(|| {
                let what = row.heading(column);
                notes
                    .error(format!("the row has no `{what}`"), row.span)
                    .with_help("each row names its rule collection with priority and action")
            })
        };
        let (name, priority, action) =
            (need(Column::Collection)?, need(Column::CollectionPriority)?, need(Column::Action)?);
        let rule = rule::rule(notes, &row)?;
        let group = self.group(notes, &row)?;
        let known = group.collections.iter_mut().find(|known| known.name.value == name.value);
        match known {
            Some(known) => {
                require_same(notes, &row, "priority", &known.priority, &priority)?;
                require_same(notes, &row, "action", &known.action, &action)?;
                known.rules.push(rule);
            }
            None => group.collections.push(Collection {
                name,
                priority,
                action,
                rules: vec![rule],
                span: row.span,
            }),
        }
        Ok(())
    }

    fn policy(&mut self, row: &Row<'_>) {
        let Some(name) = row.text(Column::Policy) else { return };
        let parent =
            row.text(Column::ParentPolicy).filter(|name| !name.eq_ignore_ascii_case("none"));
        let is_inherited = row.text(Column::Inherited).is_some_and(is_yes);
        if let Some(known) = self.policies.iter_mut().find(|known| known.name == name) {
            known.parent = known.parent.take().or(parent.map(SmolStr::from));
            return;
        }
        let parent = parent.map(SmolStr::from);
        self.policies.push(Policy { name: name.into(), parent, is_inherited, span: row.span });
    }

    fn group(&mut self, notes: &Notes<'_>, row: &Row<'_>) -> Result<&mut Group, InputError> {
        let policy = row.text(Column::Policy).map(SmolStr::from);
        let firewall = row.text(Column::Firewall).map(SmolStr::from);
        let (name, priority) = (row.node(Column::Group), row.node(Column::GroupPriority));
        let is_it = |group: &Group| {
            group.policy == policy
                && group.firewall == firewall
                && group.name.as_ref().map(|name| &name.value)
                    == name.as_ref().map(|name| &name.value)
        };
        let index = self.groups.iter().position(is_it).unwrap_or_else(|| {
            self.groups.push(Group {
                policy: policy.clone(),
                firewall: firewall.clone(),
                name: name.clone(),
                priority: priority.clone(),
                collections: Vec::new(),
                span: row.span,
            });
            self.groups.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "`index` is of the same list")]
        let group = &mut self.groups[index];
        if let (Some(known), Some(priority)) = (&group.priority, &priority) {
            require_same(notes, row, "group priority", known, priority)?;
        }
        Ok(group)
    }

    fn found(self, notes: &mut Notes<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        let inherited: Vec<SmolStr> = self
            .policies
            .iter()
            .filter(|policy| policy.is_inherited)
            .map(|policy| policy.name.clone())
            .collect();
        for policy in &self.policies {
            let parent = match (&policy.parent, inherited.as_slice()) {
                (Some(parent), _) => Some(parent),
                (None, [parent]) if !policy.is_inherited => Some(parent),
                (None, _) => None,
            };
            found.push(policy.found(notes, parent));
        }
        for group in self.groups {
            group.found(&mut found);
        }
        found.extend(self.ip_groups.into_iter().map(|node| Found {
            kind: Kind::IpGroup,
            names: node.get("name").and_then(Node::text).map(SmolStr::from).into_iter().collect(),
            node,
        }));
        found
    }
}

impl Policy {
    fn found(&self, notes: &mut Notes<'_>, parent: Option<&SmolStr>) -> Found {
        let message = format!("the table holds no settings of policy `{}`", self.name);
        let help =
            "Azure's defaults are taken: threat intelligence alerts, DNS proxy off, IDPS off";
        notes.warn_with_help(Severity::Warning, message, self.span, help);
        let base = parent.map(|parent| {
            let id = format_smolstr!(
                "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/firewallPolicies/{parent}"
            );
            Shape::new(self.span).with("id", Some(text(id, self.span))).node()
        });
        let node =
            Shape::new(self.span).with_text("name", &*self.name).with("basePolicy", base).node();
        Found { kind: Kind::Policy, names: vec![self.name.clone()], node }
    }
}

impl Collection {
    fn node(self) -> Node {
        let action = Shape::new(self.span).with("type", Some(self.action)).node();
        Shape::new(self.span)
            .with("name", Some(self.name))
            .with("priority", Some(self.priority))
            .with("action", Some(action))
            .with("rules", Some(list(self.rules, self.span)))
            .node()
    }

    /// The list of a classic firewall that the collection belongs to, by its first rule.
    fn list(&self) -> &'static str {
        let kind = self.rules.first().and_then(|rule| rule.get("ruleType")).and_then(Node::text);
        match kind {
            Some("NatRule") => "natRuleCollections",
            Some("ApplicationRule") => "applicationRuleCollections",
            Some(_) | None => "networkRuleCollections",
        }
    }
}

/// A classic firewall with its collections by type.
fn firewall(name: &SmolStr, collections: Vec<Collection>, span: Span) -> Found {
    let mut shape = Shape::new(span).with_text("name", &**name);
    for collection in collections {
        let (key, span) = (collection.list(), collection.span);
        shape = shape.with_entries(key, list(vec![collection.node()], span));
    }
    Found { kind: Kind::Firewall, names: vec![name.clone()], node: shape.node() }
}

impl Group {
    fn found(self, found: &mut Vec<Found>) {
        if let (Some(name), None) = (&self.firewall, &self.name) {
            found.push(firewall(name, self.collections, self.span));
            return;
        }
        let collections = self.collections.into_iter().map(Collection::node);
        let Some(name) = self.name else {
            found.extend(collections.map(|node| Found {
                kind: Kind::Collection,
                names: Vec::new(),
                node,
            }));
            return;
        };
        let own = name.text().map(SmolStr::from);
        let collections = list(collections.collect(), self.span);
        let node = Shape::new(self.span)
            .with("name", Some(name))
            .with("priority", self.priority)
            .with("ruleCollections", Some(collections))
            .node();
        let names = self.policy.into_iter().chain(own).collect();
        found.push(Found { kind: Kind::Group, names, node });
    }
}

fn is_yes(text: &str) -> bool {
    ["yes", "true", "1"].iter().any(|yes| yes.eq_ignore_ascii_case(text))
}

/// Two rows of one collection cannot disagree about it.
fn require_same(
    notes: &Notes<'_>,
    row: &Row<'_>,
    what: &str,
    known: &Node,
    found: &Node,
) -> Result<(), InputError> {
    let text = |node: &Node| node.text().unwrap_or_default().to_owned();
    if text(known).eq_ignore_ascii_case(&text(found)) {
        return Ok(());
    }
    let message = format!(
        "the {what} of `{}` is `{}` here and `{}` above",
        row.text(Column::Collection).unwrap_or_default(),
        text(found),
        text(known)
    );
    Err(notes.error(message, found.span).with_help("give it the same value in all its rows"))
}

#[cfg(test)]
mod tests;
