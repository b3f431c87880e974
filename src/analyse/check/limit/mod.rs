//! How near a rule set is to what Azure takes at most.

mod json_size;

pub(super) mod group_too_large;
pub(super) mod header_too_long;
pub(super) mod ip_group_too_large;
pub(super) mod network_rules_too_large;
pub(super) mod too_many_collections;
pub(super) mod too_many_dnat_destinations;
pub(super) mod too_many_dns_servers;
pub(super) mod too_many_groups;
pub(super) mod too_many_ip_groups;
pub(super) mod too_many_network_fqdns;
pub(super) mod too_many_public_addresses;
pub(super) mod too_many_signature_overrides;

use std::fmt;

use super::{Check, Finding, Level};

/// A documented maximum.
struct Limit {
    max: u64,
    /// How bad it is to be above.
    above: Level,
    /// The date of the text that names it.
    as_of: &'static str,
}

impl Limit {
    /// Worth a word from half of the limit on, a warning from four fifths on.
    fn level(&self, count: u64) -> Option<Level> {
        match count {
            _ if count > self.max => Some(self.above),
            _ if count.saturating_mul(5) >= self.max * 4 => Some(Level::Warning),
            _ if count.saturating_mul(2) >= self.max => Some(Level::Info),
            _ => None,
        }
    }

    /// A finding with the headroom, when there is reason for a word.
    fn finding(&self, check: &Check, count: u64, what: impl fmt::Display) -> Option<Finding> {
        let level = self.level(count)?;
        let standing = match count {
            _ if count > self.max => "above the limit",
            _ if level == Level::Warning => "near the limit",
            _ => "half of the limit is used",
        };
        let (count, max) = (Grouped(count), Grouped(self.max));
        let message = format!("{count} of {max} {what}: {standing} (as of {})", self.as_of);
        Some(Finding::new(check.name, level, message))
    }
}

/// A number as people read it: `17,300`.
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A length as a count.
fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { max: 20_000, above: Level::Error, as_of: "October 2023" };

    #[test]
    fn the_level_grows_with_the_share() {
        let level = |count| LIMIT.level(count);
        assert_eq!(level(9_999), None);
        assert_eq!(level(10_000), Some(Level::Info));
        assert_eq!(level(16_000), Some(Level::Warning));
        assert_eq!(level(20_000), Some(Level::Warning));
        assert_eq!(level(20_001), Some(Level::Error));
    }

    #[test]
    fn numbers_have_groups_of_three_digits() {
        let shown: Vec<String> =
            [0, 999, 1_000, 17_300, 1_234_567].map(|number| Grouped(number).to_string()).into();
        assert_eq!(shown, ["0", "999", "1,000", "17,300", "1,234,567"]);
    }
}
