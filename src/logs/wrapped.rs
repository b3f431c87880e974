//! Records inside the envelopes of other tools: what Splunk, Elastic, Datadog, Graylog and log
//! shippers put around a line they have passed on, and what their search interfaces answer with.

use std::borrow::Cow;

use super::column::Column;
use super::reader::known_columns;
use super::row::{Cell, Row};
use super::value::Value;
use crate::syntax::legacy::message;

/// Members that hold the original, the nearest to it first. A dot stands for a member of a member.
const PLACES: [&str; 17] = [
    "event.original",
    "_raw",
    "_source",
    "result",
    "event",
    "body",
    "content.attributes",
    "attributes",
    "content",
    "message",
    "full_message",
    "short_message",
    "msg",
    "log",
    "data",
    "payload",
    "record",
];

/// Members that hold a list of envelopes or of records: answers of search interfaces.
const LISTS: [&str; 9] =
    ["hits.hits", "data", "value", "results", "logs", "events", "messages", "items", "rows"];

/// Members that say when, where the original does not.
const TIMES: [&str; 5] = ["@timestamp", "timestamp", "_time", "time", "date"];

/// What an envelope holds.
pub(super) enum Inside<'a> {
    /// A record, or another envelope.
    Value(Cow<'a, Value<'a>>),
    /// Several of them.
    List(&'a [Value<'a>]),
    /// A sentence of the legacy logs, and the envelope's time.
    Sentence(&'a str, Cell<'a>),
}

/// What is inside `value`, if it is the envelope of another tool.
pub(super) fn inside<'a>(value: &'a Value<'a>) -> Option<Inside<'a>> {
    let one = || PLACES.iter().find_map(|place| of(member(value, place)?, value));
    one().or_else(|| LISTS.iter().find_map(|place| list(member(value, place)?)))
}

/// A list is one of records if its first element is one, or holds one.
fn list<'a>(value: &'a Value<'a>) -> Option<Inside<'a>> {
    let elements = value.elements()?;
    let first = elements.first()?;
    (known_columns(first) || inside(first).is_some()).then_some(Inside::List(elements))
}

fn of<'a>(inner: &'a Value<'a>, envelope: &'a Value<'a>) -> Option<Inside<'a>> {
    let Value::Text(text) = inner else {
        let is_more = known_columns(inner) || inside(inner).is_some();
        return is_more.then_some(Inside::Value(Cow::Borrowed(inner)));
    };
    let text = text.trim();
    if text.starts_with('{') {
        let inner: Value<'a> = serde_json::from_str(text).ok()?;
        return matches!(inner, Value::Object(_)).then(|| Inside::Value(Cow::Owned(inner)));
    }
    message(text).ok()?;
    let mut times = TIMES.iter().filter_map(|name| Some(Cell::of(member(envelope, name)?)));
    let time = times.find(|time| *time != Cell::Missing);
    Some(Inside::Sentence(text, time.unwrap_or(Cell::Missing)))
}

/// A member by its path, whether the tool writes `{"event":{"original":…}}` or `{"event.original":…}`.
fn member<'a>(value: &'a Value<'a>, path: &str) -> Option<&'a Value<'a>> {
    let direct = value.get(path);
    direct.or_else(|| path.split_once('.').and_then(|(outer, inner)| value.get(outer)?.get(inner)))
}

/// The row of a sentence.
pub(super) fn row<'a>(sentence: &'a str, time: Cell<'a>) -> Row<'a> {
    let mut row = Row::new();
    row.put(Column::Message, Cell::of_text(sentence));
    row.put(Column::Time, time);
    row
}
