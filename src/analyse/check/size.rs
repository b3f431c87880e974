//! How wide a set is, in numbers and in words.

use crate::analyse::reach::internet;
use crate::net::IpSet;

/// How many IPv4 addresses a set holds.
pub(super) fn v4_count(set: &IpSet) -> u64 {
    set.v4().iter().map(|&(first, last)| u64::from(last - first) + 1).sum()
}

/// How many addresses of the Internet a set holds.
pub(super) fn internet_count(set: &IpSet) -> u64 {
    let internet = internet();
    let common = |&(first, last): &(u32, u32)| -> u64 {
        let overlap = internet.v4().iter().map(|&(from, to)| (first.max(from), last.min(to)));
        overlap
            .filter(|(first, last)| first <= last)
            .map(|(first, last)| u64::from(last - first) + 1)
            .sum()
    };
    set.v4().iter().map(common).sum()
}

/// Whether a set holds most of the Internet.
pub(super) fn is_internet(set: &IpSet) -> bool {
    internet_count(set) > internet_count(&IpSet::all()) / 2
}

/// `every IPv4 address`, or the share: `16777216 addresses, 0.39 % of IPv4`.
pub(super) fn addresses(set: &IpSet) -> String {
    const ALL: u64 = 1 << 32;
    let count = v4_count(set);
    if count == ALL {
        return "every IPv4 address".to_owned();
    }
    // Hundredths of a percent, in whole numbers.
    let share = count * 10_000 / ALL;
    format!("{count} IPv4 addresses, {}.{:02} % of all", share / 100, share % 100)
}
