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
    Tenant,
    /// The last one of the envelope.
    Correlation,
    Message,
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

/// Names without type suffix; case does not count. The first name of a column is the one messages use.
const NAMES: [(&str, Column); 56] = [
    ("time", Column::Time),
    ("TimeGenerated", Column::Time),
    ("category", Column::Category),
    ("Type", Column::Table),
    ("TableName", Column::TableName),
    ("operationName", Column::Operation),
    ("resourceId", Column::Resource),
    ("_ResourceId", Column::Resource),
    ("msg", Column::Message),
    ("correlationId", Column::Correlation),
    ("Protocol", Column::Protocol),
    ("SourceIp", Column::SourceIp),
    ("SourcePort", Column::SourcePort),
    ("DestinationIp", Column::DestinationIp),
    ("DestinationPort", Column::DestinationPort),
    ("Fqdn", Column::Fqdn),
    ("TargetUrl", Column::Url),
    ("Url", Column::Url),
    ("Action", Column::Action),
    ("ActionReason", Column::ActionReason),
    ("Policy", Column::Policy),
    ("RuleCollectionGroup", Column::Group),
    ("RuleCollection", Column::Collection),
    ("Rule", Column::Rule),
    ("TranslatedIp", Column::TranslatedIp),
    ("TranslatedPort", Column::TranslatedPort),
    ("IsTlsInspected", Column::IsTlsInspected),
    ("WebCategory", Column::WebCategory),
    ("IsExplicitProxyRequest", Column::IsExplicitProxy),
    ("ThreatDescription", Column::ThreatDescription),
    ("SignatureId", Column::SignatureId),
    ("Description", Column::Description),
    ("Severity", Column::Severity),
    ("QueryId", Column::QueryId),
    ("QueryType", Column::QueryType),
    ("QueryClass", Column::QueryClass),
    ("QueryName", Column::QueryName),
    ("RequestSize", Column::RequestSize),
    ("DnssecOkBit", Column::DnssecOk),
    ("EDNS0BufferSize", Column::EdnsSize),
    ("ResponseCode", Column::ResponseCode),
    ("ResponseFlags", Column::ResponseFlags),
    ("ResponseSize", Column::ResponseSize),
    ("RequestDurationSecs", Column::Duration),
    ("ErrorNumber", Column::ErrorNumber),
    ("ErrorMessage", Column::ErrorMessage),
    ("Error", Column::Error),
    ("ServerIp", Column::ServerIp),
    ("ServerPort", Column::ServerPort),
    ("MsgType", Column::MessageType),
    ("Flag", Column::Flag),
    ("FlowRate", Column::FlowRate),
    ("IsDefaultRule", Column::IsDefaultRule),
    ("NetworkRuleCount", Column::Count),
    ("ApplicationRuleCount", Column::Count),
    ("NatRuleCount", Column::Count),
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

    /// Whether the column says where a record comes from rather than what it tells.
    pub(super) fn is_envelope(index: usize) -> bool {
        index <= Self::Correlation as usize
    }

    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, column)| *column == self).map_or("category", |(name, _)| name)
    }
}

/// What the `AzureDiagnostics` table appends to a column by its type.
const TYPE_SUFFIXES: [&str; 5] = ["_s", "_d", "_b", "_g", "_t"];
