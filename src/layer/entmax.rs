//! α-entmax and sparsemax (α = 2).

use super::kit::flat::Flat;
use super::kit::scan;
use super::kit::scratch::two_blocks;
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::Result;
use crate::objective::{Alpha, LossOptions, MOST_LOOKS, Support, fold_max};
use crate::simd::above;
use crate::table::kernel::view;
use crate::table::{Cost, Rows, Stat, Tables, Tile, keeps_scores};
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
/// - *Cost* 3·B·V·d multiply-adds per step, and B·V·d/16 for the scores of one word in 16 if V ≥ 4096, d ≥ 64 and
///   B ≥ 16 (of a part of the batch). The sample tells which scores may lie above τ. The scan lists these, and their
///   list gives τ; where it does not, a second look lists all that can lie above τ at all. If the lists are long, or
///   without a sample, τ comes from several looks at all scores. Above 1.8 million words there is no sample.
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

    /// Finds the thresholds of a part of a batch. The thresholds go to `s.thresholds`, Σ p^α to `s.looks`, and the
    /// targets' scores to `s.stats`. Returns how many words have a probability.
    fn thresholds(&self, w: &mut Tables, batch: &Batch, s: &mut Scratch) -> Support {
        let (block, targets) = (self.flat.block(), batch.targets);
        let words = block.words as usize;
        s.shortlist.begin(batch.len(), batch.len() * words / LISTED);
        let sampled = samples(batch.len(), words, block.dim);
        let lists = sampled > 0 && self.guess_bounds(w, batch.hidden, sampled, s);
        let Scratch { stats, thresholds, looks, shortlist, .. } = s;
        clear(stats, batch.len());
        let list = &*shortlist;
        let fold = |tile: &Tile, stats: &mut [Stat]| {
            fold_max(targets, tile, stats);
            list.see(tile);
        };
        let scans = |w: &mut Tables| w.scan(block.table, 0..block.words, batch.hidden, &fold, stats);
        let others = w.find(scans, || list.packed());
        let has_room = shortlist.end_scan(&others);
        thresholds.clear();
        thresholds.extend(stats.iter().map(|stat| self.alpha.begin(stat.max, words)));
        clear(looks, batch.len());
        if lists && has_room && self.few_words(w, batch.hidden, s) {
            return Support::Few;
        }
        self.all_words(w, batch.hidden, s);
        Support::Many
    }

    /// Puts bounds on the shortlist, from the scores of `count` words. Returns whether there seems to be room
    /// for what reaches the bounds; if not, no bounds are put.
    fn guess_bounds(&self, w: &mut Tables, hidden: ArrayView2<f32>, count: usize, s: &mut Scratch) -> bool {
        let (block, batch) = (self.flat.block(), hidden.nrows());
        let Scratch { rows, blocks, shortlist, few, .. } = s;
        rows.clear();
        rows.extend((0..count).map(|i| (SAMPLE * i + SAMPLE / 2) as u32));
        let [scores, _] = two_blocks(blocks, batch * count, 0);
        let out = ArrayViewMut2::from_shape((batch, count), scores).expect("B × sample");
        w.scores(block.table, &Rows::List(rows), hidden, out);
        let mut reached = 0;
        for (b, sample) in blocks[0].chunks_exact(count).enumerate() {
            let bound = self.alpha.likely_bound(sample, SAMPLE, few);
            reached += above::count(sample, bound);
            shortlist.set_bound(b, bound);
        }
        let room = reached * SAMPLE <= batch * block.words as usize / LISTED;
        if !room {
            shortlist.begin(batch, 0);
        }
        room
    }

    /// Finds the thresholds from the words whose scores reach the bounds of the shortlist, and from a second list with
    /// bounds that are certain where those bounds were too high. Returns whether all were found.
    fn few_words(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch) -> bool {
        let (block, alpha) = (self.flat.block(), self.alpha);
        let Scratch { thresholds, looks, shortlist, few, .. } = s;
        for look in 0..2 {
            if look == 1 {
                for (b, at) in thresholds.iter().enumerate() {
                    shortlist.set_bound(b, if at.found { f32::INFINITY } else { alpha.certain_bound(at.max) });
                }
                shortlist.clear();
                let list = &*shortlist;
                let fold = |tile: &Tile, _: &mut [Stat]| list.see(tile);
                let scans = |w: &mut Tables| w.rescan(block.table, 0..block.words, hidden, &fold, looks);
                let others = w.find(scans, || list.packed());
                if !shortlist.end_scan(&others) {
                    return false;
                }
            }
            for (b, at) in thresholds.iter_mut().enumerate().filter(|(_, at)| !at.found) {
                let bound = shortlist.bound(b);
                let scores = shortlist.of(b);
                if let Some((found, power_sum)) = alpha.solve_few(scores, bound, block.words as usize, few) {
                    *at = found;
                    looks[b].linear = power_sum;
                }
            }
            if thresholds.iter().all(|at| at.found) {
                return true;
            }
        }
        false
    }

    /// Finds the thresholds that few words did not give by scans of all scores, until no threshold moves.
    fn all_words(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch) {
        let (block, alpha) = (self.flat.block(), self.alpha);
        let Scratch { thresholds, looks, .. } = s;
        // A search over a sample of the words finds the approximate threshold, which saves scans of all words.
        let words = block.words as usize;
        let searches = [(SAMPLE, NEAR), (1, alpha.enough())];
        for (every, enough) in &searches[usize::from(words < SAMPLED_FROM)..] {
            for _ in 0..MOST_LOOKS {
                clear(looks, hidden.nrows());
                let now = &*thresholds;
                let fold = |tile: &Tile, stats: &mut [Stat]| alpha.fold(now, *every, tile, stats);
                w.rescan(block.table, 0..block.words, hidden, &fold, looks);
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

/// A sample is one word in `SAMPLE`. It is enough for a bound, or for a threshold to within `NEAR`.
const SAMPLE: usize = 16;
const NEAR: f64 = 1e-3;
/// Smaller vocabularies are not sampled.
const SAMPLED_FROM: usize = 4096;
/// For smaller batches the words are not sampled: to gather their rows would cost more than it saves.
const SAMPLED_BATCH: usize = 16;
/// Same for shorter rows: their scores cost little beside a bound for each example.
const SAMPLED_DIM: usize = 64;
/// At most one score in `LISTED` is put on the shortlist.
const LISTED: usize = 12;

/// Number of words that are sampled for bounds. A second list needs the scores of the scan again, so they must be kept.
fn samples(batch: usize, words: usize, dim: usize) -> usize {
    let pays = batch >= SAMPLED_BATCH && words >= SAMPLED_FROM && dim >= SAMPLED_DIM;
    if pays && keeps_scores(words) { words / SAMPLE } else { 0 }
}

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
            let support = self.thresholds(w, &of_part, s);
            let Scratch { stats, thresholds, looks, losses, .. } = s;
            for (i, b) in part.clone().enumerate() {
                // `few_words` gives Σ p^α of this threshold, `all_words` that of the threshold before its last move,
                // which is within the tolerance.
                let loss = alpha.loss(&thresholds[i], stats[i].target, looks[i].linear);
                losses[b] = f64::from(batch.weight(b)) * loss;
            }
            let coef =
                |tile: &mut Tile| alpha.gradient(of_part.targets, thresholds, support, |b| of_part.weight(b), tile);
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
        let (batch, words, dim) = (targets.len(), self.flat.vocab(), self.flat.dim());
        let of_samples =
            scan::parts(batch, words).map(|part| Cost::scores(part.len(), samples(part.len(), words, dim), dim));
        Some(scan::cost(batch, words, words, dim) + of_samples.sum())
    }
}
