//! Opening the files that hold a rule set.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::args::{Cloud, GlobalArgs, ReadingArgs, RulesetArgs};
use super::failure::Failure;
use super::output;
use crate::compile::{self, Ruleset};
use crate::load;
use crate::policy::Inventory;
use crate::source::{InputError, Source, Sources, Warning};

/// What the files of a rule set hold.
pub(super) struct Loaded {
    pub(super) sources: Sources,
    pub(super) inventory: Inventory,
    pub(super) warnings: Vec<Warning>,
}

/// Loads and compiles the rule set of `files`; prints warnings.
pub(super) fn ruleset(
    files: &[PathBuf],
    args: &RulesetArgs,
    global: &GlobalArgs,
) -> Result<(Ruleset, Loaded), Failure> {
    compiled(files, &args.readings, &args.compile_options(), global)
}

/// Loads and compiles with options made elsewhere; prints warnings.
pub(super) fn compiled(
    files: &[PathBuf],
    readings: &ReadingArgs,
    options: &compile::Options,
    global: &GlobalArgs,
) -> Result<(Ruleset, Loaded), Failure> {
    finished(loaded(files, readings)?, options, global)
}

/// The rule set of `files` in the surroundings of another one: side tables and IP Groups that it
/// does not bring itself are those of `known`.
#[cfg(feature = "logs")]
pub(super) fn ruleset_beside(
    known: &Loaded,
    files: &[PathBuf],
    args: &RulesetArgs,
    global: &GlobalArgs,
) -> Result<(Ruleset, Loaded), Failure> {
    let mut loaded = loaded(files, &args.readings)?;
    let mut tables = known.inventory.tables.clone();
    tables.extend(std::mem::take(&mut loaded.inventory.tables));
    loaded.inventory.tables = tables;
    for group in &known.inventory.ip_groups {
        if !loaded
            .inventory
            .ip_groups
            .iter()
            .any(|own| own.name.value.eq_ignore_ascii_case(&group.name.value))
        {
            let mut group = group.clone();
            // Its places are in the files of the other rule set.
            group.name.span = None;
            group.addresses.iter_mut().for_each(|address| address.span = None);
            loaded.inventory.ip_groups.push(group);
        }
    }
    finished(loaded, &args.compile_options(), global)
}

/// Compiles what was loaded; prints warnings.
pub(super) fn finished(
    mut loaded: Loaded,
    options: &compile::Options,
    global: &GlobalArgs,
) -> Result<(Ruleset, Loaded), Failure> {
    match compile::compile(&loaded.inventory, options) {
        Ok((ruleset, warnings)) => {
            loaded.warnings.extend(warnings);
            output::warn(&loaded.warnings, &loaded.sources, global);
            Ok((ruleset, loaded))
        }
        Err(error) => {
            output::warn(&loaded.warnings, &loaded.sources, global);
            Err(Failure::compile(&error, &loaded.sources))
        }
    }
}

/// Loads everything that `files` and folders hold.
pub(super) fn loaded(files: &[PathBuf], readings: &ReadingArgs) -> Result<Loaded, Failure> {
    loaded_with(files, &load_options(readings, &readings.resolve)?)
}

/// The same with options that are made already.
pub(super) fn loaded_with(files: &[PathBuf], options: &load::Options) -> Result<Loaded, Failure> {
    let mut sources = Sources::default();
    let mut ids = Vec::new();
    for file in files {
        if file.is_dir() {
            for file in rule_set_files(file)? {
                ids.push(sources.add(Source::new(&file.display().to_string(), text(&file)?)));
            }
        } else {
            ids.push(sources.add(Source::new(&shown_name(file), text(file)?)));
        }
    }
    if ids.is_empty() {
        return Err(Failure::new(
            "no rule set given",
            "name its files or a folder that holds them",
        ));
    }
    let (inventory, warnings) = load::read_all(&ids, &sources, options)?;
    Ok(Loaded { sources, inventory, warnings })
}

pub(super) fn load_options(
    readings: &ReadingArgs,
    resolved: &[String],
) -> Result<load::Options, Failure> {
    let template = load::TemplateSettings {
        values: pairs(&readings.set, "--set")?,
        resolved: pairs(resolved, "--resolve")?,
        cloud: match readings.cloud {
            Cloud::Public => load::Cloud::Public,
            Cloud::Usgov => load::Cloud::UsGov,
            Cloud::China => load::Cloud::China,
        },
        ..load::TemplateSettings::default()
    };
    Ok(load::Options { template, ..load::Options::default() })
}

/// The names and values of a switch.
pub(super) fn pairs(texts: &[String], switch: &str) -> Result<Vec<(String, String)>, Failure> {
    texts.iter().map(|text| pair(text, switch)).collect()
}

fn pair(text: &str, switch: &str) -> Result<(String, String), Failure> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.trim().to_owned(), value.to_owned())),
        None => Err(Failure::new(
            format!("`{switch} {text}` has no `=`"),
            format!("write `{switch} NAME=VALUE`"),
        )),
    }
}

pub(super) fn shown_name(file: &Path) -> String {
    if file == Path::new("-") { "standard input".into() } else { file.display().to_string() }
}

/// The files that paths mean: themselves, and what folders hold with one of `endings`.
pub(super) fn files(paths: &[PathBuf], endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(candidates(path, endings)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

/// The files of a folder that can hold a rule set, in a stable order. A folder also holds notes,
/// pictures and logs, so here the name decides what is looked at; named files always are.
fn rule_set_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    const ENDINGS: [&str; 5] = ["json", "jsonc", "azfw", "csv", "tfstate"];
    candidates(folder, &ENDINGS)
}

fn candidates(folder: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry =
            entry.map_err(|error| InputError::new(format!("cannot read folder: {error}")))?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        let is_candidate = endings
            .iter()
            .any(|ending| name.rsplit_once('.').is_some_and(|(_, end)| end == *ending));
        if entry.file_type().is_file() && is_candidate {
            files.push(entry.into_path());
        }
    }
    if files.is_empty() {
        return Err(Failure::new(
            format!("folder `{}` holds no file that can be read", folder.display()),
            format!("looked for files ending in {}", endings.join(", ")),
        ));
    }
    Ok(files)
}

/// Policies larger than this are no policies: the service limits them to a few megabytes.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

/// The text of a file; `-` is standard input; gzip and Zstandard are unpacked.
pub(super) fn text(file: &Path) -> Result<String, Failure> {
    let shown = shown_name(file);
    let cannot_read = |error: io::Error| InputError::new(format!("cannot read `{shown}`: {error}"));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        io::stdin().lock().take(BYTES_MAX).read_to_end(&mut bytes).map_err(cannot_read)?;
    } else {
        bytes = fs::read(file).map_err(|error| {
            let message = InputError::new(format!("cannot read `{shown}`: {error}"));
            match shown.split_whitespace().count() {
                0 | 1 => message,
                _ => message.with_help("a flow has an arrow: \"tcp 10.0.0.4 -> 192.0.2.7:443\""),
            }
        })?;
    }
    let bytes = unpacked(bytes).map_err(cannot_read)?;
    Ok(load::decoded(&shown, bytes)?)
}

fn unpacked(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let limit = BYTES_MAX + 1;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes.as_slice()).take(limit).read_to_end(&mut text)?;
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        zstd::stream::read::Decoder::new(bytes.as_slice())?.take(limit).read_to_end(&mut text)?;
    } else {
        return Ok(bytes);
    }
    if text.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("it unpacks to more than 512 MiB"));
    }
    Ok(text)
}
