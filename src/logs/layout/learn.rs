//! Finds the parts of a line that differ from one record to the next.

use std::borrow::Cow;
use std::ops::Range;

use super::super::column::Column;
use super::slot::{End, QueryNumber, Slot};
use crate::syntax::legacy::{DnsAnswer, Endpoint, Message, Outcome, message};

/// The slots of a line, in the order in which they stand.
pub(super) type Places = Vec<(Range<usize>, Slot)>;

/// A value of a line: its column and where it stands.
struct Field {
    column: Column,
    range: Range<usize>,
}

/// The slots of a JSON text that holds one record, if it is of the plain shape. One that goes on over
/// lines is not: where each line stands for itself, several of them are no record.
pub(super) fn json(text: &[u8]) -> Option<Places> {
    if memchr::memchr2(b'\\', b'\n', text).is_some() {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    let mut fields = Vec::new();
    let rest = members(text, text.strip_prefix('{')?, true, &mut fields)?;
    rest.trim_ascii().is_empty().then_some(())?;
    places(text, &fields)
}

/// The slots of a row of a table.
pub(super) fn row(
    text: &str,
    columns: &[Option<Column>],
    fields: &[Cow<'_, str>],
) -> Option<Places> {
    let mut found = Vec::new();
    for (column, field) in columns.iter().zip(fields) {
        let Cow::Borrowed(field) = field else { return None };
        if let Some(column) = *column {
            found.push(Field { column, range: range_in(text, field)? });
        }
    }
    places(text, &found)
}

/// Members of an object up to its closing bracket; the answer is what stands behind that.
fn members<'a>(
    text: &str,
    mut rest: &'a str,
    is_envelope: bool,
    fields: &mut Vec<Field>,
) -> Option<&'a str> {
    loop {
        let (key, after) = rest.trim_ascii_start().strip_prefix('"')?.split_once('"')?;
        let value = after.trim_ascii_start().strip_prefix(':')?.trim_ascii_start();
        let (value, after) = if let Some(inner) = value.strip_prefix('{') {
            if !is_envelope || !key.eq_ignore_ascii_case("properties") {
                return None;
            }
            ("", members(text, inner, false, fields)?)
        } else if let Some(inner) = value.strip_prefix('"') {
            inner.split_once('"')?
        } else if value.starts_with('[') {
            return None;
        } else {
            value.split_at(value.find([',', '}'])?)
        };
        if let Some(column) = Column::from_name(key)
            && !value.is_empty()
        {
            fields.push(Field { column, range: range_in(text, value)? });
        }
        rest = after.trim_ascii_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some(after);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// Where `part` stands in the `text` that it is a part of.
fn range_in(text: &str, part: &str) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let range = start..start.checked_add(part.len())?;
    (text.get(range.clone())? == part).then_some(range)
}

fn places(text: &str, fields: &[Field]) -> Option<Places> {
    let mut places = Places::new();
    for field in fields {
        if !is_plain(field.column) {
            return None;
        }
        if field.column == Column::Message {
            sentence(text, field.range.clone(), &mut places)?;
        } else if let Some(slot) = slot(text, field)
            && !field.range.is_empty()
        {
            places.push((field.range.clone(), slot));
        }
    }
    places.sort_by_key(|(range, _)| range.start);
    let is_in_order = places.iter().zip(places.iter().skip(1)).all(|((before, _), (after, _))| {
        // Something must stand between two slots, or the end of the first is not known.
        before.end < after.start
    });
    (is_in_order && !has_repeated(&places)).then_some(places)
}

/// A column that stands twice is read once: which one is not for this reader to know.
fn has_repeated(places: &Places) -> bool {
    let what = |slot: Slot| match slot {
        Slot::Time(_) => 0,
        Slot::Address4(End::Source) | Slot::Address6(End::Source) => 1,
        Slot::Address4(End::Destination) | Slot::Address6(End::Destination) => 2,
        Slot::Port(End::Source) => 3,
        Slot::Port(End::Destination) => 4,
        Slot::Name | Slot::QueryName => 5,
        Slot::Url | Slot::SentenceUrl => 6,
        Slot::Query(QueryNumber::Id) => 7,
        Slot::Query(QueryNumber::RequestSize) => 8,
        Slot::Query(QueryNumber::ResponseSize) => 9,
        Slot::Seconds => 10,
    };
    let mut seen: Vec<u8> = places.iter().map(|(_, slot)| what(*slot)).collect();
    seen.sort_unstable();
    seen.windows(2).any(|pair| pair.first() == pair.last())
}

/// Whether records with this column repeat themselves but for the slots.
fn is_plain(column: Column) -> bool {
    match column {
        Column::TableName
        | Column::ErrorMessage
        | Column::Error
        | Column::ServerIp
        | Column::ServerPort
        | Column::MessageType
        | Column::FlowRate
        | Column::Count => false,
        Column::Time
        | Column::Category
        | Column::Table
        | Column::Operation
        | Column::Resource
        | Column::Tenant
        | Column::Correlation
        | Column::Message
        | Column::Protocol
        | Column::SourceIp
        | Column::SourcePort
        | Column::DestinationIp
        | Column::DestinationPort
        | Column::Fqdn
        | Column::Url
        | Column::Action
        | Column::ActionReason
        | Column::Policy
        | Column::Group
        | Column::Collection
        | Column::Rule
        | Column::TranslatedIp
        | Column::TranslatedPort
        | Column::IsTlsInspected
        | Column::WebCategory
        | Column::IsExplicitProxy
        | Column::ThreatDescription
        | Column::SignatureId
        | Column::SignatureCategory
        | Column::Description
        | Column::Severity
        | Column::Flag
        | Column::QueryId
        | Column::QueryType
        | Column::QueryClass
        | Column::QueryName
        | Column::RequestSize
        | Column::DnssecOk
        | Column::EdnsSize
        | Column::ResponseCode
        | Column::ResponseFlags
        | Column::ResponseSize
        | Column::Duration
        | Column::ErrorNumber
        | Column::IsDefaultRule => true,
    }
}

/// The slot of a column whose values differ from record to record.
fn slot(text: &str, field: &Field) -> Option<Slot> {
    let value = text.get(field.range.clone())?;
    let address = |end| if value.contains('.') { Slot::Address4(end) } else { Slot::Address6(end) };
    Some(match field.column {
        Column::Time => Slot::Time(text.as_bytes().get(field.range.end).copied()?),
        Column::SourceIp => address(End::Source),
        Column::SourcePort => Slot::Port(End::Source),
        Column::DestinationIp => address(End::Destination),
        Column::DestinationPort => Slot::Port(End::Destination),
        Column::Fqdn => Slot::Name,
        Column::Url => Slot::Url,
        Column::QueryName => Slot::QueryName,
        Column::QueryId => Slot::Query(QueryNumber::Id),
        Column::RequestSize => Slot::Query(QueryNumber::RequestSize),
        Column::ResponseSize => Slot::Query(QueryNumber::ResponseSize),
        Column::Duration => Slot::Seconds,
        _ => return None,
    })
}

/// The slots in the sentence of a legacy record.
fn sentence(text: &str, range: Range<usize>, places: &mut Places) -> Option<()> {
    let traffic = match message(text.get(range)?).ok()? {
        Message::Traffic(traffic) => traffic,
        Message::Dns(answer) => return query(text, &answer, places),
        Message::ResolveFailure(_) | Message::DnsError(_) => return None,
    };
    if let Outcome::Decision(decision) = &traffic.outcome
        && let Some(url) = decision.url
    {
        places.push((range_in(text, url)?, Slot::SentenceUrl));
    }
    endpoint(text, traffic.source, End::Source, places)?;
    match traffic.destination {
        Some(destination) => endpoint(text, destination, End::Destination, places),
        None => Some(()),
    }
}

/// The slots in what the DNS proxy says of a query: `CLIENT - ID TYPE CLASS NAME PROTOCOL SIZE DO EDNS
/// RCODE FLAGS SIZE SECONDSs`.
fn query(text: &str, answer: &DnsAnswer<'_>, places: &mut Places) -> Option<()> {
    endpoint(text, answer.client, End::Source, places)?;
    let between = |before: &str, after: &str| {
        let range = range_in(text, before)?.end..range_in(text, after)?.start;
        text.get(range)
    };
    let id = between(answer.client.host, answer.query_type)?.split_ascii_whitespace().last()?;
    let mut sizes = between(answer.protocol, answer.rcode)?.split_ascii_whitespace();
    let response_size = between(answer.flags, answer.seconds)?.trim();
    let slots = [
        (id, Slot::Query(QueryNumber::Id)),
        (answer.name, Slot::QueryName),
        (sizes.next()?, Slot::Query(QueryNumber::RequestSize)),
        (response_size, Slot::Query(QueryNumber::ResponseSize)),
        (answer.seconds, Slot::Seconds),
    ];
    for (part, slot) in slots {
        places.push((range_in(text, part)?, slot));
    }
    Some(())
}

fn endpoint(text: &str, at: Endpoint<'_>, end: End, places: &mut Places) -> Option<()> {
    let host = range_in(text, at.host)?;
    let rest = text.get(host.end..)?;
    let slot = match at.address() {
        Some(address) if address.is_ipv4() => Slot::Address4(end),
        Some(_) => Slot::Address6(end),
        None => Slot::Name,
    };
    let bracket = usize::from(rest.starts_with(']'));
    if slot == Slot::Address6(end) && bracket == 0 {
        // Without brackets the last group could be the port.
        return None;
    }
    places.push((host.clone(), slot));
    if at.port.is_some() {
        let start = host.end + bracket + 1;
        let digits = text.get(start..)?.bytes().take_while(u8::is_ascii_digit).count();
        places.push((start..start + digits, Slot::Port(end)));
    }
    Some(())
}
