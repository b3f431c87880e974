//! `azurerm_firewall_policy`.

use super::entity::Entity;
use super::{Found, block};
use crate::load::kind::Kind;
use crate::load::shape::Shape;
use crate::syntax::json::{Node, Value};

/// The policy in the shape of Azure's API.
pub(super) fn policy(entity: &Entity) -> Found {
    let values = &entity.values;
    let shape = || Shape::new(entity.span);
    let inner = |shape: Shape| Some(shape.node());
    let base = values.get("base_policy_id").filter(|id| is_set(id));
    let properties = shape()
        .with("sku", inner(shape().with_field("tier", values, "sku")))
        .with("basePolicy", base.map(|id| shape().with("id", Some(id.clone())).node()))
        .with_field("threatIntelMode", values, "threat_intelligence_mode")
        .with(
            "threatIntelWhitelist",
            block(values, "threat_intelligence_allowlist").map(|list| {
                Shape::new(list.span)
                    .with_field("ipAddresses", list, "ip_addresses")
                    .with_field("fqdns", list, "fqdns")
                    .node()
            }),
        )
        .with(
            "dnsSettings",
            block(values, "dns").map(|dns| {
                Shape::new(dns.span)
                    .with_field("enableProxy", dns, "proxy_enabled")
                    .with_field("servers", dns, "servers")
                    .node()
            }),
        )
        .with("intrusionDetection", block(values, "intrusion_detection").map(intrusion_detection))
        .with(
            "transportSecurity",
            block(values, "tls_certificate").map(|certificate| {
                let authority =
                    Shape::new(certificate.span).with_field("name", certificate, "name");
                Shape::new(certificate.span)
                    .with("certificateAuthority", Some(authority.node()))
                    .node()
            }),
        )
        .with("explicitProxy", block(values, "explicit_proxy").map(explicit_proxy))
        .with("snat", snat(entity))
        .with(
            "sql",
            values
                .get("sql_redirect_allowed")
                .filter(|flag| is_set(flag))
                .map(|flag| shape().with("allowSqlRedirect", Some(flag.clone())).node()),
        );
    let node = entity
        .shape(Kind::Policy)
        .with_field("location", values, "location")
        .with("properties", Some(properties.node()))
        .node();
    Found { kind: Kind::Policy, names: Vec::new(), node }
}

/// Something is said: neither `null`, nor empty.
pub(super) fn is_set(node: &Node) -> bool {
    match &node.value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(entries) => !entries.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Unresolved(_) => true,
    }
}

fn intrusion_detection(node: &Node) -> Node {
    let blocks = |key: &str| node.get(key).map_or(&[][..], Node::elements);
    let overrides = blocks("signature_overrides")
        .iter()
        .map(|entry| Shape::new(entry.span).with_renamed(entry, &[("state", "mode")]).node());
    let names = [
        ("source_addresses", "sourceAddresses"),
        ("source_ip_groups", "sourceIpGroups"),
        ("destination_addresses", "destinationAddresses"),
        ("destination_ip_groups", "destinationIpGroups"),
        ("destination_ports", "destinationPorts"),
    ];
    let bypass = blocks("traffic_bypass")
        .iter()
        .map(|entry| Shape::new(entry.span).with_renamed(entry, &names).node());
    let list = |entries: Vec<Node>| Some(crate::load::shape::list(entries, node.span));
    let configuration = Shape::new(node.span)
        .with("signatureOverrides", list(overrides.collect()))
        .with("bypassTrafficSettings", list(bypass.collect()))
        .with_field("privateRanges", node, "private_ranges");
    Shape::new(node.span)
        .with_field("mode", node, "mode")
        .with("configuration", Some(configuration.node()))
        .node()
}

fn explicit_proxy(node: &Node) -> Node {
    Shape::new(node.span)
        .with_field("enableExplicitProxy", node, "enabled")
        .with_field("httpPort", node, "http_port")
        .with_field("httpsPort", node, "https_port")
        .with_field("enablePacFile", node, "enable_pac_file")
        .with_field("pacFilePort", node, "pac_file_port")
        .with_field("pacFile", node, "pac_file")
        .node()
}

/// Private ranges; `auto_learn_private_ranges_enabled` is `false` when nothing is said.
fn snat(entity: &Entity) -> Option<Node> {
    let ranges = entity.values.get("private_ip_ranges").filter(|ranges| is_set(ranges));
    let learn = entity.values.get("auto_learn_private_ranges_enabled");
    let learns = learn.is_some_and(|learn| learn.value == Value::Bool(true));
    if ranges.is_none() && !learns {
        return None;
    }
    let shape = Shape::new(entity.span).with("privateRanges", ranges.cloned());
    Some(shape.with("autoLearnPrivateRanges", learn.filter(|_| learns).cloned()).node())
}
