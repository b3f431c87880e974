//! Lists of names for addresses.
//!
//! ```text
//! line   = range (blank | "," | ";" | tab) name ["#" comment]
//! range  = address | prefix | address "-" address
//! ```
//!
//! A CSV file with the range in its first column and the name in its second one is such a list; its
//! first line may be a header.

use smol_str::SmolStr;

use super::value::{ValueError, address};
use crate::net::IpRange;
use crate::policy::Address;

/// The ranges and names of a list.
///
/// # Errors
///
/// Says which line is none, with the offset in the whole text.
pub fn address_names(text: &str) -> Result<Vec<(IpRange, SmolStr)>, ValueError> {
    let mut names = Vec::new();
    let mut offset = 0;
    let mut is_first = true;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.split('#').next().unwrap_or_default();
        if content.trim_matches(['\u{feff}', ',', ';', ' ', '\t', '\r', '\n']).is_empty() {
            continue;
        }
        match entry(content) {
            Ok(entry) => names.push(entry),
            Err(_) if is_first && is_header(content) => {}
            Err(error) => return Err(ValueError { offset: start + error.offset, ..error }),
        }
        is_first = false;
    }
    Ok(names)
}

/// Column titles hold no digits and no colons; every range does.
fn is_header(line: &str) -> bool {
    let first = line.split([',', ';', '\t']).next().unwrap_or_default();
    first.len() < line.len() && !first.contains(|c: char| c.is_ascii_digit() || c == ':')
}

fn entry(line: &str) -> Result<(IpRange, SmolStr), ValueError> {
    let is_gap = |c: char| c.is_whitespace() || c == '\u{feff}';
    let start = line.len() - line.trim_start_matches(is_gap).len();
    let content = line.trim_matches(is_gap);
    let error = |message: String, offset: usize| ValueError {
        message,
        help: Some("write a prefix and its name, such as `10.1.0.0/16 spoke-a`".to_owned()),
        offset: start + offset,
    };
    let Some(end) = content.find(|c: char| c.is_whitespace() || c == ',' || c == ';') else {
        return Err(error(format!("no name stands behind `{content}`"), content.len()));
    };
    let (range, rest) = content.split_at(end);
    let name = rest.trim_start_matches([',', ';', ' ', '\t']);
    // Further columns of a CSV file are not looked at.
    let name = match name.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or_default(),
        None if rest.starts_with([',', ';']) => name.split([',', ';']).next().unwrap_or_default(),
        None => name,
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(error(format!("no name stands behind `{range}`"), end));
    }
    match address(range.trim_matches('"')).map(|parsed| parsed.address) {
        Ok(Address::Range(range)) => Ok((range, name.into())),
        Ok(Address::Any | Address::ServiceTag(_)) | Err(_) => {
            Err(error(format!("`{range}` is no address, prefix or range"), 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Expect) {
        let got = match address_names(text) {
            Ok(names) => names.iter().fold(String::new(), |mut text, (range, name)| {
                let _ = writeln!(text, "{range} = {name}");
                text
            }),
            Err(error) => format!("{}: {error}", error.offset),
        };
        expected.assert_eq(&got);
    }

    #[test]
    fn lines_and_csv() {
        check(
            "# hub\n10.1.0.0/16 spoke-a\n10.2.0.4-10.2.0.9\tjump hosts  # two\r\n\n2001:db8::/32 six",
            expect![[r"
                10.1.0.0/16 = spoke-a
                10.2.0.4-10.2.0.9 = jump hosts
                2001:db8::/32 = six
            "]],
        );
        check(
            "\u{feff}prefix,name,owner\n10.1.0.0/16,\"spoke, a\",team\n\"10.2.0.0/16\";spoke b;x\n",
            expect![[r"
                10.1.0.0/16 = spoke, a
                10.2.0.0/16 = spoke b
            "]],
        );
    }

    #[test]
    fn what_is_no_entry_is_said_with_its_place() {
        check(
            "10.1.0.0/16 a\nspoke-b 10.2.0.0/16",
            expect!["14: `spoke-b` is no address, prefix or range"],
        );
        check("10.1.0.0/16", expect!["11: no name stands behind `10.1.0.0/16`"]);
        check("  10.1.0.0/16,", expect!["13: no name stands behind `10.1.0.0/16`"]);
        check("10.1.0.0/40 a", expect!["0: `10.1.0.0/40` is no address, prefix or range"]);
    }
}
