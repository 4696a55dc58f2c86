//! Tests of the help: every option says what it does and what holds without it.

use super::Cli;
use crate::layer::catalogue::CATALOGUE;
use clap::{Arg, Command, CommandFactory};

/// Words that may not begin a text of the help.
const OPENERS: [&str; 8] = ["what", "which", "those", "of", "as", "by", "that", "how"];
/// Columns of a terminal, and the lines of two screens.
const COLUMNS: usize = 80;
const TWO_SCREENS: usize = 100;

/// The main command and all others, with the names of their own.
fn commands() -> Vec<(String, Command)> {
    let mut cli = Cli::command();
    cli.build();
    let others = cli.get_subcommands().filter(|command| command.get_name() != "help").cloned();
    let all: Vec<_> = std::iter::once(cli.clone()).chain(others).collect();
    assert!(all.len() > 14, "{} commands", all.len());
    all.into_iter().map(|command| (command.get_name().to_string(), command)).collect()
}

/// The options and operands of a command that are not clap's own.
fn arguments(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !["help", "version"].contains(&argument.get_id().as_str()))
}

fn short_help(argument: &Arg) -> String {
    argument.get_help().map(ToString::to_string).unwrap_or_default()
}

#[test]
fn every_argument_has_help() {
    for (name, command) in commands() {
        for argument in arguments(&command) {
            let help = short_help(argument);
            assert!(help.len() > 5 && help.starts_with(char::is_alphabetic), "{name} {}: {help:?}", argument.get_id());
            assert!(!help.ends_with('.'), "{name} {}: {help:?}", argument.get_id());
        }
    }
}

/// A value is required, or clap prints its default, or the first paragraph states it at its end.
#[test]
fn every_value_has_a_default() {
    for (name, command) in commands() {
        for argument in arguments(&command).filter(|argument| argument.get_action().takes_values()) {
            let help = short_help(argument);
            let is_printed = !argument.get_default_values().is_empty();
            let is_said = help.contains(" [default: ") && help.ends_with(']');
            let is_required = argument.is_required_set() || help.contains("; required without --");
            let count = [is_printed, is_said, is_required].into_iter().filter(|is| *is).count();
            assert_eq!(count, 1, "{name} {}: {help}", argument.get_id());
        }
    }
}

#[test]
fn short_help_fits_two_screens() {
    for (name, command) in commands() {
        let help = command.term_width(COLUMNS).render_help().to_string();
        let lines = help.lines().count();
        assert!(lines <= TWO_SCREENS, "{name}: {lines} lines");
        assert!(help.lines().all(|line| line.chars().count() <= COLUMNS), "{name}");
    }
}

/// All texts of a command: of itself, of its arguments, and of their values.
fn texts(command: &Command) -> Vec<String> {
    let mut texts: Vec<_> = [command.get_about(), command.get_long_about()].into_iter().flatten().cloned().collect();
    for argument in arguments(command) {
        texts.extend([argument.get_help(), argument.get_long_help()].into_iter().flatten().cloned());
        texts.extend(argument.get_possible_values().iter().filter_map(|value| value.get_help().cloned()));
    }
    texts.into_iter().map(|text| text.to_string()).collect()
}

#[test]
fn the_subject_of_a_help_text_comes_first() {
    let keys = CATALOGUE.iter().flat_map(|layer| layer.all_keys()).map(|key| key.doc.to_string());
    let commands = commands();
    let all: Vec<_> = commands.iter().flat_map(|(_, command)| texts(command)).chain(keys).collect();
    assert!(all.len() > 300, "{} texts", all.len());
    for sentence in all.iter().flat_map(|text| text.split("\n\n").flat_map(|paragraph| paragraph.split(". "))) {
        let first = sentence.split_whitespace().next().unwrap_or_default().to_lowercase();
        assert!(!OPENERS.contains(&&*first), "{sentence}");
    }
}
