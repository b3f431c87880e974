//! Rules of all three types.

use smol_str::SmolStr;

use super::fields::{Fields, Scalar, Subject, Tags, any_text, boolean, is_empty, is_named, scalar};
use super::notes::Notes;
use super::rule_kind::{Expected, RuleKind, rule_kind};
use crate::net::Fqdn;
use crate::policy::{
    Application, ApplicationRule, HttpHeader, NatRule, NetworkRule, Rule, RuleHead, RuleSpan,
    Written,
};
use crate::source::{InputError, Severity, Spanned};
use crate::syntax::json::Node;
use crate::syntax::value::{self, ValueError};

/// What a rule of any type may hold. From `id` on nothing decides: identity, state, and leftovers in
/// the samples of Azure's specifications.
const HEAD_FIELDS: &[&str] = &[
    "name",
    "description",
    "ruleType",
    "ruleConditionType",
    "sourceAddresses",
    "sourceIpGroups",
    "id",
    "type",
    "etag",
    "provisioningState",
    "size",
    "priority",
    "direction",
    "actions",
    "ipv6Rule",
];
const NETWORK_FIELDS: &[&str] = &[
    "ipProtocols",
    "protocols",
    "destinationAddresses",
    "destinationIpGroups",
    "destinationFqdns",
    "destinationPorts",
];
const APPLICATION_FIELDS: &[&str] = &[
    "protocols",
    "targetFqdns",
    "targetUrls",
    "fqdnTags",
    "webCategories",
    "destinationAddresses",
    "terminateTLS",
    "httpHeadersToInsert",
];
const NAT_FIELDS: &[&str] = &[
    "ipProtocols",
    "protocols",
    "destinationAddresses",
    "destinationPorts",
    "translatedAddress",
    "translatedFqdn",
    "translatedPort",
    // In the shape of 2019 a DNAT rule is a collection too, where these are read.
    "action",
    "ruleCondition",
    "ruleConditions",
];

/// A rule of a collection. `index` counts from one and names a rule without a name.
///
/// # Errors
///
/// The type of the rule cannot be told.
pub(super) fn rule(
    notes: &mut Notes<'_>,
    fields: Fields<'_>,
    index: usize,
    expected: Expected,
    collection: &Subject<'_>,
) -> Result<Rule, InputError> {
    let name = fields.spanned_text("name").unwrap_or_else(|| {
        let message = format!("rule {index} of {collection} has no name");
        let help = format!("give it a `name`; it is called `#{index}` here");
        notes.warn_with_help(Severity::Error, message, fields.span(), help);
        Spanned::new(format!("#{index}").into(), fields.span())
    });
    let subject = Subject { fields, what: "rule", name };
    let kind = rule_kind(notes, &subject, expected)?;
    Ok(match kind {
        RuleKind::Network => Rule::Network(network(notes, &subject)),
        RuleKind::Application => Rule::Application(application(notes, &subject)),
        RuleKind::Nat => Rule::Nat(nat(notes, &subject)),
    })
}

fn network(notes: &mut Notes<'_>, subject: &Subject<'_>) -> NetworkRule {
    NetworkRule {
        head: head(notes, subject, NETWORK_FIELDS),
        protocols: notes.list(
            subject,
            &["ipProtocols", "protocols"],
            "protocol",
            value::rule_protocol,
        ),
        destinations: notes.addresses(
            subject,
            &["destinationAddresses"],
            "destination address",
            Tags::Allowed,
        ),
        destination_ip_groups: notes.ip_groups(subject, "destinationIpGroups"),
        destination_fqdns: notes.list(
            subject,
            &["destinationFqdns"],
            "destination FQDN",
            value::fqdn_pattern,
        ),
        destination_ports: notes.ports(subject),
    }
}

fn application(notes: &mut Notes<'_>, subject: &Subject<'_>) -> ApplicationRule {
    ApplicationRule {
        head: head(notes, subject, APPLICATION_FIELDS),
        protocols: protocols(notes, subject),
        target_fqdns: notes.list(subject, &["targetFqdns"], "target FQDN", value::fqdn_pattern),
        target_urls: notes.list(subject, &["targetUrls"], "target URL", value::url_pattern),
        fqdn_tags: notes.list(subject, &["fqdnTags"], "FQDN tag", any_text),
        web_categories: notes.list(subject, &["webCategories"], "web category", any_text),
        destinations: notes.addresses(
            subject,
            &["destinationAddresses"],
            "destination address",
            Tags::Refused,
        ),
        terminate_tls: notes.single(subject, "terminateTLS", "`terminateTLS`", boolean),
        http_headers: http_headers(subject),
    }
}

fn nat(notes: &mut Notes<'_>, subject: &Subject<'_>) -> NatRule {
    let fqdn = |text: &str| {
        let message = "expected a name".to_owned();
        Fqdn::new(text).ok_or(ValueError { message, help: None, offset: 0 })
    };
    NatRule {
        head: head(notes, subject, NAT_FIELDS),
        protocols: notes.list(
            subject,
            &["ipProtocols", "protocols"],
            "protocol",
            value::rule_protocol,
        ),
        destinations: notes.addresses(
            subject,
            &["destinationAddresses"],
            "destination address",
            Tags::Refused,
        ),
        destination_ports: notes.ports(subject),
        translated_address: notes.single(
            subject,
            "translatedAddress",
            "translated address",
            value::ip_address,
        ),
        translated_fqdn: notes.single(subject, "translatedFqdn", "translated FQDN", fqdn),
        translated_port: notes.single(subject, "translatedPort", "translated port", value::port),
    }
}

fn head(notes: &mut Notes<'_>, subject: &Subject<'_>, known: &[&str]) -> RuleHead {
    RuleHead {
        name: subject.name.clone(),
        description: subject.fields.text("description"),
        sources: notes.addresses(subject, &["sourceAddresses"], "source address", Tags::Allowed),
        source_ip_groups: notes.ip_groups(subject, "sourceIpGroups"),
        unknown_fields: unknown_fields(notes, subject, known),
        span: RuleSpan(Some(subject.fields.span())),
    }
}

/// Fields that hold something and stand in no list. A new criterion of Azure's must not be passed
/// over in silence, or the rule would match too much.
fn unknown_fields(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    known: &[&str],
) -> Vec<Spanned<SmolStr>> {
    let mut unknown = Vec::new();
    for member in subject.fields.members() {
        let mut lists = [HEAD_FIELDS, known].into_iter().flatten();
        if is_empty(&member.value) || lists.any(|key| is_named(member, key)) {
            continue;
        }
        let span = member.key.span.unwrap_or(member.value.span);
        let message = format!("{subject} has the unknown field `{}`", member.key.value);
        let help = "what it limits is not known, so the rule cannot be evaluated";
        notes.warn_with_help(Severity::Warning, message, span, help);
        unknown.push(member.key.clone());
    }
    unknown
}

/// `{"protocolType": "Https", "port": 443}`; `Https:443` is understood too.
fn protocols(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Vec<Spanned<Written<Application>>> {
    let mut protocols = Vec::new();
    for entry in subject.fields.entries(&["protocols"]) {
        let written = match protocol_text(entry) {
            Scalar::Text(text) if text.is_empty() && is_empty(entry) => continue,
            Scalar::Text(text) => match value::application(&text) {
                Ok(application) => Written::Value(application),
                Err(error) => {
                    notes.invalid(subject, "protocol", &text, error, entry.span);
                    Written::Invalid(text)
                }
            },
            Scalar::Unresolved(expression) => Written::Unresolved(expression),
        };
        protocols.push(Spanned::new(written, entry.span));
    }
    protocols
}

/// An entry of `protocols` as `Https:443`.
fn protocol_text(entry: &Node) -> Scalar {
    let Some(name) = entry.get("protocolType").or_else(|| entry.get("type")) else {
        return scalar(entry).unwrap_or(Scalar::Text(SmolStr::default()));
    };
    let port = entry.get("port").and_then(scalar).filter(|port| *port != Scalar::Text("".into()));
    match (scalar(name), port) {
        (Some(Scalar::Unresolved(expression)), _) | (_, Some(Scalar::Unresolved(expression))) => {
            Scalar::Unresolved(expression)
        }
        (Some(Scalar::Text(name)), Some(Scalar::Text(port))) => {
            Scalar::Text(format!("{name}:{port}").into())
        }
        (Some(Scalar::Text(name)), None) => Scalar::Text(name),
        (None, _) => Scalar::Text(SmolStr::default()),
    }
}

fn http_headers(subject: &Subject<'_>) -> Vec<Spanned<HttpHeader>> {
    let entries = subject.fields.entries(&["httpHeadersToInsert"]).iter();
    let header = |entry: &Node| {
        let fields = Fields::of(entry);
        let name = fields.text("headerName").unwrap_or_default();
        let value = fields.text("headerValue").unwrap_or_default();
        Spanned::new(HttpHeader { name, value }, entry.span)
    };
    entries.filter(|entry| !is_empty(entry)).map(header).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::shown::check_rules;

    /// Rules of an allowing filter collection.
    fn filter(rules: &str) -> String {
        format!("\"action\": {{\"type\": \"Allow\"}}, \"rules\": [\n{rules}]")
    }

    #[test]
    fn the_three_types() {
        check_rules(
            &filter(
                r#"{"ruleType": "NetworkRule", "name": "r", "ipProtocols": ["TCP", "udp"],
                "sourceAddresses": ["10.0.0.0/8"], "sourceIpGroups": ["/providers/x/ipGroups/a"],
                "destinationAddresses": ["AzureMonitor"], "destinationFqdns": ["time.example.com"],
                "destinationIpGroups": [{"id": "/providers/x/ipGroups/b"}], "destinationPorts": ["443", "8000-8999"]}"#,
            ),
            expect![[r#"
                network r: TCP,UDP 10.0.0.0/8|/providers/x/ipGroups/a -> AzureMonitor|/providers/x/ipGroups/b|time.example.com:443,8000-8999
            "#]],
        );
        check_rules(
            &filter(
                r#"{"ruleType": "ApplicationRule", "name": "r", "sourceAddresses": ["*"], "terminateTLS": true,
                "protocols": [{"protocolType": "https", "port": 443}, {"protocolType": "Http", "port": "8080"}],
                "targetFqdns": ["*.example.com"], "targetUrls": ["www.example.com/a/*"], "fqdnTags": ["WindowsUpdate"],
                "webCategories": ["News"], "httpHeadersToInsert": [{"headerName": "A", "headerValue": "b"}]}"#,
            ),
            expect![[r#"
                application r: Https:443,Http:8080 *| -> *.example.com|www.example.com/a/*|WindowsUpdate|News with inspection
            "#]],
        );
        check_rules(
            r#""action": {"type": "Dnat"}, "ruleCollectionType": "FirewallPolicyNatRuleCollection",
            "rules": [{"ruleType": "NatRule", "name": "r", "ipProtocols": ["TCP"], "sourceAddresses": ["*"],
            "destinationAddresses": ["192.0.2.1"], "destinationPorts": ["443"], "translatedAddress": "10.0.0.4",
            "translatedPort": "8443"}]"#,
            expect![[r#"
                nat r: TCP *| -> 192.0.2.1:443 => 10.0.0.4:8443
            "#]],
        );
    }

    #[test]
    fn missing_null_and_empty_are_the_same() {
        let rules = r#"{"ruleType": "NetworkRule", "name": "a", "destinationPorts": ["22"]},
            {"ruleType": "NetworkRule", "name": "b", "destinationPorts": ["22"], "sourceIpGroups": null,
             "sourceAddresses": [], "destinationAddresses": [""], "destinationFqdns": "", "ipProtocols": null}"#;
        check_rules(
            &filter(rules),
            expect![[r#"
            network a:  | -> ||:22
            network b:  | -> ||:22
        "#]],
        );
    }

    #[test]
    fn spellings_that_are_understood() {
        // Case of keys and values, numbers as ports, a text for a list, blank space.
        check_rules(
            &filter(
                r#"{"RuleType": "networkRULE", "Name": "r", "protocols": "tCP", "SOURCEADDRESSES": "10.0.0.4",
                "DestinationAddresses": ["*"], "destinationports": [1688, "49152 - 65535"]}"#,
            ),
            expect![[r#"
                network r: TCP 10.0.0.4| -> *||:1688,49152-65535
                note in line 4: destination port `49152 - 65535` in rule `r` has blank space in it, which other tools refuse (write `49152-65535`)
            "#]],
        );
        check_rules(
            &filter(
                r#"{"name": "r", "protocols": ["https:443", "Mssql"], "targetFqdns": "example.com"}"#,
            ),
            expect![[r#"
                application r: Https:443,Mssql:1433 | -> example.com|||
            "#]],
        );
        check_rules(
            &filter(
                r#"{"properties": {"ruleType": "NetworkRule", "destinationPorts": ["1"]}, "name": "r"}"#,
            ),
            expect![[r#"
                network r:  | -> ||:1
            "#]],
        );
    }

    #[test]
    fn bad_values_are_kept_and_reported() {
        check_rules(
            &filter(
                r#"{"ruleType": "NetworkRule", "name": "r", "ipProtocols": ["Foo"],
                "sourceAddresses": ["10.0.0.300"],
                "destinationAddresses": ["db.north.example.com"],
                "destinationIpGroups": ["servers"],
                "destinationPorts": ["70000", {"from": 1}]}"#,
            ),
            expect![[r#"
                network r: !Foo !10.0.0.300| -> !db.north.example.com|!servers|:!70000,!{"from": 1}
                error in line 3: invalid protocol `Foo` in rule `r`: `Foo` is no protocol of a network or DNAT rule (write `TCP`, `UDP`, `ICMP` or `Any`)
                error in line 4: invalid source address `10.0.0.300` in rule `r`: `10.0.0.300` is no IP address (each of the four numbers is 0 to 255)
                error in line 5: invalid destination address `db.north.example.com` in rule `r`: it looks like a host name (write names as `destinationFqdns` of a network rule or `targetFqdns` of an application rule)
                error in line 6: invalid IP Group `servers` in rule `r`: expected the resource id of an IP Group (write `/subscriptions/…/providers/Microsoft.Network/ipGroups/NAME`)
                error in line 7: invalid destination port `70000` in rule `r`: port `70000` is above 65535 (write a number from 0 to 65535)
                error in line 7: invalid destination port `{"from": 1}` in rule `r`: expected a text (write `443`, `8000-8999` or `*`)
            "#]],
        );
        check_rules(
            &filter(
                r#"{"ruleType": "ApplicationRule", "name": "r", "protocols": [{"protocolType": "Ftp", "port": 21},
                {"protocolType": "Https", "port": 70000}, {"port": 443}], "terminateTLS": "maybe"}"#,
            ),
            expect![[r#"
                application r: !Ftp:21,!Https:70000,! | -> |||
                error in line 3: invalid protocol `Ftp:21` in rule `r`: `Ftp` is no protocol of an application rule (write `http:80`, `https:443` or `mssql:1433`)
                error in line 4: invalid protocol `Https:70000` in rule `r`: port `70000` is above 65535 (write a number from 0 to 65535)
                error in line 4: invalid protocol `` in rule `r`: expected `http`, `https` or `mssql` (write `TCP`, `UDP`, `ICMP` or `Any`; in application rules `https:443`)
                error in line 4: invalid `terminateTLS` `maybe` in rule `r`: expected `true` or `false` (write one of the two)
            "#]],
        );
    }

    #[test]
    fn addresses_that_mean_something_else() {
        check_rules(
            &filter(
                r#"{"ruleType": "NetworkRule", "name": "r", "sourceAddresses": ["10.0.0.5/24", "Sql.WestEurope"]}"#,
            ),
            expect![[r#"
                network r:  10.0.0.0/24,Sql.WestEurope| -> ||:
                warning in line 3: source address `10.0.0.5/24` in rule `r` has host bits set (it is read as `10.0.0.0/24`)
            "#]],
        );
    }

    #[test]
    fn expressions_are_kept() {
        check_rules(
            &filter(
                r#"{"ruleType": "NetworkRule", "name": "r", "sourceAddresses": "[parameters('a')]",
                "destinationAddresses": ["[reference('b').ipAddress]"], "destinationIpGroups": ["[variables('c')]"],
                "destinationPorts": ["[parameters('d')]"]}"#,
            ),
            expect![[r#"
                network r:  ?[parameters('a')]| -> ?[reference('b').ipAddress]|?[variables('c')]|:?[parameters('d')]
            "#]],
        );
    }

    #[test]
    fn unknown_fields_make_a_rule_unknown() {
        check_rules(
            &filter(
                r#"{"ruleType": "NetworkRule", "name": "r", "etag": "x", "provisioningState": "Succeeded",
                "priority": 5, "kubeSelectorGroups": ["/a/b"], "sourceTags": [], "later": false}"#,
            ),
            expect![[r#"
                network r:  | -> ||: ?kubeSelectorGroups
                warning in line 4: rule `r` has the unknown field `kubeSelectorGroups` (what it limits is not known, so the rule cannot be evaluated)
            "#]],
        );
        // A field of another type of rule limits something here too.
        check_rules(
            &filter(
                r#"{"ruleType": "NetworkRule", "name": "r", "targetFqdns": ["a.example.com"]}"#,
            ),
            expect![[r#"
                network r:  | -> ||: ?targetFqdns
                warning in line 3: rule `r` has the unknown field `targetFqdns` (what it limits is not known, so the rule cannot be evaluated)
            "#]],
        );
    }

    #[test]
    fn a_rule_without_a_name() {
        check_rules(
            &filter(r#"{"ruleType": "NetworkRule"}"#),
            expect![[r#"
                network #1:  | -> ||:
                error in line 3: rule 1 of rule collection `c` has no name (give it a `name`; it is called `#1` here)
            "#]],
        );
    }
}
