//! What would let a connection pass that no rule allowed.

/// The kind of change that a denial asks for. It says what could help, never that it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    NetworkRule,
    ApplicationRule,
    /// The client names no server: only addresses can be compared.
    NetworkRuleByAddress,
    /// The firewall found no address for the name: a rule changes nothing.
    NameResolution,
    /// TLS could not be inspected: certificates, versions, or the rule that asks for it.
    TlsInspection,
}

impl Remedy {
    pub(super) fn of(protocol: Option<&str>, reason: Option<&str>) -> Self {
        let reason = reason.unwrap_or_default().to_ascii_lowercase();
        if reason.contains("failed to resolve") {
            return Self::NameResolution;
        }
        if reason.contains("sni") {
            return Self::NetworkRuleByAddress;
        }
        if reason.contains("tls") || reason.contains("certificate") {
            return Self::TlsInspection;
        }
        match protocol {
            Some("http" | "https" | "mssql") => Self::ApplicationRule,
            Some(_) | None => Self::NetworkRule,
        }
    }

    /// The name for programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NetworkRule => "network_rule",
            Self::ApplicationRule => "application_rule",
            Self::NetworkRuleByAddress => "network_rule_by_address",
            Self::NameResolution => "name_resolution",
            Self::TlsInspection => "tls_inspection",
        }
    }

    /// For people.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NetworkRule => "network rule",
            Self::ApplicationRule => "application rule",
            Self::NetworkRuleByAddress => "network rule by address",
            Self::NameResolution => "no rule: fix DNS",
            Self::TlsInspection => "no rule: fix TLS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_comes_before_the_protocol() {
        let of = |protocol, reason| Remedy::of(Some(protocol), Some(reason)).name();
        assert_eq!(of("tcp", "Default Action"), "network_rule");
        assert_eq!(
            of("https", "No rule matched. Proceeding with default action"),
            "application_rule"
        );
        assert_eq!(of("https", "SNI TLS extension was missing."), "network_rule_by_address");
        assert_eq!(of("https", "Failed to resolve address: no such host"), "name_resolution");
        assert_eq!(of("https", "TLS handshake failed"), "tls_inspection");
        assert_eq!(Remedy::of(None, None), Remedy::NetworkRule);
    }
}
