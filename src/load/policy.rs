//! Firewall policies and what they set beside their rules.

use std::net::IpAddr;

use smol_str::SmolStr;

use super::collection::subject;
use super::fields::{Fields, Scalar, Subject, Tags, any_text, is_empty, reference, scalar};
use super::group;
use super::kind::Resource;
use super::notes::Notes;
use crate::net::IpProtocol;
use crate::policy::{
    BypassTraffic, DnsSettings, ExplicitProxy, FirewallPolicy, IdpsMode, IntrusionDetection,
    Settings, SignatureOverride, SkuTier, Snat, ThreatIntelAllowlist, ThreatIntelMode, Written,
};
use crate::source::{InputError, Severity, Spanned};
use crate::syntax::json::Node;
use crate::syntax::value::{self, ValueError};

/// A policy, or the draft of one, which stands for the policy itself.
///
/// # Errors
///
/// It is no object.
pub(super) fn policy(
    notes: &mut Notes<'_>,
    resource: &Resource<'_>,
) -> Result<FirewallPolicy, InputError> {
    let mut subject = subject(notes, resource.node, "policy")?;
    let id = group::id(resource);
    if let Some(name) = group::name(resource, id.as_ref()) {
        subject.name.value = name;
    }
    let base = subject.fields.reference(&["basePolicy"]);
    let references = subject.fields.entries(&["ruleCollectionGroups", "ruleGroups"]);
    let mut settings = settings(notes, &subject);
    settings.dns = notes.within(&subject, &["dnsSettings"]).map(|dns| DnsSettings {
        enable_proxy: notes.flag(&dns, "enableProxy"),
        servers: notes.list(&dns, &["servers"], "DNS server", value::ip_address),
    });
    settings.intrusion_detection = notes
        .within(&subject, &["intrusionDetection"])
        .map(|idps| intrusion_detection(notes, &idps));
    settings.certificate_authority = notes
        .within(&subject, &["transportSecurity"])
        .and_then(|tls| notes.within(&tls, &["certificateAuthority"]))
        .and_then(|authority| authority.fields.spanned_text("name"));
    settings.explicit_proxy =
        notes.within(&subject, &["explicitProxy"]).map(|proxy| explicit_proxy(notes, &proxy));
    settings.snat = snat(notes, &subject);
    settings.allow_sql_redirect = notes
        .within(&subject, &["sql", "sqlSetting"])
        .and_then(|sql| notes.flag(&sql, "allowSqlRedirect"))
        .map(|flag| flag.value);
    Ok(FirewallPolicy {
        name: subject.name,
        id,
        base,
        settings,
        group_references: references.iter().filter_map(reference).collect(),
    })
}

/// What policies and classic firewalls have in common.
pub(super) fn settings(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Settings {
    let fields = &subject.fields;
    let tier = notes
        .within(subject, &["sku"])
        .and_then(|sku| choice(notes, &sku, "tier", SkuTier::from_text, "Standard"));
    let threat_intel_mode =
        choice(notes, subject, "threatIntelMode", ThreatIntelMode::from_text, "Alert");
    let allowlist =
        notes.within(subject, &["threatIntelWhitelist"]).map(|subject| ThreatIntelAllowlist {
            addresses: notes.addresses(
                &subject,
                &["ipAddresses"],
                "threat intelligence allowlist address",
                Tags::Refused,
            ),
            fqdns: notes.list(
                &subject,
                &["fqdns"],
                "threat intelligence allowlist FQDN",
                value::fqdn_pattern,
            ),
        });
    Settings {
        tier,
        location: fields.text("location"),
        threat_intel_mode,
        threat_intel_allowlist: allowlist.unwrap_or_default(),
        ..Settings::default()
    }
}

/// One of a few words. What is none of them is reported and read as `default`, which is what Azure
/// takes when nothing is written.
fn choice<T>(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    key: &str,
    from_text: impl Fn(&str) -> Option<T>,
    default: &str,
) -> Option<Spanned<T>> {
    let node = subject.fields.get(key)?;
    let message = match scalar(node)? {
        Scalar::Text(text) if text.is_empty() => return None,
        Scalar::Text(text) => match from_text(&text) {
            Some(value) => return Some(Spanned::new(value, node.span)),
            None => format!("unknown value `{text}` of `{key}` of {subject}"),
        },
        Scalar::Unresolved(expression) => {
            format!("`{key}` of {subject} is not known: `{expression}`")
        }
    };
    let help = format!("it is read as `{default}`");
    notes.warn_with_help(Severity::Error, message, node.span, help);
    None
}

fn intrusion_detection(notes: &mut Notes<'_>, subject: &Subject<'_>) -> IntrusionDetection {
    let mode = choice(notes, subject, "mode", IdpsMode::from_text, "Off");
    let profile = subject.fields.text("profile");
    let Some(subject) = notes.within(subject, &["configuration"]) else {
        return IntrusionDetection { mode, profile, ..IntrusionDetection::default() };
    };
    let mut overrides = Vec::new();
    for entry in subject.fields.entries(&["signatureOverrides"]) {
        overrides.extend(signature_override(notes, &subject, entry));
    }
    let mut bypass = Vec::new();
    for entry in subject.fields.entries(&["bypassTrafficSettings"]) {
        bypass.extend(bypass_traffic(notes, entry));
    }
    let private_ranges =
        notes.addresses(&subject, &["privateRanges"], "IDPS private range", Tags::Refused);
    IntrusionDetection { mode, profile, overrides, bypass, private_ranges }
}

fn signature_override(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    entry: &Node,
) -> Option<SignatureOverride> {
    let fields = Fields::of(entry);
    let subject = Subject { fields, ..subject.clone() };
    let mode = choice(notes, &subject, "mode", IdpsMode::from_text, "not overridden");
    Some(SignatureOverride { id: fields.spanned_text("id")?, mode: mode?.value })
}

fn bypass_traffic(notes: &mut Notes<'_>, entry: &Node) -> Option<BypassTraffic> {
    let subject = subject(notes, entry, "IDPS bypass").ok()?;
    let protocol = |text: &str| match text {
        _ if text.eq_ignore_ascii_case("any") => Ok(None),
        _ => IpProtocol::from_text(text).map(Some).ok_or_else(|| ValueError {
            message: "expected `TCP`, `UDP`, `ICMP` or `ANY`".to_owned(),
            help: None,
            offset: 0,
        }),
    };
    let protocol = notes.single(&subject, "protocol", "protocol", protocol);
    if protocol.as_ref().is_some_and(|protocol| protocol.value.value().is_none()) {
        // A bypass for more than was meant would hide denials: leave it out.
        return None;
    }
    Some(BypassTraffic {
        description: subject.fields.text("description"),
        protocol: protocol.and_then(|protocol| protocol.value.value().copied().flatten()),
        sources: notes.addresses(&subject, &["sourceAddresses"], "source address", Tags::Refused),
        source_ip_groups: notes.ip_groups(&subject, "sourceIpGroups"),
        destinations: notes.addresses(
            &subject,
            &["destinationAddresses"],
            "destination address",
            Tags::Refused,
        ),
        destination_ip_groups: notes.ip_groups(&subject, "destinationIpGroups"),
        destination_ports: notes.list(
            &subject,
            &["destinationPorts"],
            "destination port",
            value::port_range,
        ),
        name: subject.name,
    })
}

fn explicit_proxy(notes: &mut Notes<'_>, subject: &Subject<'_>) -> ExplicitProxy {
    let mut flag = |key| notes.flag(subject, key).is_some_and(|flag| flag.value);
    let (enabled, enable_pac_file) = (flag("enableExplicitProxy"), flag("enablePacFile"));
    let mut port = |key| {
        let port = notes.single(subject, key, "explicit proxy port", value::port);
        // Port 0 is how the service writes that there is none.
        port.and_then(|port| port.value.value().copied()).filter(|&port| port != 0)
    };
    ExplicitProxy {
        enabled,
        http_port: port("httpPort"),
        https_port: port("httpsPort"),
        enable_pac_file,
        pac_file_port: port("pacFilePort"),
        pac_file: subject.fields.text("pacFile"),
    }
}

/// `snat.privateRanges`; PowerShell prints it as `PrivateRange`.
fn snat(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Option<Snat> {
    let snat = notes.within(subject, &["snat"]);
    let holder = snat.as_ref().unwrap_or(subject);
    let private_ranges = texts(notes, holder, &["privateRanges", "privateRange"]);
    let auto_learn = notes.flag(holder, "autoLearnPrivateRanges").map(|flag| flag.value);
    if snat.is_none() && private_ranges.is_empty() {
        return None;
    }
    Some(Snat { private_ranges, auto_learn_private_ranges: auto_learn })
}

/// A list of texts that are kept as written.
pub(super) fn texts(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    keys: &[&str],
) -> Vec<Spanned<SmolStr>> {
    let entries = notes.list(subject, keys, "text", any_text);
    let text = |entry: Spanned<Written<SmolStr>>| {
        entry.map(|written| match written {
            Written::Value(text) | Written::Unresolved(text) | Written::Invalid(text) => text,
        })
    };
    entries.into_iter().map(text).collect()
}

/// An address that a firewall has.
pub(super) fn own_address(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    key: &str,
) -> Option<Spanned<Written<IpAddr>>> {
    let node = subject.fields.get(key)?;
    if is_empty(node) { None } else { notes.single(subject, key, "address", value::ip_address) }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check;
    use super::super::{Options, read};
    use crate::policy::FirewallPolicy;
    use crate::source::{Source, Sources};

    fn policy(text: &str) -> (FirewallPolicy, Vec<String>) {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("a.json", text));
        let (mut inventory, warnings) = read(id, &sources, &Options::default()).unwrap();
        let warnings = warnings.into_iter().map(|warning| warning.message).collect();
        (inventory.policies.remove(0), warnings)
    }

    #[test]
    fn references() {
        check(
            r#"{"name": "hub", "type": "Microsoft.Network/FirewallPolicies", "properties": {
            "basePolicy": {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/firewallPolicies/base"},
            "ruleCollectionGroups": [{"id": "/x/ruleCollectionGroups/a"}, {"id": "/x/ruleCollectionGroups/b"}]}}"#,
            expect![[r#"
                policy hub based on base, 2 groups elsewhere
            "#]],
        );
        check(
            r#"{"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/firewallPolicies/hub/firewallPolicyDrafts/default",
            "name": "default", "properties": {"threatIntelMode": "Deny"}}"#,
            expect![[r#"
                policy hub, 0 groups elsewhere
            "#]],
        );
    }

    #[test]
    fn groups_inside_of_an_answer() {
        check(
            r#"{"name": "hub", "type": "Microsoft.Network/firewallPolicies", "properties": {"ruleCollectionGroups": [
            {"name": "g", "properties": {"priority": 300, "ruleCollections": []}}]}}"#,
            expect![[r#"
                policy hub, 0 groups elsewhere
                group g 300
            "#]],
        );
    }

    #[test]
    fn all_settings() {
        let (policy, warnings) = policy(
            r#"{"name": "hub", "location": "westeurope", "properties": {"sku": {"tier": "Premium"},
            "threatIntelMode": "ALERT", "threatIntelWhitelist": {"ipAddresses": ["192.0.2.7"], "fqdns": ["a.example.com"]},
            "dnsSettings": {"servers": ["10.0.0.4"], "enableProxy": true},
            "intrusionDetection": {"mode": "Deny", "profile": "Basic", "configuration": {
             "signatureOverrides": [{"id": "2024897", "mode": "Alert"}], "privateRanges": ["10.0.0.0/8"],
             "bypassTrafficSettings": [
              {"name": "b", "protocol": "ANY", "sourceAddresses": ["*"], "destinationPorts": ["22"]},
              {"name": "c", "protocol": "TCP"}, {"name": "d", "protocol": "Foo"}]}},
            "transportSecurity": {"certificateAuthority": {"name": "ca", "keyVaultSecretId": "https://vault.example.com/s"}},
            "explicitProxy": {"enableExplicitProxy": true, "httpPort": 8087, "httpsPort": 0, "pacFile": "https://example.com/p"},
            "snat": {"privateRanges": ["IANAPrivateRanges", "198.51.100.0/24"], "autoLearnPrivateRanges": "Enabled"},
            "sql": {"allowSqlRedirect": true}}}"#,
        );
        let settings = policy.settings;
        assert_eq!(settings.threat_intel_mode.unwrap().value.name(), "Alert");
        assert_eq!(settings.threat_intel_allowlist.fqdns.len(), 1);
        assert!(settings.dns.unwrap().enable_proxy.unwrap().value);
        let idps = settings.intrusion_detection.unwrap();
        assert_eq!(idps.mode.unwrap().value.name(), "Deny");
        assert_eq!(idps.overrides[0].id.value, "2024897");
        let protocols: Vec<_> = idps.bypass.iter().map(|bypass| bypass.protocol).collect();
        assert_eq!(protocols, [None, Some(crate::net::IpProtocol::TCP)]);
        assert_eq!(settings.certificate_authority.unwrap().value, "ca");
        let proxy = settings.explicit_proxy.unwrap();
        assert_eq!((proxy.http_port, proxy.https_port), (Some(8087), None));
        let snat = settings.snat.unwrap();
        assert_eq!((snat.private_ranges.len(), snat.auto_learn_private_ranges), (2, Some(true)));
        assert_eq!(settings.allow_sql_redirect, Some(true));
        assert_eq!(
            warnings,
            ["invalid protocol `Foo` in IDPS bypass `d`: expected `TCP`, `UDP`, `ICMP` or `ANY`"]
        );
    }

    #[test]
    fn a_setting_that_is_not_known_is_reported() {
        let (policy, warnings) = policy(
            r#"{"name": "hub", "properties": {"threatIntelMode": "Block", "snat": "[parameters('snat')]",
            "dnsSettings": {"enableProxy": "[parameters('proxy')]"}}}"#,
        );
        assert!(policy.settings.threat_intel_mode.is_none());
        assert_eq!(
            warnings,
            [
                "unknown value `Block` of `threatIntelMode` of policy `hub`",
                "`snat` of policy `hub` is not known: `[parameters('snat')]`",
                "`enableProxy` of policy `hub` is not known: `[parameters('proxy')]`"
            ]
        );
    }
}
