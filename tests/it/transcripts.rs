//! Every command in the README and in `docs/` is run, and prints what the page says.

/// The binary under test is found by its name.
#[test]
fn commands_on_pages_print_what_the_pages_say() {
    let cases = trycmd::TestCases::new();
    cases.env("NO_COLOR", "1").case("README.md").case("docs/*.md");
}

/// The two commands that a newcomer types are those whose output the page shows.
#[test]
fn the_first_command_of_the_readme_is_one_of_those_that_are_run() {
    let readme = include_str!("../../README.md");
    let first = readme
        .lines()
        .find_map(|line| line.strip_prefix("cargo run --release -- "))
        .expect("the README says how to run the tool");
    assert!(readme.contains(&format!("$ azfw {first}\n")), "`{first}` is not run by a test");
    assert!(readme.contains("```sh\ncargo test\n```"), "the README says how to run the tests");
}
