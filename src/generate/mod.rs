//! Synthetic firewall logs: flows are drawn from a weight table, evaluated, and written down as
//! the firewall would log them. The same seed gives the same bytes.
//!
//! Tests, benches and `samples/` use it. It simulates what matters to a reader of logs: both
//! families of categories, SYN retransmissions of denied connections, several records for one
//! event, records out of order. It knows nothing that a rule set and a flow do not say.

mod bulk;
mod estate;
mod event;
mod legacy;
mod names;
mod odd;
mod planted;
mod portal;
mod record;
mod samples;
mod simulation;
mod structured;
mod traffic;

pub use bulk::Bulk;
pub use estate::{EstateRules, estate};
pub use event::{Event, Kind};
pub use odd::OddRuleset;
pub use planted::{BEACON, BEACON_NAME, SCANNER, SWEEPER, planted};
pub use portal::{PORTAL_HEADER, portal_row};
pub use record::{Record, legacy_record, structured_record};
pub use samples::{SAMPLE_SETS, SampleSet};
pub use simulation::Simulation;
pub use traffic::{LoggedInstead, Traffic};
