//! What an attacker would leave in the logs of a day: what detections are tried with.

use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};

use super::event::{Event, Kind};
use crate::compile::RulePath;
use crate::evaluate::Ruling;
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, Fqdn, IpProtocol};
use crate::random::Random;

/// Scans 120 ports of 10.200.0.9 within two minutes.
pub const SCANNER: Ipv4Addr = Ipv4Addr::new(10, 100, 0, 7);
/// Asks 150 hosts of 10.201.0.0/16 for port 3389 within four minutes.
pub const SWEEPER: Ipv4Addr = Ipv4Addr::new(10, 100, 0, 8);
/// Asks for [`BEACON_NAME`] every five minutes, up to ten seconds early or late, all day.
pub const BEACON: Ipv4Addr = Ipv4Addr::new(10, 100, 0, 9);
pub const BEACON_NAME: &str = "cdn.update-check.example.net";

/// The events of a scan, a sweep and a beacon on the day that begins at `start`.
pub fn planted(start: Timestamp) -> impl Iterator<Item = Event> {
    let mut random = Random::new(9);
    let mut jitter = move || i64::try_from(random.below(20)).unwrap_or(0);
    let at = move |second: i64| start + SignedDuration::from_secs(second);
    let scan = (1..=120_u16).map(move |port| {
        let target = Ipv4Addr::new(10, 200, 0, 9);
        denied(at(40_000 + i64::from(port)), SCANNER, target, port)
    });
    let sweep = (1..=150_u8).map(move |host| {
        let target = Ipv4Addr::new(10, 201, 0, host);
        denied(at(61_000 + i64::from(host) * 3 / 2), SWEEPER, target, 3389)
    });
    let beacon = (0..286).map(move |index| beacon(at(60 + index * 300 + jitter())));
    scan.chain(sweep).chain(beacon)
}

fn denied(time: Timestamp, source: Ipv4Addr, target: Ipv4Addr, port: u16) -> Event {
    let mut flow = Flow::new(FlowProtocol::Ip(IpProtocol::TCP), IpAddr::V4(source));
    flow.source_port = Some(50_000 + port % 1_000);
    flow.destination = Some(target.into());
    flow.port = Some(port);
    let kind = Kind::Network { ruling: Ruling::Deny, rule: None };
    Event { time, arrival: time, flow, kind }
}

fn beacon(time: Timestamp) -> Event {
    let protocol = FlowProtocol::Application(ApplicationProtocol::Https);
    let mut flow = Flow::new(protocol, IpAddr::V4(BEACON));
    flow.name = Fqdn::new(BEACON_NAME).map_or(Name::Unknown, Name::Known);
    flow.port = Some(443);
    flow.source_port = Some(51_000);
    let rule = RulePath {
        policy: Some("policy-hub".into()),
        group: Some("group-0".into()),
        collection: "collection-0".into(),
        rule: "rule-0".into(),
        is_inherited: false,
    };
    let kind = Kind::Application { ruling: Ruling::Allow, rule: Some(rule) };
    Event { time, arrival: time, flow, kind }
}
