//! Which of the records that logs hold a command looks at.

use jiff::tz::TimeZone;

use clap::Args;

use super::args::GlobalArgs;
use super::failure::Failure;
use crate::logs::Filtered;
use crate::net::IpSet;
use crate::policy::{Address, Inventory, IpGroup, Written};
use crate::source::{InputError, Source, Sources, Span};
use crate::syntax::filter::{Filter, Named, Names, Reading, Stretch, Test, filter};
use crate::syntax::value::ValueError;

/// Which records are looked at.
#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Only records that FILTER asks for: 'source in 10.0.0.0/8 and not port in 80,443'
    #[arg(long = "where", value_name = "FILTER")]
    wanted: Option<String>,
    /// Only records from this time on: 2026-03-01, 2026-03-01T10:00 or RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only records up to and including this time; a date means its whole day
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Zone of times written without one, and of times in text output, such as Europe/Berlin
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
}

impl FilterArgs {
    /// The zone that was asked for.
    pub(super) fn zone(&self) -> Result<Option<TimeZone>, Failure> {
        let Some(name) = &self.tz else { return Ok(None) };
        let zone = TimeZone::get(name).map_err(|_| {
            Failure::new(
                format!("no time zone is called `{name}`"),
                "write a name such as `Europe/Berlin`, `America/New_York` or `UTC`",
            )
        })?;
        Ok(Some(zone))
    }

    /// Everything that is asked of a record. The IP Groups and service tags are those of
    /// `inventory`; `remedy` says how to give more of them.
    pub(super) fn filter(
        &self,
        inventory: Option<&Inventory>,
        remedy: &'static str,
    ) -> Result<Option<Filter>, Failure> {
        let zone = self.zone()?.unwrap_or(TimeZone::UTC);
        let mut parts = Vec::new();
        if let Some(from) = &self.from {
            let from = stretch("--from", from, &zone)?;
            parts.push(Filter::Test(Test::Time(vec![from.from_start().into()])));
        }
        if let Some(to) = &self.to {
            let to = stretch("--to", to, &zone)?;
            parts.push(Filter::Test(Test::Time(vec![to.through_end().into()])));
        }
        if let Some(text) = &self.wanted {
            parts.push(parsed("--where", text, inventory, remedy, &zone)?);
        }
        Ok(if parts.is_empty() { None } else { Some(Filter::And(parts)) })
    }
}

/// The filter that `text` writes; `place` names where the text stands, for messages.
pub(super) fn parsed(
    place: &str,
    text: &str,
    inventory: Option<&Inventory>,
    remedy: &'static str,
    zone: &TimeZone,
) -> Result<Filter, Failure> {
    let reading = Reading { names: &Known { inventory, remedy }, zone };
    filter(text, &reading).map_err(|error| failure(place, text, error))
}

fn stretch(switch: &str, text: &str, zone: &TimeZone) -> Result<Stretch, Failure> {
    Stretch::parse(text.trim(), zone).ok_or_else(|| {
        Failure::new(
            format!("`{switch} {text}` is no time"),
            "write `2026-03-01`, `2026-03-01T10:00` or `2026-03-01T10:00:00Z`",
        )
    })
}

/// The error with a caret under its place.
fn failure(switch: &str, text: &str, error: ValueError) -> Failure {
    let mut sources = Sources::default();
    let source = sources.add(Source::new(switch, text));
    let start = u32::try_from(error.offset).unwrap_or(u32::MAX);
    let shown = InputError::at(error.message, &sources, Span { source, start, end: start });
    match error.help {
        Some(help) => shown.with_help(help).into(),
        None => shown.into(),
    }
}

/// Names that files of a rule set define.
struct Known<'a> {
    inventory: Option<&'a Inventory>,
    remedy: &'static str,
}

impl Names for Known<'_> {
    fn ip_group(&self, name: &str) -> Named {
        let groups = self.inventory.map_or(&[][..], |inventory| &inventory.ip_groups);
        let found = groups.iter().find(|group| group.name.value.eq_ignore_ascii_case(name));
        match found {
            Some(group) => addresses(group),
            None => Named::Unknown {
                message: format!("no IP Group is called `{name}`"),
                help: format!("give its file {}", self.remedy),
            },
        }
    }

    fn service_tag(&self, name: &str) -> Named {
        match self.inventory.and_then(|inventory| inventory.tables.service_tag(name)) {
            Some(set) => Named::Addresses(set.clone()),
            None => Named::Unknown {
                message: format!("`{name}` is no address, and no file lists such a service tag"),
                help: format!("give Microsoft's service tag file {}", self.remedy),
            },
        }
    }
}

/// All addresses of a group. A group that is not wholly known would leave records out silently.
fn addresses(group: &IpGroup) -> Named {
    let mut ranges = Vec::new();
    for entry in &group.addresses {
        match &entry.value {
            Written::Value(Address::Range(range)) => ranges.push(*range),
            Written::Value(Address::Any) => return Named::Addresses(IpSet::all()),
            Written::Value(Address::ServiceTag(text))
            | Written::Unresolved(text)
            | Written::Invalid(text) => {
                return Named::Unknown {
                    message: format!(
                        "the entry `{text}` of the IP Group `{}` is not known",
                        group.name.value
                    ),
                    help: "write the addresses out".to_owned(),
                };
            }
        }
    }
    Named::Addresses(ranges.into_iter().collect())
}

/// Records that the filter left out, by reason.
pub(super) fn left_out<S>(filtered: &Filtered<S>) -> Vec<(String, u64)> {
    reasons(filtered.left_out, filtered.unsettled)
}

/// The same, of records that a filter did not ask for, and of those that do not say whether it does.
pub(super) fn reasons(left_out: u64, unsettled: u64) -> Vec<(String, u64)> {
    let all = [
        ("left out by the filter", left_out),
        ("left out by the filter: the record lacks what it asks for", unsettled),
    ];
    all.into_iter().filter(|(_, count)| *count > 0).map(|(why, n)| (why.to_owned(), n)).collect()
}

/// Says on standard error how many records do not say what the filter asks for.
pub(super) fn note_unsettled<S>(filtered: &Filtered<S>, global: &GlobalArgs) {
    if !global.quiet && filtered.unsettled > 0 {
        anstream::eprintln!(
            "note: {} records lack what the filter asks for and were left out (see `is unknown` in docs/filter.md)",
            filtered.unsettled
        );
    }
}
