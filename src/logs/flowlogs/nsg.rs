//! Flow logs of network security groups, versions 1 and 2.
//!
//! Version 1 has eight fields and one tuple for a flow; version 2 adds a state and counters.

use super::Entry;
use super::tuple::{State, Tuple};
use crate::logs::record::Origin;
use crate::logs::value::Value;

const CATEGORY: &str = "NetworkSecurityGroupFlowEvent";

pub(super) fn is_record(value: &Value<'_>) -> bool {
    let is_category = value
        .get("category")
        .and_then(Value::text)
        .is_some_and(|name| name.eq_ignore_ascii_case(CATEGORY));
    is_category && flows(value).is_some()
}

fn flows<'v>(value: &'v Value<'v>) -> Option<&'v [Value<'v>]> {
    value.get("properties")?.get("flows").and_then(Value::elements)
}

/// The tuples of one record, each as it is written.
pub(super) fn entries(value: &Value<'_>, origin: &Origin) -> Vec<(String, Entry)> {
    let mut entries = Vec::new();
    for rule in flows(value).unwrap_or(&[]) {
        let name = rule.get("rule").and_then(Value::text);
        for flow in rule.get("flows").and_then(Value::elements).unwrap_or(&[]) {
            for tuple in flow.get("flowTuples").and_then(Value::elements).unwrap_or(&[]) {
                let text = tuple.text().unwrap_or("");
                let entry = tuple_of(text).and_then(|tuple| tuple.entry(CATEGORY, name, origin));
                entries.push((text.to_owned(), entry));
            }
        }
    }
    entries
}

// tuple = time "," ip "," ip "," port "," port "," ("T" / "U") "," ("I" / "O") "," ("A" / "D")
//         ["," ("B" / "C" / "E") "," packets "," bytes "," packets "," bytes]
fn tuple_of(text: &str) -> Result<Tuple<'_>, String> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let [
        time,
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        direction,
        decision,
        rest @ ..,
    ] = fields.as_slice()
    else {
        return Err(format!("a flow tuple of {} fields, expected 8 or 13", fields.len()));
    };
    let protocol = match *protocol {
        "T" => "tcp",
        "U" => "udp",
        other => other,
    };
    let state = match (*decision, rest.first().copied()) {
        ("D", _) => State::Denied,
        ("A", None | Some("" | "B")) => State::Begins,
        ("A", Some("C" | "E")) => State::Runs,
        (decision, state) => {
            return Err(format!("unknown flow state `{decision}{}`", state.unwrap_or("")));
        }
    };
    Ok(Tuple {
        time,
        source,
        destination,
        source_port,
        destination_port,
        protocol,
        direction,
        state,
    })
}
