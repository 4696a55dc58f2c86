//! The commands in the pages for readers: their options exist, and blocks that are marked so are run.

use crate::pages;
use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

/// The line before a block of commands that a test runs.
const RUN: &str = "<!-- run -->";

/// A block of commands.
struct Block {
    page: PathBuf,
    line: usize,
    text: String,
    run: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn blocks() -> Vec<Block> {
    let others = ["README.md", "CONTRIBUTING.md", "corpora/README.md"].map(PathBuf::from);
    let mut blocks: Vec<Block> = Vec::new();
    for page in others.into_iter().chain(pages::of_the_book()) {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        let (mut inside, mut before) = (false, "");
        for (line, content) in (1..).zip(text.lines()) {
            if inside && content == "```" {
                inside = false;
            } else if inside {
                let block = blocks.last_mut().expect("a block has begun");
                block.text.push_str(content);
                block.text.push('\n');
            } else if content == "```sh" {
                inside = true;
                blocks.push(Block { page: page.clone(), line, text: String::new(), run: before == RUN });
            }
            before = content;
        }
    }
    blocks
}

/// The simple commands of a block: without assignments before them, and without what redirects them.
fn commands(block: &str) -> Vec<Vec<String>> {
    let joined = block.replace("\\\n", " ");
    let mut commands = Vec::new();
    for line in joined.lines() {
        let words = shlex::split(line).unwrap_or_else(|| panic!("a shell cannot split {line:?}"));
        for words in words.split(|word| word == "|" || word == "&&") {
            let mut command = Vec::new();
            let mut words = words.iter().skip_while(|word| is_assignment(word));
            while let Some(word) = words.next() {
                match word.as_str() {
                    "<" | ">" => drop(words.next()),
                    _ => command.push(word.clone()),
                }
            }
            commands.extend((!command.is_empty()).then_some(command));
        }
    }
    commands
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

/// The arguments of lexmax, if a command runs it. The commands of `lexmax-mpi` are those of lexmax, with one more
/// option.
fn arguments(command: &[String]) -> Option<Vec<String>> {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let program = words.iter().position(|word| *word == "lexmax-mpi");
    match (&words[..], program) {
        (["lexmax", ..], _) => Some(command[1..].to_vec()),
        (["cargo", "run", "--release"], _) => Some(Vec::new()),
        (["cargo", "run", "--release", "--", ..], _) => Some(command[4..].to_vec()),
        (["lexmax-mpi" | "mpirun" | "srun", ..], Some(program)) => {
            Some(command[program + 1..].iter().filter(|word| *word != "--vocab-parallel").cloned().collect())
        }
        _ => None,
    }
}

/// The fault of arguments, if they have one: with `--help` behind them they are read and not obeyed.
fn refused(arguments: &[String]) -> Option<String> {
    let output = Command::cargo_bin("lexmax").unwrap().args(arguments).arg("--help").output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn commands_are_cut_as_a_shell_cuts_them() {
    let block = "A_B=c zcat a.gz | lexmax train --corpus - 'x *' \\\n  --out b > c # d\nlexmax\n";
    let expected: [&[&str]; 3] =
        [&["zcat", "a.gz"], &["lexmax", "train", "--corpus", "-", "x *", "--out", "b"], &["lexmax"]];
    assert_eq!(commands(block), expected);
    let split = |line: &str| commands(line).remove(0);
    assert_eq!(arguments(&split("cargo run --release -- scale --vocab 1e3")).unwrap(), ["scale", "--vocab", "1e3"]);
    assert_eq!(arguments(&split("cargo test --release")), None);
    assert_eq!(
        arguments(&split("mpirun -n 2 lexmax-mpi step --vocab-parallel --dim 8")).unwrap(),
        ["step", "--dim", "8"]
    );
    assert_eq!(arguments(&split("cargo install --path mpi lexmax-mpi")), None);
}

#[test]
fn an_unknown_option_or_value_is_noticed() {
    let refused = |line: &str| refused(&commands(line)[0]);
    assert_eq!(refused("train --corpus a.txt --out b --model cbow"), None);
    assert!(refused("train --corpus a.txt --outt b").unwrap().contains("--outt"));
    assert!(refused("train --corpus a.txt --model bow").unwrap().contains("bow"));
    assert!(refused("compare --layers unheard-of").unwrap().contains("unheard-of"));
}

#[test]
fn commands_of_pages_have_options_that_exist() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for block in blocks() {
        for command in commands(&block.text) {
            let place = || format!("{}:{}: {command:?}", block.page.display(), block.line);
            if let Some(arguments) = arguments(&command) {
                seen += 1;
                wrong.extend(refused(&arguments).map(|why| format!("{}: {why}", place())));
            }
            let named = command.iter().skip_while(|word| !["--example", "--bench"].contains(&word.as_str())).take(2);
            if let [kind, name] = named.collect::<Vec<_>>()[..] {
                let folder = root().join(if kind == "--bench" { "benches" } else { "examples" });
                let exists = folder.join(format!("{name}.rs")).exists() || folder.join(name).join("main.rs").exists();
                assert!(exists, "{}: there is no such program", place());
            }
        }
    }
    assert!(seen > 30, "only {seen} commands");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The blocks of a page follow one another in one folder, which has `corpora/` in it.
#[test]
#[cfg(unix)]
fn marked_commands_run() {
    let blocks: Vec<Block> = blocks().into_iter().filter(|block| block.run).collect();
    assert!(blocks.len() >= 5, "only {} blocks are run", blocks.len());
    let programs = Path::new(env!("CARGO_BIN_EXE_lexmax")).parent().unwrap().to_path_buf();
    let path =
        std::env::join_paths([programs].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let path = path.unwrap();
    for page in blocks.chunk_by(|a, b| a.page == b.page) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("corpora")).unwrap();
        for name in ["corpora/sample.txt", "corpora/sample-questions.txt"] {
            fs::copy(root().join(name), folder.path().join(name)).unwrap();
        }
        for block in page {
            let mut shell = process::Command::new("sh");
            shell.args(["-euc", &block.text]).env("PATH", &path).env_remove("LEXMAX_SIMD").current_dir(folder.path());
            let output = shell.output().unwrap();
            let (page, line) = (block.page.display(), block.line);
            assert!(output.status.success(), "{page}:{line}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
