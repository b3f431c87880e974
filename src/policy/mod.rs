//! Rule sets in Azure's words, as written; no behaviour beyond invariants.
//!
//! Every loader ends here and every printer begins here. What a value means for a flow is decided
//! later, in [`crate::compile`] and [`crate::evaluate`].

mod inventory;
mod resource_id;
mod rule;
mod settings;

pub use inventory::{
    ClassicFirewall, FirewallPolicy, Inventory, IpGroup, Placement, SideTables, Subnet, TagFile,
};
pub use resource_id::ResourceId;
pub(crate) use resource_id::last_segment;
pub use rule::{
    Address, Application, ApplicationRule, CollectionAction, FilterAction, HttpHeader, IpGroupRef,
    NatRule, NetworkRule, Priority, Rule, RuleCollection, RuleCollectionGroup, RuleHead, RuleSpan,
    Written,
};
pub use settings::{
    BypassTraffic, DnsSettings, ExplicitProxy, IdpsMode, IntrusionDetection, Settings,
    SignatureOverride, SkuTier, Snat, ThreatIntelAllowlist, ThreatIntelMode,
};
