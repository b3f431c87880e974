//! `azureFirewalls`: classic firewalls with rules of their own, and those that a policy governs.

use std::net::IpAddr;

use super::collection::{collection, subject};
use super::fields::{Fields, Scalar, Subject, any_text, boolean, is_empty, reference, scalar};
use super::kind::Resource;
use super::notes::{Notes, quoted};
use super::part::{GIVE_VALUES, Part};
use super::policy::{own_address, settings};
use super::rule_kind::RuleKind;
use crate::policy::{
    Address, ClassicFirewall, DnsSettings, Placement, ResourceId, Settings, Snat, Written,
};
use crate::source::{InputError, Severity, Spanned};
use crate::syntax::json::Node;
use crate::syntax::value::{self, ValueError};

pub(super) const COLLECTIONS: [(&str, RuleKind); 3] = [
    ("natRuleCollections", RuleKind::Nat),
    ("networkRuleCollections", RuleKind::Network),
    ("applicationRuleCollections", RuleKind::Application),
];

/// A firewall.
///
/// # Errors
///
/// One of its collections cannot be used.
pub(super) fn firewall(
    notes: &mut Notes<'_>,
    resource: &Resource<'_>,
) -> Result<ClassicFirewall, InputError> {
    let mut subject = subject(notes, resource.node, "firewall")?;
    if let Some(name) = resource.name() {
        subject.name.value = name;
    }
    let mut collections = Vec::new();
    for (key, kind) in COLLECTIONS {
        let found = subject.fields.entries(&[key]);
        for node in found {
            collections.push(collection(notes, node, Some(kind), found.len())?);
        }
    }
    let settings = firewall_settings(notes, &subject);
    Ok(ClassicFirewall {
        id: resource.id(),
        settings,
        policy: subject.fields.reference(&["firewallPolicy"]),
        collections,
        addresses: addresses(notes, &subject),
        placement: placement(notes, &subject),
        name: subject.name,
    })
}

/// Private and public addresses, where they are written out and not only referred to.
fn addresses(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Vec<Spanned<Written<IpAddr>>> {
    let mut addresses = Vec::new();
    for configuration in subject.fields.entries(&["ipConfigurations"]) {
        let fields = Subject { fields: Fields::of(configuration), ..subject.clone() };
        addresses.extend(own_address(notes, &fields, "privateIPAddress"));
    }
    let Some(hub) = notes.within(subject, &["hubIPAddresses"]) else { return addresses };
    addresses.extend(own_address(notes, &hub, "privateIPAddress"));
    let Some(public) = notes.within(&hub, &["publicIPs"]) else { return addresses };
    for entry in public.fields.entries(&["addresses"]) {
        let fields = Subject { fields: Fields::of(entry), ..subject.clone() };
        addresses.extend(own_address(notes, &fields, "address"));
    }
    addresses
}

/// Zones and subnets. What is not known of them is not reported: no verdict depends on it.
fn placement(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Placement {
    let subnet = |node: &Node| Fields::of(node).reference(&["subnet"]);
    let known = |id: &Spanned<ResourceId>| is_known(&id.value);
    let configurations = subject.fields.entries(&["ipConfigurations"]).iter();
    let management = subject.fields.entries(&["managementIpConfiguration"]).first();
    let unwritten =
        |node: &Node| Spanned::new(Written::Unresolved(notes.written(node.span).into()), node.span);
    let management = management
        .map(|node| subnet(node).map_or_else(|| unwritten(node), |id| id.map(written_id)));
    let hub = subject.fields.first(&["virtualHub"]).filter(|hub| !is_empty(hub));
    let virtual_hub =
        hub.map(|node| reference(node).map_or_else(|| unwritten(node), |id| id.map(written_id)));
    Placement {
        zones: notes.list(subject, &["zones"], "zone", any_text),
        subnets: configurations.filter_map(subnet).filter(known).collect(),
        management_subnet: management,
        virtual_hub,
    }
}

fn is_known(id: &ResourceId) -> bool {
    id.as_str().starts_with('/') && !id.as_str().contains('[')
}

fn written_id(id: ResourceId) -> Written<ResourceId> {
    if is_known(&id) { Written::Value(id) } else { Written::Unresolved(id.as_str().into()) }
}

/// Settings of a classic firewall hide in `additionalProperties`; PowerShell prints them as fields.
fn firewall_settings(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Settings {
    let mut settings = settings(notes, subject);
    let hidden = match notes.part(subject, &["additionalProperties"]) {
        Part::Nothing => None,
        Part::Unknown(unknown) => {
            // The DNS proxy and the allowlist of threat intelligence can stand in it.
            let dns = DnsSettings { enable_proxy: Some(unknown.written()), servers: Vec::new() };
            settings.dns = Some(dns);
            settings.threat_intel_allowlist.addresses.push(unknown.written());
            return settings;
        }
        Part::Fields(hidden) => Some(hidden.fields),
    };
    let layers = [hidden, Some(subject.fields)];
    let additional = |keys: &[&str]| additional(&layers, keys);
    let proxy = additional(&["Network.DNS.EnableProxy", "DNSEnableProxy"]);
    let servers = additional(&["Network.DNS.Servers", "DNSServer", "DNSServers"]);
    if !proxy.is_empty() || !servers.is_empty() {
        let proxy = each(notes, subject, proxy, "`Network.DNS.EnableProxy`", boolean);
        settings.dns = Some(DnsSettings {
            enable_proxy: proxy.into_iter().next(),
            servers: each(notes, subject, servers, "DNS server", value::ip_address),
        });
    }
    let ranges = additional(&["Network.SNAT.PrivateRanges", "PrivateRange"]);
    if !ranges.is_empty() {
        let text = |entry: Spanned<Scalar>| {
            entry.map(|entry| match entry {
                Scalar::Text(text) | Scalar::Unresolved(text) => text,
            })
        };
        let private_ranges = ranges.into_iter().map(text).collect();
        settings.snat = Some(Snat { private_ranges, auto_learn_private_ranges: None });
    }
    let addresses = additional(&["ThreatIntel.Whitelist.IpAddresses"]);
    let label = "threat intelligence allowlist address";
    let addresses = each(notes, subject, addresses, label, address);
    let fqdns = additional(&["ThreatIntel.Whitelist.FQDNs"]);
    let label = "threat intelligence allowlist FQDN";
    let fqdns = each(notes, subject, fqdns, label, value::fqdn_pattern);
    settings.threat_intel_allowlist.addresses.extend(addresses);
    settings.threat_intel_allowlist.fqdns.extend(fqdns);
    settings
}

fn address(text: &str) -> Result<Address, ValueError> {
    value::address(text).map(|parsed| parsed.address)
}

/// The entries of a comma separated text in `additionalProperties`, or of a list beside it.
fn additional(layers: &[Option<Fields<'_>>], keys: &[&str]) -> Vec<Spanned<Scalar>> {
    let found = layers.iter().flatten().find_map(|fields| {
        let entries = fields.entries(keys);
        (!entries.is_empty()).then_some(entries)
    });
    let mut texts = Vec::new();
    for entry in found.unwrap_or_default() {
        match scalar(entry) {
            Some(Scalar::Text(text)) => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                texts.extend(parts.map(|it| Spanned::new(Scalar::Text(it.into()), entry.span)));
            }
            Some(unresolved @ Scalar::Unresolved(_)) => {
                texts.push(Spanned::new(unresolved, entry.span));
            }
            None => {}
        }
    }
    texts
}

fn each<T>(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    entries: Vec<Spanned<Scalar>>,
    label: &str,
    parse: impl Fn(&str) -> Result<T, ValueError>,
) -> Vec<Spanned<Written<T>>> {
    let mut values = Vec::new();
    for entry in entries {
        let span = entry.span.unwrap_or(subject.fields.span());
        let value = match entry.value {
            Scalar::Unresolved(expression) => {
                let message =
                    format!("{label} of {subject} is not known: `{}`", quoted(&expression));
                notes.warn_with_help(Severity::Error, message, span, GIVE_VALUES);
                Written::Unresolved(expression)
            }
            Scalar::Text(text) => match parse(&text) {
                Ok(value) => Written::Value(value),
                Err(error) => {
                    notes.invalid(subject, label, &text, error, span);
                    Written::Invalid(text)
                }
            },
        };
        values.push(Spanned::new(value, span));
    }
    values
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;
    use super::super::{Options, read};
    use crate::policy::Written;
    use crate::source::{Source, Sources};

    #[test]
    fn the_list_gives_the_type() {
        check(
            r#"{"name": "fw", "type": "Microsoft.Network/azureFirewalls", "properties": {
            "networkRuleCollections": [{"name": "n", "properties": {"priority": 200, "action": {"type": "Allow"},
              "rules": [{"name": "r", "protocols": ["Any"], "sourceAddresses": ["*"], "destinationPorts": ["*"]}]}}],
            "applicationRuleCollections": [{"name": "a", "properties": {"priority": 100, "action": {"type": "Deny"},
              "rules": [{"name": "r", "protocols": [{"protocolType": "Https", "port": 443}]}]}}],
            "natRuleCollections": [{"name": "d", "properties": {"priority": 100, "action": {"type": "Dnat"},
              "rules": [{"name": "r", "protocols": ["TCP"], "destinationAddresses": ["192.0.2.1"],
               "destinationPorts": ["443"], "translatedFqdn": "server", "translatedPort": "8443"}]}}]}}"#,
            expect![[r#"
                firewall fw
                 d 100 DNAT
                  nat r: TCP | -> 192.0.2.1:443 => server:8443
                 n 200 Allow
                  network r: Any *| -> ||:*
                 a 100 Deny
                  application r: Https:443 | -> |||
            "#]],
        );
    }

    #[test]
    fn flattened_by_the_azure_cli() {
        check(
            r#"[{"name": "fw", "type": "Microsoft.Network/azureFirewalls", "natRuleCollections": null,
            "networkRuleCollections": [{"name": "n", "priority": 200, "action": {"type": "Allow"}, "rules": []}],
            "firewallPolicy": {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/firewallPolicies/hub"}}]"#,
            expect![[r#"
                firewall fw under hub
                 n 200 Allow
            "#]],
        );
    }

    #[test]
    fn settings_and_addresses() {
        let text = r#"{"name": "fw", "type": "Microsoft.Network/azureFirewalls", "location": "westeurope", "properties": {
            "sku": {"tier": "premium"}, "threatIntelMode": "deny", "additionalProperties": {
            "Network.DNS.EnableProxy": "True", "Network.DNS.Servers": "10.0.0.4, 10.0.0.5",
            "Network.SNAT.PrivateRanges": "IANAPrivateRanges", "ThreatIntel.Whitelist.IpAddresses": "192.0.2.7"},
            "ipConfigurations": [{"name": "c", "properties": {"privateIPAddress": "10.0.0.4"}}],
            "hubIPAddresses": {"publicIPs": {"count": 1, "addresses": [{"address": "192.0.2.1"}]}}}}"#;
        let mut sources = Sources::default();
        let id = sources.add(Source::new("a.json", text));
        let (inventory, warnings) = read(id, &sources, &Options::default()).unwrap();
        assert_eq!(warnings, []);
        let firewall = &inventory.firewalls[0];
        let settings = &firewall.settings;
        let dns = settings.dns.as_ref().unwrap();
        assert_eq!(dns.enable_proxy.as_ref().unwrap().value, Written::Value(true));
        assert_eq!(dns.servers.len(), 2);
        assert_eq!(settings.tier.as_ref().unwrap().value.name(), "Premium");
        assert_eq!(
            settings.threat_intel_mode.as_ref().unwrap().value,
            Written::Value(crate::policy::ThreatIntelMode::Deny)
        );
        assert_eq!(settings.threat_intel_allowlist.addresses[0].value.to_string(), "192.0.2.7");
        assert_eq!(settings.snat.as_ref().unwrap().private_ranges[0].value, "IANAPrivateRanges");
        let addresses: Vec<String> =
            firewall.addresses.iter().map(|address| address.value.to_string()).collect();
        assert_eq!(addresses, ["10.0.0.4", "192.0.2.1"]);
    }
}
