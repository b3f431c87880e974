//! Firewall policies and what they set beside their rules.

use std::net::IpAddr;

use smol_str::SmolStr;

use super::collection::subject;
use super::fields::{Subject, Tags, any_text, boolean, is_empty, reference};
use super::group;
use super::idps::idps;
use super::kind::Resource;
use super::notes::Notes;
use super::part::{MODES, Part, choice};
use crate::policy::{
    DnsSettings, ExplicitProxy, FirewallPolicy, Settings, SkuTier, Snat, ThreatIntelAllowlist,
    ThreatIntelMode, Written,
};
use crate::source::{InputError, Spanned};
use crate::syntax::value;

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
    settings.dns = match notes.part(&subject, &["dnsSettings"]) {
        Part::Nothing => None,
        Part::Unknown(unknown) => {
            Some(DnsSettings { enable_proxy: Some(unknown.written()), servers: Vec::new() })
        }
        Part::Fields(dns) => Some(DnsSettings {
            enable_proxy: notes.setting(&dns, "enableProxy", boolean),
            servers: notes.list(&dns, &["servers"], "DNS server", value::ip_address),
        }),
    };
    settings.intrusion_detection = idps(notes, &subject);
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
    let tier = notes.within(subject, &["sku"]).and_then(|sku| {
        let tiers = choice(SkuTier::from_text, "`Basic`, `Standard` or `Premium`");
        let tier = notes.single(&sku, "tier", "`tier`", tiers)?;
        Some(Spanned { value: *tier.value.value()?, span: tier.span })
    });
    let threat_intel_mode =
        notes.setting(subject, "threatIntelMode", choice(ThreatIntelMode::from_text, MODES));
    let allowlist = match notes.part(subject, &["threatIntelWhitelist"]) {
        Part::Nothing => ThreatIntelAllowlist::default(),
        Part::Unknown(unknown) => {
            ThreatIntelAllowlist { addresses: vec![unknown.written()], fqdns: Vec::new() }
        }
        Part::Fields(subject) => ThreatIntelAllowlist {
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
        },
    };
    Settings {
        tier,
        location: fields.known_text("location"),
        threat_intel_mode,
        threat_intel_allowlist: allowlist,
        ..Settings::default()
    }
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
    use crate::policy::{FirewallPolicy, IdpsMode, ThreatIntelMode, Written};
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
                group g of hub 300
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
        assert_eq!(
            settings.threat_intel_mode.unwrap().value,
            Written::Value(ThreatIntelMode::Alert)
        );
        assert_eq!(settings.threat_intel_allowlist.fqdns.len(), 1);
        assert_eq!(settings.dns.unwrap().enable_proxy.unwrap().value, Written::Value(true));
        let idps = settings.intrusion_detection.unwrap();
        assert_eq!(idps.mode.unwrap().value, Written::Value(IdpsMode::Deny));
        assert_eq!(idps.overrides[0].id.value, Written::Value("2024897".into()));
        let protocols: Vec<_> = idps.bypass.into_iter().map(|bypass| bypass.protocol).collect();
        let tcp = Written::Value(crate::net::IpProtocol::TCP);
        assert_eq!(protocols, [None, Some(tcp), Some(Written::Invalid("Foo".into()))]);
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
        let settings = policy.settings;
        let invalid = Written::Invalid("Block".into());
        assert_eq!(settings.threat_intel_mode.unwrap().value, invalid);
        let unresolved = Written::Unresolved("[parameters('proxy')]".into());
        assert_eq!(settings.dns.unwrap().enable_proxy.unwrap().value, unresolved);
        assert_eq!(
            warnings,
            [
                "invalid `threatIntelMode` `Block` in policy `hub`: expected `Off`, `Alert` or `Deny`",
                "`snat` of policy `hub` is not known: `[parameters('snat')]`",
                "`enableProxy` of policy `hub` is not known: `[parameters('proxy')]`"
            ]
        );
    }
}
