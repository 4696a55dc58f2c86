//! The commands over several processes, for the program `lexmax-mpi`.

mod start;

use super::signals::Signals;
use super::{arguments, compare, predict, step, train, voice};
use crate::Result;
use crate::error::RanksFault;
use crate::peers::{Peers, Team};
use crate::table::Division;
use clap::error::ErrorKind;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::time::Instant;

/// Trains word vectors, and computes exact output layers, over several processes.
///
/// Start it with `mpirun`; without, it is one process. The commands are those of `lexmax`, with the same options.
#[derive(Parser)]
#[command(name = "lexmax-mpi", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Trains word vectors as word2vec does, through any output layer.
    #[command(after_long_help = super::layers())]
    Train(Box<train::Arguments>),
    /// Trains one model with each output layer, and compares cost and quality.
    #[command(after_long_help = super::layers())]
    Compare(Box<Divided<compare::Arguments>>),
    /// Predicts words from their context with a trained model.
    Predict(Divided<predict::Arguments>),
    /// Times a training step of one layer on synthetic data.
    Step(Divided<step::Arguments>),
}

/// The arguments of a command whose layers can be divided.
#[derive(Args)]
struct Divided<A: Args> {
    #[command(flatten)]
    arguments: A,
    /// Divides the layer's tables among the ranks [default: off].
    ///
    /// Each rank keeps a part of the rows of every layer. The results are those of one process, bit for bit.
    #[arg(long)]
    vocab_parallel: bool,
}

impl<A: Args> Divided<A> {
    /// Refuses several ranks that would all do the same.
    fn check(&self, command: &'static str, team: &Team) -> Result<()> {
        match team.is_alone() || self.vocab_parallel {
            true => Ok(()),
            false => Err(RanksFault::NotDivided { command, ranks: team.size() }.into()),
        }
    }
}

/// Warns of ranks that hold no row of a table with a row for each word.
pub fn warn_of_idle(words: &Division) {
    let (idle, ranks) = (words.idle_ranks(), words.ranks());
    if idle > 0 {
        super::warn(&format!(
            "{}: {idle} of {ranks} ranks are idle: a table of {} rows is divided into parts of 256 or more; start \
             fewer",
            voice::program(),
            words.rows(),
        ));
    }
}

impl Cli {
    /// Reads the arguments of the program, and the number of threads that they ask for.
    fn read() -> std::result::Result<(Self, Option<u32>), clap::Error> {
        Self::of(&Self::command().try_get_matches()?)
    }

    fn of(matches: &ArgMatches) -> std::result::Result<(Self, Option<u32>), clap::Error> {
        let mut cli = Self::from_arg_matches(matches)?;
        let own = matches.subcommand().map(|(_, own)| own);
        if let (Command::Predict(divided), Some(own)) = (&mut cli.command, own) {
            divided.arguments.part(own);
        }
        Ok((cli, own.and_then(|own| own.get_one("threads").copied())))
    }
}

/// Reads the arguments and runs the command on this rank. `start` is the time when the program began, and `transport`
/// the name of what joins the ranks. All ranks call it with the same arguments. Rank 0 alone prints.
///
/// Returns the exit status: 0, 1 if an audit failed, or 2 if the arguments are wrong, which was printed.
///
/// # Errors
/// The error of this rank, or [`RanksFault::Other`](crate::error::RanksFault::Other). Unless all ranks have an error,
/// the caller must end the process at once: the other ranks may wait for this one.
pub fn run_over_ranks(start: Instant, mut team: Team, transport: &str) -> Result<u8> {
    voice::call_program("lexmax-mpi");
    if !team.is_first() {
        voice::fall_silent();
    }
    start::same(&mut team)?;
    let (cli, threads) = match Cli::read() {
        Ok(read) => read,
        Err(error) => {
            let is_version = error.kind() == ErrorKind::DisplayVersion;
            let status = arguments::refuse(error);
            if is_version {
                super::print(&format!("{transport}\n"))?;
            }
            return Ok(status);
        }
    };
    let cores = start::cores(&mut team);
    voice::share_cores(start::threads(&cores, team.rank()));
    start::bound(&cores, threads).iter().for_each(|warning| super::warn(warning));
    execute(&cli, start, &Signals::listen()?, &mut team).map(|()| 0)
}

/// Runs the command of the arguments.
fn execute(cli: &Cli, start: Instant, signals: &Signals, team: &mut Team) -> Result<()> {
    match &cli.command {
        Command::Train(arguments) => train::run(arguments, start, signals, team),
        Command::Compare(divided) => {
            divided.check("compare", team)?;
            compare::run_over(&divided.arguments, team)
        }
        Command::Predict(divided) => {
            divided.check("predict", team)?;
            predict::run_over(&divided.arguments, team)
        }
        Command::Step(divided) => {
            divided.check("step", team)?;
            step::run_over(&divided.arguments, team)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::ThreadPeers;

    fn read(line: &str) -> std::result::Result<(Cli, Option<u32>), clap::Error> {
        Cli::of(&Cli::command().try_get_matches_from(line.split(' '))?)
    }

    #[test]
    fn the_commands_take_the_options_of_lexmax_and_their_own() {
        Cli::command().debug_assert();
        let (cli, threads) = read("lexmax-mpi step --layer full --threads 3 --vocab-parallel").unwrap();
        assert!(matches!(cli.command, Command::Step(Divided { vocab_parallel: true, .. })));
        assert_eq!(threads, Some(3));
        let (cli, threads) = read("lexmax-mpi predict m.safetensors the old --of river bank").unwrap();
        let Command::Predict(Divided { vocab_parallel: false, .. }) = cli.command else { panic!("not predict") };
        assert_eq!(threads, None);
        read("lexmax-mpi train --corpus a --out b --deterministic").unwrap();
        for line in ["lexmax-mpi", "lexmax-mpi eval a", "lexmax-mpi train --corpus a --out b --vocab-parallel"] {
            assert_eq!(read(line).err().unwrap().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn several_ranks_without_a_division_are_refused() {
        for line in ["compare", "predict m the", "step --layer full"] {
            let (cli, _) = read(&format!("lexmax-mpi {line}")).unwrap();
            let errors = ThreadPeers::run(2, |peers| {
                execute(&cli, Instant::now(), &Signals::deaf(), &mut Team::new(peers)).unwrap_err().to_string()
            });
            assert!(errors.iter().all(|error| error.contains("2 ranks")), "{line}: {errors:?}");
        }
    }
}
