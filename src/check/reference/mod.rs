//! A naive implementation of every layer: f64, plain loops, one example at a time.
//!
//! A layer has three parts: scores from tables ([`Scores`]), a loss from scores ([`Criterion`]), and probabilities from
//! scores. The same loops over absolute values give the size of the summed terms; f32 rounding is a multiple of this
//! size ([`Expected`]).
//!
//! ```
//! use lexmax::check::reference::{Params, Reference};
//! use lexmax::layer::Bias;
//! use lexmax::layer::catalogue::Shape;
//! use lexmax::vocab::Counts;
//!
//! # fn main() -> lexmax::Result<()> {
//! let counts = Counts::new(vec![4, 2, 1])?;
//! let context = Shape::new(&counts, 2, Bias::None);
//! let naive = Reference::of(&"full".parse()?, &context)?;
//! let table = Params { weights: vec![vec![1.0, 0.0], vec![0.0, 1.0], vec![0.0, 0.0]], bias: vec![] };
//! let ln_p = naive.log_probs(&naive.scores(&[table], &[2f64.ln(), 3f64.ln()]));
//! assert!((ln_p[1] - (3.0f64 / 6.0).ln()).abs() < 1e-15);
//! # Ok(())
//! # }
//! ```

mod criterion;
mod expected;
mod loss;
mod named;
mod options;
mod params;
mod scores;
mod spy;
mod step;

pub use criterion::{Choice, Criterion};
pub use expected::{Expected, log_prob_findings, log_prob_tolerance, score_size};
pub use loss::Loss;
pub use options::LossSettings;
pub use params::Params;
pub use scores::Scores;
pub use step::{Recorded, Sample, Step, recorded};

use crate::vocab::WordId;

/// A layer in its naive form.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Function from tables to scores.
    pub scores: Scores,
    /// Function from scores to a loss.
    pub criterion: Criterion,
    /// Options of the loss.
    pub loss: LossSettings,
}

impl Reference {
    /// Returns the scores of all words, or of all nodes of a tree.
    pub fn scores(&self, tables: &[Params], h: &[f64]) -> Vec<f64> {
        self.scores.all(tables, h)
    }

    /// Adds ∂L/∂h to `d_h` and ∂L/∂tables to `d_tables`, given ∂L/∂z.
    pub fn back(&self, tables: &[Params], h: &[f64], d_z: &[f64], d_h: &mut [f64], d_tables: &mut [Params]) {
        self.scores.back(tables, h, d_z, d_h, d_tables);
    }

    /// Returns the loss of example b and ∂L/∂z, given the draws.
    pub fn loss(&self, z: &[f64], b: usize, target: WordId, sample: &Sample) -> Loss {
        self.criterion.loss(&self.loss, z, b, target, sample)
    }

    /// Returns the expectation of the loss over the draws (k words) if it has a closed form. Otherwise returns the
    /// exact loss, −ln P(target).
    pub fn expected_loss(&self, z: &[f64], target: WordId, k: f64) -> f64 {
        self.criterion.expected_loss(&self.loss, z, target, k)
    }

    /// Returns ln P of all words.
    pub fn log_probs(&self, z: &[f64]) -> Vec<f64> {
        self.criterion.log_probs(&self.loss, z)
    }
}
