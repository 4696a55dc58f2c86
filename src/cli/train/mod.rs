//! `lexmax train`. Each topic of its options has a file.

mod control;
mod input;
mod model;
mod output;
mod results;
mod schedule;
mod vocabulary;

use super::flags;
use super::progress::Bars;
use super::reading;
use super::signals::Signals;
use crate::Result;
use crate::error::shown;
use crate::files::{self, Output};
use crate::peers::Team;
use crate::run::{Control, Ended};
use crate::train::{Pass, Progress};
use crate::vocab::Vocabulary;
use crate::word2vec::{self, Embeddings, Options, Text, Watch, Word2Vec, Word2VecConfig};
use clap::Args;
use results::Results;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    input: input::Input,
    #[command(flatten)]
    vocabulary: vocabulary::Vocabulary,
    #[command(flatten)]
    model: model::ModelOptions,
    #[command(flatten)]
    schedule: schedule::Schedule,
    #[command(flatten)]
    run: control::RunControl,
    #[command(flatten)]
    output: output::Output,
}

/// Seconds that a dry run trains to estimate the time.
const MEASURED: f64 = 2.0;

impl Arguments {
    /// The run without its supervision.
    fn word2vec(&self) -> Result<Word2Vec> {
        let Self { input, vocabulary, model, schedule, run, output: _ } = self;
        let mut options = Options { init: run.init.clone(), init_on_bad: run.on_bad, ..model.options()? };
        schedule.set(&mut options);
        vocabulary.set(&mut options);
        let word2vec = Word2Vec::options(options).invalid(input.invalid_utf8).normalizer(input.normalizer()?);
        let word2vec = word2vec.max_word_bytes(vocabulary.max_word_bytes as usize);
        Ok(input.spool().into_iter().fold(word2vec, Word2Vec::spool))
    }
}

/// Prints the plan of the run.
fn dry_run(config: &Word2VecConfig, json: Option<&PathBuf>) -> Result<()> {
    let plan = word2vec::plan(config, MEASURED)?;
    plan.ledger.warning().iter().for_each(|warning| super::warn(&flags::warning(warning)));
    if let Some(path) = json {
        Output::new(path)?.put(plan.to_json().as_bytes())?;
    }
    super::say(&plan.to_string(), json.map(PathBuf::as_path))
}

/// Shows the progress of a run. Once the text is read, a signal ends the run early and keeps its results.
/// Warnings about the text are printed at once; the number counts them.
struct Shown<'a>(Bars, &'a Arguments, &'a Signals, usize);

/// A rank other than the first shows nothing. A signal to it ends the run on all ranks.
struct Silent<'a>(&'a Signals);

impl Watch for Silent<'_> {
    fn read(&mut self, _: &Text) -> Result<()> {
        self.0.hold();
        Ok(())
    }

    fn progress(&mut self, _: &Progress) {}
}

impl Watch for Shown<'_> {
    fn vocabulary(&mut self, vocab: &Vocabulary) -> Result<()> {
        Results::of(self.1).check_words(vocab)
    }

    fn read(&mut self, text: &Text) -> Result<()> {
        self.2.hold();
        let limit = self.1.vocabulary.max_word_bytes;
        let hint = format!("            words of more than {limit} bytes are dropped: --max-word-bytes\n");
        let hint = if text.ledger.too_long > 0 { hint } else { String::new() };
        // A failure to print does not end the run.
        let shown = self.1.say(&format!("{text}\n{hint}"));
        shown.unwrap_or_else(|error| super::warn(&format!("lexmax: {error}")));
        let warnings = text.warnings();
        warnings.iter().for_each(|warning| super::warn(&flags::warning(warning)));
        self.3 = warnings.len();
        Ok(())
    }

    fn progress(&mut self, at: &Progress) {
        self.0.share(at);
    }
}

impl Arguments {
    fn say(&self, text: &str) -> Result<()> {
        super::say(text, Results::of(self).named())
    }

    /// Refuses outputs that are the same file as another output or an input.
    fn check_apart(&self, control: &Control) -> Result<()> {
        let Self { input, vocabulary, run, model, .. } = self;
        // Wrong options are reported below, in the log too.
        let layer = model.options().and_then(|options| options.layer()).ok();
        let plan = word2vec::claims(&input.corpus, None, layer.as_ref(), control).reads(&vocabulary.read_vocab);
        let results = Results::of(self);
        if run.init.is_some() {
            // A run may start from the `.partial` file of an earlier one, and replace it.
            results.claim(word2vec::claim_init(plan.clone(), run.init.as_deref())).check()?;
        }
        results.claim_partial(plan).check()?;
        control.check_log()
    }
}

/// The settings of the arguments, once the arguments agree and the output files can be written. Only rank 0 has files
/// to write.
fn config(arguments: &Arguments, control: Control, team: &Team) -> Result<Word2VecConfig> {
    arguments.output.check()?;
    if team.is_first() {
        control.check_checkpoint()?;
        Results::of(arguments).check()?;
    }
    arguments.word2vec()?.control(control).over(team.clone()).config(&arguments.input.corpus)
}

/// Trains, on this process alone or on all ranks of `team`, which run the same arguments. Rank 0 alone prints and
/// writes files. A failure of one rank reaches all.
///
/// # Errors
/// Arguments that make no sense, the errors of [`word2vec::train`], and files that cannot be written.
pub fn run(arguments: &Arguments, start: Instant, signals: &Signals, team: &Team) -> Result<()> {
    let (output, mut team) = (&arguments.output, team.clone());
    let control = arguments.run.control(output.out.as_deref(), signals.stop());
    // Nothing is logged yet: the log may be one of the input files.
    team.on_first(|| arguments.check_apart(&control))?;
    let log = control.clone();
    let config = team.agree(config(arguments, control, &team.clone()));
    let log_failure = |error: &_| {
        if team.is_first() {
            log.log_failure(error)
        }
    };
    let config = config.inspect_err(log_failure)?;
    team.compare(&[("dry run", output.out.is_none().to_string())])?;
    let Some(path) = &output.out else { return team.on_first(|| dry_run(&config, output.json.as_ref())) };
    if !team.is_first() {
        let trained = word2vec::train(&config, start, &mut Silent(signals)).map(drop);
        // Waits until rank 0 has written the results.
        trained.and_then(|()| team.agree(Ok(())))?;
        signals.raise();
        return Ok(());
    }
    let mut shown = Shown(Bars::single(&config.layer, config.threads), arguments, signals, 0);
    let trained = word2vec::train(&config, start, &mut shown)?;
    shown.0.clear();
    let report = team.agree(write(arguments, (&trained, shown.3), path, signals))?;
    let said = arguments.say(&report);
    // All files are written: the shell may now see the signal that ended the run.
    signals.raise();
    said
}

/// Writes the results, and warns of what went wrong. The first `told` warnings were printed before. Returns the report
/// to print.
fn write(
    arguments: &Arguments,
    (trained, told): (&Embeddings, usize),
    path: &Path,
    signals: &Signals,
) -> Result<String> {
    let results = Results::of(arguments);
    let facts = trained.facts();
    if let (Some(path), Some(warm)) = (&arguments.run.init, &facts.warm) {
        reading::tell(path, &warm.passed_over);
    }
    facts.warnings.iter().skip(told).for_each(|warning| super::warn(&format!("lexmax: {warning}")));
    let written = results.write(trained, signals)?;
    let (words, train, total) = (facts.words_per_second, facts.train_seconds, trained.facts().total_seconds);
    let why = match facts.ended {
        Ended::Complete => "",
        Ended::Budget => "ended by the budget\n",
        Ended::Patience => "ended by patience\n",
        Ended::Interrupted if results.is_partial(&facts) => {
            "interrupted before a quarter of the first pass: old files are kept; --keep-partial replaces them\n"
        }
        Ended::Interrupted => "interrupted\n",
    };
    let best = facts.best_words.map(|at| format!("left is the best model by the held-out text, after {at} words\n"));
    let best = best.unwrap_or_default();
    let Pass { read, dropped } = facts.subsampled();
    let partial = files::partial(path);
    let out = shown::file(if written.contains(&partial) { &partial } else { path });
    Ok(format!(
        "{why}{best}subsampling dropped {dropped} of {read} words read\n\
         {words:.0} words/s: {train:.2} s of training, {total:.2} s in all\n{out}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::PhraseScore;
    use crate::model::ModelKind;
    use crate::names::name;
    use crate::run::Checkpoints;
    use crate::word2vec::Preset;
    use clap::{CommandFactory, Parser, ValueEnum};

    #[derive(Parser)]
    struct Train {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn said(text: &Path, options: &[&str]) -> Word2VecConfig {
        let words = ["train", "--out", "vectors", "--corpus"].map(Into::into).into_iter().chain([text.into()]);
        let words: Vec<std::ffi::OsString> = words.chain(options.iter().map(Into::into)).collect();
        let Train { arguments } = Train::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
        arguments.word2vec().unwrap().config(&arguments.input.corpus).unwrap()
    }

    /// The `Debug` form has every setting, with all digits.
    #[test]
    fn a_preset_is_the_same_on_the_command_line_and_in_the_library() {
        let text = tempfile::NamedTempFile::new().unwrap();
        let path = text.path();
        let mut all = Vec::new();
        for preset in Preset::value_variants() {
            let options = ["--preset", name(preset)];
            let of_preset = Word2Vec::preset(*preset);
            let of_library = |run: &Word2Vec| format!("{:#?}", run.config(&[path]).unwrap());
            assert_eq!(format!("{:#?}", said(path, &options)), of_library(&of_preset), "{preset}");
            for kind in ModelKind::value_variants() {
                let options = [&options[..], &["--model", name(kind)]].concat();
                let of_library = of_library(&of_preset.clone().kind(*kind));
                assert_eq!(format!("{:#?}", said(path, &options)), of_library, "{preset}, {kind:?}");
            }
            all.push(of_library(&of_preset));
        }
        assert!((1..all.len()).all(|i| !all[..i].contains(&all[i])), "presets differ");
    }

    /// Defaults that depend on other options are written in the help; they must be those of the library.
    #[test]
    fn help_tells_the_defaults_of_the_library() {
        let own = Preset::default().defaults();
        let [word2phrase, npmi] = [PhraseScore::Word2Phrase, PhraseScore::Npmi].map(PhraseScore::default_threshold);
        let train = Train::command();
        for (option, default) in [
            ("layer", Options::default().layer().unwrap().to_string()),
            ("model", name(&own.kind).into()),
            ("negative", own.negative.to_string()),
            ("noise_power", own.noise_power.to_string()),
            ("noise_hits", name(&own.noise_hits).into()),
            ("sigmoid", name(&own.sigmoid).into()),
            ("order", own.order.to_string()),
            ("context", format!("{}; left for ngram", name(&own.context))),
            ("dim", own.dim.to_string()),
            ("window", own.window.to_string()),
            ("window_rule", own.window_rule.to_possible_value().unwrap().get_name().into()),
            ("cbow_gradient", own.cbow_gradient.to_possible_value().unwrap().get_name().into()),
            ("min_count", own.min_count.to_string()),
            ("max_sentence", own.longest_sentence.to_string()),
            ("sample", own.sample.to_string()),
            ("phrase_threshold", format!("{word2phrase}; {npmi} for npmi")),
            ("epochs", own.epochs.to_string()),
            ("block", format!("{}; 1 where the layer takes no blocks", own.block)),
            ("lr", format!("{} for skipgram, else {}", own.rates[0], own.rates[1])),
            ("checkpoint_every", format!("{}s", Checkpoints::EVERY.as_secs())),
        ] {
            let argument = train.get_arguments().find(|argument| argument.get_id() == option).expect(option);
            let help = argument.get_help().unwrap().to_string();
            assert!(help.ends_with(&format!(" [default: {default}]")), "{option}: {help}");
        }
    }

    /// Two ranks with the arguments of one process: the first writes the same files, the other none.
    #[test]
    fn the_first_rank_alone_writes_the_results() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let line = |i: usize| format!("w{} w{} big w{} end\n", i % 7, (i * i) % 11, i % 5);
        std::fs::write(path("text.txt"), (0..400).map(line).collect::<String>()).unwrap();
        let options = |out: &str| {
            let [text, out] = [path("text.txt"), path(out)].map(|path| path.to_string_lossy().into_owned());
            let words = ["train", "--corpus", &text, "--out", &out, "--deterministic", "--dim", "8", "--threads", "1"];
            Train::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).arguments
        };
        let train = |size: usize, out: fn(usize) -> &'static str| {
            crate::peers::ThreadPeers::run(size, |peers| {
                let team = Team::new(peers);
                let arguments = options(out(crate::peers::Peers::rank(&team)));
                run(&arguments, Instant::now(), &Signals::deaf(), &team).map_err(|error| error.to_string())
            })
        };
        assert_eq!(train(1, |_| "one.bin"), [Ok(())]);
        assert_eq!(train(2, |rank| ["first.bin", "second.bin"][rank]), [Ok(()), Ok(())]);
        assert!(std::fs::read(path("first.bin")).unwrap() == std::fs::read(path("one.bin")).unwrap());
        assert!(!path("second.bin").exists());
        // A file that only the first rank would write cannot be written.
        let errors = train(2, |rank| ["text.txt/v.bin", "second.bin"][rank]);
        let own = errors[0].clone().unwrap_err();
        assert_eq!(errors[1], Err(format!("rank 0: {own}")));
    }
}
