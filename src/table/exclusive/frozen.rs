//! The exclusive handle that only reads.

use super::{Exclusive, Storage, Strip};
use crate::table::{Matrix, Threads};
use std::ops::Range;

/// A matrix that is only read.
pub struct FrozenStore<'a>(&'a Matrix);

/// The handle for evaluation: descents do nothing.
pub type Frozen<'a> = Exclusive<FrozenStore<'a>>;

impl<'a> Exclusive<FrozenStore<'a>> {
    /// Reads `matrix` with `threads`.
    pub fn new(matrix: &'a Matrix, threads: Threads) -> Self {
        Self::over(FrozenStore(matrix), threads)
    }
}

impl Storage for FrozenStore<'_> {
    fn matrix(&self) -> &Matrix {
        self.0
    }

    fn trains(&self) -> bool {
        false
    }

    fn add(&mut self, _row: u32, _scale: f32, _gradient: &[f32], _bias: f32) {}

    fn strips(&mut self, bounds: &[Range<u32>], _last: bool) -> Vec<Strip<'_>> {
        let part = |rows: &Range<u32>| {
            let bias = self.0.bias();
            let bias = if bias.is_empty() { bias } else { &bias[rows.start as usize..rows.end as usize] };
            Strip::Frozen { weights: &self.0.weights()[self.0.entries(rows.clone())], bias }
        };
        bounds.iter().map(part).collect()
    }
}
