//! What stands behind the target of a flow: `key=value`.

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::take_while1;
use nom::character::complete::char;
use nom::combinator::{cut, map};
use nom::error::context;
use nom::sequence::terminated;
use smol_str::SmolStr;

use crate::flow::{Flow, HitMode, IdpsHit, Name};
use crate::net::{Fqdn, RequestUrl};
use crate::syntax::quoting::quoted;
use crate::syntax::spelling::closest;
use crate::syntax::trouble::{Parsed, Trouble};
use crate::syntax::value::{self, ValueError};

/// One `key=value`.
pub(super) struct Word<'a> {
    at: &'a str,
    key: &'a str,
    text: String,
    is_quoted: bool,
}

// word = key "=" (quoted / 1*any)
pub(super) fn word(input: &str) -> Parsed<'_, Word<'_>> {
    let key = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let (rest, key) = terminated(key, char('=')).parse(input)?;
    let bare = take_while1(|c: char| !c.is_whitespace() && c != '"');
    let (rest, (text, is_quoted)) = cut(context(
        "a value behind `=`",
        alt((
            map(quoted('"'), |text| (text, true)),
            map(bare, |text: &str| (text.to_owned(), false)),
        )),
    ))
    .parse(rest)?;
    Ok((rest, Word { at: input, key, text, is_quoted }))
}

const KEYS: [&str; 9] = [
    "destination",
    "fqdn",
    "host_port",
    "url",
    "application",
    "category",
    "threat_intel",
    "idps",
    "explicit_proxy",
];

/// The flow with what its words say.
pub(super) fn with_words(mut flow: Flow, words: Vec<Word<'_>>) -> Result<Flow, Trouble<'_>> {
    let mut url = None;
    let mut seen: Vec<&str> = Vec::new();
    for word in words {
        let trouble = |message: String| Trouble::new(word.at, format!("`{}`: {message}", word.key));
        if !KEYS.contains(&word.key) {
            return Err(unknown_key(&word));
        }
        if seen.contains(&word.key) {
            return Err(Trouble::new(word.at, format!("`{}` stands twice", word.key)));
        }
        seen.push(word.key);
        if word.key == "url" {
            let read = RequestUrl::new(&word.text);
            url = Some(read.ok_or_else(|| trouble(format!("`{}` is no URL", word.text)))?);
            continue;
        }
        set(&mut flow, &word).map_err(|error| {
            let trouble = trouble(error.message);
            match error.help {
                Some(help) => trouble.with_help(help),
                None => trouble,
            }
        })?;
    }
    Ok(match url {
        Some(url) => flow.with_url(url),
        None => flow,
    })
}

fn set(flow: &mut Flow, word: &Word<'_>) -> Result<(), ValueError> {
    match word.key {
        "destination" if flow.destination.is_some() => return Err(twice("destination")),
        "destination" => flow.destination = Some(value::ip_address(&word.text)?),
        "fqdn" if flow.name != Name::Unknown => return Err(twice("name")),
        "fqdn" if word.text == "none" && !word.is_quoted => flow.name = Name::Absent,
        "fqdn" => flow.name = Name::Known(host_name(&word.text)?),
        "host_port" => flow.host_port = Some(value::port(&word.text)?),
        "application" => flow.is_without_application = without_application(&word.text)?,
        "category" => flow.web_category = Some(SmolStr::new(&word.text)),
        "threat_intel" => flow.is_listed_threat = truth(&word.text)?,
        "idps" => flow.idps = Some(idps_hit(&word.text)?),
        _ => flow.is_explicit_proxy = truth(&word.text)?,
    }
    Ok(())
}

fn unknown_key<'a>(word: &Word<'a>) -> Trouble<'a> {
    let help = match closest(word.key, KEYS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", KEYS.map(|key| format!("`{key}`")).join(", ")),
    };
    Trouble::new(word.at, format!("`{}` is no property of a flow", word.key)).with_help(help)
}

fn twice(what: &str) -> ValueError {
    error(&format!("the {what} stands twice"), "the target behind `->` gives it already")
}

fn error(message: &str, help: &str) -> ValueError {
    ValueError { message: message.to_owned(), help: Some(help.to_owned()), offset: 0 }
}

/// The name a client asks for.
pub(super) fn host_name(text: &str) -> Result<Fqdn, ValueError> {
    let name = Fqdn::new(text).filter(|name| {
        !name.as_str().contains(|c: char| c.is_whitespace() || matches!(c, '/' | '*'))
    });
    let help = "write a host name such as `www.example.com`, without scheme, path and `*`";
    name.ok_or_else(|| error(&format!("`{text}` is no host name"), help))
}

/// `none` is all that can be said of the application protocol.
pub(super) fn without_application(text: &str) -> Result<bool, ValueError> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(true);
    }
    Err(error(
        &format!("`{text}` is not `none`"),
        "write the application protocol in place of `tcp`: `https`, `http` or `mssql`",
    ))
}

/// `true` or `false`.
pub(super) fn truth(text: &str) -> Result<bool, ValueError> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(error(&format!("`{text}` is neither true nor false"), "write `true` or `false`")),
    }
}

/// `alert`, `deny`, or a signature id before it: `2008983:deny`.
pub(super) fn idps_hit(text: &str) -> Result<IdpsHit, ValueError> {
    let (signature, mode) = match text.rsplit_once(':') {
        Some((signature, mode)) => (Some(SmolStr::new(signature)), mode),
        None => (None, text),
    };
    Ok(IdpsHit { signature, mode: hit_mode(mode)? })
}

/// What a signature that fired is set to do.
pub(super) fn hit_mode(text: &str) -> Result<HitMode, ValueError> {
    match text.to_ascii_lowercase().as_str() {
        "alert" => Ok(HitMode::Alert),
        "deny" => Ok(HitMode::Deny),
        _ => {
            let help = "write `alert` or `deny`, with the signature before it: `2008983:deny`";
            Err(error(&format!("`{text}` is no mode of a signature"), help))
        }
    }
}

/// The word of a mode.
pub(super) fn hit_mode_name(mode: HitMode) -> &'static str {
    match mode {
        HitMode::Alert => "alert",
        HitMode::Deny => "deny",
    }
}
