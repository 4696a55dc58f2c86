//! Commands.

mod compare;
mod progress;

use clap::{Parser, Subcommand};
use lexmax::Result;

/// Output layers for large vocabularies, compared fairly. Without a command: `compare`.
#[derive(Parser)]
#[command(version, about, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    compare: compare::Arguments,
}

#[derive(Subcommand)]
enum Command {
    /// Trains the same model on the same text with each output layer: what a step costs, and what it reaches.
    Compare(compare::Arguments),
}

/// Reads the arguments and does what they say.
pub fn run() -> Result<()> {
    let cli = Cli::parse();
    match cli.command {
        None => compare::run(&cli.compare),
        Some(Command::Compare(arguments)) => compare::run(&arguments),
    }
}
