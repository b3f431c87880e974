//! Draws flows, evaluates them and says what is logged, and when.

use jiff::{SignedDuration, Timestamp};

use super::event::{Answer, Event, Kind, kinds};
use super::traffic::Traffic;
use crate::compile::Ruleset;
use crate::evaluate::{Decision, Ruling, evaluate};
use crate::flow::Flow;
use crate::net::IpProtocol;
use crate::random::Random;
use crate::source::InputError;

/// A firewall with a rule set and traffic.
#[derive(Debug)]
pub struct Simulation<'a> {
    ruleset: &'a Ruleset,
    traffic: Vec<Traffic>,
    random: Random,
    clock: Timestamp,
    gap_ms: u64,
    has_dns_log: bool,
}

impl<'a> Simulation<'a> {
    /// A simulation that begins at `start`, with one flow in `gap_ms` milliseconds on average.
    ///
    /// # Errors
    ///
    /// When the rule set leaves a flow of the table undecided: what would be logged is not known.
    pub fn new(
        ruleset: &'a Ruleset,
        traffic: Vec<Traffic>,
        seed: u64,
        start: Timestamp,
        gap_ms: u64,
    ) -> Result<Self, InputError> {
        let mut random = Random::new(seed);
        for entry in traffic.iter().filter(|entry| entry.logged_instead().is_none()) {
            let flow = entry.flow(&mut random);
            if evaluate(ruleset, &flow, &mut ()).decision == Decision::Undecided {
                let message = format!("the rule set leaves {flow:?} undecided");
                return Err(InputError::new(message).with_help("say more about the flow"));
            }
        }
        Ok(Self { ruleset, traffic, random, clock: start, gap_ms, has_dns_log: false })
    }

    /// The same with the log of the DNS proxy: some names are asked for before they are used.
    #[must_use]
    pub fn with_dns_log(mut self) -> Self {
        self.has_dns_log = true;
        self
    }

    /// The events of so many more flows, in the order in which their records arrive.
    pub fn events(&mut self, flows: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..flows {
            self.clock = self.later(self.clock, 0, self.gap_ms.saturating_mul(2_000));
            let Some(index) = self.drawn() else { break };
            let Some(entry) = self.traffic.get(index) else { break };
            let flow = entry.flow(&mut self.random);
            let kinds = kinds(self.ruleset, &flow, entry.logged_instead());
            self.dns(&flow, &mut events);
            self.logged(&flow, &kinds, &mut events);
        }
        events.sort_by_key(|event| event.arrival);
        events
    }

    /// The index of a line of the table, by weight.
    fn drawn(&mut self) -> Option<usize> {
        let total = self.traffic.iter().map(Traffic::weight).sum();
        let mut left = self.random.below(total);
        self.traffic.iter().position(|entry| {
            let is_here = left < entry.weight();
            left = left.saturating_sub(entry.weight());
            is_here
        })
    }

    fn logged(&mut self, flow: &Flow, kinds: &[Kind], events: &mut Vec<Event>) {
        let mut time = self.clock;
        for kind in kinds {
            for attempt in 0..=self.retransmissions(flow, kind) {
                // A client repeats its SYN every second; nothing else of the connection is logged.
                let wait_us = attempt * 1_000_000;
                let time = self.later(time, wait_us, 30_000);
                events.push(self.event(time, flow.clone(), kind.clone()));
            }
            // Further records about one connection, such as that of IDPS, come a little later.
            time = self.later(time, 1_000, 40_000);
        }
    }

    fn retransmissions(&mut self, flow: &Flow, kind: &Kind) -> u64 {
        let Kind::Network { ruling: Ruling::Deny, .. } = kind else { return 0 };
        match flow.protocol.ip() {
            IpProtocol::TCP => 3 + self.random.below(3),
            IpProtocol::UDP => self.random.below(3),
            _ => 0,
        }
    }

    /// A question for the name of `flow`, shortly before it.
    fn dns(&mut self, flow: &Flow, events: &mut Vec<Event>) {
        if !self.has_dns_log || flow.name.known().is_none() || !self.random.one_in(3) {
            return;
        }
        let answer = match self.random.below(40) {
            0 => Answer::TimedOut,
            1 => Answer::Unknown,
            _ => Answer::Resolved,
        };
        let duration_us = 90 + u32::try_from(self.random.below(20_000)).unwrap_or(0);
        let id = self.random.between(1, u16::MAX);
        let time = self.earlier(self.clock, 5_000, 25_000);
        let mut flow = flow.clone();
        flow.source_port = Some(self.random.between(32_768, 60_999));
        events.push(self.event(time, flow, Kind::Dns { id, duration_us, answer }));
    }

    fn event(&mut self, time: Timestamp, flow: Flow, kind: Kind) -> Event {
        // Most records take a second; some instances of the firewall deliver half a minute late.
        let delay_us = if self.random.one_in(60) { 25_000_000 } else { 200_000 };
        Event { time, arrival: self.later(time, delay_us, 800_000), flow, kind }
    }

    fn later(&mut self, time: Timestamp, at_least_us: u64, spread_us: u64) -> Timestamp {
        let wait_us = at_least_us.saturating_add(self.random.below(spread_us.max(1)));
        let wait = SignedDuration::from_micros(i64::try_from(wait_us).unwrap_or(0));
        time.checked_add(wait).unwrap_or(time)
    }

    fn earlier(&mut self, time: Timestamp, at_least_us: u64, spread_us: u64) -> Timestamp {
        let lead_us = at_least_us.saturating_add(self.random.below(spread_us.max(1)));
        let lead = SignedDuration::from_micros(i64::try_from(lead_us).unwrap_or(0));
        time.checked_sub(lead).unwrap_or(time)
    }
}
