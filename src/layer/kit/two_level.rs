//! Softmax in two levels: first over the rows of a head, then over the words of the group behind a row. The class-based
//! and the adaptive softmax share this code.

use super::gathered::Gathered;
use super::scan;
use super::scratch::two_blocks;
use super::{expand, shape::LayerShape};
use crate::error::Result;
use crate::layer::verbs::descent::{Descent, Softmaxes};
use crate::layer::{Batch, Bias, Scratch};
use crate::objective::{LossOptions, ln_softmax_at, ln_softmax_gradient};
use crate::table::{Cost, Rows, Stat, Tables};
use crate::tree::Child;
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// The table of the head.
pub const HEAD: usize = 0;

/// Sizes of a two-level layer: the head, and the tables of words behind it.
#[derive(Clone, Debug)]
pub struct Levels {
    /// Number of words, V.
    pub vocab: usize,
    /// Size of the hidden vector, d.
    pub dim: usize,
    /// Number of rows of the head.
    pub heads: u32,
    /// The tables of words, in the order of their numbers.
    pub blocks: Vec<Block>,
    /// Whether there are biases, and their starting values.
    pub bias: Bias,
    /// Options of the loss.
    pub loss: LossOptions,
}

/// A table of words, which reads the hidden vectors directly or through a projection.
#[derive(Clone, Debug)]
pub struct Block {
    /// Number of the table. Its projection, if any, has the number before it.
    pub table: usize,
    /// Whether there is a projection.
    pub projected: bool,
    /// Number of words.
    pub words: u32,
    /// Size of a row.
    pub dim: usize,
    /// The rows of the head whose words are in this table.
    pub heads: Range<u32>,
}

/// The words behind a row of the head: neighbouring rows of a block.
#[derive(Clone, Debug)]
pub struct Group {
    /// Number of the block.
    pub block: usize,
    /// The rows.
    pub rows: Range<u32>,
}

/// A two-level layer. An implementation defines where the words are, and the step of one softmax.
pub trait TwoLevel {
    /// Returns the sizes.
    fn levels(&self) -> &Levels;

    /// Returns the row of the head that is the word, or the row of the word's group.
    fn head_of(&self, word: WordId) -> u32;

    /// Returns the group behind a row of the head, or `None` if the row is a word.
    fn group(&self, head: u32) -> Option<Group>;

    /// Returns the words behind a row of the head in the order of their rows, or the word that the row is.
    fn words(&self, head: u32) -> impl Iterator<Item = WordId> + '_;

    /// Returns the place of a word among the rows of its group.
    fn place(&self, word: WordId, group: &Group) -> u32;

    /// Takes a step of one softmax over rows of a table, and adds to `d_x`. The losses must be zero before the step.
    fn softmax(
        &self,
        w: &mut Tables,
        rows: (usize, Range<u32>),
        batch: &Batch,
        stats: &mut Vec<Stat>,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    );

    /// Returns the cost of [`TwoLevel::softmax`].
    fn softmax_cost(batch: usize, rows: usize, dim: usize) -> Cost;
}

impl Levels {
    /// Returns the shape of the layer: the head, then each block behind its projection.
    pub fn shape(&self) -> LayerShape {
        let shape = LayerShape::new(self.vocab, self.dim, self.bias).with_rows(self.heads, self.dim);
        self.blocks.iter().fold(shape, |shape, block| {
            let projection = block.projected.then(|| scan::projection(self.dim, block.dim));
            projection.into_iter().fold(shape, LayerShape::with_projection).with_rows(block.words, block.dim)
        })
    }

    /// Sets the loss options of the layer with this name.
    ///
    /// # Errors
    /// An option that is not in [`expand::HONOURED`], or word weights that do not fit the vocabulary.
    pub fn set_loss(&mut self, layer: &'static str, loss: LossOptions) -> Result<()> {
        loss.check(layer, self.vocab, expand::HONOURED)?;
        self.loss = loss;
        Ok(())
    }

    /// Returns the scores of all rows of the head, B × rows.
    pub fn head_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>) -> Vec<f32> {
        let mut z = vec![0.0; hidden.nrows() * self.heads as usize];
        scan::scores(w, HEAD, 0..self.heads, hidden, &mut z);
        z
    }
}

impl Block {
    /// Writes the scores of `rows`, B × rows, to `z`. The projected hidden vectors, if any, go to `x`.
    fn scores(&self, w: &mut Tables, rows: Range<u32>, hidden: ArrayView2<f32>, x: &mut Vec<f32>, z: &mut Vec<f32>) {
        z.resize(hidden.nrows() * rows.len(), 0.0);
        if self.projected {
            x.resize(hidden.nrows() * self.dim, 0.0);
            scan::scores(w, self.table - 1, 0..self.dim as u32, hidden, x);
            scan::scores(w, self.table, rows, self.view(x), z);
        } else {
            scan::scores(w, self.table, rows, hidden, z);
        }
    }

    /// Views projected vectors as a matrix, one per row.
    fn view<'a>(&self, x: &'a [f32]) -> ArrayView2<'a, f32> {
        ArrayView2::from_shape((x.len() / self.dim, self.dim), x).expect("examples × the block's size")
    }

    fn view_mut<'a>(&self, x: &'a mut [f32]) -> ArrayViewMut2<'a, f32> {
        ArrayViewMut2::from_shape((x.len() / self.dim, self.dim), x).expect("examples × the block's size")
    }
}

impl Group {
    fn range(&self) -> Range<usize> {
        self.rows.start as usize..self.rows.end as usize
    }
}

/// Returns the groups of the examples whose targets have these rows of the head, in the order of the rows. An example
/// whose target is a row of the head is in no group. A key holds the row of the head in its upper 32 bits and the
/// number of the example in its lower 32 bits.
fn groups<'a, L: TwoLevel>(
    layer: &'a L,
    heads: &[u32],
    grouped: &'a mut Vec<u64>,
) -> impl Iterator<Item = (Group, &'a [u64])> {
    grouped.clear();
    let in_group = (0..).zip(heads).filter(|(_, head)| layer.group(**head).is_some());
    // Plain integers sort without branches that could be mispredicted.
    grouped.extend(in_group.map(|(b, head): (u64, _)| u64::from(*head) << 32 | b));
    grouped.sort_unstable();
    let head = |key: &u64| (key >> 32) as u32;
    let groups = grouped.chunk_by(move |a, b| head(a) == head(b));
    groups.filter_map(move |examples| Some((layer.group(head(&examples[0]))?, examples)))
}

/// Returns the number of an example in the batch.
fn number(example: &u64) -> usize {
    *example as u32 as usize
}

/// Implements [`OutputLayer::unigram_biases`](crate::layer::OutputLayer::unigram_biases).
pub fn unigram_biases<L: TwoLevel>(layer: &L, counts: &Counts) -> Vec<Vec<f32>> {
    let levels = layer.levels();
    let mut mass = vec![0.0; levels.heads as usize];
    (0..levels.vocab as WordId).for_each(|w| mass[layer.head_of(w) as usize] += counts.probability(w));
    let ln_mass: Vec<f64> = mass.into_iter().map(f64::ln).collect();
    let mut biases = vec![ln_mass.iter().map(|p| *p as f32).collect()];
    for block in &levels.blocks {
        if block.projected {
            biases.push(Vec::new());
        }
        let mut of_words = vec![0.0; block.words as usize];
        for head in block.heads.clone() {
            let Some(group) = layer.group(head) else { continue };
            for (bias, word) in of_words[group.range()].iter_mut().zip(layer.words(head)) {
                *bias = (counts.ln_probability(word) - ln_mass[head as usize]) as f32;
            }
        }
        biases.push(of_words);
    }
    biases
}

/// Implements [`OutputLayer::step`](crate::layer::OutputLayer::step) with loss options.
pub fn step<L: TwoLevel>(
    layer: &L,
    w: &mut Tables,
    batch: Batch,
    s: &mut Scratch,
    d_hidden: ArrayViewMut2<f32>,
    losses: Option<&mut [f64]>,
) -> f64 {
    let Levels { heads: rows_of_head, loss, .. } = layer.levels();
    let plain: expand::PlainStep = &|w, batch, s, mut d_hidden, losses| {
        s.clear_losses(&batch);
        let Scratch { rows, grouped, gathered: [part, _], stats, blocks, losses: own, .. } = s;
        rows.clear();
        rows.extend(batch.targets.iter().map(|target| layer.head_of(*target)));
        let heads = Batch { targets: rows, ..batch };
        layer.softmax(w, (HEAD, 0..*rows_of_head), &heads, stats, own, d_hidden.view_mut());
        for (group, examples) in groups(layer, rows, grouped) {
            part.gather(&batch, examples.iter().map(number), |b| layer.place(batch.targets[b], &group));
            step_within(layer, w, group, part, stats, blocks);
            part.add_to(&mut d_hidden);
            part.add_losses_to(own);
        }
        s.total_loss(losses)
    };
    expand::step(loss, plain, w, batch, s, d_hidden, losses)
}

/// Takes a step of the softmax over a group, for the examples whose targets are in it.
fn step_within<L: TwoLevel>(
    layer: &L,
    w: &mut Tables,
    group: Group,
    part: &mut Gathered,
    stats: &mut Vec<Stat>,
    buffers: &mut Vec<Vec<f32>>,
) {
    let block = &layer.levels().blocks[group.block];
    let (batch, mut d_hidden, losses) = part.split();
    let rows = (block.table, group.rows);
    if !block.projected {
        return layer.softmax(w, rows, &batch, stats, losses, d_hidden);
    }
    let (table, all) = (block.table - 1, 0..block.dim as u32);
    let [x, d_x] = two_blocks(buffers, batch.len() * block.dim, batch.len() * block.dim);
    d_x.fill(0.0);
    scan::scores(w, table, all.clone(), batch.hidden, x);
    layer.softmax(w, rows, &Batch { hidden: block.view(x), ..batch }, stats, losses, block.view_mut(d_x));
    w.weighted_sum(table, &Rows::Range(all.clone()), block.view(d_x), d_hidden.view_mut());
    w.descend(table, &Rows::Range(all), block.view(d_x), batch.hidden);
}

/// Writes ln P of all words, B×V. `ln_head` returns the ln P of a row of the head for an example of the batch.
pub fn log_probs<L: TwoLevel>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    s: &mut Scratch,
    mut out: ArrayViewMut2<f32>,
    ln_head: impl Fn(usize, u32) -> f64,
) {
    let levels = layer.levels();
    for (b, mut out) in out.rows_mut().into_iter().enumerate() {
        for head in (0..levels.heads).filter(|head| layer.group(*head).is_none()) {
            layer.words(head).for_each(|word| out[word as usize] = ln_head(b, head) as f32);
        }
    }
    for block in &levels.blocks {
        let [x, z] = s.two_blocks(0, 0);
        block.scores(w, 0..block.words, hidden, x, z);
        let rows = z.chunks_exact_mut(block.words as usize).zip(out.rows_mut());
        for (b, (z, mut out)) in rows.enumerate() {
            for head in block.heads.clone() {
                let Some(group) = layer.group(head) else { continue };
                let z = &mut z[group.range()];
                scan::normalize_row(z, ln_head(b, head));
                layer.words(head).zip(z).for_each(|(word, ln_p)| out[word as usize] = *ln_p);
            }
        }
    }
}

/// Adds the ln P of each target within its group.
pub fn add_log_prob<L: TwoLevel>(layer: &L, w: &mut Tables, batch: &Batch, s: &mut Scratch, out: &mut [f64]) {
    let heads: Vec<u32> = batch.targets.iter().map(|target| layer.head_of(*target)).collect();
    let (mut grouped, mut part) = (Vec::new(), Gathered::default());
    for (group, examples) in groups(layer, &heads, &mut grouped) {
        part.gather(batch, examples.iter().map(number), |b| layer.place(batch.targets[b], &group));
        let (of_group, ..) = part.split();
        let [x, z] = s.two_blocks(0, 0);
        layer.levels().blocks[group.block].scores(w, group.rows.clone(), of_group.hidden, x, z);
        let rows = of_group.targets.iter().zip(z.chunks_exact(group.rows.len()));
        for (b, (place, z)) in examples.iter().map(number).zip(rows) {
            out[b] += ln_softmax_at(z, *place as usize);
        }
    }
}

/// Implements [`OutputLayer::descent`](crate::layer::OutputLayer::descent). Node 0 is the head; node i + 1 is the group
/// behind row i.
pub fn descent<'a, L: TwoLevel>(
    layer: &'a L,
    w: &'a mut Tables,
    hidden: ArrayView2<'a, f32>,
) -> Option<Box<dyn Descent + 'a>> {
    let levels = layer.levels();
    let (mut x, mut z) = (Vec::new(), Vec::new());
    let decide = move |node: u32, places: &mut Vec<(Child, f32)>| {
        let Some((head, group)) = node.checked_sub(1).and_then(|head| Some((head, layer.group(head)?))) else {
            let at = |head| match (layer.group(head), layer.words(head).next()) {
                (None, Some(word)) => Child::Word(word),
                _ => Child::Node(head + 1),
            };
            return places.extend((0..).map(at).zip(levels.head_scores(w, hidden)));
        };
        levels.blocks[group.block].scores(w, group.rows, hidden, &mut x, &mut z);
        places.extend(layer.words(head).map(Child::Word).zip(z.iter().copied()));
    };
    Some(Box::new(Softmaxes::new(decide)))
}

/// Computes the part of [`OutputLayer::log_probs_backward`](crate::layer::OutputLayer::log_probs_backward) that goes
/// through the head.
pub fn head_backward<L: TwoLevel>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    d_log_probs: ArrayView2<f32>,
    d_hidden: &mut ArrayViewMut2<f32>,
) {
    let heads = layer.levels().heads as usize;
    let mut z = layer.levels().head_scores(w, hidden);
    let mut d_heads = vec![0.0; heads];
    for (z, d) in z.chunks_exact_mut(heads).zip(d_log_probs.rows()) {
        d_heads.fill(0.0);
        (0..).zip(d).for_each(|(word, d)| d_heads[layer.head_of(word) as usize] += *d);
        ln_softmax_gradient(z, &d_heads);
    }
    scan::descend(w, HEAD, &z, hidden, d_hidden);
}

/// Computes the part of it that goes through the words of all groups.
pub fn words_backward<L: TwoLevel>(
    layer: &L,
    w: &mut Tables,
    hidden: ArrayView2<f32>,
    d_log_probs: ArrayView2<f32>,
    s: &mut Scratch,
    d_hidden: &mut ArrayViewMut2<f32>,
) {
    let mut d_group = Vec::new();
    for block in &layer.levels().blocks {
        let [x, z] = s.two_blocks(0, 0);
        block.scores(w, 0..block.words, hidden, x, z);
        for (z, d) in z.chunks_exact_mut(block.words as usize).zip(d_log_probs.rows()) {
            // Rows outside all groups get no gradient.
            let mut done = 0;
            for head in block.heads.clone() {
                let Some(group) = layer.group(head) else { continue };
                let range = group.range();
                z[done..range.start].fill(0.0);
                done = range.end;
                d_group.clear();
                d_group.extend(layer.words(head).map(|word| d[word as usize]));
                ln_softmax_gradient(&mut z[range], &d_group);
            }
            z[done..].fill(0.0);
        }
        if block.projected {
            let mut d_x = vec![0.0; x.len()];
            scan::descend(w, block.table, z, block.view(x), &mut block.view_mut(&mut d_x));
            scan::descend(w, block.table - 1, &d_x, hidden, d_hidden);
        } else {
            scan::descend(w, block.table, z, hidden, d_hidden);
        }
    }
}

/// Implements [`OutputLayer::expected_cost`](crate::layer::OutputLayer::expected_cost).
pub fn expected_cost<L: TwoLevel>(layer: &L, targets: &[WordId]) -> Cost {
    let levels = layer.levels();
    let counted = expand::counted(&levels.loss, targets);
    let heads: Vec<u32> = counted.iter().map(|target| layer.head_of(*target)).collect();
    let mut grouped = Vec::new();
    let within = groups(layer, &heads, &mut grouped).map(|(group, examples)| {
        let (block, n) = (&levels.blocks[group.block], examples.len());
        let cost = L::softmax_cost(n, group.rows.len(), block.dim);
        if !block.projected {
            return cost;
        }
        // The rows of the projection are read a second time, for ∂L/∂hidden.
        let twice = Cost { rows_read: block.dim as u64, ..Cost::default() };
        cost + Cost::step(n, block.dim, levels.dim) + twice
    });
    L::softmax_cost(heads.len(), levels.heads as usize, levels.dim) + within.sum()
}
