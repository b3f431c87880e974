//! Much traffic of no rule set in particular: what speed is measured with.

use std::net::{IpAddr, Ipv4Addr};

use jiff::{SignedDuration, Timestamp};

use super::event::{Event, Kind};
use crate::compile::RulePath;
use crate::evaluate::Ruling;
use crate::flow::{Flow, FlowProtocol, Name};
use crate::net::{ApplicationProtocol, Fqdn, IpProtocol};
use crate::random::Random;

const SOURCES: u32 = 8_000;
const DESTINATIONS: u32 = 30_000;
const NAMES: u32 = 4_000;
const RULES: u32 = 300;

/// Events of a large firewall, without end: few talk much and many talk little, one in eight
/// connections is denied.
#[derive(Debug)]
pub struct Bulk {
    random: Random,
    clock: Timestamp,
    gap_us: i64,
}

impl Bulk {
    /// Events from `start` on, one in `gap_us` microseconds.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp, gap_us: u32) -> Self {
        Self { random: Random::new(seed), clock: start, gap_us: gap_us.into() }
    }

    /// A rank below `count`: low ranks are drawn far more often than high ones.
    fn rank(&mut self, count: u32) -> u32 {
        // The product of three even draws; close enough to Zipf's law for this.
        let mut draw = || self.random.below(1 << 20);
        let product = (((draw() * draw()) >> 20) * draw()) >> 20;
        u32::try_from((product * u64::from(count)) >> 20).unwrap_or(0)
    }

    fn flow(&mut self) -> (Flow, Option<RulePath>) {
        let network = 0x0a00_0000 + self.rank(SOURCES);
        let source = IpAddr::V4(Ipv4Addr::from_bits(network));
        let rule = self.rank(RULES);
        let is_application = rule.is_multiple_of(3);
        let mut flow = if is_application {
            let mut flow = Flow::new(FlowProtocol::Application(ApplicationProtocol::Https), source);
            let name = format!("host{}.example.com", self.rank(NAMES));
            flow.name = Fqdn::new(&name).map_or(Name::Unknown, Name::Known);
            flow
        } else {
            let is_udp = rule.is_multiple_of(5);
            let protocol = if is_udp { IpProtocol::UDP } else { IpProtocol::TCP };
            let mut flow = Flow::new(FlowProtocol::Ip(protocol), source);
            let ports = [443, 53, 80, 22, 3389, 1433, 5432, 8443];
            flow.port = ports.get(rule as usize % ports.len()).copied();
            let destination = 0xc633_0000 + self.rank(DESTINATIONS);
            flow.destination = Some(Ipv4Addr::from_bits(destination).into());
            flow
        };
        flow.source_port = Some(self.random.between(32_768, 60_999));
        let path = RulePath {
            policy: Some("policy-hub".into()),
            group: Some(format!("group-{}", rule % 8).into()),
            collection: format!("collection-{}", rule % 40).into(),
            rule: format!("rule-{rule}").into(),
            is_inherited: false,
        };
        (flow, Some(path).filter(|_| !self.random.one_in(8)))
    }
}

impl Iterator for Bulk {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.clock = self.clock.checked_add(SignedDuration::from_micros(self.gap_us)).ok()?;
        let (flow, rule) = self.flow();
        let ruling = if rule.is_some() { Ruling::Allow } else { Ruling::Deny };
        let kind = match flow.protocol {
            FlowProtocol::Application(_) => Kind::Application { ruling, rule },
            FlowProtocol::Ip(_) => Kind::Network { ruling, rule },
        };
        // Instances of a firewall deliver in batches: some records come half a minute late.
        let late = if self.random.one_in(60) { 25 } else { 0 };
        let time = self.clock.checked_sub(SignedDuration::from_secs(late)).ok()?;
        Some(Event { time, arrival: self.clock, flow, kind })
    }
}
