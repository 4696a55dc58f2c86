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
    corpus: &'a dyn Sentences,
    subsampler: Subsampler,
    settings: &'a Hogwild,
    /// The next chunk to be dealt out, over all epochs.
    next: AtomicUsize,
    sentences_a_chunk: usize,
    /// Of an epoch.
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
/// Words are read from memory or, block by block, from a file; sentences are dealt out in the order of the text. One worker
/// alone gives the same bits every time; several do not.
///
/// A layer whose proposal follows the weights looks at them where no worker runs: after the first chunk of 20,000 words, and
/// whenever there were half as many again, all workers come to an end, and are set to work again.
///
/// # Errors
/// Settings that make no sense, [`Error::NoExamples`] if no sentence has two words, [`Error::Diverged`] if a loss or a
/// parameter is not finite, and a file of ids that cannot be read.
pub fn hogwild(
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
    let words = corpus.ledger().kept;
    let sentences_a_chunk = (CHUNK_WORDS * corpus.len() / words as usize).max(1);
    let course = Course {
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
    let mut workers: Vec<_> = (0..settings.workers).map(|n| Worker::new(settings, model.layer().dim(), n)).collect();
    let last = settings.epochs as usize * course.chunks;
    let mut until = 0;
    while until < last && !course.stop.load(Relaxed) {
        until = if model.layer().follows_weights() { next_look(until).min(last) } else { last };
        course.run(model, &mut workers, until, start, observe);
        if until < last {
            model.refresh();
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut all = Part::default();
    for part in workers.into_iter().map(|worker| worker.part) {
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

/// The chunk before which a layer looks at the weights, after `chunk`.
fn next_look(chunk: usize) -> usize {
    chunk + (chunk / 2).max(1)
}

impl Course<'_> {
    /// All workers, each on a thread, until chunk `until`; this one reports.
    fn run(
        &self,
        model: &SharedModel,
        workers: &mut [Worker],
        until: usize,
        start: Instant,
        observe: &mut dyn FnMut(&Progress),
    ) {
        std::thread::scope(|scope| {
            let (done, reports) = mpsc::channel::<()>();
            let threads: Vec<_> = workers
                .iter_mut()
                .map(|worker| {
                    let done = done.clone();
                    scope.spawn(move || {
                        worker.run(self, model, until);
                        drop(done);
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
            for thread in threads {
                if let Err(panic) = thread.join() {
                    std::panic::resume_unwind(panic);
                }
            }
        });
    }

    /// The share of all words that are read.
    fn share(&self) -> f64 {
        self.words.load(Relaxed) as f64 / self.all_words as f64
    }
}

/// All that a worker owns.
struct Worker {
    work: Workspace,
    rng: WorkerRng,
    sentence: Vec<WordId>,
    examples: Examples,
    part: Part,
}

impl Worker {
    fn new(settings: &Hogwild, dim: usize, number: usize) -> Self {
        let stream = WORKER_STREAM + 2 * number as u64;
        let noise = if number == 0 { NOISE_STREAM } else { stream + 1 };
        Self {
            work: Workspace::new(dim, WorkerRng::new(settings.seed, noise)),
            rng: WorkerRng::new(settings.seed, stream),
            sentence: Vec::new(),
            examples: Examples::new(),
            part: Part::default(),
        }
    }

    fn run(&mut self, course: &Course, model: &SharedModel, until: usize) {
        let Hogwild { rate, hot, workers, .. } = *course.settings;
        let mut handles = model.handles(rate.at(course.share()), hot, workers);
        if let Err(error) = self.read(course, model, &mut handles, until) {
            self.part.unread = Some(error);
            course.stop.store(true, Relaxed);
        }
        handles.encoder.flush();
        handles.layer.flush();
        self.part.layer_cost += handles.layer.cost();
        self.part.encoder_cost += handles.encoder.cost();
    }

    /// Takes chunks up to `until`.
    fn read(&mut self, course: &Course, model: &SharedModel, handles: &mut Handles, until: usize) -> Result<()> {
        let mut reader = course.corpus.reader()?;
        let decay = course.settings.rate;
        let mut unreported = 0;
        while !course.stop.load(Relaxed) {
            let following = |next| (next < until).then_some(next + 1);
            let Ok(chunk) = course.next.fetch_update(Relaxed, Relaxed, following) else { break };
            let epoch = chunk / course.chunks;
            let first = chunk % course.chunks * course.sentences_a_chunk;
            for number in first..(first + course.sentences_a_chunk).min(course.corpus.len()) {
                let sentence = reader.sentence(number)?;
                unreported += sentence.len() as u64;
                if unreported >= RATE_WORDS {
                    course.words.fetch_add(unreported, Relaxed);
                    unreported = 0;
                    let rate = decay.at(course.share());
                    handles.encoder.set_rate(rate);
                    handles.layer.set_rate(rate);
                }
                self.sentence(course, model, handles, sentence, epoch);
            }
        }
        course.words.fetch_add(unreported, Relaxed);
        Ok(())
    }

    /// The steps of a sentence.
    fn sentence(
        &mut self,
        course: &Course,
        model: &SharedModel,
        handles: &mut Handles,
        sentence: &[WordId],
        epoch: usize,
    ) {
        let window = &course.settings.window;
        course.subsampler.sample(sentence, &mut self.rng, &mut self.sentence);
        let (mut examples, mut loss) = (0, 0.0);
        for position in 0..self.sentence.len() {
            self.examples.clear();
            let reduced = window.draw_size(&mut self.rng);
            window.examples_at(&self.sentence, position, reduced, &mut self.examples);
            if self.examples.is_empty() {
                continue;
            }
            loss += self.work.step(model.encoder(), model.layer(), handles, &self.examples);
            examples += self.examples.len();
        }
        self.part.tally.add(epoch as u64, examples, loss);
        if !loss.is_finite() {
            self.part.diverged = Some(loss);
            course.stop.store(true, Relaxed);
        }
    }
}
