//! Exact, normalized likelihood of held-out examples: the same scale for every layer.

use crate::corpus::Examples;
use crate::encoder::Encoder;
use crate::layer::{Batch, LayerExt, OutputLayer, Scratch};
use crate::model::{Handles, Model};
use crate::rng::WorkerRng;
use crate::table::{Bags, Threads};
use ndarray::Array2;

/// Examples whose scores are computed together: the most, and the least for large tables.
const BATCH: [usize; 2] = [256, 16];
/// Multiply-adds of full scores in a batch: few enough that an evaluation stops within a second on one thread.
const BATCH_WORK: usize = 4_000_000_000;

/// The likelihood of held-out examples.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldOut {
    /// −ln P(target) of every example, in nats.
    pub losses: Vec<f64>,
    /// ln Z, for layers that do not normalize in training.
    pub ln_z: Option<LnZ>,
}

/// Deviation of the scores from normalized ones.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct LnZ {
    /// Mean of ln Z over the examples, in nats.
    pub mean: f64,
    /// Standard deviation of ln Z over the examples, in nats.
    pub standard_deviation: f64,
}

impl HeldOut {
    /// Returns the ε-perplexity: exp of the mean of −ln((P(target) + ε)/(1 + ε·V)). It is finite even for layers that
    /// give a target the probability 0 (Martins, Marinho & Martins 2020, eq. 10).
    pub fn epsilon_perplexity(&self, epsilon: f64, vocab: usize) -> f64 {
        let smoothed = |loss: &f64| -((-loss).exp() + epsilon).ln();
        let mean = self.losses.iter().map(smoothed).sum::<f64>() / self.losses.len() as f64;
        (mean + (epsilon * vocab as f64).ln_1p()).exp()
    }

    /// Returns the mean of −ln P(target), in nats per example. It is infinite if a target has the probability 0.
    pub fn nll(&self) -> f64 {
        self.losses.iter().sum::<f64>() / self.losses.len() as f64
    }

    /// Returns the perplexity, exp(NLL): the number of equally likely words that are as hard to predict.
    pub fn perplexity(&self) -> f64 {
        self.nll().exp()
    }
}

/// Evaluates `model` on `examples`. It changes no weight and draws nothing.
pub fn held_out(model: &Model, examples: &Examples, threads: &Threads) -> HeldOut {
    held_out_by(model.encoder(), model.layer(), &mut model.frozen(threads), examples)
}

/// Evaluates a model through handles on its parameters.
pub fn held_out_by(
    encoder: &dyn Encoder,
    layer: &dyn OutputLayer,
    handles: &mut Handles,
    examples: &Examples,
) -> HeldOut {
    held_out_while(encoder, layer, handles, examples, &mut || true).expect("it goes on to the end")
}

/// Evaluates a model as long as `goes_on` returns true. Returns `None` if the evaluation was broken off.
pub(crate) fn held_out_while(
    encoder: &dyn Encoder,
    layer: &dyn OutputLayer,
    handles: &mut Handles,
    examples: &Examples,
    goes_on: &mut dyn FnMut() -> bool,
) -> Option<HeldOut> {
    let mut scratch = Scratch::new(WorkerRng::new(0, 0));
    let mut log_probs = vec![0.0; examples.len()];
    let mut ln_z = vec![0.0; examples.len()];
    let mut self_normalized = false;
    let [most, least] = BATCH;
    let rows = (BATCH_WORK / (layer.vocab() * layer.dim()).max(1)).clamp(least, most);
    for start in (0..examples.len()).step_by(rows) {
        if !goes_on() {
            return None;
        }
        let range = start..(start + rows).min(examples.len());
        let bags = Bags { rows: &examples.words, offsets: &examples.offsets[range.start..=range.end] };
        let mut hidden = Array2::zeros((range.len(), layer.dim()));
        encoder.forward(&mut handles.encoder, bags, hidden.view_mut());
        let batch = Batch::new(hidden.view(), &examples.targets[range.clone()]);
        layer.log_prob(&mut handles.layer, batch, &mut scratch, &mut log_probs[range.clone()]);
        self_normalized = layer.ln_z(&mut handles.layer, hidden.view(), &mut scratch, &mut ln_z[range]);
    }
    let losses = log_probs.into_iter().map(|p| -p).collect();
    Some(HeldOut { losses, ln_z: self_normalized.then(|| spread(&ln_z)) })
}

fn spread(values: &[f64]) -> LnZ {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    LnZ { mean, standard_deviation: variance.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epsilon_perplexity_is_its_definition_and_finite() {
        let of = |losses: Vec<f64>, epsilon| HeldOut { losses, ln_z: None }.epsilon_perplexity(epsilon, 10);
        assert!((of(vec![2f64.ln(), 8f64.ln()], 0.0) - 4.0).abs() < 1e-12);
        let want = (1.0 + 10.0 * 1e-3) / ((0.5 + 1e-3) * 1e-3f64).sqrt();
        assert!((of(vec![2f64.ln(), f64::INFINITY], 1e-3) / want - 1.0).abs() < 1e-12);
    }
}
