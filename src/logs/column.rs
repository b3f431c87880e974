//! The columns that are read, under all their names.

/// A column of a firewall log, or a member of a record's envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Time,
    Category,
    /// The table of a Log Analytics row.
    Table,
    /// Written by the Azure command line into every row.
    TableName,
    Operation,
    Resource,
    Message,
    Tenant,
    Correlation,
    Protocol,
    SourceIp,
    SourcePort,
    DestinationIp,
    DestinationPort,
    Fqdn,
    Url,
    Action,
    ActionReason,
    Policy,
    Group,
    Collection,
    Rule,
    TranslatedIp,
    TranslatedPort,
    IsTlsInspected,
    WebCategory,
    IsExplicitProxy,
    ThreatDescription,
    SignatureId,
    SignatureCategory,
    Description,
    Severity,
    QueryId,
    QueryType,
    QueryClass,
    QueryName,
    RequestSize,
    DnssecOk,
    EdnsSize,
    ResponseCode,
    ResponseFlags,
    ResponseSize,
    Duration,
    ErrorNumber,
    ErrorMessage,
    Error,
    ServerIp,
    ServerPort,
    MessageType,
    Flag,
    FlowRate,
    IsDefaultRule,
    Count,
}

/// Lower-case names without type suffix. The first name of a column is the one messages use.
const NAMES: [(&str, Column); 56] = [
    ("time", Column::Time),
    ("timegenerated", Column::Time),
    ("category", Column::Category),
    ("type", Column::Table),
    ("tablename", Column::TableName),
    ("operationname", Column::Operation),
    ("resourceid", Column::Resource),
    ("_resourceid", Column::Resource),
    ("msg", Column::Message),
    ("correlationid", Column::Correlation),
    ("protocol", Column::Protocol),
    ("sourceip", Column::SourceIp),
    ("sourceport", Column::SourcePort),
    ("destinationip", Column::DestinationIp),
    ("destinationport", Column::DestinationPort),
    ("fqdn", Column::Fqdn),
    ("targeturl", Column::Url),
    ("url", Column::Url),
    ("action", Column::Action),
    ("actionreason", Column::ActionReason),
    ("policy", Column::Policy),
    ("rulecollectiongroup", Column::Group),
    ("rulecollection", Column::Collection),
    ("rule", Column::Rule),
    ("translatedip", Column::TranslatedIp),
    ("translatedport", Column::TranslatedPort),
    ("istlsinspected", Column::IsTlsInspected),
    ("webcategory", Column::WebCategory),
    ("isexplicitproxyrequest", Column::IsExplicitProxy),
    ("threatdescription", Column::ThreatDescription),
    ("signatureid", Column::SignatureId),
    ("description", Column::Description),
    ("severity", Column::Severity),
    ("queryid", Column::QueryId),
    ("querytype", Column::QueryType),
    ("queryclass", Column::QueryClass),
    ("queryname", Column::QueryName),
    ("requestsize", Column::RequestSize),
    ("dnssecokbit", Column::DnssecOk),
    ("edns0buffersize", Column::EdnsSize),
    ("responsecode", Column::ResponseCode),
    ("responseflags", Column::ResponseFlags),
    ("responsesize", Column::ResponseSize),
    ("requestdurationsecs", Column::Duration),
    ("errornumber", Column::ErrorNumber),
    ("errormessage", Column::ErrorMessage),
    ("error", Column::Error),
    ("serverip", Column::ServerIp),
    ("serverport", Column::ServerPort),
    ("msgtype", Column::MessageType),
    ("flag", Column::Flag),
    ("flowrate", Column::FlowRate),
    ("isdefaultrule", Column::IsDefaultRule),
    ("networkrulecount", Column::Count),
    ("applicationrulecount", Column::Count),
    ("natrulecount", Column::Count),
];

/// Longer keys are no column.
const NAME_MAX: usize = 40;

impl Column {
    pub(super) const COUNT: usize = Self::Count as usize + 1;

    /// The column that `name` means: case, type suffix (`SourcePort_d`) and the portal's
    /// ` [UTC]` do not count.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        // The workspace's own `TenantId` is no tenant of the firewall.
        if name == "tenantId" {
            return Some(Self::Tenant);
        }
        // Times in another zone than UTC could only be read wrongly.
        let name = name.trim();
        let name = name.strip_suffix(" [UTC]").unwrap_or(name);
        let name = TYPE_SUFFIXES.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        if name.len() > NAME_MAX {
            return None;
        }
        let found = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|&(_, column)| column)
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, column)| *column == self).map_or("category", |(name, _)| name)
    }
}

/// What the `AzureDiagnostics` table appends to a column by its type.
const TYPE_SUFFIXES: [&str; 5] = ["_s", "_d", "_b", "_g", "_t"];
