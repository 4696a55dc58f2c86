//! Options of the loss.

use super::loss::Loss;
use crate::objective::math::ln_sum_exp;
use crate::vocab::WordId;

/// Options of the loss.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossSettings {
    /// ε, the share of a target that is spread equally over all words.
    pub smoothing: f64,
    /// λ of λ·(ln Z)².
    pub z_loss: f64,
    /// Cap of the scores, which become cap·tanh(z/cap).
    pub cap: Option<f64>,
    /// Target whose examples do not count.
    pub ignored: Option<WordId>,
    /// Weight of each word [default: all 1].
    pub word_weights: Option<Vec<f64>>,
}

impl LossSettings {
    /// Whether the loss is −ln P(target).
    pub fn is_ln_p(&self) -> bool {
        *self == Self { cap: self.cap, ..Self::default() }
    }

    /// Returns the capped scores.
    pub(super) fn capped(&self, z: &[f64]) -> Vec<f64> {
        let cap = |z: &f64| self.cap.map_or(*z, |cap| cap * (z / cap).tanh());
        z.iter().map(cap).collect()
    }

    /// −Σ_k c_k·ln P(k) + λ·(ln Z)², with c_k = w_k·((1 − ε)·[k = t] + ε/V).
    pub(super) fn loss(&self, z: &[f64], target: WordId) -> Loss {
        let vocab = z.len();
        if self.ignored == Some(target) {
            return Loss::nothing(z);
        }
        let z_capped = self.capped(z);
        let ln_z = ln_sum_exp(&z_capped);
        let mut loss = Loss { value: self.z_loss * ln_z * ln_z, d_z: vec![], size: vec![], terms: 0.0 };
        let mut shares = Vec::new();
        for k in 0..vocab {
            let hit = if k as WordId == target { 1.0 - self.smoothing } else { 0.0 };
            let weight = self.word_weights.as_ref().map_or(1.0, |w| w[k]);
            shares.push(weight * (hit + self.smoothing / vocab as f64));
            loss.value += shares[k] * (ln_z - z_capped[k]);
        }
        let mass: f64 = shares.iter().sum();
        loss.terms = 2.0 * mass + 2.0 * self.z_loss * ln_z.abs();
        for k in 0..vocab {
            let p = (z_capped[k] - ln_z).exp();
            let slope = self.cap.map_or(1.0, |cap| 1.0 - (z_capped[k] / cap).powi(2));
            loss.d_z.push(slope * ((mass + 2.0 * self.z_loss * ln_z) * p - shares[k]));
            // An error of a score changes the slope by at most 2/cap times the error, and ln Z by the whole error.
            let steep = self.cap.map_or(1.0, |cap| 1.0 + 2.0 / cap);
            loss.size.push(steep * ((mass + 2.0 * self.z_loss * (ln_z.abs() + 1.0)) * p + shares[k]));
        }
        loss
    }
}
