//! Options of sampling: draws, temperature, replacement.

use crate::error::{Error, Result};

/// Options of sampling: the number of draws per example, the temperature, and whether draws are replaced.
///
/// ```
/// use lexmax::layer::verbs::Sampling;
/// use lexmax::prelude::*;
/// use ndarray::array;
///
/// # fn main() -> lexmax::Result<()> {
/// let counts = Counts::new(vec![50, 30, 15, 5])?;
/// let mut head = Head::builder("hierarchical", &counts, 2).build()?;
/// let how = Sampling::new(3).at_temperature(0.7)?.without_replacement();
/// let drawn = head.sample(array![[0.3f32, -0.1]].view(), how)?;
/// let mut words: Vec<_> = drawn[0].iter().map(|scored| scored.word).collect();
/// words.sort();
/// words.dedup();
/// assert_eq!(words.len(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    pub(super) draws: usize,
    pub(super) temperature: f64,
    pub(super) replacement: bool,
}

impl Sampling {
    /// Draws independently from P, `draws` words per hidden vector.
    pub fn new(draws: usize) -> Self {
        Self { draws, temperature: 1.0, replacement: true }
    }

    /// Draws from P^(1/T) / Σ P^(1/T) on every layer. On trees this is not a product of tempered decisions, so it needs
    /// the probabilities of all words. At T = 1 a tree samples in O(depth).
    ///
    /// # Errors
    /// T is below 10⁻⁶ or not finite. (For the best words use [`LayerExt::top_k`](super::LayerExt::top_k).)
    pub fn at_temperature(self, temperature: f64) -> Result<Self> {
        check_temperature(temperature)?;
        Ok(Self { temperature, ..self })
    }

    /// Draws without replacement: each drawn word is removed, and the rest is renormalized. The words come in the order
    /// of the draws. There are fewer than requested if fewer words have a probability above 0.
    pub fn without_replacement(self) -> Self {
        Self { replacement: false, ..self }
    }
}

impl Sampling {
    /// Number of draws per hidden vector.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// Limits draws without replacement to the number of words.
    pub(crate) fn at_most(self, vocab: usize) -> Self {
        if self.replacement { self } else { Self { draws: self.draws.min(vocab), ..self } }
    }
}

/// The smallest temperature: scores up to 10³² divided by it still fit f32.
const LEAST_TEMPERATURE: f64 = 1e-6;

/// Rejects a temperature by which scores cannot be divided.
///
/// # Errors
/// A temperature below 10⁻⁶ or not finite.
pub(crate) fn check_temperature(temperature: f64) -> Result<()> {
    if temperature >= LEAST_TEMPERATURE && temperature.is_finite() {
        return Ok(());
    }
    Err(Error::OutOfRange { name: "temperature", value: temperature, limit: "0.000001 or more, and finite" })
}
