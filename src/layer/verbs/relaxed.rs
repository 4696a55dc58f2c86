//! Gumbel-softmax: a sample that is a smooth function of the scores.

use crate::objective::math;
use crate::rng::Noise;
use ndarray::{ArrayView2, ArrayViewMut2};

/// Turns the scores of each row into y = softmax((z + g)/τ), g standard Gumbel noise with one [`Noise`] per row. This
/// is a smoothed sample from softmax(z): for τ → 0 the indicator of one word, for τ → ∞ uniform. A score of −∞ gives 0.
///
/// Reference: Jang, Gu & Poole 2017, eq. 2; Maddison, Mnih & Teh 2017 (the concrete distribution).
pub fn relax(noise: &[Noise], temperature: f64, mut scores: ArrayViewMut2<f32>) {
    assert_eq!(noise.len(), scores.nrows(), "a row has its own noise");
    let mut noisy = vec![0.0; scores.ncols()];
    for (noise, mut row) in noise.iter().zip(scores.rows_mut()) {
        for ((word, z), noisy) in (0..).zip(&row).zip(&mut noisy) {
            *noisy = f64::from(*z) + noise.gumbel(word);
        }
        let scores = noisy.clone();
        math::softmax(&scores, math::temperature(temperature), &mut noisy);
        row.iter_mut().zip(&noisy).for_each(|(y, exact)| *y = *exact as f32);
    }
}

/// Computes ∂L/∂z from ∂L/∂y, given y of [`relax`]: y·(∂L/∂y − Σ y·∂L/∂y)/τ. Each row sums to 0. The noise is not
/// needed.
pub fn relax_backward(
    temperature: f64,
    relaxed: ArrayView2<f32>,
    d_relaxed: ArrayView2<f32>,
    mut d_scores: ArrayViewMut2<f32>,
) {
    let rows = relaxed.rows().into_iter().zip(d_relaxed.rows());
    for ((y, d_y), mut d_z) in rows.zip(d_scores.rows_mut()) {
        let mean: f64 = y.iter().zip(&d_y).map(|(y, d)| f64::from(*y) * f64::from(*d)).sum();
        for ((d_z, y), d_y) in d_z.iter_mut().zip(&y).zip(&d_y) {
            *d_z = (f64::from(*y) * (f64::from(*d_y) - mean) / temperature) as f32;
        }
    }
}
