//! Merges the moves of all workers into the matrix.

use super::OwnRows;
use crate::simd::dispatch;
use crate::table::Threads;
use crate::table::kernel::rows::RowSource;
use crate::table::worker::shared::SharedMatrix;
use pulp::{Simd, WithSimd};
use std::collections::VecDeque;
use std::ops::Range;

/// Most examples, of all workers between two merges, for which the moves of a row are simply added. Beyond that, each
/// worker alone moves the row as far as all of them together should. With 512, training diverged.
const UNDAMPED: f32 = 128.0;
/// Minimum rows per part for one thread; a multiple of 64.
const PART: usize = 1024;
/// Maximum parts per table.
const PARTS: usize = 256;
/// Due rows per part for one thread.
const DUE_PART: usize = 32;

/// The rows that a barrier has merged.
#[derive(Debug)]
pub enum Merged {
    /// All rows that any worker had moved.
    All,
    /// These rows, in ascending order.
    Rows(Vec<u32>),
}

/// Adds the moves of each worker to the tables, in worker order. It merges the rows that are due, or all rows if `all`
/// is set or a worker holds a copy of the whole table. Pass the result to [`OwnRows::renew`] of each worker afterwards.
///
/// A row that only one worker has moved takes that worker's values. A row that n workers have moved changes by
/// f·Σ (own − base), with f = max(1/n, min(1, 128/examples)), where `examples` counts the examples that moved it. The
/// result is the sum of few moves, and the mean of so many that each worker has gone most of the way.
///
/// Each table comes with its rows from all workers; nobody else may use it during the call. `threads` share the rows of
/// all tables; the result does not depend on their number.
pub fn merge(tables: &[(&SharedMatrix, Vec<&OwnRows>)], all: bool, threads: &Threads) -> Vec<Merged> {
    let merged = rows_to_merge(tables, all);
    add_moves(tables, &merged, threads);
    merged
}

/// The rows of each table that [`merge`] would merge.
pub(crate) fn rows_to_merge(tables: &[(&SharedMatrix, Vec<&OwnRows>)], all: bool) -> Vec<Merged> {
    tables.iter().map(|(_, workers)| Merged::of(workers, all)).collect()
}

/// Adds the moves of these rows to the tables, as [`merge`] does.
pub(crate) fn add_moves<'m>(
    tables: &[(&SharedMatrix, Vec<&OwnRows>)],
    merged: impl IntoIterator<Item = &'m Merged>,
    threads: &Threads,
) {
    let parts = tables.iter().zip(merged).flat_map(|((base, workers), merged)| {
        merged.parts(base.shape().rows as usize).into_iter().map(move |part| (*base, workers, part))
    });
    threads.each(parts, |(base, workers, part)| Sum::new(base, workers).merge(part));
}

/// The rows that a thread merges at a time.
enum Part<'a> {
    Rows(&'a [u32]),
    /// The rows of this range that any worker has touched.
    Touched(Range<usize>),
}

impl Merged {
    /// The rows of a table that must be merged.
    pub(super) fn of(workers: &[&OwnRows], all: bool) -> Self {
        if all || workers.iter().any(|own| own.is_whole()) {
            return Self::All;
        }
        let mut due: Vec<u32> = workers.iter().flat_map(|own| own.rows.due.iter().copied()).collect();
        due.sort_unstable();
        due.dedup();
        Self::Rows(due)
    }

    fn parts(&self, rows: usize) -> Vec<Part<'_>> {
        match self {
            Self::Rows(due) => due.chunks(DUE_PART).map(Part::Rows).collect(),
            Self::All => {
                let part = PART.max(rows.div_ceil(PARTS).next_multiple_of(64));
                (0..rows).step_by(part).map(|first| Part::Touched(first..(first + part).min(rows))).collect()
            }
        }
    }
}

/// Rows that are being prefetched while earlier rows are added.
const COMING: usize = 8;

/// Adds the moves of one row after another.
struct Sum<'a> {
    base: &'a SharedMatrix,
    workers: &'a [&'a OwnRows],
    movers: Vec<(&'a [f32], f32, u32)>,
    now: Vec<f32>,
    moves: Vec<f32>,
    coming: VecDeque<u32>,
}

impl<'a> Sum<'a> {
    fn new(base: &'a SharedMatrix, workers: &'a [&'a OwnRows]) -> Self {
        let zeros = vec![0.0; base.shape().dim];
        Self {
            base,
            workers,
            movers: Vec::with_capacity(workers.len()),
            now: zeros.clone(),
            moves: zeros,
            coming: VecDeque::with_capacity(COMING + 1),
        }
    }

    fn merge(mut self, part: Part) {
        match part {
            Part::Rows(rows) => rows.iter().for_each(|row| self.take(*row)),
            Part::Touched(rows) => self.take_touched(rows),
        }
        while !self.coming.is_empty() {
            self.add_next();
        }
    }

    fn take_touched(&mut self, rows: Range<usize>) {
        for word in rows.start / 64..rows.end.div_ceil(64) {
            let touched = |own: &&OwnRows| if own.is_whole() { u64::MAX } else { own.rows.touched[word] };
            let mut bits = self.workers.iter().fold(0, |all, own| all | touched(own));
            while bits != 0 {
                let row = word * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                if row < rows.end {
                    self.take(row as u32);
                }
            }
        }
    }

    /// Prefetches a row, and adds an earlier one.
    fn take(&mut self, row: u32) {
        self.base.prefetch(row);
        for own in self.workers {
            own.rows.prefetch(row);
        }
        self.coming.push_back(row);
        if self.coming.len() > COMING {
            self.add_next();
        }
    }

    fn add_next(&mut self) {
        if let Some(row) = self.coming.pop_front() {
            self.add(row);
        }
    }

    fn add(&mut self, row: u32) {
        let Self { base, workers, movers, now, moves, .. } = self;
        movers.clear();
        movers.extend(workers.iter().filter_map(|own| own.rows.moved(row)));
        match &movers[..] {
            [] => {}
            [(own, bias, _)] => {
                base.store(row, own);
                base.store_bias(row, *bias);
            }
            _ => {
                let updates = movers.iter().fold(0_u32, |all, m| all.saturating_add(m.2));
                let n = movers.len() as f32;
                let share = (UNDAMPED / updates as f32).clamp(1.0 / n, 1.0);
                base.read_row(row, now);
                dispatch(Add { movers, share, moves, now });
                base.store(row, now);
                if base.has_bias() {
                    let before = base.row_bias(row);
                    let moves = movers.iter().fold(0.0, |sum, (_, bias, _)| sum + (bias - before));
                    base.store_bias(row, before + share * moves);
                }
            }
        }
    }
}

/// now += share·Σ (own − now), in worker order.
struct Add<'a> {
    movers: &'a [(&'a [f32], f32, u32)],
    share: f32,
    moves: &'a mut [f32],
    now: &'a mut [f32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _s: S) {
        let Self { movers, share, moves, now } = self;
        moves.fill(0.0);
        for (own, ..) in movers {
            for ((sum, own), base) in moves.iter_mut().zip(*own).zip(&*now) {
                *sum += own - base;
            }
        }
        for (now, sum) in now.iter_mut().zip(moves) {
            *now += share * *sum;
        }
    }
}
