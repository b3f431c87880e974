//! Flows as JSON objects.
//!
//! The fields: `protocol`, `source`, `source_port`, `destination`, `fqdn`, `port`, `host_port`,
//! `url`, `application`, `web_category`, `threat_intel`, `idps`, `explicit_proxy`.

use serde_json::{Map, Value, json};
use smol_str::SmolStr;

use super::properties::{hit_mode, hit_mode_name, host_name, idps_hit, truth, without_application};
use crate::flow::{Flow, FlowProtocol, IdpsHit, Name};
use crate::net::RequestUrl;
use crate::syntax::spelling::closest;
use crate::syntax::value::{self, ValueError};

/// The fields of a flow, in the order in which they are written.
pub const FLOW_FIELDS: [&str; 13] = [
    "protocol",
    "source",
    "source_port",
    "destination",
    "fqdn",
    "port",
    "host_port",
    "url",
    "application",
    "web_category",
    "threat_intel",
    "idps",
    "explicit_proxy",
];

/// Why an object or a row is no flow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FlowError {
    /// The field it is about.
    pub field: Option<String>,
    /// Names the field; lower case, no final stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl FlowError {
    pub(super) fn new(message: &str) -> Self {
        Self { field: None, message: message.to_owned(), help: None }
    }

    fn of(field: &str, error: ValueError) -> Self {
        let message = format!("field `{field}`: {}", error.message);
        Self { field: Some(field.to_owned()), message, help: error.help }
    }

    /// `what` goes on from "field `source` …".
    pub(super) fn in_field(field: &str, what: &str, help: &str) -> Self {
        let message = format!("field `{field}` {what}");
        Self { field: Some(field.to_owned()), message, help: Some(help.to_owned()) }
    }
}

/// What a source says of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Given {
    Nothing,
    /// JSON's `null`, the word `none` of a CSV file.
    Null,
    Text(String),
    Hit(IdpsHit),
}

/// The flow of a JSON object.
///
/// # Errors
/// The value is no object, holds a field that no flow has, or a field holds no value of its kind.
pub fn flow_from_json(value: &Value) -> Result<Flow, FlowError> {
    let Value::Object(members) = value else {
        return Err(FlowError::new("a flow is a JSON object"));
    };
    let mut fields = Fields::default();
    for (key, value) in members {
        let field = known_field(key)?;
        fields.put(field, given(field, value)?)?;
    }
    fields.flow()
}

pub(super) fn known_field(name: &str) -> Result<&'static str, FlowError> {
    let known = FLOW_FIELDS.into_iter().find(|field| field.eq_ignore_ascii_case(name));
    known.ok_or_else(|| {
        let fields = FLOW_FIELDS.map(|field| format!("`{field}`")).join(", ");
        let near = closest(name, FLOW_FIELDS);
        let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        FlowError {
            field: Some(name.to_owned()),
            message: format!("a flow has no field `{name}`"),
            help: Some(format!("{near}known fields: {fields}")),
        }
    })
}

fn given(field: &str, value: &Value) -> Result<Given, FlowError> {
    match value {
        Value::Null => Ok(Given::Null),
        Value::Bool(truth) => Ok(Given::Text(truth.to_string())),
        Value::Number(number) => Ok(Given::Text(number.to_string())),
        Value::String(text) => Ok(Given::Text(text.clone())),
        Value::Object(members) if field == "idps" => hit(members).map(Given::Hit),
        Value::Array(_) | Value::Object(_) => {
            Err(FlowError::in_field(field, "holds a list or an object", "write one value"))
        }
    }
}

/// `{"id": "2008983", "mode": "deny"}`.
fn hit(members: &Map<String, Value>) -> Result<IdpsHit, FlowError> {
    let of = |error| FlowError::of("idps", error);
    let help = r#"write `{"id": "2008983", "mode": "deny"}`, or the mode alone"#;
    let (mut signature, mut mode) = (None, None);
    for (key, value) in members {
        match (key.as_str(), value) {
            ("id", Value::Null) => {}
            ("id", Value::String(id)) => signature = Some(SmolStr::new(id)),
            ("id", Value::Number(id)) => signature = Some(SmolStr::from(id.to_string())),
            ("mode", Value::String(text)) => mode = Some(hit_mode(text).map_err(of)?),
            _ => {
                return Err(FlowError::in_field(
                    "idps",
                    &format!("holds `{key}`, which cannot be read"),
                    help,
                ));
            }
        }
    }
    match mode {
        Some(mode) => Ok(IdpsHit { signature, mode }),
        None => Err(FlowError::in_field("idps", "lacks the mode", help)),
    }
}

/// The fields of one flow, by their place in [`FLOW_FIELDS`].
#[derive(Debug, Default)]
pub(super) struct Fields {
    given: Vec<(&'static str, Given)>,
}

impl Fields {
    pub(super) fn put(&mut self, field: &'static str, given: Given) -> Result<(), FlowError> {
        if self.given.iter().any(|(known, _)| *known == field) {
            return Err(FlowError::in_field(field, "stands twice", "leave one out"));
        }
        self.given.push((field, given));
        Ok(())
    }

    fn given(&self, field: &str) -> &Given {
        let found = self.given.iter().find(|(known, _)| *known == field);
        found.map_or(&Given::Nothing, |(_, given)| given)
    }

    fn text(&self, field: &str) -> Option<&str> {
        match self.given(field) {
            Given::Text(text) => Some(text),
            Given::Nothing | Given::Null | Given::Hit(_) => None,
        }
    }

    fn read<T>(
        &self,
        field: &str,
        read: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Result<Option<T>, FlowError> {
        let value = self.text(field).map(read).transpose();
        value.map_err(|error| FlowError::of(field, error))
    }

    fn needed<T>(
        &self,
        field: &str,
        read: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Result<T, FlowError> {
        let value = self.read(field, read)?;
        value.ok_or_else(|| FlowError::in_field(field, "is missing", "every flow has one"))
    }

    pub(super) fn flow(&self) -> Result<Flow, FlowError> {
        let protocol = self.needed("protocol", protocol)?;
        let mut flow = Flow::new(protocol, self.needed("source", value::ip_address)?);
        flow.source_port = self.port("source_port", protocol)?;
        flow.destination = self.read("destination", destination)?;
        flow.name = match self.given("fqdn") {
            Given::Null => Name::Absent,
            Given::Text(text) => {
                Name::Known(host_name(text).map_err(|error| FlowError::of("fqdn", error))?)
            }
            Given::Nothing | Given::Hit(_) => Name::Unknown,
        };
        if *self.given("port") != Given::Nothing {
            flow.port = self.port("port", protocol)?;
        }
        flow.host_port = self.read("host_port", value::port)?;
        let application = self.read("application", without_application)?;
        flow.is_without_application = application.unwrap_or_default();
        flow.web_category = self.text("web_category").map(SmolStr::new);
        flow.is_listed_threat = self.read("threat_intel", truth)?.unwrap_or_default();
        flow.idps = match self.given("idps") {
            Given::Hit(hit) => Some(hit.clone()),
            Given::Nothing | Given::Null | Given::Text(_) => self.read("idps", idps_hit)?,
        };
        flow.is_explicit_proxy = self.read("explicit_proxy", truth)?.unwrap_or_default();
        Ok(match self.read("url", url)? {
            Some(url) => flow.with_url(url),
            None => flow,
        })
    }

    fn port(&self, field: &str, protocol: FlowProtocol) -> Result<Option<u16>, FlowError> {
        let port = self.read(field, value::port)?;
        if port.is_some() && !protocol.has_ports() {
            return Err(FlowError::in_field(
                field,
                &format!("stands beside `{protocol}`, which has no ports"),
                "leave the field out",
            ));
        }
        Ok(port)
    }
}

fn protocol(text: &str) -> Result<FlowProtocol, ValueError> {
    FlowProtocol::from_text(text.trim()).ok_or_else(|| ValueError {
        message: format!("`{text}` is no protocol of a flow"),
        help: Some(
            "write `tcp`, `udp`, `icmp`, `http`, `https`, `mssql` or an IP protocol number"
                .to_owned(),
        ),
        offset: 0,
    })
}

fn destination(text: &str) -> Result<std::net::IpAddr, ValueError> {
    value::ip_address(text).map_err(|mut error| {
        if text.contains(|c: char| c.is_alphabetic()) && !text.contains(':') {
            error.message = format!("`{text}` is no IP address");
            error.help = Some("a name belongs into the field `fqdn`".to_owned());
        }
        error
    })
}

fn url(text: &str) -> Result<RequestUrl, ValueError> {
    RequestUrl::new(text).ok_or_else(|| ValueError {
        message: format!("`{text}` is no URL"),
        help: Some("write the host and the path: `www.example.com/path`".to_owned()),
        offset: 0,
    })
}

/// The flow as a JSON object, from which [`flow_from_json`] reads the same flow.
/// What is unknown is left out.
#[must_use]
pub fn flow_to_json(flow: &Flow) -> Value {
    let mut out = Map::new();
    let mut put = |field: &str, value: Value| drop(out.insert(field.to_owned(), value));
    put("protocol", json!(flow.protocol.to_string()));
    put("source", json!(flow.source.to_string()));
    if let Some(port) = flow.source_port {
        put("source_port", json!(port));
    }
    if let Some(address) = flow.destination {
        put("destination", json!(address.to_string()));
    }
    match &flow.name {
        Name::Unknown => {}
        Name::Absent => put("fqdn", Value::Null),
        Name::Known(name) => put("fqdn", json!(name.as_str())),
    }
    match (flow.port, flow.protocol) {
        (Some(port), _) => put("port", json!(port)),
        // An absent port would be the protocol's default.
        (None, FlowProtocol::Application(_)) => put("port", Value::Null),
        (None, FlowProtocol::Ip(_)) => {}
    }
    if let Some(port) = flow.host_port {
        put("host_port", json!(port));
    }
    if let Some(url) = &flow.url {
        put("url", json!(url.to_string()));
    }
    if flow.is_without_application {
        put("application", json!("none"));
    }
    if let Some(category) = &flow.web_category {
        put("web_category", json!(category.as_str()));
    }
    if flow.is_listed_threat {
        put("threat_intel", json!(true));
    }
    if let Some(hit) = &flow.idps {
        let mode = hit_mode_name(hit.mode);
        let hit = hit.signature.as_ref().map(|id| json!({"id": id.as_str(), "mode": mode}));
        put("idps", hit.unwrap_or_else(|| json!(mode)));
    }
    if flow.is_explicit_proxy {
        put("explicit_proxy", json!(true));
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::super::print::tests::some_flow;
    use super::super::print_flow;
    use super::*;

    fn shown(result: Result<Flow, FlowError>) -> String {
        match result {
            Ok(flow) => print_flow(&flow),
            Err(error) => {
                let help = error.help.map(|help| format!(" ({help})")).unwrap_or_default();
                format!("{}{help}", error.message)
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&shown(flow_from_json(&serde_json::from_str(text).unwrap())));
    }

    #[test]
    fn objects() {
        check(
            r#"{"protocol": 6, "source": "10.0.0.4", "destination": "192.0.2.1", "port": "443"}"#,
            expect!["tcp 10.0.0.4 -> 192.0.2.1:443"],
        );
        check(
            r#"{"protocol": "https", "source": "10.0.0.4", "fqdn": "A.example.com"}"#,
            expect!["https 10.0.0.4 -> a.example.com:443"],
        );
        check(
            r#"{"protocol": "https", "source": "10.0.0.4", "fqdn": null, "port": null}"#,
            expect!["https 10.0.0.4 -> ?:? fqdn=none"],
        );
        check(
            r#"{"protocol": "http", "source": "10.0.0.4", "url": "http://a.example.com:81/x"}"#,
            expect!["http 10.0.0.4 -> a.example.com:80 host_port=81 url=a.example.com:81/x"],
        );
        check(
            r#"{"protocol": "tcp", "source": "::1", "idps": {"id": 7, "mode": "deny"}, "threat_intel": "true"}"#,
            expect!["tcp ::1 -> ? threat_intel=true idps=7:deny"],
        );
        check(
            r#"{"protocol": "tcp", "source": "::1", "idps": "alert", "application": "none"}"#,
            expect!["tcp ::1 -> ? application=none idps=alert"],
        );
    }

    #[test]
    fn what_is_no_flow() {
        check("[]", expect!["a flow is a JSON object"]);
        check(
            r#"{"source": "10.0.0.4"}"#,
            expect!["field `protocol` is missing (every flow has one)"],
        );
        check(
            r#"{"protocol": "tpc", "source": "10.0.0.4"}"#,
            expect![
                "field `protocol`: `tpc` is no protocol of a flow (write `tcp`, `udp`, `icmp`, `http`, `https`, `mssql` or an IP protocol number)"
            ],
        );
        check(
            r#"{"protocol": "tcp", "source": "10.0.0.4", "sorce_port": 1}"#,
            expect![
                "a flow has no field `sorce_port` (did you mean `source_port`? known fields: `protocol`, `source`, `source_port`, `destination`, `fqdn`, `port`, `host_port`, `url`, `application`, `web_category`, `threat_intel`, `idps`, `explicit_proxy`)"
            ],
        );
        check(
            r#"{"protocol": "tcp", "source": "10.0.0.4", "destination": "a.example.com"}"#,
            expect![
                "field `destination`: `a.example.com` is no IP address (a name belongs into the field `fqdn`)"
            ],
        );
        check(
            r#"{"protocol": "icmp", "source": "10.0.0.4", "port": 1}"#,
            expect!["field `port` stands beside `icmp`, which has no ports (leave the field out)"],
        );
        check(
            r#"{"protocol": "tcp", "source": "10.0.0.4", "port": 70000}"#,
            expect!["field `port`: port `70000` is above 65535 (write a number from 0 to 65535)"],
        );
        check(
            r#"{"protocol": "tcp", "source": "10.0.0.4", "port": [80]}"#,
            expect!["field `port` holds a list or an object (write one value)"],
        );
        check(
            r#"{"protocol": "tcp", "source": "10.0.0.4", "threat_intel": 1}"#,
            expect![
                "field `threat_intel`: `1` is neither true nor false (write `true` or `false`)"
            ],
        );
        check(
            r#"{"protocol": "tcp", "source": "10.0.0.4", "idps": {"id": "1"}}"#,
            expect![[
                r#"field `idps` lacks the mode (write `{"id": "2008983", "mode": "deny"}`, or the mode alone)"#
            ]],
        );
    }

    #[test]
    fn fields_stand_in_their_order() {
        let text = "https 10.0.0.4 -> a.example.com:443 destination=192.0.2.1";
        let value = flow_to_json(&super::super::flow(text).unwrap());
        expect![[r#"{"protocol":"https","source":"10.0.0.4","destination":"192.0.2.1","fqdn":"a.example.com","port":443}"#]].assert_eq(&value.to_string());
    }

    proptest! {
        #[test]
        fn a_written_flow_reads_back(wanted in some_flow()) {
            let value = flow_to_json(&wanted);
            prop_assert_eq!(flow_from_json(&value), Ok(wanted), "{}", value);
        }
    }
}
