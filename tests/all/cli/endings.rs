//! Signals: a run ends as a shell expects, keeps its results, and does not destroy earlier files.

use super::place::{Place, text};
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const TRAIN: &str = "train --dim 8 --threads 1 --min-count 1 --sample 0 --corpus c.txt";
const HUP: i32 = 1;
const INT: i32 = 2;
const QUIT: i32 = 3;
const TERM: i32 = 15;
/// Nothing here takes as long, on a machine that is busy with other things either.
const LONG: Duration = Duration::from_secs(120);

fn spawn(place: &Place, arguments: &str) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("lexmax"));
    command.args(arguments.split_whitespace()).current_dir(place.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn send(child: &Child, signal: i32) {
    let sent = Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a text stands in a file of the place.
fn until_written(place: &Place, name: &str, what: &str) {
    until(what, || std::fs::read_to_string(place.path().join(name)).is_ok_and(|text| text.contains(what)));
}

fn end(mut child: Child) -> (ExitStatus, String) {
    until("the end of the run", || child.try_wait().unwrap().is_some());
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap(), said)
}

/// Nothing is there but these files, and no temporary one.
fn assert_files(place: &Place, names: &[&str]) {
    assert_eq!(place.files(), names);
}

#[test]
fn a_signal_keeps_what_was_learned_and_is_seen_by_a_shell() {
    for signal in [HUP, INT, TERM] {
        for options in ["", " --checkpoint ck"] {
            let place = Place::new();
            place.file("c.txt", text(4_000));
            let run = format!("{TRAIN} --epochs 10000 --out v.bin --json f --log log{options}");
            let child = spawn(&place, &run);
            until_written(&place, "log", "start");
            std::thread::sleep(Duration::from_millis(200));
            send(&child, signal);
            let (status, said) = end(child);
            assert_eq!(status.signal(), Some(signal), "{said}");
            assert!(said.contains("interrupted\n"), "{said}");
            assert!(std::fs::read(place.path().join("v.bin")).unwrap().starts_with(b"30 8\n"));
            until_written(&place, "log", "\"why\":\"interrupted\"");
            let names = ["c.txt", "ck", "ck/checkpoint.safetensors", "f", "log", "v.bin"];
            let is_there = |name: &&str| !name.starts_with("ck") || !options.is_empty();
            assert_files(&place, &names.into_iter().filter(is_there).collect::<Vec<_>>());
        }
    }
}

/// A layer that takes long for a step, so that a quarter of a pass is far away.
#[test]
fn a_run_that_hardly_began_replaces_nothing() {
    let place = Place::new();
    let words: String =
        (0..40_000).map(|n| format!("w{}{}", n % 20_000, if n % 10 == 9 { "\n" } else { " " })).collect();
    place.file("c.txt", words);
    let run = "--dim 100 --layer full --epochs 1 --out v.npy --save-model m --json f --save-vocab w --log log";
    let run = format!("{TRAIN} {run}").replace("--dim 8 ", "");
    let results = ["f", "m", "v.npy", "v.words.txt", "w"];
    let put_old = || results.iter().for_each(|name| place.file(name, "old"));
    for (options, is_kept) in [("", true), (" --keep-partial", false)] {
        put_old();
        let child = spawn(&place, &format!("{run}{options}"));
        until_written(&place, "log", "start");
        send(&child, TERM);
        let (status, said) = end(child);
        assert_eq!(status.signal(), Some(TERM), "{said}");
        for name in results {
            let is_old = std::fs::read(place.path().join(name)).unwrap() == b"old";
            assert_eq!(is_old, is_kept, "{name}: {said}");
            let partial = format!("{name}.partial");
            let was_written = std::fs::metadata(place.path().join(&partial)).is_ok_and(|found| found.len() > 3);
            assert_eq!(was_written, is_kept, "{partial}");
            std::fs::remove_file(place.path().join(partial)).ok();
        }
        assert_eq!(said.contains("--keep-partial"), is_kept, "{said}");
        std::fs::remove_file(place.path().join("log")).unwrap();
    }
}

/// What a run that hardly began has written can be read under its name.
#[test]
fn partial_vectors_have_the_format_of_their_name() {
    let place = Place::new();
    place.file("v.txt", "2 2\nriver 1 0\nbank 0 1\n");
    for name in ["v.npy", "v.tsv.gz", "v.bin", "v.vec.zst", "v.fifu"] {
        place.success(&format!("convert v.txt {name}.partial"));
        place.success(&format!("convert v.txt {name}"));
        let bytes = |name: &str| std::fs::read(place.path().join(name)).unwrap();
        assert_eq!(bytes(name), bytes(&format!("{name}.partial")));
        let shown = place.success(&format!("nearest {name}.partial river")).stdout;
        assert!(String::from_utf8_lossy(&shown).contains("bank"));
    }
}

#[test]
fn an_interrupt_while_the_text_is_read_replaces_nothing() {
    for signal in [HUP, INT, TERM, QUIT] {
        let place = Place::new();
        place.file("v.bin", "old");
        let run = format!("{TRAIN} --out v.bin --json f --spool .").replace("c.txt", "-");
        let mut child = spawn(&place, &run);
        // Some text, and then silence.
        child.stdin.as_mut().unwrap().write_all(text(2_000).as_bytes()).unwrap();
        until("the temporary file", || place.files().len() > 1);
        send(&child, signal);
        let (status, said) = end(child);
        assert_eq!(status.signal(), Some(signal), "{said}");
        assert_files(&place, &["v.bin"]);
        assert_eq!(std::fs::read(place.path().join("v.bin")).unwrap(), b"old");
    }
}

/// A loop of a shell ends with the run that was interrupted.
#[test]
fn a_loop_over_seeds_ends() {
    let place = Place::new();
    place.file("c.txt", text(4_000));
    let program = assert_cmd::cargo::cargo_bin!("lexmax");
    let run = format!("'{}' {TRAIN} --epochs 10000 --out v$s.bin --log log$s --seed $s", program.display());
    let script = format!("for s in 1 2 3; do echo $s >>seeds; {run}; done");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(place.path()).process_group(0);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_written(&place, "log1", "start");
    std::thread::sleep(Duration::from_millis(200));
    // To the whole group, as a terminal does.
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let (status, said) = end(child);
    assert_eq!(status.signal(), Some(INT), "{said}");
    assert_eq!(std::fs::read_to_string(place.path().join("seeds")).unwrap(), "1\n");
    assert!(place.files().contains(&"v1.bin".into()));
}

#[test]
fn a_second_signal_and_one_while_a_pipe_has_no_reader_end_at_once() {
    let place = Place::new();
    place.file("c.txt", text(4_000));
    assert!(Command::new("mkfifo").arg(place.path().join("pipe")).status().unwrap().success());
    let child = spawn(&place, &format!("{TRAIN} --epochs 1 --out pipe --json f"));
    // The file is written before the pipe waits.
    until_written(&place, "f", "}");
    std::thread::sleep(Duration::from_millis(200));
    send(&child, INT);
    assert_eq!(end(child).0.signal(), Some(INT));
    assert_files(&place, &["c.txt", "f", "pipe"]);
    let child = spawn(&place, &format!("{TRAIN} --epochs 10000 --out pipe --log log"));
    until_written(&place, "log", "start");
    send(&child, INT);
    until_written(&place, "log", "interrupted");
    // Within two seconds it would be the same signal.
    std::thread::sleep(Duration::from_millis(2_500));
    send(&child, TERM);
    assert_eq!(end(child).0.signal(), Some(TERM));
}

/// `timeout` and a terminal that closes send more than one signal: that is still the first.
#[test]
fn signals_in_quick_succession_are_one() {
    for (first, second) in [(TERM, TERM), (HUP, TERM), (TERM, HUP), (INT, INT)] {
        let place = Place::new();
        place.file("c.txt", text(4_000));
        let child = spawn(&place, &format!("{TRAIN} --epochs 10000 --out v.bin --log log --checkpoint ck"));
        until_written(&place, "log", "start");
        std::thread::sleep(Duration::from_millis(200));
        send(&child, first);
        send(&child, second);
        let (status, said) = end(child);
        assert!([first, second].map(Some).contains(&status.signal()), "{said}");
        assert!(place.files().contains(&"v.bin".into()) && place.files().contains(&"ck/checkpoint.safetensors".into()));
    }
}

/// An evaluation that would take long breaks off.
#[test]
fn a_signal_ends_an_evaluation() {
    let place = Place::new();
    place.file("c.txt", text(400));
    let words = (0..400_000).map(|n| format!("w{}{}", n % 20_000, if n % 10 == 9 { "\n" } else { " " }));
    place.file("valid.txt", words.collect::<String>());
    let words = (0..20_000).map(|n| format!("w{n}{}", if n % 10 == 9 { "\n" } else { " " }));
    place.file("c.txt", words.collect::<String>());
    let run = "--dim 100 --epochs 1 --valid valid.txt --valid-examples 400000 --out v.bin --log log";
    let child = spawn(&place, &format!("{TRAIN} {run}").replace("--dim 8 ", ""));
    // Training takes a moment, the evaluation hours.
    until_written(&place, "log", "start");
    std::thread::sleep(Duration::from_secs(2));
    let since = Instant::now();
    send(&child, TERM);
    let (status, said) = end(child);
    assert!(status.signal() == Some(TERM) && since.elapsed() < Duration::from_secs(60), "{said}");
    assert!(place.files().contains(&"v.bin".into()), "{said}");
}

/// A program that was told to ignore a signal, as by `nohup`, goes on.
#[test]
fn ignored_signals_stay_ignored() {
    let place = Place::new();
    place.file("c.txt", text(4_000));
    let program = assert_cmd::cargo::cargo_bin!("lexmax");
    let script = format!("trap '' HUP; exec '{}' {TRAIN} --epochs 10000 --out v.bin --log log", program.display());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(place.path());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until_written(&place, "log", "start");
    send(&child, HUP);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none());
    send(&child, TERM);
    assert_eq!(end(child).0.signal(), Some(TERM));
}

#[test]
fn budget_and_patience_are_no_failure() {
    let place = Place::new();
    place.file("c.txt", text(4_000));
    for (options, said) in
        [("--budget 0.2s", "ended by the budget"), ("--lr 0 --valid c.txt --patience 1", "ended by patience")]
    {
        let output = place.success(&format!("{TRAIN} --epochs 10000 --out v.bin {options}"));
        assert!(String::from_utf8_lossy(&output.stdout).contains(said));
    }
}

/// A file that grows beyond a limit fails as a full disk does: checkpoints end, and the run does not.
#[test]
fn a_disk_that_is_full_for_checkpoints_does_not_end_the_run() {
    let place = Place::new();
    // The model is more than twice as large as the vectors.
    let words: String = (0..6_000).map(|n| format!("w{}{}", n % 3_000, if n % 10 == 9 { "\n" } else { " " })).collect();
    place.file("c.txt", words);
    let program = assert_cmd::cargo::cargo_bin!("lexmax");
    for options in ["--checkpoint ck", "--checkpoint ck --valid c.txt --patience 5", "--save-model m"] {
        let run =
            format!("{TRAIN} --dim 50 --epochs 3 --out v.bin --json f --log log {options}").replace("--dim 8 ", "");
        // In blocks of 1,024 bytes.
        let script = format!("ulimit -f 900; exec '{}' {run}", program.display());
        let output = Command::new("bash").args(["-c", &script]).current_dir(place.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let is_model = options.starts_with("--save");
        assert_eq!(output.status.code(), Some(if is_model { 2 } else { 0 }), "{options}: {said}");
        assert!(said.contains("File too large"), "{options}: {said}");
        assert!(is_model || said.contains("checkpoints stopped"), "{options}: {said}");
        assert!(std::fs::read(place.path().join("v.bin")).unwrap().starts_with(b"3000 50\n"));
        let facts: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path().join("f")).unwrap()).unwrap();
        assert_eq!(facts["warnings"].as_array().unwrap().is_empty(), is_model, "{facts}");
        let names = ["c.txt", "ck", "f", "log", "v.bin"];
        assert_files(&place, &names.into_iter().filter(|name| *name != "ck" || !is_model).collect::<Vec<_>>());
        std::fs::remove_dir(place.path().join("ck")).ok();
    }
}
