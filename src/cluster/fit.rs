//! Whether something matches: yes, no, or not to be known.

use super::engine::Reading;

/// The result of a comparison. Unknown is not false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// Why it cannot be said.
    Unknown(String),
}

impl Fit {
    /// The fit of a comparison whose `None` means `why`.
    pub(super) fn of(is: Option<bool>, why: impl FnOnce() -> String) -> Self {
        match is {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown(why()),
        }
    }

    pub(super) fn known(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }

    /// What holds as far as an engine reads the rules so.
    pub(super) fn reading(reading: Reading, why: &str) -> Self {
        match reading {
            Reading::Yes => Self::Yes,
            Reading::No => Self::No,
            Reading::Unknown => Self::Unknown(why.to_owned()),
        }
    }

    /// Both hold. The second is not computed where the first is `No`.
    pub(super) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Unknown(why) => match other() {
                Self::No => Self::No,
                Self::Yes | Self::Unknown(_) => Self::Unknown(why),
            },
        }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown(why) => Self::Unknown(why),
        }
    }

    /// One of them holds.
    pub(super) fn any(fits: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::No;
        for fit in fits {
            match fit {
                Self::Yes => return Self::Yes,
                Self::No => {}
                Self::Unknown(why) => result = Self::Unknown(why),
            }
        }
        result
    }
}
