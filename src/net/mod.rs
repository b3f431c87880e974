//! Values of any packet filter: addresses, ports, protocols, names and URLs, and sets of them.
//!
//! Text forms are parsed in [`crate::syntax`]; here are the values, their laws and how they print.

mod fqdn;
mod ip;
mod ip_algebra;
mod names;
mod port;
mod protocol;
mod url;

pub use fqdn::{Fqdn, FqdnPattern};
pub use ip::{IpFamily, IpRange, IpSet};
pub use names::AddressNames;
pub use port::{PortRange, PortSet};
pub use protocol::{ApplicationProtocol, IpProtocol, RuleProtocol};
pub use url::{PathPattern, RequestUrl, UrlPattern};
