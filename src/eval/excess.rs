//! Distance of a model from the truth, for a language whose truth is known.

use crate::corpus::synthetic::SyntheticLanguage;
use crate::layer::{LayerExt, Scratch};
use crate::model::Model;
use crate::rng::WorkerRng;
use crate::table::{Bags, Threads};
use ndarray::Array2;

/// The largest vocabulary for which every pair of words is enumerated.
pub const EXACT_VOCAB: usize = 10_000;

/// Contexts whose distributions are computed together.
const BATCH: usize = 16;

/// Computes Σ_prev π(prev)·KL(P(·|prev) ‖ Q(·|prev)) in nats, exactly by enumeration.
///
/// The context of the model must be the one word to the left. The result is never negative, since its terms are
/// p·ln(p/q) − p + q, which have the same sum.
///
/// The cost is V² probabilities; see [`EXACT_VOCAB`].
pub fn excess_nats(model: &Model, language: &SyntheticLanguage, threads: &Threads) -> f64 {
    let (layer, vocab) = (model.layer(), language.vocab());
    let mut handles = model.frozen(threads);
    let mut scratch = Scratch::new(WorkerRng::new(0, 0));
    let mut truth = vec![0.0; vocab];
    let mut excess = 0.0;
    for start in (0..vocab).step_by(BATCH) {
        let words: Vec<u32> = (start as u32..(start + BATCH).min(vocab) as u32).collect();
        let offsets: Vec<u32> = (0..=words.len() as u32).collect();
        let mut hidden = Array2::zeros((words.len(), layer.dim()));
        let mut ln_q = Array2::zeros((words.len(), vocab));
        model.encoder().forward(&mut handles.encoder, Bags { rows: &words, offsets: &offsets }, hidden.view_mut());
        layer.log_probs(&mut handles.layer, hidden.view(), &mut scratch, ln_q.view_mut());
        for (prev, ln_q) in words.iter().zip(ln_q.rows()) {
            language.next_distribution(*prev, &mut truth);
            let term = |(p, ln_q): (&f64, &f32)| {
                let ln_q = f64::from(*ln_q);
                p * (p.ln() - ln_q) - p + ln_q.exp()
            };
            excess += language.unigram()[*prev as usize] * truth.iter().zip(ln_q).map(term).sum::<f64>();
        }
    }
    excess
}
