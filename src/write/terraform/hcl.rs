//! Terraform's language, as far as resources need it.

use std::fmt::Write as _;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// A number or a boolean.
    Plain(String),
    /// A reference such as `azurerm_ip_group.servers.id`.
    Reference(String),
    List(Vec<Value>),
}

/// A block: its heading, attributes and blocks within, in the order in which they are put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    heading: String,
    attributes: Vec<(&'static str, Value)>,
    blocks: Vec<Block>,
}

impl Block {
    pub(super) fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), attributes: Vec::new(), blocks: Vec::new() }
    }

    pub(super) fn resource(kind: &str, name: &str) -> Self {
        Self::new(format!("resource {} {}", quoted(kind), quoted(name)))
    }

    pub(super) fn put(&mut self, key: &'static str, value: Value) {
        self.attributes.push((key, value));
    }

    pub(super) fn put_text(&mut self, key: &'static str, text: &str) {
        self.put(key, Value::Text(text.to_owned()));
    }

    pub(super) fn put_flag(&mut self, key: &'static str, flag: bool) {
        self.put(key, Value::Plain(flag.to_string()));
    }

    /// A list, unless it is empty.
    pub(super) fn put_list(&mut self, key: &'static str, list: Vec<Value>) {
        if !list.is_empty() {
            self.put(key, Value::List(list));
        }
    }

    pub(super) fn block(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// The block as `terraform fmt` leaves it.
    pub(super) fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        let _ = writeln!(out, "{indent}{} {{", self.heading);
        let width = self.attributes.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        for (key, value) in &self.attributes {
            let _ = writeln!(out, "{indent}  {key:width$} = {}", value.text());
        }
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 || !self.attributes.is_empty() {
                out.push('\n');
            }
            block.write(out, depth + 1);
        }
        let _ = writeln!(out, "{indent}}}");
    }
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Plain(text) | Self::Reference(text) => text.clone(),
            Self::List(values) => {
                let texts: Vec<String> = values.iter().map(Self::text).collect();
                format!("[{}]", texts.join(", "))
            }
        }
    }
}

/// A text in quotes. `${` and `%{` would begin templates.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if characters.peek() == Some(&'{') => out.extend([character, character]),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn texts_are_escaped() {
        expect![[r#""a \"b\" \\ $${c} %%{d} $e \n\u0007""#]]
            .assert_eq(&quoted("a \"b\" \\ ${c} %{d} $e \n\u{7}"));
    }

    #[test]
    fn blocks_are_laid_out_as_terraform_fmt_does() {
        let mut block = Block::resource("azurerm_ip_group", "a");
        block.put_text("name", "a");
        block.put_list("cidrs", vec![Value::Text("10.0.0.0/24".into())]);
        let mut inner = Block::new("timeouts");
        inner.put_flag("x", true);
        block.block(inner);
        let mut out = String::new();
        block.write(&mut out, 0);
        expect![[r#"
            resource "azurerm_ip_group" "a" {
              name  = "a"
              cidrs = ["10.0.0.0/24"]

              timeouts {
                x = true
              }
            }
        "#]]
        .assert_eq(&out);
    }
}
