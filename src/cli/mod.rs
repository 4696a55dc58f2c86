//! The commands.

mod advise;
mod analogy;
mod arguments;
mod audit;
mod check;
mod compare;
mod convert;
mod cutoffs;
mod eval;
mod flags;
mod manual;
mod nearest;
mod predict;
mod progress;
mod prompt;
mod query;
mod ranks;
mod reading;
mod scale;
mod signals;
mod spelling;
mod step;
mod table;
mod train;
mod voice;

pub use crate::files::remove_temporaries;
pub use flags::message;
pub use ranks::run_over_ranks;
pub use voice::{alarm, report, warn};

use crate::Result;
use crate::error::OutputFault;
use crate::files::{Output, Plan};
use crate::layer::catalogue::{CATALOGUE, LayerSpec, common_keys};
use crate::model::{Encoding, MOST_DIM};
use crate::peers::Team;
use arguments::command;
use clap::builder::TypedValueParser;
use clap::{Parser, Subcommand};
use signals::Signals;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};
use voice::{is_read, print, say};

/// Compares output layers for large vocabularies, and trains word vectors through them.
///
/// Without a command, `lexmax` runs `compare`.
#[derive(Parser)]
#[command(name = "lexmax", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    compare: compare::Arguments,
}

#[derive(Subcommand)]
enum Command {
    /// Trains one model with each output layer, and compares cost and quality.
    #[command(after_long_help = layers())]
    Compare(compare::Arguments),
    /// Trains word vectors as word2vec does, through any output layer.
    #[command(after_long_help = layers())]
    Train(Box<train::Arguments>),
    /// Predicts words from their context with a trained model.
    Predict(predict::Arguments),
    /// Scores word vectors by word similarity and analogies.
    Eval(eval::Arguments),
    /// Finds the nearest words in word vectors.
    Nearest(nearest::Arguments),
    /// Answers "a is to b as c is to …" with word vectors.
    Analogy(analogy::Arguments),
    /// Converts word vectors to another file format.
    Convert(convert::Arguments),
    /// Measures the cost of a step of each layer by vocabulary size.
    Scale(scale::Arguments),
    /// Audits layers: gradients, normalization, costs, corrections of samplers.
    Check(check::Arguments),
    /// Estimates time and memory of each layer for a task on this machine.
    Advise(advise::Arguments),
    /// Times a training step of one layer on synthetic data.
    Step(step::Arguments),
    /// Finds the fastest cut-offs of an adaptive softmax for a text on this machine.
    Cutoffs(cutoffs::Arguments),
    /// Prints shell completions.
    #[command(hide = true)]
    Completions(manual::Completions),
    /// Prints or writes man pages.
    #[command(hide = true)]
    Man(manual::Man),
}

/// Reads the arguments and runs the command. `start` is the time when the program began. `false` if an audit failed.
pub fn run(start: Instant) -> Result<bool> {
    let cli = arguments::read();
    crate::simd::path::check()?;
    if std::env::args_os().len() == 1 {
        warn(&compare::bare()?);
    }
    execute(&cli, start, &Signals::listen()?)
}

/// Runs the command of the arguments. `false` if an audit failed.
fn execute(cli: &Cli, start: Instant, signals: &Signals) -> Result<bool> {
    let done = match &cli.command {
        Some(Command::Check(arguments)) => return check::run(arguments),
        None => compare::run(&cli.compare),
        Some(Command::Compare(arguments)) => compare::run(arguments),
        Some(Command::Train(arguments)) => train::run(arguments, start, signals, &Team::default()),
        Some(Command::Predict(arguments)) => predict::run(arguments),
        Some(Command::Eval(arguments)) => eval::run(arguments),
        Some(Command::Nearest(arguments)) => nearest::run(arguments),
        Some(Command::Analogy(arguments)) => analogy::run(arguments),
        Some(Command::Convert(arguments)) => convert::run(arguments),
        Some(Command::Scale(arguments)) => scale::run(arguments),
        Some(Command::Advise(arguments)) => advise::run(arguments),
        Some(Command::Step(arguments)) => step::run(arguments),
        Some(Command::Cutoffs(arguments)) => cutoffs::run(arguments),
        Some(Command::Completions(arguments)) => manual::completions(arguments),
        Some(Command::Man(arguments)) => manual::man(arguments),
    };
    done.map(|()| true)
}

/// The default number of answers.
const TOP: u32 = 10;
/// The default folder of reports.
const OUT: &str = "lexmax-out";

/// Parses the size of vectors.
fn dim() -> impl TypedValueParser<Value = u32> {
    whole::<u32>(1..=MOST_DIM as u64)
}

/// Parses the n of an n-gram.
fn order() -> impl TypedValueParser<Value = u32> {
    whole(2..=Encoding::MOST_ORDER as u64)
}

/// The layers of the catalogue with their keys, for the help of commands that take a layer.
fn layers() -> String {
    let own = CATALOGUE.iter().map(|layer| (layer.name, layer.keys));
    let listed = own.chain([("every layer", common_keys())]).map(|(name, keys)| {
        let keys: String = keys.iter().map(|key| format!("      {key}\n")).collect();
        format!("  {name}\n{keys}")
    });
    format!("Layers and their keys:\n{}", listed.collect::<String>())
}

/// The number of threads: the given one, or one for each core.
fn threads(asked: Option<u32>) -> usize {
    asked.map_or_else(voice::cores, |n| n as usize)
}

/// Parses a whole number of a range.
fn whole<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    range: RangeInclusive<u64>,
) -> impl TypedValueParser<Value = T> {
    move |text: &str| {
        let value = text.parse::<u64>().ok().filter(|value| range.contains(value));
        let value = value.and_then(|value| T::try_from(value).ok());
        value.ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
    }
}

/// Parses a whole number from 0.
fn natural<T: TryFrom<u64> + Clone + Send + Sync + 'static>() -> impl TypedValueParser<Value = T> {
    whole(0..=u64::MAX)
}

/// Parses a number; the library checks its range.
fn number<T: FromStr>(text: &str) -> std::result::Result<T, String> {
    text.parse().map_err(|_| "must be a number, as 0.05".into())
}

/// Parses a whole number from 1, as 250000 or 2.5e5.
fn count(text: &str) -> std::result::Result<u64, String> {
    let value = text.parse::<f64>().unwrap_or(f64::NAN);
    let whole = (1.0..=1e15).contains(&value) && value == value.trunc();
    if whole { Ok(value as u64) } else { Err("must be a whole number from 1 to 1e15, as 250000 or 2.5e5".into()) }
}

/// Parses a time above 0, as 90 (seconds), 90s or 2h.
fn duration(text: &str) -> std::result::Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let duration =
        seconds.or_else(|| humantime::parse_duration(text).ok()).ok_or("must be a time, as 90, 90s or 2h")?;
    if duration.is_zero() { Err("must be more than 0, as 90s or 2h".into()) } else { Ok(duration) }
}

/// Parses seconds above 0.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|_| "must be a number of seconds, as 2 or 0.5")?;
    if seconds > 0.0 && seconds.is_finite() { Ok(seconds) } else { Err("must be more than 0, and finite".into()) }
}

/// Parses GiB. Returns bytes.
fn gib(text: &str) -> std::result::Result<u64, String> {
    let gib = text.parse::<f64>().map_err(|_| "must be a number of GiB, as 8 or 0.5")?;
    let bytes = gib * (1u64 << 30) as f64;
    if bytes >= 1.0 && bytes < u64::MAX as f64 {
        Ok(bytes as u64)
    } else {
        Err("must be more than 0, and finite".into())
    }
}

/// Checks the file of a JSON result before anything is read.
fn check_json(json: Option<&Path>, inputs: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    check_outputs(Plan::default().reads(inputs), json.map(PathBuf::from))
}

/// Checks the files of results before anything is read.
fn check_outputs(plan: Plan, files: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    let files: Vec<_> = files.into_iter().collect();
    // A folder of this name is surely a mistake.
    if let Some(path) = files.iter().find(|path| path.starts_with("-") && path.as_os_str() != "-") {
        return Err(OutputFault::NoStream { path: path.into(), what: "a folder of results" }.into());
    }
    files.iter().try_for_each(|path| Output::new(path).map(drop))?;
    plan.writes(files).check()
}

/// The input files of layers.
fn layer_files(layers: &[LayerSpec]) -> impl Iterator<Item = PathBuf> {
    layers.iter().flat_map(LayerSpec::files)
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod help;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{Context, Form, Invalid, Language, PhraseScore, Split, WindowRule};
    use crate::encoder::BagGradient;
    use crate::layer::NoiseHits;
    use crate::measure::Need;
    use crate::model::ModelKind;
    use crate::names::names;
    use crate::objective::Sigmoid;
    use crate::optimizer::OptimizerKind;
    use crate::vectors::{AnalogyRules, Format, Method};
    use crate::word2vec::Preset;
    use clap::{CommandFactory, ValueEnum};
    use serde::de::DeserializeOwned;

    /// The names of an enum on the command line.
    fn said<T: ValueEnum>() -> Vec<String> {
        let value = |variant: &T| variant.to_possible_value().expect("a name").get_name().to_string();
        T::value_variants().iter().map(value).collect()
    }

    fn assert_same<T: ValueEnum + DeserializeOwned>() {
        assert_eq!(said::<T>(), names::<T>(), "{}", std::any::type_name::<T>());
    }

    #[test]
    fn values_have_the_names_that_files_have() {
        assert_same::<AnalogyRules>();
        assert_same::<Context>();
        assert_same::<Form>();
        assert_same::<Language>();
        assert_same::<ModelKind>();
        assert_same::<Need>();
        assert_same::<NoiseHits>();
        assert_same::<OptimizerKind>();
        assert_same::<Preset>();
        assert_same::<Sigmoid>();
        assert_same::<Split>();
        // A model's file is only read, and its ending identifies it.
        assert_eq!([said::<Format>(), vec!["model".into()]].concat(), names::<Format>());
    }

    #[test]
    fn values_are_those_of_earlier_versions() {
        assert_eq!(said::<AnalogyRules>(), ["word2vec", "unicode", "exact"]);
        assert_eq!(said::<BagGradient>(), ["whole", "mean"]);
        assert_eq!(said::<Context>(), ["both", "left"]);
        assert_eq!(said::<Format>(), ["binary", "text", "fasttext", "npy", "finalfusion", "projector", "glove"]);
        assert_eq!(said::<Form>(), ["none", "nfc", "nfkc"]);
        assert_eq!(said::<Invalid>(), ["error", "replace", "skip"]);
        assert_eq!(said::<Language>(), ["tr", "az", "lt"]);
        assert_eq!(said::<Method>(), ["add", "mul"]);
        assert_eq!(said::<ModelKind>(), ["cbow", "skipgram", "ngram"]);
        assert_eq!(said::<Need>(), ["probabilities", "vectors"]);
        assert_eq!(said::<NoiseHits>(), ["keep", "drop"]);
        assert_eq!(said::<OptimizerKind>(), ["sgd", "adagrad"]);
        assert_eq!(said::<PhraseScore>(), ["word2phrase", "npmi"]);
        assert_eq!(said::<Preset>(), ["lexmax", "word2vec", "gensim", "fasttext"]);
        assert_eq!(said::<Sigmoid>(), ["exact", "word2vec", "gensim", "fasttext"]);
        assert_eq!(said::<Split>(), ["space", "words"]);
        assert_eq!(said::<WindowRule>(), ["dynamic", "fixed"]);
    }

    #[test]
    fn help_lists_every_key() {
        // The help is wrapped.
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = joined(&Cli::command().find_subcommand_mut("train").unwrap().render_long_help().to_string());
        for key in CATALOGUE.iter().flat_map(|layer| layer.all_keys()) {
            assert!(help.contains(&joined(&key.to_string())), "{key}");
        }
    }

    /// The docs of enums are also the help of their values, so that they must not have links of rustdoc.
    #[test]
    fn help_has_no_marks_of_rustdoc() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(!help.contains("[`") && !help.contains("\\["), "{help}");
        }
    }
}
