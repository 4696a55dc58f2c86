//! Distance of a model from the truth, for a language whose truth is known.

use crate::corpus::synthetic::SyntheticLanguage;
use crate::layer::{LayerExt, Scratch};
use crate::model::Model;
use crate::rng::WorkerRng;
use crate::table::{Bags, Threads};
use crate::vocab::WordId;
use ndarray::{Array2, ArrayView1};

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
    let mut truth = vec![0.0; language.vocab()];
    let mut excess = 0.0;
    each_context(model, threads, |prev, ln_q| {
        language.next_distribution(prev, &mut truth);
        let term = |(p, ln_q): (&f64, &f32)| {
            let ln_q = f64::from(*ln_q);
            p * (p.ln() - ln_q) - p + ln_q.exp()
        };
        excess += language.unigram()[prev as usize] * truth.iter().zip(ln_q).map(term).sum::<f64>();
    });
    excess
}

/// Calls `of` with each word and ln Q(·|word), for a model whose context is the one word to the left.
fn each_context(model: &Model, threads: &Threads, mut of: impl FnMut(WordId, ArrayView1<f32>)) {
    let layer = model.layer();
    let vocab = layer.vocab();
    let mut handles = model.frozen(threads);
    let mut scratch = Scratch::new(WorkerRng::new(0, 0));
    for start in (0..vocab).step_by(BATCH) {
        let words: Vec<WordId> = (start as WordId..(start + BATCH).min(vocab) as WordId).collect();
        let offsets: Vec<u32> = (0..=words.len() as u32).collect();
        let mut hidden = Array2::zeros((words.len(), layer.dim()));
        let mut ln_q = Array2::zeros((words.len(), vocab));
        model.encoder().forward(&mut handles.encoder, Bags { rows: &words, offsets: &offsets }, hidden.view_mut());
        layer.log_probs(&mut handles.layer, hidden.view(), &mut scratch, ln_q.view_mut());
        words.iter().zip(ln_q.rows()).for_each(|(prev, ln_q)| of(*prev, ln_q));
    }
}

/// All distributions of a language, kept in V² numbers of 4 bytes, for one comparison after another.
#[cfg(feature = "eval")]
pub(crate) struct Distributions {
    /// P(next | prev), V × V.
    conditional: Array2<f32>,
    /// π(prev).
    unigram: Vec<f64>,
    /// Σ_prev π(prev) Σ_next P·ln P over the numbers above.
    negative_entropy: f64,
}

#[cfg(feature = "eval")]
impl Distributions {
    pub fn of(language: &SyntheticLanguage) -> Self {
        let vocab = language.vocab();
        let mut conditional = Array2::zeros((vocab, vocab));
        let mut truth = vec![0.0; vocab];
        let unigram = language.unigram().to_vec();
        let mut negative_entropy = 0.0;
        for (prev, mut row) in conditional.rows_mut().into_iter().enumerate() {
            language.next_distribution(prev as WordId, &mut truth);
            row.iter_mut().zip(&truth).for_each(|(kept, p)| *kept = *p as f32);
            let term = |p: &f32| f64::from(*p) * f64::from(*p).ln();
            negative_entropy += unigram[prev] * row.iter().filter(|p| **p > 0.0).map(term).sum::<f64>();
        }
        Self { conditional, unigram, negative_entropy }
    }

    /// [`excess_nats`] up to rounding: some 10⁻⁶ nats, of either sign. Infinite where Q is 0.
    pub fn excess_nats(&self, model: &Model, threads: &Threads) -> f64 {
        let mut cross = 0.0;
        each_context(model, threads, |prev, ln_q| {
            let prev = prev as usize;
            let term = |(p, ln_q): (&f32, &f32)| if *p > 0.0 { f64::from(*p) * f64::from(*ln_q) } else { 0.0 };
            cross += self.unigram[prev] * self.conditional.row(prev).iter().zip(ln_q).map(term).sum::<f64>();
        });
        self.negative_entropy - cross
    }
}
