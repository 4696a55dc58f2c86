//! Rules for the source: a file imports only from lower floors or from its own folder, no layer imports another, there
//! is no `unsafe`, files are short, and comments are narrow and begin with a subject. Also the form of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The lowest room whose files may use the names that the root of the crate exports.
const CLI: &str = "cli";

/// Folders of `layer/` that are not layers.
const NO_LAYERS: &[&str] = &["kit", "verbs", "catalogue"];

/// Largest number of lines in a file of `src`.
const LONGEST_FILE: usize = 400;

/// Largest width of a comment, in columns: the `max_width` of rustfmt.toml, which rustfmt applies to code only.
const WIDEST_COMMENT: usize = 120;

/// Words with which a doc line does not begin, because the subject should come first.
const NO_SUBJECTS: &[&str] = &["What", "Which", "Those", "Of", "As", "By", "That", "How"];

/// A source file: its path below `src`, its text, and its text without comments.
struct Source {
    path: PathBuf,
    text: String,
    code: String,
}

impl Source {
    /// The module of the crate that the file belongs to.
    fn module(&self) -> String {
        name(self.path.iter().next().expect("a path").as_ref())
    }

    fn floor(&self, floors: &Floors) -> u8 {
        let floor = floors.get(&self.module()).copied();
        floor.unwrap_or_else(|| panic!("src/{} is on no floor of ARCHITECTURE.md", self.path.display()))
    }
}

/// The floor of every room.
type Floors = BTreeMap<String, u8>;

/// The text of a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The table of ARCHITECTURE.md. A row has the number of the floor, then the rooms: the names in backquotes before any
/// colon.
fn floors() -> Floors {
    let text = read("ARCHITECTURE.md");
    let mut floors = Floors::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, floor, rooms, _] = cells[..] else { continue };
        let Ok(floor) = floor.parse() else { continue };
        let rooms = rooms.split(':').next().unwrap_or_default();
        for room in rooms.split('`').skip(1).step_by(2) {
            assert!(floors.insert(room.to_string(), floor).is_none(), "{room} is on two floors");
        }
    }
    floors
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// All files of `src`.
fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![src.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&src).unwrap().to_path_buf();
                sources.push(Source { path, code: without_comments(&text), text });
            }
        }
    }
    assert!(sources.len() > 10, "{} files in {}", sources.len(), src.display());
    sources
}

/// Removes `//` and the rest of every line, inside strings as well. Addresses (`://`) are kept.
fn without_comments(text: &str) -> String {
    let code = |line: &str| -> String {
        let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
        comment.map_or(line, |(at, _)| &line[..at]).to_string()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// The name behind each `prefix` in the code, or the first names of a list in braces.
fn imported(code: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in code.match_indices(prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
            continue;
        }
        let rest = &code[at + prefix.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            names.extend(first_names(list));
        } else {
            names.push(identifier(rest));
        }
    }
    names
}

/// The first name of each entry of a list. The text begins behind the brace.
fn first_names(list: &str) -> Vec<String> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(identifier(list[start..at].trim_start()));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn the_reader_of_imports_reads_them() {
    let code = without_comments(
        "use crate::{\n a::B, c::{d, e},\n f\n};\nlet x = crate::g::h(); // crate::i\n/// [`crate::j`]",
    );
    assert_eq!(imported(&code, "crate::"), ["a", "c", "f", "g"]);
    assert_eq!(
        imported("use super::exact::{self, Block};\nuse super::{Batch, Bias};", "super::"),
        ["exact", "Batch", "Bias"]
    );
    assert_eq!(imported("$crate::a super::crate::b", "crate::"), Vec::<String>::new());
}

#[test]
fn files_import_from_lower_floors_or_their_own_folder() {
    let (floors, mut wrong) = (floors(), Vec::new());
    for source in sources().iter().filter(|s| s.path != Path::new("lib.rs")) {
        let mut names = imported(&source.code, "crate::");
        // The binary imports the library by its name.
        names.extend(imported(&source.code, "lexmax::"));
        for import in names {
            let allowed = match floors.get(&import) {
                Some(floor) => import == source.module() || *floor < source.floor(&floors),
                // A name at the root of the crate is not a room. Files of the library import from the room instead.
                None => floors[CLI] <= source.floor(&floors),
            };
            if !allowed {
                wrong.push(format!("src/{}: {import}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports from the same floor or a higher one:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_of_the_table_is_there() {
    let rooms: BTreeSet<String> = sources().iter().map(Source::module).filter(|room| room != "lib").collect();
    assert_eq!(floors().into_keys().collect::<BTreeSet<_>>(), rooms);
}

#[test]
fn no_layer_imports_another() {
    let sources = sources();
    // A layer is a file or a folder of `layer/`.
    let layer = |s: &Source| -> Option<String> {
        let mut parts = s.path.iter().map(|part| name(part.as_ref()));
        let layer = parts.next().filter(|room| room == "layer").and(parts.next())?;
        (layer != "mod" && !NO_LAYERS.contains(&layer.as_str())).then_some(layer)
    };
    let files: Vec<(String, &Source)> = sources.iter().filter_map(|s| layer(s).map(|layer| (layer, s))).collect();
    let mut layers: Vec<&String> = files.iter().map(|(layer, _)| layer).collect();
    layers.sort_unstable();
    layers.dedup();
    assert!(layers.len() > 12, "{} layers", layers.len());
    let module = sources.iter().find(|s| s.path == Path::new("layer/mod.rs")).expect("layer/mod.rs");
    for (own, file) in &files {
        // The modules of other layers, and the names that `mod.rs` exports from them.
        let mut forbidden = Vec::new();
        for other in layers.iter().filter(|other| **other != own) {
            forbidden.extend(imported(&module.code, &format!("pub use {other}::")));
            forbidden.push(other.to_string());
        }
        let in_folder = file.path.iter().count() > 2;
        let mut imports = imported(&file.code, "crate::layer::");
        imports.extend(imported(&file.code, if in_folder { "super::super::" } else { "super::" }));
        if in_folder && name(&file.path) == "mod" {
            imports.extend(imported(&file.code, "super::"));
        }
        let wrong: Vec<_> = imports.into_iter().filter(|import| forbidden.contains(import)).collect();
        assert!(wrong.is_empty(), "src/{} imports {wrong:?} from another layer", file.path.display());
    }
}

#[test]
fn folders_have_a_mod_file() {
    for source in sources() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source.path.with_extension(""));
        assert!(
            !folder.is_dir(),
            "src/{} is beside the folder of its name; move it there as mod.rs",
            source.path.display()
        );
    }
}

#[test]
fn nothing_is_unsafe() {
    for source in sources() {
        // A hyphen belongs to the word: `unsafe-inline` of a page's policy is not Rust.
        let words = source.code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        assert!(words.into_iter().all(|word| word != "unsafe"), "src/{}", source.path.display());
    }
    let lib = read("src/lib.rs");
    assert!(lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn files_stay_short() {
    for source in sources() {
        let lines = source.text.lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "src/{} has {lines} lines, at most {LONGEST_FILE} are allowed",
            source.path.display()
        );
    }
}

/// The lines of `src` that `is_bad` rejects, with their places.
fn bad_lines(is_bad: impl Fn(&str) -> bool) -> Vec<String> {
    let mut bad = Vec::new();
    for source in sources() {
        for (number, line) in (1..).zip(source.text.lines()).filter(|(_, line)| is_bad(line)) {
            bad.push(format!("src/{}:{number}: {}", source.path.display(), line.trim()));
        }
    }
    bad
}

fn is_wide_comment(line: &str) -> bool {
    line.trim_start().starts_with("//") && line.chars().count() > WIDEST_COMMENT
}

/// Whether a line is part of a doc comment and begins with one of [`NO_SUBJECTS`]. A mark of a list does not count.
fn begins_without_subject(line: &str) -> bool {
    let line = line.trim_start();
    let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else { return false };
    let text = text.trim_start();
    let text = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")).unwrap_or(text).trim_start();
    NO_SUBJECTS.contains(&&*identifier(text))
}

/// Words of a measured comparison. Figures of speed and quality stand in generated tables of the pages.
const MEASURED: &[&str] = &["times as long", "times as fast", "times faster", "times slower", "of the training loss"];

fn has_a_typed_figure(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") && MEASURED.iter().any(|words| line.contains(words))
}

#[test]
fn comments_have_no_typed_figures() {
    let bad = bad_lines(has_a_typed_figure);
    assert!(bad.is_empty(), "comments with a figure; let the pages show it:\n{}", bad.join("\n"));
    assert!(
        has_a_typed_figure("    /// It is 1.4 times as long.") && !has_a_typed_figure("let a = \"times as long\";")
    );
}

#[test]
fn the_guards_of_comments_see_them() {
    let wide = "é".repeat(WIDEST_COMMENT);
    assert!(is_wide_comment(&format!("    // {wide}")) && is_wide_comment(&format!("/// {wide}")));
    assert!(
        !is_wide_comment(&format!("let x = \"{wide}\"; // a string")) && !is_wide_comment(&format!("//{}", &wide[4..]))
    );
    for bad in ["/// What it is.", "    //! - Which of them.", "/// * How's that?", "///As before."] {
        assert!(begins_without_subject(bad), "{bad}");
    }
    for good in ["/// Ask what it is.", "// What a comment may ask.", "/// Offsets.", "/// what", "x // As"] {
        assert!(!begins_without_subject(good), "{good}");
    }
}

#[test]
fn comments_fit_the_width_of_the_code() {
    let wide = bad_lines(is_wide_comment);
    assert!(wide.is_empty(), "comments wider than {WIDEST_COMMENT} columns:\n{}", wide.join("\n"));
}

#[test]
fn doc_lines_begin_with_a_subject() {
    let bad = bad_lines(begins_without_subject);
    assert!(bad.is_empty(), "doc lines that begin with one of {NO_SUBJECTS:?}:\n{}", bad.join("\n"));
}

/// Each decision is a heading, then exactly the entries Problem, Choice and Evidence.
#[test]
fn decisions_have_a_problem_a_choice_and_evidence() {
    let text = read("ARCHITECTURE.md");
    let (_, decisions) = text.split_once("\n## Decisions\n").expect("decisions");
    let decisions: Vec<&str> = decisions.split("\n### ").skip(1).collect();
    assert!(decisions.len() > 20, "{} decisions", decisions.len());
    for decision in decisions {
        let (heading, entries) = decision.split_once('\n').expect("entries");
        let entries: Vec<&str> =
            entries.lines().filter_map(|line| line.strip_prefix("- **")?.split("**: ").next()).collect();
        assert_eq!(entries, ["Problem", "Choice", "Evidence"], "{heading}");
    }
}

/// Files and folders in backquotes, records in the form "record `NAME`", and tests in the form "test `NAME`".
#[test]
fn evidence_of_decisions_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = read("ARCHITECTURE.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let records: Vec<String> = fs::read_dir(root.join("benches/records"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let (mut seen, mut path) = (0, String::new());
    let mut before = "";
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 0 {
            before = part.trim_end();
        } else if ["src/", "tests/", "benches/", "docs/", "examples/", "fuzz/"].iter().any(|f| part.starts_with(f)) {
            if !part.contains("NAME") {
                assert!(root.join(part).exists(), "ARCHITECTURE.md names {part}");
                (seen, path) = (seen + 1, part.into());
            }
        } else if before.ends_with("test") {
            assert!(read(&path).contains(&format!("fn {part}(")), "{path} has no test {part}");
        } else if before.ends_with("ecord") {
            assert!(records.iter().any(|file| file.ends_with(&format!("-{part}.json"))), "no record {part}");
        }
    }
    assert!(seen > 40, "{seen} paths");
}

/// Words from files may be long, and may control a terminal. So errors quote them with `error::shown`.
#[test]
fn errors_quote_words_in_one_way() {
    let text_shown = |code: &str| code.contains(":?}") || code.contains(".display()");
    // The lists of messages are tests, whose failures show anything.
    let is_test = |source: &Source| source.path.starts_with("error/messages");
    for source in sources().iter().filter(|source| source.module() == "error" && !is_test(source)) {
        // Shapes are lists of numbers, which need no quoting.
        let code = source.code.replace("shape:?}", "");
        assert!(!text_shown(&code), "src/{}: quote with error::shown", source.path.display());
    }
}
