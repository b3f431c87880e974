//! What [`Tally::finish`](super::Tally::finish) answers: plain values, sorted, ready to render.

use std::net::IpAddr;

use jiff::Timestamp;
use smol_str::SmolStr;

use super::durations::Durations;
use super::gaps::Gap;
use super::parts::{PartUse, RulePart};
use crate::compile::RulePath;
use crate::logs::{Form, LoggedAction, RecordKind};

/// Everything that `azfw report` shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Time of the first and the last record that has one.
    pub period: Option<Seen>,
    pub coverage: Coverage,
    pub totals: Totals,
    /// One row per hour that has records, in order; gaps of up to two days are filled with zeros.
    pub hours: Vec<HourRow>,
    /// Denials by default, by what was asked for.
    pub denied_targets: Top<DeniedTargetRow>,
    pub denied_groups: Top<DeniedGroupRow>,
    /// Denials by default, by who asked for what.
    pub denied: Top<DeniedRow>,
    pub rules: Vec<RuleRow>,
    /// Web traffic to the internet that network rules allowed.
    pub web_by_network_rules: Vec<WebRow>,
    /// Present where the rules of a policy were given.
    pub policy: Option<PolicyUse>,
    pub sources: Top<TalkerRow>,
    pub destinations: Top<TalkerRow>,
    /// The same by what the addresses are called.
    pub sources_by_name: Top<NamedRow>,
    pub destinations_by_name: Top<NamedRow>,
    pub fqdns: Top<TalkerRow>,
    pub ports: Top<PortRow>,
    pub dnat: Top<DnatRow>,
    pub threat_intel: Top<ThreatRow>,
    pub idps: Top<IdpsRow>,
    pub web_categories: Top<TalkerRow>,
    pub dns: DnsSummary,
    pub unresolved: Top<UnresolvedRow>,
    pub aggregation: Vec<AggregationRow>,
}

/// First and last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub first: Timestamp,
    pub last: Timestamp,
}

/// The largest rows of a table, and what the rows left out add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct Top<R> {
    pub rows: Vec<R>,
    /// Rows of the whole table.
    pub rows_total: u64,
    /// Records in the rows left out.
    pub records_left_out: u64,
}

impl<R> Top<R> {
    /// Of an empty table.
    pub(super) const NONE: Self = Self { rows: Vec::new(), rows_total: 0, records_left_out: 0 };
}

/// What became of the input, as the reader counted it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Input {
    pub files: u64,
    pub bytes: u64,
    /// Lines or array elements that were looked at.
    pub entries: u64,
    /// Entries that are no firewall records, by reason.
    pub ignored: Vec<(String, u64)>,
    /// Entries that should be records and could not be read.
    pub rejected: u64,
    /// The first of them, with position and reason.
    pub rejected_examples: Vec<RejectedExample>,
    /// Hours without a record on firewalls that are usually busy.
    pub gaps: Vec<Gap>,
    /// Connections that a rule allowed and IDPS then dropped; they are among the allowed.
    pub allowed_then_dropped: u64,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedExample {
    /// `file:line`.
    pub position: String,
    pub reason: String,
}

/// Which input the summary rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    pub input: Input,
    /// Records that were counted or dropped as duplicates.
    pub records: u64,
    /// Records of an event that another one tells of: from the other family of categories, or of
    /// another export.
    pub duplicates: u64,
    /// Of these, records that stand in the input more than once.
    pub repeated: u64,
    /// Records came behind others that an earlier run was done with: duplicates may count twice.
    pub is_duplicate_window_exceeded: bool,
    /// The same: attempts may be too many.
    pub is_attempt_window_exceeded: bool,
    /// Records with an address or name for which there was no room: it is counted as `(others)`.
    pub cut: u64,
    /// Records without a time; they are in no hour.
    pub without_time: u64,
    pub categories: Vec<CategoryRow>,
}

impl Coverage {
    /// Whether every entry was read, ignored or rejected, no more and no less.
    #[must_use]
    pub fn is_reconciled(&self) -> bool {
        let ignored: u64 = self.input.ignored.iter().map(|(_, count)| count).sum();
        self.input.entries == self.records + ignored + self.input.rejected
    }
}

/// Records of one category, duplicates left out.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoryRow {
    pub category: SmolStr,
    pub form: Form,
    pub kind: RecordKind,
    pub records: u64,
    pub seen: Option<Seen>,
}

/// Records by what they say. Each record is in one of the numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    pub allowed: u64,
    pub denied_by_rule: u64,
    /// Denied where no rule is named.
    pub denied_by_default: u64,
    pub attempts_by_rule: u64,
    pub attempts_by_default: u64,
    /// Allowed or denied, and whether a rule is named is not known: the row says `Allow` alone.
    pub allowed_without_rule: u64,
    pub threat_alerts: u64,
    pub threat_denied: u64,
    /// By severity and action, 1 (high) first.
    pub idps: Vec<IdpsTotal>,
    pub dnat: u64,
    pub dns: u64,
    pub dns_failures: u64,
    pub flow_traces: u64,
    pub fat_flows: u64,
    pub aggregations: u64,
    /// Connections that the aggregation rows stand for; they are in no other number.
    pub aggregated_connections: u64,
    /// Rule rows without a usable action.
    pub unstated: u64,
}

impl Totals {
    /// Connections that a rule or the default action decided.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.allowed + self.denied()
    }

    #[must_use]
    pub fn denied(&self) -> u64 {
        self.denied_by_rule + self.denied_by_default
    }

    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.attempts_by_rule + self.attempts_by_default
    }

    #[must_use]
    pub fn idps_records(&self) -> u64 {
        self.idps.iter().map(|row| row.records).sum()
    }

    #[must_use]
    pub fn threats(&self) -> u64 {
        self.threat_alerts + self.threat_denied + self.idps_records()
    }

    /// All records behind the numbers; with the duplicates it is the number of records read.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.connections()
            + self.threats()
            + self.dnat
            + self.dns
            + self.dns_failures
            + self.flow_traces
            + self.fat_flows
            + self.aggregations
            + self.unstated
    }
}

/// IDPS records of one severity and action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdpsTotal {
    /// 1 is high.
    pub severity: Option<u16>,
    pub action: Option<LoggedAction>,
    pub records: u64,
}

/// Records of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourRow {
    pub hour: Timestamp,
    pub allowed: u64,
    pub denied: u64,
    /// Threat intelligence and IDPS.
    pub threats: u64,
}

/// Denials by default of one destination, whoever asked.
#[derive(Debug, Clone, PartialEq)]
pub struct DeniedTargetRow {
    /// The destination address, else the name.
    pub target: Option<SmolStr>,
    /// What the address is called.
    pub target_name: Option<SmolStr>,
    pub port: Option<u16>,
    pub protocol: Option<SmolStr>,
    pub reason: Option<SmolStr>,
    pub sources: u64,
    pub records: u64,
    pub attempts: u64,
    pub seen: Option<Seen>,
}

/// Denials by default of one flow.
#[derive(Debug, Clone, PartialEq)]
pub struct DeniedRow {
    pub source: Option<SmolStr>,
    pub source_name: Option<SmolStr>,
    /// The destination address, else the name.
    pub target: Option<SmolStr>,
    pub target_name: Option<SmolStr>,
    pub port: Option<u16>,
    pub protocol: Option<SmolStr>,
    pub reason: Option<SmolStr>,
    pub records: u64,
    pub attempts: u64,
    pub seen: Option<Seen>,
}

/// What sources have in common that ask for one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceGroup {
    IpGroup(SmolStr),
    /// A name that a list gives, or a service tag.
    Named(SmolStr),
    /// Addresses without a name that are not on the internet.
    Inside,
    Internet,
    Unknown,
}

/// Denials by default of sources that are called alike: one row asks for one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct DeniedGroupRow {
    pub group: SourceGroup,
    /// How many different ones.
    pub sources: u64,
    /// The first of them; all if they are few.
    pub addresses: Vec<IpAddr>,
    /// The destination address, else the name.
    pub target: Option<SmolStr>,
    pub target_name: Option<SmolStr>,
    pub port: Option<u16>,
    pub protocol: Option<SmolStr>,
    pub reason: Option<SmolStr>,
    pub records: u64,
    pub attempts: u64,
    pub seen: Option<Seen>,
}

/// A rule as log records name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoggedRule {
    pub policy: Option<SmolStr>,
    pub group: Option<SmolStr>,
    pub collection: Option<SmolStr>,
    pub rule: SmolStr,
}

/// What the logs say of a rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleRow {
    pub rule: LoggedRule,
    pub kind: RecordKind,
    pub action: Option<LoggedAction>,
    pub hits: u64,
    pub seen: Option<Seen>,
    pub sources: u64,
    pub destinations: u64,
}

/// A rule of the policy that the report is joined with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRule {
    pub path: RulePath,
    /// `network`, `application` or `nat`.
    pub kind: SmolStr,
    /// `allow`, `deny` or `dnat`.
    pub action: SmolStr,
    /// What it is made of.
    pub parts: Vec<RulePart>,
}

/// The rules of the policy against those of the logs.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyUse {
    /// In the order given.
    pub rules: Vec<PolicyRuleUse>,
    /// Rules that the logs name and the policy does not have.
    pub unknown: Vec<RuleRow>,
    /// Policies that the logs never name: their rules were compared without the policy's name.
    pub unnamed_policies: Vec<SmolStr>,
}

impl PolicyUse {
    /// Rules that neither a record nor an aggregation row names.
    pub fn never_hit(&self) -> impl Iterator<Item = &PolicyRuleUse> {
        self.rules.iter().filter(|rule| rule.is_never_hit())
    }
}

/// What the logs say of a rule of the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyRuleUse {
    pub rule: PolicyRule,
    pub hits: u64,
    /// Connections in aggregation rows.
    pub aggregated: u64,
    pub seen: Option<Seen>,
    /// How much of each part was used. Empty where nothing is known of that: the rule was never hit,
    /// or aggregation rows stand for some of its connections.
    pub parts: Vec<PartUse>,
}

impl PolicyRuleUse {
    /// Whether neither a record nor an aggregation row names the rule.
    #[must_use]
    pub fn is_never_hit(&self) -> bool {
        self.hits == 0 && self.aggregated == 0
    }
}

/// Connections from a source, to a destination, name or web category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkerRow {
    pub name: SmolStr,
    /// What the address is called.
    pub called: Option<SmolStr>,
    pub allowed: u64,
    pub denied: u64,
}

/// Connections of all addresses that are called alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRow {
    /// `None`: the addresses without a name.
    pub name: Option<SmolStr>,
    /// How many different ones.
    pub addresses: u64,
    pub allowed: u64,
    pub denied: u64,
}

/// Web traffic that a network rule allowed: no name, URL or category was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRow {
    pub rule: LoggedRule,
    pub protocol: SmolStr,
    pub port: u16,
    pub records: u64,
    /// Different destinations of the rule on the internet, on whatever port.
    pub public_destinations: u64,
}

/// Connections to a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRow {
    pub protocol: Option<SmolStr>,
    pub port: Option<u16>,
    pub allowed: u64,
    pub denied: u64,
}

/// Translations of one client to one inner address.
#[derive(Debug, Clone, PartialEq)]
pub struct DnatRow {
    pub protocol: Option<SmolStr>,
    pub client: Option<SmolStr>,
    pub client_name: Option<SmolStr>,
    pub public: Option<SmolStr>,
    pub public_port: Option<u16>,
    pub inner: Option<SmolStr>,
    pub inner_name: Option<SmolStr>,
    pub inner_port: Option<u16>,
    pub rule: Option<LoggedRule>,
    pub records: u64,
    pub seen: Option<Seen>,
}

/// What threat intelligence said of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreatRow {
    pub threat: Option<SmolStr>,
    pub target: Option<SmolStr>,
    pub target_name: Option<SmolStr>,
    pub port: Option<u16>,
    pub protocol: Option<SmolStr>,
    pub is_denied: bool,
    pub sources: u64,
    pub records: u64,
    pub seen: Option<Seen>,
}

/// Hits of one IDPS signature with one action.
#[derive(Debug, Clone, PartialEq)]
pub struct IdpsRow {
    pub signature: Option<SmolStr>,
    pub category: Option<SmolStr>,
    pub description: Option<SmolStr>,
    /// 1 is high.
    pub severity: Option<u16>,
    pub action: Option<LoggedAction>,
    pub sources: u64,
    pub destinations: u64,
    pub records: u64,
    pub seen: Option<Seen>,
}

/// What the DNS proxy saw.
#[derive(Debug, Clone, PartialEq)]
pub struct DnsSummary {
    pub answers: Vec<AnswerRow>,
    pub failing: Top<FailingRow>,
    /// How long answers took; `None` where no record says.
    pub durations: Option<Durations>,
    /// Names with slow answers.
    pub slow: Top<SlowRow>,
}

/// How long the answers for one name took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowRow {
    pub name: Option<SmolStr>,
    pub durations: Durations,
}

/// Queries of one type with one answer code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerRow {
    /// The answer code, or what went wrong.
    pub answer: Option<SmolStr>,
    pub query_type: Option<SmolStr>,
    pub records: u64,
}

/// Queries for one name that failed alike.
#[derive(Debug, Clone, PartialEq)]
pub struct FailingRow {
    pub name: Option<SmolStr>,
    pub answer: Option<SmolStr>,
    pub records: u64,
    pub seen: Option<Seen>,
}

/// A name of a rule that the firewall could not resolve.
#[derive(Debug, Clone, PartialEq)]
pub struct UnresolvedRow {
    pub fqdn: Option<SmolStr>,
    pub rule: Option<LoggedRule>,
    pub records: u64,
    pub seen: Option<Seen>,
}

/// Aggregation rows of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregationRow {
    pub category: SmolStr,
    pub rule: Option<LoggedRule>,
    pub action: Option<LoggedAction>,
    pub rows: u64,
    pub connections: u64,
    pub seen: Option<Seen>,
}
