//! Rule sets and side tables from texts, as the command line reads them from files.

use azfw::load::{Options, read_all};
use azfw::policy::Inventory;
use azfw::source::{Source, Sources};

/// What several files hold together.
pub(crate) struct Loaded {
    pub(crate) inventory: Inventory,
    pub(crate) warnings: Vec<String>,
}

/// Reads files given as name and text.
pub(crate) fn load(files: &[(String, String)]) -> Result<Loaded, String> {
    let mut sources = Sources::default();
    let ids: Vec<_> =
        files.iter().map(|(name, text)| sources.add(Source::new(name, text.as_str()))).collect();
    let (inventory, warnings) =
        read_all(&ids, &sources, &Options::default()).map_err(|errors| {
            let messages: Vec<_> = errors.iter().map(ToString::to_string).collect();
            messages.join("\n")
        })?;
    let warnings = warnings.into_iter().map(|warning| warning.message).collect();
    Ok(Loaded { inventory, warnings })
}
