//! The shape that `azfw events` prints a record in: a promise.

use std::net::IpAddr;

use serde::Serialize;

use super::record::{Dns, LogRecord, Signature};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<IpAddr>,
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
            source_port: record.source_port,
            destination: record.destination,
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
