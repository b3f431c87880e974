//! Files that hold rule sets in a form that is not read, and the command that makes what is.

use crate::source::InputError;

/// The text of a file from its bytes.
///
/// # Errors
///
/// The bytes are no text, or text in another encoding than UTF-8.
pub fn decoded(name: &str, bytes: Vec<u8>) -> Result<String, InputError> {
    if is_utf16(&bytes) {
        return Err(utf16(name));
    }
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        if error.as_bytes().contains(&0) || is_archive(error.as_bytes()) {
            return binary(name, error.as_bytes());
        }
        let message = format!("`{name}` is no UTF-8 text: byte {offset} belongs to no character");
        InputError::new(message).with_help("save the file as UTF-8")
    })
}

/// What to do with a text that is no JSON, where it is known; its content decides, not its name.
pub(super) fn refusal(name: &str, text: &str) -> Option<InputError> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.contains('\0') {
        let is_wide = is_utf16(text.get(..text.floor_char_boundary(512))?.as_bytes());
        return Some(if is_wide { utf16(name) } else { binary(name, text.as_bytes()) });
    }
    if text.is_empty() {
        return Some(InputError::new(format!("`{name}` is empty")).with_help(
            "the command that wrote it may have failed: run it again, and read what it says",
        ));
    }
    if text.starts_with(['{', '[']) {
        return None;
    }
    let lines = || text.lines().map(str::trim_start).filter(|line| !line.is_empty());
    if lines().any(|line| line.starts_with("using '") || line.starts_with("using none")) {
        let error = InputError::new(format!("`{name}` holds Bicep parameters"));
        return Some(error.with_help(format!("make JSON of it: `bicep build-params {name}`")));
    }
    if lines().any(is_bicep) {
        let error = InputError::new(format!("`{name}` is Bicep"));
        return Some(error.with_help(format!("make JSON of it: `bicep build {name}`")));
    }
    if lines().any(is_terraform) {
        let error = InputError::new(format!("`{name}` is Terraform code"));
        return Some(error.with_help(TERRAFORM_HELP));
    }
    let is_comment = |line: &&str| line.starts_with(['#', '/', '*']);
    if lines().find(|line| !is_comment(line)).is_some_and(is_terraform_value) {
        let error = InputError::new(format!("`{name}` holds values for Terraform code"));
        return Some(error.with_help(TERRAFORM_HELP));
    }
    if text.starts_with('<') {
        let error = InputError::new(format!("`{name}` is XML or HTML"));
        return Some(error.with_help("export the rule set as JSON: `az rest` or an ARM template"));
    }
    if is_listing(text) {
        let error =
            InputError::new(format!("`{name}` is what PowerShell or `az` prints for people"));
        return Some(error.with_help(
            "export JSON instead: `… | ConvertTo-Json -Depth 100`, or `az … --output json`",
        ));
    }
    if is_yaml(text) {
        let error = InputError::new(format!("`{name}` is YAML"));
        return Some(error.with_help("export JSON instead: `az … --output json`"));
    }
    None
}

/// What to do with Terraform code.
pub(super) const TERRAFORM_HELP: &str = "give its plan or state as JSON: `terraform plan -out plan`, then \
                              `terraform show -json plan`, or `terraform show -json` alone";

/// `name = {` and the like, as in a file of variables.
fn is_terraform_value(line: &str) -> bool {
    let Some((name, value)) = line.split_once('=') else { return false };
    let name = name.trim();
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    is_name && value.trim_start().starts_with(['{', '[', '"'])
}

/// `Name   : hub` in every line, or a heading with a line of dashes below it.
fn is_listing(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty()).take(2);
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return false };
    let is_field = |line: &str| {
        line.split_once(" : ").is_some_and(|(name, _)| !name.trim().contains([' ', '"', '-']))
    };
    let is_rule = second.starts_with('-') && second.chars().all(|c| c == '-' || c == ' ');
    is_rule || (is_field(first) && is_field(second))
}

/// `key: value` or `- key: value`, as `az … --output yaml` prints it.
fn is_yaml(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let first = lines.find(|line| !line.starts_with('#')).unwrap_or("");
    let first = first.strip_prefix("- ").unwrap_or(first);
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    first == "---"
        || first.split_once(':').is_some_and(|(key, rest)| {
            !key.is_empty() && is_key(key) && (rest.is_empty() || rest.starts_with(' '))
        })
}

fn is_bicep(line: &str) -> bool {
    let is_resource = (line.starts_with("resource ") || line.starts_with("module "))
        && line.contains(" '")
        && line.trim_end().ends_with(['{', '[', ':', '(']);
    is_resource || line.starts_with("targetScope =") || line.starts_with("targetScope=")
}

fn is_terraform(line: &str) -> bool {
    let blocks = ["resource \"", "data \"", "module \"", "provider \"", "variable \""];
    blocks.iter().any(|block| line.starts_with(block))
        || ["terraform {", "locals {"].iter().any(|block| line.starts_with(block))
}

/// A byte order mark, or a zero as every second byte.
fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let head = bytes.get(..512.min(bytes.len())).unwrap_or(bytes);
    let zeros_at = |parity: usize| head.iter().skip(parity).step_by(2).all(|&byte| byte == 0);
    head.len() >= 4 && zeros_at(0) != zeros_at(1)
}

fn utf16(name: &str) -> InputError {
    InputError::new(format!("`{name}` is UTF-16 text"))
        .with_help("save it as UTF-8: `iconv -f UTF-16 -t UTF-8`, or `Out-File -Encoding utf8`")
}

/// A zip file: also a saved plan of Terraform, and a workbook.
fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(&[0x1f, 0x8b])
}

fn binary(name: &str, bytes: &[u8]) -> InputError {
    if is_archive(bytes) {
        return InputError::new(format!("`{name}` is packed")).with_help(
            "unpack it; of a saved Terraform plan make JSON: `terraform show -json FILE`; save the \
             sheet of a workbook as CSV",
        );
    }
    InputError::new(format!("`{name}` is no text"))
        .with_help("give a rule set as JSON, CSV or in the text form")
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Expect) {
        let refused = match decoded("a", bytes.to_vec()) {
            Ok(text) => refusal("a", &text),
            Err(error) => Some(error),
        };
        let got = refused.map_or("fine".to_owned(), |error| {
            let help = miette::Diagnostic::help(&error).map(|help| format!(" ({help})"));
            format!("{error}{}", help.unwrap_or_default())
        });
        expected.assert_eq(&got);
    }

    #[test]
    fn what_is_read() {
        check(b"// a comment\n{}", expect!["fine"]);
        check(b"\xef\xbb\xbf[]", expect!["fine"]);
    }

    #[test]
    fn what_is_not() {
        check(
            b" \n",
            expect![
                "`a` is empty (the command that wrote it may have failed: run it again, and read what it says)"
            ],
        );
        check(
            b"\xff\xfe{\0}\0",
            expect![
                "`a` is UTF-16 text (save it as UTF-8: `iconv -f UTF-16 -t UTF-8`, or `Out-File -Encoding utf8`)"
            ],
        );
        check(
            b"{\0\"\0a\0\"\0:\x001\0}\0",
            expect![
                "`a` is UTF-16 text (save it as UTF-8: `iconv -f UTF-16 -t UTF-8`, or `Out-File -Encoding utf8`)"
            ],
        );
        check(
            b"PK\x03\x04\0\0\xff",
            expect![
                "`a` is packed (unpack it; of a saved Terraform plan make JSON: `terraform show -json FILE`; save the sheet of a workbook as CSV)"
            ],
        );
        check(
            b"PK\x03\x04\0\0",
            expect![
                "`a` is packed (unpack it; of a saved Terraform plan make JSON: `terraform show -json FILE`; save the sheet of a workbook as CSV)"
            ],
        );
        check(
            b"{\"a\": \"\xe4\"}",
            expect![
                "`a` is no UTF-8 text: byte 7 belongs to no character (save the file as UTF-8)"
            ],
        );
        check(
            b"param a string\nresource b 'Microsoft.Network/ipGroups@2024-05-01' = {\n}",
            expect!["`a` is Bicep (make JSON of it: `bicep build a`)"],
        );
        check(
            b"targetScope = 'subscription'",
            expect!["`a` is Bicep (make JSON of it: `bicep build a`)"],
        );
        check(
            b"using './main.bicep'\nparam a = 1",
            expect!["`a` holds Bicep parameters (make JSON of it: `bicep build-params a`)"],
        );
        check(
            b"# hub\nresource \"azurerm_firewall_policy\" \"hub\" {\n}",
            expect![
                "`a` is Terraform code (give its plan or state as JSON: `terraform plan -out plan`, then `terraform show -json plan`, or `terraform show -json` alone)"
            ],
        );
        check(
            b"<html>",
            expect![
                "`a` is XML or HTML (export the rule set as JSON: `az rest` or an ARM template)"
            ],
        );
    }
}
