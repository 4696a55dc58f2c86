//! `lexmax completions` and `lexmax man`: shell completions and man pages, for packages.

use super::Cli;
use crate::error::shown;
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
    super::print(&script(arguments.shell))
}

/// The script that completes commands in a shell.
fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "lexmax", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Prints the main page, or writes all pages to a folder and prints their names.
pub fn man(arguments: &Man) -> Result<()> {
    let pages = pages()?;
    let Some(folder) = &arguments.out else { return super::print(&pages[0].1) };
    let paths: Vec<_> = pages.iter().map(|(name, _)| folder.join(format!("{name}.1"))).collect();
    super::check_outputs(Plan::default(), paths.iter().cloned())?;
    for (path, (_, page)) in paths.iter().zip(&pages) {
        Output::new(path)?.put(page.as_bytes())?;
    }
    let written: Vec<_> = paths.iter().map(|path| shown::name(path)).collect();
    super::print(&super::table::lines(&written))
}

/// The pages with their names: the main page first, then one for each command, as `lexmax-train`.
fn pages() -> Result<Vec<(String, String)>> {
    let mut main = Cli::command().disable_help_subcommand(true);
    // Gives the subcommands their full names.
    main.build();
    let others = main.get_subcommands().filter(|command| !command.is_hide_set());
    std::iter::once(&main).chain(others).map(page).collect()
}

/// The name and the text of a command's page.
fn page(command: &Command) -> Result<(String, String)> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_string();
    let source = concat!("lexmax ", env!("CARGO_PKG_VERSION"));
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone()).title(&name).source(source);
    man.render(&mut page).map_err(Error::io("man page"))?;
    Ok((name, String::from_utf8_lossy(&page).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    fn names() -> Vec<String> {
        let cli = Cli::command();
        let shown = cli.get_subcommands().filter(|command| !command.is_hide_set());
        let names: Vec<_> = shown.map(|command| command.get_name().to_string()).collect();
        assert!(names.len() >= 12 && !names.contains(&"man".into()), "{names:?}");
        names
    }

    #[test]
    fn completions_name_every_command() {
        for shell in Shell::value_variants() {
            let script = script(*shell);
            assert!(names().iter().all(|name| script.contains(name)) && script.contains("min-count"), "{shell}");
        }
    }

    #[test]
    fn man_pages_name_every_command() -> Result<()> {
        let pages = pages()?;
        let expected: Vec<_> = names().iter().map(|name| format!("lexmax-{name}")).collect();
        assert_eq!(pages[0].0, "lexmax");
        assert!(pages[1..].iter().map(|(name, _)| name).eq(&expected), "{expected:?}");
        // roff escapes hyphens.
        let plain = |page: &str| page.replace("\\-", "-");
        assert!(expected.iter().all(|name| plain(&pages[0].1).contains(&format!("{name}(1)"))), "{}", pages[0].1);
        for (name, page) in &pages {
            let page = plain(page);
            assert!(page.contains(&format!(".TH {name} 1")) && page.contains(".SH OPTIONS"), "{name}: {page}");
        }
        let (_, train) = pages.iter().find(|(name, _)| name == "lexmax-train").expect("train");
        assert!(plain(train).contains("--min-count"), "{train}");
        Ok(())
    }
}
