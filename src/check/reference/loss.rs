//! Losses of scores, one example at a time.

use super::criterion::Choice;
use super::step::Sample;
use crate::objective::math::{ln_sigmoid, ln_sum_exp};
use crate::vocab::WordId;

/// Loss of one example, and ∂L/∂z.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// Loss in nats.
    pub value: f64,
    /// ∂L/∂z.
    pub d_z: Vec<f64>,
    /// ∂L/∂z with the absolute values of its terms added.
    pub size: Vec<f64>,
    /// Number of decisions or softmaxes.
    pub terms: f64,
}

impl Loss {
    pub(super) fn nothing(z: &[f64]) -> Self {
        Self { value: 0.0, d_z: vec![0.0; z.len()], size: vec![0.0; z.len()], terms: 0.0 }
    }

    /// Adds −z_t.
    pub(super) fn lift(&mut self, z: &[f64], target: WordId) {
        let t = target as usize;
        self.value -= z[t];
        self.d_z[t] -= 1.0;
        self.size[t] += 1.0;
        self.terms += 1.0 + 2.0 * z[t].abs();
    }
}

/// Softmax over a target and other classes. Each class is a word and a number that is added to its score; words may
/// repeat.
pub(super) fn softmax(z: &[f64], target: (WordId, f64), others: impl Iterator<Item = (WordId, f64)>) -> Loss {
    let classes: Vec<(WordId, f64)> = std::iter::once(target).chain(others).collect();
    let scores: Vec<f64> = classes.iter().map(|(w, shift)| z[*w as usize] + shift).collect();
    let ln_z = ln_sum_exp(&scores);
    let mut d_z = vec![0.0; z.len()];
    for ((w, _), score) in classes.iter().zip(&scores) {
        d_z[*w as usize] += (score - ln_z).exp();
    }
    let mut size = d_z.clone();
    size[target.0 as usize] += 1.0;
    d_z[target.0 as usize] -= 1.0;
    Loss { value: ln_z - scores[0], d_z, size, terms: 1.0 }
}

/// Independent decisions, each a row and its sign ±1; rows may repeat.
pub(super) fn decisions(z: &[f64], decisions: impl Iterator<Item = (u32, f64)>) -> Loss {
    let mut loss = Loss::nothing(z);
    for (row, sign) in decisions {
        let row = row as usize;
        let wrong = ln_sigmoid(-sign * z[row]).exp();
        loss.value -= ln_sigmoid(sign * z[row]);
        loss.d_z[row] -= sign * wrong;
        loss.size[row] += wrong;
        loss.terms += 1.0;
    }
    loss
}

/// −z_t + a·ln Z + b·(ln Z)².
pub(super) fn normalized(z: &[f64], target: WordId, a: f64, b: f64) -> Loss {
    let ln_z = ln_sum_exp(z);
    let mut loss = Loss::nothing(z);
    loss.value = a * ln_z + b * ln_z * ln_z;
    // ln Z has the error of a score, and it enters every probability.
    loss.terms = (a + b) * (1.0 + 2.0 * ln_z.abs());
    for (w, z) in z.iter().enumerate() {
        let p = (z - ln_z).exp();
        loss.d_z[w] = (a + 2.0 * b * ln_z) * p;
        loss.size[w] = (a + 2.0 * b * (1.0 + ln_z.abs())) * p;
    }
    loss.lift(z, target);
    loss
}

/// The sum of softmax losses over the choices of a word, each over its part of the scores.
pub(super) fn choices(z: &[f64], of_word: &[Choice]) -> Loss {
    let mut loss = Loss::nothing(z);
    for Choice { scores, place } in of_word {
        let one = softmax(&z[scores.clone()], (*place as WordId, 0.0), {
            let place = *place;
            (0..scores.len()).filter(move |w| *w != place).map(|w| (w as WordId, 0.0))
        });
        loss.value += one.value;
        loss.terms += one.terms;
        for (i, w) in scores.clone().enumerate() {
            loss.d_z[w] += one.d_z[i];
            loss.size[w] += one.size[i];
        }
    }
    loss
}

/// Probabilities of α-entmax. The threshold is found by bisection.
pub(super) fn entmax(z: &[f64], alpha: f64) -> Vec<f64> {
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let power = 1.0 / (alpha - 1.0);
    let p =
        |tau: f64| -> Vec<f64> { z.iter().map(|z| ((alpha - 1.0) * (z - max) - tau).max(0.0).powf(power)).collect() };
    let (mut low, mut high) = (-1.0, 0.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if p(middle).iter().sum::<f64>() > 1.0 { low = middle } else { high = middle }
    }
    p(low)
}

/// max_p (p·z/T + H(p)) − z_t/T. A probability changes by at most as much as a score, whatever its own size.
/// Probabilities far from the threshold stay 0.
pub(super) fn of_entmax(z: &[f64], target: WordId, alpha: f64, temperature: f64) -> Loss {
    let z: Vec<f64> = z.iter().map(|z| z / temperature).collect();
    let p = entmax(&z, alpha);
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut loss = Loss::nothing(&z);
    let entropy = (1.0 - p.iter().map(|p| p.powf(alpha)).sum::<f64>()) / (alpha * (alpha - 1.0));
    loss.value = p.iter().zip(&z).map(|(p, z)| p * (z - max)).sum::<f64>() + max + entropy;
    for w in 0..z.len() {
        loss.d_z[w] = p[w];
        // Size 1 wherever rounding might lead into the support, for scores below 10⁵.
        loss.size[w] = if (alpha - 1.0) * (z[w] - max) > -1.5 { 1.0 } else { p[w] };
    }
    loss.lift(&z, target);
    loss.terms += 1.0 + max.abs();
    loss.d_z.iter_mut().chain(&mut loss.size).for_each(|x| *x /= temperature);
    loss
}

/// Pairs of the target and a draw, each with the weight 1/(S·q).
pub(super) fn one_vs_each(z: &[f64], target: WordId, sample: &Sample) -> Loss {
    let mut loss = Loss::nothing(z);
    let t = target as usize;
    for (w, ln_q) in sample.words.iter().zip(&sample.ln_q).filter(|(w, _)| **w != target) {
        let (w, times) = (*w as usize, (-ln_q).exp() / sample.words.len() as f64);
        let wrong = ln_sigmoid(z[w] - z[t]).exp();
        loss.value -= times * ln_sigmoid(z[t] - z[w]);
        loss.d_z[w] += times * wrong;
        loss.d_z[t] -= times * wrong;
        loss.size[w] += times * wrong;
        loss.size[t] += times * wrong;
        loss.terms += times;
    }
    loss
}

/// −ln(1 − p̃_j) is ln Σ over all members minus ln Σ over all members except j.
pub(super) fn black_out(z: &[f64], target: (WordId, f64), sample: &Sample) -> Loss {
    let draws = sample.words.iter().zip(&sample.ln_q).map(|(w, ln_q)| (*w, -ln_q));
    let members: Vec<(WordId, f64)> = std::iter::once(target).chain(draws).collect();
    let mut loss = softmax(z, target, members[1..].iter().copied());
    let all = softmax(z, target, members[1..].iter().copied());
    let mut draws: Vec<WordId> = sample.words.clone();
    draws.sort_unstable();
    for same in draws.chunk_by(|a, b| a == b) {
        // One copy of the draw is left out, as often as the word was drawn.
        let one = members.iter().skip(1).position(|(word, _)| *word == same[0]).unwrap() + 1;
        let rest = members.iter().enumerate().skip(1).filter(|(j, _)| *j != one).map(|(_, member)| *member);
        let (rest, times) = (softmax(z, target, rest), same.len() as f64);
        loss.value += times * (all.value - rest.value);
        for w in 0..z.len() {
            loss.d_z[w] += times * (all.d_z[w] - rest.d_z[w]);
            loss.size[w] += times * (all.size[w] + rest.size[w]);
        }
    }
    loss.terms = members.len() as f64;
    loss
}
