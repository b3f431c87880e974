//! What a JSON object is: a policy, a group, a firewall, … or something else of Azure.

use smol_str::SmolStr;

use super::fields::{Fields, Scalar, scalar};
use crate::policy::{ResourceId, last_segment};
use crate::syntax::json::{Node, Value};

/// What is read. Everything else is passed over by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Policy,
    PolicyDraft,
    Group,
    GroupDraft,
    /// The shape of 2019, obsolete since API version 2020-05-01.
    RuleGroup,
    Firewall,
    IpGroup,
    ServiceTags,
    /// A rule collection on its own, cut out of its group.
    Collection,
}

/// The answer to what an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Recognised {
    Known(Kind),
    /// A resource of this other type.
    Other(SmolStr),
    Unknown,
}

const TYPES: [(&str, Kind); 8] = [
    ("firewallPolicies", Kind::Policy),
    ("firewallPolicies/firewallPolicyDrafts", Kind::PolicyDraft),
    ("firewallPolicies/ruleCollectionGroups", Kind::Group),
    ("firewallPolicies/ruleCollectionGroups/ruleCollectionGroupDrafts", Kind::GroupDraft),
    ("firewallPolicies/ruleGroups", Kind::RuleGroup),
    ("azureFirewalls", Kind::Firewall),
    ("ipGroups", Kind::IpGroup),
    ("serviceTags", Kind::ServiceTags),
];

impl Kind {
    /// The kind of a full resource type such as `Microsoft.Network/ipGroups`, in any case.
    pub(super) fn of_type(text: &str) -> Option<Self> {
        let (provider, levels) = text.split_once('/')?;
        let known = TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(levels));
        known.filter(|_| provider.eq_ignore_ascii_case("Microsoft.Network")).map(|&(_, kind)| kind)
    }

    /// The full resource type.
    pub(super) fn full_type(self) -> Option<String> {
        let known = TYPES.iter().find(|(_, kind)| *kind == self);
        known.map(|(levels, _)| format!("Microsoft.Network/{levels}"))
    }
}

/// What `node` is: by its `type`, by its `id`, and where it has neither, by its fields.
pub(super) fn recognised(node: &Node) -> Recognised {
    let fields = Fields::of(node);
    let from_type = node.get("type").and_then(Node::text).map(SmolStr::from);
    let from_type = from_type.filter(|text| text.contains('/'));
    let from_id = || fields.text("id").and_then(|id| type_of_id(&id));
    match from_type.or_else(from_id) {
        Some(full) => Kind::of_type(&full).map_or(Recognised::Other(full), Recognised::Known),
        None => of_fields(&fields).map_or(Recognised::Unknown, Recognised::Known),
    }
}

/// The full type of a resource id: the provider and every second segment behind it.
fn type_of_id(id: &str) -> Option<SmolStr> {
    let at = id.to_ascii_lowercase().rfind("/providers/")? + "/providers/".len();
    let mut segments = id.get(at..)?.split('/');
    let mut full = segments.next()?.to_owned();
    for level in segments.step_by(2) {
        full.push('/');
        full.push_str(level);
    }
    full.contains('/').then(|| full.into())
}

fn of_fields(fields: &Fields<'_>) -> Option<Kind> {
    let has = |keys: &[&str]| fields.first(keys).is_some();
    if has(&["ruleCollections", "ruleCollection"]) {
        return Some(Kind::Group);
    }
    if has(&["networkRuleCollections", "applicationRuleCollections", "natRuleCollections"]) {
        return Some(Kind::Firewall);
    }
    if fields.entries(&["rules"]).iter().any(is_rule_of_2019) {
        return Some(Kind::RuleGroup);
    }
    let has_rules = fields.entries(&["rules"]).iter().any(is_rule);
    if has(&["ruleCollectionType"])
        || has_rules
        || (has(&["rules"]) && has(&["action"]) && has(&["priority"]))
    {
        return Some(Kind::Collection);
    }
    if has(&["ipAddresses"]) {
        return Some(Kind::IpGroup);
    }
    let policy = ["threatIntelMode", "basePolicy", "dnsSettings", "intrusionDetection"];
    let has_groups = || {
        let mut groups = fields.entries(&["ruleCollectionGroups"]).iter();
        groups.any(|group| of_fields(&Fields::of(group)) == Some(Kind::Group))
    };
    (has(&policy) || (has(&["name"]) && has_groups())).then_some(Kind::Policy)
}

/// The first rule in `node`, wherever in it that stands.
pub(super) fn rule_within(node: &Node) -> Option<&Node> {
    if is_rule(node) {
        return Some(node);
    }
    match &node.value {
        Value::Array(elements) => elements.iter().find_map(rule_within),
        Value::Object(members) => members.iter().find_map(|it| rule_within(&it.value)),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Unresolved(_) => None,
    }
}

/// Whether `node` is a rule that somebody cut out of its collection.
fn is_rule(node: &Node) -> bool {
    const TYPES: [&str; 3] = ["NetworkRule", "ApplicationRule", "NatRule"];
    const FIELDS: [&str; 10] = [
        "ipProtocols",
        "sourceAddresses",
        "sourceIpGroups",
        "destinationAddresses",
        "destinationIpGroups",
        "destinationFqdns",
        "destinationPorts",
        "targetFqdns",
        "fqdnTags",
        "translatedPort",
    ];
    let kind = node.get("ruleType").and_then(Node::text).unwrap_or("");
    TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind))
        || FIELDS.iter().filter(|key| node.get(key).is_some()).count() > 1
}

fn is_rule_of_2019(rule: &Node) -> bool {
    let conditions = ["ruleConditions", "ruleCondition"];
    conditions.iter().any(|key| rule.get(key).is_some())
        || rule.get("ruleType").and_then(scalar).is_some_and(|kind| match kind {
            Scalar::Text(text) => text.to_ascii_lowercase().starts_with("firewallpolicy"),
            Scalar::Unresolved(_) => false,
        })
}

/// A resource that was found, and what its surroundings say of it.
#[derive(Debug, Clone)]
pub(super) struct Resource<'n> {
    pub(super) kind: Kind,
    pub(super) node: &'n Node,
    /// Its names from the outermost level to its own, where the surroundings give them.
    pub(super) names: Vec<SmolStr>,
}

impl Resource<'_> {
    /// Its own name: the last segment of `name`, else of its id.
    pub(super) fn name(&self) -> Option<SmolStr> {
        let written = self.node.get("name").filter(|node| matches!(node.value, Value::String(_)));
        let written = written
            .and_then(Node::text)
            .map(|name| last_segment(name).map_or(name, |(_, own)| own));
        let written = written.filter(|name| !name.is_empty()).map(SmolStr::from);
        self.names.last().cloned().or(written).or_else(|| Some(self.written_id()?.name().into()))
    }

    /// Its id; in a template one without scope.
    pub(super) fn id(&self) -> Option<ResourceId> {
        self.written_id().or_else(|| {
            let full = self.kind.full_type()?;
            let names: Vec<&str> = self.all_names();
            let levels = full.matches('/').count();
            (names.len() == levels).then(|| ResourceId::without_scope(&full, &names))
        })
    }

    fn written_id(&self) -> Option<ResourceId> {
        let id = Fields::of(self.node).text("id")?;
        id.starts_with('/').then(|| ResourceId::new(&id))
    }

    fn all_names(&self) -> Vec<&str> {
        if !self.names.is_empty() {
            return self.names.iter().map(SmolStr::as_str).collect();
        }
        self.node
            .get("name")
            .and_then(Node::text)
            .map_or(Vec::new(), |name| name.split('/').collect())
    }
}
