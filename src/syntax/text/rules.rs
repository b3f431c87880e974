//! Rules from their lines.

use smol_str::SmolStr;

use super::atom::{Atom, AtomKind, Item, Place};
use super::line::{Body, RuleKind, RuleOption, Translated};
use super::reader::{ListKind, Reader, entries};
use crate::net::{Fqdn, IpProtocol};
use crate::policy::{
    ApplicationRule, BypassTraffic, HttpHeader, NatRule, NetworkRule, Rule, RuleHead, RuleSpan,
    Written,
};
use crate::source::{Span, Spanned};
use crate::syntax::value::{self, ValueError};

/// The options behind a rule.
#[derive(Default)]
struct Options {
    description: Option<SmolStr>,
    inspect: Option<(Place, Option<Spanned<Written<bool>>>)>,
    headers: Vec<Spanned<HttpHeader>>,
    unknown: Vec<Spanned<SmolStr>>,
}

impl Reader {
    /// The rule `name` of type `kind`; what is wrong with it is gathered.
    pub(super) fn rule(
        &mut self,
        kind: RuleKind,
        name: &Atom<'_>,
        body: &Body<'_>,
        span: Span,
    ) -> Option<Rule> {
        let mut options = self.options(&body.options);
        let sources = self.sorted("source", &body.sources, ListKind::Sources);
        let head = RuleHead {
            name: self.text("name", name)?,
            description: options.description.take(),
            sources: sources.addresses,
            source_ip_groups: sources.groups,
            unknown_fields: std::mem::take(&mut options.unknown),
            span: RuleSpan(Some(span)),
        };
        if kind != RuleKind::Application {
            self.refuse_application_options(&options);
        }
        if kind != RuleKind::Dnat
            && let Some(translated) = &body.translated
        {
            let help = "put the rule into a `dnat` collection".to_owned();
            self.fail(translated.place, "only a DNAT rule translates", Some(help));
        }
        Some(match kind {
            RuleKind::Network => Rule::Network(self.network(head, body)),
            RuleKind::Application => Rule::Application(self.application(head, body, options)),
            RuleKind::Dnat => Rule::Nat(self.nat(head, body)),
        })
    }

    fn network(&mut self, head: RuleHead, body: &Body<'_>) -> NetworkRule {
        let destinations =
            self.sorted("destination", &body.destinations, ListKind::NetworkDestinations);
        NetworkRule {
            head,
            protocols: self.values("protocol", &body.protocols, value::rule_protocol),
            destinations: destinations.addresses,
            destination_ip_groups: destinations.groups,
            destination_fqdns: destinations.fqdns,
            destination_ports: self.ports(body),
        }
    }

    fn ports(&mut self, body: &Body<'_>) -> Vec<Spanned<Written<crate::net::PortRange>>> {
        let ports = body.ports.as_deref().unwrap_or_default();
        self.values("destination port", ports, value::port_range)
    }

    fn application(
        &mut self,
        head: RuleHead,
        body: &Body<'_>,
        options: Options,
    ) -> ApplicationRule {
        let targets = self.sorted("target", &body.destinations, ListKind::Targets);
        if let Some(port) = body.ports.iter().flatten().next() {
            let help = "write the port behind the protocol: `https:8443`".to_owned();
            self.fail(port.atom.place, "an application rule has no destination ports", Some(help));
        }
        ApplicationRule {
            head,
            protocols: self.values("protocol", &body.protocols, value::application),
            target_fqdns: targets.fqdns,
            target_urls: targets.urls,
            fqdn_tags: targets.tags,
            web_categories: targets.categories,
            destinations: targets.addresses,
            terminate_tls: options.inspect.and_then(|(_, value)| value),
            http_headers: options.headers,
        }
    }

    fn nat(&mut self, head: RuleHead, body: &Body<'_>) -> NatRule {
        let destinations = self.sorted("destination", &body.destinations, ListKind::Addresses);
        let mut rule = NatRule {
            head,
            protocols: self.values("protocol", &body.protocols, value::rule_protocol),
            destinations: destinations.addresses,
            destination_ports: self.ports(body),
            translated_address: None,
            translated_fqdn: None,
            translated_port: None,
        };
        if let Some(translated) = &body.translated {
            self.translated(&mut rule, translated);
        }
        rule
    }

    fn translated(&mut self, rule: &mut NatRule, translated: &Translated<'_>) {
        for item in entries(&translated.targets) {
            let is_name = item.qualifiers == [super::atom::Qualifier::Fqdn];
            let is_twice = if is_name {
                rule.translated_fqdn.is_some()
            } else {
                rule.translated_address.is_some()
            };
            if is_twice {
                let help = "a DNAT rule translates to one address or one name".to_owned();
                self.fail(item.atom.place, "a second translated address", Some(help));
            } else if is_name {
                rule.translated_fqdn = self.written("translated name", &item.atom, fqdn);
            } else if let Some(atom) = self.bare("translated address", item) {
                rule.translated_address = self.written("translated address", atom, |_, atom| {
                    value::ip_address(&atom.text).map_err(|error| with_name_help(error, &atom.text))
                });
            }
        }
        if let Some(item) = &translated.port
            && let Some(atom) = self.bare("translated port", item)
        {
            rule.translated_port =
                self.written("translated port", atom, |_, atom| value::port(&atom.text));
        }
    }

    /// An entry of the list of traffic that IDPS leaves alone.
    pub(super) fn bypass(&mut self, name: &Atom<'_>, body: &Body<'_>) -> Option<BypassTraffic> {
        let options = self.options(&body.options);
        self.refuse_application_options(&options);
        if let Some(field) = options.unknown.first() {
            let message = format!("unknown field `{}`", field.value);
            self.fail(name.place, message, Some("leave it out".to_owned()));
        }
        if let Some(translated) = &body.translated {
            self.fail(translated.place, "only a DNAT rule translates", None);
        }
        let sources = self.sorted("source", &body.sources, ListKind::Sources);
        let destinations =
            self.sorted("destination", &body.destinations, ListKind::BypassDestinations);
        Some(BypassTraffic {
            name: self.text("name", name)?,
            description: options.description,
            protocol: self.bypass_protocol(&body.protocols),
            sources: sources.addresses,
            source_ip_groups: sources.groups,
            destinations: destinations.addresses,
            destination_ip_groups: destinations.groups,
            destination_ports: self.ports(body),
        })
    }

    /// The protocol; `None` is any protocol, and stands after an error too.
    fn bypass_protocol(&mut self, items: &[Item<'_>]) -> Option<Written<IpProtocol>> {
        let help = "write `tcp`, `udp`, `icmp`, `any` or a protocol number".to_owned();
        let [item] = items else {
            let place = items.last()?.atom.place;
            self.fail(place, "protocol: only one can stand here", Some(help));
            return None;
        };
        let atom = self.bare("protocol", item)?;
        let text = atom.text.as_ref();
        match atom.kind {
            AtomKind::Unresolved => return Some(Written::Unresolved(text.into())),
            AtomKind::Invalid => return Some(Written::Invalid(text.into())),
            AtomKind::Word | AtomKind::Quoted => {}
        }
        let protocol = IpProtocol::from_text(text);
        if protocol.is_none() && !text.eq_ignore_ascii_case("any") {
            self.fail(item.atom.place, format!("protocol: `{text}` is no protocol"), Some(help));
        }
        protocol.map(Written::Value)
    }

    fn options(&mut self, written: &[RuleOption<'_>]) -> Options {
        let mut options = Options::default();
        for option in written {
            match option {
                RuleOption::Description(atom) if options.description.is_some() => {
                    let help = "a rule has one description".to_owned();
                    self.fail(atom.place, "a second description", Some(help));
                }
                RuleOption::Description(atom) => {
                    options.description = Some(SmolStr::new(&atom.text));
                }
                RuleOption::Inspect { place, .. } if options.inspect.is_some() => {
                    self.fail(*place, "`inspect` stands twice", Some("leave one out".to_owned()));
                }
                RuleOption::Inspect { place, value } => {
                    options.inspect = Some((*place, Some(self.inspect(*place, value.as_ref()))));
                }
                RuleOption::Header { name, value } => {
                    let place = Place { left_at_end: value.place.left_at_end, ..name.place };
                    if let Some(name) = self.text("header", name)
                        && let Some(value) = self.text("header", value)
                    {
                        let header = HttpHeader { name: name.value, value: value.value };
                        options.headers.push(Spanned::new(header, self.span(place)));
                    }
                }
                RuleOption::Unknown(fields) => {
                    options.unknown.extend(self.texts("unknown field", fields));
                }
            }
        }
        options
    }

    fn inspect(&mut self, place: Place, value: Option<&Atom<'_>>) -> Spanned<Written<bool>> {
        let written = match value {
            Some(atom) if atom.kind == AtomKind::Unresolved => {
                Written::Unresolved(SmolStr::new(&atom.text))
            }
            Some(atom) if atom.kind == AtomKind::Invalid => {
                Written::Invalid(SmolStr::new(&atom.text))
            }
            Some(atom) => Written::Value(atom.is_word("on")),
            None => Written::Value(true),
        };
        Spanned::new(written, self.span(place))
    }

    fn refuse_application_options(&mut self, options: &Options) {
        let help = || Some("only an application rule has it; leave it out".to_owned());
        if let Some((place, _)) = options.inspect {
            self.fail(place, "`inspect` has no meaning here", help());
        }
        if let Some(span) = options.headers.first().and_then(|header| header.span) {
            let message = format!("{}: `header` has no meaning here", self.subject);
            self.errors.push(super::TextError { message, help: help(), span });
        }
    }
}

fn fqdn(_: &mut Reader, atom: &Atom<'_>) -> Result<Fqdn, ValueError> {
    Fqdn::new(&atom.text).ok_or_else(|| ValueError {
        message: "the name is empty".to_owned(),
        help: None,
        offset: 0,
    })
}

fn with_name_help(mut error: ValueError, text: &str) -> ValueError {
    if text.contains(|c: char| c.is_alphabetic()) && !text.contains(':') {
        error.message = format!("`{text}` is no IP address");
        error.help = Some(format!("write `fqdn {text}` for a name"));
    }
    error
}
