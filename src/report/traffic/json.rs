//! The report as JSON. The shape is a promise, described in `docs/report.md`.
