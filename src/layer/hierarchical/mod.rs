//! Hierarchical softmax over a binary tree whose leaves are the words.

mod block;
mod paths;

use super::kit::expand;
use super::kit::scan::groups;
use super::kit::scratch::repeat;
use super::verbs::descent::Descent;
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::{Error, Result};
use crate::objective::math::{ln_sigmoid, logistic as logistic_function};
use crate::objective::{LossOptions, SigmoidTable, logistic_block, logistic_by};
use crate::table::kernel::view;
use crate::table::{Cost, Rows, Tables, Tile};
use crate::tree::{Child, Tree};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2, Axis, Slice};
use paths::{Below, Path, Paths, climb};
use std::ops::Range;
use std::sync::OnceLock;

/// Softmax as a path of binary decisions from the root of a tree to the word.
///
/// - *Model* P(w | h) = Π σ(±(v_n·h + b_n)) over the nodes n on the path of w, with + for code 0 and − for code 1.
/// - *Criterion* L = −ln P(t | h). No gradient is dropped, however large the score, unless
///   [`HierarchicalSoftmax::with_sigmoid`] is set. Supports an ignored target, word weights and soft targets among
///   [`LossOptions`]: the others concern every node, not a path.
/// - *Gradient* ∂L/∂z_n = −s·σ(−s·z_n), with the sign s.
/// - *Cost* 3·d·Σ_b |code(t_b)| multiply-adds per step, |code| rows written.
/// - *Reference* Morin & Bengio 2005; with a Huffman tree Mikolov et al. 2013, eq. 3.
#[derive(Clone, Debug)]
pub struct HierarchicalSoftmax {
    tree: Tree,
    dim: usize,
    bias: Bias,
    loss: LossOptions,
    sigmoid: Option<SigmoidTable>,
    frequent: Paths,
    /// Built when a verb first descends the tree; training only climbs it.
    children: OnceLock<Vec<[Child; 2]>>,
}

/// Number of sums below nodes that are held at a time: 64 MB.
const PART: usize = 4 << 20;

impl HierarchicalSoftmax {
    /// Creates a layer over any tree of the words, for hidden vectors of size `dim`.
    ///
    /// # Errors
    /// `dim` = 0.
    pub fn new(tree: Tree, dim: usize, bias: Bias) -> Result<Self> {
        if dim == 0 {
            return Err(Error::OutOfRange { name: "dim", value: 0.0, limit: "1 or more" });
        }
        Ok(Self {
            frequent: Paths::of(&tree),
            tree,
            dim,
            bias,
            loss: LossOptions::new(),
            sigmoid: None,
            children: OnceLock::new(),
        })
    }

    /// Sets the options of the loss.
    ///
    /// # Errors
    /// An option that concerns all words instead of a path, or word weights whose number differs from the number of
    /// words.
    pub fn with_loss(mut self, loss: LossOptions) -> Result<Self> {
        self.set_loss(loss)?;
        Ok(self)
    }

    /// Takes σ in training from a table, which gives the gradients of word2vec.c and gensim: they drop some decisions.
    pub fn with_sigmoid(self, table: SigmoidTable) -> Self {
        Self { sigmoid: Some(table), ..self }
    }

    /// Returns the path of a word. A path that is not cached is climbed into the buffers, unless `ahead` says that this
    /// was done.
    #[inline]
    fn path<'a>(
        &'a self,
        word: WordId,
        ahead: &mut Option<WordId>,
        nodes: &'a mut Vec<u32>,
        signs: &'a mut Vec<f32>,
    ) -> Path<'a> {
        let ahead = ahead.take();
        if let Some(path) = self.frequent.get(word) {
            return path;
        }
        if ahead != Some(word) {
            nodes.clear();
            signs.clear();
            climb(&self.tree, word, nodes, signs);
        }
        (nodes, signs)
    }

    /// Prefetches the rows of the announced target's nodes, and the cached path of the target after it.
    fn look_ahead(&self, w: &Tables, s: &mut Scratch) {
        let Some((target, then)) = s.take_announced() else { return };
        if let Some(then) = then {
            self.frequent.prefetch(then);
        }
        let (nodes, _) = self.path(target, &mut s.ahead, &mut s.rows, &mut s.signs);
        w.prefetch(0, nodes);
        s.ahead = Some(target);
    }

    /// Takes a step towards single words, without loss options.
    fn step_along_paths(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_losses(&batch);
        for group in groups(batch.targets) {
            let target = batch.targets[group.start];
            let Scratch { ahead, rows, signs, repeated, .. } = s;
            let (nodes, signs) = self.path(target, ahead, rows, signs);
            let x = view::rows(&batch.hidden, &group);
            let d_x = view::rows_mut(&mut d_hidden, &group);
            let table = self.sigmoid.as_ref();
            let summed = batch.weights.is_none() && losses.is_none() && table.is_none();
            let signs = if summed { repeat(signs, group.len(), repeated) } else { signs };
            let coef = |part: Range<usize>, z: ArrayViewMut2<f32>, losses: &mut [f64]| {
                if summed {
                    logistic_block(signs, z, losses);
                } else {
                    logistic_by(table, signs, |b| batch.weight(group.start + part.start + b), z, losses);
                }
            };
            w.step(0, nodes, x, &coef, &mut s.losses[group.clone()], d_x);
        }
        s.total_loss(losses)
    }
}

impl OutputLayer for HierarchicalSoftmax {
    fn shape(&self) -> LayerShape {
        let shape = LayerShape::new(self.tree.vocab(), self.dim, self.bias);
        let shape = shape.with_rows(self.tree.nodes() as u32, self.dim);
        if self.loss.is_plain() { shape.taking_blocks() } else { shape }
    }

    fn tree(&self) -> Option<&Tree> {
        Some(&self.tree)
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        vec![self.tree.log_odds(counts)]
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        loss.check("HierarchicalSoftmax", self.tree.vocab(), expand::HONOURED)?;
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
        if let Some(members) = batch.members {
            assert!(self.loss.is_plain(), "a block for a loss with options");
            return self.step_block(w, &batch, members, s, d_hidden, losses);
        }
        let plain: expand::PlainStep = &|w, batch, s, d_x, losses| self.step_along_paths(w, batch, s, d_x, losses);
        let loss = expand::step(&self.loss, plain, w, batch, s, d_hidden, losses);
        self.look_ahead(w, s);
        loss
    }

    /// Propagates ln P from the root to the leaves: the number of a parent is below the numbers of its children.
    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        let nodes = self.tree.nodes();
        s.blocks.resize_with(s.blocks.len().max(1), Vec::new);
        s.blocks[0].resize(nodes, 0.0);
        let mut reach = vec![0.0f64; nodes];
        for (b, mut row) in out.rows_mut().into_iter().enumerate() {
            let x = hidden.slice_axis(Axis(0), Slice::from(b..b + 1));
            let z = ArrayViewMut2::from_shape((1, nodes), &mut s.blocks[0][..]).expect("1 × nodes");
            w.scores(0, &Rows::Range(0..nodes as u32), x, z);
            let z = &s.blocks[0];
            let turn = |node: u32, code: bool| {
                let score = f64::from(z[node as usize]);
                ln_sigmoid(if code { -score } else { score })
            };
            for node in 0..nodes as u32 {
                reach[node as usize] =
                    self.tree.node_parent(node).map_or(0.0, |(up, code)| reach[up as usize] + turn(up, code));
            }
            for (word, out) in (0..).zip(row.iter_mut()) {
                *out = self.tree.leaf_parent(word).map_or(0.0, |(up, code)| reach[up as usize] + turn(up, code)) as f32;
            }
        }
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        for group in groups(batch.targets) {
            s.blocks.resize_with(s.blocks.len().max(1), Vec::new);
            let Scratch { ahead, rows, signs, blocks, .. } = s;
            let (rows, signs) = self.path(batch.targets[group.start], ahead, rows, signs);
            let x = view::rows(&batch.hidden, &group);
            let (examples, nodes) = (group.len(), rows.len());
            blocks[0].resize(examples * nodes, 0.0);
            let z = ArrayViewMut2::from_shape((examples, nodes), &mut blocks[0][..]).expect("examples × nodes");
            w.scores(0, &Rows::List(rows), x, z);
            for (b, out) in out[group].iter_mut().enumerate() {
                // In f64, one decision at a time: `simd::logistic` is for training only.
                let z = &blocks[0][b * nodes..(b + 1) * nodes];
                *out = z.iter().zip(signs).map(|(z, sign)| ln_sigmoid(f64::from(z * sign))).sum();
            }
        }
    }

    fn descent<'a>(&'a self, w: &'a mut Tables, hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        let children = self.children.get_or_init(|| self.tree.children());
        Some(Box::new(Below::new(children, w, hidden)))
    }

    /// ∂L/∂z = d_0·σ(−z) − d_1·σ(z), where d_c is the sum of ∂L/∂ln P over the words below code c.
    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        _: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        let batch = hidden.nrows();
        let part = (PART / self.tree.vocab()).max(1);
        for start in (0..batch).step_by(part) {
            let part = start..(start + part).min(batch);
            let below: Vec<_> =
                part.clone().map(|b| self.tree.sums(|w| f64::from(d_log_probs[[b, w as usize]]))).collect();
            let coef = |tile: &mut Tile| {
                for node in tile.rows() {
                    for (z, below) in tile.row_mut(node).iter_mut().zip(&below) {
                        let ([zero, one], score) = (below[node as usize], f64::from(*z));
                        *z = (zero * logistic_function(-score) - one * logistic_function(score)) as f32;
                    }
                }
            };
            let d_x = view::rows_mut(&mut d_hidden, &part);
            w.sweep(0, 0..self.tree.nodes() as u32, view::rows(&hidden, &part), &coef, d_x, part.end == batch);
        }
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let targets = &expand::counted(&self.loss, targets)[..];
        let step = |group: Range<usize>| Cost::step(group.len(), self.tree.depth(targets[group.start]), self.dim);
        Some(groups(targets).map(step).sum())
    }
}
