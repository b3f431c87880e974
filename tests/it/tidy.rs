//! Rules about the source tree itself that good will alone would not hold.

use std::fs;
use std::path::{Path, PathBuf};

/// A module names only modules before it in this list. See ARCHITECTURE.md.
const ORDER: [&str; 22] = [
    "net", "random", "source", "flow", "policy", "syntax", "load", "cluster", "compile",
    "evaluate", "analyse", "path", "expect", "generate", "logs", "tables", "detect", "suggest",
    "report", "write", "cli", "main",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no Rust file under {folder}");
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The code of a file without its tests, and without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or("");
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn module_of(path: &Path) -> String {
    let inner = path.strip_prefix(root().join("src")).expect("a file under src");
    let first = inner.components().next().expect("a file name").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn a_module_names_only_modules_before_it() {
    let rank = |module: &str| ORDER.iter().position(|known| *known == module);
    let mut wrong = Vec::new();
    for path in rust_files("src") {
        let module = module_of(&path);
        if module == "lib" {
            continue;
        }
        let own = rank(&module).unwrap_or_else(|| panic!("`{module}` is not in ORDER"));
        for line in code(&read(&path)) {
            for (at, _) in line.match_indices("crate::") {
                let name: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if rank(&name).is_some_and(|other| other > own) {
                    wrong.push(format!("{}: {}", shown(&path), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "these name a module that comes later:\n{}", wrong.join("\n"));
}

#[test]
fn only_tables_names_polars_and_only_syntax_names_nom() {
    for (library, home) in [("polars", "tables"), ("nom", "syntax")] {
        for path in rust_files("src") {
            let names_it = code(&read(&path)).any(|line| {
                line.contains(&format!("use {library}::"))
                    || line.contains(&format!(" {library}::"))
            });
            assert!(!names_it || module_of(&path) == home, "{} names {library}", shown(&path));
        }
    }
}

#[test]
fn only_the_command_line_opens_files_and_reads_the_clock() {
    for path in rust_files("src") {
        if matches!(module_of(&path).as_str(), "cli" | "main") {
            continue;
        }
        for line in code(&read(&path)) {
            for door in ["std::fs", "std::env", "Instant::now", "SystemTime::now", "println!"] {
                assert!(!line.contains(door), "{}: {}", shown(&path), line.trim());
            }
        }
    }
}

#[test]
fn files_stay_one_idea() {
    const CODE_LINES_MAX: usize = 500;
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let lines = code(&read(&path)).filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= CODE_LINES_MAX, "{} has {lines} lines of code", shown(&path));
    }
}

#[test]
fn functions_stay_readable() {
    const LINES_MAX: usize = 70;
    let mut long = Vec::new();
    // A table of cases is one function however long; tests are not held to this.
    let is_test = |path: &Path| {
        path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("tests"))
    };
    for path in rust_files("src")
        .into_iter()
        .filter(|path| !is_test(path.strip_prefix(root()).unwrap_or(path)))
    {
        let text = read(&path);
        let lines: Vec<&str> = code(&text).collect();
        for (start, line) in lines.iter().enumerate() {
            let body = line.trim_start();
            let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn "]
                .iter()
                .any(|words| body.starts_with(words));
            if !is_function {
                continue;
            }
            let indent = &line[..line.len() - body.len()];
            let end = lines[start..].iter().position(|line| *line == format!("{indent}}}"));
            if end.is_some_and(|length| length > LINES_MAX) {
                long.push(format!("{}: {body}", shown(&path)));
            }
        }
    }
    assert!(long.is_empty(), "split these functions:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_left_for_later() {
    let words = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "unimpl".to_owned() + "emented!",
        "to".to_owned() + "do!",
    ];
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let text = read(&path);
        for word in &words {
            assert!(!text.contains(word.as_str()), "{} says {word}", shown(&path));
        }
    }
}

/// An offline tool ships no HTTP or TLS client: several features of polars would bring one.
#[test]
fn no_network_stack_among_the_dependencies() {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8_lossy(&tree.stdout).into_owned();
    assert!(tree.contains("polars "), "the tree is empty:\n{tree}");
    for package in ["reqwest", "rustls", "object_store", "native-tls", "hyper", "openssl"] {
        let is_used = tree.lines().any(|line| line.starts_with(&format!("{package} ")));
        assert!(!is_used, "{package} is among the dependencies");
    }
}

/// Every dependency is chosen: what it is for and what it stands instead of is written down.
#[test]
fn every_dependency_has_its_line() {
    let manifest = read(&root().join("Cargo.toml"));
    let page = read(&root().join("ARCHITECTURE.md"));
    let mut is_list = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_list = line.ends_with("dependencies]");
        } else if let (true, Some((name, _))) = (is_list, line.split_once(" = ")) {
            let is_named = page.split(|c: char| !(c.is_alphanumeric() || "_-".contains(c)));
            assert!(
                is_named.into_iter().any(|word| word == name),
                "ARCHITECTURE.md lacks `{name}`"
            );
        }
    }
}
