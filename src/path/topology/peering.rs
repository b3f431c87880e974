//! Peerings between networks.

use ipnet::IpNet;
use smol_str::SmolStr;

use super::fields::Fields;
use crate::policy::ResourceId;
use crate::source::Warning;

/// A peering as this side sees it.
#[derive(Debug, Clone)]
pub struct Peering {
    pub name: SmolStr,
    pub remote: ResourceId,
    pub prefixes: Vec<IpNet>,
    pub is_connected: bool,
    /// `allowVirtualNetworkAccess`.
    pub allows_access: bool,
    /// `allowForwardedTraffic`: packets may come that did not begin in the other network. `None`:
    /// the export does not say.
    pub takes_forwarded: Option<bool>,
    pub uses_remote_gateway: bool,
}

pub(super) fn peering(fields: Fields<'_>, warnings: &mut Vec<Warning>) -> Option<Peering> {
    let remote = fields.reference("remoteVirtualNetwork")?;
    let space = fields
        .part("remoteAddressSpace")
        .or_else(|| fields.part("remoteVirtualNetworkAddressSpace"));
    let state = fields.text("peeringState");
    Some(Peering {
        name: fields.name(),
        remote,
        prefixes: space
            .map(|space| space.prefixes(&["addressPrefixes"], warnings))
            .unwrap_or_default(),
        is_connected: state.is_none_or(|state| state.eq_ignore_ascii_case("Connected")),
        allows_access: fields.flag("allowVirtualNetworkAccess").unwrap_or(true),
        takes_forwarded: fields.flag("allowForwardedTraffic"),
        uses_remote_gateway: fields.flag("useRemoteGateways").unwrap_or(false),
    })
}
