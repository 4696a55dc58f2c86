//! `lexmax completions` and `lexmax man`: shell completions and man pages, for packages.

use super::Cli;
use crate::files::{Output, Plan};
use crate::{Error, Result};
use clap::{Args, Command, CommandFactory};
use clap_complete::{Shell, generate};
use std::path::PathBuf;

#[derive(Args)]
pub struct Completions {
    /// Shell to complete commands in.
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub struct Man {
    /// Folder for one page for each command [default: prints the main page].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub fn completions(arguments: &Completions) -> Result<()> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "lexmax", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}

/// Prints the main page, or writes all pages to a folder and prints their names.
pub fn man(arguments: &Man) -> Result<()> {
    let mut command = Cli::command().disable_help_subcommand(true);
    // Gives the subcommands their full names, as in `lexmax-train`.
    command.build();
    let Some(folder) = &arguments.out else { return super::print(&page(&command)?) };
    let subcommands = command.get_subcommands().filter(|command| !command.is_hide_set());
    let pages = std::iter::once(&command).chain(subcommands);
    let file = |command: &Command| folder.join(format!("{}.1", name(command)));
    let pages: Vec<_> = pages.map(|command| (file(command), command)).collect();
    super::check_outputs(Plan::default(), pages.iter().map(|(path, _)| path.clone()))?;
    for (path, command) in &pages {
        Output::new(path)?.put(page(command)?.as_bytes())?;
    }
    let written: Vec<_> = pages.iter().map(|(path, _)| crate::error::shown::name(path)).collect();
    super::print(&super::table::lines(&written))
}

/// The name of a command's page.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// The man page of a command.
fn page(command: &Command) -> Result<String> {
    let mut page = Vec::new();
    let version = format!("lexmax {}", command.get_version().unwrap_or(env!("CARGO_PKG_VERSION")));
    let man = clap_mangen::Man::new(command.clone()).title(name(command)).source(version);
    man.render(&mut page).map_err(Error::io("man page"))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
