//! The settings of a policy or firewall from their lines.

use smol_str::SmolStr;

use super::atom::{Atom, AtomKind, Item};
use super::line::{named_body, whole_list, words};
use super::reader::{ListKind, Reader, ip_address};
use crate::policy::{
    ExplicitProxy, IdpsMode, Settings, SignatureOverride, SkuTier, ThreatIntelMode, Written,
};
use crate::source::Spanned;
use crate::syntax::trouble::finished;

/// Keywords of settings, in the order in which they are printed.
pub(super) const SETTINGS: [&str; 16] = [
    "tier",
    "location",
    "threat-intel",
    "threat-intel-allow",
    "dns-proxy",
    "dns-servers",
    "idps",
    "idps-profile",
    "idps-signature",
    "idps-bypass",
    "idps-private-ranges",
    "tls-inspection",
    "explicit-proxy",
    "snat-private-ranges",
    "snat-auto-learn",
    "sql-redirect",
];

/// Settings that can stand more than once.
pub(super) const REPEATABLE: [&str; 3] = ["threat-intel-allow", "idps-signature", "idps-bypass"];

impl Reader {
    /// One setting; what is wrong with it is gathered.
    pub(super) fn setting(
        &mut self,
        settings: &mut Settings,
        keyword: &Atom<'_>,
        rest: &str,
    ) -> Option<()> {
        match keyword.text.to_ascii_lowercase().as_str() {
            "tier" => {
                let choices = "`Basic`, `Standard` or `Premium`";
                let tier = self.choice(keyword, rest, SkuTier::from_text, choices)?;
                let Some(&value) = tier.value.value() else {
                    let help = Some(format!("write {choices}"));
                    self.fail(keyword.place, "an expression cannot stand here", help);
                    return None;
                };
                settings.tier = Some(Spanned { value, span: tier.span });
            }
            "location" => settings.location = Some(self.one_text(keyword, rest)?.value),
            "threat-intel" => {
                let mode = self.choice(keyword, rest, ThreatIntelMode::from_text, MODES)?;
                settings.threat_intel_mode = Some(mode);
            }
            "threat-intel-allow" => {
                let list = self.list(rest)?;
                let sorted = self.sorted("entry", &list, ListKind::Allowlist);
                settings.threat_intel_allowlist.addresses.extend(sorted.addresses);
                settings.threat_intel_allowlist.fqdns.extend(sorted.fqdns);
            }
            "tls-inspection" => {
                settings.certificate_authority = Some(self.one_text(keyword, rest)?);
            }
            "explicit-proxy" => settings.explicit_proxy = Some(self.explicit_proxy(keyword, rest)?),
            "sql-redirect" => {
                settings.allow_sql_redirect = Some(self.switch(keyword, rest)?.value);
            }
            dns if dns.starts_with("dns-") => self.dns_setting(settings, keyword, rest)?,
            snat if snat.starts_with("snat-") => self.snat_setting(settings, keyword, rest)?,
            _ => self.idps_setting(settings, keyword, rest)?,
        }
        Some(())
    }

    fn dns_setting(
        &mut self,
        settings: &mut Settings,
        keyword: &Atom<'_>,
        rest: &str,
    ) -> Option<()> {
        let dns = settings.dns.get_or_insert_default();
        if keyword.is_word("dns-proxy") {
            let atom = self.one(keyword, rest)?;
            dns.enable_proxy = Some(self.written_switch(&atom)?);
        } else {
            let list = self.list(rest)?;
            dns.servers = self.values("address", &list, ip_address);
        }
        Some(())
    }

    fn snat_setting(
        &mut self,
        settings: &mut Settings,
        keyword: &Atom<'_>,
        rest: &str,
    ) -> Option<()> {
        let snat = settings.snat.get_or_insert_default();
        if keyword.is_word("snat-auto-learn") {
            snat.auto_learn_private_ranges = Some(self.switch(keyword, rest)?.value);
        } else {
            let list = self.list(rest)?;
            snat.private_ranges = self.texts("range", &list);
        }
        Some(())
    }

    fn idps_setting(
        &mut self,
        settings: &mut Settings,
        keyword: &Atom<'_>,
        rest: &str,
    ) -> Option<()> {
        let idps = settings.intrusion_detection.get_or_insert_default();
        match keyword.text.to_ascii_lowercase().as_str() {
            "idps-profile" => idps.profile = Some(self.one_text(keyword, rest)?.value),
            "idps-signature" => {
                let signature = self.signature(keyword, rest)?;
                idps.overrides.push(signature);
            }
            "idps-bypass" => {
                let parsed = finished(rest, named_body(rest));
                let (name, body) = self.parsed(rest, parsed)?;
                self.subject = format!("`idps-bypass` of `{}`", name.text);
                idps.bypass.extend(self.bypass(&name, &body));
            }
            "idps-private-ranges" => {
                let list = self.list(rest)?;
                idps.private_ranges = self.sorted("range", &list, ListKind::Addresses).addresses;
            }
            _ => {
                let atoms = self.words(rest)?;
                if !matches!(atoms.as_slice(), [none] if none.is_word("none")) {
                    idps.mode = Some(self.choice(keyword, rest, IdpsMode::from_text, MODES)?);
                }
            }
        }
        Some(())
    }

    fn signature(&mut self, keyword: &Atom<'_>, rest: &str) -> Option<SignatureOverride> {
        let atoms = self.words(rest)?;
        let help = "write the id and the mode: `idps-signature 2008983 Alert`".to_owned();
        let [id, mode] = atoms.as_slice() else {
            self.fail(keyword.place, "expected a signature id and a mode", Some(help));
            return None;
        };
        let id = if is_unknown(id) {
            self.chosen(id, |_| None, "an id")?
        } else {
            self.text("id", id)?.map(Written::Value)
        };
        let mode = self.chosen(mode, IdpsMode::from_text, MODES)?.value;
        Some(SignatureOverride { id, mode })
    }

    // explicit-proxy = ("on" / "off") *(key value)
    fn explicit_proxy(&mut self, keyword: &Atom<'_>, rest: &str) -> Option<ExplicitProxy> {
        let atoms = self.words(rest)?;
        let Some((first, mut pairs)) = atoms.split_first() else {
            self.fail(keyword.place, "expected `on` or `off`", None);
            return None;
        };
        let mut proxy = ExplicitProxy { enabled: self.on_or_off(first)?, ..Default::default() };
        while let [key, value, more @ ..] = pairs {
            match key.text.to_ascii_lowercase().as_str() {
                "http" => proxy.http_port = Some(self.port(value)?),
                "https" => proxy.https_port = Some(self.port(value)?),
                "pac" => proxy.enable_pac_file = self.on_or_off(value)?,
                "pac-port" => proxy.pac_file_port = Some(self.port(value)?),
                "pac-file" => proxy.pac_file = Some(self.text("pac-file", value)?.value),
                _ => break,
            }
            pairs = more;
        }
        if let [key, ..] = pairs {
            let help = "write `http PORT`, `https PORT`, `pac on`, `pac-port PORT`, `pac-file URL`";
            self.fail(key.place, format!("unexpected `{}`", key.text), Some(help.to_owned()));
        }
        Some(proxy)
    }

    fn port(&mut self, atom: &Atom<'_>) -> Option<u16> {
        match crate::syntax::value::port(&atom.text) {
            Ok(port) => Some(port),
            Err(error) => {
                self.fail(atom.place, error.message, error.help);
                None
            }
        }
    }

    fn on_or_off(&mut self, atom: &Atom<'_>) -> Option<bool> {
        if atom.is_word("on") || atom.is_word("off") {
            return Some(atom.is_word("on"));
        }
        let help = Some("write `on` or `off`".to_owned());
        self.fail(atom.place, format!("`{}` is neither on nor off", atom.text), help);
        None
    }

    fn switch(&mut self, keyword: &Atom<'_>, rest: &str) -> Option<Spanned<bool>> {
        let atom = self.one(keyword, rest)?;
        let is_on = self.on_or_off(&atom)?;
        Some(Spanned::new(is_on, self.span(atom.place)))
    }

    /// `on`, `off`, or what stands for one of them and is not known.
    fn written_switch(&mut self, atom: &Atom<'_>) -> Option<Spanned<Written<bool>>> {
        if is_unknown(atom) {
            return self.chosen(atom, |_| None, "`on` or `off`");
        }
        let is_on = self.on_or_off(atom)?;
        Some(Spanned::new(Written::Value(is_on), self.span(atom.place)))
    }

    fn choice<T>(
        &mut self,
        keyword: &Atom<'_>,
        rest: &str,
        from_text: impl FnOnce(&str) -> Option<T>,
        choices: &str,
    ) -> Option<Spanned<Written<T>>> {
        let atom = self.one(keyword, rest)?;
        self.chosen(&atom, from_text, choices)
    }

    /// One of a few words.
    fn chosen<T>(
        &mut self,
        atom: &Atom<'_>,
        from_text: impl FnOnce(&str) -> Option<T>,
        choices: &str,
    ) -> Option<Spanned<Written<T>>> {
        if is_unknown(atom) {
            let text = SmolStr::new(&atom.text);
            let written = match atom.kind {
                AtomKind::Unresolved => Written::Unresolved(text),
                AtomKind::Invalid | AtomKind::Word | AtomKind::Quoted => Written::Invalid(text),
            };
            return Some(Spanned::new(written, self.span(atom.place)));
        }
        if let Some(value) = from_text(&atom.text).filter(|_| !atom.is_reference) {
            return Some(Spanned::new(Written::Value(value), self.span(atom.place)));
        }
        let help = format!("write {choices}");
        self.fail(atom.place, format!("unknown value `{}`", atom.text), Some(help));
        None
    }

    /// The one text behind a keyword.
    pub(super) fn one_text(&mut self, keyword: &Atom<'_>, rest: &str) -> Option<Spanned<SmolStr>> {
        let atom = self.one(keyword, rest)?;
        self.text("value", &atom)
    }

    /// The one atom behind a keyword.
    pub(super) fn one<'a>(&mut self, keyword: &Atom<'_>, rest: &'a str) -> Option<Atom<'a>> {
        let mut atoms = self.words(rest)?;
        match (atoms.pop(), atoms.is_empty()) {
            (Some(atom), true) => Some(atom),
            (Some(atom), false) => {
                let help = Some("put a text with spaces in quotes".to_owned());
                self.fail(atom.place, "expected one value", help);
                None
            }
            (None, _) => {
                self.fail(keyword.place, "expected a value behind the keyword", None);
                None
            }
        }
    }

    /// The atoms behind a keyword.
    pub(super) fn words<'a>(&mut self, rest: &'a str) -> Option<Vec<Atom<'a>>> {
        let parsed = finished(rest, words(rest));
        self.parsed(rest, parsed)
    }

    /// The list behind a keyword.
    pub(super) fn list<'a>(&mut self, rest: &'a str) -> Option<Vec<Item<'a>>> {
        let parsed = finished(rest, whole_list(rest));
        self.parsed(rest, parsed)
    }

    /// The result of a parser that ran over `rest`, the end of the line.
    pub(super) fn parsed<T>(
        &mut self,
        rest: &str,
        result: Result<T, crate::syntax::value::ValueError>,
    ) -> Option<T> {
        result.map_err(|error| self.fail_in(rest, error)).ok()
    }
}

/// Whether the atom stands for a value that is not known.
fn is_unknown(atom: &Atom<'_>) -> bool {
    !atom.is_reference && matches!(atom.kind, AtomKind::Unresolved | AtomKind::Invalid)
}

const MODES: &str = "`Off`, `Alert` or `Deny`";
