//! Who talked to whom, as JSON.

use serde::Serialize;

use crate::tables;

/// Connections of an address.
#[derive(Serialize)]
pub(super) struct TalkerRow<'a> {
    name: &'a str,
    called: Option<&'a str>,
    allowed: u64,
    denied: u64,
}

impl<'a> TalkerRow<'a> {
    pub(super) fn new(row: &'a tables::TalkerRow) -> Self {
        let called = row.called.as_deref();
        Self { name: &row.name, called, allowed: row.allowed, denied: row.denied }
    }
}

/// Connections to a name or a web category.
#[derive(Serialize)]
pub(super) struct WordRow<'a> {
    name: &'a str,
    allowed: u64,
    denied: u64,
}

impl<'a> WordRow<'a> {
    pub(super) fn new(row: &'a tables::TalkerRow) -> Self {
        Self { name: &row.name, allowed: row.allowed, denied: row.denied }
    }
}

/// Connections of all addresses that are called alike.
#[derive(Serialize)]
pub(super) struct NamedRow<'a> {
    called: Option<&'a str>,
    addresses: u64,
    allowed: u64,
    denied: u64,
}

impl<'a> NamedRow<'a> {
    pub(super) fn new(row: &'a tables::NamedRow) -> Self {
        let tables::NamedRow { name, addresses, allowed, denied } = row;
        let called = name.as_deref();
        Self { called, addresses: *addresses, allowed: *allowed, denied: *denied }
    }
}
