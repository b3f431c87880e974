//! Connections of each rule by destination port.

use super::coding::Recoding;
use super::dictionary::{ABSENT, Code, CodeMap, Translation};
use super::row::{Field, Head, HeadNumber};
use super::stored::Stored;
use super::tally::{Measure, Table};

/// Counts by head and port: the head names rule and protocol.
#[derive(Debug, Clone, Default)]
pub(super) struct RulePorts(CodeMap<[u32; 2], u64>);

impl RulePorts {
    /// Counts a connection of a head that names a rule.
    pub(super) fn add(&mut self, head: HeadNumber, port: Code) {
        if port != ABSENT {
            *self.0.entry([head, port]).or_default() += 1;
        }
    }

    /// Takes over what `other` has counted. The order of merging does not matter.
    pub(super) fn merge(&mut self, other: Self, recoding: &Recoding) {
        for ([head, port], count) in other.0 {
            *self.0.entry([recoding.head(head), port]).or_default() += count;
        }
    }

    /// By rule (as `key` gives it of a head), protocol and port.
    pub(super) fn table(
        &self,
        heads: &[Head],
        translation: &Translation,
        key: impl Fn(&Head) -> Option<[Code; 6]>,
    ) -> Table<8> {
        let mut table = Table::default();
        for ([head, port], &count) in &self.0 {
            let Some(head) = heads.get(*head as usize).map(|head| head.translated(translation))
            else {
                continue;
            };
            let Some([policy, group, collection, rule, kind, action]) = key(&head) else {
                continue;
            };
            let protocol = head.get(Field::Protocol);
            let key = [policy, group, collection, rule, kind, action, protocol, *port];
            table.add(key, Measure::at(count, None));
        }
        table
    }
}

impl Stored for RulePorts {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn got(input: &mut &[u8]) -> Option<Self> {
        CodeMap::got(input).map(Self)
    }
}
