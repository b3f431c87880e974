//! `azfw test` from the command line: exit statuses, and that what it prints can be used.

use std::fs;
use std::process::{Command, Output};

fn azfw(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_azfw"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const POLICY: &str = "rulesets/aks-egress/policy.azfw";
const PROFILE: [&str; 6] =
    ["--profile", "aks", "--set", "region=westeurope", "--set", "source=10.240.0.0/16"];

#[track_caller]
fn status(arguments: &[&str], expected: i32) -> Output {
    let output = azfw(&[&["test"], arguments].concat());
    assert_eq!(output.status.code(), Some(expected), "{}", text(&output.stderr));
    output
}

#[test]
fn the_exit_status_says_how_it_went() {
    status(&["rulesets/seed", "rulesets/seed/flows.txt"], 0);
    status(&["rulesets/seed", "rulesets/seed-repaired/flows.txt"], 1);
    status(&["rulesets/seed"], 2);
    status(&["rulesets/seed", "--profile", "akz"], 2);
    status(&[&[POLICY], PROFILE.as_slice()].concat(), 3);
    status(&["--list-profiles"], 0);
}

#[test]
fn parameters_without_a_value_are_told_at_once() {
    let output = status(&[POLICY, "--profile", "aks"], 2);
    let said = text(&output.stderr);
    assert!(said.contains("`region`, `source`"), "{said}");
}

#[test]
fn the_rules_that_are_printed_mend_the_policy() {
    let folder = tempfile::tempdir().expect("a folder");
    let switches = ["--assume-tags", "--feature", "gpu", "--feature", "windows-nodepool"];
    let common = [PROFILE.as_slice(), &switches].concat();
    for (form, name) in [("text", "added.azfw"), ("arm", "added.json")] {
        let mend = [&[POLICY], common.as_slice(), &["--mend", form]].concat();
        let printed = status(&mend, 1);
        let file = folder.path().join(name);
        fs::write(&file, &printed.stdout).expect("written");
        let file = file.display().to_string();
        status(&[&[POLICY, file.as_str()], common.as_slice()].concat(), 0);
    }
}

/// On a policy without a rule, every service is missing, and works with the rules that are printed.
#[test]
fn the_rules_that_are_printed_mend_an_empty_policy_for_every_profile() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("hub.azfw").display().to_string();
    fs::write(&policy, "policy hub\n  tier Premium\n  dns-proxy on\n").expect("written");
    let added = folder.path().join("added.azfw").display().to_string();
    let values = ["source=10.240.0.0/16", "region=westeurope", "dns=10.1.0.4", "registry=contoso"];
    let values: Vec<&str> = values.iter().flat_map(|value| ["--set", *value]).collect();
    for name in azfw::expect::profile::names() {
        let tests = [&["--quiet", "--profile", name], values.as_slice()].concat();
        let mend = [&[policy.as_str()], tests.as_slice(), &["--mend", "text"]].concat();
        let printed = status(&mend, 1);
        // Its page names no port, and no rule can do without.
        if name == "databricks" {
            assert_eq!(text(&printed.stdout), "");
            continue;
        }
        fs::write(&added, &printed.stdout).expect("written");
        status(&[&[policy.as_str(), added.as_str()], tests.as_slice()].concat(), 0);
    }
}

#[test]
fn generated_tests_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["aks-egress", "parent-child", "seed"] {
        let rules = format!("rulesets/{name}");
        let written = status(&[&rules, "--generate"], 0);
        let file = folder.path().join(format!("{name}.txt"));
        fs::write(&file, &written.stdout).expect("written");
        status(&[&rules, &file.display().to_string()], 0);
    }
}

#[test]
fn the_first_failure_can_be_the_last() {
    let run = ["rulesets/seed", "rulesets/seed-repaired/flows.txt", "--fail-fast"];
    let output = status(&run, 1);
    assert!(text(&output.stdout).contains("1 failed, 0 undecided, "), "{:?}", output.stdout);
}
