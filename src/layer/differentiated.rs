//! Differentiated softmax: frequent words get long vectors, rare words short ones.

use super::kit::goal::{self, Goal};
use super::kit::scan::{self, WordTable};
use super::verbs::{self, WordFold};
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::{Error, Result};
use crate::objective::{LossOption, LossOptions};
use crate::table::kernel::view;
use crate::table::{Cost, Rows, Stat, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Slice};

/// Numbers in the longest vector of a processor.
const VECTOR: usize = 16;

/// The blocks of words, in order of falling counts, and the size of the vectors of each block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks(Vec<(usize, usize)>);

impl Blocks {
    /// Creates blocks from pairs (number of words, size of their vectors).
    ///
    /// # Errors
    /// No block, a block without words, a size of 0, or blocks whose words do not sum to `vocab`.
    pub fn new(blocks: Vec<(usize, usize)>, vocab: usize) -> Result<Self> {
        for (words, dim) in &blocks {
            for (name, value) in [("words of a block", words), ("size of a block's vectors", dim)] {
                if *value == 0 {
                    return Err(Error::OutOfRange { name, value: 0.0, limit: "1 or more" });
                }
            }
        }
        let words = blocks.iter().fold(0usize, |sum, b| sum.saturating_add(b.0));
        if words != vocab {
            return Err(Error::BlocksMissWords { words, vocab });
        }
        Ok(Self(blocks))
    }

    /// Cuts the words into up to three blocks by mass: the words of the first half of the text, those up to nine
    /// tenths, and the rest. `dims` gives the sizes of their vectors. A small vocabulary gets fewer blocks.
    fn by_mass(counts: &Counts, dims: &[usize]) -> Vec<(usize, usize)> {
        let mut bounds: Vec<usize> = Vec::new();
        let (mut sum, total) = (0, counts.total() as f64);
        let shares = [0.5, 0.9];
        for (word, count) in counts.as_slice().iter().enumerate() {
            sum += count;
            while bounds.len() < shares.len() && sum as f64 >= shares[bounds.len()] * total {
                bounds.push(word + 1);
            }
        }
        bounds.resize(shares.len(), counts.len());
        bounds.push(counts.len());
        let mut start = 0;
        let mut blocks = Vec::new();
        for (bound, dim) in bounds.into_iter().zip(dims) {
            if bound > start {
                blocks.push((bound - start, *dim));
                start = bound;
            }
        }
        blocks
    }

    /// The default for disjoint slices: blocks by mass, with about a half, a third and a sixth of the hidden vector.
    /// From `dim` = 96 on the second and the third slice have a multiple of 16 entries, so that their rows fill whole
    /// vectors of the processor.
    pub fn slices(counts: &Counts, dim: usize) -> Self {
        let [first, second] = if dim >= 6 * VECTOR {
            let whole = |share: usize| ((dim + share * VECTOR / 2) / (share * VECTOR)).max(1) * VECTOR;
            let (second, third) = (whole(3), whole(6));
            [dim - second - third, second]
        } else {
            let first = dim.div_ceil(2);
            let second = (dim - first).div_ceil(3).max(1) + (dim - first) / 3;
            [first, second.min(dim - first)]
        };
        let mut blocks = Self::by_mass(counts, &[first, second, dim - first - second]);
        // The last block with entries takes the words of blocks without entries, and the entries without a block.
        let mut spare = dim;
        let mut last = 0;
        for i in 0..blocks.len() {
            spare -= blocks[i].1;
            if blocks[i].1 > 0 {
                last = i;
            }
        }
        blocks[last].0 += blocks[last + 1..].iter().map(|b| b.0).sum::<usize>();
        blocks.truncate(last + 1);
        blocks[last].1 += spare;
        Self(blocks)
    }

    /// The default with projections: blocks by mass, with all, a half and a quarter of the hidden size.
    pub fn projections(counts: &Counts, dim: usize) -> Self {
        Self(Self::by_mass(counts, &[dim, dim.div_ceil(2), dim.div_ceil(4)]))
    }

    /// The blocks as pairs (number of words, size of their vectors).
    pub fn as_slice(&self) -> &[(usize, usize)] {
        &self.0
    }
}

/// One softmax over all words, with shorter vectors for rarer words.
///
/// - *Model* P(w | h) = exp(z_w) / Σ_k exp(z_k), z_w = v_w·h_b + b_w for w in block b. With disjoint slices h_b is the
///   b-th slice of h. With projections (D-softmax*) h_b = A_b·h, with a trained A_b of shape d_b × d.
/// - *Criterion* L = −ln P(t | h), with one Z over all blocks. Supports all [`LossOptions`].
/// - *Gradient* ∂L/∂z = P − e_t.
/// - *Cost* 3·B·Σ_b V_b·d_b multiply-adds per step; with projections 3·B·Σ_b (d·d_b + V_b·d_b).
/// - *Words must be sorted* by falling count.
/// - *Reference* Chen, Grangier & Auli 2016, sec. 2.3; projections: Grave et al. 2017, sec. 5 (D-softmax\*).
#[derive(Clone, Debug)]
pub struct DifferentiatedSoftmax {
    blocks: Vec<WordTable>,
    vocab: usize,
    dim: usize,
    projected: bool,
    bias: Bias,
    loss: LossOptions,
}

impl DifferentiatedSoftmax {
    /// Creates the layer of Chen et al.: each block reads its own slice of the hidden vector.
    ///
    /// # Errors
    /// The sizes of the blocks do not sum to `dim`.
    pub fn with_slices(blocks: &Blocks, dim: usize, bias: Bias) -> Result<Self> {
        let sum = blocks.0.iter().fold(0usize, |sum, b| sum.saturating_add(b.1));
        if sum != dim {
            return Err(Error::SlicesMissDim { sum, dim });
        }
        Self::new(blocks, dim, false, bias)
    }

    /// Creates the D-softmax* of Grave et al.: each block reads its own projection of the whole hidden vector.
    ///
    /// # Errors
    /// The vectors of a block are longer than the hidden vector, or `dim` = 0.
    pub fn with_projections(blocks: &Blocks, dim: usize, bias: Bias) -> Result<Self> {
        if let Some((_, long)) = blocks.0.iter().find(|b| b.1 > dim) {
            let limit = "at most the hidden size";
            return Err(Error::OutOfRange { name: "size of a block's vectors", value: *long as f64, limit });
        }
        Self::new(blocks, dim, true, bias)
    }

    fn new(sizes: &Blocks, dim: usize, projected: bool, bias: Bias) -> Result<Self> {
        let vocab = sizes.0.iter().map(|b| b.0).sum();
        WordTable::over(vocab, dim)?;
        let mut blocks = Vec::new();
        let mut first = 0;
        for (i, (words, dim)) in sizes.0.iter().enumerate() {
            let table = if projected { 2 * i + 1 } else { i };
            blocks.push(WordTable { table, first, words: *words as u32, dim: *dim });
            first += *words as u32;
        }
        Ok(Self { blocks, vocab, dim, projected, bias, loss: LossOptions::new() })
    }

    /// Sets the options of the loss.
    ///
    /// # Errors
    /// Word weights whose number differs from the number of words.
    pub fn with_loss(mut self, loss: LossOptions) -> Result<Self> {
        self.set_loss(loss)?;
        Ok(self)
    }

    /// The entries of the hidden vector that each block reads, for disjoint slices.
    fn slices(&self) -> impl Iterator<Item = Slice> {
        let mut start = 0;
        self.blocks.iter().map(move |block| {
            start += block.dim;
            Slice::from(start - block.dim..start)
        })
    }

    /// Pairs each block with the hidden vectors that it reads. Projections are written to `buffers`.
    fn read<'a>(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<'a, f32>,
        buffers: &'a mut Vec<Vec<f32>>,
    ) -> Vec<(WordTable, ArrayView2<'a, f32>)> {
        if !self.projected {
            let view = |(block, slice): (&WordTable, Slice)| (*block, hidden.slice_axis_move(Axis(1), slice));
            return self.blocks.iter().zip(self.slices()).map(view).collect();
        }
        buffers.resize_with(buffers.len().max(self.blocks.len()), Vec::new);
        let project = |(block, buffer): (&WordTable, &'a mut Vec<f32>)| {
            let shape = (hidden.nrows(), block.dim);
            buffer.resize(shape.0 * shape.1, 0.0);
            let mut h = ArrayViewMut2::from_shape(shape, &mut buffer[..]).expect("B × block size");
            w.scores(block.table - 1, &Rows::Range(0..block.dim as u32), hidden, h.view_mut());
            (*block, ArrayView2::from_shape(shape, &buffer[..]).expect("B × block size"))
        };
        self.blocks.iter().zip(buffers).map(project).collect()
    }

    /// Computes ∂L/∂hidden and ∂L/∂A from ∂L/∂h_b, one projection table after the other.
    fn project_back(&self, w: &mut Tables, d_blocks: &[Vec<f32>], x: ArrayView2<f32>, mut d_x: ArrayViewMut2<f32>) {
        for (block, d) in self.blocks.iter().zip(d_blocks) {
            let d = ArrayView2::from_shape((x.nrows(), block.dim), &d[..]).expect("B × block size");
            let rows = Rows::Range(0..block.dim as u32);
            w.weighted_sum(block.table - 1, &rows, d, d_x.view_mut());
            w.descend(block.table - 1, &rows, d, x);
        }
    }
}

impl OutputLayer for DifferentiatedSoftmax {
    fn shape(&self) -> LayerShape {
        let mut shape = LayerShape::new(self.vocab, self.dim, self.bias);
        for block in &self.blocks {
            if self.projected {
                shape = shape.with_projection(scan::projection(self.dim, block.dim));
            }
            shape = shape.with_rows(block.words, block.dim);
        }
        shape
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        let mut biases = Vec::new();
        for block in &self.blocks {
            if self.projected {
                biases.push(Vec::new());
            }
            let words = block.first..block.first + block.words;
            biases.push(words.map(|w| counts.ln_probability(w) as f32).collect());
        }
        goal::uncap(&self.loss, biases)
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        loss.check("DifferentiatedSoftmax", self.vocab, LossOption::ALL)?;
        self.loss = loss;
        Ok(())
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let goal = Goal::new(&self.loss, batch, self.vocab, s);
        let mut buffers = std::mem::take(&mut s.blocks);
        let blocks = self.read(w, batch.hidden, &mut buffers);
        let mut d_blocks = std::mem::take(&mut s.d_blocks);
        if self.projected {
            d_blocks.resize_with(d_blocks.len().max(self.blocks.len()), Vec::new);
            for (d, block) in d_blocks.iter_mut().zip(&self.blocks) {
                d.clear();
                d.resize(batch.len() * block.dim, 0.0);
            }
        }
        for part in scan::parts(batch.len(), self.vocab) {
            let of_part: Vec<_> = blocks.iter().map(|(block, x)| (*block, view::rows(x, &part))).collect();
            goal.scan(w, &of_part, &part, &mut s.stats);
            for (i, ((block, x), slice)) in of_part.into_iter().zip(self.slices()).enumerate() {
                let rows = Slice::from(part.clone());
                if self.projected {
                    let d = ArrayViewMut2::from_shape((batch.len(), block.dim), &mut d_blocks[i][..]);
                    let mut d = d.expect("B × block size");
                    goal.sweep(w, &block, x, &part, &s.stats, d.slice_axis_mut(Axis(0), rows));
                } else {
                    let mut d = d_hidden.slice_axis_mut(Axis(0), rows);
                    goal.sweep(w, &block, x, &part, &s.stats, d.slice_axis_mut(Axis(1), slice));
                }
            }
            goal.losses(&part, &s.stats, &mut s.losses);
        }
        if self.projected {
            self.project_back(w, &d_blocks, batch.hidden, d_hidden);
        }
        drop(blocks);
        (s.blocks, s.d_blocks) = (buffers, d_blocks);
        s.total_loss(losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: ArrayViewMut2<f32>) {
        let blocks = self.read(w, hidden, &mut s.blocks);
        goal::log_probs(w, &blocks, &self.loss, out);
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let blocks = self.read(w, batch.hidden, &mut s.blocks);
        goal::log_prob(w, &blocks, &self.loss, &batch, &mut s.stats, out);
    }

    fn scan_scores(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, fold: &WordFold, out: &mut [Stat]) {
        if self.loss.soft_cap().is_some() {
            return verbs::scan_log_probs(self, w, hidden, s, fold, out);
        }
        let blocks = self.read(w, hidden, &mut s.blocks);
        scan::scan_scores(w, &blocks, None, fold, out);
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        if self.loss.soft_cap().is_some() {
            return false;
        }
        let blocks = self.read(w, hidden, &mut s.blocks);
        let mut d_blocks: Vec<Array2<f32>> = blocks.iter().map(|(_, x)| Array2::zeros(x.raw_dim())).collect();
        let triples = blocks.into_iter().zip(&mut d_blocks).map(|((block, x), d_x)| (block, x, d_x.view_mut()));
        scan::log_probs_backward(w, &mut triples.collect::<Vec<_>>(), None, d_log_probs);
        if self.projected {
            let d_blocks: Vec<Vec<f32>> = d_blocks.into_iter().map(|d| d.into_raw_vec_and_offset().0).collect();
            self.project_back(w, &d_blocks, hidden, d_hidden);
            return true;
        }
        for (d, slice) in d_blocks.iter().zip(self.slices()) {
            let mut to = d_hidden.slice_axis_mut(Axis(1), slice);
            to += d;
        }
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let batch = targets.len();
        let of_block = |b: &WordTable| {
            let words = scan::cost(batch, self.vocab, b.words as usize, b.dim);
            let projection = Cost::step(batch, b.dim, self.dim);
            let twice = Cost { rows_read: b.dim as u64, ..Cost::default() };
            if self.projected { words + projection + twice } else { words }
        };
        Some(self.blocks.iter().map(of_block).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_cover_the_hidden_vector_and_larger_ones_fill_vectors() {
        let counts = Counts::new((1..=1_000).map(|rank| 1_000_000 / rank).collect()).unwrap();
        for dim in (1..=1_100).chain([4_096]) {
            let blocks = Blocks::slices(&counts, dim);
            let dims: Vec<usize> = blocks.0.iter().map(|block| block.1).collect();
            assert_eq!(blocks.0.iter().map(|block| block.0).sum::<usize>(), counts.len(), "{dim}");
            assert_eq!(dims.iter().sum::<usize>(), dim);
            assert!(dims.iter().all(|size| *size > 0) && dims.is_sorted_by(|a, b| a >= b), "{dim}: {dims:?}");
            if dim >= 96 {
                let [first, rest @ ..] = &dims[..] else { panic!("{dims:?}") };
                assert!(rest.len() == 2 && rest.iter().all(|size| size.is_multiple_of(16)), "{dim}: {dims:?}");
                // Half a vector's rounding of a third and of a sixth.
                assert!((*first as f64 - 0.5 * dim as f64).abs() <= 16.0, "{dim}: {dims:?}");
            }
        }
    }
}
