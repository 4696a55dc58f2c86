//! Mini-batches of the examples of a text.

use super::base::{Barriers, Inputs, ProgressMeter, WorkerBase, complete, outcome, sums};
use super::state::State;
use super::watch::{Next, Observer, ProgressReporter};
use super::{Hogwild, Outcome, Progress, begin_batch};
use crate::corpus::{Direction, Sentences};
use crate::error::{Error, Result};
use crate::layer::LayerExt;
use crate::model::{Model, Updates};
use crate::table::Threads;
use crate::vocab::Counts;
use std::iter::once;

/// Trains `model` on a text in mini-batches, with any optimizer. All examples of a batch see the parameters from before
/// it, and are updated together.
///
/// The examples are those of [`hogwild()`](super::hogwild()) with one worker: the same pieces of the text, subsampling
/// and windows. A batch ends with the position that brings it to `batch` examples, and with a pass. So a batch of a
/// skip-gram model may have up to 2·window − 1 examples more.
///
/// There is one worker. `settings.workers` is the number of threads that dense layers may use; the bits do not depend
/// on it. `settings.cached` has no effect. `observe` is called at most ten times a second.
///
/// # Cost
/// A dense layer reads and writes its tables once a batch in place of once an example, and computes matrix products.
/// Gradients need memory beside the parameters: see [`crate::table`].
///
/// # Errors
/// - [`Error::OutOfRange`] for a setting that makes no sense, such as blocks of positions.
/// - [`Error::TooLarge`] for a batch that does not fit in memory.
/// - [`Error::NoExamples`] if no sentence has two words.
/// - [`Error::Diverged`] if a loss or a parameter is not finite.
/// - [`Error::Io`] for a file of ids that cannot be read.
pub fn batches(
    model: &mut Model,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    batch: usize,
    observe: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    batches_watched(model, corpus, counts, settings, batch, None, &mut ProgressReporter::new(observe))
}

/// Trains as [`batches`] does, with an [`Observer`], and from the [`State`] of an earlier run if there is one.
///
/// To resume, the settings must be those of the earlier run. `model` must have the parameters and the optimizer's state
/// of the moment of the state, and the adaptive proposal of the layer if it has one; a model file with a state holds
/// all of these.
///
/// A run may be interrupted after any batch and resumed from its state. It then gives the bits of an uninterrupted run,
/// on any number of threads before and after.
///
/// # Errors
/// The errors of [`batches`], the observer's error, and [`Error::StateField`] for the state of another run.
pub fn batches_watched(
    model: &mut Model,
    corpus: &dyn Sentences,
    counts: &Counts,
    settings: &Hogwild,
    batch: usize,
    from: Option<&State>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    if batch == 0 {
        return Err(Error::OutOfRange { name: "batch", value: 0.0, limit: "1 or more" });
    }
    let inputs = Inputs::new(corpus, counts, settings)?;
    if settings.block > 1 {
        let limit = "1 with mini-batches, which have examples and not blocks of positions";
        return Err(Error::OutOfRange { name: "block", value: settings.block as f64, limit });
    }
    if let Some(state) = from {
        inputs.check(state, 1, 0, 0..u64::MAX)?;
    }
    let dim = model.layer().dim();
    let beyond = if settings.window.direction() == Direction::SkipGram { 2 * settings.window.size() } else { 0 };
    let entries = batch.saturating_add(beyond).saturating_mul(2 * dim);
    // Hidden vectors and their gradients: a batch that does not fit is refused before a step.
    Vec::<f32>::new().try_reserve_exact(entries).map_err(|_| Error::TooLarge { rows: batch, dim })?;
    let mut run = Run::new(model, &inputs, batch, from);
    let stopped = run.until_done(observer)?;
    Ok(outcome(&[&run.base], 0, &run.meter, stopped))
}

/// A run on its way from batch to batch.
struct Run<'a> {
    model: &'a mut Model,
    inputs: &'a Inputs<'a>,
    batch: usize,
    threads: Threads,
    base: WorkerBase<'a>,
    /// The next sentence, counted over all epochs.
    next: usize,
    /// Words of the sentences that are trained on to their end.
    read: u64,
    /// Number of batches, which decides when an adaptive proposal looks at the weights.
    batches: u64,
    meter: ProgressMeter,
}

impl<'a> Run<'a> {
    fn new(model: &'a mut Model, inputs: &'a Inputs<'a>, batch: usize, from: Option<&State>) -> Self {
        let worker = from.map(|state| &state.workers[0]);
        let base = WorkerBase::new(inputs, model.layer().dim(), 0, worker);
        let meter = ProgressMeter::new(from.map_or(0.0, State::seconds), sums(once(&base.tally)));
        Self {
            model,
            inputs,
            batch,
            threads: Threads::new(inputs.settings.workers),
            base,
            next: worker.map_or(0, |worker| worker.next as usize),
            read: from.map_or(0, |state| state.read),
            batches: from.map_or(0, |state| state.phase),
            meter,
        }
    }
}

impl Barriers for Run<'_> {
    fn is_done(&self) -> bool {
        is_done(&self.base, self.next, self.inputs)
    }

    /// Trains until the observer asks for something or the text is read.
    fn until_barrier(&mut self, observer: &mut dyn Observer) -> Result<(Next, Progress)> {
        // The handles live as long as the observer asks for nothing, so their buffers are allocated once.
        let Self { model, inputs, batch, threads, base, next, read, batches, meter, .. } = self;
        let inputs = *inputs;
        let mut model = model.trainable(Updates::Deferred, inputs.rate(*read), threads);
        loop {
            let rate = inputs.rate(*read);
            let epoch = gather(base, inputs, (next, read), *batch)?;
            if base.stepper.gathered() > 0 {
                begin_batch(&mut model, rate, *batches);
                *batches += 1;
                let step = base.stepper.step_gathered(model.encoder, &*model.layer, &mut model.handles);
                model.handles.layer.flush();
                model.handles.encoder.flush();
                base.add(epoch, step.examples, step.loss);
                base.take_costs(&mut model.handles);
                inputs.check_workers(&mut [base], *read)?;
            }
            let progress = meter.progress(inputs, sums(once(&base.tally)), *read);
            let asked = match observer.progress(&progress) {
                Next::Go if observer.looks_at_passes() && is_at_pass(base, *next, inputs) => Next::Look,
                asked => asked,
            };
            if asked != Next::Go || is_done(base, *next, inputs) {
                return Ok((asked, progress));
            }
        }
    }

    fn show(&mut self, progress: Progress, is_end: bool, observer: &mut dyn Observer) -> Result<Next> {
        let sentences = self.inputs.corpus.len();
        let at_pass = is_at_pass(&self.base, self.next, self.inputs);
        let passes = if at_pass { self.next } else { self.next - 1 } / sentences;
        let epochs = complete(once(&self.base.tally), passes);
        let Self { model, inputs, base, next, read, batches, meter, .. } = self;
        let state = |seconds: f64| State {
            seconds: seconds.to_bits(),
            phase: *batches,
            read: *read,
            look: 0,
            portions: 1,
            workers: vec![base.state(*next..inputs.sentences())],
        };
        meter.show(inputs, (&**model).into(), (progress, is_end, epochs), &state, observer)
    }

    fn progress(&mut self) -> Progress {
        self.meter.progress(self.inputs, sums(once(&self.base.tally)), self.read)
    }
}

fn is_done(base: &WorkerBase, next: usize, inputs: &Inputs) -> bool {
    next >= inputs.sentences() && base.stepper.is_at_end()
}

/// Whether the last batch ended with a pass.
fn is_at_pass(base: &WorkerBase, next: usize, inputs: &Inputs) -> bool {
    base.stepper.is_at_end() && next.is_multiple_of(inputs.corpus.len())
}

/// Context words after which a batch ends, whatever its examples.
const MOST_WORDS: usize = 1 << 30;

/// Gathers examples until there are `batch` of them or a pass ends. Returns the number of the pass.
fn gather<'a>(
    base: &mut WorkerBase<'a>,
    inputs: &Inputs<'a>,
    (next, read): (&mut usize, &mut u64),
    batch: usize,
) -> Result<usize> {
    let sentences = inputs.corpus.len();
    // The pass of the open sentence, or of the next one.
    let epoch = if base.stepper.is_at_end() { *next } else { *next - 1 } / sentences;
    loop {
        while !base.stepper.is_at_end() {
            base.stepper.gather(&inputs.settings.window);
            if base.stepper.is_at_end() {
                *read = base.words;
            }
            if base.stepper.gathered() >= batch || base.stepper.gathered_words() >= MOST_WORDS {
                return Ok(epoch);
            }
        }
        if *next >= (epoch + 1) * sentences {
            return Ok(epoch);
        }
        base.read(inputs, inputs.order.sentence(*next % sentences), epoch)?;
        *next += 1;
        if base.stepper.is_at_end() {
            *read = base.words;
        }
    }
}
