//! Adaptive softmax: a short list of frequent words, and the others in tails behind smaller vectors.

mod cutoffs;

pub use cutoffs::{CostModel, CutoffPlan, Cutoffs};

use super::kit::expand;
use super::kit::gathered::Gathered;
use super::kit::scan::{self, WordTable};
use super::kit::scratch::two_blocks;
use super::verbs::descent::{At, Descent, Softmaxes};
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::{Error, Result};
use crate::objective::{LossOptions, ln_softmax_at, ln_softmax_gradient};
use crate::table::kernel::view;
use crate::table::{Cost, Rows, Tables};
use crate::vocab::{Counts, WordId};
use cutoffs::tail_dim;
use ndarray::{ArrayView2, ArrayViewMut2};

/// A softmax over the short list and the tails, then one over the words of the tail, whose vectors are the shorter the
/// rarer its words.
///
/// - *Model* head z = u·h + a over V₀ words and J tails; P(w | h) = softmax(z)_w on the short list, else
///   softmax(z)_tail · softmax(v·(A_i·h) + b over the words of tail i)_w, A_i of shape d_i × d.
/// - *Criterion* L = −ln P(t | h). Of [`LossOptions`] an ignored target, weights of words and soft targets.
/// - *Gradient* ∂L/∂z = softmax − e, in both decisions.
/// - *Cost* 3·Σ_b \[d·(V₀ + J) + (d·d_i + d_i·V_i if t_b is in tail i)\] multiply-adds a step.
/// - *Words must be sorted* by falling count.
/// - *Reference* Grave, Joulin, Cissé, Grangier & Jégou 2017, sec. 4.
#[derive(Clone, Debug)]
pub struct AdaptiveSoftmax {
    head: WordTable,
    /// Words on the short list, V₀.
    listed: u32,
    tails: Vec<WordTable>,
    vocab: usize,
    dim: usize,
    bias: Bias,
    loss: LossOptions,
}

impl AdaptiveSoftmax {
    /// Cut at `cutoffs`, for hidden vectors of size `dim`; the vectors of tail i, from 0, have size dim / division^(i + 1).
    ///
    /// # Errors
    /// No word, more than 2³¹ words, `dim` = 0, or a division below 1.
    pub fn new(cutoffs: &Cutoffs, dim: usize, division: f64, bias: Bias) -> Result<Self> {
        if !(division >= 1.0 && division.is_finite()) {
            return Err(Error::OutOfRange { name: "division", value: division, limit: "1 or more, and finite" });
        }
        let vocab = cutoffs.vocab();
        let bounds = cutoffs.as_slice();
        let listed = bounds.first().copied().unwrap_or(vocab as u32);
        let head = WordTable { words: listed + bounds.len() as u32, ..WordTable::over(vocab, dim)? };
        let mut tails = Vec::new();
        for (i, first) in bounds.iter().enumerate() {
            let end = bounds.get(i + 1).copied().unwrap_or(vocab as u32);
            // Rows are counted from the tail's first word.
            tails.push(WordTable {
                table: 2 * i + 2,
                first: *first,
                words: end - first,
                dim: tail_dim(dim, division, i),
            });
        }
        Ok(Self { head, listed, tails, vocab, dim, bias, loss: LossOptions::new() })
    }

    /// The tail of a word, if it is not on the short list.
    fn tail(&self, word: WordId) -> Option<usize> {
        self.tails.iter().rposition(|tail| tail.first <= word)
    }

    /// Where a word stands in the head: itself, or its tail.
    fn in_head(&self, word: WordId) -> u32 {
        self.tail(word).map_or(word, |tail| self.listed + tail as u32)
    }

    /// The examples whose targets are in a tail.
    fn examples<'a>(&'a self, targets: &'a [WordId], tail: usize) -> impl Iterator<Item = usize> + 'a {
        (0..targets.len()).filter(move |b| self.tail(targets[*b]) == Some(tail))
    }

    /// A softmax step over the words of a tail for some examples.
    fn step_tail(&self, w: &mut Tables, tail: &WordTable, part: &mut Gathered, s: &mut Scratch) {
        let (batch, mut d_hidden, losses) = part.split();
        let shape = (batch.len(), tail.dim);
        let projection = 0..tail.dim as u32;
        let Scratch { stats, blocks, .. } = s;
        let [projected, d_projected] = two_blocks(blocks, shape.0 * shape.1, shape.0 * shape.1);
        d_projected.fill(0.0);
        scan::scores(w, tail.table - 1, projection.clone(), batch.hidden, projected);
        let x = ArrayView2::from_shape(shape, projected).expect("examples × tail's size");
        let block = WordTable { first: 0, ..*tail };
        {
            let mut d_x = ArrayViewMut2::from_shape(shape, d_projected).expect("examples × tail's size");
            let of_tail = Batch { hidden: x, ..batch };
            softmax(w, &block, &of_tail, &mut d_x, stats, losses);
        }
        let d_x = ArrayView2::from_shape(shape, d_projected).expect("examples × tail's size");
        w.weighted_sum(tail.table - 1, &Rows::Range(projection.clone()), d_x, d_hidden.view_mut());
        w.descend(tail.table - 1, &Rows::Range(projection), d_x, batch.hidden);
    }

    /// A step towards words, without options of the loss.
    fn step_to_words(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_losses(&batch);
        s.rows.clear();
        s.rows.extend(batch.targets.iter().map(|t| self.in_head(*t)));
        let heads = Batch { targets: &s.rows, ..batch };
        softmax(w, &self.head, &heads, &mut d_hidden, &mut s.stats, &mut s.losses);
        let [mut part, other] = std::mem::take(&mut s.gathered);
        for (i, tail) in self.tails.iter().enumerate() {
            part.gather(&batch, self.examples(batch.targets, i), |b| batch.targets[b] - tail.first);
            if part.len() > 0 {
                self.step_tail(w, tail, &mut part, s);
                part.add_to(&mut d_hidden);
                part.add_losses_to(&mut s.losses);
            }
        }
        s.gathered = [part, other];
        s.total_loss(losses)
    }
}

/// A softmax step over all rows of a block; adds to `d_x` and to `losses`.
fn softmax(
    w: &mut Tables,
    block: &WordTable,
    batch: &Batch,
    d_x: &mut ArrayViewMut2<f32>,
    stats: &mut Vec<crate::table::Stat>,
    losses: &mut [f64],
) {
    for part in scan::parts(batch.len(), block.words as usize) {
        let x = view::rows(&batch.hidden, &part);
        scan::scan(w, &[(*block, x)], &batch.targets[part.clone()], stats);
        scan::sweep(w, block, x, batch, &part, stats, view::rows_mut(d_x, &part));
        scan::losses(batch, &part, stats, losses);
    }
}

impl OutputLayer for AdaptiveSoftmax {
    fn shape(&self) -> LayerShape {
        let shape = LayerShape::new(self.vocab, self.dim, self.bias).with_rows(self.head.words, self.dim);
        self.tails.iter().fold(shape, |shape, tail| {
            shape.with_table(scan::projection(self.dim, tail.dim)).with_rows(tail.words, tail.dim)
        })
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        let mut biases = vec![(0..self.listed).map(|w| counts.ln_probability(w) as f32).collect::<Vec<_>>()];
        for tail in &self.tails {
            let words = tail.first..tail.first + tail.words;
            let ln_mass = words.clone().map(|w| counts.probability(w)).sum::<f64>().ln();
            biases[0].push(ln_mass as f32);
            biases.push(Vec::new());
            biases.push(words.map(|w| (counts.ln_probability(w) - ln_mass) as f32).collect());
        }
        biases
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        loss.check("AdaptiveSoftmax", self.vocab, expand::HONOURED)?;
        self.loss = loss;
        Ok(())
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let plain: expand::PlainStep = &|w, batch, s, d_x, losses| self.step_to_words(w, batch, s, d_x, losses);
        expand::step(&self.loss, plain, w, batch, s, d_hidden, losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        let (batch, count, listed) = (hidden.nrows(), self.head.words as usize, self.listed as usize);
        let mut heads = vec![0.0; batch * count];
        scan::scores(w, 0, 0..self.head.words, hidden, &mut heads);
        for (row, mut out) in heads.chunks_exact_mut(count).zip(out.rows_mut()) {
            scan::normalize_row(row, 0.0);
            out.iter_mut().zip(&row[..listed]).for_each(|(out, ln_p)| *out = *ln_p);
        }
        for (i, tail) in self.tails.iter().enumerate() {
            let [projected, z] = s.two_blocks(batch * tail.dim, batch * tail.words as usize);
            scan::scores(w, tail.table - 1, 0..tail.dim as u32, hidden, projected);
            let x = ArrayView2::from_shape((batch, tail.dim), projected).expect("B × tail's size");
            scan::scores(w, tail.table, 0..tail.words, x, z);
            let rows = heads.chunks_exact(count).zip(z.chunks_exact_mut(tail.words as usize));
            for ((heads, z), mut out) in rows.zip(out.rows_mut()) {
                scan::normalize_row(z, f64::from(heads[listed + i]));
                out.iter_mut().skip(tail.first as usize).zip(z).for_each(|(out, ln_p)| *out = *ln_p);
            }
        }
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let in_head: Vec<u32> = batch.targets.iter().map(|t| self.in_head(*t)).collect();
        let heads = Batch { targets: &in_head, ..batch };
        scan::log_prob(w, &self.head, &heads, None, s, |b, stat| out[b] = -stat.loss());
        let mut part = Gathered::default();
        for (i, tail) in self.tails.iter().enumerate() {
            part.gather(&batch, self.examples(batch.targets, i), |b| batch.targets[b]);
            let (count, words) = (part.len(), tail.words as usize);
            let [projected, z] = s.two_blocks(count * tail.dim, count * words);
            scan::scores(w, tail.table - 1, 0..tail.dim as u32, part.split().0.hidden, projected);
            let x = ArrayView2::from_shape((count, tail.dim), projected).expect("examples × tail's size");
            scan::scores(w, tail.table, 0..tail.words, x, z);
            for (b, z) in part.examples.iter().zip(z.chunks_exact(words)) {
                out[*b] += ln_softmax_at(z, (batch.targets[*b] - tail.first) as usize);
            }
        }
    }

    /// Node 0 is the head, node i + 1 tail i.
    fn descent<'a>(&'a self, w: &'a mut Tables, hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        let (mut x, mut z) = (Vec::new(), Vec::new());
        let decide = move |node: u32, places: &mut Vec<(At, f32)>| {
            let Some(tail) = node.checked_sub(1).map(|i| self.tails[i as usize]) else {
                z.resize(self.head.words as usize, 0.0);
                scan::scores(w, 0, 0..self.head.words, hidden, &mut z);
                let at = |i: u32| if i < self.listed { At::Word(i) } else { At::Node(i - self.listed + 1) };
                return places.extend((0..).zip(&z).map(|(i, z)| (at(i), *z)));
            };
            x.resize(tail.dim, 0.0);
            scan::scores(w, tail.table - 1, 0..tail.dim as u32, hidden, &mut x);
            z.resize(tail.words as usize, 0.0);
            let x = ArrayView2::from_shape((1, tail.dim), &x[..]).expect("1 × tail's size");
            scan::scores(w, tail.table, 0..tail.words, x, &mut z);
            places.extend((tail.first..).zip(&z).map(|(word, z)| (At::Word(word), *z)));
        };
        Some(Box::new(Softmaxes::new(decide)))
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        let (batch, count, listed) = (hidden.nrows(), self.head.words as usize, self.listed as usize);
        let mut d_heads = vec![0.0; batch * count];
        for (d_head, d) in d_heads.chunks_exact_mut(count).zip(d_log_probs.rows()) {
            d_head.iter_mut().zip(d).take(listed).for_each(|(to, from)| *to = *from);
        }
        for (i, tail) in self.tails.iter().enumerate() {
            let words = tail.words as usize;
            let [projected, z] = s.two_blocks(batch * tail.dim, batch * words);
            scan::scores(w, tail.table - 1, 0..tail.dim as u32, hidden, projected);
            let x = ArrayView2::from_shape((batch, tail.dim), projected).expect("B × tail's size");
            scan::scores(w, tail.table, 0..tail.words, x, z);
            for (b, (z, d)) in z.chunks_exact_mut(words).zip(d_log_probs.rows()).enumerate() {
                let d: Vec<f32> = d.iter().skip(tail.first as usize).take(words).copied().collect();
                d_heads[b * count + listed + i] = d.iter().sum();
                ln_softmax_gradient(z, &d);
            }
            let mut d_x = vec![0.0; batch * tail.dim];
            let mut d_view = ArrayViewMut2::from_shape((batch, tail.dim), &mut d_x).expect("B × tail's size");
            scan::descend(w, tail.table, z, x, &mut d_view);
            scan::descend(w, tail.table - 1, &d_x, hidden, &mut d_hidden);
        }
        let mut heads = vec![0.0; batch * count];
        scan::scores(w, 0, 0..self.head.words, hidden, &mut heads);
        for (z, d) in heads.chunks_exact_mut(count).zip(d_heads.chunks_exact(count)) {
            ln_softmax_gradient(z, d);
        }
        scan::descend(w, 0, &heads, hidden, &mut d_hidden);
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let targets = &expand::counted(&self.loss, targets)[..];
        let head = self.head.words as usize;
        let of_tail = |(i, tail): (usize, &WordTable)| match self.examples(targets, i).count() {
            0 => Cost::default(),
            n => {
                let words = tail.words as usize;
                let twice = Cost { rows_read: tail.dim as u64, ..Cost::default() };
                scan::cost(n, words, words, tail.dim) + Cost::step(n, tail.dim, self.dim) + twice
            }
        };
        let tails = self.tails.iter().enumerate().map(of_tail).sum();
        Some(scan::cost(targets.len(), head, head, self.dim) + tails)
    }
}
