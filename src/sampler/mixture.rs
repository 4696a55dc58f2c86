//! Shared parts of the samplers whose proposal depends on the hidden vector.

use super::{AdaptiveProposal, Draws, Hits};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::table::{Bags, Rows, Tables};
use crate::vocab::WordId;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use rand::RngExt;

/// A copy of the weights of table 0, rows × dim.
pub fn vectors(w: &mut Tables) -> Vec<f32> {
    let (rows, dim) = (w.shape(0).rows, w.shape(0).dim);
    let mut out = vec![0.0; rows as usize * dim];
    let (list, offsets): (Vec<u32>, Vec<u32>) = ((0..rows).collect(), (0..=rows).collect());
    let view = ArrayViewMut2::from_shape((rows as usize, dim), &mut out).expect("rows × dim");
    // The mean of a bag of one row is that row.
    w.bag_means(0, Bags { rows: &list, offsets: &offsets }, view);
    out
}

/// e^bias of every row of table 0, scaled so that the largest is 1; `None` if the table has no biases.
pub fn exp_biases(w: &mut Tables) -> Option<Vec<f32>> {
    let shape = w.shape(0);
    if !shape.bias {
        return None;
    }
    let mut z = Array2::zeros((1, shape.rows as usize));
    // For a hidden vector of zeros the scores are the biases.
    w.scores(0, &Rows::Range(0..shape.rows), Array2::zeros((1, shape.dim)).view(), z.view_mut());
    let max = z.iter().fold(f32::NEG_INFINITY, |m, b| m.max(*b));
    // Possibly far below the largest, but never 0, so that every word can be drawn.
    Some(z.iter().map(|b| (b - max).max(-60.0).exp()).collect())
}

/// The numbers of a proposal's state, array by array.
///
/// # Panics
/// If the arrays differ in shape from the proposal's own state.
pub fn flattened<const N: usize>(proposal: &impl AdaptiveProposal, state: Vec<Array2<f32>>) -> [Vec<f32>; N] {
    let shapes = |all: &mut dyn Iterator<Item = (usize, usize)>| all.collect::<Vec<_>>();
    let own = shapes(&mut proposal.state().iter().map(|of| of.dim()));
    assert_eq!(shapes(&mut state.iter().map(Array2::dim)), own, "shapes of a proposal's state");
    let mut flat = state.into_iter().map(|of| of.into_iter().collect());
    std::array::from_fn(|_| flat.next().expect("as many arrays"))
}

/// Refuses p unless every word has a positive, finite share.
pub fn check_prior(prior: &[f32]) -> Result<()> {
    let fits = prior.iter().all(|p| *p > 0.0 && p.is_finite());
    if fits { Ok(()) } else { Err(Error::StateField { field: "the shares of words in the proposal" }) }
}

/// A proposal evaluated at the hidden vectors of a batch.
pub trait AtBatch {
    /// One draw from q(· | h_b).
    fn draw(&self, b: usize, rng: &mut WorkerRng) -> WordId;

    /// q(word | h_b).
    fn share(&self, b: usize, word: WordId) -> f64;
}

/// Makes S draws from the mixture of the q(· | h_b) of a batch in equal parts, and computes its ln q.
pub fn draw(
    at: &impl AtBatch,
    hidden: &ArrayView2<f32>,
    targets: &[WordId],
    samples: usize,
    rng: &mut WorkerRng,
    out: &mut Draws,
) {
    out.hits = Hits::Keep;
    out.words.clear();
    let batch = hidden.nrows();
    if batch > 0 {
        out.words.extend((0..samples).map(|_| at.draw(rng.random_range(0..batch), rng)));
    }
    let ln_q = |word: &WordId| {
        let sum: f64 = (0..batch).map(|b| at.share(b, *word)).sum();
        (sum / batch as f64).max(f64::MIN_POSITIVE).ln() as f32
    };
    out.ln_q.clear();
    out.target_ln_q.clear();
    out.ln_q.extend(out.words.iter().map(ln_q));
    out.target_ln_q.extend(targets.iter().map(ln_q));
}

/// x·y, summed in lanes that are added at the end.
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    const LANES: usize = 16;
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in xs.iter().zip(ys) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    sums.iter().sum::<f32>() + x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum::<f32>()
}

/// Draws an index with probability proportional to its share, by inverting the partial sums.
pub fn pick(shares: impl Iterator<Item = f64> + Clone, rng: &mut WorkerRng) -> usize {
    let mut left = rng.random::<f64>() * shares.clone().sum::<f64>();
    let mut last = 0;
    for (i, share) in shares.enumerate() {
        if share > 0.0 {
            last = i;
            left -= share;
            if left < 0.0 {
                break;
            }
        }
    }
    last
}
