//! The workflow examples parse, and every `azfw` command in them is one that the tool takes.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

const FILES: [&str; 3] = ["github.yml", "azure-pipelines.yml", "pre-commit-config.yaml"];

fn text(file: &str) -> String {
    let path = format!("{}/examples/workflows/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All texts of a document, whatever they are for.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The lines that call the tool, in words.
fn commands(file: &str) -> Vec<Vec<String>> {
    let document: Value = serde_saphyr::from_str(&text(file))
        .unwrap_or_else(|error| panic!("{file} is no YAML: {error}"));
    let mut found = Vec::new();
    texts(&document, &mut found);
    let lines = found.iter().flat_map(|text| text.lines()).map(str::trim);
    let calls = lines.filter(|line| line.starts_with("azfw "));
    calls.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

fn help(command: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_azfw")).args([command, "--help"]).output();
    let output = run.expect("the command runs");
    assert!(output.status.success(), "there is no command `{command}`");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_command_is_one_that_the_tool_takes() {
    for file in FILES {
        let commands = commands(file);
        let names: BTreeSet<&str> = commands.iter().map(|words| words[1].as_str()).collect();
        assert!(names.contains("test") && names.contains("audit"), "{file}: {names:?}");
        for words in &commands {
            let help = help(&words[1]);
            for (place, word) in words.iter().enumerate().filter(|(_, word)| word.starts_with('-'))
            {
                let is_known = help
                    .lines()
                    .map(str::trim)
                    .filter(|line| line.starts_with('-'))
                    .flat_map(|line| line.split([' ', ',']))
                    .any(|known| known == word);
                assert!(is_known, "{file}: `{}` has no {word}", words[1]);
                if word == "--format" || word == "--fail-on" {
                    let value = &words[place + 1];
                    assert!(help.contains(value.as_str()), "{file}: {word} has no {value}");
                }
            }
        }
    }
}

#[test]
fn steps_refer_to_files_that_earlier_steps_write() {
    let github = text("github.yml");
    for file in ["audit.sarif", "diff.md"] {
        let written = github.find(&format!("-o {file}")).expect("a step writes the file");
        let used = github.rfind(file).expect("a step uses the file");
        assert!(written < used, "{file}");
    }
}
