//! The shape that `azfw events` prints a record in: a promise.

use std::net::IpAddr;

use serde::Serialize;
use smol_str::SmolStr;

use super::record::{Dns, LogRecord, Signature};
use crate::net::AddressNames;

/// A record with the names and the order of `azfw events`. What is unknown is absent; addresses are
/// canonical, without brackets; the time is RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NormalForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    pub kind: &'static str,
    pub form: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firewall: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icmp_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// What the address is called, see [`NormalForm::name`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translated: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub translated_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threat: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_inspected: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explicit_proxy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_mbps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<&'a str>,
    /// `file:line`
    pub origin: String,
}

/// The `signature` of a [`NormalForm`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignatureForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<u8>,
}

/// The `dns` of a [`NormalForm`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DnsForm<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub query_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dnssec_ok: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edns_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rcode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<&'a str>,
}

impl<'a> NormalForm<'a> {
    /// Fills in what the addresses are called.
    pub fn name(&mut self, names: &'a AddressNames) {
        let name = |address: Option<IpAddr>| names.name(address?).map(SmolStr::as_str);
        self.source_name = name(self.source);
        self.destination_name = name(self.destination);
    }
}

impl<'a> From<&'a LogRecord> for NormalForm<'a> {
    fn from(record: &'a LogRecord) -> Self {
        Self {
            time: record.time.map(|time| time.to_string()),
            kind: record.kind.name(),
            form: record.form.name(),
            firewall: record.firewall.as_deref(),
            protocol: record.protocol.as_deref(),
            icmp_type: record.icmp_type,
            source: record.source,
            source_name: None,
            source_port: record.source_port,
            destination: record.destination,
            destination_name: None,
            destination_port: record.destination_port,
            fqdn: record.fqdn.as_deref(),
            url: record.url.as_deref(),
            web_category: record.web_category.as_deref(),
            action: record.action.map(super::LoggedAction::name),
            reason: record.reason.as_deref(),
            policy: record.policy.as_deref(),
            group: record.group.as_deref(),
            collection: record.collection.as_deref(),
            rule: record.rule.as_deref(),
            translated: record.translated,
            translated_port: record.translated_port,
            threat: record.threat.as_deref(),
            signature: record.signature.as_deref().map(SignatureForm::from),
            tls_inspected: record.tls_inspected,
            explicit_proxy: record.explicit_proxy,
            flag: record.flag.as_deref(),
            rate_mbps: record.rate_mbps,
            dns: record.dns.as_deref().map(DnsForm::from),
            count: record.count,
            tenant: record.tenant.as_deref(),
            correlation: record.correlation.as_deref(),
            origin: record.origin.to_string(),
        }
    }
}

impl<'a> From<&'a Signature> for SignatureForm<'a> {
    fn from(signature: &'a Signature) -> Self {
        Self {
            id: signature.id.as_deref(),
            category: signature.category.as_deref(),
            description: signature.description.as_deref(),
            severity: signature.severity,
        }
    }
}

impl<'a> From<&'a Dns> for DnsForm<'a> {
    fn from(dns: &'a Dns) -> Self {
        Self {
            id: dns.id,
            query_type: dns.query_type.as_deref(),
            class: dns.class.as_deref(),
            name: dns.name.as_deref(),
            protocol: dns.protocol.as_deref(),
            request_size: dns.request_size,
            dnssec_ok: dns.dnssec_ok,
            edns_size: dns.edns_size,
            rcode: dns.rcode.as_deref(),
            flags: dns.flags.as_deref(),
            response_size: dns.response_size,
            duration_s: dns.duration_s,
            error: dns.error.as_deref(),
            server: dns.server.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::expect;

    use super::*;
    use crate::logs::{Form, LoggedAction, Origin, RecordKind};

    #[test]
    fn names_and_their_order_are_a_promise() {
        let origin = Origin { file: Arc::from("a.json"), line: 7 };
        let address = Some(IpAddr::from([192, 0, 2, 4]));
        let text = || Some("x".into());
        let record = LogRecord {
            time: Some(jiff::Timestamp::UNIX_EPOCH),
            firewall: text(),
            protocol: text(),
            icmp_type: Some(8),
            source: address,
            source_port: Some(1),
            destination: Some("2001:db8:0::1".parse().unwrap()),
            destination_port: Some(2),
            fqdn: text(),
            url: text(),
            web_category: text(),
            action: Some(LoggedAction::Allow),
            reason: text(),
            policy: text(),
            group: text(),
            collection: text(),
            rule: text(),
            translated: address,
            translated_port: Some(3),
            threat: text(),
            signature: Some(Box::new(Signature {
                id: text(),
                category: text(),
                description: text(),
                severity: Some(1),
            })),
            tls_inspected: Some(true),
            explicit_proxy: Some(false),
            flag: text(),
            rate_mbps: Some(0.5),
            dns: Some(Box::new(Dns {
                id: Some(4),
                query_type: text(),
                class: text(),
                name: text(),
                protocol: text(),
                request_size: Some(5),
                dnssec_ok: Some(true),
                edns_size: Some(6),
                rcode: text(),
                flags: text(),
                response_size: Some(7),
                duration_s: Some(0.25),
                error: text(),
                server: text(),
            })),
            count: Some(8),
            tenant: text(),
            correlation: text(),
            ..LogRecord::new(RecordKind::Network, Form::Legacy, "c", origin)
        };
        let got = serde_json::to_string(&NormalForm::from(&record)).unwrap();
        expect![[r#"{"time":"1970-01-01T00:00:00Z","kind":"network","form":"legacy","firewall":"x","protocol":"x","icmp_type":8,"source":"192.0.2.4","source_port":1,"destination":"2001:db8::1","destination_port":2,"fqdn":"x","url":"x","web_category":"x","action":"allow","reason":"x","policy":"x","group":"x","collection":"x","rule":"x","translated":"192.0.2.4","translated_port":3,"threat":"x","signature":{"id":"x","category":"x","description":"x","severity":1},"tls_inspected":true,"explicit_proxy":false,"flag":"x","rate_mbps":0.5,"dns":{"id":4,"type":"x","class":"x","name":"x","protocol":"x","request_size":5,"dnssec_ok":true,"edns_size":6,"rcode":"x","flags":"x","response_size":7,"duration_s":0.25,"error":"x","server":"x"},"count":8,"tenant":"x","correlation":"x","origin":"a.json:7"}"#]].assert_eq(&got);
    }
}
