//! Zeek's `conn.log`: one line per connection, as tab-separated text or JSON.

use super::Fields;
use super::fields::{address_of, kept, port_of};
use super::tuple::forget_ports_without_meaning;
use super::{Entry, Found, RUNNING, flow, protocol_name};
use crate::logs::record::Origin;
use crate::logs::time::time;

pub(super) fn entry(row: &dyn Fields, origin: Origin) -> Entry {
    let Some(protocol) = row.text("proto") else {
        return Ok(Found::Ignored("Zeek log that is no conn.log"));
    };
    let mut record = flow("conn.log", origin);
    record.time = row.text("ts").map(|text| time(&text, None)).transpose()?;
    record.source = address_of(row, "id.orig_h")?;
    record.destination = address_of(row, "id.resp_h")?;
    record.source_port = port_of(row, "id.orig_p")?;
    record.destination_port = port_of(row, "id.resp_p")?;
    // Without the first packets Zeek does not know who asked whom.
    if protocol == "tcp" && kept(row, "conn_state").as_deref() == Some("OTH") {
        return Ok(Found::Ignored(RUNNING));
    }
    let is_icmp = protocol.eq_ignore_ascii_case("icmp");
    let is_v6 = record.source.is_some_and(|source| source.is_ipv6());
    record.protocol = Some(match (is_icmp, is_v6) {
        (true, true) => "icmpv6".into(),
        (true, false) => "icmp".into(),
        (false, _) => protocol_name(&protocol)?,
    });
    if is_icmp {
        // The ports of ICMP are its type and code.
        record.icmp_type = record.source_port.and_then(|kind| u8::try_from(kind).ok());
    }
    forget_ports_without_meaning(&mut record);
    if record.source.is_none() || record.destination.is_none() {
        return Err("no source or no destination address".to_owned());
    }
    Ok(Found::Flow(Box::new(record)))
}
