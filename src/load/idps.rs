//! `intrusionDetection`: what is not known of it must not count as not set.

use super::collection::subject;
use super::fields::{Fields, Scalar, Subject, Tags, any_text, is_empty, scalar};
use super::notes::Notes;
use super::part::{GIVE_VALUES, MODES, Part, Unknown, choice};
use crate::net::IpProtocol;
use crate::policy::{BypassTraffic, IdpsMode, IntrusionDetection, SignatureOverride, Written};
use crate::source::{Severity, Spanned};
use crate::syntax::json::Node;
use crate::syntax::value;

/// The settings of IDPS.
pub(super) fn idps(notes: &mut Notes<'_>, subject: &Subject<'_>) -> Option<IntrusionDetection> {
    match notes.part(subject, &["intrusionDetection"]) {
        Part::Nothing => None,
        Part::Unknown(unknown) => Some(IntrusionDetection {
            mode: Some(unknown.written()),
            overrides: vec![unknown_override(&unknown)],
            bypass: vec![unknown_bypass(&unknown)],
            ..IntrusionDetection::default()
        }),
        Part::Fields(idps) => Some(intrusion_detection(notes, &idps)),
    }
}

fn intrusion_detection(notes: &mut Notes<'_>, subject: &Subject<'_>) -> IntrusionDetection {
    let mode = notes.setting(subject, "mode", choice(IdpsMode::from_text, MODES));
    let detection = IntrusionDetection {
        mode,
        profile: subject.fields.text("profile"),
        ..IntrusionDetection::default()
    };
    let subject = match notes.part(subject, &["configuration"]) {
        Part::Nothing => return detection,
        Part::Unknown(unknown) => {
            // It can change any signature, and can bypass any flow.
            return IntrusionDetection {
                overrides: vec![unknown_override(&unknown)],
                bypass: vec![unknown_bypass(&unknown)],
                ..detection
            };
        }
        Part::Fields(subject) => subject,
    };
    let overrides = subject.fields.entries(&["signatureOverrides"]).iter();
    let overrides = overrides.filter(|entry| !is_empty(entry));
    let overrides = overrides.map(|entry| signature_override(notes, &subject, entry)).collect();
    let bypass = subject.fields.entries(&["bypassTrafficSettings"]).iter();
    let bypass = bypass.filter(|entry| !is_empty(entry));
    let bypass = bypass.map(|entry| bypass_traffic(notes, entry)).collect();
    let private_ranges =
        notes.addresses(&subject, &["privateRanges"], "IDPS private range", Tags::Refused);
    IntrusionDetection { overrides, bypass, private_ranges, ..detection }
}

/// An override of which nothing is known.
fn unknown_override(unknown: &Unknown) -> SignatureOverride {
    SignatureOverride { id: unknown.written(), mode: unknown.written().value }
}

fn signature_override(
    notes: &mut Notes<'_>,
    subject: &Subject<'_>,
    entry: &Node,
) -> SignatureOverride {
    let subject = Subject { fields: Fields::of(entry), ..subject.clone() };
    let id = notes.setting(&subject, "id", any_text);
    let mode = notes.setting(&subject, "mode", choice(IdpsMode::from_text, MODES));
    let whole = unknown_entry(notes, entry);
    let missing = |key: &str, notes: &mut Notes<'_>| {
        if whole.is_expression {
            let message = format!("an IDPS signature override is not known: `{}`", whole.text);
            notes.warn_with_help(Severity::Error, message, entry.span, GIVE_VALUES);
        } else {
            let message = format!("an IDPS signature override has no `{key}`");
            let help = "write `{\"id\": \"2008983\", \"mode\": \"Alert\"}`";
            notes.warn_with_help(Severity::Error, message, entry.span, help);
        }
    };
    if id.is_none() {
        missing("id", notes);
    } else if mode.is_none() {
        missing("mode", notes);
    }
    SignatureOverride {
        id: id.unwrap_or_else(|| whole.written()),
        mode: mode.map_or_else(|| whole.written().value, |mode| mode.value),
    }
}

/// An entry of a list that is no usable object.
fn unknown_entry(notes: &Notes<'_>, entry: &Node) -> Unknown {
    let (text, is_expression) = match scalar(entry) {
        Some(Scalar::Unresolved(expression)) => (expression, true),
        Some(Scalar::Text(_)) | None => (notes.written(entry.span).into(), false),
    };
    Unknown { text, is_expression, span: entry.span }
}

/// A bypass of which nothing is known: it may bypass every flow.
fn unknown_bypass(unknown: &Unknown) -> BypassTraffic {
    BypassTraffic {
        name: Spanned::new(unknown.text.clone(), unknown.span),
        description: None,
        protocol: None,
        sources: vec![unknown.written()],
        source_ip_groups: Vec::new(),
        destinations: Vec::new(),
        destination_ip_groups: Vec::new(),
        destination_ports: Vec::new(),
    }
}

fn bypass_traffic(notes: &mut Notes<'_>, entry: &Node) -> BypassTraffic {
    let subject = match subject(notes, entry, "IDPS bypass") {
        Ok(subject) => subject,
        Err(error) => {
            notes.warn_with_help(Severity::Error, error.to_string(), entry.span, GIVE_VALUES);
            return unknown_bypass(&unknown_entry(notes, entry));
        }
    };
    let any = |text: &str| text.eq_ignore_ascii_case("any");
    let protocol = choice(
        |text| if any(text) { Some(None) } else { IpProtocol::from_text(text).map(Some) },
        "`TCP`, `UDP`, `ICMP` or `ANY`",
    );
    let protocol = notes.single(&subject, "protocol", "protocol", protocol);
    let protocol = protocol.and_then(|protocol| match protocol.value {
        Written::Value(protocol) => protocol.map(Written::Value),
        Written::Unresolved(text) => Some(Written::Unresolved(text)),
        Written::Invalid(text) => Some(Written::Invalid(text)),
    });
    BypassTraffic {
        description: subject.fields.text("description"),
        protocol,
        sources: notes.addresses(&subject, &["sourceAddresses"], "source address", Tags::Refused),
        source_ip_groups: notes.ip_groups(&subject, "sourceIpGroups"),
        destinations: notes.addresses(
            &subject,
            &["destinationAddresses"],
            "destination address",
            Tags::Refused,
        ),
        destination_ip_groups: notes.ip_groups(&subject, "destinationIpGroups"),
        destination_ports: notes.list(
            &subject,
            &["destinationPorts"],
            "destination port",
            value::port_range,
        ),
        name: subject.name,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, read};
    use crate::policy::{FirewallPolicy, Written};
    use crate::source::{Source, Sources};

    fn policy(text: &str) -> (FirewallPolicy, Vec<String>) {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("a.json", text));
        let (mut inventory, warnings) = read(id, &sources, &Options::default()).unwrap();
        let warnings = warnings.into_iter().map(|warning| warning.message).collect();
        (inventory.policies.remove(0), warnings)
    }

    #[test]
    fn what_is_not_known_of_idps_is_kept() {
        let (policy, warnings) = policy(
            r#"{"name": "hub", "properties": {"intrusionDetection": {"mode": ["Deny"], "configuration": {
            "signatureOverrides": ["[parameters('override')]", {"id": "2008983"}, null],
            "bypassTrafficSettings": ["[parameters('bypass')]", {}]}},
            "threatIntelWhitelist": "none"}}"#,
        );
        let idps = policy.settings.intrusion_detection.unwrap();
        assert_eq!(idps.mode.unwrap().value, Written::Invalid("[\"Deny\"]".into()));
        let signatures: Vec<String> =
            idps.overrides.iter().map(|it| it.id.value.to_string()).collect();
        assert_eq!(signatures, ["[parameters('override')]", "2008983"]);
        let unknown = Written::Invalid(r#"{"id": "2008983"}"#.into());
        assert_eq!(idps.overrides[1].mode, unknown);
        let bypass = Written::Unresolved("[parameters('bypass')]".into());
        assert_eq!((idps.bypass.len(), &idps.bypass[0].sources[0].value), (1, &bypass));
        assert_eq!(policy.settings.threat_intel_allowlist.addresses.len(), 1);
        assert_eq!(
            warnings,
            [
                "invalid `mode` `[\"Deny\"]` in policy `hub`: expected a text",
                "an IDPS signature override is not known: `[parameters('override')]`",
                "an IDPS signature override has no `mode`",
                "an IDPS bypass is not known: `[parameters('bypass')]`",
                "invalid `threatIntelWhitelist` `none` of policy `hub`: expected an object",
            ]
        );
    }
}
