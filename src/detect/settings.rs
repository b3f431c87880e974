//! Thresholds, with their defaults, and what is left out: a file in TOML.

use std::ops::Range;

use serde::{Deserialize, Deserializer, de};

use super::finding::{DETECTIONS, Severity};

/// A length of time in microseconds, written as `30s`, `5m`, `3h` or `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub i64);

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

impl Length {
    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => SECOND,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            _ => return None,
        };
        let number: i64 = number.trim_end().parse().ok().filter(|number| *number > 0)?;
        number.checked_mul(unit).map(Self)
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s")];
        let fitting = units.into_iter().find(|(unit, _)| self.0 % unit == 0 && self.0 >= *unit);
        let (unit, name) = fitting.unwrap_or((SECOND, "s"));
        write!(f, "{} {name}", self.0 / unit)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is no length of time; write `30s`, `5m`, `3h` or `7d`"
            ))
        })
    }
}

/// So many distinct values within so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    pub count: usize,
    pub within: Length,
}

/// One threshold a severity. What none reaches is no finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tiers {
    pub low: Option<Within>,
    pub medium: Option<Within>,
    pub high: Option<Within>,
}

impl Tiers {
    /// The tiers that are set, gravest first.
    pub(super) fn descending(self) -> impl Iterator<Item = (Severity, Within)> {
        let all = [
            (Severity::High, self.high),
            (Severity::Medium, self.medium),
            (Severity::Low, self.low),
        ];
        all.into_iter().filter_map(|(severity, within)| Some((severity, within?)))
    }
}

const fn within(count: usize, length: i64) -> Within {
    Within { count, within: Length(length) }
}

/// All thresholds.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Settings {
    pub port_scan: PortScan,
    pub sweep: Sweep,
    pub deny_rate: Rate,
    pub fan_out: Rate,
    pub beacon: Beacon,
    pub learning: Learning,
    pub threat_spread: Spread,
    pub idps: Idps,
    pub flood: Flood,
    pub dns_tunnel: DnsTunnel,
    pub strange_volume: Volume,
    pub allow: Vec<AllowText>,
}

/// Ports of one destination that one source tries.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PortScan {
    /// Denied attempts. Zeek calls 15 failed ports in five minutes a scan.
    pub denied: Tiers,
    /// Attempts that were allowed, or of which nobody knows.
    /// Sentinel takes 100 ports in 30 seconds, whatever became of them.
    pub passed: Tiers,
}

impl Default for PortScan {
    fn default() -> Self {
        Self {
            denied: Tiers {
                low: Some(within(15, 5 * MINUTE)),
                medium: Some(within(50, 5 * MINUTE)),
                high: Some(within(100, 30 * SECOND)),
            },
            passed: Tiers { low: None, medium: Some(within(100, 30 * SECOND)), high: None },
        }
    }
}

/// Destinations that one source tries on one port.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Sweep {
    /// Denied attempts. Zeek calls 25 failed hosts in five minutes a scan.
    pub denied: Tiers,
    /// Attempts that were allowed, or of which nobody knows. Sentinel takes 200 in 30 seconds.
    pub passed: Tiers,
    /// Ports on which many destinations are nothing strange: passed attempts do not count there.
    pub web_ports: Vec<u16>,
    /// On web ports so many times as many denied destinations are needed.
    pub web_times: usize,
    /// Of the destinations in the window, what share must have been denied.
    /// A busy proxy is denied now and then; a scanner mostly.
    pub denied_share: f64,
}

impl Default for Sweep {
    fn default() -> Self {
        Self {
            denied: Tiers {
                low: Some(within(25, 5 * MINUTE)),
                medium: Some(within(100, 5 * MINUTE)),
                high: Some(within(200, 30 * SECOND)),
            },
            passed: Tiers { low: None, medium: Some(within(200, 30 * SECOND)), high: None },
            web_ports: vec![80, 443],
            web_times: 4,
            denied_share: 0.5,
        }
    }
}

/// A source's busiest hours against its other ones.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Rate {
    /// An hour with fewer is never strange.
    pub minimum: u64,
    /// How many standard deviations above the mean of the other hours.
    pub deviations: f64,
    /// How many times the mean of the other hours.
    pub times: f64,
    /// So many hours must be known.
    pub hours: usize,
}

impl Default for Rate {
    fn default() -> Self {
        Self { minimum: 20, deviations: 3.0, times: 3.0, hours: 6 }
    }
}

/// Connections that come back regularly, scored as RITA does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Beacon {
    /// So many connections at different seconds are needed.
    pub minimum: usize,
    /// The least that the spread of the intervals must score: 1 is a clock, pure chance about 0.3.
    pub steadiness: f64,
    /// The score from which on a beacon is of low severity.
    pub low: f64,
    /// … of medium severity.
    pub medium: f64,
    /// … of high severity.
    pub high: f64,
    /// A destination that such a share of all sources uses is probably harmless: the score falls by 0.15.
    pub prevalent_share: f64,
    /// So many connections between two ends in a day are a strobe.
    pub strobe: u64,
}

impl Default for Beacon {
    fn default() -> Self {
        Self {
            minimum: 24,
            steadiness: 0.7,
            low: 0.7,
            medium: 0.9,
            high: 0.98,
            prevalent_share: 0.5,
            strobe: 86_400,
        }
    }
}

/// What counts as known: the days before the last stretch of the logs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Learning {
    /// So many days with records must lie before the stretch that is judged.
    pub days: usize,
    /// The last stretch of the logs, which is judged.
    pub judged: Length,
}

impl Default for Learning {
    fn default() -> Self {
        Self { days: 5, judged: Length(DAY) }
    }
}

/// Sources that reach for one destination of threat intelligence.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spread {
    /// Sentinel: more than five in a day.
    pub sources: Within,
}

impl Default for Spread {
    fn default() -> Self {
        Self { sources: Within { count: 6, within: Length(DAY) } }
    }
}

/// Signatures that fire for one source, by their severity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Idps {
    /// Hits of severity 1, which is the gravest.
    pub high: Within,
    /// Hits of severity 2.
    pub medium: Within,
    /// Hits of severity 3, and those without one.
    pub low: Within,
    /// Hits of one signature about gaining privileges on one destination.
    pub brute_force: Within,
}

impl Default for Idps {
    fn default() -> Self {
        Self {
            high: Within { count: 1, within: Length(DAY) },
            medium: Within { count: 10, within: Length(DAY) },
            low: Within { count: 50, within: Length(DAY) },
            brute_force: Within { count: 3, within: Length(3 * HOUR) },
        }
    }
}

/// Many sources, each with little, on one destination.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Flood {
    pub within: Length,
    /// Attempts in the window, from the Internet.
    pub events: usize,
    pub sources: usize,
    /// No source has more than this.
    pub per_source: usize,
    pub protocols: usize,
    /// The most frequent protocol has no more than this share.
    pub top_protocol_share: f64,
}

impl Default for Flood {
    fn default() -> Self {
        Self {
            within: Length(5 * MINUTE),
            events: 500,
            sources: 50,
            per_source: 10,
            protocols: 2,
            top_protocol_share: 0.8,
        }
    }
}

/// Names below one registrable domain that one source asks for. RITA's steps.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DnsTunnel {
    pub low: usize,
    pub medium: usize,
    pub high: usize,
}

impl Default for DnsTunnel {
    fn default() -> Self {
        Self { low: 500, medium: 800, high: 1000 }
    }
}

/// Days against the line and the week through all days.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Volume {
    /// So many days are needed.
    pub days: usize,
    /// How many times the usual spread above the upper or below the lower quarter.
    pub score: f64,
    /// A day whose difference is smaller is never strange.
    pub minimum: u64,
}

impl Default for Volume {
    fn default() -> Self {
        Self { days: 14, score: 5.0, minimum: 1000 }
    }
}

/// An entry of the allow list as written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowText {
    /// Names of detections; none: all.
    #[serde(default)]
    pub detections: Vec<String>,
    /// A filter as `--where` takes it.
    #[serde(rename = "where")]
    pub records: String,
    /// Why; for whoever reads the file.
    pub reason: String,
}

/// A file of settings that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    pub message: String,
    /// Bytes of the text.
    pub place: Option<Range<usize>>,
}

impl Settings {
    /// Reads settings; what the text does not name keeps its default.
    ///
    /// # Errors
    ///
    /// Text that is no TOML, names that are no settings, values out of place.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        let settings: Self = toml::from_str(text).map_err(|error| SettingsError {
            message: error.message().lines().next().unwrap_or_default().to_owned(),
            place: error.span(),
        })?;
        for name in settings.allow.iter().flat_map(|allow| &allow.detections) {
            if DETECTIONS.iter().all(|known| known.name != name) {
                let place = text.find(&format!("\"{name}\"")).map(|at| at..at + name.len() + 2);
                return Err(SettingsError {
                    message: format!("no detection is called `{name}`"),
                    place,
                });
            }
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_keeps_its_default() {
        let settings = Settings::parse(
            r#"
            [port-scan]
            denied = { low = { count = 5, within = "90s" } }

            [[allow]]
            detections = ["sweep"]
            where = "source in 192.0.2.0/24"
            reason = "vulnerability scanner"
            "#,
        )
        .expect("settings");
        assert_eq!(settings.port_scan.denied.low, Some(within(5, 90 * SECOND)));
        assert_eq!(settings.port_scan.denied.medium, None, "a table of tiers is whole");
        assert_eq!(settings.port_scan.passed, PortScan::default().passed);
        assert_eq!(settings.sweep, Sweep::default());
        assert_eq!(settings.allow.len(), 1);
        assert_eq!(Settings::parse("").expect("no settings"), Settings::default());
    }

    #[test]
    fn the_page_shows_the_defaults() {
        let page = include_str!("../../docs/detect.md");
        let shown = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
        let mut settings = Settings::parse(shown.expect("settings on the page")).expect("settings");
        assert_eq!(settings.allow.len(), 1);
        settings.allow.clear();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn errors_say_what_and_where() {
        let error = |text: &str| {
            let error = Settings::parse(text).expect_err("an error");
            (error.message, error.place.map(|place| text[place].to_owned()))
        };
        let (message, place) = error("[beacon]\nminimun = 3\n");
        assert!(message.starts_with("unknown field `minimun`"), "{message}");
        assert_eq!(place.as_deref(), Some("minimun"));
        let (message, _) = error("[learning]\njudged = \"one day\"\n");
        assert!(message.contains("`one day` is no length of time"), "{message}");
        let (message, place) =
            error("[[allow]]\ndetections = [\"scan\"]\nwhere = \"\"\nreason = \"x\"\n");
        assert_eq!(message, "no detection is called `scan`");
        assert_eq!(place.as_deref(), Some("\"scan\""));
    }

    #[test]
    fn lengths_print_in_their_largest_unit() {
        let shown = ["30s", "90s", "5m", "120m", "7d"].map(|text| {
            Length::parse(text).map_or_else(|| "none".to_owned(), |length| length.to_string())
        });
        assert_eq!(shown, ["30 s", "90 s", "5 min", "2 h", "7 d"]);
        assert_eq!(["", "5", "0s", "-1m", "5 w"].map(Length::parse), [None; 5]);
    }
}
