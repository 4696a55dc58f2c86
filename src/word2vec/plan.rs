//! The plan of a run: an estimate of its memory, work and time before it is run.

use super::Word2VecConfig;
use super::train::read;
use super::trainee::{Job, Trainee};
use crate::corpus::{Joins, Ledger, SentenceReader, Sentences, Subsampler};
use crate::error::{Error, Result};
use crate::layer::LayerExt;
use crate::machine::peak_bytes;
use crate::model::{ModelView, ModelWriter, Side};
use crate::peers::Team;
use crate::table::{Cost, TableShape};
use crate::train::{Hogwild, Outcome};
use crate::vocab::{Vocabulary, WordId};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

/// Words of the first trial, which decides how long the measurement must be.
const PILOT_WORDS: f64 = 1e5;
/// Number of trials that share the time of the measurement. Each begins with cold caches, so short trials are too slow.
const TRIALS: u32 = 2;
/// Sentences that stay together in a part of the text, so that a text in a file is read in long runs.
const BLOCK: usize = 64;

/// Memory, work and time that a training run would take.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// Counts of the words of the text: read, kept, dropped.
    pub ledger: Ledger,
    /// Words in the vocabulary.
    pub vocab: usize,
    /// Kept words that subsampling is expected to drop in a pass.
    pub expected_subsampled_per_epoch: f64,
    /// Number of parameters of the encoder and the layer.
    pub parameters: u64,
    /// Bytes of the parameters.
    pub parameter_bytes: u64,
    /// Most bytes of the optimizer's state and of gradients, which layers that are not dense keep for a batch's rows
    /// alone; 0 without mini-batches. Scores and other buffers of a batch are not counted.
    pub batch_bytes: u64,
    /// Bytes of the text in memory: 4 per word (unless the words are in a file) and 8 per sentence.
    pub text_bytes: u64,
    /// Bytes of the copy of the parameters during an evaluation on held-out text; mini-batches need none.
    pub evaluation_bytes: u64,
    /// Peak bytes on disk for checkpoints and for the best model. A new file is complete before the old one is removed,
    /// so each counts twice.
    pub disk_bytes: u64,
    /// Peak memory of the program so far in bytes, for reading and the measurement, if the system reports it.
    pub peak_bytes: Option<u64>,
    /// Multiply-adds of layer and encoder in a pass, counted in the measurement and scaled.
    pub multiply_adds_per_epoch: f64,
    /// Rows of parameters written in a pass.
    pub rows_written_per_epoch: f64,
    /// Examples in a pass.
    pub examples_per_epoch: f64,
    /// Passes over the text.
    pub epochs: u32,
    /// Number of threads.
    pub threads: usize,
    /// Seconds for reading the text.
    pub load_seconds: f64,
    /// Seconds of training that the estimate is based on.
    pub measured_seconds: f64,
    /// Estimated seconds of training per pass.
    pub seconds_per_epoch: f64,
    /// Estimated seconds of training in all.
    pub train_seconds: f64,
}

impl Plan {
    /// Returns the plan as indented JSON, with a line break at the end.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a plan is plain data") + "\n"
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        writeln!(f, "text        {}", self.ledger)?;
        writeln!(
            f,
            "            {:.0} words expected to be dropped by subsampling in a pass",
            self.expected_subsampled_per_epoch
        )?;
        writeln!(f, "vocabulary  {} words", self.vocab)?;
        writeln!(f, "parameters  {}, {:.1} MB", self.parameters, mb(self.parameter_bytes))?;
        write!(f, "memory      {:.1} MB for the text", mb(self.text_bytes))?;
        if self.batch_bytes > 0 {
            write!(f, ", up to {:.1} MB for gradients and the optimizer", mb(self.batch_bytes))?;
        }
        if self.evaluation_bytes > 0 {
            write!(f, ", {:.1} MB more while held-out text is looked at", mb(self.evaluation_bytes))?;
        }
        if let Some(peak) = self.peak_bytes {
            write!(f, ", {:.1} MB at most in all until now", mb(peak))?;
        }
        if self.disk_bytes > 0 {
            write!(f, "\ndisk        up to {:.1} MB for checkpoints and the best model", mb(self.disk_bytes))?;
        }
        let (madds, rows) = (self.multiply_adds_per_epoch, self.rows_written_per_epoch);
        writeln!(f, "\nwork        {madds:.3e} multiply-adds, {rows:.3e} rows written a pass")?;
        let (all, one, epochs, threads) = (self.train_seconds, self.seconds_per_epoch, self.epochs, self.threads);
        write!(f, "time        about {all:.1} s of training: {epochs} × {one:.1} s on {threads} threads")?;
        writeln!(f, ", from {:.1} s measured; reading took {:.1} s", self.measured_seconds, self.load_seconds)
    }
}

/// Estimates a run: reads the text, and trains a temporary model for about `seconds` on parts that are spread over the
/// text.
///
/// # Errors
/// The errors of [`train()`](super::train()), and [`Error::OutOfRange`] unless `seconds` is positive and finite.
pub fn plan(config: &Word2VecConfig, seconds: f64) -> Result<Plan> {
    if !(seconds > 0.0 && seconds.is_finite()) {
        return Err(Error::OutOfRange { name: "seconds of measurement", value: seconds, limit: "more than 0" });
    }
    let loading = Instant::now();
    let (vocab, corpus) = read(config, &mut Team::default())?;
    let load_seconds = loading.elapsed().as_secs_f64();
    let mut model = Trainee::new(config, &vocab)?;
    let disk_bytes = disk_bytes(config, (&vocab, corpus.joins()), model.view())?;
    let ledger = corpus.ledger();
    let words = ledger.kept as f64;
    let mut trial = |words: f64| -> Result<(Outcome, f64)> {
        let part = Part::new(&*corpus, words)?;
        let epochs = (words / part.ledger.kept as f64).round().clamp(1.0, 1e4) as u32;
        let settings = &Hogwild { epochs, ..config.trainer() };
        let (counts, team) = (vocab.counts(), &Team::default());
        let outcome = model.train(&Job { config, corpus: &part, counts, settings, team })?;
        Ok((outcome, f64::from(epochs) * part.ledger.kept as f64))
    };
    // The first trial is slow, because pages and caches are cold.
    let (pilot, tried) = trial(PILOT_WORDS)?;
    let mut step = tried * seconds / f64::from(TRIALS) / pilot.seconds.max(1e-3);
    let mut all = Sum::default();
    while all.seconds < seconds && all.paces.len() < 4 * TRIALS as usize {
        let (outcome, tried) = trial(step)?;
        step = tried * seconds / f64::from(TRIALS) / outcome.seconds.max(1e-3);
        all.add(&outcome, tried);
    }
    // The fastest trial counts, since other work on the machine can only slow a trial down.
    let seconds_per_epoch = words * all.paces.iter().copied().fold(f64::INFINITY, f64::min);
    let scale = words / all.words;
    let numbers = |s: &TableShape| u64::from(s.rows) * (s.dim + usize::from(s.bias)) as u64;
    let shapes = [Side::Encoder, Side::Layer].into_iter().flat_map(|side| model.view().shapes(side));
    let parameters = shapes.map(|shape| numbers(&shape)).sum();
    let copies = if config.batch > 1 { 1 + u64::from(config.optimizer.initial_state().is_some()) } else { 0 };
    let text = if config.spool.is_some() { 0 } else { 4 * ledger.kept };
    Ok(Plan {
        ledger,
        vocab: vocab.len(),
        expected_subsampled_per_epoch: Subsampler::new(vocab.counts(), config.sample)?.expected_drops(vocab.counts()),
        parameters,
        parameter_bytes: 4 * parameters,
        batch_bytes: 4 * copies * parameters,
        text_bytes: text + 8 * ledger.sentences,
        evaluation_bytes: if config.control.valid.is_some() && config.batch == 1 { 4 * parameters } else { 0 },
        disk_bytes,
        peak_bytes: peak_bytes(),
        multiply_adds_per_epoch: all.cost.multiply_adds as f64 * scale,
        rows_written_per_epoch: all.cost.rows_written as f64 * scale,
        examples_per_epoch: all.examples as f64 * scale,
        epochs: config.epochs,
        threads: config.threads,
        load_seconds,
        measured_seconds: all.seconds,
        seconds_per_epoch,
        train_seconds: f64::from(config.epochs) * seconds_per_epoch,
    })
}

/// Peak bytes of the files that a run keeps: the checkpoint and the best model, each with its successor.
fn disk_bytes(config: &Word2VecConfig, (vocab, joins): (&Vocabulary, Option<&Joins>), model: ModelView) -> Result<u64> {
    let (control, layer) = (&config.control, model.layer());
    let architecture = config.architecture(layer.bias(), joins);
    let own = ModelWriter::new(&architecture, vocab, model)?.bytes().map_err(Error::io("a model's header"))?;
    let state = layer.adaptive().map_or_else(Vec::new, |proposal| proposal.state());
    let proposal: usize = state.iter().map(|part| 4 * part.len()).sum();
    let patience = control.valid.as_ref().is_some_and(|valid| valid.patience.is_some());
    let checkpoint = if control.checkpoint.is_some() { own + proposal as u64 } else { 0 };
    Ok(2 * checkpoint + if patience { 2 * own } else { 0 })
}

/// Sums over all trials.
#[derive(Default)]
struct Sum {
    words: f64,
    seconds: f64,
    examples: u64,
    cost: Cost,
    /// Seconds per word of each trial.
    paces: Vec<f64>,
}

impl Sum {
    fn add(&mut self, outcome: &Outcome, words: f64) {
        self.words += words;
        self.seconds += outcome.seconds;
        self.examples += outcome.examples;
        self.cost += outcome.layer_cost + outcome.encoder_cost;
        self.paces.push(outcome.seconds / words);
    }
}

/// Some of the blocks of a text, evenly spaced.
struct Part<'a> {
    whole: &'a dyn Sentences,
    blocks: usize,
    /// Blocks of the whole text per block of the part.
    stride: f64,
    ledger: Ledger,
}

impl<'a> Part<'a> {
    /// About `words` words of a text, or all of it.
    fn new(whole: &'a dyn Sentences, words: f64) -> Result<Self> {
        let all = whole.len() / BLOCK;
        let blocks = (words / whole.ledger().kept as f64 * all as f64).ceil().max(1.0) as usize;
        let (blocks, stride) = if blocks < all { (blocks, all as f64 / blocks as f64) } else { (0, 1.0) };
        let mut part = Self { whole, blocks, stride, ledger: whole.ledger() };
        if blocks > 0 {
            let mut reader = whole.reader()?;
            let lengths = (0..part.len()).map(|i| reader.sentence(part.number(i)).map(|s| s.len() as u64));
            part.ledger.kept = lengths.sum::<Result<u64>>()?;
            if !part.has_pairs() {
                // Almost all sentences have only one word: the whole text is taken.
                part = Self { whole, blocks: 0, stride: 1.0, ledger: whole.ledger() };
            }
        }
        Ok(part)
    }

    /// Number in the whole text of a sentence of the part.
    fn number(&self, i: usize) -> usize {
        if self.blocks == 0 { i } else { (((i / BLOCK) as f64 * self.stride) as usize) * BLOCK + i % BLOCK }
    }
}

impl Sentences for Part<'_> {
    fn len(&self) -> usize {
        if self.blocks == 0 { self.whole.len() } else { self.blocks * BLOCK }
    }

    fn has_pairs(&self) -> bool {
        // With more words than sentences, one sentence has two words.
        if self.blocks == 0 { self.whole.has_pairs() } else { self.ledger.kept > self.len() as u64 }
    }

    fn ledger(&self) -> Ledger {
        self.ledger
    }

    fn paths(&self) -> &[PathBuf] {
        self.whole.paths()
    }

    fn reader(&self) -> Result<Box<dyn SentenceReader + '_>> {
        Ok(Box::new(PartReader { part: self, reader: self.whole.reader()? }))
    }
}

struct PartReader<'a> {
    part: &'a Part<'a>,
    reader: Box<dyn SentenceReader + 'a>,
}

impl SentenceReader for PartReader<'_> {
    fn sentence(&mut self, i: usize) -> Result<&[WordId]> {
        self.reader.sentence(self.part.number(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;

    #[test]
    fn a_part_is_spread_over_the_text_and_no_sentence_comes_twice() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text: String = (0..3_000).map(|i| format!("w{i} x y\n")).collect();
        std::fs::write(file.path(), text).unwrap();
        let (vocab, corpus) = Corpus::load(&[file.path()], 1).unwrap();
        for words in [1.0, 700.0, 4_000.0, 8_900.0, 9_000.0, 1e9] {
            let part = Part::new(&corpus, words).unwrap();
            let mut reader = part.reader().unwrap();
            let mut numbers = Vec::new();
            for i in 0..part.len() {
                let sentence = reader.sentence(i).unwrap();
                let unique = sentence.iter().map(|&w| vocab.word(w)).find(|w| w.starts_with('w')).unwrap();
                numbers.push(unique[1..].parse::<usize>().unwrap());
            }
            assert!(numbers.is_sorted_by(|a, b| a < b), "{words}");
            assert_eq!(part.ledger().kept, 3 * part.len() as u64);
            let wanted = (words as usize / 3).min(3_000);
            assert!(part.len() >= wanted && part.len() <= wanted + BLOCK + 1, "{} for {words}", part.len());
            // The last sentence lies in the last section of the text that a part of this size may leave out.
            assert!(*numbers.last().unwrap() as f64 >= 3_000.0 - part.stride * BLOCK as f64 - BLOCK as f64);
        }
    }
}
