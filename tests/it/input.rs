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
    let mut inventory = Inventory::default();
    let mut warnings = Vec::new();
    let mut ids = Vec::new();
    for (name, text) in files {
        let id = sources.add(Source::new(name, text.as_str()));
        if name.ends_with(".azfw") {
            let (found, said) =
                azfw::syntax::text::parse(text, id).map_err(|error| format!("{name}: {error}"))?;
            inventory.extend(found);
            warnings.extend(said);
        } else {
            ids.push(id);
        }
    }
    let (found, said) = read_all(&ids, &sources, &Options::default()).map_err(|e| e.to_string())?;
    inventory.extend(found);
    warnings.extend(said);
    let warnings = warnings.into_iter().map(|warning| warning.message).collect();
    Ok(Loaded { inventory, warnings })
}
