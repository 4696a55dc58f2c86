//! Verbs of a trained head.

use super::Head;
use super::input::{check_shape, contiguous};
use crate::error::{Error, Result};
use crate::layer::verbs::{Sampling, Scored, check_temperature};
use crate::layer::{Batch, LayerExt, OutputLayer};
use crate::vocab::WordId;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

/// Maximum number of draws in a call, over all hidden vectors.
const MOST_DRAWS: usize = 1 << 22;

impl<M> Head<M> {
    /// Returns ln P(target | hidden) of each example in nats: exact and normalized. The cost is one score for each
    /// word, or one for each decision on a tree.
    ///
    /// # Errors
    /// Invalid shapes, targets or numbers.
    pub fn log_prob(&mut self, hidden: ArrayView2<f32>, targets: &[WordId]) -> Result<Vec<f64>> {
        self.check_hidden(&hidden)?;
        self.check_targets(targets, hidden.nrows(), None)?;
        let mut out = vec![0.0; targets.len()];
        if !targets.is_empty() {
            let Self { layer, tables, scratch, copied, .. } = self;
            let batch = Batch { hidden: contiguous(hidden, copied), targets, soft: None, weights: None, members: None };
            layer.read().log_prob(tables, batch, scratch, &mut out);
        }
        Ok(out)
    }

    /// Returns ln P of every word in nats, B×V: exact and normalized. A word of probability 0 has −∞.
    ///
    /// # Errors
    /// Invalid shapes or numbers, or B×V numbers that do not fit in memory.
    pub fn log_probs(&mut self, hidden: ArrayView2<f32>) -> Result<Array2<f32>> {
        let mut out = self.room(hidden.nrows())?;
        self.log_probs_into(hidden, out.view_mut())?;
        Ok(out)
    }

    /// Like [`Head::log_probs`], and writes to an array of the caller, B×V.
    ///
    /// # Errors
    /// Invalid shapes or numbers.
    pub fn log_probs_into(&mut self, hidden: ArrayView2<f32>, out: ArrayViewMut2<f32>) -> Result<()> {
        self.check_hidden(&hidden)?;
        check_shape("the array for ln P", &out.view(), [hidden.nrows(), self.shape.vocab])?;
        self.with_layer(hidden, |head, hidden| head.layer.log_probs(head.tables, hidden, head.scratch, out));
        Ok(())
    }

    /// Returns the `k` most probable words of each hidden vector with their ln P, best first. Among equally probable
    /// words the smaller id comes first. There are fewer than `k` if fewer words have a probability above 0.
    ///
    /// # Errors
    /// Invalid shapes or numbers.
    pub fn top_k(&mut self, hidden: ArrayView2<f32>, k: usize) -> Result<Vec<Vec<Scored>>> {
        self.check_hidden(&hidden)?;
        let k = k.min(self.shape.vocab);
        Ok(self.with_layer(hidden, |head, hidden| head.layer.top_k(head.tables, hidden, k, head.scratch)))
    }

    /// Returns 1 + the number of words that are more probable than the target, for each example.
    ///
    /// # Errors
    /// Invalid shapes, targets or numbers.
    pub fn rank(&mut self, hidden: ArrayView2<f32>, targets: &[WordId]) -> Result<Vec<usize>> {
        self.check_hidden(&hidden)?;
        self.check_targets(targets, hidden.nrows(), None)?;
        Ok(self.with_layer(hidden, |head, hidden| {
            head.layer.rank(
                head.tables,
                Batch { hidden, targets, soft: None, weights: None, members: None },
                head.scratch,
            )
        }))
    }

    /// Draws words from P for each hidden vector, with their ln P. The seed of the head determines the draws, which do
    /// not depend on the number of threads.
    ///
    /// # Errors
    /// Invalid shapes or numbers, or more than 4,194,304 draws in one call.
    pub fn sample(&mut self, hidden: ArrayView2<f32>, how: Sampling) -> Result<Vec<Vec<Scored>>> {
        self.check_hidden(&hidden)?;
        let how = how.at_most(self.shape.vocab);
        let draws = how.draws().saturating_mul(hidden.nrows());
        if draws > MOST_DRAWS {
            let limit = "at most 4194304 in one call";
            return Err(Error::OutOfRange { name: "draws × hidden vectors", value: draws as f64, limit });
        }
        Ok(self.with_layer(hidden, |head, hidden| head.layer.sample(head.tables, hidden, how, head.scratch)))
    }

    /// Returns ln Z of each hidden vector under the training criterion: 0 for a perfectly self-normalized layer.
    /// Returns `None` for layers that normalize in training.
    ///
    /// # Errors
    /// Invalid shapes or numbers.
    pub fn ln_z(&mut self, hidden: ArrayView2<f32>) -> Result<Option<Vec<f64>>> {
        self.check_hidden(&hidden)?;
        let mut out = vec![0.0; hidden.nrows()];
        let has = self.with_layer(hidden, |head, hidden| head.layer.ln_z(head.tables, hidden, head.scratch, &mut out));
        Ok(has.then_some(out))
    }

    /// Returns a relaxed sample from P for each hidden vector, B×V: y = softmax((ln P + g)/τ), g standard Gumbel noise
    /// (Jang, Gu & Poole 2017, eq. 2).
    ///
    /// # Errors
    /// Invalid shapes or numbers, a temperature τ below 10⁻⁶ or not finite, or B×V numbers that do not fit in memory.
    pub fn gumbel_softmax(&mut self, hidden: ArrayView2<f32>, temperature: f64) -> Result<Array2<f32>> {
        check_temperature(temperature)?;
        self.check_hidden(&hidden)?;
        let mut out = self.room(hidden.nrows())?;
        self.with_layer(hidden, |head, hidden| {
            let out: ArrayViewMut2<f32> = out.view_mut();
            head.layer.gumbel_softmax(head.tables, hidden, temperature, head.scratch, out);
        });
        Ok(out)
    }

    /// Calls `ask` with the parts of the head, and with the hidden vectors in contiguous rows.
    fn with_layer<R>(&mut self, hidden: ArrayView2<f32>, ask: impl FnOnce(Parts, ArrayView2<f32>) -> R) -> R {
        let Self { layer, tables, scratch, copied, .. } = self;
        let layer = layer.read();
        ask(Parts { layer: &**layer, tables, scratch }, contiguous(hidden, copied))
    }
}

/// The parts of a head that a verb needs.
struct Parts<'a> {
    layer: &'a dyn OutputLayer,
    tables: &'a mut crate::table::Tables<'static>,
    scratch: &'a mut crate::layer::Scratch,
}
