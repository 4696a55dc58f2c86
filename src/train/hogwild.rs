//! Several workers on one model, each with its own part of the text.

use super::{Epoch, LinearDecay, NOISE_STREAM, Outcome, Progress, Tally, Workspace};
use crate::corpus::{Examples, Sentences, Subsampler, Window};
use crate::error::{Error, Result};
use crate::model::{Handles, SharedModel};
use crate::rng::WorkerRng;
use crate::table::{Cost, HotRows};
use crate::vocab::{Counts, WordId};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How to train with several workers.
#[derive(Clone, Copy, Debug)]
pub struct Hogwild {
    /// What is predicted from what.
    pub window: Window,
    /// Threshold of subsampling; 0 is off.
    pub sample: f64,
    /// The rate, which falls with the words read.
    pub rate: LinearDecay,
    /// Passes over the text.
    pub epochs: u32,
    /// Workers, a thread each.
    pub workers: usize,
    /// Rows of each table that a worker keeps to itself.
    pub hot: HotRows,
    /// The seed of subsampling, windows and what layers draw.
    pub seed: u64,
}

/// Words that are dealt out at a time: enough that dealing costs nothing, few enough that no worker is left over at the end.
const CHUNK_WORDS: usize = 20_000;
/// Words between two looks at the clock of all.
const RATE_WORDS: u64 = 2_000;
/// Streams of random numbers of the workers: two each from here on.
pub(super) const WORKER_STREAM: u64 = 1 << 32;
const OBSERVED_EVERY: Duration = Duration::from_millis(100);

impl Hogwild {
    pub(super) fn check(&self) -> Result<()> {
        let positive = [("epochs", f64::from(self.epochs)), ("threads", self.workers as f64)];
        for (name, value) in positive {
            if value == 0.0 {
                return Err(Error::OutOfRange { name, value, limit: "1 or more" });
            }
        }
        self.rate.check()
    }
}

/// What all workers look at.
struct Course<'a> {
    model: &'a SharedModel,
    corpus: &'a dyn Sentences,
    subsampler: Subsampler,
    settings: &'a Hogwild,
    /// The next chunk to be dealt out, over all epochs.
    next: AtomicUsize,
    sentences_a_chunk: usize,
    chunks: usize,
    /// Words read by all.
    words: AtomicU64,
    all_words: u64,
    stop: AtomicBool,
}

/// What a worker has done.
#[derive(Default)]
struct Part {
    tally: Tally,
    layer_cost: Cost,
    encoder_cost: Cost,
    /// A loss that was not finite.
    diverged: Option<f64>,
    /// Why the text could not be read.
    unread: Option<Error>,
}

/// Trains `model` on a text with several workers at once: the examples of a position are one step, with word2vec's
/// subsampling and windows. `observe` hears of it ten times a second.
///
/// Words are read from memory or, block by block, from a file; sentences are dealt out in the order of the text. One worker alone gives the same bits every
/// time; several do not.
///
/// # Errors
/// Settings that make no sense, [`Error::NoExamples`] if no sentence has two words, [`Error::Diverged`] if a loss or a
/// parameter is not finite, and a file of ids that cannot be read.
pub fn hogwild(
    model: &SharedModel,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    settings.check()?;
    if !corpus.has_pairs() {
        return Err(Error::NoExamples { paths: corpus.paths().to_vec() });
    }
    let words = corpus.ledger().kept;
    let sentences_a_chunk = (CHUNK_WORDS * corpus.len() / words as usize).max(1);
    let course = Course {
        model,
        corpus,
        subsampler: Subsampler::new(counts, settings.sample)?,
        settings,
        next: AtomicUsize::new(0),
        sentences_a_chunk,
        chunks: corpus.len().div_ceil(sentences_a_chunk),
        words: AtomicU64::new(0),
        all_words: u64::from(settings.epochs) * words,
        stop: AtomicBool::new(false),
    };
    let start = Instant::now();
    let parts = course.run(start, observe);
    let seconds = start.elapsed().as_secs_f64();
    let mut all = Part::default();
    for part in parts {
        all.tally.merge(&part.tally);
        all.layer_cost += part.layer_cost;
        all.encoder_cost += part.encoder_cost;
        all.diverged = all.diverged.or(part.diverged);
        all.unread = all.unread.or(part.unread);
    }
    if let Some(error) = all.unread {
        return Err(error);
    }
    let epochs = all.tally.epochs();
    let examples = epochs.iter().map(|e: &Epoch| e.examples).sum();
    if all.diverged.is_none() && !model.is_finite() {
        all.diverged = Some(f64::NAN);
    }
    if let Some(value) = all.diverged {
        return Err(Error::Diverged { value, examples, rate: f64::from(settings.rate.start()) });
    }
    let Part { tally, layer_cost, encoder_cost, .. } = all;
    Ok(Outcome { examples, seconds, train_loss: tally.mean(), epochs, layer_cost, encoder_cost })
}

impl Course<'_> {
    /// All workers, each on a thread; this one reports.
    fn run(&self, start: Instant, observe: &mut dyn FnMut(&Progress)) -> Vec<Part> {
        std::thread::scope(|scope| {
            let (done, reports) = mpsc::channel::<()>();
            let workers: Vec<_> = (0..self.settings.workers)
                .map(|number| {
                    let done = done.clone();
                    scope.spawn(move || {
                        let part = Worker::new(self, number as u64).run();
                        drop(done);
                        part
                    })
                })
                .collect();
            drop(done);
            let decay = self.settings.rate;
            while reports.recv_timeout(OBSERVED_EVERY) == Err(RecvTimeoutError::Timeout) {
                let share = self.share();
                let seconds = start.elapsed().as_secs_f64();
                observe(&Progress { examples: 0, seconds, share, rate: decay.at(share), loss: f64::NAN });
            }
            let join = |worker: std::thread::ScopedJoinHandle<'_, Part>| match worker.join() {
                Ok(part) => part,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            workers.into_iter().map(join).collect()
        })
    }

    /// The share of all words that are read.
    fn share(&self) -> f64 {
        self.words.load(Relaxed) as f64 / self.all_words as f64
    }
}

/// All that a worker owns.
struct Worker<'a> {
    course: &'a Course<'a>,
    handles: Handles<'a>,
    work: Workspace,
    rng: WorkerRng,
    sentence: Vec<WordId>,
    examples: Examples,
    part: Part,
}

impl<'a> Worker<'a> {
    fn new(course: &'a Course<'a>, number: u64) -> Self {
        let Hogwild { rate, hot, workers, seed, .. } = *course.settings;
        let noise = if number == 0 { NOISE_STREAM } else { WORKER_STREAM + 2 * number + 1 };
        Self {
            course,
            handles: course.model.handles(rate.start(), hot, workers),
            work: Workspace::new(course.model.layer().dim(), WorkerRng::new(seed, noise)),
            rng: WorkerRng::new(seed, WORKER_STREAM + 2 * number),
            sentence: Vec::new(),
            examples: Examples::new(),
            part: Part::default(),
        }
    }

    fn run(mut self) -> Part {
        if let Err(error) = self.read() {
            self.part.unread = Some(error);
            self.course.stop.store(true, Relaxed);
        }
        self.handles.encoder.flush();
        self.handles.layer.flush();
        self.part.layer_cost = self.handles.layer.cost();
        self.part.encoder_cost = self.handles.encoder.cost();
        self.part
    }

    /// Takes chunks until the text is read.
    fn read(&mut self) -> Result<()> {
        let course = self.course;
        let mut reader = course.corpus.reader()?;
        let decay = course.settings.rate;
        let mut unreported = 0;
        while !course.stop.load(Relaxed) {
            let chunk = course.next.fetch_add(1, Relaxed);
            let epoch = chunk / course.chunks;
            if epoch >= course.settings.epochs as usize {
                break;
            }
            let first = chunk % course.chunks * course.sentences_a_chunk;
            for number in first..(first + course.sentences_a_chunk).min(course.corpus.len()) {
                let sentence = reader.sentence(number)?;
                unreported += sentence.len() as u64;
                if unreported >= RATE_WORDS {
                    course.words.fetch_add(unreported, Relaxed);
                    unreported = 0;
                    let rate = decay.at(course.share());
                    self.handles.encoder.set_rate(rate);
                    self.handles.layer.set_rate(rate);
                }
                self.sentence(sentence, epoch);
            }
        }
        course.words.fetch_add(unreported, Relaxed);
        Ok(())
    }

    /// The steps of a sentence.
    fn sentence(&mut self, sentence: &[WordId], epoch: usize) {
        let (course, window) = (self.course, &self.course.settings.window);
        course.subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
        let (encoder, layer) = (course.model.encoder(), course.model.layer());
        let (mut examples, mut loss) = (0, 0.0);
        for position in 0..self.sentence.len() {
            self.examples.clear();
            let reduced = window.draw_size(&mut self.rng);
            window.examples_at(&self.sentence, position, reduced, &mut self.examples);
            if self.examples.is_empty() {
                continue;
            }
            loss += self.work.step(encoder, layer, &mut self.handles, &self.examples);
            examples += self.examples.len();
        }
        self.part.tally.add(epoch as u64, examples, loss);
        if !loss.is_finite() {
            self.part.diverged = Some(loss);
            course.stop.store(true, Relaxed);
        }
    }
}
