//! How long answers took, counted in steps of three per cent.
//!
//! A step is a small number, so durations are one more column of a coded table: merging tables merges
//! them, and memory holds as many rows as there are different steps, not answers.

use super::dictionary::{ABSENT, Code, as_number, number};

/// Below this every microsecond is a step of its own; from here on each doubling has 32 steps.
const FINE: u64 = 64;
const STEPS: u64 = 32;
const STEP_BITS: u32 = 5;
/// `FINE` as a power of two.
const FINE_BITS: u32 = 6;

/// An answer that takes longer than this is slow: people feel it.
pub(super) const SLOW_US: u64 = 100_000;

/// The step of a duration as a code.
pub(super) fn step(seconds: Option<f64>) -> Code {
    let Some(seconds) = seconds.filter(|seconds| (0.0..1e9).contains(seconds)) else {
        return ABSENT;
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and 10^15"
    )]
    let micros = (seconds * 1e6).round() as u64;
    number(step_of(micros))
}

fn step_of(micros: u64) -> u16 {
    let step = if micros < FINE {
        micros
    } else {
        let power = micros.ilog2();
        let within = (micros >> (power - STEP_BITS)) % STEPS;
        FINE + u64::from(power - FINE_BITS) * STEPS + within
    };
    u16::try_from(step).unwrap_or(u16::MAX)
}

/// The longest duration of a step, in microseconds.
fn longest(step: u16) -> u64 {
    let step = u64::from(step);
    let Some(above) = step.checked_sub(FINE) else { return step };
    let (power, within) = (above / STEPS, above % STEPS);
    // Steps of real durations stay far below the limit.
    let shift = u32::try_from(power + 1).unwrap_or(u32::MAX).min(57);
    ((STEPS + within + 1) << shift) - 1
}

/// How long answers took, in microseconds, each rounded up to the end of its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    pub answers: u64,
    /// Of these: longer than a tenth of a second.
    pub slow: u64,
    pub median_us: u64,
    pub p95_us: u64,
    pub longest_us: u64,
}

impl Durations {
    /// Of steps with the number of answers in them.
    pub(super) fn of(steps: impl Iterator<Item = (Code, u64)>) -> Option<Self> {
        let mut steps: Vec<(u64, u64)> =
            steps.filter_map(|(step, count)| Some((longest(as_number(step)?), count))).collect();
        steps.sort_unstable();
        let answers: u64 = steps.iter().map(|(_, count)| count).sum();
        let at = |per_cent: u64| {
            let rank = (answers * per_cent).div_ceil(100);
            let mut passed = 0;
            let found = steps.iter().find(|(_, count)| {
                passed += count;
                passed >= rank
            });
            found.map_or(0, |(micros, _)| *micros)
        };
        let slow = steps.iter().filter(|(micros, _)| *micros > SLOW_US);
        (answers > 0).then(|| Self {
            answers,
            slow: slow.map(|(_, count)| count).sum(),
            median_us: at(50),
            p95_us: at(95),
            longest_us: at(100),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_step_is_three_per_cent_wide(micros in 0u64..10_000_000_000) {
            let end = longest(step_of(micros));
            prop_assert!(micros <= end && end - micros <= micros / 32);
            prop_assert_eq!(step_of(end), step_of(micros));
            prop_assert_eq!(step_of(end + 1), step_of(micros) + 1);
        }
    }

    #[test]
    fn half_the_answers_are_within_the_median() {
        let steps = |seconds: &[f64]| {
            let all: Vec<_> = seconds.iter().map(|seconds| (step(Some(*seconds)), 1)).collect();
            Durations::of(all.into_iter())
        };
        assert_eq!(steps(&[]), None);
        let got = steps(&[0.000_01, 0.000_02, 0.000_03, 2.0]).unwrap();
        assert_eq!((got.answers, got.slow, got.median_us), (4, 1, 20));
        assert!((2_000_000..2_062_500).contains(&got.p95_us) && got.longest_us == got.p95_us);
        assert_eq!(step(None), ABSENT);
        assert_eq!(step(Some(-1.0)), ABSENT);
        assert_eq!(step(Some(f64::NAN)), ABSENT);
    }
}
