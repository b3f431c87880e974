//! Everything that was found in the input files, before it is linked.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use smol_str::SmolStr;

use super::{Address, ResourceId, RuleCollection, RuleCollectionGroup, Settings, Written};
use crate::net::{Fqdn, FqdnPattern, IpSet};
use crate::source::Spanned;

/// `Microsoft.Network/firewallPolicies`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirewallPolicy {
    pub name: Spanned<SmolStr>,
    pub id: Option<ResourceId>,
    /// `basePolicy.id`.
    pub base: Option<Spanned<ResourceId>>,
    pub settings: Settings,
    /// `ruleCollectionGroups`: references, by which a missing file is noticed.
    pub group_references: Vec<Spanned<ResourceId>>,
}

/// `Microsoft.Network/azureFirewalls`: a classic firewall, or one that a policy governs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicFirewall {
    pub name: Spanned<SmolStr>,
    pub id: Option<ResourceId>,
    pub settings: Settings,
    /// `firewallPolicy.id`.
    pub policy: Option<Spanned<ResourceId>>,
    /// Its own collections, of all three types.
    pub collections: Vec<RuleCollection>,
    /// Names of `ipConfigurations`' public IPs or hub addresses that are written out.
    pub addresses: Vec<Spanned<Written<IpAddr>>>,
    pub placement: Placement,
}

/// Where a firewall stands, as far as it is written out. No verdict depends on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Placement {
    /// `zones`. None: not written, or written as none.
    pub zones: Vec<Spanned<Written<SmolStr>>>,
    /// `subnet.id` of `ipConfigurations`, where it is known.
    pub subnets: Vec<Spanned<ResourceId>>,
    /// `subnet.id` of `managementIpConfiguration`.
    pub management_subnet: Option<Spanned<Written<ResourceId>>>,
    /// `virtualHub.id`: the firewall stands in a hub of Virtual WAN instead of a network.
    pub virtual_hub: Option<Spanned<Written<ResourceId>>>,
}

/// `Microsoft.Network/ipGroups`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpGroup {
    pub name: Spanned<SmolStr>,
    pub id: Option<ResourceId>,
    /// `None`: not written, or not known.
    pub location: Option<SmolStr>,
    pub addresses: Vec<Spanned<Written<Address>>>,
}

/// What all files together hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    pub policies: Vec<FirewallPolicy>,
    pub groups: Vec<RuleCollectionGroup>,
    pub firewalls: Vec<ClassicFirewall>,
    pub ip_groups: Vec<IpGroup>,
    pub tables: SideTables,
}

impl Inventory {
    /// Adds what another file holds.
    pub fn extend(&mut self, other: Self) {
        self.policies.extend(other.policies);
        self.groups.extend(other.groups);
        self.firewalls.extend(other.firewalls);
        self.ip_groups.extend(other.ip_groups);
        self.tables.extend(other.tables);
    }

    /// The same without what the files hold a second time, such as the text form of a rule set
    /// beside its template.
    #[must_use]
    pub fn without_repeats(&self) -> Self {
        Self {
            policies: once(&self.policies),
            groups: once(&self.groups),
            firewalls: once(&self.firewalls),
            ip_groups: once(&self.ip_groups),
            tables: self.tables.clone(),
        }
    }

    /// Whether nothing was found, not even a side table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The first of each value.
fn once<T: Clone + PartialEq>(all: &[T]) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for one in all {
        if !kept.contains(one) {
            kept.push(one.clone());
        }
    }
    kept
}

/// Facts that rule sets refer to and do not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideTables {
    /// Name to addresses; an empty list: the name cannot be resolved.
    pub dns: BTreeMap<SmolStr, Vec<IpAddr>>,
    /// FQDN tag, lower case, to its names.
    pub fqdn_tags: BTreeMap<SmolStr, Vec<FqdnPattern>>,
    /// Names that the built-in infrastructure collection allows.
    pub infrastructure_fqdns: Vec<FqdnPattern>,
    /// Name to web category.
    pub web_categories: BTreeMap<SmolStr, SmolStr>,
    /// Service tags; a later file wins over an earlier one.
    pub service_tags: Vec<TagFile>,
    /// The subnets of firewalls, from the virtual networks that hold them. No verdict depends on
    /// them.
    pub subnets: Vec<Subnet>,
}

/// A subnet that a firewall can stand in, with its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    pub id: ResourceId,
    // INVARIANT: not empty.
    pub prefixes: Vec<Spanned<IpNet>>,
}

/// Microsoft's service tag file or the answer of its API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagFile {
    pub change_number: Option<SmolStr>,
    pub cloud: Option<SmolStr>,
    /// Tag name, lower case, to its addresses.
    pub tags: BTreeMap<SmolStr, IpSet>,
    /// Other names of tags, lower case: their regions in another spelling.
    pub aliases: BTreeMap<SmolStr, SmolStr>,
}

impl TagFile {
    /// The addresses of the tag `name`, lower case.
    fn addresses(&self, name: &str) -> Option<&IpSet> {
        self.tags.get(name).or_else(|| self.tags.get(self.aliases.get(name)?))
    }
}

/// An FQDN tag in the spelling that is compared. Microsoft's pages and API call some differently:
/// `AzureHDInsight` is `HDInsight`, and `Office365.…` has become `Microsoft365.…`.
fn fqdn_tag_key(name: &str) -> SmolStr {
    let name = name.trim().to_ascii_lowercase();
    match name.strip_prefix("office365.") {
        Some(rest) => SmolStr::from(format!("microsoft365.{rest}")),
        None if name == "azurehdinsight" => "hdinsight".into(),
        None => name.into(),
    }
}

impl SideTables {
    /// Adds what another file holds; what is given twice counts as given last.
    pub fn extend(&mut self, other: Self) {
        self.dns.extend(other.dns);
        self.fqdn_tags.extend(other.fqdn_tags);
        self.infrastructure_fqdns.extend(other.infrastructure_fqdns);
        self.web_categories.extend(other.web_categories);
        self.service_tags.extend(other.service_tags);
        self.subnets.extend(other.subnets);
    }

    /// The addresses of a name; `None`: the table does not know it.
    #[must_use]
    pub fn addresses(&self, name: &Fqdn) -> Option<&[IpAddr]> {
        self.dns.get(name.as_str()).map(Vec::as_slice)
    }

    /// The names of an FQDN tag in any case; `None`: no table lists it.
    #[must_use]
    pub fn fqdn_tag(&self, name: &str) -> Option<&[FqdnPattern]> {
        let exact = self.fqdn_tags.get(name.to_ascii_lowercase().as_str());
        let wanted = fqdn_tag_key(name);
        let mut others = self.fqdn_tags.iter();
        let other = || others.find(|(known, _)| fqdn_tag_key(known) == wanted).map(|(_, it)| it);
        exact.or_else(other).map(Vec::as_slice)
    }

    /// The addresses of a service tag in any case; `None`: no file lists it.
    #[must_use]
    pub fn service_tag(&self, name: &str) -> Option<&IpSet> {
        let name = name.to_ascii_lowercase();
        self.service_tags.iter().rev().find_map(|file| file.addresses(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fqdn_tags_have_other_names() {
        let names = vec![FqdnPattern::Any];
        let tags = ["hdinsight", "microsoft365.exchange.optimize"];
        let fqdn_tags = tags.into_iter().map(|tag| (tag.into(), names.clone())).collect();
        let tables = SideTables { fqdn_tags, ..SideTables::default() };
        assert!(tables.fqdn_tag("AzureHDInsight").is_some());
        assert!(tables.fqdn_tag("Office365.Exchange.Optimize").is_some());
        assert!(tables.fqdn_tag("Office365.Exchange.Allow").is_none());
        assert!(tables.fqdn_tag("HDINSIGHT").is_some());
    }
}
