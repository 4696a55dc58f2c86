//! The cost of a call over k words on this machine: the constants that determine the cut-offs of adaptive softmax.

use crate::error::{Error, Result};
use crate::layer::{Batch, Bias, CostModel, FullSoftmax, OutputLayer, Scratch, set_up};
use crate::optimizer::Optimizer;
use crate::rng::WorkerRng;
use crate::table::{Matrix, Online, Tables, Threads};
use crate::vocab::WordId;
use ndarray::Array2;
use rand::RngExt;
use std::time::Instant;

/// Numbers of words of the timed calls.
const SMALL: usize = 16;
const MIDDLE: usize = 4_096;
const LARGE: usize = 16_384;
const REPEATS: usize = 9;

/// Times scans and sweeps over few and many words for `batch` examples of size `dim`, and fits c + λ·max(0, k − k₀).
///
/// # Errors
/// [`Error::OutOfRange`] for a batch of 0, and the errors of a layer whose size is 0.
pub fn cost_model(batch: usize, dim: usize, threads: usize) -> Result<CostModel> {
    if batch == 0 {
        return Err(Error::OutOfRange { name: "batch", value: 0.0, limit: "1 or more" });
    }
    let time = |words| call_ns(words, batch, dim, threads);
    let [small, middle, large] = [time(SMALL)?, time(MIDDLE)?, time(LARGE)?];
    Ok(fit([small, middle, large], 3.0 * (batch * dim) as f64))
}

/// Fits the line through the two larger calls, and finds how far down it holds.
fn fit([small, middle, large]: [f64; 3], madds_a_word: f64) -> CostModel {
    let slope = (large - middle).max(0.0) / (madds_a_word * (LARGE - MIDDLE) as f64);
    // A single time may be far off, and with a rate of 0 nothing would be cut.
    let slope = slope.max(large / (madds_a_word * LARGE as f64) * 0.1);
    let free = (MIDDLE as f64 * madds_a_word - (middle - small) / slope).max(0.0);
    CostModel { call_ns: small, ns_per_multiply_add: slope, free_multiply_adds: free }
}

/// Time of the fastest of several steps of a softmax over `words` words, in nanoseconds.
fn call_ns(words: usize, batch: usize, dim: usize, threads: usize) -> Result<f64> {
    let layer = FullSoftmax::new(words, dim, Bias::Zero)?;
    let mut rng = WorkerRng::new(1, 0);
    let mut matrices: Vec<Matrix> = set_up(&layer, None, Optimizer::Sgd, &mut rng)?;
    let hidden = Array2::from_shape_simple_fn((batch, dim), || rng.random::<f32>() - 0.5);
    let targets: Vec<WordId> = (0..batch).map(|_| rng.random_range(0..words as u32)).collect();
    let mut d_hidden = Array2::zeros((batch, dim));
    let mut w = Tables::new(vec![Box::new(Online::new(&mut matrices[0], 1e-3, Threads::new(threads)))]);
    let mut scratch = Scratch::new(rng);
    let mut best = f64::INFINITY;
    for _ in 0..REPEATS {
        let start = Instant::now();
        layer.step(&mut w, Batch::new(hidden.view(), &targets), &mut scratch, d_hidden.view_mut(), None);
        best = best.min(start.elapsed().as_secs_f64() * 1e9);
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_of_known_constants_is_found_again() {
        let model = CostModel { call_ns: 5e4, ns_per_multiply_add: 0.02, free_multiply_adds: 1e6 };
        let madds = 3.0 * 64.0 * 100.0;
        let time = |words: usize| {
            model.call_ns + model.ns_per_multiply_add * (words as f64 * madds - model.free_multiply_adds).max(0.0)
        };
        let found = fit([SMALL, MIDDLE, LARGE].map(time), madds);
        assert!((found.call_ns - model.call_ns).abs() < 1e-6);
        assert!((found.ns_per_multiply_add / model.ns_per_multiply_add - 1.0).abs() < 1e-9);
        assert!((found.free_multiply_adds / model.free_multiply_adds - 1.0).abs() < 1e-6);
    }

    #[test]
    fn this_machine_has_sound_constants() {
        let model = cost_model(8, 16, 1).unwrap();
        assert!(model.call_ns > 0.0 && model.ns_per_multiply_add > 0.0 && model.free_multiply_adds >= 0.0, "{model:?}");
        assert!(cost_model(0, 16, 1).is_err() && cost_model(8, 0, 1).is_err());
    }
}
