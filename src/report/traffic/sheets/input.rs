//! Tables about the input itself.

use Shown::{Always, Wide};

use crate::report::traffic::headline::plural;
use crate::report::traffic::sheet::{Cell, Sheet, Shown, numbers, words};
use crate::tables::Summary;

use super::{FIRST, LAST, RECORDS, first, last, sheet};

pub(super) fn categories(summary: &Summary) -> Sheet {
    let columns = [
        RECORDS,
        words("form", "form", Wide),
        words("kind", "kind", Always),
        FIRST,
        LAST,
        words("category", "category", Always),
    ];
    let rows = summary.coverage.categories.iter().map(|row| {
        vec![
            Cell::Number(row.records),
            Cell::Text(row.form.name().to_owned()),
            Cell::Text(row.kind.name().to_owned()),
            first(row.seen),
            last(row.seen),
            Cell::Text(row.category.to_string()),
        ]
    });
    sheet("categories", "Records by category, duplicates left out", &columns, rows.collect())
}

/// Hours without a record on firewalls that are usually busy.
pub(super) fn gaps(summary: &Summary) -> Sheet {
    let columns = [
        numbers("hours", "hours"),
        numbers("usual_per_hour", "usual records"),
        words("first_hour", "from (UTC)", Always),
        words("firewall", "firewall", Always),
    ];
    let rows = summary.coverage.input.gaps.iter().map(|gap| {
        vec![
            Cell::Number(gap.hours),
            Cell::Number(gap.usual),
            Cell::Time(gap.first),
            Cell::text(gap.firewall.as_ref()),
        ]
    });
    sheet("gaps", "Hours without a record", &columns, rows.collect())
}

/// Every entry of the input, by what became of it; the last row is their sum.
pub(super) fn input(summary: &Summary) -> Sheet {
    let columns = [numbers("entries", "entries"), words("what", "what became of them", Always)];
    let coverage = &summary.coverage;
    let row = |count: u64, what: &str| vec![Cell::Number(count), Cell::Text(what.to_owned())];
    let counted = coverage.records.saturating_sub(coverage.duplicates);
    let mut rows = vec![row(counted, "counted")];
    let of_other_family = coverage.duplicates.saturating_sub(coverage.repeated);
    let duplicates = [
        (of_other_family, "duplicates: the same event in the other family of categories"),
        (coverage.repeated, "duplicates: the same record once more, as from exports that overlap"),
    ];
    rows.extend(duplicates.iter().filter(|(count, _)| *count > 0).map(|(n, what)| row(*n, what)));
    for (reason, count) in &coverage.input.ignored {
        rows.push(row(*count, &format!("ignored: {reason}")));
    }
    if coverage.input.rejected > 0 {
        rows.push(row(coverage.input.rejected, "rejected: could not be read"));
    }
    rows.push(row(coverage.input.entries, "in total"));
    let mut sheet = sheet("input", "Input", &columns, rows);
    if coverage.without_time > 0 {
        let records = plural(coverage.without_time, "record");
        sheet.notes.push(format!("{records} without a time: counted, but in no hour."));
    }
    for example in &coverage.input.rejected_examples {
        sheet.notes.push(format!("rejected: {}: {}", example.position, example.reason));
    }
    sheet
}
