//! Regions have two spellings in Microsoft's service tags: `AzureCloud.germanywc` has the region of
//! `Storage.GermanyWestCentral`. People write the second one for both.

use std::collections::{BTreeMap, BTreeSet};

use smol_str::{SmolStr, format_smolstr};

use crate::policy::TagFile;

/// A regional tag of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RegionalTag {
    /// `storage`.
    pub(super) base: SmolStr,
    /// `germanywestcentral`.
    pub(super) region: SmolStr,
    /// `properties.regionId`, which the answer of the API lacks.
    pub(super) region_id: Option<u32>,
}

/// The spellings that differ, for files without ids (Public cloud, change 360 of 2025).
const SPELLINGS: [(&str, &str); 10] = [
    ("brazilse", "brazilsoutheast"),
    ("chilec", "chilecentral"),
    ("centralfrance", "francecentral"),
    ("southfrance", "francesouth"),
    ("germanyn", "germanynorth"),
    ("germanywc", "germanywestcentral"),
    ("norwaye", "norwayeast"),
    ("norwayw", "norwaywest"),
    ("switzerlandn", "switzerlandnorth"),
    ("switzerlandw", "switzerlandwest"),
];

impl RegionalTag {
    /// The tag `name`, lower case, if it is a regional one.
    pub(super) fn new(name: &str, region_id: Option<u32>) -> Option<Self> {
        let (base, region) = name.rsplit_once('.')?;
        // The id 0 is that of tags without a region, such as `AzureFrontDoor.Backend`.
        (region_id != Some(0)).then(|| Self { base: base.into(), region: region.into(), region_id })
    }
}

/// Adds the other spellings of the regions to the tags of `file`.
pub(super) fn add_spellings(file: &mut TagFile, tags: &[RegionalTag]) {
    let linked = same_regions(tags);
    for tag in tags {
        let written = SPELLINGS.iter().flat_map(|&(short, long)| [(short, long), (long, short)]);
        let written = written.filter(|(known, _)| tag.region_id.is_none() && *known == tag.region);
        let others = linked.get(&tag.region).into_iter().flatten().cloned();
        for other in others.chain(written.map(|(_, other)| other.into())) {
            let alias = format_smolstr!("{}.{other}", tag.base);
            if !file.tags.contains_key(&alias) {
                file.aliases.insert(alias, format_smolstr!("{}.{}", tag.base, tag.region));
            }
        }
    }
}

/// Other spellings of each region, by the id they share.
fn same_regions(tags: &[RegionalTag]) -> BTreeMap<SmolStr, BTreeSet<SmolStr>> {
    let mut regions: BTreeMap<u32, BTreeMap<&SmolStr, BTreeSet<&SmolStr>>> = BTreeMap::new();
    for tag in tags {
        let Some(id) = tag.region_id else { continue };
        regions.entry(id).or_default().entry(&tag.region).or_default().insert(&tag.base);
    }
    let mut linked: BTreeMap<SmolStr, BTreeSet<SmolStr>> = BTreeMap::new();
    for spellings in regions.into_values() {
        // A tag that has both is one for each: these are two regions.
        let count: usize = spellings.values().map(BTreeSet::len).sum();
        let distinct: BTreeSet<&SmolStr> = spellings.values().flatten().copied().collect();
        if count != distinct.len() {
            continue;
        }
        for region in spellings.keys() {
            let others = spellings.keys().filter(|other| *other != region);
            let others = others.map(|other| SmolStr::clone(other));
            linked.entry(SmolStr::clone(region)).or_default().extend(others);
        }
    }
    linked
}

#[cfg(test)]
mod tests {
    use crate::load::{Options, read};
    use crate::source::{Source, Sources};

    /// Whether a file with these tags (name, region id) knows `wanted`.
    fn knows(tags: &[(&str, Option<u32>)], wanted: &str) -> bool {
        let tag = |(name, id): &(&str, Option<u32>)| {
            let id = id.map(|id| format!("\"regionId\": {id}, ")).unwrap_or_default();
            format!(
                r#"{{"name": "{name}", "properties": {{{id}"addressPrefixes": ["192.0.2.0/24"]}}}}"#
            )
        };
        let tags: Vec<String> = tags.iter().map(tag).collect();
        let text = format!(r#"{{"cloud": "Public", "values": [{}]}}"#, tags.join(","));
        let mut sources = Sources::default();
        let id = sources.add(Source::new("tags.json", text));
        let (inventory, _) = read(id, &sources, &Options::default()).unwrap();
        inventory.tables.service_tag(wanted).is_some()
    }

    #[test]
    fn the_id_links_spellings() {
        let tags = [("AzureCloud.germanywc", Some(7)), ("Storage.GermanyWestCentral", Some(7))];
        assert!(knows(&tags, "AzureCloud.GermanyWestCentral"));
        assert!(knows(&tags, "storage.germanywc"));
        assert!(!knows(&tags, "AzureCloud.GermanyNorth"));
        assert!(!knows(&tags, "Sql.GermanyWestCentral"));
    }

    #[test]
    fn one_id_can_have_two_regions() {
        let tags =
            [("Storage.StageA", Some(9)), ("Storage.StageB", Some(9)), ("Sql.StageA", Some(9))];
        assert!(!knows(&tags, "Sql.StageB"));
        let without = [("AzureFrontDoor.Backend", Some(0)), ("AzureFrontDoor.Frontend", Some(0))];
        assert!(!knows(&[&without[..], &[("Other.Backend", Some(0))]].concat(), "Other.Frontend"));
    }

    #[test]
    fn without_ids_the_known_spellings_count() {
        assert!(knows(&[("AzureCloud.norwaye", None)], "AzureCloud.NorwayEast"));
        assert!(knows(&[("Storage.NorwayEast", None)], "Storage.norwaye"));
        assert!(!knows(&[("AzureCloud.norwaye", None)], "AzureCloud.NorwayWest"));
    }
}
