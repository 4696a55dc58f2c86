//! Colours appear only in terminals, and only if `NO_COLOR` is not set.

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
    "scale --vocab 50,500 --dim 8 --batch 4 --layers full",
    "advise --vocab 500 --dim 8 --tokens 1e6 --layers full",
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
    for arguments in RUNS {
        assert!(printed(arguments, true, None).contains("\u{1b}["), "{arguments}");
        let without = printed(arguments, true, Some("1"));
        assert!(without.contains('█') && !without.contains('\u{1b}'), "{arguments}: {without}");
        // An empty one says nothing, as https://no-color.org has it.
        assert!(printed(arguments, true, Some("")).contains("\u{1b}["), "{arguments}");
    }
}

/// A progress bar clears its line on a terminal; that is no colour. `script` gives the program a terminal; where it is missing
/// there is nothing to see.
#[cfg(target_os = "linux")]
#[test]
fn with_no_color_a_terminal_gets_no_colours() {
    let place = Place::new();
    let program = assert_cmd::cargo::cargo_bin!("lexmax");
    let terminal = |arguments: &str, no_color: bool| {
        let mut command = std::process::Command::new("script");
        command.args(["--quiet", "--return", "--command"]).arg(format!("{} {arguments}", program.display()));
        command.arg("/dev/null").current_dir(place.path()).env("TERM", "xterm-256color");
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        if no_color {
            command.env("NO_COLOR", "1");
        }
        command
            .stdin(std::process::Stdio::null())
            .output()
            .ok()
            .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
    };
    // A code of a colour ends in m.
    let coloured = |text: &str| {
        let codes = text.split("\u{1b}[").skip(1);
        codes.filter_map(|code| code.chars().find(char::is_ascii_alphabetic)).filter(|end| *end == 'm').count()
    };
    for arguments in RUNS {
        let Some(with) = terminal(arguments, false) else { return };
        assert!(coloured(&with) > 0, "{arguments}: {with:?}");
        let without = terminal(arguments, true).expect("script was there before");
        assert!(without.contains("full") && coloured(&without) == 0, "{arguments}: {without:?}");
    }
}
