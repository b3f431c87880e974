//! Writes flows in flow notation.

use std::net::IpAddr;

use super::is_plain_name;
use super::properties::hit_mode_name;
use crate::flow::{Flow, FlowProtocol, IdpsHit, Name};
use crate::net::Fqdn;
use crate::syntax::quoting::in_quotes;

/// The flow in flow notation, from which [`super::flow()`] reads the same flow.
#[must_use]
pub fn print_flow(flow: &Flow) -> String {
    let mut out = format!("{} {}", flow.protocol, endpoint(flow.source, flow.source_port));
    let name = flow.name.known().map(Fqdn::as_str);
    let target_name = name.filter(|name| is_plain_name(name));
    out.push_str(" -> ");
    match (target_name, flow.destination) {
        (Some(name), _) => out.push_str(name),
        (None, Some(address @ IpAddr::V6(_))) if flow.port.is_some() => {
            out.extend(["[", &address.to_string(), "]"]);
        }
        (None, Some(address)) => out.push_str(&address.to_string()),
        (None, None) => out.push('?'),
    }
    match (flow.port, flow.protocol) {
        (Some(port), _) => out.extend([":", &port.to_string()]),
        (None, FlowProtocol::Application(_)) => out.push_str(":?"),
        (None, FlowProtocol::Ip(_)) => {}
    }
    for (key, text) in properties(flow, target_name.is_some()) {
        out.extend([" ", key, "=", &text]);
    }
    out
}

fn endpoint(address: IpAddr, port: Option<u16>) -> String {
    match (address, port) {
        (IpAddr::V6(_), Some(port)) => format!("[{address}]:{port}"),
        (IpAddr::V4(_), Some(port)) => format!("{address}:{port}"),
        (_, None) => address.to_string(),
    }
}

fn properties(flow: &Flow, is_name_target: bool) -> Vec<(&'static str, String)> {
    let mut words = Vec::new();
    if is_name_target && let Some(address) = flow.destination {
        words.push(("destination", address.to_string()));
    }
    match &flow.name {
        Name::Absent => words.push(("fqdn", "none".to_owned())),
        Name::Known(name) if !is_name_target => {
            words.push(("fqdn", plain_or_quoted(name.as_str())));
        }
        Name::Known(_) | Name::Unknown => {}
    }
    if let Some(port) = flow.host_port {
        words.push(("host_port", port.to_string()));
    }
    if let Some(url) = &flow.url {
        words.push(("url", plain_or_quoted(&url.to_string())));
    }
    if flow.is_without_application {
        words.push(("application", "none".to_owned()));
    }
    if let Some(category) = &flow.web_category {
        words.push(("category", plain_or_quoted(category)));
    }
    if flow.is_listed_threat {
        words.push(("threat_intel", "true".to_owned()));
    }
    if let Some(hit) = &flow.idps {
        words.push(("idps", plain_or_quoted(&idps_text(hit))));
    }
    if flow.is_explicit_proxy {
        words.push(("explicit_proxy", "true".to_owned()));
    }
    words
}

fn idps_text(hit: &IdpsHit) -> String {
    let mode = hit_mode_name(hit.mode);
    match &hit.signature {
        Some(signature) => format!("{signature}:{mode}"),
        None => mode.to_owned(),
    }
}

fn plain_or_quoted(text: &str) -> String {
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\\');
    if !text.is_empty() && text != "none" && text.chars().all(is_plain) {
        return text.to_owned();
    }
    in_quotes('"', text)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::HitMode;
    use crate::net::{ApplicationProtocol, IpProtocol, RequestUrl};
    use crate::syntax::flow::flow;

    fn some_ip() -> impl Strategy<Value = IpAddr> {
        prop_oneof![
            any::<[u8; 4]>().prop_map(IpAddr::from),
            any::<[u8; 16]>().prop_map(IpAddr::from)
        ]
    }

    fn some_protocol() -> impl Strategy<Value = FlowProtocol> {
        prop_oneof![
            Just(FlowProtocol::Application(ApplicationProtocol::Http)),
            Just(FlowProtocol::Application(ApplicationProtocol::Https)),
            Just(FlowProtocol::Application(ApplicationProtocol::Mssql)),
            Just(FlowProtocol::Ip(IpProtocol::TCP)),
            Just(FlowProtocol::Ip(IpProtocol::UDP)),
            any::<u8>().prop_map(|number| FlowProtocol::Ip(IpProtocol(number))),
        ]
    }

    fn some_name() -> impl Strategy<Value = Name> {
        prop_oneof![
            Just(Name::Unknown),
            Just(Name::Absent),
            "[a-z0-9_-]{1,5}(\\.[a-z0-9-]{1,4}){0,2}"
                .prop_map(|text| Name::Known(Fqdn::new(&text).unwrap())),
            some_ip().prop_map(|address| Name::Known(Fqdn::new(&address.to_string()).unwrap())),
        ]
    }

    fn some_hit() -> impl Strategy<Value = IdpsHit> {
        let mode = prop_oneof![Just(HitMode::Alert), Just(HitMode::Deny)];
        (prop::option::of("[0-9a-z: ]{0,6}"), mode).prop_map(|(signature, mode)| IdpsHit {
            signature: signature.map(smol_str::SmolStr::from),
            mode,
        })
    }

    /// Every flow that the notation can be asked to write.
    pub(in crate::syntax::flow) fn some_flow() -> impl Strategy<Value = Flow> {
        let ends = (some_protocol(), some_ip(), prop::option::of(some_ip()), some_name());
        let ports = any::<[Option<u16>; 3]>();
        let url = "[a-z]{1,4}\\.example(:80)?(/[A-Za-z0-9 :/\"=]{0,6}z)?";
        let more = (
            prop::option::of(url),
            prop::option::of("[A-Za-z \"\\\\#]{0,6}"),
            prop::option::of(some_hit()),
            any::<[bool; 3]>(),
        );
        (ends, ports, more).prop_map(|(ends, [source_port, port, host_port], more)| {
            let (protocol, source, destination, name) = ends;
            let (url, category, idps, [without, threat, proxy]) = more;
            let has_ports = protocol.has_ports();
            let flow = Flow {
                protocol,
                source,
                source_port: source_port.filter(|_| has_ports),
                destination,
                port: port.filter(|_| has_ports),
                name,
                host_port,
                url: None,
                is_without_application: without,
                web_category: category.map(smol_str::SmolStr::from),
                is_listed_threat: threat,
                idps,
                is_explicit_proxy: proxy,
            };
            match url.and_then(|url| RequestUrl::new(&url)) {
                Some(url) => flow.with_url(url),
                None => flow,
            }
        })
    }

    proptest! {
        #[test]
        fn a_printed_flow_reads_back(wanted in some_flow()) {
            let text = print_flow(&wanted);
            prop_assert_eq!(flow(&text), Ok(wanted), "{}", text);
        }
    }
}
