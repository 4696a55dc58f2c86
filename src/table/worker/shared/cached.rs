//! The rows of which a worker keeps private copies, and exchanges with the others from time to time.

use super::axis::Axis;
use super::exchange::{CachedRows, Period};
use super::{SharedMatrix, merged};
use crate::table::Traffic;
use crate::table::kernel::aligned::Aligned;
use crate::table::kernel::registers as kernel;
use prefetch_index::prefetch_index;
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

/// Spill slots that are allocated at the start, behind the cached rows.
const SPARE: usize = 64;
/// Rows so frequent that they always stay in the processor's cache.
const ALWAYS_CACHED: u32 = 32;

/// Private copies of the first rows of a table. These are the most frequent: words are sorted by falling count, and
/// tree nodes are numbered from the root.
///
/// A row is exchanged after a number of its own updates. The worker adds its move since the last exchange to the shared
/// row, and takes over the sum ([`Axis`]).
pub struct Cached {
    stride: usize,
    period: Period,
    /// rows × stride, padded with zeros, then the spill slots for rows that are not cached.
    values: Aligned,
    /// The values at the last exchange.
    base: Aligned,
    bias: Vec<f32>,
    bias_base: Vec<f32>,
    /// Updates of each row since the last exchange.
    updates: Vec<u16>,
    axis: Axis,
    /// The rows in the spill slots, in order.
    spilled: Vec<u32>,
    /// The rows of the last call of [`place`](Self::place) and their places, until a row is stored.
    placed: (Vec<u32>, Vec<u32>),
    /// Whether other workers see the rows.
    has_others: bool,
    /// Counts of exchanges, and of copied and stored rows that are not cached.
    exchanges: u64,
    copied: Cell<u64>,
    stored: u64,
}

impl Cached {
    pub fn new(matrix: &SharedMatrix, rate: f32, rows: CachedRows, workers: usize, period: usize) -> Self {
        let stride = kernel::stride(matrix.shape.dim);
        let workers = workers.max(1);
        let rows = rows.count(matrix.shape.rows, stride, workers);
        let period = Period::new(workers, rate, period);
        let mut values = Aligned::zeros(rows * stride);
        for (row, to) in (0..).zip(values.as_mut().chunks_exact_mut(stride)) {
            matrix.read_row(row, &mut to[..matrix.shape.dim]);
        }
        let bias: Vec<f32> = matrix.bias.iter().take(rows).map(|b| f32::from_bits(b.load(Relaxed))).collect();
        let (base, bias_base) = (values.clone(), bias.clone());
        values.grow((rows + SPARE) * stride);
        let (updates, axis) = (vec![0; rows], Axis::new(stride, workers));
        Self {
            stride,
            period,
            values,
            base,
            bias,
            bias_base,
            updates,
            axis,
            spilled: Vec::new(),
            placed: Default::default(),
            has_others: workers > 1,
            exchanges: 0,
            copied: Cell::new(0),
            stored: 0,
        }
    }

    /// Sets the learning rate: the lower it is, the less often rows are exchanged.
    pub fn set_rate(&mut self, rate: f32) {
        self.period.set_rate(rate);
    }

    /// Number of cached rows.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.updates.len()
    }

    /// Whether a row is cached.
    #[inline(always)]
    pub fn has(&self, row: u32) -> bool {
        (row as usize) < self.updates.len()
    }

    /// The bias of a row, cached or not.
    pub fn bias_of(&self, matrix: &SharedMatrix, row: u32) -> f32 {
        match self.bias.get(row as usize) {
            Some(bias) => *bias,
            None => matrix.bias.get(row as usize).map_or(0.0, |b| f32::from_bits(b.load(Relaxed))),
        }
    }

    /// bias ← bias − rate·gradient; does nothing for a table without biases.
    pub fn descend_bias(&mut self, matrix: &SharedMatrix, row: u32, rate: f32, gradient: f32) {
        if let Some(bias) = self.bias.get_mut(row as usize) {
            *bias -= rate * gradient;
        } else if let Some(bias) = matrix.bias.get(row as usize) {
            bias.store((f32::from_bits(bias.load(Relaxed)) - rate * gradient).to_bits(), Relaxed);
        }
    }

    /// A cached row, or the contents of a spill slot, with padding.
    #[inline(always)]
    pub fn row(&self, row: u32) -> &[f32] {
        &self.values.as_ref()[row as usize * self.stride..][..self.stride]
    }

    #[inline(always)]
    pub fn row_mut(&mut self, row: u32) -> &mut [f32] {
        &mut self.values.as_mut()[row as usize * self.stride..][..self.stride]
    }

    /// Prefetches a row and its update count, unless the row always stays in the processor's cache.
    #[inline(always)]
    pub fn prefetch(&self, row: u32) {
        if row >= ALWAYS_CACHED {
            prefetch_index(&self.updates, row as usize);
            self.values.prefetch(row as usize * self.stride, self.stride);
        }
    }

    pub fn bias_mut(&mut self, row: u32) -> Option<&mut f32> {
        self.bias.get_mut(row as usize)
    }

    /// Adds `count` simultaneous updates of a row, and exchanges the row when it is due.
    #[inline(always)]
    pub fn updated(&mut self, matrix: &SharedMatrix, row: u32, count: u32) {
        let updates = &mut self.updates[row as usize];
        *updates = updates.saturating_add(u16::try_from(count).unwrap_or(u16::MAX));
        if *updates >= self.period.updates() {
            self.exchange(matrix, row, true);
        }
    }

    /// Entries per row with padding.
    #[inline(always)]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// All places: cached rows by their numbers, then the spill slots.
    #[inline(always)]
    pub fn weights(&self) -> &[f32] {
        self.values.as_ref()
    }

    #[inline(always)]
    pub fn weights_mut(&mut self) -> &mut [f32] {
        self.values.as_mut()
    }

    /// Fills `places` with the places of `rows`. Rows that are not cached are copied to the spill slots, over those of
    /// the last call. A call with the same rows (the backward pass after the forward pass) copies nothing.
    #[inline(always)]
    pub fn place(&mut self, matrix: &SharedMatrix, rows: &[u32], places: &mut Vec<u32>) {
        places.clear();
        if !rows.is_empty() && self.placed.0 == rows {
            places.extend_from_slice(&self.placed.1);
            return;
        }
        self.values.grow((self.len() + rows.len()) * self.stride);
        self.spilled.clear();
        places.extend_from_slice(rows);
        for place in places.iter_mut() {
            // The place of a cached row is its number.
            if self.updates.get(*place as usize).is_none_or(|n| n + 1 >= self.period.updates()) {
                *place = self.place_rare(matrix, *place);
            }
        }
        self.forget_places();
        self.placed.0.extend_from_slice(rows);
        self.placed.1.extend_from_slice(places);
    }

    /// Makes the next call of [`place`](Self::place) copy all rows again, because shared rows may have moved.
    pub fn forget_places(&mut self) {
        self.placed.0.clear();
        self.placed.1.clear();
    }

    /// The place of a row that is not cached or is about to be exchanged. It prefetches all data of the exchange. The
    /// shared row is often in another core's cache, and takes longer to arrive than a step.
    #[inline(never)]
    fn place_rare(&mut self, matrix: &SharedMatrix, row: u32) -> u32 {
        if !self.has(row) {
            return self.spill(matrix, row);
        }
        matrix.prefetch(row);
        self.base.prefetch(row as usize * self.stride, self.stride);
        row
    }

    /// The spill slot of a row that is not cached. A row without a slot is copied to a new one.
    fn spill(&mut self, matrix: &SharedMatrix, row: u32) -> u32 {
        let cached = self.len();
        let known = self.spilled_at(row);
        let place = cached + known.unwrap_or(self.spilled.len());
        if known.is_none() {
            self.spilled.push(row);
            self.note_copied();
            matrix.read_row(row, &mut self.values.as_mut()[place * self.stride..][..matrix.shape.dim]);
        }
        place as u32
    }

    /// Index of a row among the spill slots. Eight are compared at a time.
    fn spilled_at(&self, row: u32) -> Option<usize> {
        let (eights, rest) = self.spilled.as_chunks::<8>();
        for (number, eight) in eights.iter().enumerate() {
            let mut found = false;
            eight.iter().for_each(|there| found |= *there == row);
            if found {
                return Some(8 * number + eight.iter().position(|there| *there == row)?);
            }
        }
        Some(8 * eights.len() + rest.iter().position(|there| *there == row)?)
    }

    /// Stores a row that is not cached from its place to the shared matrix.
    #[inline(always)]
    pub fn store(&mut self, matrix: &SharedMatrix, row: u32, place: u32) {
        self.note_stored();
        self.forget_places();
        matrix.store(row, &self.row(place)[..matrix.shape.dim]);
    }

    /// Counts a copy of a row that is not cached.
    #[inline(always)]
    pub fn note_copied(&self) {
        self.copied.set(self.copied.get() + 1);
    }

    /// Counts a store of a row that is not cached.
    #[inline(always)]
    pub fn note_stored(&mut self) {
        self.stored += 1;
    }

    /// Number of rows moved between the shared matrix and these copies; zero for a single worker.
    pub fn traffic(&self, matrix: &SharedMatrix) -> Traffic {
        if !self.has_others {
            return Traffic::default();
        }
        let (rows_read, rows_written) = (self.copied.get() + self.exchanges, self.stored + self.exchanges);
        let bytes = (rows_read + rows_written)
            * (size_of::<f32>() * (matrix.shape.dim + usize::from(matrix.shape.bias))) as u64;
        Traffic { exchanges: self.exchanges, rows_read, rows_written, bytes }
    }

    /// Exchanges all updated rows.
    pub fn flush(&mut self, matrix: &SharedMatrix) {
        for row in 0..self.len() {
            if self.updates[row] > 0 {
                self.exchange(matrix, row as u32, true);
            }
        }
    }

    /// Adds the move of a row to the shared row, and takes over the sum. `damped` removes the part that other workers
    /// repeat.
    #[inline(never)]
    pub fn exchange(&mut self, matrix: &SharedMatrix, row: u32, damped: bool) {
        self.updates[row as usize] = 0;
        self.exchanges += 1;
        let at = row as usize * self.stride;
        let (values, base) =
            (&mut self.values.as_mut()[at..][..self.stride], &mut self.base.as_mut()[at..][..self.stride]);
        self.axis.exchange(matrix, row, values, base, damped);
        if let Some(shared) = matrix.bias.get(row as usize) {
            let row = row as usize;
            let now = merged(f32::from_bits(shared.load(Relaxed)), self.bias_base[row], self.bias[row]);
            shared.store(now.to_bits(), Relaxed);
            (self.bias[row], self.bias_base[row]) = (now, now);
        }
    }
}
