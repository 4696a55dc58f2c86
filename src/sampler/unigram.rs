//! Words drawn in proportion to a power of their counts.

use super::Proposal;
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::vocab::{Counts, WordId};
use rand::Rng;
use std::hint::select_unpredictable;

/// q(w) = count(w)^α / Σ count^α, drawn by the alias method (Walker 1974; Vose 1991).
///
/// α = 1 is the unigram model, α = 0.75 word2vec's noise (Mikolov et al. 2013), α = 0 uniform.
///
/// ```
/// use lexmax::WorkerRng;
/// use lexmax::sampler::{Proposal, Unigram};
/// use lexmax::vocab::Counts;
///
/// # fn main() -> lexmax::Result<()> {
/// let noise = Unigram::new(&Counts::new(vec![16, 1])?, 0.75)?; // 16^¾ = 8
/// assert!((noise.ln_prob(0).exp() - 8.0 / 9.0).abs() < 1e-12);
/// assert!(noise.sample(&mut WorkerRng::new(1, 0)) < 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Unigram {
    cells: Box<[Cell]>,
    ln_q: Box<[f64]>,
}

/// One of V equally likely cells. A draw below the limit yields the cell's own word, any other draw the second word.
#[derive(Clone, Copy, Debug)]
struct Cell {
    limit: u32,
    other: WordId,
}

impl Unigram {
    /// The distribution proportional to count^`power`. Takes O(V).
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `power` is NaN, negative or greater than 2.
    pub fn new(counts: &Counts, power: f64) -> Result<Self> {
        let refused = Error::OutOfRange { name: "power", value: power, limit: "between 0 and 2" };
        if !(0.0..=2.0).contains(&power) {
            return Err(refused);
        }
        // Counts do not rise, so relative to the first no weight exceeds 1.
        let first = counts.as_slice()[0] as f64;
        let weights: Vec<f64> = counts.as_slice().iter().map(|c| (*c as f64 / first).powf(power)).collect();
        let ln_sum = weights.iter().sum::<f64>().ln();
        let ln_q = weights.iter().map(|w| w.ln() - ln_sum).collect();
        Ok(Self { cells: cells(weights), ln_q })
    }
}

/// Fills every cell with a word of at most average weight and a part of a heavier one (Vose 1991). O(V).
fn cells(mut weights: Vec<f64>) -> Box<[Cell]> {
    let scale = weights.len() as f64 / weights.iter().sum::<f64>();
    weights.iter_mut().for_each(|w| *w *= scale);
    let mut cells: Box<[Cell]> =
        (0..weights.len() as WordId).map(|word| Cell { limit: u32::MAX, other: word }).collect();
    // Weights do not rise: the heavier words come first, and the last of them becomes light first.
    let mut heavy = weights.iter().take_while(|w| **w >= 1.0).count();
    let mut light: Vec<usize> = (heavy..weights.len()).collect();
    while let (Some(from), Some(cell)) = (heavy.checked_sub(1), light.pop()) {
        cells[cell] = Cell { limit: (weights[cell] * f64::from(u32::MAX)).round() as u32, other: from as WordId };
        weights[from] -= 1.0 - weights[cell];
        if weights[from] < 1.0 {
            heavy = from;
            light.push(from);
        }
    }
    cells
}

impl Proposal for Unigram {
    fn vocab(&self) -> usize {
        self.ln_q.len()
    }

    fn ln_prob(&self, word: WordId) -> f64 {
        self.ln_q[word as usize]
    }

    fn sample(&self, rng: &mut WorkerRng) -> WordId {
        // The high half of the product is the cell; the low half is a uniform fraction within it.
        let place = u128::from(rng.next_u64()) * self.cells.len() as u128;
        let cell = (place >> 64) as usize;
        let Cell { limit, other } = self.cells[cell];
        select_unpredictable((place >> 32) as u32 <= limit, cell as WordId, other)
    }
}
