//! Training criteria, and the probabilities that belong to them.

use super::loss::{self, Loss};
use super::options::LossSettings;
use super::step::Sample;
use crate::objective::math::{ln_sigmoid, ln_sum_exp};
use crate::sampler::Hits;
use crate::tree::Tree;
use crate::vocab::WordId;
use hashbrown::HashMap;
use std::ops::Range;

/// Criterion that training minimizes. t is the target.
#[derive(Clone, Debug)]
pub enum Criterion {
    /// −ln softmax(z)_t.
    Softmax,
    /// −ln of the product of the decisions on the path to the target, in this tree.
    Path(Tree),
    /// −ln softmax(z − ln q) of the target among the target and the draws.
    Sampled,
    /// −ln softmax(z)_t over the rows that the step read.
    AmongRows,
    /// −ln σ(z_t) − Σ ln σ(−z) over the draws. At test time, ln q is added to z.
    Noise {
        /// ln q of every word.
        ln_q: Vec<f64>,
        /// Whether draws that equal the target are left out.
        drops_hits: bool,
    },
    /// −ln σ(z_t − ln k·q_t) − Σ ln σ(−(z − ln k·q)) over k draws.
    Contrastive {
        /// ln q of every word.
        ln_q: Vec<f64>,
    },
    /// −Σ ln σ(z_t − z_j) / (S·q_j) over the draws except the target.
    OneVsEach,
    /// −ln p̃_t − Σ ln(1 − p̃_j) over the draws, with p̃ = softmax(z − ln q) over target and draws.
    BlackOut,
    /// −ln of the product of the target's choices. The lists have the choices of every word.
    Choices(Vec<Vec<Choice>>),
    /// Fenchel–Young loss of α-entmax, on scores that are divided by a temperature.
    Entmax {
        /// α, above 1 and at most 2.
        alpha: f64,
        /// T, the temperature.
        temperature: f64,
    },
    /// −ln softmax(z)_t + α·(ln Z)².
    Penalized {
        /// α, the weight of the penalty.
        alpha: f64,
    },
    /// −z_t, plus ln Z / γ or α·(ln Z)² / γ for the examples that were scanned.
    Infrequent {
        /// γ, the share of examples that are scanned.
        gamma: f64,
        /// α of the squared penalty; `None` for ln Z itself.
        alpha: Option<f64>,
    },
}

/// A choice on the way to a word: a range of scores, over which a softmax is taken, and the place in the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Range of the scores.
    pub scores: Range<usize>,
    /// Place of the word, or of its class, in the range.
    pub place: usize,
}

impl Criterion {
    /// Returns the loss of example b, and ∂L/∂z.
    pub(super) fn loss(&self, options: &LossSettings, z: &[f64], b: usize, target: WordId, sample: &Sample) -> Loss {
        if options.ignored == Some(target) {
            return Loss::nothing(z);
        }
        let all = (0..z.len() as WordId).filter(|w| *w != target).map(|w| (w, 0.0));
        match self {
            Self::Softmax if *options != LossSettings::default() => options.loss(z, target),
            Self::Softmax => loss::softmax(z, (target, 0.0), all),
            Self::AmongRows => {
                let others = sample.rows.iter().filter(|w| **w != target).map(|w| (*w, 0.0));
                loss::softmax(z, (target, 0.0), others)
            }
            Self::Sampled => {
                let draws = sample.words.iter().zip(&sample.ln_q).map(|(w, ln_q)| (*w, -ln_q));
                let draws = draws.filter(|(w, _)| sample.hits == Hits::Keep || *w != target);
                loss::softmax(z, (target, -sample.target_ln_q[b]), draws)
            }
            Self::Path(tree) => loss::decisions(z, path(tree, target)),
            Self::Noise { drops_hits, .. } => {
                let noise = sample.words.iter().filter(|w| !drops_hits || **w != target).map(|w| (*w, -1.0));
                loss::decisions(z, std::iter::once((target, 1.0)).chain(noise))
            }
            Self::Contrastive { ln_q } => {
                let ln_k = (sample.words.len() as f64).ln();
                let shifted: Vec<f64> = z.iter().zip(ln_q).map(|(z, ln_q)| z - ln_q - ln_k).collect();
                let noise = sample.words.iter().map(|w| (*w, -1.0));
                loss::decisions(&shifted, std::iter::once((target, 1.0)).chain(noise))
            }
            Self::Choices(words) => loss::choices(z, &words[target as usize]),
            Self::Entmax { alpha, temperature } => loss::of_entmax(z, target, *alpha, *temperature),
            Self::OneVsEach => loss::one_vs_each(z, target, sample),
            Self::BlackOut => loss::black_out(z, (target, -sample.target_ln_q[b]), sample),
            Self::Penalized { alpha } => loss::normalized(z, target, 1.0, *alpha),
            Self::Infrequent { .. } if !sample.scanned[b] => {
                let mut loss = Loss::nothing(z);
                loss.lift(z, target);
                loss
            }
            Self::Infrequent { gamma, alpha: None } => loss::normalized(z, target, 1.0 / gamma, 0.0),
            Self::Infrequent { gamma, alpha: Some(alpha) } => loss::normalized(z, target, 0.0, alpha / gamma),
        }
    }

    /// Returns the expectation of the loss over the draws (k words) if it has a closed form. Otherwise returns the
    /// exact loss, −ln P(target).
    pub(super) fn expected_loss(&self, options: &LossSettings, z: &[f64], target: WordId, k: f64) -> f64 {
        match self {
            Self::Softmax if !options.is_ln_p() => return options.loss(z, target).value,
            _ if options.ignored == Some(target) => return 0.0,
            _ => {}
        }
        let t = target as usize;
        let noise = |z: &dyn Fn(usize) -> f64, ln_q: &[f64]| -> f64 {
            (0..ln_q.len()).map(|w| ln_q[w].exp() * ln_sigmoid(-z(w))).sum()
        };
        match self {
            Self::Noise { ln_q, drops_hits } => {
                let dropped = if *drops_hits { ln_q[t].exp() * ln_sigmoid(-z[t]) } else { 0.0 };
                -ln_sigmoid(z[t]) - k * (noise(&|w| z[w], ln_q) - dropped)
            }
            Self::Contrastive { ln_q } => {
                let shifted = |w: usize| z[w] - ln_q[w] - k.ln();
                -ln_sigmoid(shifted(t)) - k * noise(&shifted, ln_q)
            }
            Self::OneVsEach => -(0..z.len()).filter(|j| *j != t).map(|j| ln_sigmoid(z[t] - z[j])).sum::<f64>(),
            Self::Entmax { alpha, temperature } => loss::of_entmax(z, target, *alpha, *temperature).value,
            Self::Penalized { alpha } => ln_sum_exp(z) - z[t] + alpha * ln_sum_exp(z).powi(2),
            Self::Infrequent { alpha: Some(alpha), .. } => alpha * ln_sum_exp(z).powi(2) - z[t],
            _ => -self.log_probs(options, z)[t],
        }
    }

    /// Whether the criterion is −ln P(target).
    pub fn is_exact(&self) -> bool {
        matches!(self, Self::Softmax | Self::Path(_) | Self::Choices(_))
    }

    /// Whether words may have the probability 0.
    pub fn is_sparse(&self) -> bool {
        matches!(self, Self::Entmax { .. })
    }

    /// Whether a step draws.
    pub fn draws(&self) -> bool {
        !self.is_exact() && !self.is_sparse() && !matches!(self, Self::Penalized { .. })
    }

    /// Whether training normalizes the scores.
    pub fn normalizes(&self) -> bool {
        self.is_exact() || self.is_sparse()
    }

    /// Largest number of scores in the ln P of a word.
    pub fn depth(&self) -> f64 {
        match self {
            Self::Path(tree) => tree.max_depth().max(2) as f64,
            Self::Choices(_) => 4.0,
            _ => 2.0,
        }
    }

    /// Returns ln P of all words.
    pub(super) fn log_probs(&self, options: &LossSettings, z: &[f64]) -> Vec<f64> {
        let shifted = match self {
            Self::Path(tree) => {
                let ln_p = |w| path(tree, w).map(|(n, sign)| ln_sigmoid(sign * z[n as usize])).sum();
                return (0..tree.vocab() as WordId).map(ln_p).collect();
            }
            Self::Choices(words) => return of_choices(words, z),
            Self::Entmax { alpha, temperature } => {
                let divided: Vec<f64> = z.iter().map(|z| z / temperature).collect();
                return loss::entmax(&divided, *alpha).iter().map(|p| p.ln()).collect();
            }
            Self::Noise { ln_q, .. } => z.iter().zip(ln_q).map(|(z, ln_q)| z + ln_q).collect(),
            _ => options.capped(z),
        };
        let ln_z = ln_sum_exp(&shifted);
        shifted.iter().map(|z| z - ln_z).collect()
    }
}

/// Returns the sum of ln softmax over the choices of every word. The normalizer of a range is computed once.
fn of_choices(words: &[Vec<Choice>], z: &[f64]) -> Vec<f64> {
    let mut normalizers = HashMap::new();
    let mut ln_p = |Choice { scores, place }: &Choice| {
        let of_range = &z[scores.clone()];
        of_range[*place] - *normalizers.entry(scores.clone()).or_insert_with(|| ln_sum_exp(of_range))
    };
    words.iter().map(|choices| choices.iter().map(&mut ln_p).sum()).collect()
}

/// Nodes on the path to a word, each with +1 for code 0 and −1 for code 1.
fn path(tree: &Tree, word: WordId) -> impl Iterator<Item = (u32, f64)> + '_ {
    tree.ancestors(word).map(|(node, code)| (node, if code { -1.0 } else { 1.0 }))
}
