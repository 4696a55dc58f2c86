//! Distance of a model from the truth, where the truth is known.

use crate::corpus::synthetic::SyntheticLanguage;
use crate::corpus::{Context, Direction, Examples, Window};
use crate::eval::{self, Distributions, HeldOut};
use crate::model::Model;
use crate::table::Threads;

/// Largest vocabulary whose distributions are kept for the points of curves, in 4·V² bytes.
const KEPT_VOCAB: usize = 2_000;

/// The language that examples come from, for contexts that end with the word before the target.
pub(super) struct Truth<'a> {
    language: &'a SyntheticLanguage,
    /// The context is that word alone, and the language is small enough to enumerate.
    is_enumerable: bool,
}

impl<'a> Truth<'a> {
    /// `None` where the nearest word to the left is no part of the context, or one of several examples of a position.
    pub fn new(language: &'a SyntheticLanguage, window: Window) -> Option<Self> {
        let one_word = window.size() == 1;
        let is_left = window.context() == Context::Left && (window.direction() == Direction::Cbow || one_word);
        is_left.then(|| Self { language, is_enumerable: one_word && language.vocab() <= eval::EXACT_VOCAB })
    }

    /// The excess in nats, and how it was found: `enumerated` or `held-out`.
    pub fn excess(
        &self,
        model: &Model,
        valid: &Examples,
        held_out: &HeldOut,
        threads: &Threads,
    ) -> (f64, &'static str) {
        if self.is_enumerable {
            (eval::excess_nats(model, self.language, threads), "enumerated")
        } else {
            (held_out.nll() + self.mean_ln_prob(valid), "held-out")
        }
    }

    /// Prepares the excess of many models on the same examples.
    pub fn of_curve(&self, examples: &Examples) -> CurveTruth {
        if self.is_enumerable && self.language.vocab() <= KEPT_VOCAB {
            CurveTruth::Enumerated(Distributions::of(self.language))
        } else {
            CurveTruth::HeldOut(self.mean_ln_prob(examples))
        }
    }

    /// Mean ln P(target | context) under the truth.
    fn mean_ln_prob(&self, examples: &Examples) -> f64 {
        // Contexts are in the order of the text: the last word is the one before the target.
        let last = |b: usize| *examples.contexts(b).last().expect("a context");
        let ln_prob = |b: usize| self.language.ln_prob(last(b), examples.targets[b]);
        (0..examples.len()).map(ln_prob).sum::<f64>() / examples.len() as f64
    }
}

/// The truth behind the points of a curve.
pub(super) enum CurveTruth {
    /// All distributions: the excess is exact up to rounding.
    Enumerated(Distributions),
    /// Mean ln P of the curve's targets: the excess is that of these targets.
    HeldOut(f64),
}

impl CurveTruth {
    /// The excess in nats of a model with the mean −ln P of `nll` on the curve's examples; `None` where it is infinite.
    pub fn excess(&self, model: &Model, nll: f64, threads: &Threads) -> Option<f64> {
        let excess = match self {
            Self::Enumerated(distributions) => distributions.excess_nats(model, threads),
            Self::HeldOut(mean_ln_prob) => nll + mean_ln_prob,
        };
        Some(excess).filter(|excess| excess.is_finite())
    }
}
