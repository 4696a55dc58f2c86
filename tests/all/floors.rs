//! The order of the house: a file imports only from lower floors or from its own folder, no layer imports another, there is
//! no `unsafe`, and files stay short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The room whose files may name what the root of the crate exports.
const CLI: &str = "cli";

/// Folders of `layer/` that hold no layer.
const NO_LAYERS: &[&str] = &["kit", "verbs", "catalogue"];

const LONGEST_FILE: usize = 400;

/// A source file: its path below `src`, and its text without comments.
struct Source {
    path: PathBuf,
    code: String,
    lines: usize,
}

impl Source {
    /// The module of the crate that it belongs to.
    fn module(&self) -> String {
        name(self.path.iter().next().expect("a path").as_ref())
    }

    fn floor(&self, floors: &Floors) -> u8 {
        let floor = floors.get(&self.module()).copied();
        floor.unwrap_or_else(|| panic!("src/{} stands on no floor of ARCHITECTURE.md", self.path.display()))
    }
}

/// The floor of every room.
type Floors = BTreeMap<String, u8>;

/// The table of ARCHITECTURE.md: of each row the floor, and the rooms, which stand in backquotes before any colon.
fn floors() -> Floors {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    let mut floors = Floors::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, floor, rooms, _] = cells[..] else { continue };
        let Ok(floor) = floor.parse() else { continue };
        let rooms = rooms.split(':').next().unwrap_or_default();
        for room in rooms.split('`').skip(1).step_by(2) {
            assert!(floors.insert(room.to_string(), floor).is_none(), "{room} stands on two floors");
        }
    }
    floors
}

fn name(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// All of `src`.
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
                sources.push(Source { path, code: without_comments(&text), lines: text.lines().count() });
            }
        }
    }
    assert!(sources.len() > 10, "{} files in {}", sources.len(), src.display());
    sources
}

/// Cuts `//` and what follows off every line; what stands in a string is cut as well, but for addresses.
fn without_comments(text: &str) -> String {
    let code = |line: &str| -> String {
        let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
        comment.map_or(line, |(at, _)| &line[..at]).to_string()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// What follows each `prefix` in the code: the name, or the first names of a braced list.
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

/// The first name of each entry of a list that begins behind its brace.
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
        // The binary sees the library by name.
        names.extend(imported(&source.code, "lexmax::"));
        for import in names {
            let allowed = match floors.get(&import) {
                Some(floor) => import == source.module() || *floor < source.floor(&floors),
                // A name at the root of the crate is no room: the library's files say where it comes from.
                None => floors[CLI] <= source.floor(&floors),
            };
            if !allowed {
                wrong.push(format!("src/{}: {import}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports from the same or a higher floor:\n{}", wrong.join("\n"));
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
        // Other layers' modules, and what `mod.rs` exports of them.
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
        assert!(wrong.is_empty(), "src/{} imports {wrong:?} of another layer", file.path.display());
    }
}

#[test]
fn folders_have_a_mod_file() {
    for source in sources() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(source.path.with_extension(""));
        assert!(!folder.is_dir(), "src/{} stands beside the folder of its name", source.path.display());
    }
}

#[test]
fn nothing_is_unsafe() {
    for source in sources() {
        // A hyphen belongs to the word: a page's `unsafe-inline` is no Rust.
        let words = source.code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
        assert!(words.into_iter().all(|word| word != "unsafe"), "src/{}", source.path.display());
    }
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    assert!(lib.contains("#![forbid(unsafe_code)]"));
}

#[test]
fn files_stay_short() {
    for source in sources() {
        let lines = source.lines;
        assert!(lines <= LONGEST_FILE, "src/{} has {lines} lines; {LONGEST_FILE} at most", source.path.display());
    }
}

/// Words of files may be long and may control a terminal.
#[test]
fn errors_quote_words_in_one_way() {
    let text_shown = |code: &str| code.contains(":?}") || code.contains(".display()");
    for source in sources().iter().filter(|source| source.module() == "error") {
        // Shapes are lists of numbers.
        let code = source.code.replace("shape:?}", "");
        assert!(!text_shown(&code), "src/{}: quote by error::shown", source.path.display());
    }
}
