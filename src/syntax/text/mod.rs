//! The text form of rule sets: reading, writing and formatting `.azfw` files.
//!
//! The form is described in `docs/text-format.md`.

mod atom;
mod build;
mod format;
mod line;
mod print;
mod print_rules;
mod print_settings;
mod reader;
#[cfg(test)]
mod round_trip;
mod rules;
mod settings;
mod split;
mod words;

use std::fmt;

use crate::policy::Inventory;
use crate::source::{InputError, SourceId, Sources, Span, Warning};

pub use format::format;
pub use print::print;
#[cfg(feature = "logs")]
pub(crate) use print::rule_line;

/// Something wrong at one place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// Names the rule or statement and the field.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    pub span: Span,
}

/// Everything that is wrong with a file, in the order of its lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextErrors {
    errors: Vec<TextError>,
}

impl TextErrors {
    /// The errors in the order of the lines.
    pub fn iter(&self) -> impl Iterator<Item = &TextError> {
        self.errors.iter()
    }

    /// The errors with the lines they speak of.
    #[must_use]
    pub fn in_sources(&self, sources: &Sources) -> Vec<InputError> {
        let shown = |error: &TextError| {
            let shown = InputError::at(error.message.clone(), sources, error.span);
            match &error.help {
                Some(help) => shown.with_help(help.clone()),
                None => shown,
            }
        };
        self.errors.iter().map(shown).collect()
    }
}

impl fmt::Display for TextErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&error.message)?;
            if let Some(help) = &error.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for TextErrors {}

/// The rule sets that a text holds; `source` is the file its spans point into.
///
/// # Errors
/// All that is wrong with the text.
pub fn parse(text: &str, source: SourceId) -> Result<(Inventory, Vec<Warning>), TextErrors> {
    let mut builder = build::Builder::new(source);
    for line in split::lines(text) {
        builder.line(text, &line);
    }
    if builder.errors.is_empty() {
        return Ok((builder.inventory, builder.warnings));
    }
    Err(TextErrors { errors: builder.errors })
}

/// Whether `text` looks like this form: its first word begins a resource.
#[must_use]
pub fn is_text_form(text: &str) -> bool {
    let mut lines = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim());
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.and_then(|line| line.split_whitespace().next()).is_some_and(|word| {
        ["policy", "firewall", "group", "ip-group"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(word))
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;
    use crate::policy::{Rule, Written};
    use crate::source::Source;

    fn parsed(text: &str) -> Result<(Inventory, Vec<Warning>), TextErrors> {
        let source = Sources::default().add(Source::new("test.azfw", text));
        parse(text, source)
    }

    /// The text that `span` covers.
    fn at(text: &str, span: Option<Span>) -> &str {
        let span = span.unwrap();
        &text[span.start as usize..span.end as usize]
    }

    #[test]
    fn the_example_of_the_description_reads_without_a_warning() {
        let document = include_str!("../../../docs/text-format.md");
        let example = document.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
        let (inventory, warnings) = parsed(example).unwrap();
        assert_eq!(warnings, []);
        let counts = (inventory.policies.len(), inventory.groups.len(), inventory.ip_groups.len());
        assert_eq!(counts, (1, 3, 1));
        let rules: usize =
            inventory.groups.iter().flat_map(|g| &g.collections).map(|c| c.rules.len()).sum();
        assert_eq!(rules, 8);
        assert!(is_text_form(example) && !is_text_form("{\n}") && !is_text_form("policyName,a"));
    }

    #[test]
    fn every_value_knows_where_it_stands() {
        let text = "policy p\n  dns-servers 192.0.2.4, # first\n    192.0.2.5\ngroup g 200\n\
                    allow network c 100\n  \"ä b\": tcp @g -> 192.0.2.0/24 : 443 \"why\" # note\n";
        let (inventory, _) = parsed(text).unwrap();
        let servers = &inventory.policies[0].settings.dns.as_ref().unwrap().servers;
        assert_eq!(at(text, servers[1].span), "192.0.2.5");
        let Rule::Network(rule) = &inventory.groups[0].collections[0].rules[0] else { panic!() };
        assert_eq!(at(text, rule.head.name.span), "\"ä b\"");
        assert_eq!(at(text, rule.head.source_ip_groups[0].span), "@g");
        assert_eq!(at(text, rule.destination_ports[0].span), "443");
        let whole = "\"ä b\": tcp @g -> 192.0.2.0/24 : 443 \"why\"";
        assert_eq!(at(text, rule.head.span.0), whole);
    }

    #[test]
    fn a_group_belongs_to_the_policy_above_it() {
        let text = "policy a\ngroup one 200\npolicy b\nid /subscriptions/s/policies/b\n\
                    group two 200\ngroup three 300 of a\ngroup four 400 of none\n";
        let (inventory, _) = parsed(text).unwrap();
        let policy = |index: usize| {
            inventory.groups[index].policy.as_ref().map(ToString::to_string).unwrap_or_default()
        };
        assert!(policy(0).ends_with("/firewallPolicies/a"));
        assert_eq!(policy(1), "/subscriptions/s/policies/b");
        assert_eq!(policy(2), policy(0));
        assert_eq!(policy(3), "");
    }

    #[test]
    fn what_is_unresolved_or_invalid_is_kept_as_such() {
        let text = "firewall f\ndnat c 100\n  r: tcp !\"10.0.0.300\" -> `[x('a\\`')]` : !\"70000\"";
        let (inventory, _) = parsed(text).unwrap();
        let Rule::Nat(rule) = &inventory.firewalls[0].collections[0].rules[0] else { panic!() };
        assert_eq!(rule.head.sources[0].value, Written::Invalid("10.0.0.300".into()));
        assert_eq!(rule.destinations[0].value, Written::Unresolved("[x('a`')]".into()));
        assert_eq!(rule.destination_ports[0].value, Written::Invalid("70000".into()));
    }

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let shown = match parsed(text) {
            Ok((_, warnings)) => warnings
                .iter()
                .map(|warning| {
                    let help = warning.help.as_deref().unwrap_or_default();
                    format!(
                        "{} `{}`: {} ({help})",
                        warning.severity.name(),
                        at(text, warning.span),
                        warning.message
                    )
                })
                .collect::<Vec<_>>()
                .join("\n"),
            Err(errors) => errors
                .iter()
                .map(|error| {
                    let help = error.help.as_deref().unwrap_or_default();
                    format!("`{}`: {} ({help})", at(text, Some(error.span)), error.message)
                })
                .collect::<Vec<_>>()
                .join("\n"),
        };
        expected.assert_eq(&shown);
    }

    fn check_rule(rule: &str, expected: Expect) {
        check(&format!("firewall f\nallow network c 100\n{rule}\n"), expected);
    }

    #[test]
    fn errors_in_network_rules() {
        check_rule(
            "web: tcp 10.0.0.300 -> * : 70000, 443-80",
            expect![[r"
                `10.0.0.300`: rule `web`: source: `10.0.0.300` is no IP address (each of the four numbers is 0 to 255)
                `70000`: rule `web`: destination port: port `70000` is above 65535 (write a number from 0 to 65535)
                `443-80`: rule `web`: destination port: expected a last port not below the first (write `80-443`)"]],
        );
        check_rule(
            "web: tcp * -> 192.0.2.1:443",
            expect![
                "`192.0.2.1:443`: rule `web`: destination: `192.0.2.1:443` is no address (write `192.0.2.1 : 443` with spaces around the colon)"
            ],
        );
        check_rule(
            "web: tcp * -> ntp.example.com : 123",
            expect![
                "`ntp.example.com`: rule `web`: destination: `ntp.example.com` is no address (write `fqdn ntp.example.com` for a host name, `tag ntp.example.com` for a service tag)"
            ],
        );
        check_rule(
            "web: tcp servers -> any : 123",
            expect![[r"
            `servers`: rule `web`: source: `servers` is no address (write `@servers` for an IP Group, `tag servers` for a service tag)
            `any`: rule `web`: destination: `any` is no address (write `*` for any address)"]],
        );
        check_rule(
            "web: https * -> 192.0.2.1 : 443",
            expect![
                "`https`: rule `web`: protocol: `https` is no protocol of a network or DNAT rule (write `TCP` and the destination port 443)"
            ],
        );
        check_rule(
            "web: tcp -> 192.0.2.1 : 443",
            expect![
                "`-`: rule `web`: expected a source between the protocol and `->` (write `*` for every source)"
            ],
        );
        check_rule(
            "web: tcp * 192.0.2.1 : 443",
            expect![
                "`1`: rule `web`: expected `->` behind the sources (entries of a list have a comma between them: `10.0.0.0/8, 10.1.0.4 -> *`)"
            ],
        );
        check_rule(
            "web: tcp * -> 192.0.2.1 192.0.2.2 : 443",
            expect![[
                r#"`1`: rule `web`: unexpected text `192.0.2.2 : 443` (entries of a list have a comma between them; behind the rule may stand `"description"`, `inspect`, `header NAME "VALUE"` and `unknown FIELD`)"#
            ]],
        );
        check_rule(
            "web: tcp * -> 192.0.2.1 : 443 => 192.0.2.9 : 80",
            expect![
                "`=> 192.0.2.9 : 80`: rule `web`: only a DNAT rule translates (put the rule into a `dnat` collection)"
            ],
        );
        check_rule(
            "web: tcp * -> 192.0.2.1 : 443 inspect",
            expect![
                "`inspect`: rule `web`: `inspect` has no meaning here (only an application rule has it; leave it out)"
            ],
        );
        check_rule(
            "web: tcp * -> url www.example.com/a : 443",
            expect![
                "`www.example.com/a`: rule `web`: destination: `url www.example.com/a` cannot stand here (write `*`, an address, a prefix, a range, a service tag, `@ip-group` or, in a network rule, `fqdn NAME`)"
            ],
        );
        check_rule(
            "my rule: tcp * -> 192.0.2.1 : 443",
            expect![
                "`my`: unknown keyword `my` (a rule is written `NAME: protocol source -> destination : port`, a name with spaces in quotes)"
            ],
        );
        check_rule(
            "wéb: tcp * -> 192.0.2.1 : 443",
            expect![
                "`wéb:`: `wéb:` is no name of a rule (a rule is written `NAME: protocol source -> destination : port`; put a name with other characters than letters, digits, `_`, `.` and `-` in quotes)"
            ],
        );
        check_rule(
            "web: tcp * -> 192.0.2.1,\nnext: tcp * -> * : 443",
            expect![
                "`t`: rule `web`: unexpected text `tcp * -> * : 443` (a line that ends in a comma goes on in the next line)"
            ],
        );
        check_rule(
            "web: tcp * -> 192.0.2.1 : 443 \"open",
            expect!["``: rule `web`: expected the closing quote in the same line ()"],
        );
    }

    #[test]
    fn errors_in_other_rules() {
        check_rule(
            "application web: https:443 * -> WindowsUpdate",
            expect![
                "`WindowsUpdate`: rule `web`: target: `WindowsUpdate` cannot stand here (write a name such as `*.example.com`, `url URL`, `tag FQDN-TAG`, `category NAME` or `address ADDRESS`)"
            ],
        );
        check_rule(
            "application web: https:443 * -> www.example.com : 443",
            expect![
                "`443`: rule `web`: an application rule has no destination ports (write the port behind the protocol: `https:8443`)"
            ],
        );
        check_rule(
            "application web: tcp * -> www.example.com",
            expect![
                "`tcp`: rule `web`: protocol: `tcp` is no protocol of an application rule (write `http:80`, `https:443` or `mssql:1433`)"
            ],
        );
        check_rule(
            "dnat web: tcp * -> 192.0.2.1 : 443 => app.example.com : 80-90",
            expect![[r"
            `app.example.com`: rule `web`: translated address: `app.example.com` is no IP address (write `fqdn app.example.com` for a name)
            `80-90`: rule `web`: translated port: unexpected text `-90` ()"]],
        );
        check_rule(
            "dnat web: tcp * -> @group : 443 =>",
            expect!["``: rule `web`: expected an address behind `=>` (write `=> 10.0.0.4 : 8443`)"],
        );
    }

    #[test]
    fn errors_in_statements() {
        check(
            "polcy p\n  teir Premium",
            expect![[r"
            `polcy`: unknown keyword `polcy` (did you mean `policy`?)
            `teir`: unknown keyword `teir` (did you mean `tier`?)"]],
        );
        check(
            "policy p\n  tier Gold\n  dns-proxy yes\n  dns-proxy on",
            expect![[r"
                `Gold`: `tier`: unknown value `Gold` (write `Basic`, `Standard` or `Premium`)
                `yes`: `dns-proxy`: `yes` is neither on nor off (write `on` or `off`)
                `dns-proxy`: `dns-proxy`: stands twice (leave one of the lines out)"]],
        );
        check(
            "policy p\ngroup g 200\n  tier Basic",
            expect![
                "`tier`: `tier`: stands outside what it belongs to (put the line directly below `policy` or `firewall`)"
            ],
        );
        check(
            "policy my policy\ngroup g high",
            expect![[r"
            `policy`: `policy`: expected one value (put a text with spaces in quotes)
            `high`: `group`: `high` is no priority (write a number from 100 to 65000)"]],
        );
        check(
            "group g 200\n  allow c 100\n  rule: tcp * -> * : 1",
            expect![[r"
            `group`: `group`: a group belongs to a policy (write `of POLICY` behind the priority, or `of none`; the collections of a classic firewall stand directly below it)
            `allow`: `allow`: expected `network` or `application` (write `allow network NAME 100` or `allow application NAME 100`)
            `rule`: rule `rule`: a rule belongs to a collection (begin a collection first: `allow network NAME 100`)"]],
        );
        check(
            "firewall f\ngroup g 200",
            expect![
                "`group`: `group`: a group belongs to a policy (write `of POLICY` behind the priority, or `of none`; the collections of a classic firewall stand directly below it)"
            ],
        );
        check(
            "allow network c 100",
            expect![
                "`allow`: `allow`: a collection belongs to a group or a firewall (begin a group first: `group NAME 200`)"
            ],
        );
        check("ip-group g 10.0.0.0/8", expect!["`1`: `ip-group`: expected `=` and addresses ()"]);
        check(
            "policy p\n  explicit-proxy on port 8080",
            expect![
                "`port`: `explicit-proxy`: unexpected `port` (write `http PORT`, `https PORT`, `pac on`, `pac-port PORT`, `pac-file URL`)"
            ],
        );
    }

    #[test]
    fn warnings() {
        check_rule(
            "web: tcp 10.0.0.4/24 -> fqdn www.example.* : 443",
            expect![
                "warning `10.0.0.4/24`: rule `web`: `10.0.0.4/24` has bits set behind its prefix length (write `10.0.0.0/24`, which is what it means)"
            ],
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(
            text in r#"(policy|group|allow|dnat|id|web:|tcp|->|=>|:|,|"|`|@|!|\\|#|none|fqdn|[ -~]|\PC|\n| ){0,40}"#,
        ) {
            if let Err(errors) = parsed(&text) {
                prop_assert!(errors.iter().all(|error| error.span.end as usize <= text.len()));
                prop_assert!(errors.iter().next().is_some());
            }
        }
    }
}
