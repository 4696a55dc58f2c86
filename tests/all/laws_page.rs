//! The page of laws, `docs/laws.md`: the tests that it names exist, and it names every test of `tests/all/laws/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(full).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The tests that the page names as `path::function` in backquotes, by file.
fn named(page: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for quoted in page.split('`').skip(1).step_by(2) {
        if let Some((path, function)) = quoted.split_once(".rs::") {
            named.entry(format!("{path}.rs")).or_default().insert(function.into());
        }
    }
    named
}

/// The functions of a source file that have the attribute `#[test]`.
fn tests(source: &str) -> BTreeSet<String> {
    let mut lines = source.lines().map(str::trim);
    let mut found = BTreeSet::new();
    while lines.any(|line| line == "#[test]") {
        // Other attributes may stand between.
        let signature = lines.find_map(|line| line.strip_prefix("fn ")).expect("a function behind its attribute");
        found.insert(signature.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
    }
    found
}

#[test]
fn the_readers_find_pages_and_tests() {
    let page = "| a law | `src/a.rs::one` |\n| `b`, `no.rs` | `src/a.rs::two`, `tests/c/d.rs::three` |";
    let found = named(page);
    assert_eq!(found["src/a.rs"], ["one", "two"].map(String::from).into());
    assert_eq!(found["tests/c/d.rs"], ["three"].map(String::from).into());
    assert_eq!(found.len(), 2);
    let source = "#[test]\nfn one() {}\nfn helper() {}\n    #[test]\n    #[ignore]\n    fn two(x in 0..3u8) {}";
    assert_eq!(tests(source), ["one", "two"].map(String::from).into());
}

#[test]
fn every_test_on_the_page_exists() {
    let named = named(&read("docs/laws.md"));
    assert!(named.values().map(BTreeSet::len).sum::<usize>() > 100, "the page names too few tests");
    let missing: Vec<String> = named
        .iter()
        .flat_map(|(path, functions)| {
            let there = tests(&read(path));
            functions.iter().filter(move |f| !there.contains(*f)).map(move |f| format!("{path}::{f}"))
        })
        .collect();
    assert!(missing.is_empty(), "docs/laws.md names tests that do not exist:\n{}", missing.join("\n"));
}

#[test]
fn the_page_names_every_law() {
    let named = named(&read("docs/laws.md"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/all/laws");
    let (mut seen, mut missing) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = format!("tests/all/laws/{}", entry.unwrap().file_name().to_string_lossy());
        for function in tests(&read(&path)) {
            seen += 1;
            if !named.get(&path).is_some_and(|functions| functions.contains(&function)) {
                missing.push(format!("{path}::{function}"));
            }
        }
    }
    assert!(seen > 40, "{seen} laws");
    assert!(missing.is_empty(), "docs/laws.md lacks:\n{}", missing.join("\n"));
}
