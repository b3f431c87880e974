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
    let add = |(name, text): &(String, String)| sources.add(Source::new(name, text.as_str()));
    let ids: Vec<_> = files.iter().map(add).collect();
    let (inventory, warnings) =
        read_all(&ids, &sources, &Options::default()).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            errors.join("\n")
        })?;
    let warnings = warnings.into_iter().map(|warning| warning.message).collect();
    Ok(Loaded { inventory, warnings })
}

/// The first line in which two models differ. The scope of a firewall's id, which only a deployment
/// settles, does not count; nor do positions.
pub(crate) fn difference(ours: &Inventory, theirs: &Inventory) -> Option<String> {
    let (ours, theirs) = (&undeployed(ours), &undeployed(theirs));
    if ours == theirs {
        return None;
    }
    let lines = |inventory: &Inventory| -> Vec<String> {
        let text = format!("{inventory:#?}");
        let mut lines: Vec<String> = Vec::new();
        let mut in_span = false;
        for line in text.lines().map(str::trim) {
            in_span |= line == "span: Some(";
            if !in_span && line != "span: None," {
                lines.push(line.to_owned());
            }
            in_span &= line != "},";
        }
        lines
    };
    let (ours, theirs) = (lines(ours), lines(theirs));
    let at = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs)?;
    let around = |lines: &[String]| lines.get(at.saturating_sub(3)..at + 3).map(<[_]>::to_vec);
    Some(format!("{:?} and {:?}", around(&ours), around(&theirs)))
}

fn undeployed(inventory: &Inventory) -> Inventory {
    let mut inventory = inventory.clone();
    for firewall in &mut inventory.firewalls {
        firewall.id = None;
    }
    inventory
}
