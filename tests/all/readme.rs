//! The README's code is that of the prelude's documentation, whose blocks are compiled as doc tests.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The code blocks of a page that begin with one of `fences`, without what a documentation hides.
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

#[test]
fn the_snippets_of_the_readme_are_compiled() {
    let prelude: Vec<String> = read("src/prelude.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).to_string())
        .collect();
    let compiled = blocks(&prelude.join("\n"), &["```", "```no_run"]);
    let shown = blocks(&read("README.md"), &["```rust,ignore"]);
    assert_eq!(compiled.len(), 5);
    assert_eq!(shown, compiled);
}
