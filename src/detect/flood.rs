//! Many sources on the Internet, each with little, on one destination: a distributed flood that no
//! limit per source sees.
//!
//! After the rule that Microsoft's network security repository published in 2026. Its last condition,
//! three countries or more, needs a table of where addresses are, which logs do not hold; it is left
//! out, and the finding says so.

use std::collections::{BTreeMap, VecDeque};

use super::attempts::{Attempt, evidence, grouped};
use super::finding::{Finding, Severity};
use super::observed::{Observed, bit};
use super::places::Code;
use super::settings::{Flood, Settings};

/// What a window holds.
#[derive(Debug, Default)]
struct Window {
    inside: VecDeque<usize>,
    sources: BTreeMap<Code, usize>,
    protocols: BTreeMap<Code, usize>,
}

impl Window {
    fn change(counts: &mut BTreeMap<Code, usize>, key: Code, up: bool) {
        let count = counts.entry(key).or_default();
        *count = if up { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            counts.remove(&key);
        }
    }

    fn take(&mut self, place: usize, one: &Attempt) {
        self.inside.push_back(place);
        Self::change(&mut self.sources, one.source, true);
        Self::change(&mut self.protocols, one.protocol, true);
    }

    fn drop_first(&mut self, one: &Attempt) {
        self.inside.pop_front();
        Self::change(&mut self.sources, one.source, false);
        Self::change(&mut self.protocols, one.protocol, false);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn is_flood(&self, settings: &Flood) -> bool {
        let events = self.inside.len();
        // The cheap conditions first: the others look at every source.
        if events < settings.events || self.sources.len() < settings.sources {
            return false;
        }
        let top = self.protocols.values().copied().max().unwrap_or(0);
        self.protocols.len() >= settings.protocols
            && top as f64 <= settings.top_protocol_share * events as f64
            && self.sources.values().all(|count| *count <= settings.per_source)
    }
}

pub(super) fn floods(settings: &Settings, observed: &Observed) -> Vec<Finding> {
    let settings = &settings.flood;
    let is_wanted =
        |one: &&Attempt| one.exempt & bit("flood") == 0 && observed.tables.is_public(one.source);
    let attempts: Vec<Attempt> =
        observed.attempts.iter().chain(&observed.inbound).filter(is_wanted).copied().collect();
    let groups = grouped(&attempts, |_| true, |one| one.target);
    groups.iter().filter_map(|group| flood(group, settings, observed)).collect()
}

fn flood(group: &[Attempt], settings: &Flood, observed: &Observed) -> Option<Finding> {
    let mut window = Window::default();
    let mut worst: Option<(usize, usize, usize, usize)> = None;
    for (place, one) in group.iter().enumerate() {
        window.take(place, one);
        while let Some(oldest) = window.inside.front().and_then(|first| group.get(*first))
            && oldest.time < one.time.saturating_sub(settings.within.0)
        {
            window.drop_first(oldest);
        }
        let events = window.inside.len();
        if worst.is_none_or(|(most, ..)| events > most) && window.is_flood(settings) {
            let first = window.inside.front().copied().unwrap_or(place);
            worst = Some((events, window.sources.len(), first, place));
        }
    }
    let (events, sources, first, last) = worst?;
    let inside = group.get(first..=last)?;
    let severity = if events > 5000 && sources > 200 {
        Severity::High
    } else if events > 2000 && sources > 100 {
        Severity::Medium
    } else {
        Severity::Low
    };
    let message = format!(
        "{events} connections from {sources} sources on the Internet within {}, none with more than {}",
        settings.within, settings.per_source
    );
    let mut finding = Finding::new("flood", severity, message);
    finding.target = Some(observed.tables.text(inside.first()?.target));
    finding.count = events as u64;
    (finding.first, finding.last) = Observed::times(inside.iter());
    finding.evidence = evidence(inside.iter(), &observed.tables);
    Some(finding.with_part("sources", sources).with_part("countries", "not known from logs"))
}
