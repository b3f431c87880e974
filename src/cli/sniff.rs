//! Telling rule sets from logs by their beginning, where one command takes both.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::failure::Failure;
use crate::source::InputError;

/// Parts `paths` into those of a rule set and those of logs.
/// A table with one of `columns` holds logs.
pub(super) fn policy_and_logs(
    paths: &[PathBuf],
    columns: &[&str],
) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
    let mut policy = Vec::new();
    let mut logs = Vec::new();
    for path in paths {
        if path == Path::new("-") || holds_logs(path, columns)? {
            logs.push(path.clone());
        } else {
            policy.push(path.clone());
        }
    }
    if policy.is_empty() {
        return Err(Failure::new(
            "none of the files holds a rule set",
            "name a policy, then the logs: azfw replay policy.json logs/",
        ));
    }
    if logs.is_empty() {
        return Err(Failure::new(
            "none of the files holds logs",
            "name a policy, then the logs: azfw replay policy.json logs/",
        ));
    }
    Ok((policy, logs))
}

/// A folder holds what the first file in it holds that can be told.
fn holds_logs(path: &Path, columns: &[&str]) -> Result<bool, Failure> {
    if !path.is_dir() {
        return Ok(is_log(&head(path)?, columns));
    }
    for entry in WalkDir::new(path).sort_by_file_name().into_iter().flatten() {
        if entry.file_type().is_file() && is_log(&head(entry.path())?, columns) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first bytes of a file, unpacked.
fn head(path: &Path) -> Result<Vec<u8>, Failure> {
    const BYTES: u64 = 1 << 16;
    let cannot_read =
        |error: io::Error| InputError::new(format!("cannot read `{}`: {error}", path.display()));
    let mut packed = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BYTES).read_to_end(&mut packed))
        .map_err(cannot_read)?;
    let mut bytes = Vec::new();
    // The packed beginning ends in the middle, so an error at its end is no error.
    if packed.starts_with(&[0x1f, 0x8b]) {
        let _ = flate2::read::MultiGzDecoder::new(packed.as_slice())
            .take(BYTES)
            .read_to_end(&mut bytes);
    } else if packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let decoder = zstd::stream::read::Decoder::new(packed.as_slice()).map_err(cannot_read)?;
        let _ = decoder.take(BYTES).read_to_end(&mut bytes);
    } else {
        bytes = packed;
    }
    // UTF-16 of ASCII text is that text with zeros in between.
    bytes.retain(|&byte| byte != 0);
    Ok(bytes)
}

/// Keys of a log record's envelope, of its containers, and columns of log tables; lower case.
const LOG_KEYS: [&str; 14] = [
    "records",
    "category",
    "time",
    "timegenerated",
    "tables",
    "operationname",
    "msg",
    "tablename",
    "flow",
    "flowrecords",
    "msg_s",
    "sourceip",
    "id.orig_h",
    "l4protocol",
];

fn is_log(head: &[u8], named: &[&str]) -> bool {
    if head.starts_with(b"PAR1")
        || head.starts_with(b"#separator")
        || head.starts_with(b"PK\x03\x04")
    {
        return true;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', '\u{fffd}']).trim_start();
    if text.starts_with(['{', '[']) {
        return outer_keys(text).iter().any(|key| LOG_KEYS.contains(&key.as_str()));
    }
    if text.lines().take(20).any(|line| line.contains(" request from ")) {
        return true;
    }
    let header = text.lines().next().unwrap_or("").to_lowercase();
    let columns = header
        .split([',', ';', '\t', '❖'])
        .map(|column| column.trim().trim_matches('"').split(' ').next().unwrap_or("").to_owned());
    let mut columns = columns.filter(|column| !column.is_empty());
    columns.any(|column| {
        LOG_KEYS.contains(&column.as_str()) || named.iter().any(|n| n.eq_ignore_ascii_case(&column))
    })
}

/// The keys of the outermost object, or of the first object in an array; lower case.
fn outer_keys(text: &str) -> Vec<String> {
    let wanted = if text.starts_with('[') { 2 } else { 1 };
    let mut keys = Vec::new();
    let mut depth = 0usize;
    let mut chars = text.chars().peekable();
    let mut last_string = String::new();
    while let Some(c) = chars.next() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth + 1 == wanted {
                    break;
                }
            }
            ':' if depth == wanted => keys.push(std::mem::take(&mut last_string).to_lowercase()),
            '"' => {
                last_string.clear();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => {
                            let _ = chars.next();
                        }
                        c => last_string.push(c),
                    }
                }
            }
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::is_log;

    #[test]
    fn logs_are_told_from_rule_sets() {
        for log in [
            r#"{"time":"2026-01-01T00:00:00Z","category":"AZFWNetworkRule","properties":{}}"#,
            "\u{feff}{ \"records\": [ {",
            r#"[{"TableName":"PrimaryResult","Protocol":"TCP"}]"#,
            r#"{"tables":[{"name":"PrimaryResult"}]}"#,
            "\"TimeGenerated [UTC]\",Protocol,SourceIp\n",
            "PAR1",
            "PK\u{3}\u{4}",
            "Mar  1 10:00:00 fw TCP request from 192.0.2.1:1 to 192.0.2.2:2. Action: Deny\n",
            "#separator \\x09\n",
            "when;src;dst\n",
            r#"{"ts":1,"id.orig_h":"192.0.2.1"}"#,
        ] {
            assert!(is_log(log.as_bytes(), &["src"]), "{log}");
        }
        for policy in [
            r#"{"$schema":"x","resources":[{"properties":{"logs":[{"category":"AZFWNetworkRule"}]}}]}"#,
            r#"[{"name":"group","properties":{"priority":100}}]"#,
            r#"{"dns":{"time":["192.0.2.1"]}}"#,
            "policy hub\ngroup g 200\n",
        ] {
            assert!(!is_log(policy.as_bytes(), &["src"]), "{policy}");
        }
    }
}
