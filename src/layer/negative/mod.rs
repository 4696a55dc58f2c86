//! Negative sampling: classifies words as target or noise.

mod block;

use crate::error::Result;
use crate::layer::kit::flat::{Flat, FlatLayer};
use crate::layer::kit::scan::groups;
use crate::layer::kit::scratch::repeat;
use crate::layer::{Batch, Bias, Scratch};
use crate::objective::{SigmoidTable, logistic_block, logistic_by};
use crate::sampler::Sampler;
use crate::table::kernel::view;
use crate::table::{Cost, Tables};
use crate::vocab::WordId;
use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

/// The treatment of noise words that equal the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum), value(rename_all = "lower"))]
pub enum NoiseHits {
    /// Counts it as noise.
    #[default]
    Keep,
    /// Leaves it out, as word2vec does.
    Drop,
}

/// Logistic regression of the target against k noise words that the batch shares.
///
/// - *Model* the scores learn ln P(w | h) − ln(k·q(w)), so P(w | h) = softmax(v_w·h + b_w + ln q(w)).
/// - *Criterion* L = −ln σ(z_t) − Σ_j ln σ(−z_j) over k words j ~ q with replacement. A noise word that equals the
///   target counts as noise. word2vec drops it, which biases the scores; [`NoiseHits::Drop`] does the same. The targets
///   of a [`Batch::block`] share 3·k noise words with a third of the weight each, so the expected gradient is the same.
/// - *Gradient* ∂L/∂z = σ(z) − \[is the target\]. [`NegativeSampling::with_sigmoid`] takes σ from the table of another
///   program.
/// - *Cost* 3·B·(1 + k)·d multiply-adds per step. If hits are dropped, every target scores the noise anew.
/// - *Reference* Mikolov et al. 2013b, eq. 4; for the learned scores Levy & Goldberg 2014, eq. 11.
#[derive(Debug)]
pub struct NegativeSampling {
    flat: Flat,
    noise: Box<dyn Sampler>,
    ln_negatives: f64,
    sigmoid: Option<SigmoidTable>,
    hits: NoiseHits,
}

impl NegativeSampling {
    /// Creates a layer over the words of `noise`, a sampler with replacement, and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(noise: crate::sampler::WithReplacement, dim: usize, bias: Bias) -> Result<Self> {
        let ln_negatives = (noise.samples() as f64).ln();
        Ok(Self {
            flat: Flat::new(noise.vocab(), dim, bias)?,
            noise: Box::new(noise),
            ln_negatives,
            sigmoid: None,
            hits: NoiseHits::default(),
        })
    }

    /// Takes σ in training from a table.
    pub fn with_sigmoid(self, table: SigmoidTable) -> Self {
        Self { sigmoid: Some(table), ..self }
    }

    /// Sets the treatment of noise that equals the target. If it is dropped, as in word2vec.c and gensim, the scores of
    /// frequent words learn less than ln P − ln(k·q). No closed form turns such scores into probabilities.
    /// [`log_probs`](crate::layer::OutputLayer::log_probs) does not change.
    pub fn with_hits(self, hits: NoiseHits) -> Self {
        Self { hits, ..self }
    }

    /// Draws the noise into `s.rows`, behind a place for the target, and sets the signs.
    fn draw(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch) {
        if s.ahead.take().is_none() {
            self.noise.draw_plain(batch.hidden, batch.targets, &mut s.rng, &mut s.draws);
        }
        w.count_draws(s.draws.words.len());
        s.rows.clear();
        s.rows.push(0);
        s.rows.extend(&s.draws.words);
        s.signs.clear();
        s.signs.resize(s.rows.len(), -1.0);
        s.signs[0] = 1.0;
    }

    /// Takes a step for each target with the noise. A hit has the sign 0: no gradient, and a loss of ln 2 that is
    /// subtracted again.
    fn step_without_hits(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch, mut d_hidden: ArrayViewMut2<f32>) {
        for group in groups(batch.targets) {
            let target = batch.targets[group.start];
            s.rows[0] = target;
            let mut hits = 0.0;
            for (sign, word) in s.signs[1..].iter_mut().zip(&s.rows[1..]) {
                *sign = if *word == target { 0.0 } else { -1.0 };
                hits += f64::from(1.0 + *sign);
            }
            let signs = &s.signs;
            let coef = |part: std::ops::Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                let weight = |b: usize| batch.weight(group.start + part.start + b);
                logistic_by(self.sigmoid.as_ref(), signs, weight, z, losses);
            };
            let x = view::rows(&batch.hidden, &group);
            let d_x = view::rows_mut(&mut d_hidden, &group);
            w.step(0, &s.rows, x, &coef, &mut s.losses[group.clone()], d_x);
            group.for_each(|b| s.losses[b] -= f64::from(batch.weight(b)) * hits * std::f64::consts::LN_2);
        }
    }

    /// Takes a step with hits kept. A batch with a single target is one step over target and noise. Otherwise the noise
    /// is scored against the whole batch, and every target against its own examples. Unless `each` is set, only the sum
    /// of the losses is meaningful.
    fn step_with_hits(
        &self,
        w: &mut Tables,
        batch: &Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        each: bool,
    ) {
        let table = self.sigmoid.as_ref();
        let one_target = groups(batch.targets).nth(1).is_none() && !batch.is_empty();
        let noise_from = usize::from(!one_target);
        if one_target {
            s.rows[0] = batch.targets[0];
        }
        let summed = one_target && batch.weights.is_none() && !each && table.is_none();
        let signs = &s.signs[noise_from..];
        let signs = if summed { repeat(signs, batch.len(), &mut s.repeated) } else { signs };
        let coef = |part: std::ops::Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
            if summed {
                logistic_block(signs, z, losses);
            } else {
                logistic_by(table, signs, |b| batch.weight(part.start + b), z, losses);
            }
        };
        w.step(0, &s.rows[noise_from..], batch.hidden, &coef, &mut s.losses, d_hidden.view_mut());
        if !one_target {
            for group in groups(batch.targets) {
                let coef = |part: std::ops::Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                    logistic_by(table, &[1.0], |b| batch.weight(group.start + part.start + b), z, losses);
                };
                let x = view::rows(&batch.hidden, &group);
                let d_x = view::rows_mut(&mut d_hidden, &group);
                w.step(0, &[batch.targets[group.start]], x, &coef, &mut s.losses[group.clone()], d_x);
            }
        }
    }

    /// Draws the noise of the next step, if that step was announced, and prefetches its rows.
    fn look_ahead(&self, w: &Tables, s: &mut Scratch) {
        let Some((target, _)) = s.take_announced() else { return };
        let hidden = ArrayView2::from_shape((0, 0), &[]).expect("none");
        self.noise.draw_plain(hidden, &[target], &mut s.rng, &mut s.draws);
        s.ahead = Some(target);
        w.prefetch(0, &[target]);
        w.prefetch(0, &s.draws.words);
    }
}

impl FlatLayer for NegativeSampling {
    fn flat(&self) -> &Flat {
        &self.flat
    }

    fn is_shifted(&self) -> bool {
        true
    }

    /// ln q, which the scores do not contain.
    fn shift(&self, word: WordId) -> f64 {
        self.noise.ln_prob(word)
    }

    /// ln k: ln Σ exp(z + ln(k·q)) is 0 if the criterion is at its optimum.
    fn ln_z_shift(&self) -> f64 {
        self.ln_negatives
    }

    fn takes_blocks(&self) -> bool {
        true
    }

    /// If hits are dropped, every target is scored against the noise separately, except in a block.
    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        if let Some(members) = batch.members {
            return self.step_block(w, &batch, members, s, d_hidden, losses);
        }
        s.clear_losses(&batch);
        self.draw(w, &batch, s);
        if self.hits == NoiseHits::Drop {
            self.step_without_hits(w, &batch, s, d_hidden);
        } else {
            self.step_with_hits(w, &batch, s, d_hidden, losses.is_some());
        }
        let loss = s.total_loss(losses);
        self.look_ahead(w, s);
        loss
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let (k, dim) = (self.noise.samples(), self.flat.dim());
        let draws = Cost::of_draws(k);
        let groups: Vec<_> = groups(targets).collect();
        let steps = match groups.len() {
            _ if self.hits == NoiseHits::Drop => groups.iter().map(|g| Cost::step(g.len(), 1 + k, dim)).sum(),
            1 => Cost::step(targets.len(), 1 + k, dim),
            _ => Cost::step(targets.len(), k, dim) + groups.iter().map(|g| Cost::step(g.len(), 1, dim)).sum(),
        };
        Some(draws + steps)
    }
}

#[cfg(test)]
mod tests {
    use crate::layer::catalogue::{LayerSpec, Shape};
    use crate::layer::{Batch, Bias, Scratch, set_up};
    use crate::optimizer::Optimizer;
    use crate::rng::WorkerRng;
    use crate::table::{Matrix, Online, Table, Tables, Threads};
    use crate::vocab::Counts;
    use ndarray::Array2;

    /// Returns the loss of one step on `target` with a hidden vector of zeros, and the change of the biases at rate 1.
    fn step(name: &str, counts: &[u64], bias: &[f32], target: u32) -> (f64, Vec<f32>) {
        let counts = Counts::new(counts.to_vec()).unwrap();
        let context = Shape::new(&counts, 2, Bias::Zero);
        let layer = name.parse::<LayerSpec>().unwrap().build(&context).unwrap();
        let mut matrices: Vec<Matrix> = set_up(&*layer, None, Optimizer::Sgd, &mut WorkerRng::new(1, 0)).unwrap();
        let matrix = &mut matrices[0];
        matrix.bias_mut().copy_from_slice(bias);
        let table: Box<dyn Table> = Box::new(Online::new(matrix, 1.0, Threads::default()));
        let (mut w, mut s) = (Tables::new(vec![table]), Scratch::new(WorkerRng::new(1, 1)));
        let (hidden, mut d_hidden) = (Array2::zeros((1, 2)), Array2::zeros((1, 2)));
        let loss = layer.step(&mut w, Batch::new(hidden.view(), &[target]), &mut s, d_hidden.view_mut(), None);
        drop(w);
        (loss, matrices[0].bias().iter().zip(bias).map(|(after, before)| after - before).collect())
    }

    #[test]
    fn dropped_hits_leave_the_target_alone() {
        // With a vocabulary of one word all noise is the target.
        let ln_2 = std::f64::consts::LN_2;
        assert!((step("negative:samples=4", &[9], &[0.0], 0).0 - 5.0 * ln_2).abs() < 1e-6);
        let (loss, moved) = step("negative:samples=4:hits=drop", &[9], &[0.0], 0);
        assert!((loss - ln_2).abs() < 1e-6 && (moved[0] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn tables_of_other_programs_cut_gradients_off() {
        // Scores of 7 for noise or for the wrong turn, and of −7 for the target: all are wrong.
        let exact = 1.0 / (1.0 + (-7f32).exp());
        for (sigmoid, tree, noise) in
            [("exact", exact, exact), ("word2vec", 0.0, 1.0), ("gensim", 0.0, 0.0), ("fasttext", exact, exact)]
        {
            let (loss, moved) = step(&format!("hierarchical:sigmoid={sigmoid}"), &[2, 1], &[7.0], 1);
            let wrong = if loss > 6.0 {
                (loss, moved)
            } else {
                step(&format!("hierarchical:sigmoid={sigmoid}"), &[2, 1], &[7.0], 0)
            };
            assert!((wrong.0 - 7.000911).abs() < 1e-4, "{sigmoid}: {}", wrong.0);
            assert!((wrong.1[0].abs() - tree).abs() < 1e-3, "{sigmoid}: {:?}", wrong.1);
            let name = format!("negative:samples=1:hits=drop:sigmoid={sigmoid}");
            let (loss, moved) = step(&name, &[1_000_000, 1], &[7.0, -7.0], 1);
            assert!((loss - 14.001823).abs() < 1e-3, "{sigmoid}: {loss}");
            assert!((moved[0] + noise).abs() < 1e-3 && (moved[1] - noise).abs() < 1e-3, "{sigmoid}: {moved:?}");
        }
    }
}
