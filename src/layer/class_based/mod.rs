//! Class-based softmax: first the class, then the word within the class.

mod classes;

pub use classes::Classes;

use super::kit::scan::WordTable;
use super::kit::two_level::{self, Block, Group, Levels, TwoLevel};
use super::verbs::descent::Descent;
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::Result;
use crate::objective::{LossOptions, ln_softmax_at, softmax_row};
use crate::table::{Cost, Stat, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// A softmax over classes, then one over the words of the class.
///
/// - *Model* P(w | h) = softmax(u·h + a)_c(w) · softmax(v·h + b over the words of c(w))_w.
/// - *Criterion* L = −ln P(t | h). Supports an ignored target, word weights and soft targets among [`LossOptions`].
/// - *Gradient* ∂L/∂z = softmax − e, in both decisions.
/// - *Cost* 3·d·Σ_b (C + |class of t_b|) multiply-adds per step; about 6·B·d·√V with √V classes of equal size. A class
///   of one word costs nothing. Examples of a batch whose targets share a class read its rows once.
/// - *Reference* Goodman 2001, eq. 4.
#[derive(Clone, Debug)]
pub struct ClassBasedSoftmax {
    levels: Levels,
    classes: Classes,
    /// 0, 1, 2, …: its slices list neighbouring rows.
    ids: Vec<u32>,
}

impl ClassBasedSoftmax {
    /// Creates a layer over the words of `classes` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// 2³¹ words or more, or `dim` = 0.
    pub fn new(classes: Classes, dim: usize, bias: Bias) -> Result<Self> {
        let WordTable { words, .. } = WordTable::over(classes.vocab(), dim)?;
        let heads = classes.len() as u32;
        let blocks = vec![Block { table: 1, projected: false, words, dim, heads: 0..heads }];
        let levels = Levels { vocab: classes.vocab(), dim, heads, blocks, bias, loss: LossOptions::new() };
        Ok(Self { levels, ids: (0..words).collect(), classes })
    }
}

/// The head has one row per class. A class of one word is that word.
impl TwoLevel for ClassBasedSoftmax {
    fn levels(&self) -> &Levels {
        &self.levels
    }

    fn head_of(&self, word: WordId) -> u32 {
        self.classes.class(word)
    }

    fn group(&self, head: u32) -> Option<Group> {
        let rows = self.classes.rows(head);
        (rows.len() > 1).then_some(Group { block: 0, rows })
    }

    fn words(&self, head: u32) -> impl Iterator<Item = WordId> + '_ {
        self.classes.words(head).iter().copied()
    }

    fn place(&self, word: WordId, group: &Group) -> u32 {
        self.classes.row(word) - group.rows.start
    }

    /// The rows of a class are few, so the step gathers them.
    fn softmax(
        &self,
        w: &mut Tables,
        (table, rows): (usize, Range<u32>),
        batch: &Batch,
        _: &mut Vec<Stat>,
        losses: &mut [f64],
        d_x: ArrayViewMut2<f32>,
    ) {
        let coef = |part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
            for ((b, mut z), loss) in part.zip(z.rows_mut()).zip(losses) {
                let z = z.as_slice_mut().expect("contiguous rows");
                *loss += softmax_row(z, batch.targets[b] as usize, batch.weight(b));
            }
        };
        let rows = &self.ids[rows.start as usize..rows.end as usize];
        w.step(table, rows, batch.hidden, &coef, losses, d_x);
    }

    fn softmax_cost(batch: usize, rows: usize, dim: usize) -> Cost {
        Cost::step(batch, rows, dim)
    }
}

impl OutputLayer for ClassBasedSoftmax {
    fn shape(&self) -> LayerShape {
        self.levels.shape()
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        two_level::unigram_biases(self, counts)
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        self.levels.set_loss("ClassBasedSoftmax", loss)
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
        let (z, classes) = (self.levels.head_scores(w, hidden), self.classes.len());
        let ln_class = |b: usize, class: u32| ln_softmax_at(&z[b * classes..][..classes], class as usize);
        two_level::log_probs(self, w, hidden, s, out, ln_class);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let z = self.levels.head_scores(w, batch.hidden);
        for ((out, z), target) in out.iter_mut().zip(z.chunks_exact(self.classes.len())).zip(batch.targets) {
            *out = ln_softmax_at(z, self.classes.class(*target) as usize);
        }
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
        two_level::head_backward(self, w, hidden, d_log_probs, &mut d_hidden);
        two_level::words_backward(self, w, hidden, d_log_probs, s, &mut d_hidden);
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        Some(two_level::expected_cost(self, targets))
    }
}
