//! Draws through two codebooks (inverted multi-index).

use super::mixture::{self, AtBatch, dot, pick};
use super::{AdaptiveProposal, Draws, Sampler, check_samples, ln_drawn};
use crate::error::{Error, Result};
use crate::rng::WorkerRng;
use crate::simd;
use crate::table::Tables;
use crate::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, CowArray, Ix2};
use rand::RngExt;
use std::fmt;

/// q(w | h) ∝ p(w)·exp(h′·c′(w) + h″·c″(w)): softmax in which each half of a word's vector is replaced by the nearest
/// of M code words. k-means finds the code words at each look at the weights.
///
/// Words with the same two codes share a cell of an M × M table. A draw chooses the first code, then the second code
/// given the first, then a word of the cell by p. p is e^bias if the layer has biases, otherwise the unigram model.
/// With zero weights q is the unigram model.
///
/// The draws of a batch come from the mixture of its q(· | h_b) in equal parts. The share of every word in the mixture
/// is known, so the correction is exact.
///
/// *Cost* B·(M·d + M²) per batch, O(M) per draw, B for the q of each distinct word. *Reference* Chen, Lian, Wang & al.
/// 2022 (fast variational and sampling by inverted multi-index); within cells by p.
pub struct Midx {
    samples: usize,
    codes: usize,
    dim: usize,
    /// p of every word, unnormalized.
    prior: Vec<f32>,
    total: f64,
    /// M × ⌈d/2⌉ and M × ⌊d/2⌋.
    books: [Vec<f32>; 2],
    /// The two codes of every word.
    of_word: [Vec<u32>; 2],
    /// The words of each cell, the start of each cell, and the partial sums of p over the words.
    words: Vec<WordId>,
    starts: Vec<u32>,
    before: Vec<f64>,
    /// Σ p over each cell, M × M.
    mass: Vec<f64>,
}

impl fmt::Debug for Midx {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Midx")
            .field("vocab", &self.prior.len())
            .field("dim", &self.dim)
            .field("samples", &self.samples)
            .field("codes", &self.codes)
            .finish_non_exhaustive()
    }
}

/// Rounds of k-means at each look at the weights. Code words start from their previous values.
const ROUNDS: usize = 3;

impl Midx {
    /// Makes `samples` draws per batch for hidden vectors of size `dim`, through two books of `codes` code words. Until
    /// the first look at the weights, q is the unigram model of `counts`.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if `samples` is not in 1..=2²⁴, `codes` is not in 1..=1024, or `dim` is 0.
    pub fn new(counts: &Counts, dim: usize, samples: usize, codes: usize) -> Result<Self> {
        check_samples(samples)?;
        if !(1..=1024).contains(&codes) {
            return Err(Error::OutOfRange { name: "codes", value: codes as f64, limit: "between 1 and 1024" });
        }
        if dim == 0 {
            return Err(Error::OutOfRange { name: "dim", value: 0.0, limit: "1 or more" });
        }
        let vocab = counts.len();
        let halves = [dim.div_ceil(2), dim / 2];
        let mut midx = Self {
            samples,
            codes,
            dim,
            prior: (0..vocab as WordId).map(|w| counts.probability(w) as f32).collect(),
            total: 0.0,
            books: halves.map(|half| vec![0.0; codes * half]),
            of_word: [vec![0; vocab], vec![0; vocab]],
            words: Vec::new(),
            starts: Vec::new(),
            before: Vec::new(),
            mass: Vec::new(),
        };
        midx.fill_cells();
        Ok(midx)
    }

    fn cell(&self, word: usize) -> usize {
        self.of_word[0][word] as usize * self.codes + self.of_word[1][word] as usize
    }

    /// Sorts the words into their cells.
    fn fill_cells(&mut self) {
        let (vocab, cells) = (self.prior.len(), self.codes * self.codes);
        self.mass = vec![0.0; cells];
        let mut words: Vec<WordId> = (0..vocab as WordId).collect();
        words.sort_by_key(|word| self.cell(*word as usize));
        let mut sizes = vec![0; cells + 1];
        for word in 0..vocab {
            let cell = self.cell(word);
            self.mass[cell] += f64::from(self.prior[word]);
            sizes[cell + 1] += 1;
        }
        for cell in 0..cells {
            sizes[cell + 1] += sizes[cell];
        }
        let mut sum = 0.0;
        self.before = vec![0.0];
        self.before.extend(words.iter().map(|word| {
            sum += f64::from(self.prior[*word as usize]);
            sum
        }));
        (self.words, self.starts, self.total) = (words, sizes, sum);
    }

    /// One of the two halves of a vector of size d.
    fn half<'a>(&self, book: usize, x: &'a [f32]) -> &'a [f32] {
        let (first, second) = x.split_at(self.dim.div_ceil(2));
        [first, second][book]
    }

    /// Runs k-means on one half of all vectors, from the present code words.
    fn learn(&mut self, book: usize, vectors: &[f32]) {
        let (dim, vocab) = ([self.dim.div_ceil(2), self.dim / 2][book], self.prior.len());
        if dim == 0 {
            return;
        }
        if self.books[book].iter().all(|x| *x == 0.0) {
            // Start from words spread over the whole vocabulary.
            for code in 0..self.codes {
                let word = code * vocab / self.codes;
                let v = self.half(book, &vectors[word * self.dim..][..self.dim]).to_vec();
                self.books[book][code * dim..][..dim].copy_from_slice(&v);
            }
        }
        for _ in 0..ROUNDS {
            let (mut sums, mut counts) = (vec![0.0; self.codes * dim], vec![0u32; self.codes]);
            let offsets: Vec<f32> = self.books[book].chunks_exact(dim).map(|c| 0.5 * dot(c, c)).collect();
            for word in 0..vocab {
                let v = self.half(book, &vectors[word * self.dim..][..self.dim]);
                let (mut nearest, mut best) = (0, f32::NEG_INFINITY);
                for (code, c) in self.books[book].chunks_exact(dim).enumerate() {
                    let near = dot(c, v) - offsets[code];
                    if near > best {
                        (nearest, best) = (code, near);
                    }
                }
                self.of_word[book][word] = nearest as u32;
                counts[nearest] += 1;
                simd::add(&mut sums[nearest * dim..][..dim], v);
            }
            for (code, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let mean = &mut sums[code * dim..][..dim];
                simd::scale(mean, 1.0 / *count as f32);
                self.books[book][code * dim..][..dim].copy_from_slice(mean);
            }
        }
    }

    /// e^(h·c − max) for each code word of a book.
    fn exponentials(&self, book: usize, h: &[f32], out: &mut [f64]) {
        let h = self.half(book, h);
        if h.is_empty() {
            return out.fill(1.0);
        }
        out.iter_mut().zip(self.books[book].chunks_exact(h.len())).for_each(|(z, c)| *z = f64::from(dot(c, h)));
        let max = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Never 0, so that every word can be drawn.
        out.iter_mut().for_each(|z| *z = (*z - max).max(-200.0).exp());
    }
}

/// For one hidden vector: e^(h′·c′), e^(h″·c″), the share of each first code, and the total.
struct Hidden<'a> {
    first: &'a [f64],
    second: &'a [f64],
    rows: &'a [f64],
    total: f64,
}

struct At<'a> {
    midx: &'a Midx,
    /// B × (3·M + 1): the numbers of [`Hidden`].
    numbers: &'a [f64],
}

impl At<'_> {
    fn hidden(&self, b: usize) -> Hidden<'_> {
        let codes = self.midx.codes;
        let numbers = &self.numbers[b * (3 * codes + 1)..][..3 * codes + 1];
        let ((first, rest), total) = (numbers[..3 * codes].split_at(codes), numbers[3 * codes]);
        let (second, rows) = rest.split_at(codes);
        Hidden { first, second, rows, total }
    }
}

impl AtBatch for At<'_> {
    fn draw(&self, b: usize, rng: &mut WorkerRng) -> WordId {
        let (m, h) = (self.midx, self.hidden(b));
        let row = pick(h.rows.iter().copied(), rng);
        let masses = &m.mass[row * m.codes..][..m.codes];
        let column = pick(masses.iter().zip(h.second).map(|(mass, e)| mass * e), rng);
        let cell = row * m.codes + column;
        // A cell may hold most of the vocabulary, so this is a binary search in its partial sums.
        let (start, end) = (m.starts[cell] as usize, m.starts[cell + 1] as usize);
        let at = m.before[start] + rng.random::<f64>() * (m.before[end] - m.before[start]);
        let place = m.before[start + 1..end].partition_point(|sum| *sum <= at);
        m.words[start + place]
    }

    fn share(&self, b: usize, word: WordId) -> f64 {
        let (m, h, word) = (self.midx, self.hidden(b), word as usize);
        let codes = [m.of_word[0][word] as usize, m.of_word[1][word] as usize];
        f64::from(m.prior[word]) * h.first[codes[0]] * h.second[codes[1]] / h.total
    }
}

impl Sampler for Midx {
    fn vocab(&self) -> usize {
        self.prior.len()
    }

    fn samples(&self) -> usize {
        self.samples
    }

    /// p, which is q for a hidden vector of zeros.
    fn ln_prob(&self, word: WordId) -> f64 {
        (f64::from(self.prior[word as usize]) / self.total).ln()
    }

    fn ln_inclusion(&self, word: WordId) -> f64 {
        ln_drawn(self.ln_prob(word), self.samples as f64)
    }

    fn draw(&self, hidden: Option<ArrayView2<f32>>, targets: &[WordId], rng: &mut WorkerRng, out: &mut Draws) {
        let hidden = hidden.expect("a proposal that depends on hidden vectors is given them");
        let (mut vectors, mut numbers) = (std::mem::take(&mut out.numbers), std::mem::take(&mut out.sums));
        vectors.clear();
        vectors.extend(hidden.iter());
        let width = 3 * self.codes + 1;
        numbers.resize(hidden.nrows() * width, 0.0);
        for (h, numbers) in vectors.chunks_exact(self.dim).zip(numbers.chunks_exact_mut(width)) {
            let (first, rest) = numbers.split_at_mut(self.codes);
            let (second, rest) = rest.split_at_mut(self.codes);
            let (rows, total) = rest.split_at_mut(self.codes);
            self.exponentials(0, h, first);
            self.exponentials(1, h, second);
            for ((row, e), masses) in rows.iter_mut().zip(first).zip(self.mass.chunks_exact(self.codes)) {
                *row = *e * masses.iter().zip(&*second).map(|(m, e)| m * e).sum::<f64>();
            }
            total[0] = rows.iter().sum();
        }
        mixture::draw(&At { midx: self, numbers: &numbers }, &hidden, targets, self.samples, rng, out);
        (out.numbers, out.sums) = (vectors, numbers);
    }

    fn adaptive(&self) -> Option<&dyn AdaptiveProposal> {
        Some(self)
    }

    fn adaptive_mut(&mut self) -> Option<&mut dyn AdaptiveProposal> {
        Some(self)
    }
}

impl AdaptiveProposal for Midx {
    fn refresh(&mut self, w: &mut Tables) {
        let vectors = mixture::vectors(w);
        if let Some(prior) = mixture::exp_biases(w) {
            self.prior = prior;
        }
        self.learn(0, &vectors);
        self.learn(1, &vectors);
        self.fill_cells();
    }

    /// p, V × 1; the code words, M × d; the two codes of every word, V × 2.
    fn state(&self) -> Vec<CowArray<'_, f32, Ix2>> {
        let (words, first) = (self.vocab(), self.dim.div_ceil(2));
        let prior = ArrayView2::from_shape((words, 1), &self.prior).expect("as many");
        let books = Array2::from_shape_fn((self.codes, self.dim), |(code, i)| match i.checked_sub(first) {
            None => self.books[0][code * first + i],
            Some(i) => self.books[1][code * (self.dim - first) + i],
        });
        // A code is less than 1,024, so an f32 holds it exactly.
        let codes = Array2::from_shape_fn((words, 2), |(word, book)| self.of_word[book][word] as f32);
        vec![prior.into(), books.into(), codes.into()]
    }

    fn restore(&mut self, state: Vec<Array2<f32>>) -> Result<()> {
        let [prior, books, codes] = mixture::flattened(self, state);
        mixture::check_prior(&prior)?;
        let is_code = |code: &f32| (0.0..self.codes as f32).contains(code) && code.fract() == 0.0;
        if !codes.iter().all(is_code) {
            return Err(Error::StateField { field: "the codes of the proposal" });
        }
        let first = self.dim.div_ceil(2);
        let half =
            |from: usize, to: usize| books.chunks_exact(self.dim).flat_map(|code| &code[from..to]).copied().collect();
        self.books = [half(0, first), half(first, self.dim)];
        self.of_word = [0, 1].map(|book| codes.chunks_exact(2).map(|pair| pair[book] as u32).collect());
        self.prior = prior;
        self.fill_cells();
        Ok(())
    }
}
