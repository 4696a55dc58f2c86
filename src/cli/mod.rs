//! Commands.

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
mod nearest;
mod predict;
mod progress;
mod prompt;
mod query;
mod reading;
mod scale;
mod signals;
mod spelling;
mod step;
mod table;
mod train;

pub use flags::message;

use crate::error::{OutputFault, shown};
use crate::files::{Output, Plan, is_stdout};
use crate::layer::catalogue::{CATALOGUE, LayerSpec, common_keys};
use crate::model::{Encoding, MOST_DIM};
use crate::{Error, Result};
use arguments::command;
use clap::builder::RangedI64ValueParser;
use clap::{Parser, Subcommand, value_parser};
use signals::Signals;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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
    #[command(after_long_help = layers())]
    Compare(compare::Arguments),
    /// Trains word vectors, as word2vec does, through any layer.
    #[command(after_long_help = layers())]
    Train(Box<train::Arguments>),
    /// Asks a trained model which words go with others, and how probable they are.
    Predict(predict::Arguments),
    /// Scores word vectors: similarity of words, and analogies as word2vec's compute-accuracy counts them.
    Eval(eval::Arguments),
    /// Shows the words nearest to a word, of word vectors.
    Nearest(nearest::Arguments),
    /// Answers "a is to b as c is to …" with word vectors.
    Analogy(analogy::Arguments),
    /// Turns word vectors from one file format into another.
    Convert(convert::Arguments),
    /// Measures the cost of a step of each layer against the size of the vocabulary.
    Scale(scale::Arguments),
    /// Audits layers: gradients, normalization, costs, and whether samplers are corrected rightly.
    Check(check::Arguments),
    /// Says which layers fit a task, and what each would take on this machine.
    Advise(advise::Arguments),
    /// Times one training step of a layer on synthetic data.
    Step(step::Arguments),
    /// Measures what calls cost on this machine, and cuts a text's vocabulary by it for an adaptive softmax.
    Cutoffs(cutoffs::Arguments),
}

/// Reads the arguments and does what they say; `start` is when the program began. `false` if an audit failed.
pub fn run(start: Instant) -> Result<bool> {
    let cli = arguments::read();
    crate::simd::path::check()?;
    execute(&cli, start, &Signals::listen()?)
}

/// Does what the arguments say. `false` if an audit failed.
fn execute(cli: &Cli, start: Instant, signals: &Signals) -> Result<bool> {
    let done = match &cli.command {
        Some(Command::Check(arguments)) => return check::run(arguments),
        None => compare::run(&cli.compare),
        Some(Command::Compare(arguments)) => compare::run(arguments),
        Some(Command::Train(arguments)) => train::run(arguments, start, signals),
        Some(Command::Predict(arguments)) => predict::run(arguments),
        Some(Command::Eval(arguments)) => eval::run(arguments),
        Some(Command::Nearest(arguments)) => nearest::run(arguments),
        Some(Command::Analogy(arguments)) => analogy::run(arguments),
        Some(Command::Convert(arguments)) => convert::run(arguments),
        Some(Command::Scale(arguments)) => scale::run(arguments),
        Some(Command::Advise(arguments)) => advise::run(arguments),
        Some(Command::Step(arguments)) => step::run(arguments),
        Some(Command::Cutoffs(arguments)) => cutoffs::run(arguments),
    };
    done.map(|()| true)
}

/// Answers without another number.
const TOP: u32 = 10;
/// The folder of reports without another.
const OUT: &str = "lexmax-out";

/// A size of vectors.
fn dim() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(1..=MOST_DIM as i64)
}

/// The n of an n-gram.
fn order() -> RangedI64ValueParser<u32> {
    value_parser!(u32).range(2..=Encoding::MOST_ORDER as i64)
}

/// The layers of the catalogue with their keys, for the help of commands that take one.
fn layers() -> String {
    let own = CATALOGUE.iter().map(|layer| (layer.name, layer.keys));
    let listed = own.chain([("every layer", common_keys())]).map(|(name, keys)| {
        let keys: String = keys.iter().map(|key| format!("      {key}\n")).collect();
        format!("  {name}\n{keys}")
    });
    format!("Layers and their keys:\n{}", listed.collect::<String>())
}

/// As many threads as were asked for, or all.
fn threads(asked: Option<u32>) -> usize {
    asked.map_or_else(crate::measure::cores, |n| n as usize)
}

/// A whole number from 1, as 250000 or 2.5e5.
fn count(text: &str) -> std::result::Result<u64, String> {
    let value = text.parse::<f64>().unwrap_or(f64::NAN);
    let whole = (1.0..=1e15).contains(&value) && value == value.trunc();
    if whole { Ok(value as u64) } else { Err("must be a whole number from 1 to 1e15, as 250000 or 2.5e5".into()) }
}

/// A time above 0, as 90 (seconds), 90s or 2h.
fn duration(text: &str) -> std::result::Result<Duration, String> {
    let seconds = text.parse::<f64>().map(|s| Duration::try_from_secs_f64(s).map_err(|e| e.to_string()));
    let duration = seconds.unwrap_or_else(|_| humantime::parse_duration(text).map_err(shown::reason))?;
    if duration.is_zero() { Err("must be more than 0".into()) } else { Ok(duration) }
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    let seconds = text.parse::<f64>().map_err(|e| e.to_string())?;
    if seconds > 0.0 && seconds.is_finite() { Ok(seconds) } else { Err("must be more than 0, and finite".into()) }
}

/// GiB as bytes.
fn gib(text: &str) -> std::result::Result<u64, String> {
    let gib = text.parse::<f64>().map_err(|_| "must be a number of GiB, as 8 or 0.5")?;
    let bytes = gib * (1u64 << 30) as f64;
    if bytes >= 1.0 && bytes < u64::MAX as f64 {
        Ok(bytes as u64)
    } else {
        Err("must be more than 0, and finite".into())
    }
}

/// Checks the file for a result as JSON, before anything is read.
fn check_json(json: Option<&Path>, inputs: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    check_outputs(Plan::default().reads(inputs), json.map(PathBuf::from))
}

/// Checks files for results, before anything is read.
fn check_outputs(plan: Plan, files: impl IntoIterator<Item = PathBuf>) -> Result<()> {
    let files: Vec<_> = files.into_iter().collect();
    // A folder of this name is never meant.
    if let Some(path) = files.iter().find(|path| path.starts_with("-") && path.as_os_str() != "-") {
        return Err(OutputFault::NoStream { path: path.into(), what: "a folder of results" }.into());
    }
    files.iter().try_for_each(|path| Output::new(path).map(drop))?;
    plan.writes(files).check()
}

/// The files that layers are built from.
fn layer_files(layers: &[LayerSpec]) -> impl Iterator<Item = PathBuf> {
    layers.iter().flat_map(LayerSpec::files)
}

/// Prints to standard output. A reader that went away is no failure.
fn print(text: &str) -> Result<()> {
    is_read(text).map(drop)
}

/// Prints to standard output. `false` if the reader went away: nothing more need be said then.
fn is_read(text: &str) -> Result<bool> {
    if cfg!(test) {
        // Shown where a test fails.
        print!("{text}");
        return Ok(true);
    }
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        done => done.map(|()| true).map_err(Error::io("standard output")),
    }
}

/// Prints what stands beside a result: to standard error if one of the results goes to standard output itself.
fn say<'a>(text: &str, results: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    if results.into_iter().any(is_stdout) {
        warn(text.trim_end_matches('\n'));
        return Ok(());
    }
    print(text)
}

/// Prints a message to standard error, without control characters. Where nobody can read it, nothing is lost but the
/// message.
pub fn warn(text: &str) {
    tell(text).ok();
}

/// Prints an error where that changes no file that is read: to standard error, or else to standard output.
pub fn report(error: Error) {
    let is_read = matches!(error, Error::Output(OutputFault::StreamIsInput { stream: "standard error", .. }));
    let text = format!("lexmax: {}", message(error));
    if is_read { print(&format!("{text}\n")).unwrap_or_default() } else { warn(&text) }
}

/// The same for a caller who wants to know whether anybody can read it.
fn tell(text: &str) -> std::io::Result<()> {
    let text = shown::lines(text) + "\n";
    if cfg!(test) {
        // Shown where a test fails.
        eprint!("{text}");
        return Ok(());
    }
    std::io::stderr().lock().write_all(text.as_bytes())
}

#[cfg(test)]
mod faults;

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

    /// The names that the command line has for an enum.
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
        // A model's file is only read, and its ending tells it.
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
        // Lines of help are wrapped.
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = joined(&Cli::command().find_subcommand_mut("train").unwrap().render_long_help().to_string());
        for key in CATALOGUE.iter().flat_map(|layer| layer.all_keys()) {
            assert!(help.contains(&joined(&key.to_string())), "{key}");
        }
    }

    /// Docs of the library's enums are the help of their values, so that no link of rustdoc may be in them.
    #[test]
    fn help_has_no_marks_of_rustdoc() {
        for command in Cli::command().get_subcommands_mut() {
            let help = command.render_long_help().to_string();
            assert!(!help.contains("[`") && !help.contains("\\["), "{help}");
        }
    }
}
