//! Puts the lines of a file together: what stands below what.

use smol_str::SmolStr;

use super::TextError;
use super::atom::{Atom, AtomKind, Place};
use super::line::{Body, Line, RuleKind, body, line, named_list};
use super::reader::{IP_GROUP, ListKind, Reader, entries, ip_address, reference};
use super::settings::{REPEATABLE, SETTINGS};
use super::split::RawLine;
use crate::policy::{
    ClassicFirewall, CollectionAction, FilterAction, FirewallPolicy, Inventory, IpGroup, Placement,
    Priority, ResourceId, RuleCollection, RuleCollectionGroup, Settings,
};
use crate::source::{SourceId, Spanned, Warning};
use crate::syntax::spelling::closest;
use crate::syntax::trouble::finished;

/// The types of the resources that a file names.
pub(super) const POLICY: &str = "Microsoft.Network/firewallPolicies";
pub(super) const GROUP: &str = "Microsoft.Network/firewallPolicies/ruleCollectionGroups";
pub(super) const FIREWALL: &str = "Microsoft.Network/azureFirewalls";

const TOP_LEVEL: [&str; 9] =
    ["policy", "firewall", "group", "ip-group", "allow", "deny", "dnat", "id", "size"];
const BELOW_POLICY: [&str; 2] = ["parent", "group-references"];
const BELOW_FIREWALL: [&str; 5] =
    ["addresses", "zones", "subnets", "management-subnet", "virtual-hub"];

/// What the next line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Here {
    Nowhere,
    Policy,
    Firewall,
    Group,
    IpGroup,
    Collection,
}

/// What the next collection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Nothing,
    Group,
    Firewall,
}

/// Reads line by line.
pub(super) struct Builder {
    source: SourceId,
    pub(super) inventory: Inventory,
    pub(super) errors: Vec<TextError>,
    pub(super) warnings: Vec<Warning>,
    here: Here,
    owner: Owner,
    /// Whether the last statement that began a resource above groups was a policy.
    is_below_policy: bool,
    /// The type of the rules of the collection above.
    kind: RuleKind,
    /// Keywords that stood below the present resource.
    seen: Vec<String>,
}

impl Builder {
    pub(super) fn new(source: SourceId) -> Self {
        Self {
            source,
            inventory: Inventory::default(),
            errors: Vec::new(),
            warnings: Vec::new(),
            here: Here::Nowhere,
            owner: Owner::Nothing,
            is_below_policy: false,
            kind: RuleKind::Network,
            seen: Vec::new(),
        }
    }

    pub(super) fn line(&mut self, text: &str, raw: &RawLine<'_>) {
        let Some(content) = text.get(raw.start..raw.end).filter(|content| !content.is_empty())
        else {
            return;
        };
        let mut reader = Reader::new(self.source, raw.end, raw.is_continued());
        match finished(content, line(content)) {
            Ok(Line::Rule { kind, name, body }) => {
                self.rule(&mut reader, kind, &name, body, content);
            }
            Ok(Line::Statement { keyword, rest }) => {
                reader.subject = format!("`{}`", keyword.text.to_ascii_lowercase());
                let _ = self.statement(&mut reader, &keyword, rest);
            }
            Err(error) => reader.fail_in(content, error),
        }
        self.errors.append(&mut reader.errors);
        self.warnings.append(&mut reader.warnings);
    }

    fn rule(
        &mut self,
        reader: &mut Reader,
        kind: Option<RuleKind>,
        name: &Atom<'_>,
        rest: &str,
        content: &str,
    ) {
        reader.subject = format!("rule `{}`", name.text);
        let body: Option<Body<'_>> = reader.parsed(rest, finished(rest, body(rest)));
        let collection = match self.owner {
            Owner::Group => self.inventory.groups.last_mut().and_then(|g| g.collections.last_mut()),
            Owner::Firewall => {
                self.inventory.firewalls.last_mut().and_then(|f| f.collections.last_mut())
            }
            Owner::Nothing => None,
        };
        let Some(collection) = collection else {
            let help = "begin a collection first: `allow network NAME 100`".to_owned();
            reader.fail(name.place, "a rule belongs to a collection", Some(help));
            return;
        };
        let span = reader.span(Place::between(content, ""));
        let rule = body.and_then(|body| reader.rule(kind.unwrap_or(self.kind), name, &body, span));
        collection.rules.extend(rule);
    }

    fn statement(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) -> Option<()> {
        let word = keyword.text.to_ascii_lowercase();
        match word.as_str() {
            "policy" => {
                self.policy(reader, keyword, rest);
                Some(())
            }
            "firewall" => {
                self.firewall(reader, keyword, rest);
                Some(())
            }
            "group" => {
                self.group(reader, keyword, rest);
                Some(())
            }
            "ip-group" => self.ip_group(reader, rest),
            "allow" => self.filter(reader, keyword, rest, FilterAction::Allow),
            "deny" => self.filter(reader, keyword, rest, FilterAction::Deny),
            "dnat" => {
                let atoms = reader.words(rest)?;
                self.kind = RuleKind::Dnat;
                self.collection(reader, keyword, &atoms, CollectionAction::Dnat)
            }
            "id" | "size" => {
                self.once(reader, keyword, &word)?;
                self.property(reader, keyword, rest)
            }
            other if SETTINGS.contains(&other) => {
                self.once(reader, keyword, &word)?;
                if other == "location"
                    && self.here == Here::IpGroup
                    && let Some(group) = self.inventory.ip_groups.last_mut()
                {
                    group.location = Some(reader.one_text(keyword, rest)?.value);
                    return Some(());
                }
                let Some(settings) = self.settings() else {
                    return outside(reader, keyword, "`policy` or `firewall`");
                };
                reader.setting(settings, keyword, rest)
            }
            "parent" | "group-references" => {
                self.once(reader, keyword, &word)?;
                self.links(reader, keyword, rest)
            }
            other if BELOW_FIREWALL.contains(&other) => {
                self.once(reader, keyword, &word)?;
                self.placement(reader, keyword, rest)
            }
            _ => {
                let (message, help) = unknown_keyword(&keyword.text);
                reader.subject.clear();
                reader.fail(keyword.place, message, Some(help));
                None
            }
        }
    }

    fn settings(&mut self) -> Option<&mut Settings> {
        match self.here {
            Here::Policy => self.inventory.policies.last_mut().map(|policy| &mut policy.settings),
            Here::Firewall => {
                self.inventory.firewalls.last_mut().map(|firewall| &mut firewall.settings)
            }
            Here::Nowhere | Here::Group | Here::IpGroup | Here::Collection => None,
        }
    }

    fn once(&mut self, reader: &mut Reader, keyword: &Atom<'_>, word: &str) -> Option<()> {
        if REPEATABLE.contains(&word) {
            return Some(());
        }
        if self.seen.iter().any(|seen| seen == word) {
            let help = "leave one of the lines out".to_owned();
            reader.fail(keyword.place, "stands twice", Some(help));
            return None;
        }
        self.seen.push(word.to_owned());
        Some(())
    }

    fn begin(&mut self, here: Here) {
        self.here = here;
        self.seen.clear();
    }

    fn policy(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) {
        self.begin(Here::Policy);
        (self.owner, self.is_below_policy) = (Owner::Nothing, true);
        // A policy with a wrong name still has the lines below it.
        let name = reader.one_text(keyword, rest);
        let name = name.unwrap_or_else(|| Spanned::unplaced(SmolStr::default()));
        self.inventory.policies.push(FirewallPolicy {
            id: Some(ResourceId::without_scope(POLICY, &[&name.value])),
            name,
            base: None,
            settings: Settings::default(),
            group_references: Vec::new(),
        });
    }

    // firewall = "firewall" name ["policy" reference]
    fn firewall(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) {
        self.begin(Here::Firewall);
        (self.owner, self.is_below_policy) = (Owner::Firewall, false);
        let atoms = reader.words(rest).unwrap_or_default();
        let (name, policy) = match atoms.as_slice() {
            [name] => (reader.text("name", name), None),
            [name, word, policy] if word.is_word("policy") => {
                let policy = reader.text("policy", policy);
                (
                    reader.text("name", name),
                    policy.map(|policy| policy.map(|text| reference(&text, POLICY, &[]))),
                )
            }
            _ => {
                let help = "write `firewall NAME` or `firewall NAME policy POLICY`".to_owned();
                reader.fail(keyword.place, "expected a name", Some(help));
                (None, None)
            }
        };
        let name = name.unwrap_or_else(|| Spanned::unplaced(SmolStr::default()));
        self.inventory.firewalls.push(ClassicFirewall {
            id: Some(ResourceId::without_scope(FIREWALL, &[&name.value])),
            name,
            settings: Settings::default(),
            policy,
            collections: Vec::new(),
            addresses: Vec::new(),
            placement: Placement::default(),
        });
    }

    // group = "group" name priority ["of" reference]
    fn group(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) {
        self.begin(Here::Group);
        self.owner = Owner::Group;
        let atoms = reader.words(rest).unwrap_or_default();
        let (name, priority, policy) = match atoms.as_slice() {
            [name, priority] => (Some(name), Some(priority), None),
            [name, priority, of, policy] if of.is_word("of") => {
                (Some(name), Some(priority), Some(policy))
            }
            _ => {
                let help =
                    "write `group NAME PRIORITY`, for example `group network 200`".to_owned();
                reader.fail(keyword.place, "expected a name and a priority", Some(help));
                (None, None, None)
            }
        };
        let policy = self.policy_of_group(reader, keyword, policy);
        let name = name.and_then(|name| reader.text("name", name));
        let name = name.unwrap_or_else(|| Spanned::unplaced(SmolStr::default()));
        let priority = priority.and_then(|atom| priority_of(reader, atom));
        self.inventory.groups.push(RuleCollectionGroup {
            id: policy.as_ref().map(|policy| group_id(policy, &name.value)),
            name,
            policy,
            priority: priority.unwrap_or_else(|| Spanned::unplaced(0)),
            collections: Vec::new(),
            size: None,
        });
    }

    fn policy_of_group(
        &self,
        reader: &mut Reader,
        keyword: &Atom<'_>,
        written: Option<&Atom<'_>>,
    ) -> Option<ResourceId> {
        if let Some(atom) = written {
            if atom.is_word("none") {
                return None;
            }
            return reader.text("policy", atom).map(|text| reference(&text.value, POLICY, &[]));
        }
        if !self.is_below_policy {
            let help = "write `of POLICY` behind the priority, or `of none`; \
                        the collections of a classic firewall stand directly below it";
            reader.fail(keyword.place, "a group belongs to a policy", Some(help.to_owned()));
            return None;
        }
        self.inventory.policies.last().and_then(|policy| policy.id.clone())
    }

    fn ip_group(&mut self, reader: &mut Reader, rest: &str) -> Option<()> {
        self.begin(Here::IpGroup);
        let (name, list) = reader.parsed(rest, finished(rest, named_list(rest)))?;
        reader.subject = format!("`ip-group` of `{}`", name.text);
        let addresses = reader.sorted("address", &list, ListKind::Addresses).addresses;
        let name = reader.text("name", &name)?;
        let id = Some(ResourceId::without_scope(IP_GROUP, &[&name.value]));
        self.inventory.ip_groups.push(IpGroup { name, id, location: None, addresses });
        Some(())
    }

    // collection = ("allow" / "deny") ("network" / "application") name priority
    fn filter(
        &mut self,
        reader: &mut Reader,
        keyword: &Atom<'_>,
        rest: &str,
        action: FilterAction,
    ) -> Option<()> {
        let atoms = reader.words(rest)?;
        let kinds = [RuleKind::Network, RuleKind::Application];
        let kind = atoms
            .first()
            .and_then(|first| kinds.into_iter().find(|kind| first.is_word(kind.word())));
        if let (Some(kind), Some((_, atoms))) = (kind, atoms.split_first()) {
            self.kind = kind;
            return self.collection(reader, keyword, atoms, CollectionAction::Filter(action));
        }
        self.here = Here::Collection;
        let word = &keyword.text;
        let help = format!("write `{word} network NAME 100` or `{word} application NAME 100`");
        reader.fail(keyword.place, "expected `network` or `application`", Some(help));
        None
    }

    fn collection(
        &mut self,
        reader: &mut Reader,
        keyword: &Atom<'_>,
        atoms: &[Atom<'_>],
        action: CollectionAction,
    ) -> Option<()> {
        self.begin(Here::Collection);
        let collections = match self.owner {
            Owner::Group => self.inventory.groups.last_mut().map(|group| &mut group.collections),
            Owner::Firewall => self.inventory.firewalls.last_mut().map(|one| &mut one.collections),
            Owner::Nothing => None,
        };
        let Some(collections) = collections else {
            let help = "begin a group first: `group NAME 200`".to_owned();
            reader.fail(keyword.place, "a collection belongs to a group or a firewall", Some(help));
            return None;
        };
        let (name, priority) = if let [name, priority] = atoms {
            (reader.text("name", name), priority_of(reader, priority))
        } else {
            let help = "write the name and the priority: `aks 100`".to_owned();
            reader.fail(keyword.place, "expected a name and a priority", Some(help));
            (None, None)
        };
        collections.push(RuleCollection {
            name: name.unwrap_or_else(|| Spanned::unplaced(SmolStr::default())),
            priority: priority.unwrap_or_else(|| Spanned::unplaced(0)),
            action: Spanned::new(action, reader.span(keyword.place)),
            rules: Vec::new(),
        });
        Some(())
    }

    fn property(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) -> Option<()> {
        let atom = reader.one(keyword, rest)?;
        let text = reader.text("value", &atom)?.value;
        if keyword.is_word("size") {
            let group = self.inventory.groups.last_mut().filter(|_| self.here == Here::Group);
            let Some(group) = group else { return outside(reader, keyword, "`group`") };
            group.size = Some(text);
            return Some(());
        }
        let id = (!atom.is_word("none")).then(|| ResourceId::new(&text));
        let inventory = &mut self.inventory;
        let slot = match self.here {
            Here::Policy => inventory.policies.last_mut().map(|one| &mut one.id),
            Here::Firewall => inventory.firewalls.last_mut().map(|one| &mut one.id),
            Here::Group => inventory.groups.last_mut().map(|one| &mut one.id),
            Here::IpGroup => inventory.ip_groups.last_mut().map(|one| &mut one.id),
            Here::Nowhere | Here::Collection => None,
        };
        let Some(slot) = slot else {
            return outside(reader, keyword, "`policy`, `firewall`, `group` or `ip-group`");
        };
        *slot = id;
        Some(())
    }

    fn placement(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) -> Option<()> {
        let firewall = self.inventory.firewalls.last_mut();
        let Some(firewall) = firewall.filter(|_| self.here == Here::Firewall) else {
            return outside(reader, keyword, "`firewall`");
        };
        let list = reader.list(rest)?;
        let placement = &mut firewall.placement;
        if keyword.is_word("addresses") {
            firewall.addresses = reader.values("address", &list, ip_address);
        } else if keyword.is_word("zones") {
            placement.zones = reader.values("zone", &list, |text| Ok(SmolStr::new(text)));
        } else if keyword.is_word("subnets") {
            let ids = reader.texts("subnet", &list).into_iter();
            placement.subnets = ids.map(|id| id.map(|id| ResourceId::new(&id))).collect();
        } else if keyword.is_word("virtual-hub") {
            let ids = reader.values("virtual hub", &list, |text| Ok(ResourceId::new(text)));
            placement.virtual_hub = ids.into_iter().next();
        } else {
            let ids = reader.values("subnet", &list, |text| Ok(ResourceId::new(text)));
            placement.management_subnet = ids.into_iter().next();
        }
        Some(())
    }

    fn links(&mut self, reader: &mut Reader, keyword: &Atom<'_>, rest: &str) -> Option<()> {
        let policy = self.inventory.policies.last_mut().filter(|_| self.here == Here::Policy);
        let Some(policy) = policy else { return outside(reader, keyword, "`policy`") };
        if keyword.is_word("parent") {
            let parent = reader.one_text(keyword, rest)?;
            policy.base = Some(parent.map(|text| reference(&text, POLICY, &[])));
            return Some(());
        }
        let list = reader.list(rest)?;
        let name = policy.name.value.clone();
        for item in entries(&list) {
            if let Some(atom) = reader.bare("group", item)
                && let Some(text) = reader.text("group", atom)
            {
                policy.group_references.push(text.map(|text| reference(&text, GROUP, &[&name])));
            }
        }
        Some(())
    }
}

/// The id of the group `name` of `policy`.
pub(super) fn group_id(policy: &ResourceId, name: &str) -> ResourceId {
    ResourceId::new(&format!("{policy}/ruleCollectionGroups/{name}"))
}

fn priority_of(reader: &mut Reader, atom: &Atom<'_>) -> Option<Spanned<Priority>> {
    let number = atom.text.parse().ok().filter(|_| atom.kind == AtomKind::Word);
    if let Some(priority) = number {
        return Some(Spanned::new(priority, reader.span(atom.place)));
    }
    let help = "write a number from 100 to 65000".to_owned();
    reader.fail(atom.place, format!("`{}` is no priority", atom.text), Some(help));
    None
}

fn outside(reader: &mut Reader, keyword: &Atom<'_>, owners: &str) -> Option<()> {
    let help = format!("put the line directly below {owners}");
    reader.fail(keyword.place, "stands outside what it belongs to", Some(help));
    None
}

fn unknown_keyword(text: &str) -> (String, String) {
    if text.contains(':') {
        let help = "a rule is written `NAME: protocol source -> destination : port`; \
                    put a name with other characters than letters, digits, `_`, `.` and `-` in quotes";
        return (format!("`{text}` is no name of a rule"), help.to_owned());
    }
    let other = match text.to_ascii_lowercase().as_str() {
        "permit" | "accept" => Some("allow"),
        "block" | "drop" | "reject" => Some("deny"),
        "nat" => Some("dnat"),
        _ => None,
    };
    if let Some(word) = other {
        return (format!("unknown keyword `{text}`"), format!("the word for it is `{word}`"));
    }
    let known = TOP_LEVEL.iter().chain(&SETTINGS).chain(&BELOW_POLICY).chain(&BELOW_FIREWALL);
    let help = match closest(text, known.copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a rule is written `NAME: protocol source -> destination : port`, \
                 a name with spaces in quotes"
            .to_owned(),
    };
    (format!("unknown keyword `{text}`"), help)
}
