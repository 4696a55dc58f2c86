//! Workers whose number and text do not depend on the threads that run them.

use super::hogwild::WORKER_STREAM;
use super::{Hogwild, NOISE_STREAM, Outcome, Progress, Tally, Workspace};
use crate::corpus::{Examples, SentenceReader, Sentences, Subsampler};
use crate::error::{Error, Result};
use crate::model::{Handles, SharedModel};
use crate::rng::WorkerRng;
use crate::table::{Cost, Merged, Overlay, OwnRows, SharedMatrix, Table, Tables, Threads, merge};
use crate::vocab::{Counts, WordId};
use std::time::{Duration, Instant};

/// Workers, whatever the number of threads: more threads than this find nothing to do. The fewer there are, the less
/// they drift apart between two barriers.
const WORKERS: usize = 4;
/// Words that a worker trains on between two barriers: in the beginning, and always where a layer moves whole tables.
/// Each phase doubles the one before.
const SHORTEST: u64 = 32;
/// At most.
const LONGEST: u64 = 512;
/// Words that a worker trains on between two barriers at which all rows are merged, not just those that are due.
const ALL_ROWS: u64 = 8_192;
/// Words of all after which a layer whose proposal follows the weights looks at them; then whenever there were half as many
/// again, at the barrier that follows.
const FIRST_LOOK: u64 = 1_000;
/// Words between two changes of the rate.
const RATE_WORDS: u64 = 1_000;

/// What all workers look at.
struct Course<'a> {
    model: &'a mut SharedModel,
    corpus: &'a dyn Sentences,
    subsampler: Subsampler,
    settings: &'a Hogwild,
    all_words: u64,
}

/// Trains `model` on a text, as [`hogwild`](super::hogwild()) does, with the same bits for any number of threads.
///
/// # Contract
/// The same binary on the same machine family (the instruction set is chosen at run time), with the same seed, text,
/// model and settings, gives the same weights and the same losses bit by bit, for 1 thread or any other number
/// (`settings.workers`; `settings.hot` does not count).
///
/// # How
/// The text is dealt to four workers, sentence by sentence; each has random numbers of its own and moves only its own
/// copies of the rows that it touches ([`Overlay`]). After a fixed number of words comes a barrier: the moves of all are
/// added in the order of the workers ([`merge()`]). Threads take workers as they come and share the rows of a merge. A layer
/// whose proposal follows the weights looks at them at barriers, when all rows are merged.
/// Memory: the rows that each worker has touched between two merges of all rows, and 4 bytes for every row of every table a
/// worker; with a layer that moves whole tables a copy of those for every worker. `observe` hears of every barrier, but
/// not more than ten times a second.
///
/// # Errors
/// Settings that make no sense, [`Error::NoExamples`] if no sentence has two words, [`Error::Diverged`] if a loss or a
/// parameter is not finite, and a file of ids that cannot be read.
pub fn deterministic(
    model: &mut SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    settings.check()?;
    if !corpus.has_pairs() {
        return Err(Error::NoExamples { paths: corpus.paths().to_vec() });
    }
    let all_words = u64::from(settings.epochs) * corpus.ledger().kept;
    let subsampler = Subsampler::new(counts, settings.sample)?;
    let mut course = Course { model, corpus, subsampler, settings, all_words };
    let start = Instant::now();
    let workers = course.run(start, observe)?;
    let seconds = start.elapsed().as_secs_f64();
    let mut tally = Tally::default();
    workers.iter().for_each(|worker| tally.merge(&worker.tally));
    let (epochs, train_loss) = (tally.epochs(), tally.mean());
    let examples = epochs.iter().map(|e| e.examples).sum();
    if !(train_loss.is_finite() && course.model.is_finite()) {
        return Err(Error::Diverged { value: train_loss, examples, rate: f64::from(settings.rate.start()) });
    }
    let layer_cost = workers.iter().map(|w| w.layer_cost).sum();
    let encoder_cost = workers.iter().map(|w| w.encoder_cost).sum();
    Ok(Outcome { examples, seconds, train_loss, epochs, layer_cost, encoder_cost })
}

impl<'a> Course<'a> {
    /// All workers from barrier to barrier, until the text is read or a loss is not finite.
    fn run(&mut self, start: Instant, observe: &mut dyn FnMut(&Progress)) -> Result<Vec<Worker<'a>>> {
        let threads = Threads::new(self.settings.workers.min(WORKERS));
        let mut workers = (0..WORKERS).map(|number| Worker::new(self, number)).collect::<Result<Vec<_>>>()?;
        let decay = self.settings.rate;
        let (mut words, mut unmerged, mut read, mut observed) = (SHORTEST, 0, 0, Duration::ZERO);
        let mut merged = Settled::default();
        let mut look = if self.model.layer().follows_weights() { FIRST_LOOK } else { u64::MAX };
        while workers.iter().any(|w| !w.is_done(self)) {
            let course = &*self;
            threads.each(workers.iter_mut().collect(), |worker| worker.run(course, &merged, words, read));
            if let Some(error) = workers.iter_mut().find_map(|w| w.unread.take()) {
                return Err(error);
            }
            unmerged += words;
            read = workers.iter().map(|w| w.words).sum();
            let all = unmerged >= ALL_ROWS || read >= look || workers.iter().all(|w| w.is_done(self));
            unmerged = if all { 0 } else { unmerged };
            merged = self.merge(&workers, all, &threads);
            if !workers.iter().all(|w| w.loss.is_finite()) {
                break;
            }
            if read >= look {
                self.model.refresh();
                look = read + read / 2;
            }
            let is_whole = |w: &Worker| w.encoder.iter().chain(&w.layer).any(OwnRows::is_whole);
            if !workers.iter().any(is_whole) {
                words = (2 * words).min(LONGEST);
            }
            let now = start.elapsed();
            if now - observed >= Duration::from_millis(100) {
                observed = now;
                let share = read as f64 / self.all_words as f64;
                let seconds = now.as_secs_f64();
                observe(&Progress { examples: 0, seconds, share, rate: decay.at(share), loss: f64::NAN });
            }
        }
        Ok(workers)
    }

    /// The moves of all workers go into the model.
    fn merge(&self, workers: &[Worker], all: bool, threads: &Threads) -> Settled {
        let merged = |tables: &[SharedMatrix], own: for<'b> fn(&'b Worker<'_>) -> &'b [OwnRows]| {
            let table = |(i, base): (usize, &SharedMatrix)| {
                let own: Vec<_> = workers.iter().map(|worker| &own(worker)[i]).collect();
                merge(base, &own, all, threads)
            };
            tables.iter().enumerate().map(table).collect()
        };
        Settled {
            encoder: merged(self.model.encoder_tables(), |w| &w.encoder),
            layer: merged(self.model.layer_tables(), |w| &w.layer),
        }
    }
}

/// What the last barrier has merged of each table.
#[derive(Default)]
struct Settled {
    encoder: Vec<Merged>,
    layer: Vec<Merged>,
}

/// All that a worker owns.
struct Worker<'a> {
    reader: Box<dyn SentenceReader + 'a>,
    /// Why the text could not be read.
    unread: Option<Error>,
    encoder: Vec<OwnRows>,
    layer: Vec<OwnRows>,
    work: Workspace,
    rng: WorkerRng,
    /// The next sentence, over all epochs.
    next: usize,
    /// The rest of the sentence at work, from `position` on.
    sentence: Vec<WordId>,
    position: usize,
    examples: Examples,
    /// Words read.
    words: u64,
    tally: Tally,
    /// The loss of the last step, or one that was not finite.
    loss: f64,
    layer_cost: Cost,
    encoder_cost: Cost,
}

impl<'a> Worker<'a> {
    fn new(course: &Course<'a>, number: usize) -> Result<Self> {
        let (seed, stream) = (course.settings.seed, WORKER_STREAM + 2 * number as u64);
        let own = |tables: &[SharedMatrix]| tables.iter().map(|t| OwnRows::new(t.shape())).collect();
        Ok(Self {
            reader: course.corpus.reader()?,
            unread: None,
            encoder: own(course.model.encoder_tables()),
            layer: own(course.model.layer_tables()),
            work: Workspace::new(
                course.model.layer().dim(),
                WorkerRng::new(seed, if number == 0 { NOISE_STREAM } else { stream + 1 }),
            ),
            rng: WorkerRng::new(seed, stream),
            next: number,
            sentence: Vec::new(),
            position: 0,
            examples: Examples::new(),
            words: 0,
            tally: Tally::default(),
            loss: 0.0,
            layer_cost: Cost::default(),
            encoder_cost: Cost::default(),
        })
    }

    fn is_done(&self, course: &Course) -> bool {
        self.position >= self.sentence.len() && self.next >= course.settings.epochs as usize * course.corpus.len()
    }

    /// Trains on `words` words that subsampling leaves, where all together have read `read` before.
    fn run(&mut self, course: &Course, merged: &Settled, words: u64, read: u64) {
        renew(course.model.encoder_tables(), &mut self.encoder, &merged.encoder);
        renew(course.model.layer_tables(), &mut self.layer, &merged.layer);
        let decay = course.settings.rate;
        let before = self.words;
        let rate = |now: u64| {
            let read = read + WORKERS as u64 * (now - before);
            decay.at((read as f64 / course.all_words as f64).min(1.0))
        };
        let mut handles = Handles {
            encoder: overlays(course.model.encoder_tables(), &mut self.encoder, rate(before)),
            layer: overlays(course.model.layer_tables(), &mut self.layer, rate(before)),
        };
        let (encoder, layer, window) = (course.model.encoder(), course.model.layer(), &course.settings.window);
        let (sentences, last) = (course.corpus.len(), course.settings.epochs as usize * course.corpus.len());
        let mut rated = before;
        let mut steps = 0;
        while steps < words {
            if self.position >= self.sentence.len() {
                // A text that subsampling leaves little of comes to a barrier as well.
                if self.next >= last || self.words - before >= 4 * words {
                    break;
                }
                let sentence = match self.reader.sentence(self.next % sentences) {
                    Ok(sentence) => sentence,
                    Err(error) => {
                        self.unread = Some(error);
                        break;
                    }
                };
                self.words += sentence.len() as u64;
                course.subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
                (self.next, self.position) = (self.next + WORKERS, 0);
                if self.words - rated >= RATE_WORDS {
                    rated = self.words;
                    let rate = rate(rated);
                    handles.encoder.set_rate(rate);
                    handles.layer.set_rate(rate);
                }
                continue;
            }
            self.examples.clear();
            let reduced = window.draw_size(&mut self.rng);
            window.examples_at(&self.sentence, self.position, reduced, &mut self.examples);
            self.position += 1;
            steps += 1;
            if self.examples.is_empty() {
                continue;
            }
            self.loss = self.work.step(encoder, layer, &mut handles, &self.examples);
            let epoch = (self.next - WORKERS) / sentences;
            self.tally.add(epoch as u64, self.examples.len(), self.loss);
            if !self.loss.is_finite() {
                break;
            }
        }
        self.layer_cost += handles.layer.cost();
        self.encoder_cost += handles.encoder.cost();
    }
}

fn renew(tables: &[SharedMatrix], own: &mut [OwnRows], merged: &[Merged]) {
    tables.iter().zip(own).zip(merged).for_each(|((table, own), merged)| own.renew(table, merged));
}

fn overlays<'a>(tables: &'a [SharedMatrix], own: &'a mut [OwnRows], rate: f32) -> Tables<'a> {
    let handle = |(table, own): (&'a SharedMatrix, &'a mut OwnRows)| -> Box<dyn Table + 'a> {
        Box::new(Overlay::new(table, own, rate))
    };
    Tables::new(tables.iter().zip(own).map(handle).collect())
}
