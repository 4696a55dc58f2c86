//! The command line: reading it, refusing it, and writing it down again.

use super::voice::{is_silent, program};
use super::{Cli, Command, spelling, warn};
use crate::error::shown::{self, is_control};
use clap::error::{ContextKind, ContextValue};
use clap::{ArgMatches, CommandFactory, FromArgMatches};
use std::ffi::OsStr;
use std::io::ErrorKind;

/// Reads the arguments. Help and wrong arguments end the program.
pub fn read() -> Cli {
    let read = || {
        let matches = Cli::command().try_get_matches()?;
        Cli::from_arg_matches(&matches).map(|cli| parted(cli, &matches))
    };
    read().unwrap_or_else(|error| std::process::exit(refuse(error).into()))
}

/// Separates the words of `predict` by their order.
fn parted(mut cli: Cli, matches: &ArgMatches) -> Cli {
    if let (Some(Command::Predict(arguments)), Some((_, matches))) = (&mut cli.command, matches.subcommand()) {
        arguments.part(matches);
    }
    cli
}

/// Prints a message. Returns the exit status of wrong arguments.
fn end(message: &str) -> u8 {
    warn(&format!("{}: {message}", program()));
    2
}

/// Prints the error or the help, and returns the exit status of the program.
pub fn refuse(error: clap::Error) -> u8 {
    let words = || std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    if let Some(hint) = spelling::hint(words()).filter(|_| words().nth(1).is_some_and(|word| word == "train")) {
        return end(&hint);
    }
    let error = shortened(error);
    let printed = if is_silent() { Ok(()) } else { error.print() };
    match printed {
        Err(e) if !error.use_stderr() && e.kind() != ErrorKind::BrokenPipe => {
            end(&format!("standard output: {}", shown::reason(e)))
        }
        _ => error.exit_code() as u8,
    }
}

/// The error with long values cut as in other messages.
fn shortened(mut error: clap::Error) -> clap::Error {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue] {
        let Some(ContextValue::String(text)) = error.get(kind) else { continue };
        let short = shown::value(text);
        if short != *text {
            error.insert(kind, ContextValue::String(short));
            // The suggestion repeats the whole value.
            error.remove(ContextKind::Suggested);
        }
    }
    error
}

/// The command line, quoted for a shell.
pub fn command() -> Option<String> {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word));
    Some(std::iter::once(program().to_string()).chain(words).collect::<Vec<_>>().join(" "))
}

/// A word quoted for a POSIX shell. Control characters and bytes that are not UTF-8 become `$'\xE9'`.
fn quoted(word: &OsStr) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%".contains(c);
    match word.to_str() {
        Some(word) if !word.is_empty() && word.chars().all(is_plain) => word.into(),
        Some(word) if !word.contains(is_control) => format!("'{}'", word.replace('\'', "'\\''")),
        _ => {
            let escaped = |byte: &u8| match byte {
                b' '..=b'~' if !b"'\\".contains(byte) => char::from(*byte).to_string(),
                _ => format!("\\x{byte:02X}"),
            };
            // An escape has two digits at most, so that the next character is not part of it.
            format!("$'{}'", word.as_encoded_bytes().iter().map(escaped).collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_shell_takes_the_command_again() {
        for word in ["plain-1.txt", "", "two words", "it's", "caf\u{e9}", "a\u{1b}[31m'b\\1\n"] {
            let line = format!("printf %s {}", quoted(word.as_ref()));
            let shell = std::process::Command::new("bash").args(["-c", &line]).output();
            assert_eq!(shell.unwrap().stdout, word.as_bytes(), "{word:?}");
        }
        assert_eq!(quoted("plain-1.txt".as_ref()), "plain-1.txt");
        assert_eq!(quoted("it's".as_ref()), "'it'\\''s'");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf_8_is_written_down() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(quoted(OsStr::from_bytes(b"caf\xe9 1")), "$'caf\\xE9 1'");
    }
}
