//! Reads the Terraform code that is written, as far as it goes, and makes the state of it that
//! Terraform would have after apply.

use std::collections::BTreeMap;

use nom::branch::alt;
use nom::bytes::complete::{is_not, tag, take_while1};
use nom::character::complete::{char, digit1, multispace0, multispace1};
use nom::combinator::{all_consuming, map, opt, recognize, value};
use nom::multi::{fold_many0, many0, separated_list0};
use nom::sequence::{delimited, preceded, terminated};
use nom::{IResult, Parser};
use serde_json::{Map, Value, json};

/// A block: its type and labels, attributes, blocks within.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) heading: Vec<String>,
    attributes: Vec<(String, Value)>,
    blocks: Vec<Block>,
}

/// All blocks of a file; `None`: it is no Terraform code of the plain kind that is written.
pub(crate) fn blocks(text: &str) -> Option<Vec<Block>> {
    let file = delimited(multispace0, many0(terminated(block, multispace0)), multispace0);
    all_consuming(file).parse(text).ok().map(|(_, blocks)| blocks)
}

fn identifier(input: &str) -> IResult<&str, &str> {
    take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-').parse(input)
}

/// What stands in a block.
enum Item {
    Attribute(String, Value),
    Block(Block),
}

fn block(input: &str) -> IResult<&str, Block> {
    let (rest, kind) = identifier(input)?;
    let (rest, labels) = many0(preceded(char(' '), quoted)).parse(rest)?;
    let (rest, _) = tag(" {\n").parse(rest)?;
    let (rest, _) = multispace0(rest)?;
    let item =
        alt((map(attribute, |(key, value)| Item::Attribute(key, value)), map(block, Item::Block)));
    let (rest, items) = many0(terminated(item, multispace1)).parse(rest)?;
    let (rest, _) = char('}').parse(rest)?;
    let heading = std::iter::once(kind.to_owned()).chain(labels).collect();
    let mut block = Block { heading, attributes: Vec::new(), blocks: Vec::new() };
    for item in items {
        match item {
            Item::Attribute(key, value) => block.attributes.push((key, value)),
            Item::Block(inner) => block.blocks.push(inner),
        }
    }
    Ok((rest, block))
}

fn attribute(input: &str) -> IResult<&str, (String, Value)> {
    let (rest, key) = identifier(input)?;
    let (rest, _) = delimited(many0(char(' ')), tag("= "), multispace0).parse(rest)?;
    let (rest, value) = alt((expression, object)).parse(rest)?;
    Ok((rest, (key.to_owned(), value)))
}

/// `{ … }` of `required_providers`.
fn object(input: &str) -> IResult<&str, Value> {
    let entries = many0(terminated(attribute, multispace1));
    let (rest, entries) = delimited((char('{'), multispace1), entries, char('}')).parse(input)?;
    Ok((rest, Value::Object(entries.into_iter().collect())))
}

/// A reference becomes `{"reference": …}`.
fn expression(input: &str) -> IResult<&str, Value> {
    let list = delimited(char('['), separated_list0(tag(", "), expression), char(']'));
    let reference = recognize((identifier, many0((char('.'), identifier))));
    alt((
        map(quoted, Value::from),
        map(digit1, |digits: &str| Value::from(digits.parse::<u64>().unwrap())),
        map(list, Value::from),
        value(Value::Bool(true), tag("true")),
        value(Value::Bool(false), tag("false")),
        map(reference, |text: &str| json!({ "reference": text })),
    ))
    .parse(input)
}

/// A text; a template in it would be an error of the writer.
fn quoted(input: &str) -> IResult<&str, String> {
    let escape = alt((
        value('"', tag("\\\"")),
        value('\\', tag("\\\\")),
        value('\n', tag("\\n")),
        value('\r', tag("\\r")),
        value('\t', tag("\\t")),
    ));
    let piece = alt((
        map(escape, String::from),
        map(tag("$${"), |_| "${".to_owned()),
        map(tag("%%{"), |_| "%{".to_owned()),
        map(terminated(is_not("\"\\$%"), opt(tag(""))), str::to_owned),
        map((alt((char('$'), char('%'))), nom::combinator::not(char('{'))), |(c, ())| {
            c.to_string()
        }),
    ));
    let body = fold_many0(piece, String::new, |text, piece| text + &piece);
    delimited(char('"'), body, char('"')).parse(input)
}

/// The state that holds the resources of a file.
pub(crate) fn state(blocks: &[Block]) -> Value {
    let variables: BTreeMap<&str, &str> = blocks
        .iter()
        .filter(|block| block.heading[0] == "variable")
        .map(|block| {
            let meaning = block.attributes.iter().find(|(key, _)| key == "description").unwrap();
            (block.heading[1].as_str(), meaning.1.as_str().unwrap())
        })
        .collect();
    let resources: Vec<&Block> =
        blocks.iter().filter(|block| block.heading[0] == "resource").collect();
    let ids: BTreeMap<String, String> = resources
        .iter()
        .map(|block| (format!("{}.{}", block.heading[1], block.heading[2]), id(block)))
        .collect();
    let names: BTreeMap<String, String> = resources
        .iter()
        .map(|block| {
            (format!("{}.{}.name", block.heading[1], block.heading[2]), text(block, "name"))
        })
        .collect();
    let settle = |reference: &str| -> Value {
        if let Some(name) = reference.strip_prefix("var.") {
            let meaning = variables[name];
            let foreign =
                meaning.strip_prefix("The id of IP Group ").and_then(|it| it.strip_suffix('.'));
            return foreign.map_or(meaning.into(), |name| {
                format!(
                    "/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/ipGroups/{name}"
                )
                .into()
            });
        }
        if let Some(name) = names.get(reference) {
            return name.as_str().into();
        }
        if reference.ends_with(".resource_group_name") {
            return variables["resource_group_name"].into();
        }
        match reference.strip_suffix(".id") {
            Some(resource) => ids[resource].as_str().into(),
            None => Value::Null,
        }
    };
    let resource = |block: &&Block| {
        let mut values = values(block, &settle);
        let known = ids.get(&format!("{}.{}", block.heading[1], block.heading[2]));
        if let (Some(id), Some(values)) =
            (known.filter(|id| !id.is_empty()), values.as_object_mut())
        {
            values.insert("id".into(), id.as_str().into());
        }
        json!({ "mode": "managed", "type": block.heading[1], "name": block.heading[2], "values": values })
    };
    let resources: Vec<Value> = resources.iter().map(resource).collect();
    json!({ "format_version": "1.0", "values": { "root_module": { "resources": resources } } })
}

fn text(block: &Block, key: &str) -> String {
    let found = block.attributes.iter().find(|(known, _)| known == key);
    found.and_then(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
}

fn id(block: &Block) -> String {
    let kind = match block.heading[1].as_str() {
        "azurerm_firewall_policy" => "firewallPolicies",
        "azurerm_ip_group" => "ipGroups",
        "azurerm_firewall" => "azureFirewalls",
        _ => return String::new(),
    };
    let name = text(block, "name");
    format!("/subscriptions/*/resourceGroups/*/providers/Microsoft.Network/{kind}/{name}")
}

fn values(block: &Block, settle: &impl Fn(&str) -> Value) -> Value {
    let mut object = Map::new();
    for (key, value) in &block.attributes {
        object.insert(key.clone(), settled(value, settle));
    }
    for inner in &block.blocks {
        let list = object.entry(inner.heading[0].clone()).or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(values(inner, settle));
    }
    Value::Object(object)
}

fn settled(value: &Value, settle: &impl Fn(&str) -> Value) -> Value {
    match value {
        Value::Array(entries) => entries.iter().map(|entry| settled(entry, settle)).collect(),
        Value::Object(members) => settle(members["reference"].as_str().unwrap()),
        single => single.clone(),
    }
}
