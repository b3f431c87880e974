//! Tables whose columns the user names: `source=src_ip,destination=dst_ip,port=dport,protocol=proto`.

use smol_str::SmolStr;

use super::fields::{address_of, count_of, kept, port_of};
use super::tuple::forget_ports_without_meaning;
use super::{Entry, Fields, Found, flow, protocol_name};
use crate::logs::record::Origin;
use crate::logs::row::canonical_name;
use crate::logs::time::{DateOrder, time};

/// What a column can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Time,
    Protocol,
    Source,
    SourcePort,
    Destination,
    DestinationPort,
    Fqdn,
    Count,
}

const ROLES: [(&str, Role); 10] = [
    ("time", Role::Time),
    ("protocol", Role::Protocol),
    ("source", Role::Source),
    ("source_port", Role::SourcePort),
    ("destination", Role::Destination),
    ("destination_port", Role::DestinationPort),
    ("port", Role::DestinationPort),
    ("fqdn", Role::Fqdn),
    ("name", Role::Fqdn),
    ("count", Role::Count),
];

/// Which column holds which field of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMap {
    // INVARIANT: no role twice; source, protocol, and destination or name are there.
    columns: Vec<(Role, SmolStr)>,
}

/// A text that is no column map.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ColumnMapError {
    message: String,
}

impl ColumnMap {
    /// Reads `FIELD=COLUMN,FIELD=COLUMN`.
    ///
    /// # Errors
    ///
    /// Says what is missing or not known.
    pub fn parse(text: &str) -> Result<Self, ColumnMapError> {
        let error = |message: String| ColumnMapError { message };
        let mut columns: Vec<(Role, SmolStr)> = Vec::new();
        for pair in text.split(',') {
            let (field, column) = pair
                .split_once('=')
                .map(|(field, column)| (field.trim(), column.trim()))
                .filter(|(_, column)| !column.is_empty())
                .ok_or_else(|| error(format!("`{pair}` is not of the form FIELD=COLUMN")))?;
            let known = ROLES.iter().find(|(name, _)| name.eq_ignore_ascii_case(field));
            let Some(&(name, role)) = known else {
                let names: Vec<_> = ROLES.iter().map(|(name, _)| *name).collect();
                return Err(error(format!("no field `{field}`; there are {}", names.join(", "))));
            };
            if columns.iter().any(|(other, _)| *other == role) {
                return Err(error(format!("`{name}` is given twice")));
            }
            columns.push((role, column.into()));
        }
        let map = Self { columns };
        for (role, name) in [(Role::Source, "source"), (Role::Protocol, "protocol")] {
            if map.column(role).is_none() {
                return Err(error(format!("no column for `{name}`")));
            }
        }
        if map.column(Role::Destination).is_none() && map.column(Role::Fqdn).is_none() {
            return Err(error("no column for `destination` and none for `fqdn`".to_owned()));
        }
        Ok(map)
    }

    /// The columns that it names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(_, column)| column.as_str())
    }

    fn column(&self, role: Role) -> Option<&str> {
        self.columns.iter().find(|(known, _)| *known == role).map(|(_, column)| column.as_str())
    }
}

pub(super) fn entry(
    row: &dyn Fields,
    map: &ColumnMap,
    order: Option<DateOrder>,
    origin: Origin,
) -> Entry {
    let mut record = flow("columns", origin);
    let text = |role| map.column(role).and_then(|name| row.text(name));
    let port = |role| map.column(role).map_or(Ok(None), |name| port_of(row, name));
    let end = |role| map.column(role).map_or(Ok(None), |name| address_of(row, name));
    record.time = text(Role::Time).map(|text| time(&text, order)).transpose()?;
    record.protocol = text(Role::Protocol).map(|text| protocol_name(&text)).transpose()?;
    record.source = end(Role::Source)?;
    record.source_port = port(Role::SourcePort)?;
    record.destination = end(Role::Destination)?;
    record.destination_port = port(Role::DestinationPort)?;
    record.fqdn = map.column(Role::Fqdn).and_then(|name| kept(row, name));
    record.fqdn = record.fqdn.map(|name| canonical_name(&name));
    record.count = map.column(Role::Count).and_then(|name| count_of(row, name));
    forget_ports_without_meaning(&mut record);
    if record.source.is_none() || record.protocol.is_none() {
        return Err("no source address or no protocol".to_owned());
    }
    Ok(Found::Flow(Box::new(record)))
}
