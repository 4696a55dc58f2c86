//! Adaptive softmax: a short list of frequent words, and tails of rarer words with smaller vectors.

mod cutoffs;

pub use cutoffs::{CostModel, CutoffPlan, Cutoffs};

use super::kit::scan::{self, WordTable};
use super::kit::two_level::{self, Block, Group, HEAD, Levels, TwoLevel};
use super::verbs::descent::Descent;
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::{Error, Result};
use crate::objective::LossOptions;
use crate::table::kernel::view;
use crate::table::{Cost, Stat, Tables};
use crate::vocab::{Counts, WordId};
use cutoffs::tail_dim;
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// A softmax over the short list and the tails, then one over the words of a tail. Tails of rarer words have shorter
/// vectors.
///
/// - *Model* head z = u·h + a over V₀ words and J tails. P(w | h) = softmax(z)_w on the short list, otherwise
///   softmax(z)_tail · softmax(v·(A_i·h) + b over the words of tail i)_w, with A_i of shape d_i × d.
/// - *Criterion* L = −ln P(t | h). Supports an ignored target, word weights and soft targets among [`LossOptions`].
/// - *Gradient* ∂L/∂z = softmax − e, in both decisions.
/// - *Cost* 3·Σ_b \[d·(V₀ + J) + (d·d_i + d_i·V_i if t_b is in tail i)\] multiply-adds per step.
/// - *Words must be sorted* by falling count.
/// - *Reference* Grave, Joulin, Cissé, Grangier & Jégou 2017, sec. 4.
#[derive(Clone, Debug)]
pub struct AdaptiveSoftmax {
    levels: Levels,
    /// Words on the short list, V₀.
    listed: u32,
    /// The first word of each tail.
    firsts: Vec<WordId>,
}

impl AdaptiveSoftmax {
    /// Creates a layer cut at `cutoffs`, for hidden vectors of size `dim`. The vectors of tail i (from 0) have size dim
    /// / division^(i + 1), at least 1.
    ///
    /// # Errors
    /// No word, 2³¹ words or more, `dim` = 0, or a division that is below 1 or not finite.
    pub fn new(cutoffs: &Cutoffs, dim: usize, division: f64, bias: Bias) -> Result<Self> {
        if !(division >= 1.0 && division.is_finite()) {
            return Err(Error::OutOfRange { name: "division", value: division, limit: "1 or more, and finite" });
        }
        let WordTable { words: vocab, .. } = WordTable::over(cutoffs.vocab(), dim)?;
        let firsts = cutoffs.as_slice().to_vec();
        let listed = firsts.first().copied().unwrap_or(vocab);
        let ends = firsts.iter().skip(1).copied().chain([vocab]);
        let block = |(i, (first, end)): (usize, (&WordId, WordId))| {
            let head = listed + i as u32;
            let dim = tail_dim(dim, division, i);
            Block { table: 2 * i + 2, projected: true, words: end - first, dim, heads: head..head + 1 }
        };
        let blocks = firsts.iter().zip(ends).enumerate().map(block).collect();
        let heads = listed + firsts.len() as u32;
        let levels = Levels { vocab: vocab as usize, dim, heads, blocks, bias, loss: LossOptions::new() };
        Ok(Self { levels, listed, firsts })
    }

    /// Returns the tail of a word, or `None` for a word on the short list.
    fn tail(&self, word: WordId) -> Option<usize> {
        self.firsts.iter().rposition(|first| *first <= word)
    }
}

/// The head has one row for each word on the short list, then one row for each tail.
impl TwoLevel for AdaptiveSoftmax {
    fn levels(&self) -> &Levels {
        &self.levels
    }

    fn head_of(&self, word: WordId) -> u32 {
        self.tail(word).map_or(word, |tail| self.listed + tail as u32)
    }

    fn group(&self, head: u32) -> Option<Group> {
        let block = head.checked_sub(self.listed)? as usize;
        Some(Group { block, rows: 0..self.levels.blocks[block].words })
    }

    fn words(&self, head: u32) -> impl Iterator<Item = WordId> + '_ {
        match self.group(head) {
            None => head..head + 1,
            Some(Group { block, rows }) => self.firsts[block]..self.firsts[block] + rows.end,
        }
    }

    fn place(&self, word: WordId, group: &Group) -> u32 {
        word - self.firsts[group.block]
    }

    /// The rows are many and fill their table, so the step sweeps them.
    fn softmax(
        &self,
        w: &mut Tables,
        (table, rows): (usize, Range<u32>),
        batch: &Batch,
        stats: &mut Vec<Stat>,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        let block = WordTable { table, first: 0, words: rows.end, dim: batch.hidden.ncols() };
        for part in scan::parts(batch.len(), rows.len()) {
            let x = view::rows(&batch.hidden, &part);
            scan::scan(w, &[(block, x)], &batch.targets[part.clone()], stats);
            scan::sweep(w, &block, x, batch, &part, stats, view::rows_mut(&mut d_x, &part));
            scan::losses(batch, &part, stats, losses);
        }
    }

    fn softmax_cost(batch: usize, rows: usize, dim: usize) -> Cost {
        scan::cost(batch, rows, rows, dim)
    }
}

impl OutputLayer for AdaptiveSoftmax {
    fn shape(&self) -> LayerShape {
        self.levels.shape()
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        two_level::unigram_biases(self, counts)
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        self.levels.set_loss("AdaptiveSoftmax", loss)
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        two_level::step(self, w, batch, s, d_hidden, losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: ArrayViewMut2<f32>) {
        let (mut z, heads) = (self.levels.head_scores(w, hidden), self.levels.heads as usize);
        z.chunks_exact_mut(heads).for_each(|row| scan::normalize_row(row, 0.0));
        two_level::log_probs(self, w, hidden, s, out, |b, head| f64::from(z[b * heads + head as usize]));
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let heads: Vec<u32> = batch.targets.iter().map(|target| self.head_of(*target)).collect();
        let head = WordTable { table: HEAD, first: 0, words: self.levels.heads, dim: self.levels.dim };
        let in_head = Batch { targets: &heads, ..batch };
        scan::log_prob(w, &head, &in_head, None, s, |b, stat| out[b] = -stat.loss());
        two_level::add_log_prob(self, w, &batch, s, out);
    }

    fn descent<'a>(&'a self, w: &'a mut Tables, hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        two_level::descent(self, w, hidden)
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        two_level::words_backward(self, w, hidden, d_log_probs, s, &mut d_hidden);
        two_level::head_backward(self, w, hidden, d_log_probs, &mut d_hidden);
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(two_level::expected_cost(self, targets))
    }
}
