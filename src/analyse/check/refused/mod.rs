//! What can be read and what Azure refuses, or refuses to run.

pub(super) mod destination_missing;
pub(super) mod destination_port_missing;
pub(super) mod dnat_protocol_not_tcp_or_udp;
pub(super) mod feature_beyond_basic;
pub(super) mod invalid_name;
pub(super) mod invalid_translated_fqdn;
pub(super) mod ipv6_outside_network_rules;
pub(super) mod malformed_target;
pub(super) mod management_subnet_missing;
pub(super) mod misplaced_wildcard;
pub(super) mod mixed_rule_types;
pub(super) mod parent_in_other_region;
pub(super) mod policy_tier_above_firewall;
pub(super) mod port_out_of_range;
pub(super) mod premium_feature_below_premium;
pub(super) mod priority_out_of_range;
pub(super) mod protocol_missing;
pub(super) mod reserved_header;
pub(super) mod service_tag_as_source;
pub(super) mod several_dnat_destinations;
pub(super) mod several_dnat_ports;
pub(super) mod small_firewall_subnet;
pub(super) mod source_missing;
pub(super) mod tags_beside_fqdns;
pub(super) mod target_missing;
pub(super) mod translated_address_missing;
pub(super) mod two_translated_addresses;
pub(super) mod unsupported_allowlist_entry;
pub(super) mod web_category_in_classic;
pub(super) mod wildcard_in_network_rule;
pub(super) mod wrong_firewall_subnet;

use super::written::{Fault, place, values};
use super::{Check, Context, Finding, Level};
