//! What a policy sets beside its rules.

use std::fmt;
use std::net::IpAddr;

use smol_str::SmolStr;

use super::{Address, IpGroupRef, Written};
use crate::net::{FqdnPattern, IpProtocol, PortRange};
use crate::source::Spanned;

/// Settings of a policy or a classic firewall, as written. `None`: not written, which is not the
/// same as written and not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    pub tier: Option<Spanned<SkuTier>>,
    /// `None`: not written, or not known.
    pub location: Option<SmolStr>,
    pub threat_intel_mode: Option<Spanned<Written<ThreatIntelMode>>>,
    pub threat_intel_allowlist: ThreatIntelAllowlist,
    pub dns: Option<DnsSettings>,
    pub intrusion_detection: Option<IntrusionDetection>,
    /// `transportSecurity.certificateAuthority.name`: TLS inspection is set up.
    pub certificate_authority: Option<Spanned<SmolStr>>,
    pub explicit_proxy: Option<ExplicitProxy>,
    pub snat: Option<Snat>,
    /// `sql.allowSqlRedirect`.
    pub allow_sql_redirect: Option<bool>,
}

/// `sku.tier`. Not written: Standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SkuTier {
    Basic,
    Standard,
    Premium,
}

impl SkuTier {
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Basic, Self::Standard, Self::Premium]
            .into_iter()
            .find(|tier| tier.name().eq_ignore_ascii_case(text))
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Standard => "Standard",
            Self::Premium => "Premium",
        }
    }
}

/// `threatIntelMode`, from lax to strict: a child can only be stricter than its parent.
/// Not written: Alert (`tests/spec/07-parsing.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ThreatIntelMode {
    Off,
    Alert,
    Deny,
}

impl ThreatIntelMode {
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Off, Self::Alert, Self::Deny]
            .into_iter()
            .find(|mode| mode.name().eq_ignore_ascii_case(text))
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Alert => "Alert",
            Self::Deny => "Deny",
        }
    }
}

impl fmt::Display for ThreatIntelMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `threatIntelWhitelist`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThreatIntelAllowlist {
    pub addresses: Vec<Spanned<Written<Address>>>,
    pub fqdns: Vec<Spanned<Written<FqdnPattern>>>,
}

/// `dnsSettings`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DnsSettings {
    /// Not written: no.
    pub enable_proxy: Option<Spanned<Written<bool>>>,
    pub servers: Vec<Spanned<Written<IpAddr>>>,
}

/// `intrusionDetection`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntrusionDetection {
    /// Not written: Off.
    pub mode: Option<Spanned<Written<IdpsMode>>>,
    pub profile: Option<SmolStr>,
    pub overrides: Vec<SignatureOverride>,
    pub bypass: Vec<BypassTraffic>,
    pub private_ranges: Vec<Spanned<Written<Address>>>,
}

/// The mode of IDPS or of one signature, from lax to strict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdpsMode {
    Off,
    Alert,
    Deny,
}

impl IdpsMode {
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Off, Self::Alert, Self::Deny]
            .into_iter()
            .find(|mode| mode.name().eq_ignore_ascii_case(text))
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Alert => "Alert",
            Self::Deny => "Deny",
        }
    }
}

impl fmt::Display for IdpsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An entry of `signatureOverrides`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureOverride {
    pub id: Spanned<Written<SmolStr>>,
    pub mode: Written<IdpsMode>,
}

/// An entry of `bypassTrafficSettings`: traffic that IDPS leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BypassTraffic {
    pub name: Spanned<SmolStr>,
    pub description: Option<SmolStr>,
    /// `None`: `ANY`.
    pub protocol: Option<Written<IpProtocol>>,
    pub sources: Vec<Spanned<Written<Address>>>,
    pub source_ip_groups: Vec<Spanned<IpGroupRef>>,
    pub destinations: Vec<Spanned<Written<Address>>>,
    pub destination_ip_groups: Vec<Spanned<IpGroupRef>>,
    pub destination_ports: Vec<Spanned<Written<PortRange>>>,
}

/// `explicitProxy`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExplicitProxy {
    pub enabled: bool,
    pub http_port: Option<u16>,
    pub https_port: Option<u16>,
    pub enable_pac_file: bool,
    pub pac_file_port: Option<u16>,
    pub pac_file: Option<SmolStr>,
}

/// `snat`. Has no effect on the verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snat {
    /// Prefixes and the keyword `IANAPrivateRanges`, as written.
    pub private_ranges: Vec<Spanned<SmolStr>>,
    /// `autoLearnPrivateRanges` is `Enabled`.
    pub auto_learn_private_ranges: Option<bool>,
}
