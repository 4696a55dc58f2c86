//! What training minimizes, and what it makes of the words.

use super::loss::{self, Loss};
use super::options::LossSettings;
use super::step::Sample;
use crate::objective::math::{ln_sigmoid, ln_sum_exp};
use crate::sampler::Hits;
use crate::tree::Tree;
use crate::vocab::WordId;
use hashbrown::HashMap;
use std::ops::Range;

/// What training minimizes.
#[derive(Clone, Debug)]
pub enum Criterion {
    /// −ln softmax(z)_t.
    Softmax,
    /// −ln of the product of the decisions on the path to the target.
    Path(Tree),
    /// −ln softmax(z − ln q) of the target among the target and the draws.
    Sampled,
    /// −ln softmax(z)_t over the rows that were read.
    AmongRows,
    /// −ln σ(z_t) − Σ ln σ(−z) over the draws. At test time ln q is added to z.
    Noise {
        /// One a word.
        ln_q: Vec<f64>,
        /// Whether draws of the target are left out.
        drops_hits: bool,
    },
    /// −ln σ(z_t − ln k·q_t) − Σ ln σ(−(z − ln k·q)) over k draws.
    Contrastive {
        /// One a word.
        ln_q: Vec<f64>,
    },
    /// −Σ ln σ(z_t − z_j) / (S·q_j) over the draws but the target.
    OneVsEach,
    /// −ln p̃_t − Σ ln(1 − p̃_j) over the draws, p̃ = softmax(z − ln q) over target and draws.
    BlackOut,
    /// −ln of the product of a word's choices.
    Choices(Vec<Vec<Choice>>),
    /// The Fenchel–Young loss of α-entmax, of scores divided by a temperature.
    Entmax {
        /// Above 1 and at most 2.
        alpha: f64,
        /// T.
        temperature: f64,
    },
    /// −ln softmax(z)_t + α·(ln Z)².
    Penalized {
        /// The weight of the penalty.
        alpha: f64,
    },
    /// −z_t, and for the examples that were scanned + ln Z / γ, or + α·(ln Z)² / γ.
    Infrequent {
        /// The share of examples that are scanned.
        gamma: f64,
        /// None: ln Z itself.
        alpha: Option<f64>,
    },
}

/// Where a word stands: a range of scores of which a softmax is taken, and its place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The scores.
    pub scores: Range<usize>,
    /// The place of the word's class, or of the word, among them.
    pub place: usize,
}

impl Criterion {
    /// The loss of example b, and ∂L/∂z.
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

    /// The expectation over what is drawn (k words), where it has a closed form; for the others the exact loss,
    /// −ln P(target).
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

    /// Whether it is −ln P(target).
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

    /// Whether training normalizes.
    pub fn normalizes(&self) -> bool {
        self.is_exact() || self.is_sparse()
    }

    /// Scores that make up ln P of a word, at most.
    pub fn depth(&self) -> f64 {
        match self {
            Self::Path(tree) => tree.max_depth().max(2) as f64,
            Self::Choices(_) => 4.0,
            _ => 2.0,
        }
    }

    /// ln P of all words.
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

/// The sum of ln softmax of every word's choices; the normalizer of a range is summed once.
fn of_choices(words: &[Vec<Choice>], z: &[f64]) -> Vec<f64> {
    let mut normalizers = HashMap::new();
    let mut ln_p = |Choice { scores, place }: &Choice| {
        let of_range = &z[scores.clone()];
        of_range[*place] - *normalizers.entry(scores.clone()).or_insert_with(|| ln_sum_exp(of_range))
    };
    words.iter().map(|choices| choices.iter().map(&mut ln_p).sum()).collect()
}

/// The nodes on the way to a word, each with +1 for code 0 and −1 for code 1.
fn path(tree: &Tree, word: WordId) -> impl Iterator<Item = (u32, f64)> + '_ {
    tree.ancestors(word).map(|(node, code)| (node, if code { -1.0 } else { 1.0 }))
}
