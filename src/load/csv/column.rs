//! The columns of tables of rules, as scripts, spreadsheets and azfw itself call them.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Column {
    Policy,
    ParentPolicy,
    /// A classic firewall, whose collections have no groups.
    Firewall,
    Group,
    GroupPriority,
    Collection,
    CollectionPriority,
    Action,
    CollectionType,
    RuleType,
    Rule,
    Description,
    /// What `Source` holds: addresses or IP Groups.
    SourceType,
    Source,
    SourceIpGroups,
    Protocols,
    TerminateTls,
    DestinationType,
    Destination,
    DestinationAddresses,
    DestinationIpGroups,
    DestinationFqdns,
    DestinationPorts,
    TargetFqdns,
    TargetUrls,
    FqdnTags,
    WebCategories,
    HttpHeaders,
    /// Destinations of any kind with words before them: `tag WindowsUpdate`.
    Targets,
    /// `address:port`.
    Translated,
    TranslatedAddress,
    TranslatedFqdn,
    TranslatedPort,
    /// What azfw could not tell of the rule.
    Unknown,
    /// Whether the rule is of the parent policy.
    Inherited,
    /// Names of fields that the rule has and azfw does not know.
    UnknownFields,
    /// Stands for nothing that decides.
    Ignored,
}

/// Names in lower case, without anything but letters.
const NAMES: &[(Column, &[&str])] = &[
    (Column::Policy, &["policy", "policyname", "firewallpolicy", "firewallpolicyname"]),
    (Column::ParentPolicy, &["parentpolicy", "basepolicy", "parent"]),
    (Column::Firewall, &["firewall", "firewallname", "azurefirewall", "azurefirewallname"]),
    (Column::Group, &["group", "rulecollectiongroup", "rulecollectiongroupname", "rcg", "rcgname"]),
    (Column::GroupPriority, &["grouppriority", "rulecollectiongrouppriority", "rcgpriority"]),
    (Column::Collection, &["collection", "collectionname", "rulecollection", "rulecollectionname"]),
    (Column::CollectionPriority, &["collectionpriority", "rulecollectionpriority", "priority"]),
    (Column::Action, &["action", "actiontype", "rulecollectionaction", "collectionaction"]),
    (Column::CollectionType, &["rulecollectiontype", "collectiontype"]),
    (Column::RuleType, &["ruletype", "stage"]),
    (Column::Rule, &["rule", "rulename", "name"]),
    (Column::Description, &["description", "ruledescription"]),
    (Column::SourceType, &["sourcetype"]),
    (Column::Source, &["source", "sources", "sourceaddress", "sourceaddresses", "sourceip"]),
    (Column::SourceIpGroups, &["sourceipgroup", "sourceipgroups"]),
    (Column::Protocols, &["protocol", "protocols", "ipprotocols"]),
    (Column::TerminateTls, &["terminatetls"]),
    (Column::DestinationType, &["destinationtype"]),
    (Column::Destination, &["destination"]),
    (Column::DestinationAddresses, &["destinationaddress", "destinationaddresses"]),
    (Column::DestinationIpGroups, &["destinationipgroup", "destinationipgroups"]),
    (Column::DestinationFqdns, &["destinationfqdn", "destinationfqdns"]),
    (Column::DestinationPorts, &["destinationport", "destinationports", "port", "ports"]),
    (Column::TargetFqdns, &["targetfqdn", "targetfqdns"]),
    (Column::TargetUrls, &["targeturl", "targeturls", "destinationurls"]),
    (Column::FqdnTags, &["fqdntag", "fqdntags"]),
    (Column::WebCategories, &["webcategory", "webcategories"]),
    (Column::HttpHeaders, &["httpheaders", "httpheaderstoinsert"]),
    (Column::Targets, &["targets"]),
    (Column::Translated, &["translated"]),
    (Column::TranslatedAddress, &["translatedaddress"]),
    (Column::TranslatedFqdn, &["translatedfqdn"]),
    (Column::TranslatedPort, &["translatedport"]),
    (Column::Unknown, &["unknown"]),
    (Column::Inherited, &["inherited"]),
    (Column::UnknownFields, &["unknownfields"]),
    (Column::Ignored, &["order", "id", "ruleid", "size", "etag", "subscription", "resourcegroup"]),
];

impl Column {
    /// The column with this heading, in any spelling of case, spaces and underscores.
    pub(super) fn of(heading: &str) -> Option<Self> {
        let letters: String =
            heading.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let known = NAMES.iter().find(|(_, names)| names.contains(&letters.as_str()));
        known.map(|(column, _)| *column)
    }

    /// Whether no list of anything but rules has such a column.
    pub(super) fn speaks_of_rules(self) -> bool {
        matches!(self, Self::Rule | Self::Collection | Self::RuleType)
    }

    /// Whether the column says something of the traffic.
    pub(super) fn speaks_of_traffic(self) -> bool {
        matches!(
            self,
            Self::Source
                | Self::SourceIpGroups
                | Self::Protocols
                | Self::Destination
                | Self::DestinationAddresses
                | Self::DestinationFqdns
                | Self::DestinationPorts
                | Self::TargetFqdns
                | Self::Targets
        )
    }
}
