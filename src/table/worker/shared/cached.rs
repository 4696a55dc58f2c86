//! The rows that a worker keeps to itself, and exchanges with the others from time to time.

use super::axis::Axis;
use super::exchange::{CachedRows, Period};
use super::{SharedMatrix, merged};
use crate::table::Traffic;
use crate::table::kernel::aligned::Aligned;
use crate::table::kernel::registers as kernel;
use prefetch_index::prefetch_index;
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

/// Rows behind the cached ones that there is room for from the start.
const SPARE: usize = 64;
/// Rows that come so often that they stay in the cache.
const ALWAYS_CACHED: u32 = 32;

/// Private copies of the first rows of a table: words are sorted by falling count and tree nodes are numbered from the
/// root, so they are the most frequent.
///
/// After so many updates of its own a row is exchanged: the worker adds its move since the last exchange to the shared
/// row, and takes the sum ([`Axis`]).
pub struct Cached {
    stride: usize,
    period: Period,
    /// rows × stride, padded with zeros; behind them room for rows that are not cached.
    values: Aligned,
    /// The same at the last exchange.
    base: Aligned,
    bias: Vec<f32>,
    bias_base: Vec<f32>,
    /// Updates of each row since the last exchange.
    updates: Vec<u16>,
    axis: Axis,
    /// The rows that were copied behind the cached ones, in this order.
    spilled: Vec<u32>,
    /// The rows of the last call of [`place`](Self::place) and their places, until a row is stored.
    placed: (Vec<u32>, Vec<u32>),
    /// Whether other workers see the rows.
    has_others: bool,
    /// Exchanges, and of the rows that are not cached those copied and those stored.
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

    /// Rows are exchanged the less often the lower the rate.
    pub fn set_rate(&mut self, rate: f32) {
        self.period.set_rate(rate);
    }

    /// Number of rows.
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

    /// The bias of a row ← itself − rate·gradient; nothing without.
    pub fn descend_bias(&mut self, matrix: &SharedMatrix, row: u32, rate: f32, gradient: f32) {
        if let Some(bias) = self.bias.get_mut(row as usize) {
            *bias -= rate * gradient;
        } else if let Some(bias) = matrix.bias.get(row as usize) {
            bias.store((f32::from_bits(bias.load(Relaxed)) - rate * gradient).to_bits(), Relaxed);
        }
    }

    /// A row, or what was copied to a place behind the cached rows, with its padding.
    #[inline(always)]
    pub fn row(&self, row: u32) -> &[f32] {
        &self.values.as_ref()[row as usize * self.stride..][..self.stride]
    }

    #[inline(always)]
    pub fn row_mut(&mut self, row: u32) -> &mut [f32] {
        &mut self.values.as_mut()[row as usize * self.stride..][..self.stride]
    }

    /// Has a row and its count brought into the cache, unless they are always there.
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

    /// Counts updates of a row that came together, and exchanges the row when it is due.
    #[inline(always)]
    pub fn updated(&mut self, matrix: &SharedMatrix, row: u32, count: u32) {
        let updates = &mut self.updates[row as usize];
        *updates = updates.saturating_add(u16::try_from(count).unwrap_or(u16::MAX));
        if *updates >= self.period.updates() {
            self.exchange(matrix, row, true);
        }
    }

    /// d with the padding.
    #[inline(always)]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Rows by place: the cached ones by their numbers, others behind.
    #[inline(always)]
    pub fn weights(&self) -> &[f32] {
        self.values.as_ref()
    }

    #[inline(always)]
    pub fn weights_mut(&mut self) -> &mut [f32] {
        self.values.as_mut()
    }

    /// Fills `places` with those of rows; the ones that are not cached are copied behind, over those of the call
    /// before. The same rows again, as for the way back after the way forward, are not copied anew.
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

    /// The shared rows may have moved: the next call of [`place`](Self::place) copies them anew.
    pub fn forget_places(&mut self) {
        self.placed.0.clear();
        self.placed.1.clear();
    }

    /// The place of a row that is not cached, or is about to be exchanged. All that an exchange needs is brought into
    /// the cache: the shared row is often in another core's, and takes longer to come than a step does.
    #[inline(never)]
    fn place_rare(&mut self, matrix: &SharedMatrix, row: u32) -> u32 {
        if !self.has(row) {
            return self.spill(matrix, row);
        }
        matrix.prefetch(row);
        self.base.prefetch(row as usize * self.stride, self.stride);
        row
    }

    /// The place behind the cached rows of one that is not: where it was copied to, or will be.
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

    /// The number of a row among those that were copied. Eight are compared at a time.
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

    /// Stores a row that is not cached from its place.
    #[inline(always)]
    pub fn store(&mut self, matrix: &SharedMatrix, row: u32, place: u32) {
        self.note_stored();
        self.forget_places();
        matrix.store(row, &self.row(place)[..matrix.shape.dim]);
    }

    /// Takes note that a row that is not cached was copied.
    #[inline(always)]
    pub fn note_copied(&self) {
        self.copied.set(self.copied.get() + 1);
    }

    /// Takes note that a row that is not cached was stored.
    #[inline(always)]
    pub fn note_stored(&mut self) {
        self.stored += 1;
    }

    /// Rows moved between the shared ones and these; none of a worker alone.
    pub fn traffic(&self, matrix: &SharedMatrix) -> Traffic {
        if !self.has_others {
            return Traffic::default();
        }
        let (rows_read, rows_written) = (self.copied.get() + self.exchanges, self.stored + self.exchanges);
        let bytes = (rows_read + rows_written)
            * (size_of::<f32>() * (matrix.shape.dim + usize::from(matrix.shape.bias))) as u64;
        Traffic { exchanges: self.exchanges, rows_read, rows_written, bytes }
    }

    /// Exchanges all rows that were updated.
    pub fn flush(&mut self, matrix: &SharedMatrix) {
        for row in 0..self.len() {
            if self.updates[row] > 0 {
                self.exchange(matrix, row as u32, true);
            }
        }
    }

    /// Adds the move of a row to the shared one, and takes the sum; `damped` says whether what other workers repeat is
    /// taken off.
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
