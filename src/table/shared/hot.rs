//! The rows that a worker keeps to itself, and exchanges with the others from time to time.

use super::exchange::{HotRows, Period};
use super::row::{PLAIN, descend_shared};
use super::{SharedMatrix, merged, pack, unpack};
use crate::simd::dispatch;
use crate::table::aligned::Aligned;
use crate::table::few::Placed;
use crate::table::{Bags, kernel};
use pulp::{Simd, WithSimd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Rows behind the hot ones that there is room for from the start.
const SPARE: usize = 64;

/// Private copies of the first rows of a table: words are sorted by falling count and tree nodes are numbered from the
/// root, so they are the hottest.
///
/// After so many updates of its own a row is exchanged: the worker adds its moves since the last exchange to the shared
/// row, and takes the sum.
pub struct Hot {
    stride: usize,
    period: Period,
    /// rows × stride, padded with zeros; behind them room for rows that are not hot.
    values: Aligned,
    /// The same at the last exchange.
    base: Aligned,
    bias: Vec<f32>,
    bias_base: Vec<f32>,
    /// Updates of each row since the last exchange.
    updates: Vec<u16>,
}

impl Hot {
    pub fn new(matrix: &SharedMatrix, rate: f32, rows: HotRows, workers: usize, unseen: usize) -> Self {
        let stride = kernel::stride(matrix.shape.dim);
        let workers = workers.max(1);
        let rows = rows.count(matrix.shape.rows, stride, workers);
        let period = Period::new(workers, rate, unseen);
        let mut values = Aligned::zeros(rows * stride);
        for (row, to) in (0..).zip(values.as_mut().chunks_exact_mut(stride)) {
            matrix.read_row(row, &mut to[..matrix.shape.dim]);
        }
        let bias: Vec<f32> = matrix.bias.iter().take(rows).map(|b| f32::from_bits(b.load(Relaxed))).collect();
        let (base, bias_base) = (values.clone(), bias.clone());
        values.grow((rows + SPARE) * stride);
        Self { stride, period, values, base, bias, bias_base, updates: vec![0; rows] }
    }

    /// Rows are exchanged the less often the lower the rate.
    pub fn set_rate(&mut self, rate: f32) {
        self.period.set_rate(rate);
    }

    /// Number of rows.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.updates.len()
    }

    /// Whether a row is hot.
    #[inline(always)]
    pub fn has(&self, row: u32) -> bool {
        (row as usize) < self.updates.len()
    }

    /// The bias of a row, hot or not.
    pub fn bias_of(&self, matrix: &SharedMatrix, row: u32) -> f32 {
        match self.bias.get(row as usize) {
            Some(bias) => *bias,
            None => matrix.bias.get(row as usize).map_or(0.0, |b| f32::from_bits(b.load(Relaxed))),
        }
    }

    /// The bias of a row ← itself − rate·gradient; nothing without.
    pub fn descend_bias(&mut self, matrix: &SharedMatrix, row: u32, rate: f32, gradient: f32) {
        if let Some(bias) = self.bias.get_mut(row as usize) {
            *bias -= rate * gradient;
        } else if let Some(bias) = matrix.bias.get(row as usize) {
            bias.store((f32::from_bits(bias.load(Relaxed)) - rate * gradient).to_bits(), Relaxed);
        }
    }

    /// A row with its padding.
    #[inline(always)]
    pub fn row(&self, row: u32) -> &[f32] {
        &self.values.as_ref()[row as usize * self.stride..][..self.stride]
    }

    #[inline(always)]
    pub fn row_mut(&mut self, row: u32) -> &mut [f32] {
        &mut self.values.as_mut()[row as usize * self.stride..][..self.stride]
    }

    /// Has a row brought into the cache.
    #[inline(always)]
    pub fn prefetch(&self, row: u32) {
        self.values.prefetch(row as usize * self.stride, self.stride);
    }

    pub fn bias_mut(&mut self, row: u32) -> Option<&mut f32> {
        self.bias.get_mut(row as usize)
    }

    /// Counts an update of a row, and exchanges the row when it is due.
    #[inline(always)]
    pub fn updated(&mut self, matrix: &SharedMatrix, row: u32) {
        let updates = &mut self.updates[row as usize];
        *updates += 1;
        if *updates >= self.period.updates() {
            self.exchange(matrix, row);
        }
    }

    /// Exchanges all rows that were updated.
    pub fn flush(&mut self, matrix: &SharedMatrix) {
        for row in 0..self.len() {
            if self.updates[row] > 0 {
                self.exchange(matrix, row as u32);
            }
        }
    }

    /// Adds the moves of a row to the shared one, and takes the sum.
    #[inline(never)]
    pub fn exchange(&mut self, matrix: &SharedMatrix, row: u32) {
        self.updates[row as usize] = 0;
        let at = row as usize * self.stride;
        let (values, base) =
            (&mut self.values.as_mut()[at..][..self.stride], &mut self.base.as_mut()[at..][..self.stride]);
        dispatch(Exchange { shared: matrix.row(row), values, base });
        if let Some(shared) = matrix.bias.get(row as usize) {
            let row = row as usize;
            let now = merged(f32::from_bits(shared.load(Relaxed)), self.bias_base[row], self.bias[row]);
            shared.store(now.to_bits(), Relaxed);
            (self.bias[row], self.bias_base[row]) = (now, now);
        }
    }
}

/// The hot rows, and others copied behind them for a step.
pub struct Beside<'a> {
    pub matrix: &'a SharedMatrix,
    pub hot: &'a mut Hot,
}

impl Placed for Beside<'_> {
    #[inline(always)]
    fn dim(&self) -> usize {
        self.matrix.shape.dim
    }

    #[inline(always)]
    fn stride(&self) -> usize {
        self.hot.stride
    }

    fn reserve(&mut self, count: usize) {
        self.hot.values.grow((self.hot.len() + count) * self.hot.stride);
    }

    #[inline(always)]
    fn place(&mut self, rows: &[u32], _batch: usize, places: &mut Vec<u32>) {
        let (hot, dim, stride) = (self.hot.len(), self.dim(), self.hot.stride);
        let mut free = hot;
        places.clear();
        for row in rows {
            if (*row as usize) < hot {
                places.push(*row);
            } else {
                self.matrix.read_row(*row, &mut self.hot.values.as_mut()[free * stride..][..dim]);
                places.push(free as u32);
                free += 1;
            }
        }
    }

    #[inline(always)]
    fn is_kept(&self, row: u32) -> bool {
        self.hot.has(row)
    }

    #[inline(always)]
    fn weights(&self) -> &[f32] {
        self.hot.values.as_ref()
    }

    #[inline(always)]
    fn weights_mut(&mut self) -> &mut [f32] {
        self.hot.values.as_mut()
    }

    #[inline(always)]
    fn updated(&mut self, row: u32) {
        self.hot.updated(self.matrix, row);
    }

    #[inline(always)]
    fn descend<S: Simd>(&mut self, s: S, row: u32, rate: f32, gradient: &[f32]) {
        descend_shared(s, self.matrix, row, rate, gradient);
    }

    fn has_bias(&self) -> bool {
        self.matrix.shape.bias
    }

    fn bias(&self, row: u32, _place: u32) -> f32 {
        self.hot.bias_of(self.matrix, row)
    }

    fn descend_bias(&mut self, row: u32, _place: u32, rate: f32, gradient: f32) {
        self.hot.descend_bias(self.matrix, row, rate, gradient);
    }
}

/// [`merged`] for every entry of a row. By way of plain entries, as many as fill whole vectors of any width.
struct Exchange<'a> {
    shared: &'a [AtomicU64],
    values: &'a mut [f32],
    base: &'a mut [f32],
}

impl WithSimd for Exchange<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { shared, values, base } = self;
        let rows = values.chunks_mut(PLAIN).zip(base.chunks_mut(PLAIN));
        for (shared, (values, base)) in shared.chunks(PLAIN / 2).zip(rows) {
            // Zeros beyond the end of the row: its padding must stay 0.
            let mut plain = [0.0; PLAIN];
            let (pairs, _) = plain.as_chunks_mut::<2>();
            for (plain, shared) in pairs.iter_mut().zip(shared) {
                *plain = unpack(shared.load(Relaxed));
            }
            let (values, base) = (S::as_mut_simd_f32s(values).0, S::as_mut_simd_f32s(base).0);
            for ((shared, local), base) in S::as_mut_simd_f32s(&mut plain).0.iter_mut().zip(values).zip(base) {
                let same = s.equal_u32s(s.transmute_u32s_f32s(*shared), s.transmute_u32s_f32s(*base));
                let sum = s.add_f32s(*shared, s.sub_f32s(*local, *base));
                let now = s.select_f32s(same, *local, sum);
                (*shared, *local, *base) = (now, now, now);
            }
            let (pairs, _) = plain.as_chunks::<2>();
            for (shared, plain) in shared.iter().zip(pairs) {
                shared.store(pack(*plain), Relaxed);
            }
        }
    }
}

/// Each row of bag b descends along gradient b, row by row: each sees the one before.
pub struct Descend<'a> {
    pub matrix: &'a SharedMatrix,
    pub hot: &'a mut Hot,
    pub bags: Bags<'a>,
    /// Whether a bag's gradient is divided among its rows.
    pub mean: bool,
    pub rate: f32,
    /// bags × d.
    pub gradient: &'a [f32],
}

impl WithSimd for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { matrix, hot, bags, mean, rate, gradient } = self;
        for (b, gradient) in gradient.chunks_exact(matrix.shape.dim).enumerate() {
            let rows = bags.bag(b);
            let rate = if mean { rate * (1.0 / rows.len() as f32) } else { rate };
            let rates = s.splat_f32s(rate);
            for row in rows {
                if !hot.has(*row) {
                    descend_shared(s, matrix, *row, rate, gradient);
                    continue;
                }
                let (body, tail) = S::as_simd_f32s(gradient);
                let to = S::as_mut_simd_f32s(hot.row_mut(*row)).0;
                for (w, g) in to.iter_mut().zip(body) {
                    *w = s.sub_f32s(*w, s.mul_f32s(rates, *g));
                }
                if !tail.is_empty() {
                    let w = &mut to[body.len()];
                    *w = s.sub_f32s(*w, s.mul_f32s(rates, s.partial_load_f32s(tail)));
                }
                hot.updated(matrix, *row);
            }
        }
    }
}

/// out ← the mean of every bag, added in the order of its rows.
pub struct Means<'a> {
    pub matrix: &'a SharedMatrix,
    pub hot: &'a Hot,
    pub bags: Bags<'a>,
    /// bags × d.
    pub out: &'a mut [f32],
}

impl WithSimd for Means<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { matrix, hot, bags, out } = self;
        for (b, out) in out.chunks_exact_mut(matrix.shape.dim).enumerate() {
            let rows = bags.bag(b);
            // The first row overwrites what stands there; 0 + w, as the sum of the exclusive tables has it.
            let Some((first, others)) = rows.split_first() else {
                out.fill(0.0);
                continue;
            };
            if hot.has(*first) {
                let (to, tail) = S::as_mut_simd_f32s(out);
                let from = S::as_simd_f32s(hot.row(*first)).0;
                for (y, w) in to.iter_mut().zip(from) {
                    *y = s.add_f32s(s.splat_f32s(0.0), *w);
                }
                if !tail.is_empty() {
                    s.partial_store_f32s(tail, s.add_f32s(s.splat_f32s(0.0), from[to.len()]));
                }
            } else {
                out.fill(0.0);
                add_shared(matrix, *first, out);
            }
            for row in others {
                if !hot.has(*row) {
                    add_shared(matrix, *row, out);
                    continue;
                }
                let (to, tail) = S::as_mut_simd_f32s(out);
                let from = S::as_simd_f32s(hot.row(*row)).0;
                for (y, w) in to.iter_mut().zip(from) {
                    *y = s.add_f32s(*y, *w);
                }
                if !tail.is_empty() {
                    let sum = s.add_f32s(s.partial_load_f32s(tail), from[to.len()]);
                    s.partial_store_f32s(tail, sum);
                }
            }
            if rows.len() > 1 {
                let scale = 1.0 / rows.len() as f32;
                let (to, tail) = S::as_mut_simd_f32s(out);
                for y in to {
                    *y = s.mul_f32s(*y, s.splat_f32s(scale));
                }
                for y in tail {
                    *y *= scale;
                }
            }
        }
    }
}

#[inline(always)]
fn add_shared(matrix: &SharedMatrix, row: u32, out: &mut [f32]) {
    let from = matrix.row(row);
    let (pairs, last) = out.as_chunks_mut::<2>();
    let whole = pairs.len();
    for (y, from) in pairs.iter_mut().zip(from) {
        let [a, b] = unpack(from.load(Relaxed));
        *y = [y[0] + a, y[1] + b];
    }
    if let [y] = last {
        *y += unpack(from[whole].load(Relaxed))[0];
    }
}
