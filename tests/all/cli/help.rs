//! Help, shell completions, man pages, and the first line of a run without arguments.

use super::place::Place;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// The run is ended after its first line, which it prints before it trains.
#[test]
fn a_run_without_arguments_says_first_what_it_does() {
    let place = Place::new();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("lexmax"));
    command.current_dir(place.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut run = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(run.stderr.take().unwrap()).read_line(&mut line).unwrap();
    run.kill().unwrap();
    run.wait().unwrap();
    for says in ["14 output layers", "synthetic language", "two minutes on two cores", "lexmax compare --corpus FILE"] {
        assert!(line.contains(says), "{says}: {line}");
    }
    assert!(line.contains("`lexmax train --help`") && line.ends_with('\n') && line.len() < 200, "{line}");
}

#[test]
fn a_run_with_arguments_says_nothing_first() {
    let place = Place::new();
    let quiet = place.success("--vocab 50 --classes 5 --layers full --examples 100 --valid-examples 10");
    assert_eq!(String::from_utf8_lossy(&quiet.stderr), "");
}

#[test]
fn completions_and_man_pages_are_printed() {
    let place = Place::new();
    let bash = String::from_utf8(place.success("completions bash").stdout).unwrap();
    assert!(bash.contains("complete -F _lexmax") && bash.contains("--min-count"), "{bash}");
    let page = String::from_utf8(place.success("man").stdout).unwrap();
    assert!(page.contains(".TH lexmax 1"), "{page}");
    assert!(place.files().is_empty());
    let message = String::from_utf8(place.run("completions tcsh").stderr).unwrap();
    assert!(message.contains("bash, elvish, fish, powershell, zsh"), "{message}");
}

#[test]
fn man_pages_are_written_to_a_folder() {
    let place = Place::new();
    let printed = String::from_utf8(place.success("man --out pages/man1").stdout).unwrap();
    let files = place.files();
    let pages: Vec<_> = files.iter().filter(|file| file.ends_with(".1")).map(String::as_str).collect();
    let mut names: Vec<_> = printed.lines().collect();
    names.sort();
    assert_eq!(names, pages);
    assert_eq!(pages.len(), 13, "{pages:?}");
    assert!(["pages/man1/lexmax.1", "pages/man1/lexmax-train.1"].iter().all(|page| pages.contains(page)), "{pages:?}");
    // Nothing but pages and their folders.
    assert_eq!(files.len(), pages.len() + 2, "{files:?}");
    // A page that cannot be written: nothing is written.
    std::fs::create_dir_all(place.path().join("other/lexmax-eval.1")).unwrap();
    let refused = place.run("man --out other");
    assert_eq!(refused.status.code(), Some(2));
    assert!(!place.path().join("other/lexmax.1").exists());
}
