//! Written rules → criteria: names looked up, sets merged, what is unknown kept by name.

use std::collections::BTreeMap;
use std::net::IpAddr;

use smol_str::{SmolStr, format_smolstr};

use super::criteria::{
    AddressCriterion, ApplicationCriteria, NatAddress, NatCriteria, NatPort, NatTarget, Need,
    NetworkCriteria, TargetCriterion,
};
use super::link::Layer;
use super::lists::{applications, need_of, ports, protocols};
use super::order::{Placed, RuleKind, ordered};
use super::settings::DnsProxy;
use super::web_category::letters;
use super::{
    AppDestinationAddresses, InfrastructureList, LayerOutline, NatInheritance, Options, RuleInfo,
    RulePath, Ruleset, RulesetOptions, Stage, settings,
};
use crate::net::{Fqdn, FqdnPattern, IpRange, IpSet};
use crate::policy::{
    Address, ApplicationRule, CollectionAction, FilterAction, Inventory, IpGroup, IpGroupRef,
    NatRule, NetworkRule, Rule, RuleHead, SkuTier, Written,
};
use crate::source::{Severity, Span, Spanned, Warning};

/// The rule set of `layers`, parent first.
pub(super) fn ruleset(
    inventory: &Inventory,
    layers: &[Layer<'_>],
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Ruleset {
    let dns_proxy = settings::dns_proxy(layers, warnings);
    let is_proxy_off = matches!(dns_proxy, DnsProxy::Off);
    let mut lower = Lower { inventory, options, dns_proxy, warnings, ip_groups: BTreeMap::new() };
    let all: Vec<&Layer<'_>> = layers.iter().collect();
    let own: Vec<&Layer<'_>> = layers.iter().filter(|layer| !layer.is_inherited).collect();
    let nat_layers = match options.nat_inheritance {
        NatInheritance::Inherited => &all,
        NatInheritance::NotInherited => &own,
    };
    let nat = lower.stage(nat_layers, RuleKind::Nat, Lower::nat);
    let network = lower.stage(&all, RuleKind::Network, Lower::network);
    let application = lower.stage(&all, RuleKind::Application, Lower::application);
    let threat_intel = settings::threat_intel(layers, &mut lower);
    let idps = settings::idps(layers, &mut lower);
    let tier = layers.last().and_then(|layer| layer.settings.tier.as_ref());
    Ruleset {
        policies: layers.iter().filter_map(|layer| layer.policy.clone()).collect(),
        layers: layers.iter().map(LayerOutline::of).collect(),
        tier: tier.map_or(SkuTier::Standard, |tier| tier.value),
        threat_intel,
        idps,
        has_dns_proxy: !is_proxy_off,
        nat,
        network,
        application,
        infrastructure: InfrastructureList { fqdns: inventory.tables.infrastructure_fqdns.clone() },
        ip_groups: lower.ip_groups,
        tables: inventory.tables.clone(),
        options: RulesetOptions {
            dnat: options.dnat,
            app_destination_addresses: options.app_destination_addresses,
        },
    }
}

/// Resolves what rules name.
pub(super) struct Lower<'a> {
    inventory: &'a Inventory,
    options: &'a Options,
    dns_proxy: DnsProxy,
    warnings: &'a mut Vec<Warning>,
    /// Every IP Group that a rule names, with what it holds.
    ip_groups: BTreeMap<SmolStr, AddressCriterion>,
}

impl Lower<'_> {
    fn stage<C>(
        &mut self,
        layers: &[&Layer<'_>],
        kind: RuleKind,
        criteria: impl Fn(&mut Self, &Placed<'_>) -> Option<C>,
    ) -> Stage<C> {
        let (placed, blocks) = ordered(layers, kind);
        let mut stage = Stage { blocks, ..Stage::default() };
        for rule in placed {
            // The order lists rules of one type only, so every rule has criteria of that type.
            if let Some(criteria) = criteria(self, &rule) {
                stage.rules.push(info(&rule));
                stage.criteria.push(criteria);
            }
        }
        stage
    }

    fn network(&mut self, placed: &Placed<'_>) -> Option<NetworkCriteria> {
        let Rule::Network(rule) = placed.rule else { return None };
        let (action, mut unknown) = filter_action(placed);
        unknown.extend(unknown_fields(&rule.head));
        Some(NetworkCriteria {
            action,
            sources: self.sources(&rule.head),
            protocols: protocols(&rule.protocols),
            ports: ports(&rule.destination_ports),
            destinations: self.network_destinations(rule),
            unknown,
        })
    }

    fn application(&mut self, placed: &Placed<'_>) -> Option<ApplicationCriteria> {
        let Rule::Application(rule) = placed.rule else { return None };
        let (action, mut unknown) = filter_action(placed);
        unknown.extend(unknown_fields(&rule.head));
        let (protocols, unknown_protocols) = applications(rule);
        let destinations = match self.options.app_destination_addresses {
            AppDestinationAddresses::And if !rule.destinations.is_empty() => {
                Some(self.addresses(&rule.destinations, &[], Side::Destination))
            }
            AppDestinationAddresses::And | AppDestinationAddresses::Ignore => None,
        };
        let terminates_tls = match rule.terminate_tls.as_ref().map(|written| &written.value) {
            Some(Written::Value(value)) => *value,
            Some(Written::Unresolved(text) | Written::Invalid(text)) => {
                unknown.push(format_smolstr!("`terminateTLS`, written `{text}`"));
                false
            }
            None => false,
        };
        Some(ApplicationCriteria {
            action,
            sources: self.sources(&rule.head),
            protocols,
            unknown_protocols,
            targets: self.targets(rule),
            terminates_tls,
            destinations,
            unknown,
        })
    }

    fn nat(&mut self, placed: &Placed<'_>) -> Option<NatCriteria> {
        let Rule::Nat(rule) = placed.rule else { return None };
        let mut unknown: Vec<Need> = unknown_fields(&rule.head).collect();
        if placed.collection.action.value != CollectionAction::Dnat {
            unknown.push("a DNAT rule in a collection that is not a DNAT collection".into());
        }
        let target = self.nat_target(rule, &mut unknown);
        let mut protocols = protocols(&rule.protocols);
        if placed.layer.policy.is_none() && (protocols.any || protocols.icmp) {
            // The classic schema lists `Any` and `ICMP` for DNAT, which can only mean TCP and UDP.
            protocols.tcp = true;
            protocols.udp = true;
        }
        Some(NatCriteria {
            sources: self.sources(&rule.head),
            protocols,
            ports: ports(&rule.destination_ports),
            destinations: self.addresses(&rule.destinations, &[], Side::Destination),
            target,
            unknown,
        })
    }

    fn nat_target(&self, rule: &NatRule, unknown: &mut Vec<Need>) -> NatTarget {
        let port = rule.translated_port.as_ref().map(|port| match &port.value {
            Written::Value(port) => NatPort::Known(*port),
            Written::Unresolved(_) | Written::Invalid(_) => NatPort::Unknown,
        });
        let address = match (&rule.translated_address, &rule.translated_fqdn) {
            (Some(address), _) => match &address.value {
                Written::Value(address) => NatAddress::Known(*address),
                Written::Unresolved(_) | Written::Invalid(_) => NatAddress::Unknown,
            },
            (None, Some(fqdn)) => self.nat_fqdn(&fqdn.value, unknown),
            (None, None) => {
                unknown.push("the translated address, which the rule does not give".into());
                NatAddress::Unknown
            }
        };
        NatTarget { address, port }
    }

    /// The firewall resolves the name itself and uses the first address ("Azure Firewall DNAT
    /// rules", 29 April 2025).
    fn nat_fqdn(&self, fqdn: &Written<Fqdn>, unknown: &mut Vec<Need>) -> NatAddress {
        let addresses = fqdn.value().and_then(|name| self.inventory.tables.addresses(name));
        match addresses {
            Some([first, ..]) => NatAddress::Known(*first),
            Some([]) => NatAddress::Unresolvable,
            None => {
                unknown.push(format_smolstr!("addresses of `{fqdn}`"));
                NatAddress::Unknown
            }
        }
    }

    fn sources(&mut self, head: &RuleHead) -> AddressCriterion {
        self.addresses(&head.sources, &head.source_ip_groups, Side::Source)
    }

    pub(super) fn addresses(
        &mut self,
        written: &[Spanned<Written<Address>>],
        groups: &[Spanned<IpGroupRef>],
        side: Side,
    ) -> AddressCriterion {
        let mut union = Union::default();
        for entry in written {
            match &entry.value {
                Written::Value(Address::Any) => {
                    union.ranges.extend([IpRange::ALL_V4, IpRange::ALL_V6]);
                }
                Written::Value(Address::Range(range)) => union.ranges.push(*range),
                Written::Value(Address::ServiceTag(tag)) => {
                    self.service_tag(tag, side, &mut union);
                }
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    union.unknown.push(need_of(unknown, "address"));
                }
            }
        }
        for group in groups {
            self.ip_group(group, &mut union);
        }
        union.criterion()
    }

    fn service_tag(&self, tag: &SmolStr, side: Side, union: &mut Union) {
        match side {
            Side::Destination => match self.inventory.tables.service_tag(tag) {
                Some(set) => union.ranges.extend(set.ranges()),
                None => union.unknown.push(format_smolstr!("service tag `{tag}`")),
            },
            // Service tags are legal in destinations of network rules only: it matches nothing.
            Side::Source => {}
        }
    }

    fn ip_group(&mut self, reference: &Spanned<IpGroupRef>, union: &mut Union) {
        let name = match &reference.value {
            Written::Value(id) => SmolStr::from(id.name()),
            Written::Unresolved(text) | Written::Invalid(text) => text.clone(),
        };
        let content = self.ip_group_content(reference).criterion();
        union.ranges.extend(content.known.ranges());
        union.unknown.extend(content.unknown.iter().cloned());
        self.ip_groups.insert(name, content);
    }

    /// What the IP Group holds. An emptied group adds nothing; one that is not there is unknown.
    fn ip_group_content(&mut self, reference: &Spanned<IpGroupRef>) -> Union {
        let mut union = Union::default();
        let id = match &reference.value {
            Written::Value(id) => id,
            Written::Unresolved(text) | Written::Invalid(text) => {
                union.unknown.push(format_smolstr!("IP Group `{text}`"));
                return union;
            }
        };
        let matching = |group: &&IpGroup| match &group.id {
            Some(known) => known.agrees_with(id),
            None => group.name.value.eq_ignore_ascii_case(id.name()),
        };
        let mut found = self.inventory.ip_groups.iter().filter(matching);
        let Some(group) = found.next() else {
            self.missing_ip_group(id.name(), reference.span, &mut union);
            return union;
        };
        if found.any(|other| other.addresses != group.addresses) {
            union.unknown.push(format_smolstr!(
                "IP Group `{}`: several in the files have this id",
                id.name()
            ));
            return union;
        }
        for entry in &group.addresses {
            match &entry.value {
                Written::Value(Address::Any) => {
                    union.ranges.extend([IpRange::ALL_V4, IpRange::ALL_V6]);
                }
                Written::Value(Address::Range(range)) => union.ranges.push(*range),
                Written::Value(Address::ServiceTag(text)) => {
                    union
                        .unknown
                        .push(format_smolstr!("address `{text}` of IP Group `{}`", id.name()));
                }
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    union.unknown.push(need_of(unknown, "address"));
                }
            }
        }
        union
    }

    fn missing_ip_group(&mut self, name: &str, span: Option<Span>, union: &mut Union) {
        union.unknown.push(format_smolstr!("IP Group `{name}`"));
        let message =
            format!("IP Group `{name}` is in no file: rules that use it may match or not");
        let help = "add the IP Group: `az network ip-group show`, or an ARM export that holds it";
        let warning = Warning::new(Severity::Warning, message, span).with_help(help);
        if self.warnings.iter().all(|known| known.message != warning.message) {
            self.warnings.push(warning);
        }
    }

    fn network_destinations(&mut self, rule: &NetworkRule) -> AddressCriterion {
        let written = &rule.destinations;
        let mut criterion = self.addresses(written, &rule.destination_ip_groups, Side::Destination);
        for fqdn in &rule.destination_fqdns {
            match &fqdn.value {
                Written::Value(FqdnPattern::Exact(name)) => {
                    self.destination_fqdn(name, &mut criterion);
                }
                Written::Value(
                    FqdnPattern::Any | FqdnPattern::Suffix(_) | FqdnPattern::Invalid(_),
                    // It cannot be resolved, so it matches nothing.
                ) => {}
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    criterion.unknown.push(need_of(unknown, "destination FQDN"));
                }
            }
        }
        criterion
    }

    /// The firewall compares addresses that it resolved itself; the flow's own name plays no part
    /// ("FQDN filtering in network rules", 17 March 2025).
    fn destination_fqdn(&self, name: &Fqdn, criterion: &mut AddressCriterion) {
        // Without the proxy the name matches nothing.
        if self.dns_proxy == DnsProxy::Off {
            return;
        }
        let addresses = self.inventory.tables.addresses(name);
        if let DnsProxy::Unknown(need) = &self.dns_proxy {
            // A name without addresses matches nothing, whether the proxy is on or not.
            if addresses != Some(&[]) {
                criterion.unknown.push(need.clone());
            }
        }
        match addresses {
            Some(_) if self.dns_proxy != DnsProxy::On => {}
            Some(addresses) => {
                let resolved: IpSet =
                    addresses.iter().map(|&address: &IpAddr| IpRange::single(address)).collect();
                criterion.known = criterion.known.union(&resolved);
            }
            None => criterion.unknown.push(format_smolstr!("addresses of `{name}`")),
        }
    }

    fn targets(&mut self, rule: &ApplicationRule) -> TargetCriterion {
        let mut targets = TargetCriterion::default();
        for fqdn in &rule.target_fqdns {
            match &fqdn.value {
                Written::Value(pattern) => targets.fqdns.push(pattern.clone()),
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    targets.unknown.push(need_of(unknown, "target FQDN"));
                }
            }
        }
        for url in &rule.target_urls {
            match &url.value {
                Written::Value(pattern) => targets.urls.push(pattern.clone()),
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    targets.unknown.push(need_of(unknown, "target URL"));
                }
            }
        }
        for category in &rule.web_categories {
            match &category.value {
                Written::Value(category) => targets.web_categories.push(letters(category)),
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    targets.unknown.push(need_of(unknown, "web category"));
                }
            }
        }
        for tag in &rule.fqdn_tags {
            match &tag.value {
                Written::Value(tag) => match self.inventory.tables.fqdn_tag(tag) {
                    Some(names) => targets.fqdns.extend(names.iter().cloned()),
                    None => targets.unknown.push(format_smolstr!("FQDN tag `{tag}`")),
                },
                unknown @ (Written::Unresolved(_) | Written::Invalid(_)) => {
                    targets.unknown.push(need_of(unknown, "FQDN tag"));
                }
            }
        }
        targets
    }
}

/// Which side of a rule an address list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

#[derive(Default)]
struct Union {
    ranges: Vec<IpRange>,
    unknown: Vec<Need>,
}

impl Union {
    fn criterion(mut self) -> AddressCriterion {
        self.unknown.dedup();
        AddressCriterion { known: self.ranges.into_iter().collect(), unknown: self.unknown }
    }
}

fn info(placed: &Placed<'_>) -> RuleInfo {
    let head = placed.rule.head();
    RuleInfo {
        path: RulePath {
            policy: placed.layer.policy.clone(),
            group: placed.group.map(|group| group.group.name.value.clone()),
            collection: placed.collection.name.value.clone(),
            rule: head.name.value.clone(),
            is_inherited: placed.layer.is_inherited,
        },
        action: placed.collection.action.value,
        group_priority: placed.group.map(|group| group.group.priority.value),
        collection_priority: placed.collection.priority.value,
        span: head.name.span.or(head.span.0),
        written: placed.rule.clone(),
    }
}

fn filter_action(placed: &Placed<'_>) -> (FilterAction, Vec<Need>) {
    match placed.collection.action.value {
        CollectionAction::Filter(action) => (action, Vec::new()),
        // Azure refuses a filter rule in a DNAT collection; what it would do is not known.
        CollectionAction::Dnat => (
            FilterAction::Deny,
            vec!["a filter rule in a DNAT collection, which Azure does not accept".into()],
        ),
    }
}

fn unknown_fields(head: &RuleHead) -> impl Iterator<Item = Need> + '_ {
    head.unknown_fields.iter().map(|field| {
        format_smolstr!(
            "field `{}` of rule `{}`, which this version does not know",
            field.value,
            head.name.value
        )
    })
}
