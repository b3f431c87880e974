//! Which resource an object of an export is, told by its content.

use std::collections::BTreeMap;

use super::fields::Fields;
use super::{Network, Topology, effective, kubernetes, network, security, sites};
use crate::policy::ResourceId;
use crate::source::{InputError, Severity, SourceId, Sources, Span, Warning};
use crate::syntax::json::{self, Node, Value};

/// What a folder of exports holds.
#[derive(Debug, Default)]
pub struct Reading {
    pub topology: Topology,
    /// Files that hold (parts of) rule sets or side tables, for the loader of rule sets.
    pub rule_sets: Vec<SourceId>,
    pub warnings: Vec<Warning>,
}

/// Reads the exports of a network: answers of the REST API, output of `az … list|show` and
/// `kubectl get -o json`, one value or lists of them.
///
/// # Errors
///
/// A file is no JSON.
pub fn read(ids: &[SourceId], sources: &Sources) -> Result<Reading, Vec<InputError>> {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for &id in ids {
        let text = sources.get(id).map_or("", |source| source.text());
        match json::documents(text, id) {
            Ok(nodes) => files.push((id, nodes)),
            Err(error) => {
                let shown = InputError::at(error.to_string(), sources, error.span());
                errors.push(shown.with_help("a folder of exports holds the JSON of `az … -o json` and `kubectl get -o json`"));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut reader = Reader::default();
    for (id, nodes) in &files {
        reader.file(*id, sources, nodes);
    }
    Ok(reader.finish())
}

#[derive(Default)]
struct Reader<'n> {
    reading: Reading,
    /// Read once networks and endpoints are known.
    late: Vec<(Kind, Fields<'n>, String)>,
}

/// What is read of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Network,
    RouteTable,
    Group,
    /// Application security groups: known by the interfaces that name them.
    Passed,
    Interface,
    Machine,
    PublicAddress,
    PrivateEndpoint,
    ZoneGroup,
    Firewall,
    LoadBalancer,
    Learned,
    AdminRule,
    Cluster,
    Site,
    EffectiveGroup,
    EffectiveRoute,
    Pod,
    Node,
    Service,
    ConfigMap,
    RuleSet,
}

const TYPES: [(&str, Kind); 27] = [
    ("microsoft.network/virtualnetworks", Kind::Network),
    ("microsoft.network/routetables", Kind::RouteTable),
    ("microsoft.network/networksecuritygroups", Kind::Group),
    ("microsoft.network/applicationsecuritygroups", Kind::Passed),
    ("microsoft.network/natgateways", Kind::Passed),
    ("microsoft.network/networkwatchers", Kind::Passed),
    ("microsoft.network/privatednszones", Kind::Passed),
    ("microsoft.network/virtualnetworkgateways", Kind::Passed),
    ("microsoft.network/connections", Kind::Passed),
    ("microsoft.network/networkinterfaces", Kind::Interface),
    ("microsoft.compute/virtualmachines", Kind::Machine),
    ("microsoft.network/publicipaddresses", Kind::PublicAddress),
    ("microsoft.network/privateendpoints", Kind::PrivateEndpoint),
    ("microsoft.network/privateendpoints/privatednszonegroups", Kind::ZoneGroup),
    ("microsoft.network/azurefirewalls", Kind::Firewall),
    ("microsoft.network/loadbalancers", Kind::LoadBalancer),
    ("microsoft.network/localnetworkgateways", Kind::Learned),
    (
        "microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules",
        Kind::AdminRule,
    ),
    ("microsoft.containerservice/managedclusters", Kind::Cluster),
    ("microsoft.web/sites", Kind::Site),
    ("microsoft.web/sites/config", Kind::Site),
    ("microsoft.web/serverfarms", Kind::Passed),
    ("microsoft.network/firewallpolicies", Kind::RuleSet),
    ("microsoft.network/firewallpolicies/rulecollectiongroups", Kind::RuleSet),
    ("microsoft.network/firewallpolicies/rulegroups", Kind::RuleSet),
    ("microsoft.network/ipgroups", Kind::RuleSet),
    ("microsoft.network/servicetags", Kind::RuleSet),
];

/// Kubernetes kinds that this reader looks at, and those that others do.
const OBJECTS: [(&str, Kind); 4] = [
    ("Pod", Kind::Pod),
    ("Node", Kind::Node),
    ("Service", Kind::Service),
    ("ConfigMap", Kind::ConfigMap),
];

impl<'n> Reader<'n> {
    fn file(&mut self, id: SourceId, sources: &Sources, nodes: &'n [Node]) {
        let name = sources.get(id).map_or("", |source| source.name());
        let stem = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let stem = stem.split('.').next().unwrap_or(stem).to_owned();
        let mut found = Found::default();
        for node in nodes {
            self.node(node, &stem, &mut found);
        }
        if found.is_rule_set {
            self.reading.rule_sets.push(id);
        }
        if found.others.is_empty() {
            return;
        }
        let others: Vec<String> =
            found.others.iter().map(|(what, count)| format!("{count} × {what}")).collect();
        let span = nodes.first().map(|node| Span { end: node.span.start + 1, ..node.span });
        let message = format!("not understood and left out: {}", others.join(", "));
        let severity = if found.count == 0 { Severity::Warning } else { Severity::Note };
        self.reading.warnings.push(
            Warning::new(severity, format!("`{name}`: {message}"), span)
                .with_help("`docs/path.md` lists the exports that are read"),
        );
    }

    fn node(&mut self, node: &'n Node, stem: &str, found: &mut Found) {
        match &node.value {
            Value::Array(elements) => {
                for element in elements {
                    self.node(element, stem, found);
                }
            }
            Value::Object(_) => self.object(node, stem, found),
            Value::Null => {}
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Unresolved(_) => {
                found.other("single value");
            }
        }
    }

    fn object(&mut self, node: &'n Node, stem: &str, found: &mut Found) {
        let is_resource = node.get("id").is_some() || node.get("properties").is_some();
        let lists = ["value", "data", "items", "networkSecurityGroups"];
        let list = lists.iter().find_map(|key| node.get(key));
        if let (Some(list), false) =
            (list.filter(|it| matches!(it.value, Value::Array(_))), is_resource)
        {
            return self.node(list, stem, found);
        }
        if node.get("resources").is_some() && node.get("$schema").is_some() {
            return self.template(node, stem, found);
        }
        match kind_of(node) {
            Some(kind) => {
                found.count += 1;
                self.resource(kind, Fields::of(node), stem, found);
            }
            None => found.other(&described(node)),
        }
    }

    /// A template: resources whose names are written out are read; the rules of firewalls in it are
    /// the loader's.
    fn template(&mut self, node: &'n Node, stem: &str, found: &mut Found) {
        found.is_rule_set |= node.get("resources").is_some_and(|it| {
            it.elements().iter().any(|it| kind_of(it).is_some_and(Kind::is_of_rule_sets))
        });
        for resource in node.get("resources").map(Node::elements).unwrap_or_default() {
            let is_computed =
                resource.get("name").and_then(Node::text).is_none_or(|name| name.starts_with('['));
            match kind_of(resource) {
                Some(kind) if kind.is_of_rule_sets() => found.count += 1,
                Some(_) if is_computed => {
                    found.other("resource of a template whose name is computed");
                }
                Some(_) | None => self.object(resource, stem, found),
            }
        }
    }

    fn resource(&mut self, kind: Kind, fields: Fields<'n>, stem: &str, found: &mut Found) {
        let (topology, warnings) = (&mut self.reading.topology, &mut self.reading.warnings);
        match kind {
            Kind::Network => network::network(topology, fields, warnings),
            Kind::RouteTable => {
                network::route_table(topology, fields, warnings);
            }
            Kind::Group => security::group(topology, fields, warnings),
            Kind::Passed => {}
            Kind::Interface => {
                topology.has.interfaces = true;
                network::interface(topology, fields);
            }
            Kind::Machine => network::machine(topology, fields),
            Kind::PublicAddress => network::public_address(topology, fields),
            Kind::PrivateEndpoint => {
                network::private_endpoint(topology, fields);
            }
            Kind::Firewall => {
                found.is_rule_set = true;
                network::firewall(topology, fields);
            }
            Kind::LoadBalancer => network::load_balancer(topology, fields),
            Kind::Learned => {
                topology.has.learned = true;
                network::learned(topology, fields);
            }
            Kind::Cluster => kubernetes::cluster(topology, fields, warnings),
            Kind::Site => sites::site(topology, fields),
            Kind::EffectiveGroup => security::effective(topology, fields, warnings),
            Kind::EffectiveRoute => effective::effective_route(topology, fields, stem),
            Kind::Pod => kubernetes::pod(&mut topology.kubernetes, fields),
            Kind::Node => kubernetes::node(&mut topology.kubernetes, fields),
            Kind::Service => kubernetes::service(&mut topology.kubernetes, fields),
            Kind::ConfigMap => kubernetes::config_map(&mut topology.kubernetes, fields, warnings),
            Kind::RuleSet => found.is_rule_set = true,
            Kind::ZoneGroup | Kind::AdminRule => self.late.push((kind, fields, stem.to_owned())),
        }
    }

    fn finish(mut self) -> Reading {
        let (topology, warnings) = (&mut self.reading.topology, &mut self.reading.warnings);
        for (kind, fields, stem) in self.late {
            if kind == Kind::ZoneGroup {
                network::zone_group(topology, fields);
            } else {
                let network = named_after(&topology.networks, &stem).map(|it| it.id.clone());
                security::admin_rule(topology, fields, network.as_ref(), warnings);
            }
        }
        addresses_of_interfaces(topology);
        self.reading.warnings.sort_by_key(|warning| warning.span);
        self.reading
    }
}

/// The network that a file is named after; the only one there is.
fn named_after<'a>(networks: &'a [Network], stem: &str) -> Option<&'a Network> {
    if let [only] = networks {
        return Some(only);
    }
    let stem = stem.to_ascii_lowercase();
    let mut named = networks.iter().filter(|it| stem.ends_with(&it.name.to_ascii_lowercase()));
    let found = named.next()?;
    named.next().is_none().then_some(found)
}

/// Endpoints that do not list their addresses have those of their interfaces.
fn addresses_of_interfaces(topology: &mut Topology) {
    for endpoint in &mut topology.private_endpoints {
        let is_own = |id: &ResourceId| endpoint.interfaces.iter().any(|own| own.agrees_with(id));
        let nics = topology.interfaces.iter().filter(|nic| is_own(&nic.id));
        let found: Vec<_> =
            nics.flat_map(|nic| &nic.addresses).filter_map(|address| address.address).collect();
        endpoint.addresses.extend(found);
        endpoint.addresses.sort_unstable();
        endpoint.addresses.dedup();
    }
}

/// What one file held.
#[derive(Default)]
struct Found {
    is_rule_set: bool,
    count: usize,
    others: BTreeMap<String, usize>,
}

impl Found {
    fn other(&mut self, what: &str) {
        *self.others.entry(what.to_owned()).or_default() += 1;
    }
}

impl Kind {
    fn is_of_rule_sets(self) -> bool {
        matches!(self, Self::RuleSet | Self::Firewall)
    }
}

/// Kinds of Kubernetes that are evaluated elsewhere or say nothing about addresses.
fn is_object(node: &Node) -> bool {
    node.get("apiVersion").is_some() && node.get("kind").is_some()
}

fn kind_of(node: &Node) -> Option<Kind> {
    if is_object(node) {
        let kind = node.get("kind").and_then(Node::text)?;
        let known = OBJECTS.iter().find(|(name, _)| *name == kind);
        return Some(known.map_or(Kind::Passed, |&(_, kind)| kind));
    }
    let written = node.get("type").and_then(Node::text).filter(|text| text.contains('/'));
    let full = written.map(str::to_ascii_lowercase);
    let full = full.or_else(|| type_of_id(node.get("id").and_then(Node::text)?));
    match full {
        Some(full) => TYPES.iter().find(|(name, _)| *name == full).map(|&(_, kind)| kind),
        None => kind_of_fields(node),
    }
}

/// The full type of a resource id in lower case: the provider and every second segment behind it.
fn type_of_id(id: &str) -> Option<String> {
    let id = id.to_ascii_lowercase();
    let (_, rest) = id.rsplit_once("/providers/")?;
    let mut segments = rest.split('/');
    let mut full = segments.next()?.to_owned();
    for level in segments.step_by(2) {
        full.push('/');
        full.push_str(level);
    }
    Some(full)
}

fn kind_of_fields(node: &Node) -> Option<Kind> {
    let fields = Fields::of(node);
    let has = |key: &str| fields.get(key).is_some();
    let is_list = |key: &str| fields.get(key).is_some_and(|it| matches!(it.value, Value::Array(_)));
    let known = [
        (has("effectiveSecurityRules"), Kind::EffectiveGroup),
        (is_list("addressPrefix") && has("nextHopType"), Kind::EffectiveRoute),
        (has("network") && has("nextHop") && has("origin"), Kind::Learned),
        (has("agentPoolProfiles"), Kind::Cluster),
        (
            has("siteConfig") || has("virtualNetworkSubnetId") || has("ipSecurityRestrictions"),
            Kind::Site,
        ),
        (has("defaultHostName"), Kind::Site),
        (has("ruleCollections") || has("networkRuleCollections"), Kind::RuleSet),
        (has("firewallPolicy") && has("ipConfigurations"), Kind::Firewall),
        (has("addressSpace") && has("subnets"), Kind::Network),
        (has("securityRules") || has("defaultSecurityRules"), Kind::Group),
        (is_list("routes"), Kind::RouteTable),
        (has("access") && has("direction") && has("sources"), Kind::AdminRule),
        (has("ipAddresses") || has("threatIntelMode"), Kind::RuleSet),
        (is_tag_list(node) || is_side_table(node), Kind::RuleSet),
    ];
    known.into_iter().find(|(is, _)| *is).map(|(_, kind)| kind)
}

fn is_tag_list(node: &Node) -> bool {
    let first = node.get("values").and_then(|values| values.elements().first());
    first.is_some_and(|tag| Fields::of(tag).get("addressPrefixes").is_some())
}

fn is_side_table(node: &Node) -> bool {
    const TABLES: [&str; 4] = ["dns", "fqdnTags", "infrastructureFqdns", "webCategories"];
    matches!(node.members(), [only] if TABLES.iter().any(|it| only.key.value.eq_ignore_ascii_case(it)))
}

/// An object that is not known, for the message.
fn described(node: &Node) -> String {
    let of_type = node.get("type").and_then(Node::text).filter(|text| text.contains('/'));
    let of_id = || type_of_id(node.get("id").and_then(Node::text)?);
    if let Some(full) = of_type.map(str::to_owned).or_else(of_id) {
        full
    } else {
        let keys = node.members().iter().take(4).map(|member| member.key.value.as_str());
        let keys: Vec<&str> = keys.collect();
        format!("object with {}", keys.join(", "))
    }
}
