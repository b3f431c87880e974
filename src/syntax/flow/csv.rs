//! Flows as rows of a CSV file whose header names the fields of [`FLOW_FIELDS`].
//!
//! [`FLOW_FIELDS`]: super::json::FLOW_FIELDS

use super::json::{Fields, FlowError, Given, known_field};
use crate::flow::Flow;

/// The columns of a CSV file with flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowColumns {
    columns: Vec<&'static str>,
}

impl FlowColumns {
    /// The columns that a header names.
    ///
    /// # Errors
    /// A name is no field of a flow or stands twice, or `protocol` or `source` is missing.
    pub fn new<'h>(header: impl IntoIterator<Item = &'h str>) -> Result<Self, FlowError> {
        let mut columns: Vec<&'static str> = Vec::new();
        for name in header {
            let field = known_field(name.trim_start_matches('\u{feff}').trim())?;
            if columns.contains(&field) {
                return Err(FlowError::in_field(field, "stands twice", "leave one column out"));
            }
            columns.push(field);
        }
        for needed in ["protocol", "source"] {
            if !columns.contains(&needed) {
                return Err(FlowError::in_field(needed, "is missing", "add a column of that name"));
            }
        }
        Ok(Self { columns })
    }

    /// The flow of a row. An empty cell says nothing; `none` as `fqdn` says that there is no name.
    ///
    /// # Errors
    /// The row has more cells than the header, or a cell holds no value of its kind.
    pub fn flow<'r>(&self, row: impl IntoIterator<Item = &'r str>) -> Result<Flow, FlowError> {
        let mut fields = Fields::default();
        for (index, cell) in row.into_iter().enumerate() {
            let cell = cell.trim();
            let Some(&field) = self.columns.get(index) else {
                return Err(FlowError::new("the row has more cells than the header"));
            };
            let given = match (field, cell) {
                (_, "") => Given::Nothing,
                ("fqdn", "none") | ("port", "?") => Given::Null,
                (_, text) => Given::Text(text.to_owned()),
            };
            fields.put(field, given)?;
        }
        fields.flow()
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::print_flow;
    use super::*;

    fn shown(result: Result<Flow, FlowError>) -> String {
        match result {
            Ok(flow) => print_flow(&flow),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn rows() {
        let columns = FlowColumns::new(["\u{feff}Protocol", "source", "fqdn", "port"]).unwrap();
        let row = |cells: [&str; 4]| shown(columns.flow(cells));
        expect!["https 10.0.0.4 -> a.example.com:443"].assert_eq(&row([
            "https",
            "10.0.0.4",
            "a.example.com",
            "",
        ]));
        expect!["https 10.0.0.4 -> ?:? fqdn=none"]
            .assert_eq(&row(["https", "10.0.0.4", "none", "?"]));
        expect!["tcp 10.0.0.4 -> ?:22"].assert_eq(&row(["tcp", "10.0.0.4", "", "22"]));
        expect!["the row has more cells than the header"]
            .assert_eq(&shown(columns.flow(["tcp", "10.0.0.4", "", "22", "x"])));
        let header = |names: [&str; 2]| FlowColumns::new(names).unwrap_err().to_string();
        expect!["a flow has no field `dest`"].assert_eq(&header(["protocol", "dest"]));
        expect!["field `source` is missing"].assert_eq(&header(["protocol", "port"]));
        expect!["field `protocol` stands twice"].assert_eq(&header(["protocol", "Protocol"]));
    }
}
