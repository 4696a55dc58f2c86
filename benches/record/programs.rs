//! The programs that run in turn, and the variants of lexmax.

use super::arguments::Turns;
use super::error::Fault;
use super::template::Template;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program and its name.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    /// A build of lexmax, at this path.
    Lexmax(PathBuf),
    /// Another program.
    Peer(Template),
}

impl Program {
    pub fn is_peer(&self) -> bool {
        matches!(self.kind, Kind::Peer(_))
    }

    /// The output of `--version`; a peer reports its version with each run.
    pub fn version(&self) -> Option<String> {
        let Kind::Lexmax(path) = &self.kind else { return None };
        let output = Command::new(path).arg("--version").output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let version = text.trim();
        Some(version.strip_prefix("lexmax ").unwrap_or(version).to_string())
    }
}

/// A named list of additional arguments for lexmax.
#[derive(Clone, Debug)]
pub struct Variant {
    pub name: String,
    pub arguments: Vec<String>,
}

/// The builds of lexmax, then the peers, in the order of the command line. `known` are the placeholders.
pub fn programs(turns: &Turns, known: &[&str]) -> Result<Vec<Program>, Fault> {
    let this = || PathBuf::from(env!("CARGO_BIN_EXE_lexmax"));
    let mut programs = Vec::new();
    for text in &turns.programs {
        let (name, path) = match text.split_once('=') {
            Some((name, "")) => (name.to_string(), this()),
            Some((name, path)) => (name.to_string(), path.into()),
            None => {
                let stem = Path::new(text).file_stem().unwrap_or_default();
                (stem.to_string_lossy().into_owned(), text.into())
            }
        };
        if name.is_empty() {
            return Err(Fault::Unnamed { what: "program", text: text.clone(), form: "NAME=PATH" });
        }
        programs.push(Program { name, kind: Kind::Lexmax(path) });
    }
    if programs.is_empty() {
        programs.push(Program { name: "lexmax".into(), kind: Kind::Lexmax(this()) });
    }
    for text in &turns.peers {
        let named = text.split_once('=').filter(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace));
        let Some((name, command)) = named else {
            return Err(Fault::Unnamed { what: "peer", text: text.clone(), form: "NAME=COMMAND" });
        };
        programs.push(Program { name: name.into(), kind: Kind::Peer(Template::new(name, command, known)?) });
    }
    Ok(programs)
}

/// The variants in the order of the command line.
pub fn variants(turns: &Turns) -> Result<Vec<Variant>, Fault> {
    let variant = |text: &String| {
        let (name, arguments) = match text.split_once('=') {
            Some((name, arguments)) if !text.starts_with('-') => (name, arguments),
            _ => (text.as_str(), text.as_str()),
        };
        if name.is_empty() || (!text.starts_with('-') && !text.contains('=')) {
            return Err(Fault::Unnamed { what: "variant", text: text.clone(), form: "NAME=ARGS" });
        }
        let cut = || Fault::Quoting { name: name.into(), command: arguments.into() };
        Ok(Variant { name: name.into(), arguments: shlex::split(arguments).ok_or_else(cut)? })
    };
    turns.with.iter().map(variant).collect()
}
