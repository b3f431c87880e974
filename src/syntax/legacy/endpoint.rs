//! `192.0.2.4:443`, `[2001:db8::1]:443`, `www.example.com:443`, `192.0.2.4:`, `192.0.2.4`.

use std::net::{IpAddr, Ipv6Addr};

use nom::Parser;
use nom::bytes::complete::take_while1;
use nom::character::complete::space0;

use super::Trouble;

/// An end of a connection as a sentence names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// Address or name, without brackets.
    pub host: &'a str,
    /// Absent where none is written, as for ICMP.
    pub port: Option<u16>,
}

impl Endpoint<'_> {
    /// The address, unless the host is a name.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// One endpoint with the dots and blanks behind it.
pub(super) fn endpoint(text: &str) -> Result<(&str, Endpoint<'_>), Trouble<'_>> {
    let mut token = take_while1::<_, _, nom::error::Error<&str>>(|c: char| c != ' ');
    let (rest, token) = token.parse(text).map_err(|_| ("an address", text))?;
    let (rest, _) = space0::<_, nom::error::Error<&str>>(rest).map_err(|_| ("an address", text))?;
    let token = token.trim_end_matches('.');
    let (host, port) = host_and_port(token).ok_or(("an address", text))?;
    if port.is_empty() {
        return Ok((rest, Endpoint { host, port: None }));
    }
    let port = port.parse().map_err(|_| ("a port (0-65535)", text))?;
    Ok((rest, Endpoint { host, port: Some(port) }))
}

fn host_and_port(token: &str) -> Option<(&str, &str)> {
    let (host, port) = if let Some(bracketed) = token.strip_prefix('[') {
        let (host, after) = bracketed.split_once(']')?;
        (host, if after.is_empty() { "" } else { after.strip_prefix(':')? })
    } else if token.parse::<Ipv6Addr>().is_ok() {
        (token, "")
    } else {
        token.rsplit_once(':').unwrap_or((token, ""))
    };
    (!host.is_empty()).then_some((host, port))
}
