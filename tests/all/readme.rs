//! The README's Rust code is the code of the prelude's documentation, whose blocks are compiled as doc tests.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code blocks of a page that begin with one of `fences`, without the lines that rustdoc hides.
fn blocks(page: &str, fences: &[&str]) -> Vec<String> {
    let (mut blocks, mut inside) = (Vec::new(), false);
    for line in page.lines() {
        if inside && line == "```" {
            inside = false;
        } else if fences.contains(&line) {
            inside = true;
            blocks.push(String::new());
        } else if inside && line != "#" && !line.starts_with("# ") {
            let block: &mut String = blocks.last_mut().expect("a block has begun");
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks
}

/// Removes comments, white space and trailing commas: the code, however its lines are broken.
fn code(block: &str) -> String {
    let uncommented = block.lines().map(|line| line.split("// ").next().unwrap_or_default());
    let dense: String = uncommented.flat_map(str::split_whitespace).collect();
    dense.replace(",)", ")")
}

/// The parts of a shortened block: `/* … */` stands for what was left out.
fn parts(block: &str) -> Vec<String> {
    let mut rest = block;
    let mut parts = Vec::new();
    while let Some((before, after)) = rest.split_once("/* …") {
        parts.push(code(before));
        rest = after.split_once("*/").expect("the mark of a gap ends").1;
    }
    parts.push(code(rest));
    parts
}

/// Whether `whole` holds the parts in their order.
fn holds(whole: &str, parts: &[String]) -> bool {
    let mut rest = whole;
    parts.iter().all(|part| match rest.split_once(part.as_str()) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[test]
fn the_snippets_of_the_readme_are_compiled() {
    let prelude: Vec<String> = read("src/prelude.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_string())
        .collect();
    let compiled: Vec<String> = blocks(&prelude.join("\n"), &["```", "```no_run"]).iter().map(|b| code(b)).collect();
    let shown = blocks(&read("README.md"), &["```rust,ignore"]);
    assert_eq!(compiled.len(), 4, "snippets of the prelude");
    assert_eq!(shown.len(), 4, "snippets of the README");
    for snippet in &shown {
        let parts = parts(snippet);
        let found = compiled.iter().filter(|whole| holds(whole, &parts)).count();
        assert_eq!(found, 1, "so many snippets of the prelude have this code:\n{snippet}");
        assert!(
            parts.len() > 1 || compiled.contains(&parts[0]),
            "a snippet is whole, or says where it is cut:\n{snippet}"
        );
    }
}

#[test]
fn gaps_and_line_breaks_do_not_matter_but_code_does() {
    let whole = code("fn a(x: u8) {\n    b(x);\n    c(x)\n}\n");
    assert!(holds(&whole, &parts("fn a(\n    x: u8,\n) { /* … the rest … */ }  // a comment")));
    assert!(holds(&whole, &parts("fn a(x: u8) {\n    b(x); /* … */\n}")));
    assert!(!holds(&whole, &parts("fn a(x: u8) {\n    c(x); /* … */\n}")));
    assert!(!holds(&whole, &parts("fn a(x: u16) { /* … */ }")));
}

#[test]
fn the_readme_counts_the_layers() {
    let layers = lexmax::layer::catalogue::CATALOGUE.len();
    assert!(read("README.md").contains(&format!("lexmax has {layers} of them")), "the catalogue has {layers} layers");
}
