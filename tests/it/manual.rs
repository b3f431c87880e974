//! Completions and manual pages know every command.

use std::process::{Command, Output};

fn azfw(arguments: &[&str]) -> Output {
    let run = Command::new(env!("CARGO_BIN_EXE_azfw")).args(arguments).output();
    let output = run.expect("the command runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output
}

/// The commands that the help lists.
fn commands() -> Vec<String> {
    let help = String::from_utf8(azfw(&["--help"]).stdout).expect("text");
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list.take_while(|line| !line.trim().is_empty());
    let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = String::from_utf8(azfw(&["completions", shell]).stdout).expect("text");
        for command in commands() {
            assert!(script.contains(&command), "{shell} does not know {command}");
        }
    }
}

#[test]
fn every_command_has_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path");
    azfw(&["man", path]);
    assert!(commands().len() > 5, "{:?}", commands());
    for command in commands().iter().filter(|name| *name != "help") {
        let page = std::fs::read_to_string(folder.path().join(format!("azfw-{command}.1")));
        let page = page.unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    assert!(folder.path().join("azfw.1").exists());
}
