//! A log record as codes: what the tally counts and what waits for its duplicate.

use crate::logs::{Form, LogRecord, LoggedAction, RecordKind};

use super::dictionary::{ABSENT, Code, Dictionary, OTHERS, Translation, number};
use super::durations;

/// What a record is counted as. Every record is counted as exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub(super) enum Class {
    Allowed,
    DeniedByRule,
    /// Denied, and no rule is named: the default action, or a reason such as a missing SNI.
    DeniedByDefault,
    /// Threat intelligence let the connection pass; an ordinary row stands beside it.
    ThreatAlert,
    ThreatDenied,
    /// An IDPS signature fired; an ordinary row stands beside it.
    Idps,
    /// A translation; an ordinary row for the translated connection stands beside it.
    Dnat,
    Dns,
    DnsFailure,
    FlowTrace,
    FatFlow,
    /// A row of Policy Analytics that stands for many connections, logged elsewhere one by one.
    Aggregation,
    /// A rule row that names no action, or one that such a row should not have.
    Unstated,
}

/// How many classes there are.
pub(super) const CLASSES: usize = Class::ALL.len();

impl Class {
    pub(super) const ALL: [Self; 13] = [
        Self::Allowed,
        Self::DeniedByRule,
        Self::DeniedByDefault,
        Self::ThreatAlert,
        Self::ThreatDenied,
        Self::Idps,
        Self::Dnat,
        Self::Dns,
        Self::DnsFailure,
        Self::FlowTrace,
        Self::FatFlow,
        Self::Aggregation,
        Self::Unstated,
    ];

    pub(super) fn code(self) -> Code {
        number(self as u16)
    }

    pub(super) fn is_denied(self) -> bool {
        self == Self::DeniedByRule || self == Self::DeniedByDefault
    }

    fn of(record: &LogRecord) -> Self {
        match record.kind {
            RecordKind::Network | RecordKind::Application => match record.action {
                Some(LoggedAction::Allow) => Self::Allowed,
                Some(LoggedAction::Deny) if names_a_rule(record) => Self::DeniedByRule,
                Some(LoggedAction::Deny) => Self::DeniedByDefault,
                Some(LoggedAction::Alert | LoggedAction::Dnat) | None => Self::Unstated,
            },
            RecordKind::Nat => Self::Dnat,
            RecordKind::ThreatIntel => match record.action {
                Some(LoggedAction::Deny) => Self::ThreatDenied,
                Some(LoggedAction::Alert | LoggedAction::Allow | LoggedAction::Dnat) | None => {
                    Self::ThreatAlert
                }
            },
            RecordKind::Idps => Self::Idps,
            RecordKind::Dns => Self::Dns,
            RecordKind::DnsFailure => Self::DnsFailure,
            RecordKind::FlowTrace => Self::FlowTrace,
            RecordKind::FatFlow => Self::FatFlow,
            RecordKind::Aggregation => Self::Aggregation,
            // Other logs say nothing of what the firewall did; reports leave such records out.
            RecordKind::Flow => Self::Unstated,
        }
    }
}

/// Structured records of the default action name a rule that is empty.
fn names_a_rule(record: &LogRecord) -> bool {
    record.rule.as_ref().is_some_and(|rule| !rule.is_empty())
}

/// One coded property of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Class,
    Kind,
    Form,
    Category,
    Firewall,
    Protocol,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Fqdn,
    /// The destination address, else the name.
    Target,
    Action,
    Reason,
    Policy,
    Group,
    Collection,
    Rule,
    WebCategory,
    Translated,
    TranslatedPort,
    Threat,
    SignatureId,
    SignatureCategory,
    SignatureText,
    Severity,
    DnsName,
    DnsType,
    Rcode,
}

const FIELDS: usize = Field::Rcode as usize + 1;

/// What many records have in common, in codes: everything but times, ends and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Head {
    pub(super) class: Class,
    pub(super) form: Form,
    /// A DNS query without a usable answer.
    pub(super) is_failed_query: bool,
    /// ICMP has no ports: all packets between two hosts are one conversation.
    is_icmp: bool,
    fields: [Code; FIELDS],
}

/// The number of a head.
pub(super) type HeadNumber = u32;

/// One record in codes: its head, and what differs from record to record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub(super) head: HeadNumber,
    /// Microseconds since 1970.
    pub(super) time: Option<i64>,
    pub(super) source: Code,
    pub(super) source_port: Code,
    pub(super) destination: Code,
    pub(super) destination_port: Code,
    /// The name that was asked for, of a DNS server too.
    pub(super) name: Code,
    /// Connections that the record stands for.
    pub(super) weight: u64,
    /// How long a DNS answer took, see [`durations`].
    pub(super) duration: Code,
}

/// An event with its head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) head: &'a Head,
    pub(super) event: Event,
}

impl Head {
    /// The head of a record.
    pub(super) fn new(record: &LogRecord, dictionary: &mut Dictionary) -> Self {
        let mut head = Self {
            class: Class::of(record),
            form: record.form,
            is_failed_query: false,
            is_icmp: record.protocol.as_ref().is_some_and(|name| name.starts_with("icmp")),
            fields: [ABSENT; FIELDS],
        };
        let port = |port: Option<u16>| port.map_or(ABSENT, number);
        head.set(Field::Class, head.class.code());
        head.set(Field::Kind, number(record.kind as u16));
        head.set(Field::Form, number(record.form as u16));
        head.set(Field::Action, record.action.map_or(ABSENT, |action| number(action as u16)));
        head.set(Field::Category, dictionary.text(Some(&record.category)));
        head.set(Field::Firewall, dictionary.text(record.firewall.as_ref()));
        head.set(Field::Protocol, dictionary.text(record.protocol.as_ref()));
        head.set(Field::Translated, dictionary.address(record.translated));
        head.set(Field::TranslatedPort, port(record.translated_port));
        head.set_rule(record, dictionary);
        head.set_threat(record, dictionary);
        head.set_dns(record, dictionary);
        head
    }

    fn set_rule(&mut self, record: &LogRecord, dictionary: &mut Dictionary) {
        self.set(Field::Policy, dictionary.text(record.policy.as_ref()));
        self.set(Field::Group, dictionary.text(record.group.as_ref()));
        self.set(Field::Collection, dictionary.text(record.collection.as_ref()));
        self.set(Field::Rule, dictionary.text(record.rule.as_ref()));
        self.set(Field::WebCategory, dictionary.text(record.web_category.as_ref()));
        let reason = record.reason.as_ref().map(|reason| reason_group(reason));
        self.set(Field::Reason, dictionary.text(reason.as_ref()));
    }

    fn set_threat(&mut self, record: &LogRecord, dictionary: &mut Dictionary) {
        self.set(Field::Threat, dictionary.text(record.threat.as_ref()));
        let Some(signature) = &record.signature else { return };
        self.set(Field::SignatureId, dictionary.text(signature.id.as_ref()));
        self.set(Field::SignatureCategory, dictionary.text(signature.category.as_ref()));
        self.set(Field::SignatureText, dictionary.text(signature.description.as_ref()));
        self.set(Field::Severity, signature.severity.map_or(ABSENT, |level| number(level.into())));
    }

    fn set_dns(&mut self, record: &LogRecord, dictionary: &mut Dictionary) {
        let Some(dns) = &record.dns else { return };
        self.set(Field::DnsType, dictionary.text(dns.query_type.as_ref()));
        // A query that timed out has no code of its own (Azure writes `0`): its error says more.
        let error = dns.error.as_ref().filter(|error| !error.is_empty() && *error != "0");
        let answer = match (error, &dns.rcode) {
            (Some(error), _) => Some(last_part(error)),
            (None, rcode) => rcode.clone(),
        };
        self.is_failed_query = answer.as_ref().is_none_or(|code| code != "NOERROR");
        self.set(Field::Rcode, dictionary.text(answer.as_ref()));
    }

    fn set(&mut self, field: Field, code: Code) {
        if let Some(place) = self.fields.get_mut(field as usize) {
            *place = code;
        }
    }

    pub(super) fn get(&self, field: Field) -> Code {
        self.fields.get(field as usize).copied().unwrap_or(ABSENT)
    }

    pub(super) fn key<const N: usize>(&self, fields: [Field; N]) -> [Code; N] {
        fields.map(|field| self.get(field))
    }

    /// What a head is made of: class and form are among the fields.
    pub(super) fn parts(&self) -> (u64, [Code; FIELDS]) {
        let flags = u64::from(self.is_failed_query) | u64::from(self.is_icmp) << 1;
        (flags, self.fields)
    }

    /// A head of such parts.
    pub(super) fn of_parts((flags, fields): (u64, [Code; FIELDS])) -> Option<Self> {
        let code = |field: Field| fields.get(field as usize).copied();
        let class =
            Class::ALL.into_iter().find(|class| Some(class.code()) == code(Field::Class))?;
        let forms = [Form::Legacy, Form::Structured, Form::FlowLog];
        let is_form = |form: &Form| Some(number(*form as u16)) == code(Field::Form);
        let form = forms.into_iter().find(is_form)?;
        let (is_failed_query, is_icmp) = (flags & 1 != 0, flags & 2 != 0);
        Some(Self { class, form, is_failed_query, is_icmp, fields })
    }

    pub(super) fn translated(mut self, translation: &Translation) -> Self {
        self.fields = translation.codes(self.fields);
        self
    }
}

impl Event {
    /// The event of a record, whose head has the number `head`.
    pub(super) fn new(record: &LogRecord, head: HeadNumber, dictionary: &mut Dictionary) -> Self {
        let port = |port: Option<u16>| port.map_or(ABSENT, number);
        let name = match &record.dns {
            Some(dns) if record.kind == RecordKind::Dns => dns.name.as_ref(),
            Some(_) | None => record.fqdn.as_ref(),
        };
        Self {
            head,
            time: record.time.map(jiff::Timestamp::as_microsecond),
            source: dictionary.address(record.source),
            source_port: port(record.source_port),
            destination: dictionary.address(record.destination),
            destination_port: port(record.destination_port),
            name: dictionary.host(name),
            weight: record.count.unwrap_or(1),
            duration: durations::step(record.dns.as_ref().and_then(|dns| dns.duration_s)),
        }
    }

    /// Whether there was no room for one of its ends. Then it cannot be told from others.
    pub(super) fn is_cut(&self) -> bool {
        [self.source, self.destination, self.name].contains(&OTHERS)
    }

    pub(super) fn translated(self, translation: &Translation, head: HeadNumber) -> Self {
        Self {
            head,
            source: translation.code(self.source),
            destination: translation.code(self.destination),
            name: translation.code(self.name),
            ..self
        }
    }
}

impl Row<'_> {
    pub(super) fn get(&self, field: Field) -> Code {
        let event = &self.event;
        let is_dns = self.head.class == Class::Dns;
        match field {
            Field::Source => event.source,
            Field::SourcePort => event.source_port,
            Field::Destination => event.destination,
            Field::DestinationPort => event.destination_port,
            Field::Fqdn if is_dns => ABSENT,
            Field::Fqdn => event.name,
            Field::DnsName if is_dns => event.name,
            Field::DnsName => ABSENT,
            Field::Target if event.destination != ABSENT => event.destination,
            Field::Target => self.get(Field::Fqdn),
            Field::Class
            | Field::Kind
            | Field::Form
            | Field::Category
            | Field::Firewall
            | Field::Protocol
            | Field::Action
            | Field::Reason
            | Field::Policy
            | Field::Group
            | Field::Collection
            | Field::Rule
            | Field::WebCategory
            | Field::Translated
            | Field::TranslatedPort
            | Field::Threat
            | Field::SignatureId
            | Field::SignatureCategory
            | Field::SignatureText
            | Field::Severity
            | Field::DnsType
            | Field::Rcode => self.head.get(field),
        }
    }

    pub(super) fn key<const N: usize>(&self, fields: [Field; N]) -> [Code; N] {
        fields.map(|field| self.get(field))
    }

    /// The port that a retry would use again. `None`: unknown, so retries cannot be told.
    pub(super) fn client_port(&self) -> Option<Code> {
        let port = self.event.source_port;
        let is_told = (port != ABSENT || self.head.is_icmp) && !self.event.is_cut();
        is_told.then_some(port)
    }
}

/// Reasons name hosts and ephemeral ports (`Failed to resolve address a.example.com:443: lookup …:
/// no such host`); grouped by what went wrong, there are few.
fn reason_group(reason: &str) -> smol_str::SmolStr {
    // Structured records leave out the stop at the end.
    let reason = reason.trim().trim_end_matches('.');
    if !reason.starts_with("Failed to resolve") {
        return reason.into();
    }
    match reason.rsplit_once(": ") {
        Some((_, end)) => smol_str::format_smolstr!("Failed to resolve address: {end}"),
        None => "Failed to resolve address".into(),
    }
}

/// `read udp 192.0.2.1:4000->198.51.100.1:53: i/o timeout` → `i/o timeout`.
fn last_part(error: &str) -> smol_str::SmolStr {
    error.rsplit_once(": ").map_or(error, |(_, end)| end).trim().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_grouped_without_hosts_and_ports() {
        let text = "Failed to resolve address a.example.com:443: lookup a.example.com on 192.0.2.1:53: no such host";
        assert_eq!(reason_group(text), "Failed to resolve address: no such host");
        assert_eq!(reason_group(" Default Action"), "Default Action");
        assert_eq!(reason_group("SNI was missing."), "SNI was missing");
        assert_eq!(last_part("read udp 192.0.2.1:4->198.51.100.1:53: i/o timeout"), "i/o timeout");
    }
}
