//! Turns the atoms of one line into values and gathers what is wrong with them.

use std::net::IpAddr;

use smol_str::SmolStr;

use super::TextError;
use super::atom::{Atom, AtomKind, Item, Place, Qualifier};
use crate::net::{FqdnPattern, UrlPattern};
use crate::policy::{Address, IpGroupRef, ResourceId, Written};
use crate::source::{Severity, SourceId, Span, Spanned, Warning};
use crate::syntax::value::{self, ValueError};

pub(super) type Values<T> = Vec<Spanned<Written<T>>>;

/// The type of IP Groups.
pub(super) const IP_GROUP: &str = "Microsoft.Network/ipGroups";

/// Reads one line.
pub(super) struct Reader {
    source: SourceId,
    /// Offset behind the line's last byte.
    end: usize,
    /// Whether the line goes over several lines of the file.
    is_continued: bool,
    /// What messages call the line: "rule `web`".
    pub(super) subject: String,
    pub(super) errors: Vec<TextError>,
    pub(super) warnings: Vec<Warning>,
}

/// A list whose entries differ in kind, by kind.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) addresses: Values<Address>,
    pub(super) groups: Vec<Spanned<IpGroupRef>>,
    pub(super) fqdns: Values<FqdnPattern>,
    pub(super) urls: Values<UrlPattern>,
    pub(super) tags: Values<SmolStr>,
    pub(super) categories: Values<SmolStr>,
}

/// Where a list stands: it decides what an entry without a qualifier is, and what can stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    Addresses,
    Sources,
    NetworkDestinations,
    BypassDestinations,
    Targets,
    Allowlist,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    Address,
    ServiceTag,
    Group,
    Fqdn,
    Url,
    FqdnTag,
    Category,
}

impl ListKind {
    fn allowed(self) -> &'static [EntryKind] {
        use EntryKind::{Address, Category, Fqdn, FqdnTag, Group, ServiceTag, Url};
        match self {
            Self::Addresses => &[Address, ServiceTag],
            Self::Sources | Self::BypassDestinations => &[Address, ServiceTag, Group],
            Self::NetworkDestinations => &[Address, ServiceTag, Group, Fqdn],
            Self::Targets => &[Fqdn, Url, FqdnTag, Category, Address, ServiceTag],
            Self::Allowlist => &[Address, ServiceTag, Fqdn],
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Addresses => "write `*`, an address, a prefix or a range",
            Self::Sources => "write `*`, an address, a prefix, a range or `@ip-group`",
            Self::BypassDestinations | Self::NetworkDestinations => {
                "write `*`, an address, a prefix, a range, a service tag, `@ip-group` \
                 or, in a network rule, `fqdn NAME`"
            }
            Self::Targets => {
                "write a name such as `*.example.com`, `url URL`, `tag FQDN-TAG`, \
                 `category NAME` or `address ADDRESS`"
            }
            Self::Allowlist => "write an address, a prefix, a range or a name",
        }
    }
}

impl Reader {
    pub(super) fn new(source: SourceId, end: usize, is_continued: bool) -> Self {
        Self {
            source,
            end,
            is_continued,
            subject: String::new(),
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn span(&self, place: Place) -> Span {
        let offset = |left: usize| u32::try_from(self.end.saturating_sub(left)).unwrap_or(u32::MAX);
        Span {
            source: self.source,
            start: offset(place.left_at_start),
            end: offset(place.left_at_end),
        }
    }

    pub(super) fn fail(&mut self, place: Place, message: impl AsRef<str>, help: Option<String>) {
        let message = match self.subject.as_str() {
            "" => message.as_ref().to_owned(),
            subject => format!("{subject}: {}", message.as_ref()),
        };
        self.errors.push(TextError { message, help, span: self.span(place) });
    }

    /// An error of the grammar in `rest`, the end of the line.
    pub(super) fn fail_in(&mut self, rest: &str, error: ValueError) {
        let after = rest.get(error.offset..).unwrap_or("");
        let width = after.chars().next().map_or(0, char::len_utf8);
        let place = Place { left_at_start: after.len(), left_at_end: after.len() - width };
        let help = if self.is_continued {
            Some("a line that ends in a comma goes on in the next line".to_owned())
        } else {
            error.help
        };
        self.fail(place, error.message, help);
    }

    pub(super) fn warn(&mut self, severity: Severity, place: Place, message: String, help: &str) {
        let warning = Warning::new(severity, message, Some(self.span(place)));
        self.warnings.push(warning.with_help(help));
    }

    /// The value of an atom; `None` after an error.
    pub(super) fn written<T>(
        &mut self,
        field: &str,
        atom: &Atom<'_>,
        read: impl FnOnce(&mut Self, &Atom<'_>) -> Result<T, ValueError>,
    ) -> Option<Spanned<Written<T>>> {
        let written = match atom.kind {
            AtomKind::Unresolved => Written::Unresolved(SmolStr::new(&atom.text)),
            AtomKind::Invalid => Written::Invalid(SmolStr::new(&atom.text)),
            AtomKind::Word | AtomKind::Quoted => match read(self, atom) {
                Ok(value) => Written::Value(value),
                Err(error) => {
                    self.fail(atom.place, format!("{field}: {}", error.message), error.help);
                    return None;
                }
            },
        };
        Some(Spanned::new(written, self.span(atom.place)))
    }

    /// A list of values of one kind, without qualifiers.
    pub(super) fn values<T>(
        &mut self,
        field: &str,
        items: &[Item<'_>],
        read: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Values<T> {
        let mut values = Vec::new();
        for item in entries(items) {
            if let Some(atom) = self.bare(field, item) {
                values.extend(self.written(field, atom, |_, atom| read(&atom.text)));
            }
        }
        values
    }

    /// The atom of an entry that has neither qualifier nor `@`.
    pub(super) fn bare<'i, 'a>(&mut self, field: &str, item: &'i Item<'a>) -> Option<&'i Atom<'a>> {
        let unfit = match item.qualifiers.first() {
            Some(qualifier) => format!("`{}` has no meaning here", qualifier.word()),
            None if item.atom.is_reference => "`@` has no meaning here".to_owned(),
            None => return Some(&item.atom),
        };
        self.fail(item.atom.place, format!("{field}: {unfit}"), Some("leave it out".to_owned()));
        None
    }

    /// The literal text of an atom: an expression cannot stand here.
    pub(super) fn text(&mut self, field: &str, atom: &Atom<'_>) -> Option<Spanned<SmolStr>> {
        let unfit = match atom.kind {
            AtomKind::Unresolved => "an expression cannot stand here",
            AtomKind::Invalid => "an invalid value cannot stand here",
            AtomKind::Word | AtomKind::Quoted if atom.is_reference => "`@` has no meaning here",
            AtomKind::Word | AtomKind::Quoted => {
                return Some(Spanned::new(SmolStr::new(&atom.text), self.span(atom.place)));
            }
        };
        self.fail(
            atom.place,
            format!("{field}: {unfit}"),
            Some("write the text itself".to_owned()),
        );
        None
    }

    /// The literal texts of a list.
    pub(super) fn texts(&mut self, field: &str, items: &[Item<'_>]) -> Vec<Spanned<SmolStr>> {
        let mut texts = Vec::new();
        for item in entries(items) {
            if let Some(atom) = self.bare(field, item) {
                texts.extend(self.text(field, atom));
            }
        }
        texts
    }

    /// The entries of a list by their kind.
    pub(super) fn sorted(&mut self, field: &str, items: &[Item<'_>], list: ListKind) -> Sorted {
        let mut sorted = Sorted::default();
        for item in entries(items) {
            let Some(kind) = entry_kind(item, list).filter(|kind| list.allowed().contains(kind))
            else {
                let words: Vec<&str> = item.qualifiers.iter().map(|one| one.word()).collect();
                let sign = if item.atom.is_reference { "@" } else { "" };
                let shown = format!("{} {sign}{}", words.join(" "), item.atom.text);
                let message = format!("{field}: `{}` cannot stand here", shown.trim());
                self.fail(item.atom.place, message, Some(list.help().to_owned()));
                continue;
            };
            self.sort_in(&mut sorted, field, &item.atom, kind);
        }
        sorted
    }

    fn sort_in(&mut self, sorted: &mut Sorted, field: &str, atom: &Atom<'_>, kind: EntryKind) {
        let raw = |_: &mut Self, atom: &Atom<'_>| Ok(SmolStr::new(&atom.text));
        match kind {
            EntryKind::Address => {
                sorted.addresses.extend(self.written(field, atom, Self::address));
            }
            EntryKind::ServiceTag => {
                let tag = self.written(field, atom, raw);
                sorted.addresses.extend(tag.map(|tag| tag.map(|tag| tag.map(Address::ServiceTag))));
            }
            EntryKind::Group => {
                let group =
                    |_: &mut Self, atom: &Atom<'_>| Ok(reference(&atom.text, IP_GROUP, &[]));
                sorted.groups.extend(self.written(field, atom, group));
            }
            EntryKind::Fqdn => {
                sorted.fqdns.extend(self.written(field, atom, |_, atom| Self::fqdn(atom)));
            }
            EntryKind::Url => {
                sorted.urls.extend(self.written(field, atom, |_, atom| Self::url(atom)));
            }
            EntryKind::FqdnTag => sorted.tags.extend(self.written(field, atom, raw)),
            EntryKind::Category => sorted.categories.extend(self.written(field, atom, raw)),
        }
    }

    fn address(&mut self, atom: &Atom<'_>) -> Result<Address, ValueError> {
        let parsed =
            value::address(&atom.text).map_err(|error| with_port_help(error, &atom.text))?;
        if let Address::ServiceTag(tag) = &parsed.address
            && !reads_as_service_tag(tag)
        {
            return Err(no_service_tag(tag));
        }
        if parsed.host_bits {
            let message =
                format!("{}: `{}` has bits set behind its prefix length", self.subject, atom.text);
            let help = format!("write `{}`, which is what it means", parsed.address);
            self.warn(Severity::Warning, atom.place, message, &help);
        }
        Ok(parsed.address)
    }

    fn fqdn(atom: &Atom<'_>) -> Result<FqdnPattern, ValueError> {
        let pattern = match atom.kind {
            AtomKind::Quoted => FqdnPattern::new(&atom.text).ok_or_else(empty_name)?,
            AtomKind::Word | AtomKind::Unresolved | AtomKind::Invalid => {
                value::fqdn_pattern(&atom.text)?
            }
        };
        Ok(pattern)
    }

    fn url(atom: &Atom<'_>) -> Result<UrlPattern, ValueError> {
        let pattern = match atom.kind {
            AtomKind::Quoted => UrlPattern::new(&atom.text).ok_or_else(empty_name)?,
            AtomKind::Word | AtomKind::Unresolved | AtomKind::Invalid => {
                value::url_pattern(&atom.text)?
            }
        };
        Ok(pattern)
    }
}

/// The entries of a list; `none` alone is the empty list.
pub(super) fn entries<'i, 'a>(items: &'i [Item<'a>]) -> &'i [Item<'a>] {
    match items {
        [only] if only.qualifiers.is_empty() && only.atom.is_word("none") => &[],
        items => items,
    }
}

fn entry_kind(item: &Item<'_>, list: ListKind) -> Option<EntryKind> {
    if item.atom.is_reference {
        return item.qualifiers.is_empty().then_some(EntryKind::Group);
    }
    match (item.qualifiers.as_slice(), list) {
        ([], ListKind::Targets) => Some(EntryKind::Fqdn).filter(|_| is_target_name(&item.atom)),
        ([], ListKind::Allowlist) if reads_as_name(&item.atom) => Some(EntryKind::Fqdn),
        ([] | [Qualifier::Address], _) => Some(EntryKind::Address),
        ([Qualifier::Tag], ListKind::Targets) => Some(EntryKind::FqdnTag),
        ([Qualifier::Tag] | [Qualifier::Address, Qualifier::Tag], _) => Some(EntryKind::ServiceTag),
        ([Qualifier::Fqdn], _) => Some(EntryKind::Fqdn),
        ([Qualifier::Url], _) => Some(EntryKind::Url),
        ([Qualifier::Category], _) => Some(EntryKind::Category),
        (_, _) => None,
    }
}

/// Whether an entry without a qualifier can be meant as a name: a tag or category whose qualifier
/// was forgotten has no dot.
fn is_target_name(atom: &Atom<'_>) -> bool {
    atom.kind != AtomKind::Word || is_dotted_name(&atom.text)
}

/// Whether `text` can stand as a target without `fqdn`.
pub(super) fn is_dotted_name(text: &str) -> bool {
    text.contains('.') || text.starts_with('*')
}

fn reads_as_name(atom: &Atom<'_>) -> bool {
    matches!(atom.kind, AtomKind::Word | AtomKind::Quoted) && is_allowlist_name(&atom.text)
}

/// Whether `text` in an allowlist is a name without saying so.
pub(super) fn is_allowlist_name(text: &str) -> bool {
    is_dotted_name(text) && text.contains(|c: char| c.is_alphabetic()) && !text.contains([':', '/'])
}

/// Whether a word in an address list is a service tag without saying so.
pub(super) fn reads_as_service_tag(text: &str) -> bool {
    value::is_service_tag(text)
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.matches('.').count() <= 1
        && !has_meaning(text)
        && !text.eq_ignore_ascii_case("any")
}

/// Whether `text` without quotes says something else than itself in a list.
pub(super) fn has_meaning(text: &str) -> bool {
    let words = ["none", "inspect", "header", "unknown", "on", "off"];
    let qualifiers = Qualifier::ALL.map(Qualifier::word);
    words.iter().chain(&qualifiers).any(|word| word.eq_ignore_ascii_case(text))
}

fn no_service_tag(text: &str) -> ValueError {
    let help = if text.eq_ignore_ascii_case("any") {
        "write `*` for any address".to_owned()
    } else if text.contains('.') {
        format!("write `fqdn {text}` for a host name, `tag {text}` for a service tag")
    } else {
        format!("write `@{text}` for an IP Group, `tag {text}` for a service tag")
    };
    ValueError { message: format!("`{text}` is no address"), help: Some(help), offset: 0 }
}

fn with_port_help(mut error: ValueError, text: &str) -> ValueError {
    if let Some((address, port)) = text.rsplit_once(':')
        && value::ip_address(address).is_ok()
        && (port.is_empty() || value::port_range(port).is_ok())
    {
        error.message = format!("`{text}` is no address");
        error.help = Some(format!("write `{address} : {port}` with spaces around the colon"));
    }
    error
}

fn empty_name() -> ValueError {
    ValueError { message: "the name is empty".to_owned(), help: None, offset: 0 }
}

/// The resource a reference means: a name, a whole id, or `id:` and any text.
pub(super) fn reference(text: &str, kind: &str, parents: &[&str]) -> ResourceId {
    if let Some(id) = text.strip_prefix("id:") {
        return ResourceId::new(id);
    }
    if text.contains('/') {
        return ResourceId::new(text);
    }
    let names: Vec<&str> = parents.iter().copied().chain([text]).collect();
    ResourceId::without_scope(kind, &names)
}

/// One IP address as a value.
pub(super) fn ip_address(text: &str) -> Result<IpAddr, ValueError> {
    value::ip_address(text)
}
