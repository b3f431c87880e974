//! Exported firewall logs → [`LogRecord`], streaming, never failing on a bad line.

mod record;

pub use record::{Category, Dns, Form, LogRecord, LoggedAction, Origin, RecordKind, Signature};
