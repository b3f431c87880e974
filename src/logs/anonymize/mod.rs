//! Records with pseudonyms in place of what names a network, its machines and its people.
//!
//! The same value has the same pseudonym in every run with the same key, so that records of many files
//! still belong together. Without the key nobody can tell which value a pseudonym stands for,
//! except by what the records show: times, ports, how often and with whom.

mod address;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use smol_str::{SmolStr, format_smolstr};

use super::record::{LogRecord, Origin};
use crate::net::RequestUrl;
use address::Addresses;

/// Keys shorter than this can be tried out.
pub const KEY_CHARS_MIN: usize = 16;

/// Puts pseudonyms into records.
pub struct Anonymizer {
    key: [u8; 32],
    addresses: Addresses,
    is_rules_too: bool,
}

/// A key that is too short to keep anything secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key is shorter than {KEY_CHARS_MIN} characters")]
pub struct ShortKey;

impl Anonymizer {
    /// Pseudonyms under `key`; the names of policies and rules too if `is_rules_too`.
    ///
    /// # Errors
    ///
    /// The key is too short.
    pub fn new(key: &str, is_rules_too: bool) -> Result<Self, ShortKey> {
        if key.chars().count() < KEY_CHARS_MIN {
            return Err(ShortKey);
        }
        let key = blake3::derive_key("azfw 2026-03 pseudonyms in firewall logs", key.as_bytes());
        Ok(Self { key, addresses: Addresses::new(key), is_rules_too })
    }

    /// The record with pseudonyms.
    #[must_use]
    pub fn apply(&mut self, mut record: LogRecord) -> LogRecord {
        for address in [&mut record.source, &mut record.destination, &mut record.translated] {
            *address = address.map(|address| self.addresses.pseudonym(address));
        }
        record.fqdn = record.fqdn.map(|name| self.name(&name));
        record.url = record.url.map(|url| self.url(&url));
        record.firewall = record.firewall.map(|id| self.word("firewall", &id));
        record.tenant = record.tenant.map(|id| self.word("tenant", &id));
        record.correlation = record.correlation.map(|id| self.word("correlation", &id));
        record.reason = record.reason.map(|text| self.free_text(&text));
        if self.is_rules_too {
            record.policy = record.policy.map(|name| self.word("policy", &name));
            record.group = record.group.map(|name| self.word("group", &name));
            record.collection = record.collection.map(|name| self.word("collection", &name));
            record.rule = record.rule.map(|name| self.word("rule", &name));
        }
        if let Some(dns) = record.dns.as_deref_mut() {
            dns.name = dns.name.take().map(|name| self.name(&name));
            dns.error = dns.error.take().map(|text| self.free_text(&text));
            dns.server = dns.server.take().map(|server| self.server(&server));
        }
        let file: Arc<str> = self.word("file", &record.origin.file).as_str().into();
        record.origin = Origin { file, line: record.origin.line };
        record
    }

    /// A pseudonym of a value of some kind. Kinds are told apart, so that a rule called like a host
    /// does not betray either.
    fn word(&self, kind: &str, value: &str) -> SmolStr {
        format_smolstr!("{kind}-{}", self.digest(kind, value))
    }

    /// Twelve hexadecimal digits: two of a million values are alike once in five hundred logs.
    fn digest(&self, kind: &str, value: &str) -> SmolStr {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(kind.as_bytes());
        hasher.update(&[0]);
        hasher.update(value.as_bytes());
        hasher.finalize().to_hex().get(..12).unwrap_or("").into()
    }

    /// A name label by label: names under one domain stay under one domain. The last label, such
    /// as `com`, stays; so do names that are addresses, as addresses.
    fn name(&mut self, name: &str) -> SmolStr {
        if let Ok(address) = name.parse::<IpAddr>() {
            return format_smolstr!("{}", self.addresses.pseudonym(address));
        }
        let mut labels: Vec<SmolStr> = Vec::new();
        let mut rest = name;
        while let Some((label, parent)) = rest.split_once('.') {
            // The same label under two domains has two pseudonyms; `*` and `_tcp` say what they are.
            let is_structure = label.is_empty() || label == "*" || label.starts_with('_');
            labels.push(if is_structure {
                label.into()
            } else {
                format_smolstr!("n{}", self.digest("name", rest))
            });
            rest = parent;
        }
        let is_single = labels.is_empty() && !rest.is_empty();
        labels.push(if is_single {
            format_smolstr!("n{}", self.digest("name", rest))
        } else {
            rest.into()
        });
        labels.join(".").into()
    }

    /// Scheme, host and port of a URL; its path as a whole.
    fn url(&mut self, url: &str) -> SmolStr {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        let separator = if scheme.is_empty() { "" } else { "://" };
        let path = self.digest("path", url);
        let Some(parsed) = RequestUrl::new(url) else { return self.word("url", url) };
        let host = self.name(parsed.host.as_str());
        let port = parsed.port.map(|port| format!(":{port}")).unwrap_or_default();
        format_smolstr!("{scheme}{separator}{host}{port}/{path}")
    }

    /// `192.0.2.1:53`, `192.0.2.1` or a name.
    fn server(&mut self, server: &str) -> SmolStr {
        if let Ok(socket) = server.parse::<SocketAddr>() {
            let address = self.addresses.pseudonym(socket.ip());
            return format_smolstr!("{}", SocketAddr::new(address, socket.port()));
        }
        self.name(server)
    }

    /// A text that can hold names and addresses: kept only if it is one of Azure's fixed ones.
    fn free_text(&self, text: &str) -> SmolStr {
        const FIXED: [&str; 13] = [
            "Default Action",
            "No rule matched. Proceeding with default action",
            "SNI TLS extension was missing.",
            "SNI TLS extension was missing",
            "Additional TCP Log",
            "denied by a network security group",
            "dropped in the cluster: POLICY_DENIED",
            "i/o timeout",
            "no such host",
            "connection refused",
            "server misbehaving",
            "0",
            "",
        ];
        if FIXED.contains(&text.trim()) {
            return text.into();
        }
        let end =
            FIXED.iter().find(|fixed| fixed.len() > 1 && text.ends_with(&format!(": {fixed}")));
        match end {
            Some(end) => format_smolstr!("{}: {end}", self.word("text", text)),
            None => self.word("text", text),
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::logs::{NormalForm, Options, read};

    const KEY: &str = "correct horse battery";

    fn records(lines: &str) -> Vec<LogRecord> {
        let mut records = Vec::new();
        read(lines.as_bytes(), "secret/path.json".into(), &Options::default(), &mut records)
            .unwrap();
        records
    }

    const LINES: &str = r#"{"category":"AZFWApplicationRule","resourceId":"/subscriptions/s/azurefirewalls/hub","tenantId":"t","properties":{"Protocol":"HTTP","SourceIp":"10.1.2.3","SourcePort":1,"DestinationPort":80,"Fqdn":"www.contoso.com","TargetUrl":"http://www.contoso.com:8080/secret?user=x","Action":"Deny","Policy":"p","RuleCollectionGroup":"g","RuleCollection":"c","Rule":"r","ActionReason":"Failed to resolve address www.contoso.com:80: lookup www.contoso.com on 10.1.2.3:53: no such host"}}
{"category":"AZFWInternalFqdnResolutionFailure","properties":{"Fqdn":"api.contoso.com","Error":"x","ServerIp":"10.1.2.4","ServerPort":53}}"#;

    #[test]
    fn nothing_that_names_somebody_is_left() {
        let mut anonymizer = Anonymizer::new(KEY, true).unwrap();
        let mut text = String::new();
        for record in records(LINES) {
            let record = anonymizer.apply(record);
            text += &serde_json::to_string(&NormalForm::from(&record)).unwrap();
            text += "\n";
        }
        for secret in ["contoso", "secret", "10.1.2.", "hub", "\"r\"", "\"p\"", "lookup", "user"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        expect![[r#"
            {"kind":"application","form":"structured","firewall":"firewall-08ab3ec09659","protocol":"http","source":"10.168.72.9","source_port":1,"destination_port":80,"fqdn":"n24ddd1fc8bd8.nf3fb4a35f0ce.com","url":"http://n24ddd1fc8bd8.nf3fb4a35f0ce.com:8080/76f89c07afff","action":"deny","reason":"text-859c871e800b: no such host","policy":"policy-8b5d9e12b245","group":"group-c6b529345d39","collection":"collection-005e439752b0","rule":"rule-be374578d77c","tenant":"tenant-24ef1b327c6a","origin":"file-d1af90ce8c77:1"}
            {"kind":"dns_failure","form":"structured","fqdn":"ncf08d9f406cf.nf3fb4a35f0ce.com","reason":"text-6972b46bf1d8","dns":{"server":"10.168.72.12:53"},"origin":"file-d1af90ce8c77:2"}
        "#]].assert_eq(&text);
    }

    #[test]
    fn the_same_key_gives_the_same_pseudonyms_and_another_others() {
        let name = |key: &str, name: &str| Anonymizer::new(key, false).unwrap().name(name);
        assert_eq!(name(KEY, "a.example.com"), name(KEY, "a.example.com"));
        assert_ne!(name(KEY, "a.example.com"), name("another key, as long", "a.example.com"));
        assert!(Anonymizer::new("short", false).is_err());
    }

    #[test]
    fn names_under_one_domain_stay_under_one() {
        let mut anonymizer = Anonymizer::new(KEY, false).unwrap();
        let (a, b) = (anonymizer.name("a.example.com"), anonymizer.name("b.example.com"));
        let domain = |name: &SmolStr| name.split_once('.').unwrap().1.to_owned();
        assert_eq!(domain(&a), domain(&b));
        assert_ne!(a, b);
        assert_eq!(anonymizer.name("."), ".");
        assert!(anonymizer.name("localhost").starts_with('n'));
        assert_ne!(anonymizer.name("192.0.2.4"), "192.0.2.4");
    }

    #[test]
    fn rules_keep_their_names_unless_asked() {
        let mut anonymizer = Anonymizer::new(KEY, false).unwrap();
        let record = anonymizer.apply(records(LINES).remove(0));
        assert_eq!((record.rule.as_deref(), record.policy.as_deref()), (Some("r"), Some("p")));
    }
}
