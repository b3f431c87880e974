//! The difference from earlier logs: tables of connections and rules, and changes on the cards.

use super::section::{Years, table};
use super::{Contents, Earlier, Room};
use crate::report::page::Table;
use crate::report::traffic::compare;
use crate::report::traffic::sheet::grouped;
use crate::tables::Totals;

/// Connections that are new, grown or gone, and rules whose share changed.
pub(super) fn tables(contents: Contents<'_>, years: Years, room: Room) -> Vec<Table> {
    let Some(Earlier { comparison, .. }) = contents.earlier else { return Vec::new() };
    let mut tables: Vec<Table> = compare::sheets(comparison, room.rows)
        .iter()
        .map(|sheet| table(sheet, years, room))
        .collect();
    for table in &mut tables {
        // Another table of the page has that name.
        if table.name == "rules" {
            table.name = "changed_rules";
        }
    }
    if let Some(first) = tables.first_mut() {
        first.notes.insert(0, format!("{}.", compare::heading(comparison)));
    }
    tables
}

/// `before: 1,204 (+12.0 % an hour)`; empty without earlier logs.
pub(super) fn change(contents: Contents<'_>, of: fn(&Totals) -> u64) -> String {
    let Some(Earlier { totals, comparison }) = contents.earlier else { return String::new() };
    let (before, after) = (of(totals), of(&contents.summary.totals));
    if before == 0 {
        return "before: 0".to_owned();
    }
    // The two periods may differ in length.
    let was = u128::from(before) * u128::from(comparison.hours_after);
    let is = u128::from(after) * u128::from(comparison.hours_before);
    let share = u64::try_from(is.abs_diff(was) * 1000 / was.max(1)).unwrap_or(u64::MAX);
    let change = match (is.cmp(&was), share) {
        (_, 0) => "about the same an hour".to_owned(),
        (std::cmp::Ordering::Less, share) => format!("−{} an hour", tenths(share)),
        (_, share) if share >= 10_000 => format!("×{} an hour", grouped(share / 1000 + 1)),
        (_, share) => format!("+{} an hour", tenths(share)),
    };
    format!("before: {} ({change})", grouped(before))
}

fn tenths(share: u64) -> String {
    format!("{}.{} %", grouped(share / 10), share % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_one_digit() {
        assert_eq!((tenths(1), tenths(12_345)), ("0.1 %".into(), "1,234.5 %".into()));
    }
}
