//! The pages for readers: `README.md`, `docs/` and others. Links lead somewhere, lines are short, code names its language.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Most lines of the README: a newcomer reads it in three minutes.
const README_LINES: usize = 150;
const COLUMNS: usize = 120;
/// The shortest word of hexadecimal digits that looks like a commit.
const HASH_DIGITS: usize = 7;

const OTHER_PAGES: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "corpora/README.md",
    "benches/README.md",
    "benches/peers/README.md",
    "fuzz/README.md",
    "python/README.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|e| panic!("{}: {e}", page.display()))
}

/// The pages of the book, as paths from the root.
pub fn of_the_book() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .map(|path| path.strip_prefix(root()).unwrap().to_path_buf())
        .collect();
    pages.sort();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

fn all() -> Vec<PathBuf> {
    OTHER_PAGES.iter().map(PathBuf::from).chain(of_the_book()).collect()
}

/// The lines outside of code blocks with their numbers, and the language of every block.
fn prose(text: &str) -> (Vec<(usize, &str)>, Vec<&str>) {
    let (mut lines, mut languages, mut inside) = (Vec::new(), Vec::new(), false);
    for (number, line) in (1..).zip(text.lines()) {
        match line.trim_start().strip_prefix("```") {
            Some(language) if !inside => {
                languages.push(language);
                inside = true;
            }
            Some(_) => inside = false,
            None if !inside => lines.push((number, line)),
            None => (),
        }
    }
    (lines, languages)
}

/// The targets of the links and pictures of a line; code is left out.
fn links(line: &str) -> Vec<String> {
    let plain: String = line.split('`').step_by(2).collect();
    let targets = plain.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_string()).collect()
}

/// The anchor of a heading: lower case, spaces as hyphens, no punctuation.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).0.into_iter().filter(|(_, line)| line.starts_with('#'));
    let mut seen = BTreeMap::<String, usize>::new();
    headings
        .map(|(_, line)| {
            let anchor = anchor(line.trim_start_matches('#'));
            let before = seen.entry(anchor.clone()).or_default();
            *before += 1;
            if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
        })
        .collect()
}

/// The path without `..` and `.`.
fn flat(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut flat, part| {
        match part {
            Component::ParentDir => drop(flat.pop()),
            Component::CurDir => (),
            other => flat.push(other),
        }
        flat
    })
}

/// The fault of a link on a page, if it has one.
fn fault(page: &Path, link: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with("http://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.to_path_buf() } else { flat(&page.parent().unwrap().join(file)) };
    if !root().join(&target).exists() {
        return Some("there is no such file".into());
    }
    if page.starts_with("docs") && !target.starts_with("docs") {
        return Some("it leaves docs/, and the book has nothing else".into());
    }
    if anchor.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return Some("GitHub leaves out such digits, and the book does not".into());
    }
    let known = anchor.is_empty() || anchors(&read(&target)).iter().any(|a| a == anchor);
    (!known).then(|| format!("{} has no heading for it", target.display()))
}

#[test]
fn links_are_found_and_anchors_are_githubs() {
    assert_eq!(links("a [b](c.md) ![d](e.svg#f) `[g](h)` [`i`](j)"), ["c.md", "e.svg#f", "j"]);
    assert_eq!(anchor(" What they learn, in `time`: V = 10⁵"), "what-they-learn-in-time-v--10⁵");
    assert_eq!(anchors("# A\n```\n# B\n```\n## A\n"), ["a", "a-1"]);
    assert_eq!(flat(Path::new("docs/../a/./b")), Path::new("a/b"));
}

#[test]
fn links_lead_somewhere() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in all() {
        let text = read(&page);
        for (number, line) in prose(&text).0 {
            for link in links(line) {
                seen += 1;
                let fault = fault(&page, &link);
                wrong.extend(fault.map(|fault| format!("{}:{number}: {link}: {fault}", page.display())));
            }
        }
    }
    assert!(seen > 50, "only {seen} links");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_book_has_every_page_once() {
    let summary = read(Path::new("docs/SUMMARY.md"));
    let mut listed: Vec<PathBuf> = summary.lines().flat_map(links).map(|link| Path::new("docs").join(link)).collect();
    listed.sort();
    let mut pages = of_the_book();
    pages.retain(|page| !page.ends_with("SUMMARY.md"));
    assert_eq!(listed, pages);
}

#[test]
fn lines_of_pages_are_short() {
    let mut long = Vec::new();
    for page in all().into_iter().filter(|page| page.starts_with("docs") || page.as_os_str() == "README.md") {
        let in_book = page.starts_with("docs");
        let mut generated = false;
        for (number, line) in (1..).zip(read(&page).lines()) {
            generated =
                line.starts_with("<!-- begin generated") || generated && !line.starts_with("<!-- end generated");
            // A row of a table is one line, however long.
            let row = in_book && line.starts_with('|');
            if line.chars().count() > COLUMNS && !row && !generated {
                long.push(format!("{}:{number}", page.display()));
            }
        }
    }
    assert!(long.is_empty(), "longer than {COLUMNS} columns: {long:#?}");
}

#[test]
fn the_readme_is_short_and_names_no_commit() {
    let readme = read(Path::new("README.md"));
    let lines = readme.lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines, at most {README_LINES} are allowed");
    let hash = |word: &&str| {
        word.len() >= HASH_DIGITS && word.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase())
    };
    let hashes: Vec<&str> = readme.split(|c: char| !c.is_alphanumeric()).filter(hash).collect();
    assert!(hashes.is_empty(), "these look like commits: {hashes:?}");
    // A ratio in brackets, such as (1.47 ×) or (3.23, 3.74).
    let is_number = |part: &str| part.trim().trim_end_matches(['×', 'x', ' ']).parse::<f64>().is_ok();
    let is_ratio = |inside: &str| inside.contains('.') && inside.split(',').all(is_number);
    for (number, line) in prose(&readme).0 {
        let brackets = line.split('(').skip(1).filter_map(|rest| rest.split_once(')'));
        assert!(!brackets.into_iter().any(|(inside, _)| is_ratio(inside)), "README.md:{number}: {line}");
    }
}

/// rustdoc takes a block without a language for Rust, and only included pages are compiled.
#[test]
fn code_names_its_language_and_rust_is_compiled() {
    let crate_docs = read(Path::new("src/lib.rs"));
    for page in of_the_book() {
        let text = read(&page);
        let languages = prose(&text).1;
        assert!(
            languages.iter().all(|language| !language.is_empty()),
            "{}: a block without a language",
            page.display()
        );
        let rust = languages.iter().any(|language| language.split(',').next() == Some("rust"));
        let included = crate_docs.contains(&format!("include_str!(\"../{}\")", page.display()));
        assert_eq!(rust, included, "{}: a page is included in src/lib.rs if it has Rust code", page.display());
        assert!(!languages.contains(&"rust,ignore"), "{}: code that nobody compiles", page.display());
    }
}
