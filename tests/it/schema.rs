//! The JSON that commands print is what `docs/schema/` promises.

use std::process::Command;

use serde_json::Value;

/// The part of JSON Schema that our schemas use. An unknown keyword is an error, so that a promise
/// is never skipped.
fn check(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().expect("a schema is an object") {
        let ok = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let pointer = rule.as_str().expect("a reference").trim_start_matches('#');
                let target = root.pointer(pointer).expect("the reference leads somewhere");
                return check(root, target, value, at);
            }
            "type" => types(rule).any(|name| is_type(value, name)),
            "enum" => rule.as_array().expect("values").contains(value),
            "minimum" => value.as_f64().is_none_or(|number| rule.as_f64() <= Some(number)),
            "anyOf" => {
                let options = rule.as_array().expect("schemas");
                options.iter().any(|option| check(root, option, value, at).is_ok())
            }
            "required" => {
                let names = rule.as_array().expect("names");
                names.iter().all(|name| value.get(name.as_str().expect("a name")).is_some())
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}/{index}"))?;
                }
                true
            }
            "properties" => {
                for (name, inner) in rule.as_object().expect("properties") {
                    if let Some(member) = value.get(name) {
                        check(root, inner, member, &format!("{at}/{name}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    let is_known = schema["properties"].get(name).is_some();
                    match rule {
                        Value::Bool(false) if !is_known => {
                            return Err(format!("{at}: `{name}` is not promised"));
                        }
                        Value::Bool(_) => {}
                        inner => check(root, inner, member, &format!("{at}/{name}"))?,
                    }
                }
                true
            }
            other => panic!("keyword `{other}` is not checked"),
        };
        if !ok {
            return Err(format!("{at}: {value} breaks `{keyword}`: {rule}"));
        }
    }
    Ok(())
}

fn types(rule: &Value) -> impl Iterator<Item = &str> {
    let one = rule.as_str().into_iter();
    one.chain(rule.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn is_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("type `{other}` is not checked"),
    }
}

fn output(arguments: &[&str]) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_azfw"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs");
    String::from_utf8(run.stdout).expect("text")
}

#[track_caller]
fn promised(schema: &str, arguments: &[&str], is_lines: bool) {
    let output = output(arguments);
    let values: Vec<&str> = if is_lines { output.lines().collect() } else { vec![&output] };
    assert!(!values.is_empty(), "nothing printed by {arguments:?}");
    let schema = read_schema(schema);
    for value in values {
        promised_of(&schema, value);
    }
}

/// Checks one JSON text.
#[track_caller]
fn promised_of(schema: &Value, text: &str) {
    let value: Value = serde_json::from_str(text).expect("JSON");
    check(schema, schema, &value, "").unwrap_or_else(|error| panic!("{error}"));
}

fn read_schema(name: &str) -> Value {
    let path = format!("{}/docs/schema/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).expect("a schema")).expect("JSON")
}

#[test]
fn a_broken_promise_is_noticed() {
    let schema: Value = serde_json::json!({"type": "object", "required": ["a"],
        "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
    let holds = |value: Value| check(&schema, &schema, &value, "").is_ok();
    assert!(holds(serde_json::json!({"a": 1})));
    assert!(!holds(serde_json::json!({"a": "1"})));
    assert!(!holds(serde_json::json!({})));
    assert!(!holds(serde_json::json!({"a": 1, "b": 2})));
}

#[test]
fn check_and_show() {
    for folder in ["aks-egress", "seed", "parent-child"] {
        let folder = format!("rulesets/{folder}");
        let flows = format!("{folder}/flows.txt");
        promised("check", &["check", &folder, "--flows", &flows, "--format", "jsonl"], true);
        promised("show", &["show", &folder, "--format", "json"], false);
    }
}

#[test]
fn path_and_bypass() {
    let topology = "samples/topology";
    for (from, to) in [("vm:build", "10.0.9.4:22"), ("pod:tools/debug", "www.example.com:443")] {
        let arguments =
            ["path", "--topology", topology, "--from", from, "--to", to, "--format", "json"];
        promised("path", &arguments, false);
    }
    promised("bypass", &["bypass", "--topology", topology, "--format", "json"], false);
    promised("path-audit", &["path", "--topology", topology, "--audit", "--format", "json"], false);
}

#[test]
fn audit_diff_and_find() {
    for folder in ["aks-egress", "seed", "parent-child"] {
        let folder = format!("rulesets/{folder}");
        promised("audit", &["audit", &folder, "--format", "json"], false);
        for question in ["verdict = allow", "verdict = allow and verdict = deny"] {
            let find = ["find", &folder, question, "--all", "--format", "json"];
            promised("find", &find, false);
        }
    }
    let sides = ["rulesets/seed", "rulesets/seed-repaired"];
    promised("diff", &["diff", sides[0], sides[1], "--format", "json"], false);
    promised("diff", &["diff", sides[0], sides[0], "--format", "json"], false);
}

#[test]
fn bench() {
    let folder = tempfile::tempdir().expect("a folder");
    let before = folder.path().join("before.json");
    let before = before.to_str().expect("a plain path");
    let bench = ["bench", "rulesets/seed", "--count", "500", "--traffic", "uniform"];
    let json = ["--format", "json"];
    promised("bench", &[&bench[..], &json[..]].concat(), false);
    output(&[&bench[..], &json[..], &["-o", before]].concat());
    let compared = ["--baseline", before];
    promised("bench", &[&bench[..], &json[..], &compared[..]].concat(), false);
}

#[test]
fn tests_of_rule_sets() {
    let seed = "rulesets/seed";
    let flows = "rulesets/seed-repaired/flows.txt";
    promised("test", &["test", seed, flows, "--coverage", "--format", "json"], false);
    let profile = [
        "test",
        "rulesets/aks-egress/policy.azfw",
        "--profile",
        "aks",
        "--set",
        "region=westeurope",
        "--set",
        "source=10.240.0.0/16",
        "--feature",
        "gpu",
        "--assume-tags",
        "--format",
        "json",
    ];
    promised("test", &profile, false);
}

#[cfg(feature = "logs")]
#[test]
fn reports() {
    for folder in ["aks-egress", "seed", "parent-child"] {
        let (logs, rules) = (format!("samples/{folder}"), format!("rulesets/{folder}"));
        promised("report", &["report", &logs, "--format", "json"], false);
        promised("report", &["report", &logs, "--policy", &rules, "--format", "json"], false);
    }
    let compare = ["report", "samples/seed", "--compare", "samples/aks-egress", "--format", "json"];
    promised("report-compare", &compare, false);
    let whole = "src/report/traffic/expected/report.json";
    let text = std::fs::read_to_string(format!("{}/{whole}", env!("CARGO_MANIFEST_DIR")));
    promised_of(&read_schema("report"), &text.expect("a report with something of every kind"));
}

#[cfg(feature = "logs")]
#[test]
fn events_and_replay() {
    promised("events", &["events", "samples"], true);
    let named = ["events", "samples/aks-egress", "--policy", "rulesets/aks-egress"];
    promised("events", &named, true);
    let replay = ["replay", "rulesets/aks-egress", "samples/aks-egress", "--format", "json"];
    promised("replay", &replay, false);
    let against = [
        "replay",
        "rulesets/seed",
        "samples/seed",
        "--against",
        "rulesets/seed-repaired",
        "--format",
        "json",
    ];
    promised("replay-against", &against, false);
}

#[cfg(feature = "logs")]
#[test]
fn detect() {
    promised("detect", &["detect", "samples", "--format", "json"], false);
    let folder = tempfile::tempdir().expect("a folder");
    let logs = folder.path().join("beacon.json");
    let line = |index: u32| {
        serde_json::json!({
            "time": format!("2026-09-07T{:02}:{:02}:07Z", index / 12, index % 12 * 5),
            "category": "AZFWApplicationRule",
            "properties": {
                "Protocol": "HTTPS", "SourceIp": "10.0.0.9", "SourcePort": 50_000, "DestinationPort": 443,
                "Fqdn": "c2.example.net", "Action": "Allow", "Policy": "p",
                "RuleCollectionGroup": "g", "RuleCollection": "c", "Rule": "r",
            },
        })
    };
    let lines: Vec<String> = (0..288).map(|index| line(index).to_string()).collect();
    std::fs::write(&logs, lines.join("\n")).expect("a file");
    let logs = logs.display().to_string();
    let arguments = ["detect", &logs, "--format", "json"];
    promised("detect", &arguments, false);
    let found: Value = serde_json::from_str(&output(&arguments)).expect("JSON");
    let beacon = &found["findings"][0];
    assert_eq!(beacon["rhythm"]["bins"].as_array().map(Vec::len), Some(24), "{beacon}");
    let kql = beacon["kql"].as_str().unwrap_or_default();
    assert!(kql.contains("| where Fqdn =~ \"c2.example.net\""), "{kql}");
}
