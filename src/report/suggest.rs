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
    line(if proof.is_complete() {
        "proven: what the logs allowed is allowed, what they denied is denied"
    } else if proof.holds() {
        "not proven in full: the logs do not say enough of some connections"
    } else {
        "NOT SO: some connections of the logs come out otherwise"
    });
    line(&format!("{} connections that were allowed still are", proof.allowed));
    line(&format!("{} connections that were denied still are", proof.denied));
    broken(&mut line, "were allowed and are NOT any longer", &proof.lost);
    broken(&mut line, "were denied and are NOW ALLOWED", &proof.opened);
    broken(&mut line, "were allowed and may not be any longer", &proof.lost_perhaps);
    broken(&mut line, "were denied and may now be allowed", &proof.opened_perhaps);
    if proof.both > 0 {
        line(&format!("{} connections were denied at one time and allowed at another", proof.both));
    }
    for (reason, count) in &observed.left_out {
        line(&format!("{count} records left out: {reason}"));
    }
    for note in &suggestion.notes {
        line(note);
    }
    out
}

fn broken(line: &mut impl FnMut(&str), what: &str, broken: &Broken) {
    if broken.flows == 0 {
        return;
    }
    line(&format!("{} connections ({} flows) {what}, such as", broken.connections, broken.flows));
    for example in &broken.examples {
        line(&format!("  {example}"));
    }
}
