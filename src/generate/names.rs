//! Words that both families of records use.

use std::net::IpAddr;

use crate::flow::{Flow, FlowProtocol};
use crate::net::{ApplicationProtocol, IpProtocol};

/// The protocol as the log writes it.
pub(super) fn protocol(flow: &Flow) -> String {
    match flow.protocol {
        FlowProtocol::Application(ApplicationProtocol::Http) => "HTTP".into(),
        FlowProtocol::Application(ApplicationProtocol::Https) => "HTTPS".into(),
        FlowProtocol::Application(ApplicationProtocol::Mssql) => "MSSQL".into(),
        FlowProtocol::Ip(_) => ip_protocol(flow),
    }
}

/// The protocol in the IP header, as the log of network rules writes it.
pub(super) fn ip_protocol(flow: &Flow) -> String {
    match flow.protocol.ip() {
        IpProtocol::ICMP if flow.source.is_ipv6() => "ICMPv6 Type=128".into(),
        IpProtocol::ICMP => "ICMP Type=8".into(),
        IpProtocol::ICMPV6 => "ICMPv6 Type=128".into(),
        other => other.to_string().to_uppercase(),
    }
}

/// An address as the log of network rules writes it: IPv6 in brackets and in full.
pub(super) fn address(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let segments: Vec<_> =
                address.segments().iter().map(|segment| format!("{segment:04x}")).collect();
            format!("[{}]", segments.join(":"))
        }
    }
}

/// A signature's texts. They are invented: the real ones belong to Microsoft's feed.
pub(super) struct SignatureText {
    pub(super) category: &'static str,
    pub(super) description: &'static str,
    pub(super) severity: u8,
}

/// The texts of a signature, by its last digit.
pub(super) fn signature(id: &str) -> SignatureText {
    match id.bytes().last().unwrap_or(b'0') % 3 {
        0 => SignatureText {
            category: "Misc activity",
            description: "SAMPLE scan of several ports",
            severity: 3,
        },
        1 => SignatureText {
            category: "A Network Trojan was detected",
            description: "SAMPLE beacon with a known user agent",
            severity: 1,
        },
        _ => SignatureText {
            category: "Potentially Bad Traffic",
            description: "SAMPLE request for an unusual top level domain",
            severity: 2,
        },
    }
}

/// What the feed says of a hit. Invented but for the first, which Microsoft's example shows.
pub(super) fn threat(flow: &Flow) -> &'static str {
    if flow.name.known().is_some() {
        "Bot Networks"
    } else if flow.source.is_ipv4() && is_public(flow.source) {
        "Source reported by Threat Intelligence"
    } else {
        "Destination reported by Threat Intelligence"
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_private(),
        IpAddr::V6(_) => true,
    }
}
