//! Colours are for terminals, and only where nobody said no.

use super::place::Place;

/// What a run prints, as if its output were a terminal where `force` says so (CLICOLOR_FORCE).
fn printed(arguments: &str, force: bool, no_color: Option<&str>) -> String {
    let place = Place::new();
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
    command.args(arguments.split_whitespace()).current_dir(place.path()).env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    if force {
        command.env("CLICOLOR_FORCE", "1");
    }
    no_color.map(|value| command.env("NO_COLOR", value));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

const RUNS: [&str; 3] = [
    "--vocab 50 --classes 5 --examples 50 --valid-examples 5 --layers full,negative",
    "scale --vocab 50,500 --dim 8 --batch 4 --layers full,negative",
    "advise --vocab 500 --dim 8 --tokens 1e6 --layers full,negative",
];

#[test]
fn what_goes_to_a_file_has_no_colours() {
    for arguments in RUNS {
        let plain = printed(arguments, false, None);
        assert!(plain.contains("full") && !plain.contains('\u{1b}'), "{arguments}: {plain}");
    }
}

#[test]
fn bars_are_coloured_unless_no_color_is_set() {
    let [compare, _, advise] = RUNS;
    for arguments in [compare, advise] {
        assert!(printed(arguments, true, None).contains("\u{1b}["), "{arguments}");
        let without = printed(arguments, true, Some("1"));
        assert!(without.contains('█') && !without.contains('\u{1b}'), "{arguments}: {without}");
        // An empty one says nothing, as https://no-color.org has it.
        assert!(printed(arguments, true, Some("")).contains("\u{1b}["), "{arguments}");
    }
}
