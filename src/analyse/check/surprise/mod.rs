//! What Azure takes and what does something else than its author expects.

mod known_names;

pub(super) mod any_with_ports;
pub(super) mod application_destination_addresses;
pub(super) mod dnat_not_to_firewall;
pub(super) mod duplicate_entries;
pub(super) mod duplicate_names;
pub(super) mod empty_ip_group;
pub(super) mod firewall_without_zones;
pub(super) mod header_without_tls_inspection;
pub(super) mod icmp_with_ports;
pub(super) mod ip_literal_as_target;
pub(super) mod ipv6_needs_dual_stack;
pub(super) mod single_label_translated_fqdn;
pub(super) mod snat_between_networks;
pub(super) mod star_beside_entries;
pub(super) mod stricter_parent;
pub(super) mod tls_inspection_without_certificate;
pub(super) mod unknown_fqdn_tag;
pub(super) mod unknown_service_tag;
pub(super) mod unknown_web_category;
pub(super) mod url_without_tls_inspection;
pub(super) mod wide_threat_allowlist;

use super::written::{Fault, is_everything, place, values};
use super::{Check, Context, Finding, Level};
