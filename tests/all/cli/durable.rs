//! A full disk and a killed program: every output is whole, either the old file or the new one.

use super::place::{Place, text};
use lexmax::model::ModelReader;
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Commands and the files that they write. Files in one line are both old or both new.
const COMMANDS: [(&str, &[&[&str]]); 6] = [
    ("convert in.vec v.bin", &[&["v.bin"]]),
    ("convert in.vec v.npy", &[&["v.npy", "v.words.txt"]]),
    ("convert in.vec v.tsv.gz", &[&["v.tsv.gz", "v.metadata.tsv"]]),
    ("nearest in.vec w1 --top 500 --json near.json", &[&["near.json"]]),
    (
        "train --corpus c.txt --out v.vec --save-model m --save-vocab w.bz2 --json f.json",
        &[&["v.vec"], &["m"], &["w.bz2"], &["f.json"]],
    ),
    (
        "train --corpus c.txt --out v.fifu --checkpoint ck --checkpoint-every 1ms --resume",
        &[&["v.fifu"], &["ck/checkpoint.safetensors"]],
    ),
];

fn command(arguments: &str) -> String {
    let train = " --dim 16 --epochs 3 --min-count 1 --threads 1 --seed 3";
    format!("{arguments}{}", if arguments.starts_with("train") { train } else { "" })
}

/// A folder with the inputs.
fn place() -> Place {
    let place = Place::new();
    place.file("c.txt", text(400));
    let vector = |n: u32| (1..=24).map(|i| format!(" 0.{}", n % 97 + i)).collect::<String>();
    let lines: String = (0..1_500).map(|n| format!("w{n}{}\n", vector(n))).collect();
    place.file("in.vec", format!("1500 24\n{lines}"));
    place
}

type Files = BTreeMap<String, Vec<u8>>;

fn contents(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_string();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

/// What the commands write if nothing fails.
fn references() -> Vec<Files> {
    let run = |(arguments, _): &(&str, &[&[&str]])| {
        let place = place();
        place.success(&command(arguments));
        contents(place.path())
    };
    COMMANDS.iter().map(run).collect()
}

/// Contents that an earlier run might have left, of about the size of the new ones. A checkpoint must be one.
fn put_old(place: &Place, outputs: &[&[&str]], new: &Files) {
    for name in outputs.iter().flat_map(|files| files.iter()).filter(|name| !name.starts_with("ck")) {
        place.file(name, old(name, &new[*name]));
    }
}

fn old(name: &str, new: &[u8]) -> Vec<u8> {
    name.bytes().cycle().take(new.len()).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Old,
    New,
    Broken,
}

/// The state of a file. Clocks make a fact and a checkpoint differ from run to run: those must be readable.
fn state(name: &str, found: Option<&Vec<u8>>, new: &Files) -> State {
    let Some(found) = found else { return if name.starts_with("ck") { State::Old } else { State::Broken } };
    let is_readable = || match name {
        "ck/checkpoint.safetensors" => {
            ModelReader::open(Cursor::new(found), Path::new(name)).and_then(ModelReader::read).is_ok()
        }
        "f.json" | "near.json" => serde_json::from_slice::<serde_json::Value>(found).is_ok(),
        _ => *found == new[name],
    };
    match () {
        () if *found == old(name, &new[name]) => State::Old,
        () if is_readable() => State::New,
        () => State::Broken,
    }
}

/// Runs a command on a disk of `kib` KiB beyond its inputs and old outputs, and returns the files there. `None` where
/// nothing may be mounted.
fn on_small_disk(place: &Place, arguments: &str, kib: u64) -> Option<(Option<i32>, Files)> {
    let program = assert_cmd::cargo::cargo_bin!("lexmax").display().to_string();
    let run = command(arguments);
    let script = format!(
        "mkdir disk copy; used=$(du -sk --exclude=disk --exclude=copy . | cut -f1)\n\
         mount -t tmpfs -o size=$((used + 8 + {kib}))k tmpfs disk || exit 99\n\
         tar cf - --exclude=./disk --exclude=./copy . | tar xf - -C disk || exit 98\n\
         cd disk; '{program}' {run} >/dev/null 2>&1; code=$?; cp -a . ../copy; exit $code"
    );
    let mut shell = Command::new("unshare");
    let output = shell.args(["-m", "bash", "-c", &script]).current_dir(place.path()).output().ok()?;
    let code = output.status.code();
    assert_ne!(code, Some(98), "the inputs fit");
    (code != Some(99) && code != Some(1)).then(|| (code, contents(&place.path().join("copy"))))
}

/// Runs a command that may write no file larger than `kib` KiB.
fn with_small_files(place: &Place, arguments: &str, kib: u64) -> (Option<i32>, Files) {
    let program = assert_cmd::cargo::cargo_bin!("lexmax").display().to_string();
    let script = format!("ulimit -f {kib}; exec '{program}' {} >/dev/null 2>&1", command(arguments));
    let status = Command::new("bash").args(["-c", &script]).current_dir(place.path()).status().unwrap();
    (status.code(), contents(place.path()))
}

#[test]
#[ignore = "soak: runs of every command that writes, on disks of many sizes"]
fn a_disk_that_fills_leaves_whole_files() {
    let new = references();
    let mut counts = BTreeMap::<(&str, State), u32>::new();
    let mut is_mountable = true;
    for ((arguments, outputs), new) in COMMANDS.iter().zip(&new) {
        let largest = outputs.iter().flat_map(|files| files.iter()).map(|name| new[*name].len() as u64 / 1024).max();
        let (largest, steps) = (largest.unwrap() + 8, 24);
        for step in 0..=steps {
            let kib = largest * 2 * step / steps;
            let mut runs = Vec::new();
            if is_mountable {
                let place = place();
                put_old(&place, outputs, new);
                let found = on_small_disk(&place, arguments, kib);
                is_mountable = found.is_some();
                runs.extend(found.map(|found| ("a full disk", found)));
            }
            let place = place();
            put_old(&place, outputs, new);
            runs.push(("a limit of a file's size", with_small_files(&place, arguments, kib / 2)));
            for (what, (code, files)) in runs {
                for group in *outputs {
                    let states: Vec<_> = group.iter().map(|name| state(name, files.get(*name), new)).collect();
                    let at = format!("{arguments}, {what}, {kib} KiB: {group:?} {states:?}, code {code:?}");
                    assert!(states[0] != State::Broken && states.iter().all(|state| *state == states[0]), "{at}");
                    assert!(code == Some(0) || code == Some(2), "{at}");
                    let is_checkpoint = group[0].starts_with("ck");
                    assert!(code != Some(0) || states[0] == State::New || is_checkpoint, "{at}");
                    *counts.entry((what, states[0])).or_default() += 1;
                }
                let others: Vec<_> = files.keys().filter(|name| name.contains(".tmp")).collect();
                assert!(others.is_empty(), "{arguments}, {what}: {others:?} is left");
            }
        }
    }
    if !is_mountable {
        let why = "NOT RUN: a small disk that fills, as nothing may be mounted here; files of limited size instead";
        writeln!(std::io::stderr(), "{why}").unwrap();
    }
    eprintln!("outputs after a disk was full: {counts:?}");
    for what in ["a full disk", "a limit of a file's size"].iter().skip(usize::from(!is_mountable)) {
        assert!(counts.contains_key(&(what, State::Old)) && counts.contains_key(&(what, State::New)), "{counts:?}");
    }
}

#[cfg(unix)]
#[test]
#[ignore = "soak: two hundred runs that are killed"]
fn a_program_that_is_killed_leaves_whole_files() {
    use rand::{RngExt, SeedableRng};
    const KILLS: u32 = 200;
    let new = references();
    let mut rng = rand::rngs::SmallRng::seed_from_u64(20);
    let (mut killed, mut counts) = (0, BTreeMap::<State, u32>::new());
    let mut seconds = vec![0.0; COMMANDS.len()];
    let mut turn = 0;
    while killed < KILLS {
        let n = turn % COMMANDS.len();
        turn += 1;
        let ((arguments, outputs), new) = (COMMANDS[n], &new[n]);
        let place = place();
        put_old(&place, outputs, new);
        let mut program = Command::new(assert_cmd::cargo::cargo_bin!("lexmax"));
        program.args(command(arguments).split(' ')).current_dir(place.path());
        let began = Instant::now();
        let mut child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The first run of each tells how long it takes.
        if seconds[n] == 0.0 {
            assert!(child.wait().unwrap().success());
            seconds[n] = began.elapsed().as_secs_f64();
            continue;
        }
        std::thread::sleep(Duration::from_secs_f64(seconds[n] * rng.random::<f64>()));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        killed += u32::from(std::os::unix::process::ExitStatusExt::signal(&status).is_some());
        let files = contents(place.path());
        for name in outputs.iter().flat_map(|files| files.iter()) {
            let state = state(name, files.get(*name), new);
            assert_ne!(state, State::Broken, "{arguments}: {name}, killed: {status:?}");
            *counts.entry(state).or_default() += 1;
        }
        let known = |name: &String| new.contains_key(name) || name.contains(".tmp");
        assert!(files.keys().all(known), "{arguments}: {:?}", files.keys());
    }
    eprintln!("{killed} runs killed at random moments, of {turn}; outputs after them: {counts:?}");
    assert!(counts.contains_key(&State::Old) && counts.contains_key(&State::New), "{counts:?}");
}
