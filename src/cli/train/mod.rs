//! `lexmax train`. Options stand by topic, one file each.

mod control;
mod input;
mod model;
mod output;
mod schedule;
mod vocabulary;

use super::progress::Bars;
use super::signals::Signals;
use crate::Result;
use crate::error::shown;
use crate::files::{self, Output};
use crate::run::{Control, Ended};
use crate::train::{Pass, Progress};
use crate::word2vec::{self, Facts, Options, Text, Watch, Word2Vec, Word2VecConfig};
use clap::Args;
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

/// Seconds of a dry run's measurement.
const MEASURED: f64 = 2.0;

impl Arguments {
    /// The run but for what surrounds it.
    fn word2vec(&self) -> Result<Word2Vec> {
        let Self { input, vocabulary, model, schedule, run, output: _ } = self;
        let mut options = Options { init: run.init.clone(), ..model.options()? };
        schedule.set(&mut options);
        vocabulary.set(&mut options);
        let word2vec = Word2Vec::options(options).invalid(input.invalid_utf8).normalizer(input.normalizer());
        Ok(input.spool().into_iter().fold(word2vec, Word2Vec::spool))
    }
}

/// Prints the plan of the run.
fn dry_run(config: &Word2VecConfig, json: Option<&PathBuf>) -> Result<()> {
    let plan = word2vec::plan(config, MEASURED)?;
    if let Some(path) = json {
        Output::new(path)?.put(plan.to_json().as_bytes())?;
    }
    super::say(&plan.to_string(), json)
}

/// Shows the progress of a run, beside its results. Once the text is read, a signal lets the run come to its end.
struct Shown<'a>(Bars, &'a Arguments, &'a Signals);

impl Watch for Shown<'_> {
    fn read(&mut self, text: &Text) -> Result<()> {
        self.2.hold();
        self.1.say(&format!("{text}\n"))
    }

    fn progress(&mut self, at: &Progress) {
        self.0.share(at);
    }
}

impl Arguments {
    /// The files of the results, as they are named.
    fn results(&self) -> impl Iterator<Item = &PathBuf> {
        self.output.files().chain(&self.vocabulary.save_vocab)
    }

    fn say(&self, text: &str) -> Result<()> {
        super::say(text, self.results())
    }

    /// Refuses outputs that are one file or that are read.
    fn check_apart(&self, control: &Control) -> Result<()> {
        let Self { input, output, vocabulary, run, model, .. } = self;
        let plan = word2vec::claims(&input.corpus, run.init.as_deref(), control)?;
        let vectors = output.out.iter().flat_map(|path| output.format(path, model.preset).files(path));
        let others = output.save_model.iter().chain(&output.json).chain(&vocabulary.save_vocab);
        plan.reads(&vocabulary.read_vocab).writes(vectors.chain(others.cloned())).check()
    }

    /// Refuses outputs that cannot be written, as things stand.
    fn check_writable(&self) -> Result<()> {
        let Self { output, vocabulary, model, .. } = self;
        let mut any = output.json.iter().chain(&vocabulary.save_vocab);
        any.try_for_each(|path| Output::new(path).map(drop))?;
        output.save_model.iter().try_for_each(|path| Output::plain(path, "a model").map(drop))?;
        output.out.as_ref().map_or(Ok(()), |path| output.format(path, model.preset).check_output(path))
    }
}

/// The settings that the arguments ask for, if they make sense and their files can be written.
fn config(arguments: &Arguments, control: Control) -> Result<Word2VecConfig> {
    arguments.output.check()?;
    arguments.check_writable()?;
    arguments.word2vec()?.control(control).config(&arguments.input.corpus)
}

/// Whether a run was interrupted before it had read a quarter of the text once: its vectors are worth less than old ones.
fn is_hasty(facts: &Facts) -> bool {
    facts.ended == Ended::Interrupted && facts.subsampled().read < facts.ledger.kept.div_ceil(4)
}

pub fn run(arguments: &Arguments, start: Instant, signals: &Signals) -> Result<()> {
    let (output, vocabulary) = (&arguments.output, &arguments.vocabulary.save_vocab);
    let control = arguments.run.control(arguments.output.out.as_deref(), signals.stop());
    // A log that is one of the files read is not written to, not even this failure.
    arguments.check_apart(&control)?;
    let log = control.clone();
    let config = config(arguments, control).inspect_err(|error| log.log_failure(error))?;
    let Some(path) = &output.out else { return dry_run(&config, output.json.as_ref()) };
    let mut shown = Shown(Bars::single(&config.layer, config.threads), arguments, signals);
    let vectors = word2vec::train(&config, start, &mut shown)?;
    shown.0.clear();
    let facts = vectors.facts();
    let is_partial = !output.keep_partial && is_hasty(&facts);
    let named = |path: &Path| if is_partial { files::partial(path) } else { path.into() };
    let out = named(path);
    vectors.write(&out, output.format(path, arguments.model.preset))?;
    vocabulary.as_ref().map_or(Ok(()), |path| vectors.write_vocabulary(path))?;
    if let Some(path) = &output.save_model {
        vectors.save_model(&named(path))?;
    }
    let facts = vectors.facts();
    if let Some(path) = &output.json {
        Output::new(path)?.put(facts.to_json().as_bytes())?;
    }
    if let Some(why) = &facts.checkpoint_failed {
        super::warn(&format!("lexmax: checkpoints stopped: {why}"));
    }
    let (words, train, total) = (facts.words_per_second, facts.train_seconds, facts.total_seconds);
    let why = match facts.ended {
        Ended::Complete => "",
        Ended::Budget => "ended by the budget\n",
        Ended::Patience => "ended by patience\n",
        Ended::Interrupted if is_partial => {
            "interrupted before a quarter of the first pass: nothing took the place of an old file; --keep-partial does\n"
        }
        Ended::Interrupted => "interrupted\n",
    };
    let best = facts.best_words.map(|at| format!("left is the best model by the held-out text, after {at} words\n"));
    let best = best.unwrap_or_default();
    let (out, Pass { read, dropped }) = (shown::file(&out), facts.subsampled());
    arguments.say(&format!(
        "{why}{best}subsampling dropped {dropped} of {read} words read\n\
         {words:.0} words/s: {train:.2} s of training, {total:.2} s in all\n{out}\n"
    ))?;
    // All is written: now a shell may see what ended the run.
    signals.raise();
    Ok(())
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
    use std::path::Path;

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

    /// Every setting is part of the `Debug` form, with all its digits.
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

    /// Defaults that depend on other options are words of the help; they are those of the library.
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
            ("lr", format!("{} for skipgram, {} for cbow", own.rates[0], own.rates[1])),
            ("checkpoint_every", format!("{}s", Checkpoints::EVERY.as_secs())),
        ] {
            let argument = train.get_arguments().find(|argument| argument.get_id() == option).expect(option);
            let help = argument.get_help().unwrap().to_string();
            assert!(help.ends_with(&format!(" [default: {default}]")), "{option}: {help}");
        }
    }
}
