//! The criterion with [`LossOptions`], over tiles of scores.

use super::row_of;
use super::{LossOptions, SoftTargets};
use crate::simd;
use crate::table::{Stat, Tile};
use crate::vocab::WordId;

/// The criterion for the examples of one batch: options, targets and weights.
#[derive(Debug)]
pub struct LossWithOptions<'o, 'a> {
    options: &'o LossOptions,
    targets: &'a [WordId],
    soft: Option<SoftTargets<'a>>,
    weights: Option<&'a [f32]>,
    /// Whether word weights and all parts that belong only to the training criterion apply.
    training: bool,
    /// ε/V.
    uniform: f64,
    /// Σ_k c_k for every example; 0 for an ignored one.
    mass: Vec<f64>,
}

impl<'o, 'a> LossWithOptions<'o, 'a> {
    /// The training criterion for a batch. Its targets are words or, with `soft`, distributions over `vocab` words.
    ///
    /// # Panics
    /// If the options do not allow for the soft targets that are given.
    pub fn new(
        options: &'o LossOptions,
        targets: &'a [WordId],
        soft: Option<SoftTargets<'a>>,
        weights: Option<&'a [f32]>,
        vocab: usize,
    ) -> Self {
        if soft.is_some() {
            options.assert_soft();
        }
        let smoothing = f64::from(options.smoothing());
        let uniform = smoothing / vocab as f64;
        let mut goal = Self { options, targets, soft, weights, training: true, uniform, mass: Vec::new() };
        let all = |smoothing: f64| match smoothing {
            0.0 => 0.0,
            _ => (0..vocab as WordId).map(|w| f64::from(options.word_weight(w))).sum::<f64>(),
        };
        let smoothed = uniform * all(smoothing);
        let mass = |b: usize| match soft {
            Some(soft) => soft.words_of(b).map(|(w, p)| goal.share(w, p)).sum::<f64>() + smoothed,
            None if options.ignored() == Some(targets[b]) => 0.0,
            None => goal.share(targets[b], 1.0) + smoothed,
        };
        goal.mass = (0..soft.map_or(targets.len(), |s| s.len())).map(mass).collect();
        goal
    }

    /// The loss −ln P of the targets, with only the options that are part of the model.
    pub fn evaluation(options: &'o LossOptions, targets: &'a [WordId]) -> Self {
        let mass = vec![1.0; targets.len()];
        Self { options, targets, soft: None, weights: None, training: false, uniform: 0.0, mass }
    }

    /// w_k·(1 − ε)·y_k.
    fn share(&self, word: WordId, y: f32) -> f64 {
        if !self.training {
            return f64::from(y);
        }
        (1.0 - f64::from(self.options.smoothing())) * f64::from(self.options.word_weight(word)) * f64::from(y)
    }

    fn word_weight(&self, word: WordId) -> f64 {
        f64::from(self.options.word_weight(word))
    }

    fn z_loss(&self) -> f64 {
        if self.training { f64::from(self.options.z_loss()) } else { 0.0 }
    }

    /// The upstream factor of example b.
    fn weight(&self, b: usize) -> f64 {
        let ignored = self.training && self.soft.is_none() && self.options.ignored() == Some(self.targets[b]);
        if ignored { 0.0 } else { self.weights.map_or(1.0, |w| f64::from(w[b])) }
    }

    /// Folds the scores of a tile into the statistics of the examples from `start` on; `linear` becomes Σ_k c_k·z_k.
    /// The table's first row is word `first`.
    pub fn fold(&self, start: usize, first: WordId, tile: &Tile, stats: &mut [Stat]) {
        let mut capped;
        let bounded;
        let tile = match self.options.soft_cap() {
            None => tile,
            Some(cap) => {
                capped = tile.scores().to_vec();
                simd::soft_cap(&mut capped, cap);
                bounded = Tile::new(tile.rows(), tile.batch(), tile.stride(), &mut capped);
                &bounded
            }
        };
        let mut max = vec![f32::NEG_INFINITY; tile.lanes()];
        let mut sum = vec![0.0; tile.lanes()];
        max.iter_mut().zip(&*stats).for_each(|(max, stat)| *max = stat.max);
        simd::columns::max_and_sum_exp(tile.scores(), tile.stride(), &mut max, &mut sum);
        let mut linear = vec![0.0; tile.batch()];
        self.each_share(start, first, tile.rows(), tile.batch(), |row, b, share| {
            linear[b] += share * f64::from(tile.row(row)[b]);
        });
        if self.uniform > 0.0 {
            for row in tile.rows() {
                let share = self.uniform * self.word_weight(first + row);
                linear.iter_mut().zip(tile.row(row)).for_each(|(sum, z)| *sum += share * f64::from(*z));
            }
        }
        for (b, stat) in stats.iter_mut().enumerate() {
            stat.add(max[b], sum[b]);
            stat.linear += linear[b];
        }
    }

    /// Turns a tile's scores into ∂L/∂z = weight·((Σ_k c_k + 2λ·ln Z)·softmax − c), times the slope of the cap.
    pub fn gradient(&self, start: usize, first: WordId, tile: &mut Tile, stats: &[Stat]) {
        let slopes = self.options.soft_cap().map(|cap| {
            simd::soft_cap(tile.scores_mut(), cap);
            tile.scores().iter().map(|z| 1.0 - (z / cap) * (z / cap)).collect::<Vec<f32>>()
        });
        let (mut shift, mut scale) = (vec![0.0; tile.lanes()], vec![0.0; tile.lanes()]);
        let weights: Vec<f64> = (start..start + stats.len()).map(|b| self.weight(b)).collect();
        for (b, stat) in stats.iter().enumerate() {
            let factor = self.mass[start + b] + 2.0 * self.z_loss() * stat.ln_z();
            (shift[b], scale[b]) = (stat.max, (weights[b] * factor / stat.sum) as f32);
        }
        let stride = tile.stride();
        simd::columns::scaled_exp(tile.scores_mut(), stride, &shift, &scale);
        if self.uniform > 0.0 {
            for row in tile.rows() {
                let share = self.uniform * self.word_weight(first + row);
                let scores = tile.row_mut(row).iter_mut().zip(&weights);
                scores.for_each(|(z, weight)| *z -= (weight * share) as f32);
            }
        }
        self.each_share(start, first, tile.rows(), tile.batch(), |row, b, share| {
            tile.row_mut(row)[b] -= (weights[b] * share) as f32;
        });
        if let Some(slopes) = slopes {
            tile.scores_mut().iter_mut().zip(&slopes).for_each(|(z, slope)| *z *= slope);
        }
    }

    /// Calls `each` for every target in `rows`, with (row, example from `start`, w_k·(1 − ε)·y_k).
    fn each_share(
        &self,
        start: usize,
        first: WordId,
        rows: std::ops::Range<u32>,
        batch: usize,
        mut each: impl FnMut(u32, usize, f64),
    ) {
        for b in 0..batch {
            match self.soft {
                None => {
                    let target = self.targets[start + b];
                    let ignored = self.mass[start + b] == 0.0;
                    if let Some(row) = row_of(target, first, &rows).filter(|_| !ignored) {
                        each(row, b, self.share(target, 1.0));
                    }
                }
                Some(soft) => {
                    if let Some(y) = soft.dense_row(start + b) {
                        rows.clone().for_each(|row| {
                            each(row, b, self.share(first + row, y[(first + row) as usize]));
                        });
                        continue;
                    }
                    for (word, p) in soft.words_of(start + b) {
                        if let Some(row) = row_of(word, first, &rows) {
                            each(row, b, self.share(word, p));
                        }
                    }
                }
            }
        }
    }

    /// The loss of example b in nats, times its upstream factor.
    pub fn loss(&self, b: usize, stat: &Stat) -> f64 {
        let weight = self.weight(b);
        if weight == 0.0 {
            return 0.0;
        }
        let ln_z = stat.ln_z();
        weight * (self.mass[b] * ln_z - stat.linear + self.z_loss() * ln_z * ln_z)
    }
}
