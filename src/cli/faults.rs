//! Every command that writes, on a disk that fails: each output is afterwards the whole old one or the whole new one.

use super::signals::Signals;
use super::{Cli, execute};
use crate::files::failing;
use clap::Parser;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

const TEXT: &str = "the river runs to the sea\nthe sea is wide and the river is long\n";

/// Commands that write, with `DIR` for their folder, and their outputs: one file, or two that belong together.
const COMMANDS: [(&str, &[&[&str]]); 12] = [
    ("train --out DIR/v.bin", &[&["v.bin"]]),
    ("train --out DIR/v.npy --json DIR/facts.json", &[&["v.npy", "v.words.txt"], &["facts.json"]]),
    ("train --out DIR/v.tsv.gz --save-vocab DIR/vocab", &[&["v.tsv.gz", "v.metadata.tsv"], &["vocab"]]),
    ("train --out DIR/v.vec.bz2 --save-model DIR/m.safetensors", &[&["v.vec.bz2"], &["m.safetensors"]]),
    (
        "train --out DIR/v.fifu --log DIR/log --checkpoint DIR/ck --valid DIR/text --patience 2",
        &[&["v.fifu"], &["ck/checkpoint.safetensors"]],
    ),
    ("train --dry-run --json DIR/plan.json", &[&["plan.json"]]),
    ("convert DIR/in.vec DIR/out.txt.zst", &[&["out.txt.zst"]]),
    ("convert DIR/in.vec DIR/out.npy", &[&["out.npy", "out.words.txt"]]),
    ("nearest DIR/in.vec river --json DIR/near.json", &[&["near.json"]]),
    ("analogy DIR/in.vec river sea long --json DIR/as.json", &[&["as.json"]]),
    ("eval DIR/in.vec --similarity DIR/pairs --json DIR/eval.json", &[&["eval.json"]]),
    (
        "compare --vocab 64 --classes 4 --layers full --dim 2 --examples 200 --valid-examples 9 --threads 1 \
         --out DIR/out",
        &[&["out/compare.json"], &["out/compare.html"], &["out/excess-vs-time.svg"], &["out/excess-vs-examples.svg"]],
    ),
];

/// Commands that measure time, and so are slow.
const SLOW: [(&str, &[&[&str]]); 3] = [
    ("step --layer full --vocab 9 --dim 2 --batch 1 --repeats 1 --threads 1 --json DIR/step.json", &[&["step.json"]]),
    (
        "scale --layers full,negative --vocab 10,20 --dim 2 --batch 4 --threads 1 --point-budget 0.1 --out DIR/out",
        &[&["out/scale.json"], &["out/scale.html"], &["out/cost-vs-vocabulary.svg"], &["out/memory-vs-vocabulary.svg"]],
    ),
    (
        "advise --vocab 100 --dim 4 --tokens 1000 --layers full,negative --threads 1 --json DIR/advice.json",
        &[&["advice.json"]],
    ),
];

/// Runs a command in a folder.
fn execute_in(folder: &Path, command: &str) -> crate::Result<bool> {
    let text = " --corpus DIR/text --min-count 1 --dim 2 --epochs 2 --threads 1 --seed 1";
    let command = format!("{command}{}", if command.starts_with("train") { text } else { "" });
    let words = command.split(' ').map(|word| word.replace("DIR", folder.to_str().expect("a temporary folder")));
    let cli = Cli::try_parse_from(std::iter::once("lexmax".to_string()).chain(words)).unwrap_or_else(|e| panic!("{e}"));
    execute(&cli, Instant::now(), &Signals::deaf())
}

/// A folder with the input files of the commands.
fn prepared() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, contents) in [
        ("text", TEXT),
        ("in.vec", "3 2\nriver 1 0.5\nsea -1 2\nlong 0.25 3\n"),
        ("pairs", "river sea 3\nsea long 2\nriver long 1\n"),
    ] {
        std::fs::write(dir.path().join(name), contents).unwrap();
    }
    dir
}

/// All files of a folder with their contents.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files =
        walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.unwrap()).filter(|e| e.file_type().is_file());
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
    files.map(|file| (name(file.path()), std::fs::read(file.path()).unwrap())).collect()
}

/// Whether contents are a whole result. Results with times in them differ, so that only their ends are compared.
fn is_whole(name: &str, found: &[u8], new: &[u8]) -> bool {
    let ending = |bytes: &[u8]| bytes[bytes.len().saturating_sub(8)..].to_vec();
    if name.ends_with(".json") {
        return serde_json::from_slice::<serde_json::Value>(found).is_ok();
    }
    let has_clock = name.ends_with(".html") || name.ends_with(".svg") || name.starts_with("ck/");
    if has_clock { ending(found) == ending(new) || name.starts_with("ck/") } else { found == new }
}

#[test]
fn every_output_is_the_old_one_or_the_new_one_whole() {
    assert_whole(&COMMANDS);
}

#[test]
#[ignore = "soak: commands that measure time, and so are slow"]
fn reports_are_the_old_ones_or_the_new_ones_whole() {
    assert_whole(&SLOW);
}

/// Makes every operation of every command fail, with old outputs in place and without.
fn assert_whole(commands: &[(&str, &[&[&str]])]) {
    let (mut runs, mut of_kind) = (0, BTreeMap::<&str, usize>::new());
    for (command, outputs) in commands {
        let whole = prepared();
        let (done, operations, _) = failing(usize::MAX, false, || execute_in(whole.path(), command));
        done.unwrap_or_else(|e| panic!("{command}: {e}"));
        let new = contents(whole.path());
        let known: BTreeSet<&str> = outputs.iter().flat_map(|files| files.iter().copied()).collect();
        assert!(known.iter().all(|name| new.contains_key(*name)), "{command}: {:?}", new.keys());
        for (nth, is_full, is_there) in
            (0..operations).flat_map(|n| [(n, false, false), (n, false, true), (n, true, true)])
        {
            let dir = prepared();
            let old = |name: &str| format!("old {name}").into_bytes();
            let is_there = is_there && !command.contains("ck");
            for name in known.iter().filter(|_| is_there) {
                std::fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
                std::fs::write(dir.path().join(name), old(name)).unwrap();
            }
            let (done, _, failed) = failing(nth, is_full, || execute_in(dir.path(), command));
            let now = contents(dir.path());
            let place = format!("{command}, operation {nth} of {operations} ({failed:?}, full: {is_full}, {is_there})");
            for files in *outputs {
                let state = |name: &&str| match now.get(*name) {
                    None => !is_there,
                    Some(found) => is_there && *found == old(name),
                };
                let is_old = files.iter().all(state);
                let is_new =
                    files.iter().all(|name| now.get(*name).is_some_and(|found| is_whole(name, found, &new[*name])));
                assert!(is_old || is_new, "{place}: {files:?} is neither old nor new");
                assert!(
                    done.is_err() || is_new || files[0].starts_with("ck/"),
                    "{place}: {files:?} is old, and nothing said"
                );
            }
            // No other file is left, except logs, which grow line by line, and files that could not be removed.
            let others = now.keys().filter(|name| !known.contains(name.as_str()) && !new.contains_key(*name));
            // A whole result that could not be renamed stays beside its place.
            let is_partial = |name: &String| {
                let whole = name.strip_suffix(".partial").and_then(|name| Some((name, new.get(name)?)));
                done.is_err() && whole.is_some_and(|(whole, new)| is_whole(whole, &now[name], new))
            };
            let others: Vec<_> = others.filter(|name| failed != Some("remove") && !is_partial(name)).collect();
            assert!(others.is_empty(), "{place}: {others:?} is left");
            runs += 1;
            *of_kind.entry(failed.unwrap_or("none")).or_default() += 1;
        }
    }
    eprintln!("{runs} runs of {} commands; operations that failed: {of_kind:?}", commands.len());
    assert!(
        ["create", "folder", "write", "sync", "rename"].iter().all(|kind| of_kind.contains_key(kind)),
        "{of_kind:?}"
    );
}
