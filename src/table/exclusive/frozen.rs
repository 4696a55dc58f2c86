//! The exclusive handle that only reads.

use super::{Exclusive, Sealed, Storage, Strip};
use crate::table::{Matrix, Threads};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;

/// A read-only matrix. `M` lends it (`&Matrix`), owns it (`Matrix`) or shares it (`Arc<Matrix>`).
pub struct FrozenStore<M>(M);

impl<M> fmt::Debug for FrozenStore<M> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("FrozenStore").finish_non_exhaustive()
    }
}

/// The handle for evaluation: updates do nothing.
pub type Frozen<'a> = Exclusive<FrozenStore<&'a Matrix>>;

impl<M: Borrow<Matrix> + Send> Exclusive<FrozenStore<M>> {
    /// Reads `matrix` with `threads`.
    pub fn new(matrix: M, threads: Threads) -> Self {
        Self::over(FrozenStore(matrix), threads)
    }
}

impl<M> Sealed for FrozenStore<M> {}

impl<M: Borrow<Matrix> + Send> Storage for FrozenStore<M> {
    fn matrix(&self) -> &Matrix {
        self.0.borrow()
    }

    fn trains(&self) -> bool {
        false
    }

    fn add(&mut self, _row: u32, _scale: f32, _gradient: &[f32], _bias: f32) {}

    fn strip(&mut self, rows: &Range<u32>, _last: bool) -> Strip<'_> {
        Strip::frozen(self.0.borrow(), rows)
    }
}
