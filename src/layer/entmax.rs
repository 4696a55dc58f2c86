//! α-entmax and sparsemax (α = 2).

use super::kit::flat::Flat;
use super::kit::scan;
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::Result;
use crate::objective::{Alpha, LossOptions, MOST_LOOKS, fold_max};
use crate::table::kernel::view;
use crate::table::{Cost, Rows, Stat, Tables, Tile};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// A sparse alternative to softmax: most words have a probability of exactly 0. It lies between softmax (α → 1) and
/// sparsemax (α = 2).
///
/// - *Model* P(w | h) = max(0, (α − 1)·z_w − τ)^(1/(α − 1)), with z = (v·h + b)/T, and τ such that Σ P = 1. α = 1.5 and
///   α = 2 are solved exactly. Sparsemax, max(0, z_w − τ), is the Euclidean projection of the scores onto the simplex.
/// - *Criterion* the Fenchel–Young loss L = max_p (p·z + H(p)) − z_t, H(p) = (1 − Σ p^α) / (α·(α − 1)). It is 0 only if
///   P(t) = 1, and finite even if P(t) = 0. For sparsemax it is −z_t + ½·Σ_{support} (z² − τ²) + ½, since H is ½·(1 − Σ
///   p²). Held-out text may have −ln P = ∞; see `epsilon_perplexity`.
/// - *Gradient* ∂L/∂(v·h + b) = (P − e_t)/T.
/// - *Cost* 3·B·V·d multiply-adds per step, plus several scans of the scores to find τ. The first scans read a
///   sixteenth of the scores.
/// - *Reference* Peters, Niculae & Martins 2019, eq. 4–9; Blondel, Martins & Niculae 2020. Sparsemax: Martins &
///   Astudillo 2016, eq. 2 and 22.
#[derive(Clone, Debug)]
pub struct Entmax {
    flat: Flat,
    alpha: Alpha,
}

impl Entmax {
    /// Creates a layer over `vocab` words and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, `dim` = 0, or an α that is not above 1 and at most 2.
    pub fn new(vocab: usize, dim: usize, alpha: f64, bias: Bias) -> Result<Self> {
        Ok(Self { flat: Flat::new(vocab, dim, bias)?, alpha: Alpha::new(alpha)? })
    }

    /// Creates a sparsemax layer (α = 2) over `vocab` words and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, or `dim` = 0.
    pub fn sparsemax(vocab: usize, dim: usize, bias: Bias) -> Result<Self> {
        Self::new(vocab, dim, Alpha::SPARSEMAX, bias)
    }

    /// Divides the scores by a temperature T. Scores of this layer are on the scale of probabilities: a difference of
    /// T/(α − 1) makes a word certain. Rates that suit other layers therefore push rare words out at once. A T above 1
    /// slows this layer down and leaves the rate of the encoder unchanged.
    ///
    /// # Errors
    /// A temperature that is not positive and finite.
    pub fn with_temperature(self, temperature: f64) -> Result<Self> {
        Ok(Self { alpha: self.alpha.at_temperature(temperature)?, ..self })
    }

    /// Finds the thresholds of a part of a batch by scans of the scores, until no threshold moves. The thresholds go to
    /// `s.thresholds`; `s.stats` receives the targets' scores.
    fn thresholds(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch) {
        let (block, alpha, targets) = (self.flat.block(), self.alpha, batch.targets);
        let all = 0..block.words;
        let Scratch { stats, thresholds, looks, .. } = s;
        clear(stats, batch.len());
        w.scan(block.table, all.clone(), batch.hidden, &|tile, stats| fold_max(targets, tile, stats), stats);
        thresholds.clear();
        thresholds.extend(stats.iter().map(|stat| alpha.begin(stat.max, block.words as usize)));
        // A search over a sample of the words finds the approximate threshold, which saves scans of all words.
        let words = block.words as usize;
        let searches = [(SAMPLE, NEAR), (1, alpha.enough())];
        for (every, enough) in &searches[usize::from(words < SAMPLED_FROM)..] {
            for _ in 0..MOST_LOOKS {
                clear(looks, batch.len());
                let now = &*thresholds;
                let fold = |tile: &Tile, stats: &mut [Stat]| alpha.fold(now, *every, tile, stats);
                w.rescan(block.table, all.clone(), batch.hidden, &fold, looks);
                if alpha.improve_all(thresholds, looks, *enough) {
                    break;
                }
            }
            if *every > 1 {
                alpha.begin_again(thresholds, words);
            }
        }
    }
}

/// The first search reads one word in `SAMPLE`, and ends when a step of τ is below `NEAR`.
const SAMPLE: usize = 16;
const NEAR: f64 = 1e-3;
/// Smaller vocabularies skip the first search.
const SAMPLED_FROM: usize = 4096;

fn clear(stats: &mut Vec<Stat>, len: usize) {
    stats.clear();
    stats.resize(len, Stat::EMPTY);
}

/// Returns a part of a batch.
fn part_of<'a>(batch: &Batch<'a>, part: &Range<usize>) -> Batch<'a> {
    Batch {
        hidden: view::rows(&batch.hidden, part),
        targets: &batch.targets[part.clone()],
        weights: batch.weights.map(|weights| &weights[part.clone()]),
        soft: None,
        members: None,
    }
}

impl OutputLayer for Entmax {
    fn shape(&self) -> LayerShape {
        self.flat.shape().giving_zeros()
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        self.flat.biases(|word| self.alpha.score_of(counts.probability(word)))
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        let name = if self.alpha.is_sparsemax() { "Sparsemax" } else { "Entmax" };
        loss.check(name, self.flat.vocab(), &[])
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let (block, alpha) = (self.flat.block(), self.alpha);
        s.clear_losses(&batch);
        for part in scan::parts(batch.len(), block.words as usize) {
            let (of_part, all) = (part_of(&batch, &part), 0..block.words);
            self.thresholds(w, &of_part, s);
            let Scratch { stats, thresholds, looks, losses, .. } = s;
            for (i, b) in part.clone().enumerate() {
                // The last scan has Σ p^α. The threshold has moved since then, but by less than the tolerance of the
                // search.
                let loss = alpha.loss(&thresholds[i], stats[i].target, looks[i].linear);
                losses[b] = f64::from(batch.weight(b)) * loss;
            }
            let coef = |tile: &mut Tile| alpha.gradient(of_part.targets, thresholds, |b| of_part.weight(b), tile);
            let d_x = view::rows_mut(&mut d_hidden, &part);
            w.sweep(block.table, all, of_part.hidden, &coef, d_x, part.end == batch.len());
        }
        s.total_loss(losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        let block = self.flat.block();
        w.scores(block.table, &Rows::Range(0..block.words), hidden, out.view_mut());
        for mut row in out.rows_mut() {
            let row = row.as_slice_mut().expect("rows of `out` are contiguous");
            let at = self.alpha.threshold(row);
            row.iter_mut().for_each(|z| *z = self.alpha.log_prob(*z, &at) as f32);
        }
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        for part in scan::parts(batch.len(), self.flat.vocab()) {
            self.thresholds(w, &part_of(&batch, &part), s);
            for (b, (at, stat)) in part.zip(s.thresholds.iter().zip(&s.stats)) {
                out[b] = self.alpha.log_prob(stat.target, at);
            }
        }
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(scan::cost(targets.len(), self.flat.vocab(), self.flat.vocab(), self.flat.dim()))
    }
}
