//! `lexmax compare`.

use super::progress::Bars;
use super::table::{self, Table};
use crate::compare::{Builder, CompareConfig, Comparison, Data, DataSource, compare_over};
use crate::corpus::synthetic::SyntheticLanguage;
use crate::corpus::{Context, Source, WindowRule};
use crate::error::{RanksFault, shown};
use crate::files::{self, Output, Plan};
use crate::layer::catalogue::LayerSpec;
use crate::model::ModelKind;
use crate::optimizer::OptimizerKind;
use crate::peers::{Peers, Team};
use crate::report::{page_files, write_page};
use crate::table::Division;
use crate::vocab::LONGEST_WORD;
use crate::{Error, Result};
use clap::Args;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Headings of the help.
const DATA: &str = "Data";
const MODEL: &str = "Model";
const TRAINING: &str = "Training";
const OUTPUT: &str = "Output";

#[derive(Args)]
pub struct Arguments {
    /// Training text, one sentence a line [default: a synthetic language].
    ///
    /// Names files (plain, .gz, .zst or .bz2), directories or patterns. The text is UTF-8, or UTF-16 or UTF-32 with a
    /// byte order mark.
    #[arg(long, help_heading = DATA, num_args = 1.., value_name = "PATH")]
    corpus: Vec<PathBuf>,
    /// Held-out text [default: every twentieth line of the training text].
    #[arg(long, help_heading = DATA, num_args = 1.., value_name = "PATH", requires = "corpus")]
    valid: Vec<PathBuf>,
    /// Layers, as NAME[:key=value]… joined by commas, or all [default: the fast ones].
    ///
    /// The fast layers cost no more than full softmax. `lexmax compare --help` lists all layers and keys at its end.
    #[arg(long, help_heading = MODEL, value_delimiter = ',', value_name = "LAYER")]
    layers: Vec<Layers>,
    /// Model below the layers.
    #[arg(long, help_heading = MODEL, value_enum, default_value_t, value_name = "KIND")]
    model: ModelKind,
    /// Words of an n-gram: the predicted one and N - 1 before it [default: 5; 2 without --corpus].
    #[arg(long, help_heading = MODEL, value_name = "N", value_parser = super::order())]
    order: Option<u32>,
    /// Size of the hidden layer of ngram [default: as --dim].
    #[arg(long, help_heading = MODEL, value_name = "D", value_parser = super::dim())]
    hidden: Option<u32>,
    /// Old option: the size of ngram's word vectors, beside a hidden layer of the default size [default: none].
    #[arg(long, hide = true, value_name = "M", value_parser = super::dim())]
    embedding: Option<u32>,
    /// Side of the context.
    #[arg(long, help_heading = MODEL, value_enum, default_value_t = Builder::CONTEXT, value_name = "SIDE")]
    context: Context,
    /// Size of word vectors and hidden vectors [default: 100; 24 without --corpus].
    ///
    /// With --hidden, only of word vectors.
    #[arg(long, help_heading = MODEL, value_name = "D", value_parser = super::dim())]
    dim: Option<u32>,
    /// Context words on each side [default: 5; 1 without --corpus].
    #[arg(long, help_heading = MODEL, value_name = "N", value_parser = super::whole::<u32>(1..=10_000))]
    window: Option<u32>,
    /// Window in training: drawn from 1 to --window, or fixed [default: fixed].
    #[arg(long, help_heading = MODEL, value_enum, value_name = "RULE")]
    window_rule: Option<WindowRule>,
    /// Old option: --window-rule dynamic.
    #[arg(long, hide = true, conflicts_with = "window_rule")]
    dynamic: bool,
    /// Least count of a word that is kept.
    #[arg(long, help_heading = DATA, default_value_t = Builder::MIN_COUNT, value_name = "N", requires = "corpus",
        value_parser = super::natural::<u64>())]
    min_count: u64,
    /// Longest word to keep, in bytes of UTF-8, from 1 to 65536.
    #[arg(long, help_heading = DATA, value_name = "N", default_value_t = Source::MAX_WORD_BYTES as u32,
        requires = "corpus",
        value_parser = super::whole::<u32>(1..=LONGEST_WORD as u64))]
    max_word_bytes: u32,
    /// Subsampling threshold for frequent words; 0 is off.
    ///
    /// A share of the text, as 0.001. Training drops occurrences of more frequent words at random, as in word2vec.
    #[arg(
        long, help_heading = DATA, default_value_t = Builder::SAMPLE, value_name = "T", value_parser = threshold,
        allow_negative_numbers = true, requires = "corpus"
    )]
    sample: f64,
    /// Optimizer of all parameters.
    #[arg(long, help_heading = TRAINING, value_enum, default_value_t, value_name = "NAME")]
    optimizer: OptimizerKind,
    /// Learning rate at the start [default: each layer's own].
    #[arg(long, help_heading = TRAINING, value_name = "R", value_parser = rate, allow_negative_numbers = true)]
    lr: Option<f32>,
    /// Examples in a batch [default: each layer's own].
    #[arg(long, help_heading = TRAINING, value_name = "B", value_parser = super::whole::<u32>(1..=1_048_576))]
    batch: Option<u32>,
    /// Training time for each layer, as 60s or 2m [default: 60s with --corpus].
    ///
    /// Evaluation is not part of it.
    #[arg(long, help_heading = TRAINING, value_name = "TIME", value_parser = super::duration,
        conflicts_with = "examples")]
    budget: Option<Duration>,
    /// Training examples for each layer [default: 1500000 without --corpus].
    ///
    /// Repeated runs on one vector path give the same numbers, unlike runs with --budget.
    #[arg(long, help_heading = TRAINING, value_name = "N", value_parser = super::whole::<u64>(1..=u64::MAX))]
    examples: Option<u64>,
    /// Held-out examples to score, evenly spaced.
    #[arg(
        long, help_heading = TRAINING, default_value_t = Builder::VALID_EXAMPLES as u32, value_name = "N",
        value_parser = super::whole::<u32>(1..=10_000_000)
    )]
    valid_examples: u32,
    /// Threads [default: all cores].
    #[arg(long, help_heading = TRAINING, value_name = "T", value_parser = super::whole::<u32>(1..=1024))]
    threads: Option<u32>,
    /// Seed of all random numbers.
    #[arg(long, help_heading = TRAINING, value_name = "N", default_value_t = Builder::SEED,
        value_parser = super::natural::<u64>(), allow_negative_numbers = true)]
    seed: u64,
    /// Words of the synthetic language.
    #[arg(long, help_heading = DATA, value_name = "V", default_value_t = SyntheticLanguage::DEFAULT_VOCAB,
        conflicts_with = "corpus", value_parser = super::natural::<usize>())]
    vocab: usize,
    /// Classes of the synthetic language.
    #[arg(long, help_heading = DATA, value_name = "C", default_value_t = SyntheticLanguage::DEFAULT_CLASSES,
        conflicts_with = "corpus", value_parser = super::natural::<usize>())]
    classes: usize,
    /// Format of the table on standard output.
    #[arg(long, help_heading = OUTPUT, value_enum, default_value_t, value_name = "FORMAT")]
    table: Table,
    /// Folder for compare.json, compare.html and pictures.
    #[arg(long, help_heading = OUTPUT, default_value = super::OUT, value_name = "DIR")]
    out: PathBuf,
}

/// The layers that one name stands for.
#[derive(Clone)]
struct Layers(Vec<LayerSpec>);

impl FromStr for Layers {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        CompareConfig::named_layers(text).map(Self)
    }
}

/// Parses a learning rate.
fn rate(text: &str) -> std::result::Result<f32, String> {
    let rate: f32 = super::number(text)?;
    if rate >= 0.0 && rate.is_finite() { Ok(rate) } else { Err("must be 0 or more, and finite".into()) }
}

/// Parses a threshold of subsampling.
fn threshold(text: &str) -> std::result::Result<f64, String> {
    let threshold: f64 = super::number(text)?;
    if threshold >= 0.0 && threshold.is_finite() { Ok(threshold) } else { Err("must be 0 or a positive number".into()) }
}

/// The builder, with one more setting if a value was given.
fn with<T>(builder: Builder, value: Option<T>, set: impl FnOnce(Builder, T) -> Builder) -> Builder {
    match value {
        Some(value) => set(builder, value),
        None => builder,
    }
}

impl Arguments {
    fn builder(&self) -> Result<Builder> {
        let mut builder = Builder::default();
        if !self.layers.is_empty() {
            builder = builder.layers(self.layers.iter().flat_map(|named| named.0.clone()).collect());
        }
        if self.corpus.is_empty() {
            builder = builder.synthetic(self.vocab, self.classes);
        } else {
            builder = self.corpus.iter().fold(builder, Builder::text);
            builder = self.valid.iter().fold(builder, Builder::valid).min_count(self.min_count).sample(self.sample);
            builder = builder.max_word_bytes(self.max_word_bytes as usize);
        }
        let (dim, hidden) = self.sizes(builder.default_dim())?;
        builder = with(builder, dim, Builder::dim);
        builder = with(builder, hidden, Builder::hidden);
        builder = with(builder, self.order.map(|n| n as usize), Builder::order);
        builder = with(builder, self.window.map(|n| n as usize), Builder::window);
        let rule = self.window_rule.or(self.dynamic.then_some(WindowRule::Dynamic));
        builder = with(builder, rule, Builder::window_rule);
        builder = with(builder, self.lr, Builder::rate);
        builder = with(builder, self.batch.map(|b| b as usize), Builder::batch);
        builder = with(builder, self.budget, Builder::budget);
        builder = with(builder, self.examples, Builder::examples);
        builder = with(builder, self.threads.map(|t| t as usize), Builder::threads);
        Ok(builder
            .model(self.model)
            .context(self.context)
            .optimizer(self.optimizer.into())
            .valid_examples(self.valid_examples as usize)
            .seed(self.seed))
    }

    /// The sizes of word vectors and of the hidden layer. In old versions `--embedding` set the first one and `--dim`
    /// the second.
    fn sizes(&self, default: usize) -> Result<(Option<usize>, Option<usize>)> {
        let [dim, hidden, embedding] = [self.dim, self.hidden, self.embedding].map(|size| size.map(|n| n as usize));
        let Some(embedding) = embedding else { return Ok((dim, hidden)) };
        let first = match (dim, hidden) {
            (Some(_), _) => "--dim",
            (None, Some(_)) => "--hidden",
            (None, None) if self.model == ModelKind::NGram => return Ok((Some(embedding), Some(default))),
            (None, None) => {
                let other = "the models cbow and skipgram";
                return Err(Error::NotWith { setting: "--embedding", other });
            }
        };
        let hint = "--embedding is an old option; write --dim for the size of word vectors, and --hidden for the size \
                    of the hidden layer";
        Err(Error::Contradiction { first, second: "--embedding", hint })
    }
}

/// The first line of `lexmax` without arguments: the work, its time, and the next steps.
pub fn bare() -> Result<String> {
    let config = Builder::default().config()?;
    Ok(format!(
        "lexmax: training {} output layers on a synthetic language takes about two minutes on two cores; next try \
         `lexmax compare --corpus FILE` for your text, or `lexmax train --help` for word vectors",
        config.layers.len(),
    ))
}

pub fn run(arguments: &Arguments) -> Result<()> {
    run_over(arguments, &mut Team::default())
}

/// Compares layers that are divided among the ranks of a team. Rank 0 writes the report.
pub fn run_over(arguments: &Arguments, team: &mut Team) -> Result<()> {
    let prepared = prepare(arguments, team);
    let Prepared { config, source, path } = team.agree(prepared)?;
    let data = team.agree(Data::new(&source))?;
    super::ranks::warn_of_idle(&Division::over(data.counts().len() as u32, team));
    let mut comparison = compare_over(&config, &data, team, &mut Bars::new())?;
    comparison.run.command = super::command();
    let reported = if team.is_first() { report(arguments, &comparison, path) } else { Ok(()) };
    team.agree(reported)
}

/// A comparison whose settings make sense and whose files can be written.
struct Prepared {
    config: CompareConfig,
    source: DataSource,
    path: PathBuf,
}

fn prepare(arguments: &Arguments, team: &Team) -> Result<Prepared> {
    let mut texts = arguments.corpus.iter().chain(&arguments.valid);
    if !team.is_alone() && texts.any(|path| files::is_stdin(path)) {
        let (setting, advice) = ("a text on standard input", "name a file that every rank can read");
        return Err(RanksFault::OneRank { setting, ranks: team.size(), advice }.into());
    }
    let builder = arguments.builder()?;
    let config = builder.config()?;
    let path = arguments.out.join("compare.json");
    let page = page_files(&arguments.out, "compare", &Comparison::CHARTS);
    let source = builder.source()?;
    let read = match &source {
        DataSource::Text { corpus, valid, .. } => corpus.iter().chain(valid).collect(),
        DataSource::Synthetic { .. } => Vec::new(),
    };
    let plan = Plan::default()
        .reads_texts(arguments.corpus.iter().chain(&arguments.valid))
        .reads(read)
        .reads(super::layer_files(&config.layers));
    // Checked before hours of training, not after.
    super::check_outputs(plan, [path.clone()].into_iter().chain(page))?;
    Ok(Prepared { config, source, path })
}

/// Writes the report and prints the table.
fn report(arguments: &Arguments, comparison: &Comparison, path: PathBuf) -> Result<()> {
    Output::new(&path)?.put(comparison.to_json().as_bytes())?;
    let page = write_page(&comparison.page(), &arguments.out, "compare")?;
    let mut notes = comparison.notes();
    notes.extend([path, page].map(|path| shown::name(&path)));
    let picture = match arguments.table {
        Table::Text => table::picture(&comparison.charts()[0]),
        _ => String::new(),
    };
    super::print(&(picture + &table::formatted(&comparison.grid(), arguments.table, &notes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    struct Compare {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// Defaults that depend on the data are written in the help; they must be those of the library.
    #[test]
    fn help_tells_the_defaults_of_the_library() {
        let [text, synthetic] = [Builder::default().text("t"), Builder::default()];
        let ngram = |builder: &Builder| builder.clone().model(ModelKind::NGram).config().unwrap().window.size() + 1;
        let window = |builder: &Builder| builder.config().unwrap().window.size();
        let compare = Compare::command();
        for (option, default) in [
            ("dim", [&text, &synthetic].map(Builder::default_dim)),
            ("window", [&text, &synthetic].map(window)),
            ("order", [&text, &synthetic].map(ngram)),
        ] {
            let argument = compare.get_arguments().find(|argument| argument.get_id() == option).expect(option);
            let (help, [text, synthetic]) = (argument.get_help().unwrap().to_string(), default);
            let end = format!(" [default: {text}; {synthetic} without --corpus]");
            assert!(help.ends_with(&end), "{option}: {help}");
        }
        let arguments = Compare::parse_from(["compare"]).arguments;
        let plain = format!("{:#?}", Builder::default().config().unwrap());
        assert_eq!(format!("{:#?}", arguments.builder().unwrap().config().unwrap()), plain);
    }
}
