//! Writes `samples/` anew: `cargo run --example generate_samples`.
//!
//! An example and not a command, because users of `azfw` have logs of their own.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use azfw::compile::{self, Ruleset};
use azfw::generate::SAMPLE_SETS;
use azfw::load;
use azfw::source::{Source, Sources};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for set in SAMPLE_SETS {
        let rules = root.join("rulesets").join(set.name);
        let traffic = fs::read_to_string(rules.join("traffic.txt"))?;
        let target = root.join("samples").join(set.name);
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        for (name, text) in set.files(&ruleset(&rules)?, &traffic)? {
            write(&target.join(name), &text)?;
        }
    }
    Ok(())
}

/// The rule set of a folder in its text form, with its side tables.
fn ruleset(folder: &Path) -> Result<Ruleset, Box<dyn Error>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut files: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    files.sort();
    files.retain(|file| {
        let is = |ending| file.extension().is_some_and(|extension| extension == ending);
        is("azfw") || (is("json") && !file.ends_with("policy.json"))
    });
    let mut sources = Sources::default();
    let mut ids = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        ids.push(sources.add(Source::new(&file.display().to_string(), text)));
    }
    let (inventory, _) = load::read_all(&ids, &sources, &load::Options::default())
        .map_err(|errors| errors.first().map_or_else(String::new, ToString::to_string))?;
    Ok(compile::compile(&inventory, &compile::Options::default())?.0)
}

fn write(file: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    if file.extension().is_some_and(|extension| extension == "gz") {
        let packed = fs::File::create(file)?;
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::best());
        packed.write_all(text.as_bytes())?;
        packed.finish()?;
    } else {
        fs::write(file, text)?;
    }
    Ok(())
}
