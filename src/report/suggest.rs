//! What a suggestion rests on, and what the replay of it showed.

use std::fmt::Write as _;

use crate::report::verdict::wrapped;
use crate::suggest::{Broken, Observed, Proof, Suggestion};

/// Columns, less those of a comment sign.
const WIDTH: usize = 78;

/// The proof and the notes, for people.
#[must_use]
pub fn account(observed: &Observed, suggestion: &Suggestion, proof: &Proof) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        for line in wrapped(text, WIDTH) {
            let _ = writeln!(out, "{line}");
        }
    };
    if !suggestion.above_limits.is_empty() {
        line(&format!(
            "NOT DEPLOYABLE as it is, the service takes less: {}; choose fewer logs with \
             `--where`, or put sources into IP Groups and give them with `--groups`",
            suggestion.above_limits.join("; ")
        ));
    }
    line(if proof.is_complete() {
        "proven: what the logs allowed is allowed, what they denied is denied"
    } else if proof.holds() {
        "not proven in full: the logs do not say enough of some connections"
    } else {
        "NOT SO: some connections of the logs come out otherwise"
    });
    line(&format!("{} allowed still {}", were(proof.allowed, "that "), is(proof.allowed)));
    line(&format!("{} denied still {}", were(proof.denied, "that "), is(proof.denied)));
    broken(&mut line, "allowed and {are} NOT any longer", &proof.lost);
    broken(&mut line, "allowed and {are} NOW SENT ELSEWHERE", &proof.moved);
    broken(&mut line, "denied and {are} NOW ALLOWED", &proof.opened);
    broken(&mut line, "allowed and may not be any longer", &proof.lost_perhaps);
    broken(&mut line, "denied and may now be allowed", &proof.opened_perhaps);
    if proof.both > 0 {
        line(&format!("{} denied at one time and allowed at another", were(proof.both, "")));
    }
    for (reason, count) in &observed.left_out {
        let records = if *count == 1 { "record" } else { "records" };
        line(&format!("{count} {records} left out: {reason}"));
    }
    for note in &suggestion.notes {
        line(note);
    }
    out
}

/// `1 connection was`, `2 connections that were`.
fn were(connections: u64, that: &str) -> String {
    match connections {
        1 => format!("1 connection {that}was"),
        many => format!("{many} connections {that}were"),
    }
}

fn is(connections: u64) -> &'static str {
    if connections == 1 { "is" } else { "are" }
}

fn broken(line: &mut impl FnMut(&str), what: &str, broken: &Broken) {
    if broken.flows == 0 {
        return;
    }
    let flows =
        if broken.flows == 1 { "1 flow".to_owned() } else { format!("{} flows", broken.flows) };
    let as_it_stands = match broken.as_it_stands {
        0 => String::new(),
        all if all == broken.connections => "; the policy as it stands does the same".to_owned(),
        some => format!("; the policy as it stands does the same with {some} of them"),
    };
    let what = what.replace("{are}", is(broken.connections));
    let connections = were(broken.connections, "");
    line(&format!("{connections} {what} ({flows}){as_it_stands}, such as"));
    for example in &broken.examples {
        line(&format!("  {example}"));
    }
}
