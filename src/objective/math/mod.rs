//! Softmax, logistic and related functions on slices of `f64`, stable for all scores and in all limits.
//!
//! The softmax of scores z at the inverse temperature β is σ(z)_i = e^(βz_i) / Σ_k e^(βz_k). A temperature T means
//! β = 1/T ([`temperature`]); a base b means β = ln b ([`base`]).
//!
//! # Limits
//!
//! Infinite numbers give the limit:
//!
//! | case | softmax |
//! |---|---|
//! | β = +∞, β = −∞ | the largest scores, the smallest scores share 1 equally |
//! | β > 0, some z = +∞ | these scores share 1 equally |
//! | β > 0, some z = −∞ | these get 0 if another score is larger |
//! | all scores equal, even infinite | uniform |
//! | β < 0 | same as −β with −z |
//! | β = 0 | β falls to 0 from above: uniform over the finite scores, infinite ones as for β > 0 |
//!
//! If β or any score is NaN, every result is NaN. Slices of different lengths are a bug and panic.

#[cfg(test)]
mod tests;

/// The inverse temperature β = 1/T. T = 0 gives arg-max, T = 1 the plain softmax, T = ∞ the uniform distribution.
pub fn temperature(t: f64) -> f64 {
    if t == 0.0 { f64::INFINITY } else { 1.0 / t }
}

/// The inverse temperature β = ln b of the softmax b^z_i / Σ_k b^z_k. A base below 1 prefers small scores; a negative
/// one gives NaN.
pub fn base(b: f64) -> f64 {
    b.ln()
}

/// Σ a_i·b_i.
///
/// # Panics
/// If the lengths differ.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    same_length(a, b);
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// ln Σ e^z; −∞ for no scores.
pub fn ln_sum_exp(scores: &[f64]) -> f64 {
    ln_sum_exp_scaled(scores, 1.0)
}

/// ln Σ e^(βz); −∞ for no scores.
pub fn ln_sum_exp_scaled(scores: &[f64], beta: f64) -> f64 {
    let pivot = pivot(scores, beta);
    if !pivot.is_finite() {
        return if beta < 0.0 { -pivot } else { pivot };
    }
    let ln_sum = ln_sum_of_gaps(scores, pivot, beta);
    if pivot == 0.0 { ln_sum } else { beta * pivot + ln_sum }
}

/// ∂ ln Σ e^(βz) / ∂z = β·σ(z), for a finite β.
///
/// # Panics
/// If the lengths differ.
pub fn ln_sum_exp_gradient(scores: &[f64], beta: f64, out: &mut [f64]) {
    softmax(scores, beta, out);
    out.iter_mut().for_each(|p| *p *= beta);
}

/// σ(z)_i = e^(βz_i) / Σ_k e^(βz_k).
///
/// # Panics
/// If the lengths differ.
pub fn softmax(scores: &[f64], beta: f64, out: &mut [f64]) {
    same_length(scores, out);
    let pivot = pivot(scores, beta);
    if is_limit(pivot, beta) {
        return share(scores, pivot, out);
    }
    let mut sum = 0.0;
    for (p, z) in out.iter_mut().zip(scores) {
        *p = gap(*z, pivot, beta).exp();
        sum += *p;
    }
    out.iter_mut().for_each(|p| *p /= sum);
}

/// ln σ(z)_i = βz_i − ln Σ_k e^(βz_k). Precise even if σ underflows or is nearly 1.
///
/// # Panics
/// If the lengths differ.
pub fn log_softmax(scores: &[f64], beta: f64, out: &mut [f64]) {
    same_length(scores, out);
    let pivot = pivot(scores, beta);
    if is_limit(pivot, beta) {
        share(scores, pivot, out);
        return out.iter_mut().for_each(|p| *p = p.ln());
    }
    let ln_sum = ln_sum_of_gaps(scores, pivot, beta);
    for (p, z) in out.iter_mut().zip(scores) {
        *p = gap(*z, pivot, beta) - ln_sum;
    }
}

/// The Jacobian of the softmax times v: out_i = β·σ_i·(v_i − Σ_k σ_k·v_k), for a finite β.
///
/// ∂σ_i/∂z_k = β·σ_i·(δ_ik − σ_k) is symmetric, so this also is v times the Jacobian.
///
/// # Panics
/// If the lengths differ.
pub fn softmax_jvp(probabilities: &[f64], beta: f64, v: &[f64], out: &mut [f64]) {
    same_length(probabilities, out);
    let mean = dot(probabilities, v);
    for ((o, p), x) in out.iter_mut().zip(probabilities).zip(v) {
        *o = beta * p * (x - mean);
    }
}

/// v times the Jacobian of the log-softmax: out_k = β·(v_k − σ_k·Σ_i v_i), for a finite β.
///
/// ∂ ln σ_i/∂z_k = β·(δ_ik − σ_k).
///
/// # Panics
/// If the lengths differ.
pub fn log_softmax_vjp(probabilities: &[f64], beta: f64, v: &[f64], out: &mut [f64]) {
    same_length(probabilities, out);
    same_length(v, out);
    let sum: f64 = v.iter().sum();
    for ((o, p), x) in out.iter_mut().zip(probabilities).zip(v) {
        *o = beta * (x - p * sum);
    }
}

/// Scores whose softmax (β = 1) is proportional to `probabilities`: ln p, shifted so that the mean of the finite scores
/// is 0. A probability of 0 gives −∞; a negative one makes every score NaN.
///
/// # Panics
/// If the lengths differ.
pub fn inverse_softmax(probabilities: &[f64], out: &mut [f64]) {
    same_length(probabilities, out);
    let (mut sum, mut finite) = (0.0, 0.0);
    for (z, p) in out.iter_mut().zip(probabilities) {
        *z = p.ln();
        if *z != f64::NEG_INFINITY {
            sum += *z;
            finite += 1.0;
        }
    }
    if finite > 0.0 {
        out.iter_mut().for_each(|z| *z -= sum / finite);
    }
}

/// 1 / (1 + e^(−x)): the softmax of x and 0.
pub fn logistic(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

/// ln(1 / (1 + e^(−x))).
pub fn ln_sigmoid(x: f64) -> f64 {
    x.min(0.0) - (-x.abs()).exp().ln_1p()
}

/// ln(p / (1 − p)), the inverse of [`logistic`]; NaN outside 0..=1.
pub fn logit(p: f64) -> f64 {
    // Near 1/2 the two logarithms nearly cancel, whereas 2p − 1 is exact.
    if (0.25..=0.75).contains(&p) { 2.0 * (2.0 * p - 1.0).atanh() } else { p.ln() - (-p).ln_1p() }
}

/// The score with the largest β·z, which bounds every exponent from above. NaN if β or any score is NaN.
fn pivot(scores: &[f64], beta: f64) -> f64 {
    if beta.is_nan() || scores.iter().any(|z| z.is_nan()) {
        f64::NAN
    } else if beta < 0.0 {
        scores.iter().copied().fold(f64::INFINITY, f64::min)
    } else {
        scores.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Whether the scores equal to the pivot share the whole probability.
fn is_limit(pivot: f64, beta: f64) -> bool {
    !pivot.is_finite() || beta.is_infinite()
}

/// β·(z − pivot) ≤ 0, for a finite pivot. Computing with halves keeps the difference of finite scores finite.
fn gap(z: f64, pivot: f64, beta: f64) -> f64 {
    let difference = z - pivot;
    if difference.is_finite() {
        beta * difference
    } else if z.is_infinite() {
        f64::NEG_INFINITY
    } else {
        2.0 * (beta * (0.5 * z - 0.5 * pivot))
    }
}

/// ln Σ e^gap. The pivot's own term, 1, is added by `ln_1p`, which keeps small contributions of the others.
fn ln_sum_of_gaps(scores: &[f64], pivot: f64, beta: f64) -> f64 {
    let (mut ties, mut rest) = (0.0, 0.0);
    for z in scores {
        if *z == pivot {
            ties += 1.0;
        } else {
            rest += gap(*z, pivot, beta).exp();
        }
    }
    (rest + (ties - 1.0)).ln_1p()
}

/// Shares 1 equally among the scores equal to the pivot. A NaN equals nothing, so 0/0 yields NaN.
fn share(scores: &[f64], pivot: f64, out: &mut [f64]) {
    let ties = scores.iter().filter(|z| **z == pivot).count() as f64;
    for (p, z) in out.iter_mut().zip(scores) {
        *p = f64::from(*z == pivot) / ties;
    }
}

fn same_length(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len(), "slices of {} and {} entries", a.len(), b.len());
}
