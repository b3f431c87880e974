//! The weight table: which flows occur, how often, from how many hosts.

use std::net::{IpAddr, Ipv4Addr};

use smol_str::SmolStr;

use crate::evaluate::Ruling;
use crate::flow::Flow;
use crate::random::Random;
use crate::source::InputError;
use crate::syntax;

/// One line of a weight table: `WEIGHT HOSTS FLOW`, behind it optionally `| ACTION RULE`.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// How often the flow is drawn, relative to the others.
    weight: u64,
    /// From how many hosts it comes: the source's address and those after it.
    hosts: u32,
    flow: Flow,
    logged_instead: Option<LoggedInstead>,
}

/// A planted disagreement: what the log says although the rule set says something else, as after
/// a rule was renamed or changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedInstead {
    pub ruling: Ruling,
    pub group: SmolStr,
    pub collection: SmolStr,
    pub rule: SmolStr,
}

impl Traffic {
    /// A flow of weight 1 from one host.
    #[must_use]
    pub fn new(flow: Flow) -> Self {
        Self { weight: 1, hosts: 1, flow, logged_instead: None }
    }

    /// The lines of a weight table; empty ones and comments (`#`) do not count.
    ///
    /// # Errors
    ///
    /// At the first line that is none.
    pub fn table(text: &str) -> Result<Vec<Self>, InputError> {
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Self::line).collect()
    }

    fn line(line: &str) -> Result<Self, InputError> {
        let expected = |what: &str| InputError::new(format!("expected {what} in `{line}`"));
        let (traffic, instead) = match line.split_once(" | ") {
            Some((traffic, instead)) => (traffic, Some(instead)),
            None => (line, None),
        };
        let mut words = traffic.splitn(3, char::is_whitespace);
        let weight = words.next().and_then(|word| word.parse().ok());
        let hosts = words.next().and_then(|word| word.parse().ok());
        let flow = words.next().ok_or_else(|| expected("`WEIGHT HOSTS FLOW`"))?;
        let flow = syntax::flow::flow(flow)
            .map_err(|error| InputError::new(format!("in `{line}`: {error}")))?;
        let logged_instead = match instead {
            Some(text) => Some(logged_instead(text).ok_or_else(|| {
                expected("`allow GROUP/COLLECTION/RULE` or `deny …` behind the `|`")
            })?),
            None => None,
        };
        Ok(Self {
            weight: weight.ok_or_else(|| expected("a weight"))?,
            hosts: hosts.ok_or_else(|| expected("a number of hosts"))?,
            flow,
            logged_instead,
        })
    }

    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    #[must_use]
    pub fn logged_instead(&self) -> Option<&LoggedInstead> {
        self.logged_instead.as_ref()
    }

    /// The flow from one of its hosts, with a source port where the protocol has ports.
    #[must_use]
    pub fn flow(&self, random: &mut Random) -> Flow {
        let mut flow = self.flow.clone();
        let offset = u32::try_from(random.below(u64::from(self.hosts))).unwrap_or(0);
        flow.source = match flow.source {
            IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits().saturating_add(offset)).into(),
            IpAddr::V6(_) => flow.source,
        };
        if flow.protocol.has_ports() {
            let port = random.between(32_768, 60_999);
            flow.source_port = flow.source_port.or(Some(port));
        }
        flow
    }
}

fn logged_instead(text: &str) -> Option<LoggedInstead> {
    let (action, path) = text.trim().split_once(' ')?;
    let ruling = match action {
        "allow" => Ruling::Allow,
        "deny" => Ruling::Deny,
        _ => return None,
    };
    let mut names = path.trim().split('/').map(SmolStr::from);
    let (group, collection, rule) = (names.next()?, names.next()?, names.next()?);
    names.next().is_none().then_some(LoggedInstead { ruling, group, collection, rule })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match Traffic::table(text) {
            Ok(table) => table
                .iter()
                .map(|entry| {
                    let flow = syntax::flow::print_flow(&entry.flow);
                    format!("{} {} {flow} {:?}", entry.weight, entry.hosts, entry.logged_instead)
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Err(error) => error.to_string(),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn a_line_holds_weight_hosts_and_flow() {
        check(
            "# comment\n\n5 2 udp 10.0.0.4 -> 192.0.2.1:53\n",
            expect!["5 2 udp 10.0.0.4 -> 192.0.2.1:53 None"],
        );
    }

    #[test]
    fn a_planted_disagreement_stands_behind_a_bar() {
        check(
            "1 1 tcp 10.0.0.4 -> 192.0.2.1:22 | allow g/c/r",
            expect![[
                r#"1 1 tcp 10.0.0.4 -> 192.0.2.1:22 Some(LoggedInstead { ruling: Allow, group: "g", collection: "c", rule: "r" })"#
            ]],
        );
    }

    #[test]
    fn what_is_no_line_is_named() {
        check(
            "often 1 tcp 10.0.0.4 -> 192.0.2.1:22",
            expect!["expected a weight in `often 1 tcp 10.0.0.4 -> 192.0.2.1:22`"],
        );
        check(
            "1 1 tcp 10.0.0.4 -> 192.0.2.1:22 | maybe g/c/r",
            expect![
                "expected `allow GROUP/COLLECTION/RULE` or `deny …` behind the `|` in `1 1 tcp 10.0.0.4 -> 192.0.2.1:22 | maybe g/c/r`"
            ],
        );
        check("1 1", expect!["expected `WEIGHT HOSTS FLOW` in `1 1`"]);
    }

    #[test]
    fn hosts_are_the_source_and_those_after_it() {
        let table = Traffic::table("1 3 tcp 10.0.0.4 -> 192.0.2.1:22").unwrap();
        let mut random = Random::new(1);
        let mut hosts: Vec<String> =
            (0..100).map(|_| table[0].flow(&mut random).source.to_string()).collect();
        hosts.sort();
        hosts.dedup();
        assert_eq!(hosts, ["10.0.0.4", "10.0.0.5", "10.0.0.6"]);
    }
}
