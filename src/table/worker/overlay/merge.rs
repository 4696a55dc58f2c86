//! The moves of all workers, added to the matrix.

use super::OwnRows;
use crate::simd::dispatch;
use crate::table::Threads;
use crate::table::kernel::rows::RowSource;
use crate::table::worker::shared::SharedMatrix;
use pulp::{Simd, WithSimd};
use std::collections::VecDeque;
use std::ops::Range;

/// The examples that may move a row, by all workers together between two merges, before the moves are no longer
/// simply added: each worker moves a row as far as all of them should together, and with 512 training diverged.
const UNDAMPED: f32 = 128.0;
/// Rows that a thread merges at a time, at least; a multiple of 64.
const PART: usize = 1024;
/// Parts of a table at most.
const PARTS: usize = 256;
/// Due rows that a thread merges at a time.
const DUE_PART: usize = 32;

/// What a barrier has merged.
#[derive(Debug)]
pub enum Merged {
    /// All rows that any worker had moved.
    All,
    /// These, in rising order.
    Rows(Vec<u32>),
}

/// Adds what each worker has moved to the tables, in the order of the workers: the rows that are due, or `all`, as it also must be
/// of a table that a worker has moved as a whole. Each worker then takes note of it with [`OwnRows::renew`].
///
/// A row that one worker alone has moved becomes that worker's row. Where several have, it moves by f·Σ (own − base),
/// with f = max(1/workers that moved it, min(1, 128/examples that moved it)): the sum of the moves while they are few,
/// their mean when they are so many that each worker has gone most of the way.
///
/// A table comes with what each worker has of it, and nobody else may use it meanwhile. `threads` share the rows of all tables, and
/// what comes out does not depend on their number.
pub fn merge(tables: &[(&SharedMatrix, Vec<&OwnRows>)], all: bool, threads: &Threads) -> Vec<Merged> {
    let merged: Vec<_> = tables.iter().map(|(_, workers)| Merged::of(workers, all)).collect();
    let parts = tables.iter().zip(&merged).flat_map(|((base, workers), merged)| {
        merged.parts(base.shape().rows as usize).into_iter().map(move |part| (*base, workers, part))
    });
    threads.each(parts, |(base, workers, part)| Sum::new(base, workers).merge(part));
    merged
}

/// What a thread merges at a time.
enum Part<'a> {
    Rows(&'a [u32]),
    /// The rows of these that any worker has touched.
    Touched(Range<usize>),
}

impl Merged {
    /// What is to be merged of a table.
    fn of(workers: &[&OwnRows], all: bool) -> Self {
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

/// Rows that are on their way into the cache while the ones before are added up.
const COMING: usize = 8;

/// Adds up the moves of one row after the other.
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

    /// Adds up a row after some others.
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

/// now += share·Σ (own − now), in the order of the movers.
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
