//! Connections by destination port: of each rule, and of all.

use super::coding::Recoding;
use super::dictionary::{ABSENT, Code, CodeMap, Translation};
use super::ends::{OUTCOMES, Outcomes};
use super::row::{Field, Head, HeadNumber};
use super::stored::Stored;
use super::tally::{Measure, Table};

/// Counts by head and port: the head names rule, protocol and what became of the connection.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadPorts(CodeMap<[u32; 2], u64>);

impl HeadPorts {
    /// Counts a connection.
    pub(super) fn add(&mut self, head: HeadNumber, port: Code) {
        *self.0.entry([head, port]).or_default() += 1;
    }

    /// Takes over what `other` has counted. The order of merging does not matter.
    pub(super) fn merge(&mut self, other: Self, recoding: &Recoding) {
        for ([head, port], count) in other.0 {
            *self.0.entry([recoding.head(head), port]).or_default() += count;
        }
    }

    /// By rule (as `key` gives it of a head), protocol and port; and what became of the connections
    /// of each protocol and port.
    pub(super) fn tables(
        &self,
        heads: &[Head],
        translation: &Translation,
        key: impl Fn(&Head) -> Option<[Code; 6]>,
    ) -> (Table<8>, CodeMap<[Code; 2], Outcomes>) {
        let (mut rules, mut all) = (Table::default(), CodeMap::<_, Outcomes>::default());
        for ([head, port], &count) in &self.0 {
            let Some(head) = heads.get(*head as usize).map(|head| head.translated(translation))
            else {
                continue;
            };
            let (protocol, measure) = (head.get(Field::Protocol), Measure::at(count, None));
            if let Some(outcome) = OUTCOMES.iter().position(|class| *class == head.class) {
                let outcomes = all.entry([protocol, *port]).or_default();
                outcomes.get_mut(outcome).into_iter().for_each(|sum| *sum += count);
            }
            if let Some([policy, group, collection, rule, kind, action]) =
                key(&head).filter(|_| *port != ABSENT)
            {
                let key = [policy, group, collection, rule, kind, action, protocol, *port];
                rules.add(key, measure);
            }
        }
        (rules, all)
    }
}

impl Stored for HeadPorts {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        CodeMap::got(input).map(Self)
    }
}
