//! Verbs of a trained layer, exact for every layer: the best words, the rank of a word, samples, and relaxed samples.
//! They are the methods of [`LayerExt`], which every [`OutputLayer`] has and none overrides.
//!
//! | verb | flat layers | trees and two-level layers |
//! |---|---|---|
//! | [`top_k`](LayerExt::top_k) | a heap of k words over the tiles: B·V·d | best first: only nodes above the k-th P |
//! | [`rank`](LayerExt::rank) | two scans of the tiles: 2·B·V·d | only nodes above the word's P |
//! | [`sample`](LayerExt::sample) | Gumbel-max over the tiles: B·V·d | d per decision; as flat layers at T ≠ 1 |
//! | [`gumbel_softmax`](LayerExt::gumbel_softmax) | B·V·d | as flat layers |
//!
//! P is the distribution of `log_probs`, independent of the training criterion. If scores need a correction to become a
//! distribution (as in negative sampling, + ln q), the verbs apply it too. A verb holds the scores of a few examples at
//! a time. The relaxation is the exception: its result has B×V numbers.
//!
//! ```
//! use lexmax::layer::{Batch, Bias, FullSoftmax, LayerExt, Scratch, set_up, verbs::Sampling};
//! use lexmax::table::{Frozen, Matrix, Optimizer, Tables, Threads};
//! # use lexmax::{WorkerRng, vocab::Counts};
//! # use ndarray::array;
//! # fn main() -> lexmax::Result<()> {
//! # let counts = Counts::new(vec![5, 3, 1])?;
//! let layer = FullSoftmax::new(counts.len(), 4, Bias::Unigram)?;
//! let matrices: Vec<Matrix> = set_up(&layer, Some(&counts), Optimizer::Sgd, &mut WorkerRng::new(1, 0))?;
//! let mut w = Tables::new(matrices.iter().map(|m| Box::new(Frozen::new(m, Threads::default())) as _).collect());
//! let mut scratch = Scratch::new(WorkerRng::new(1, 1));
//! let hidden = array![[0.1f32, 0.2, -0.3, 0.4], [0.0, 0.0, 0.0, 0.0]];
//! let best = layer.top_k(&mut w, hidden.view(), 2, &mut scratch);
//! assert_eq!((best[0][0].word, best[1][1].word), (0, 1));
//! let ranks = layer.rank(&mut w, Batch::new(hidden.view(), &[1, 0]), &mut scratch);
//! assert_eq!(ranks, [2, 1]);
//! let three = Sampling::new(3).at_temperature(0.7)?.without_replacement();
//! let drawn = layer.sample(&mut w, hidden.view(), three, &mut scratch);
//! assert_eq!(drawn[0].len(), 3);
//! # Ok(())
//! # }
//! ```

mod best;
pub mod descent;
mod extension;
mod relaxed;
mod sampling;

pub use crate::rng::Noise;
pub use extension::LayerExt;
pub use relaxed::{relax, relax_backward};
pub use sampling::Sampling;
pub(crate) use sampling::check_temperature;

use super::{Batch, OutputLayer, Scratch};
use crate::objective::fold_ln_z;
use crate::peers::{Packer, Unpacker};
use crate::rng::exponential;
use crate::table::{Stat, Tables, Tile};
use crate::vocab::WordId;
use best::Best;
use ndarray::{Array2, ArrayView2, Axis, Slice};
use rand::RngExt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A word with its ln P.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The word.
    pub word: WordId,
    /// ln P(word | h) in nats; of a sample, in the distribution that it was drawn from.
    pub ln_p: f64,
}

/// A tile of scores of neighbouring words for some examples of a batch. The softmax of all scores of an example is
/// P(· | h). A score of `f32::MIN` means a probability of zero.
#[derive(Debug)]
pub struct WordScores<'a> {
    /// The first word.
    pub first: WordId,
    /// Numbers of the examples in the batch.
    pub examples: Range<usize>,
    /// The scores; word `first + i` is the i-th row.
    pub tile: &'a Tile<'a>,
}

impl WordScores<'_> {
    /// Returns the words of the tile.
    pub fn words(&self) -> Range<WordId> {
        self.first..self.first + self.tile.rows().len() as WordId
    }

    /// Returns the scores of a word, one per example.
    pub fn scores_of(&self, word: WordId) -> &[f32] {
        self.tile.row(self.tile.rows().start + (word - self.first))
    }
}

/// Function that folds scores into the statistics of their examples.
pub type WordFold<'a> = dyn Fn(&WordScores, &mut [Stat]) + Sync + 'a;

/// Number of examples whose probabilities are held at a time, for layers without tiles.
const LANES: usize = 16;
/// Number of words in such a tile.
const TILE_WORDS: usize = 1024;

/// The default of [`OutputLayer::scan_scores`], which calls `log_probs` for a few examples at a time.
pub(super) fn scan_log_probs<L: OutputLayer + ?Sized>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    s: &mut Scratch,
    fold: &WordFold,
    out: &mut [Stat],
) {
    let vocab = layer.vocab();
    let mut scores = vec![0.0; LANES * TILE_WORDS];
    for start in (0..hidden.nrows()).step_by(LANES) {
        let examples = start..(start + LANES).min(hidden.nrows());
        let mut ln_p = Array2::zeros((examples.len(), vocab));
        layer.log_probs(w, hidden.slice_axis(Axis(0), Slice::from(examples.clone())), s, ln_p.view_mut());
        w.all_shown();
        for first in (0..vocab).step_by(TILE_WORDS) {
            let words = first..(first + TILE_WORDS).min(vocab);
            for (lane, row) in ln_p.rows().into_iter().enumerate() {
                let row = &row.to_slice().expect("contiguous rows")[words.clone()];
                let to = scores[lane..].iter_mut().step_by(LANES);
                to.zip(row).for_each(|(to, ln_p)| *to = ln_p.max(f32::MIN));
            }
            let rows = 0..words.len() as u32;
            let tile = Tile::new(rows, examples.len(), LANES, &mut scores[..LANES * words.len()]);
            let seen = WordScores { first: first as WordId, examples: examples.clone(), tile: &tile };
            fold(&seen, &mut out[examples.clone()]);
        }
    }
}

/// The default of [`OutputLayer::log_prob`], which calls `log_probs` for a few examples at a time.
pub(super) fn pick_log_probs<L: OutputLayer + ?Sized>(
    layer: &L,
    w: &mut Tables,
    batch: Batch,
    s: &mut Scratch,
    out: &mut [f64],
) {
    let mut ln_p = Array2::zeros((batch.len().min(LANES), layer.vocab()));
    for start in (0..batch.len()).step_by(LANES) {
        let part = Slice::from(start..(start + LANES).min(batch.len()));
        let hidden = batch.hidden.slice_axis(Axis(0), part);
        let mut ln_p = ln_p.slice_axis_mut(Axis(0), Slice::from(0..hidden.nrows()));
        layer.log_probs(w, hidden, s, ln_p.view_mut());
        for ((out, target), row) in out[start..].iter_mut().zip(&batch.targets[start..]).zip(ln_p.rows()) {
            *out = f64::from(row[*target as usize]);
        }
    }
}

/// Implements [`LayerExt::top_k`].
pub(super) fn top_k<L: OutputLayer + ?Sized>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    k: usize,
    s: &mut Scratch,
) -> Vec<Vec<Scored>> {
    let found = each_descent(layer, w, &hidden, |_, descent| descent::top_k(descent, k));
    if let Some(found) = found {
        return found;
    }
    let best: Vec<_> = (0..hidden.nrows()).map(|_| Mutex::new(Best::new(k))).collect();
    let fold = |seen: &WordScores, stats: &mut [Stat]| {
        fold_ln_z(seen.tile, 1.0, stats);
        let best = &best[seen.examples.clone()];
        let mut own: Vec<Best> = best.iter().map(|best| lock(best).sibling()).collect();
        // Most words are below the k-th best so far, and cost one comparison.
        let mut floors: Vec<f32> = own.iter().map(|own| own.floor() as f32).collect();
        for word in seen.words() {
            for ((z, floor), own) in seen.scores_of(word).iter().zip(&mut floors).zip(&mut own) {
                if z >= floor && *z > f32::MIN && own.offer(f64::from(*z), f64::from(*z), word) {
                    *floor = own.floor() as f32;
                }
            }
        }
        best.iter().zip(own).for_each(|(best, own)| lock(best).merge(own));
    };
    let mut stats = vec![Stat::EMPTY; hidden.nrows()];
    let heaps: Vec<_> = best.iter().collect();
    find_best(w, |w| layer.scan_scores(w, hidden, s, &fold, &mut stats), &heaps);
    best.into_iter().zip(&stats).map(|(best, stat)| unlock(best).into_scored(stat.ln_z())).collect()
}

/// Makes scans that fill the heaps, and adds to each heap what other ranks found.
fn find_best(w: &mut Tables, scans: impl FnOnce(&mut Tables), heaps: &[&Mutex<Best>]) {
    let own = || {
        let mut own = Packer::default();
        heaps.iter().for_each(|best| lock(best).pack(&mut own));
        own.bytes()
    };
    for bytes in w.find(scans, own) {
        let mut from = Unpacker::new(&bytes);
        heaps.iter().for_each(|best| lock(best).merge_packed(&mut from));
    }
}

/// Implements [`LayerExt::rank`].
pub(super) fn rank<L: OutputLayer + ?Sized>(layer: &L, w: &mut Tables, batch: Batch, s: &mut Scratch) -> Vec<usize> {
    if !batch.is_empty() && layer.descent(w, batch.hidden.slice_axis(Axis(0), Slice::from(0..1))).is_some() {
        let mut ln_p = vec![0.0; batch.len()];
        layer.log_prob(w, batch, s, &mut ln_p);
        let one = |b: usize, descent: &mut dyn descent::Descent| descent::rank(descent, batch.targets[b], ln_p[b]);
        return each_descent(layer, w, &batch.hidden, one).expect("a layer has descents or not");
    }
    let mut stats = vec![Stat::EMPTY; batch.len()];
    let targets = |seen: &WordScores, stats: &mut [Stat]| {
        for (b, stat) in stats.iter_mut().enumerate() {
            let target = batch.targets[seen.examples.start + b];
            if seen.words().contains(&target) {
                stat.target = seen.scores_of(target)[b];
            }
        }
    };
    layer.scan_scores(w, batch.hidden, s, &targets, &mut stats);
    let above: Vec<AtomicUsize> = (0..batch.len()).map(|_| AtomicUsize::new(0)).collect();
    let count = |seen: &WordScores, _: &mut [Stat]| {
        let targets: Vec<f32> = stats[seen.examples.clone()].iter().map(|stat| stat.target).collect();
        let mut counts = vec![0u32; targets.len()];
        for word in seen.words() {
            let pairs = seen.scores_of(word).iter().zip(&targets);
            counts.iter_mut().zip(pairs).for_each(|(count, (z, target))| *count += u32::from(z > target));
        }
        for (above, count) in above[seen.examples.clone()].iter().zip(counts) {
            above.fetch_add(count as usize, Ordering::Relaxed);
        }
    };
    let scans = |w: &mut Tables| {
        layer.scan_scores(w, batch.hidden, s, &count, &mut vec![Stat::EMPTY; batch.len()]);
    };
    let own = || above.iter().map(|n| n.load(Ordering::Relaxed) as u64).fold(Packer::default(), Packer::with).bytes();
    for bytes in w.find(scans, own) {
        let mut from = Unpacker::new(&bytes);
        above.iter().for_each(|above| _ = above.fetch_add(from.u64() as usize, Ordering::Relaxed));
    }
    above.into_iter().map(|above| 1 + above.into_inner()).collect()
}

/// Implements [`LayerExt::sample`].
pub(super) fn sample<L: OutputLayer + ?Sized>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    how: Sampling,
    s: &mut Scratch,
) -> Vec<Vec<Scored>> {
    if how.temperature == 1.0 {
        let one = |_, descent: &mut dyn descent::Descent| match how.replacement {
            true => descent::sample(descent, how.draws, &mut s.rng),
            false => descent::sample_without_replacement(descent, how.draws, &mut s.rng),
        };
        if let Some(found) = each_descent(layer, w, &hidden, one) {
            return found;
        }
    }
    sample_by_scan(layer, w, hidden, how, s)
}

/// Samples by Gumbel-max: the words with the largest z/T + g, g standard Gumbel noise, are samples without replacement.
fn sample_by_scan<L: OutputLayer + ?Sized>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    how: Sampling,
    s: &mut Scratch,
) -> Vec<Vec<Scored>> {
    let beta = 1.0 / how.temperature;
    // Each search has its own noise: with replacement one search per draw for one word, otherwise one search for all
    // draws.
    let (searches, words) = if how.replacement { (how.draws, 1) } else { (1, how.draws) };
    let mut search = || (Noise::new(s.rng.random()), Mutex::new(Best::new(words)));
    let all: Vec<Vec<_>> = (0..hidden.nrows()).map(|_| (0..searches).map(|_| search()).collect()).collect();
    let fold = |seen: &WordScores, stats: &mut [Stat]| {
        fold_ln_z(seen.tile, beta as f32, stats);
        let tops = column_maxima(seen);
        for (b, example) in seen.examples.clone().enumerate() {
            for (noise, best) in &all[example] {
                let mut own = lock(best).sibling();
                perturb(seen, b, beta, beta * f64::from(tops[b]), noise, &mut own);
                lock(best).merge(own);
            }
        }
    };
    let mut stats = vec![Stat::EMPTY; hidden.nrows()];
    let heaps: Vec<_> = all.iter().flatten().map(|(_, best)| best).collect();
    find_best(w, |w| layer.scan_scores(w, hidden, s, &fold, &mut stats), &heaps);
    let sorted = |(searches, stat): (Vec<(Noise, Mutex<Best>)>, &Stat)| {
        searches.into_iter().flat_map(|(_, best)| unlock(best).into_scored(stat.ln_z())).collect()
    };
    all.into_iter().zip(&stats).map(sorted).collect()
}

/// Offers the words of a tile with their noise. `top` is the largest score of the tile. If the noise cannot lift even
/// `top` above the floor, the uniform number alone rules the word out: −ln(1 − u) ≥ u.
fn perturb(seen: &WordScores, b: usize, beta: f64, top: f64, noise: &Noise, best: &mut Best) {
    // The margin exceeds the rounding of the exponential, so that no word is lost.
    let bound = |best: &Best| (top - best.floor()).exp() * (1.0 + 1e-12);
    let mut limit = bound(best);
    for word in seen.words() {
        let u = noise.uniform(word);
        if u >= limit {
            continue;
        }
        let z = seen.scores_of(word)[b];
        let score = beta * f64::from(z);
        if z > f32::MIN && best.offer(score - exponential(u).ln(), score, word) {
            limit = bound(best);
        }
    }
}

fn column_maxima(seen: &WordScores) -> Vec<f32> {
    let mut tops = vec![f32::NEG_INFINITY; seen.examples.len()];
    for word in seen.words() {
        tops.iter_mut().zip(seen.scores_of(word)).for_each(|(top, z)| *top = top.max(*z));
    }
    tops
}

/// Calls `f` for each example with its descent, or returns `None` if the layer has no descents.
fn each_descent<L: OutputLayer + ?Sized, R>(
    layer: &L,
    w: &mut Tables,
    hidden: &ArrayView2<f32>,
    mut f: impl FnMut(usize, &mut dyn descent::Descent) -> R,
) -> Option<Vec<R>> {
    let mut one = |b| {
        let x = hidden.slice_axis(Axis(0), Slice::from(b..b + 1));
        layer.descent(w, x).map(|mut descent| f(b, &mut *descent))
    };
    (0..hidden.nrows()).map(&mut one).collect()
}

fn lock(best: &Mutex<Best>) -> std::sync::MutexGuard<'_, Best> {
    best.lock().expect("no thread panics with a heap in hand")
}

fn unlock(best: Mutex<Best>) -> Best {
    best.into_inner().expect("no thread panics with a heap in hand")
}
