//! Training steps and gradients of a head.

use super::Head;
use super::input::{check_shape, contiguous};
use crate::error::{Error, HeadFault, Result};
use crate::layer::{Batch, LayerExt, verbs};
use crate::optimizer::Optimizer;
use crate::sampler::is_look_due;
use crate::simd::all_finite;
use crate::table::kernel::view;
use crate::table::{Matrix, TableGradient};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::fmt;

/// The mode of a head that trains.
pub struct Training {
    pub(super) optimizer: Optimizer,
    pub(super) rate: f32,
    /// Number of batches seen, which decides when an adaptive proposal is refreshed.
    pub(super) batches: u64,
    /// ∂L/∂hidden of the last step, B×d.
    d_hidden: Vec<f32>,
    /// Whether the tables hold gradients that have not been applied.
    has_gradients: bool,
    /// Whether the layer has an adaptive proposal.
    is_adaptive: bool,
}

impl fmt::Debug for Training {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Training")
            .field("optimizer", &self.optimizer)
            .field("rate", &self.rate)
            .field("batches", &self.batches)
            .finish_non_exhaustive()
    }
}

impl Training {
    pub(super) fn new(optimizer: Optimizer, rate: f32, is_adaptive: bool) -> Self {
        Self { optimizer, rate, batches: 0, d_hidden: Vec::new(), has_gradients: false, is_adaptive }
    }
}

/// Numbers that are zeroed at a time: 1 KB.
const ZEROED: usize = 256;

/// The result of a step.
#[derive(Debug)]
#[non_exhaustive]
pub struct Step<'a> {
    /// Σ_b weight_b·loss_b over the batch, in nats: the layer's training criterion.
    pub loss: f64,
    /// ∂L/∂hidden at the weights from before the step, B×d.
    pub d_hidden: ArrayView2<'a, f32>,
}

/// The gradients of a batch, without a change of the weights.
#[derive(Debug)]
#[non_exhaustive]
pub struct Gradients<'a> {
    /// Σ_b weight_b·loss_b over the batch, in nats.
    pub loss: f64,
    /// ∂L/∂hidden, B×d.
    pub d_hidden: ArrayView2<'a, f32>,
    /// ∂L/∂W of each table, in the order of [`LayerShape::tables`](crate::layer::LayerShape::tables). It is dense if
    /// the layer touched whole ranges of rows. Otherwise it lists the touched rows with their gradients.
    pub tables: Vec<TableGradient<'a>>,
}

impl Head {
    /// Trains on a batch: `hidden` is B×d, and `targets` holds one word per row. All examples see the weights from
    /// before the step; then the optimizer moves the weights once.
    ///
    /// The cost is that of the layer ([`expected_cost`](crate::layer::OutputLayer::expected_cost)), plus one read of
    /// `hidden` for the checks.
    ///
    /// # Errors
    /// Invalid shapes, targets or numbers, or a loss that is not finite. No weight has moved in these cases.
    pub fn step(&mut self, hidden: ArrayView2<f32>, targets: &[WordId]) -> Result<Step<'_>> {
        self.step_batch(Batch { hidden, targets, soft: None, weights: None, members: None })
    }

    /// [`Head::step`] for a batch with weights of the examples or with soft targets.
    ///
    /// # Errors
    /// The errors of [`Head::step`].
    pub fn step_batch(&mut self, batch: Batch) -> Result<Step<'_>> {
        let loss = self.differentiate(&batch)?;
        self.tables.flush();
        Ok(Step { loss, d_hidden: self.d_hidden(batch.len()) })
    }

    /// Trains as [`Head::step_batch`] does, and writes ∂L/∂hidden into `d_hidden`, B×d, without a copy of it here.
    /// Returns the loss in nats. After an error the contents of `d_hidden` are of no use.
    ///
    /// # Errors
    /// The errors of [`Head::step`], and a `d_hidden` of another shape.
    pub fn step_into(&mut self, batch: Batch, mut d_hidden: ArrayViewMut2<f32>) -> Result<f64> {
        let examples = batch.hidden.nrows();
        check_shape("the gradients of the hidden vectors", &d_hidden.view(), [examples, self.shape.dim])?;
        if let Some(entries) = d_hidden.as_slice_mut() {
            self.check_batch(&batch)?;
            self.forget();
            zero(entries);
            let loss = self.differentiate_into(&batch, matrix_mut(entries, examples, self.shape.dim))?;
            self.tables.flush();
            return Ok(loss);
        }
        let step = self.step_batch(batch)?;
        d_hidden.assign(&step.d_hidden);
        Ok(step.loss)
    }

    /// Returns the loss of a batch, and its gradients with respect to the hidden vectors and every table. No weight
    /// moves. This is for your own optimizer, which then changes [`Head::weights_mut`] and [`Head::bias_mut`].
    ///
    /// # Errors
    /// The errors of [`Head::step`].
    pub fn gradients(&mut self, hidden: ArrayView2<f32>, targets: &[WordId]) -> Result<Gradients<'_>> {
        self.gradients_of(Batch { hidden, targets, soft: None, weights: None, members: None })
    }

    /// [`Head::gradients`] for a batch with weights of the examples or with soft targets.
    ///
    /// # Errors
    /// The errors of [`Head::step`].
    pub fn gradients_of(&mut self, batch: Batch) -> Result<Gradients<'_>> {
        let loss = self.differentiate(&batch)?;
        self.mode.has_gradients = true;
        let Self { tables, mode, shape, .. } = self;
        let d_hidden = matrix(&mode.d_hidden, batch.len(), shape.dim);
        Ok(Gradients { loss, d_hidden, tables: tables.gradients() })
    }

    /// Trains on relaxed samples. Given y = [`gumbel_softmax`](Head::gumbel_softmax)`(hidden, temperature)` and ∂L/∂y,
    /// both B×V, it moves the weights along ∂L/∂W and returns ∂L/∂hidden. The loss in the result is 0, since only the
    /// caller knows it.
    ///
    /// # Errors
    /// Invalid shapes or numbers, a layer without a gradient of ln P, or a gradient that is not finite. No weight has
    /// moved in these cases.
    pub fn gumbel_softmax_step(
        &mut self,
        hidden: ArrayView2<f32>,
        temperature: f64,
        relaxed: ArrayView2<f32>,
        d_relaxed: ArrayView2<f32>,
    ) -> Result<Step<'_>> {
        verbs::check_temperature(temperature)?;
        self.check_hidden(&hidden)?;
        let (batch, vocab) = (hidden.nrows(), self.shape.vocab);
        for (what, array) in [("the relaxed samples", &relaxed), ("their gradients", &d_relaxed)] {
            check_shape(what, array, [batch, vocab])?;
            super::input::check_finite(what, array)?;
        }
        self.begin(batch);
        let Self { layer, tables, scratch, copied, mode, shape, .. } = self;
        let hidden = contiguous(hidden, copied);
        let (layer, both) = (layer.read(), (relaxed, d_relaxed));
        let d_hidden = matrix_mut(&mut mode.d_hidden, batch, shape.dim);
        if !layer.gumbel_softmax_backward(tables, hidden, temperature, both, scratch, d_hidden) {
            return Err(HeadFault::NoBackward.into());
        }
        drop(layer);
        if !all_finite(&self.mode.d_hidden[..batch * self.shape.dim]) {
            self.tables.discard();
            return Err(HeadFault::Gradient { rate: self.mode.rate }.into());
        }
        self.tables.flush();
        Ok(Step { loss: 0.0, d_hidden: self.d_hidden(batch) })
    }

    /// Checks a batch, and computes its gradients in `d_hidden` and in the tables.
    fn differentiate(&mut self, batch: &Batch) -> Result<f64> {
        self.check_batch(batch)?;
        let examples = batch.hidden.nrows();
        self.begin(examples);
        let mut d_hidden = std::mem::take(&mut self.mode.d_hidden);
        let loss = self.differentiate_into(batch, matrix_mut(&mut d_hidden, examples, self.shape.dim));
        self.mode.d_hidden = d_hidden;
        loss
    }

    /// Computes the gradients of a batch that was checked, in `d_hidden`, which is zero, and in the tables.
    fn differentiate_into(&mut self, batch: &Batch, d_hidden: ArrayViewMut2<f32>) -> Result<f64> {
        if batch.is_empty() {
            return Ok(0.0);
        }
        self.look_at_weights();
        let Self { layer, tables, scratch, copied, mode, .. } = self;
        let hidden = contiguous(batch.hidden, copied);
        let loss = layer.read().step(tables, Batch { hidden, ..*batch }, scratch, d_hidden, None);
        mode.batches += 1;
        if loss.is_finite() {
            return Ok(loss);
        }
        tables.discard();
        Err(HeadFault::Loss { loss, rate: mode.rate }.into())
    }

    /// Discards gradients that were not applied, and zeroes `d_hidden` for this number of examples.
    fn begin(&mut self, examples: usize) {
        self.forget();
        let entries = examples * self.shape.dim;
        let d_hidden = &mut self.mode.d_hidden;
        if d_hidden.len() < entries {
            d_hidden.resize(entries, 0.0);
        }
        zero(&mut d_hidden[..entries]);
    }

    /// Discards gradients that were not applied.
    fn forget(&mut self) {
        if std::mem::take(&mut self.mode.has_gradients) {
            self.tables.discard();
        }
    }

    fn d_hidden(&self, examples: usize) -> ArrayView2<'_, f32> {
        matrix(&self.mode.d_hidden, examples, self.shape.dim)
    }

    /// Refreshes an adaptive proposal if its schedule says so.
    fn look_at_weights(&mut self) {
        if !self.mode.is_adaptive || !is_look_due(self.mode.batches) {
            return;
        }
        if let Some(proposal) = self.layer.write().adaptive_mut() {
            proposal.refresh(&mut self.tables);
        }
    }

    /// Returns the weights of a table, rows × size, for your own optimizer; `None` if the number is too large.
    pub fn weights_mut(&mut self, table: usize) -> Option<ArrayViewMut2<'_, f32>> {
        let shape = *self.shape.tables.get(table)?;
        let matrix = self.tables.matrix_mut(table)?;
        ArrayViewMut2::from_shape((shape.rows as usize, shape.dim), matrix.weights_mut()).ok()
    }

    /// Returns the biases of a table, one per row, for your own optimizer. They are empty for a table without biases;
    /// `None` if the number is too large.
    pub fn bias_mut(&mut self, table: usize) -> Option<&mut [f32]> {
        (table < self.shape.tables.len()).then(|| self.tables.matrix_mut(table)).flatten().map(Matrix::bias_mut)
    }

    /// The optimizer, which defines the updates of the weights.
    pub fn optimizer(&self) -> Optimizer {
        self.mode.optimizer
    }

    /// The current rate.
    pub fn rate(&self) -> f32 {
        self.mode.rate
    }

    /// Sets the rate of later steps.
    ///
    /// # Errors
    /// A rate that is negative or not finite.
    pub fn set_rate(&mut self, rate: f32) -> Result<()> {
        check_rate(rate)?;
        self.mode.rate = rate;
        self.tables.set_rate(rate);
        Ok(())
    }
}

/// Zeroes in parts: a single call compiles to a string instruction, which takes longer to start than a part.
fn zero(entries: &mut [f32]) {
    entries.chunks_mut(ZEROED).for_each(|part| part.fill(0.0));
}

/// Views the first rows × dim numbers as a matrix.
#[inline(always)]
fn matrix(numbers: &[f32], rows: usize, dim: usize) -> ArrayView2<'_, f32> {
    match rows {
        0 => ArrayView2::from_shape((0, dim), &[]).expect("no row"),
        rows => view::matrix(&numbers[..rows * dim], rows),
    }
}

#[inline(always)]
fn matrix_mut(numbers: &mut [f32], rows: usize, dim: usize) -> ArrayViewMut2<'_, f32> {
    match rows {
        0 => ArrayViewMut2::from_shape((0, dim), &mut []).expect("no row"),
        rows => view::matrix_mut(&mut numbers[..rows * dim], rows),
    }
}

/// Rejects a rate that is negative or not finite.
pub(super) fn check_rate(rate: f32) -> Result<()> {
    if rate >= 0.0 && rate.is_finite() {
        return Ok(());
    }
    Err(Error::OutOfRange { name: "rate", value: f64::from(rate), limit: "0 or more, and finite" })
}

/// Rejects a number of 0 threads.
pub(super) fn check_threads(threads: usize) -> Result<()> {
    match threads {
        0 => Err(Error::OutOfRange { name: "threads", value: 0.0, limit: "1 or more" }),
        _ => Ok(()),
    }
}
