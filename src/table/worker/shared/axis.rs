//! Exchange of a row with the moves of other workers, and the axis along which workers repeat each other.

use super::{SharedMatrix, pack, unpack};
use crate::simd::dispatch;
use crate::table::kernel::aligned::Aligned;
use pulp::{Simd, WithSimd};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Share of a row's direction that the axis takes over at an exchange.
const TURN: f32 = 0.01;
/// Squared length below which a move has no direction.
const NO_MOVE: f32 = 1e-20;

/// The direction in which the rows of a table move most, as seen by one worker: a unit vector that follows the moves of
/// exchanged rows by Oja's rule.
///
/// The vectors of a table lie in a narrow cone (Mimno & Thompson 2017). So the loss has far more curvature along the
/// middle of the cone than across it. Along it each worker makes the whole correction that all should make together.
/// The sum of w such moves overshoots w-fold. An exchange therefore adds 1/w of a move along the axis, and all of it
/// across the axis.
///
/// Two workers add their whole moves: two corrections seldom overshoot. Halving them would hold back rows that still
/// have to grow along the axis.
pub struct Axis {
    /// stride, padded with zeros; all zero until a row has moved.
    direction: Aligned,
    /// The shared row during an exchange.
    seen: Aligned,
    /// Share of a move along the axis that is removed: 1 − 1/w, or 0 for at most two workers.
    repeated: f32,
}

impl Axis {
    /// An axis without direction, for rows of this padded size and this number of workers.
    pub fn new(stride: usize, workers: usize) -> Self {
        let repeated = if workers > 2 { 1.0 - 1.0 / workers as f32 } else { 0.0 };
        Self { direction: Aligned::zeros(stride), seen: Aligned::zeros(stride), repeated }
    }

    /// Adds the move of a row, `values` − `base`, to the shared row; `values` and `base` both become the sum. `damped`
    /// removes the part that other workers repeat. If nobody else has moved the row, it takes the bits of `values`.
    pub fn exchange(&mut self, matrix: &SharedMatrix, row: u32, values: &mut [f32], base: &mut [f32], damped: bool) {
        let shared = matrix.row(row);
        let Self { direction, seen, repeated } = self;
        // The axis is not needed if nothing is removed.
        let damped = damped && *repeated > 0.0;
        let (axis, seen) = (direction.as_mut(), seen.as_mut());
        let moved = dispatch(Look { shared, seen, values, base, axis });
        let turn = (damped && moved.square > NO_MOVE).then(|| Turn::towards(&moved, axis));
        let off = if damped { *repeated * moved.along } else { 0.0 };
        dispatch(Sum { shared, seen, values, base, axis, off, is_alone: moved.is_alone, turn });
    }
}

/// The move of a row since its last exchange.
struct Moved {
    /// The dot product of the move and the axis, and the squared length of the move.
    along: f32,
    square: f32,
    /// Whether the shared row has not changed since then.
    is_alone: bool,
}

/// axis ← scale·(axis + by·move).
#[derive(Clone, Copy)]
struct Turn {
    by: f32,
    scale: f32,
}

impl Turn {
    /// Oja's step towards a move, scaled so that the axis stays a unit vector. The first move becomes the axis.
    fn towards(moved: &Moved, axis: &[f32]) -> Self {
        if axis.iter().all(|a| *a == 0.0) {
            return Self { by: 1.0, scale: 1.0 / moved.square.sqrt() };
        }
        let by = TURN * moved.along / moved.square;
        Self { by, scale: 1.0 / (1.0 + 2.0 * by * moved.along + by * by * moved.square).sqrt() }
    }
}

/// Copies the shared row to `seen`, and measures the move.
struct Look<'a> {
    shared: &'a [AtomicU64],
    seen: &'a mut [f32],
    values: &'a [f32],
    base: &'a [f32],
    axis: &'a [f32],
}

impl WithSimd for Look<'_> {
    type Output = Moved;

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) -> Moved {
        let Self { shared, seen, values, base, axis } = self;
        for (seen, shared) in seen.as_chunks_mut::<2>().0.iter_mut().zip(shared) {
            *seen = unpack(shared.load(Relaxed));
        }
        let (mut along, mut square) = (s.splat_f32s(0.0), s.splat_f32s(0.0));
        let mut is_alone = true;
        let rows = S::as_simd_f32s(values).0.iter().zip(S::as_simd_f32s(base).0).zip(S::as_simd_f32s(axis).0);
        for ((value, base), axis) in rows {
            let step = s.sub_f32s(*value, *base);
            along = s.mul_add_e_f32s(step, *axis, along);
            square = s.mul_add_e_f32s(step, step, square);
        }
        for (seen, base) in seen.iter().zip(base) {
            is_alone &= seen.to_bits() == base.to_bits();
        }
        Moved { along: s.reduce_sum_f32s(along), square: s.reduce_sum_f32s(square), is_alone }
    }
}

/// Writes the sum to the shared row, `values` and `base`, and turns the axis.
struct Sum<'a> {
    shared: &'a [AtomicU64],
    seen: &'a mut [f32],
    values: &'a mut [f32],
    base: &'a mut [f32],
    axis: &'a mut [f32],
    /// Amount to remove along the axis.
    off: f32,
    is_alone: bool,
    turn: Option<Turn>,
}

impl WithSimd for Sum<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { shared, seen, values, base, axis, off, is_alone, turn } = self;
        let Turn { by, scale } = turn.unwrap_or(Turn { by: 0.0, scale: 1.0 });
        let (off, by, scale) = (s.splat_f32s(off), s.splat_f32s(by), s.splat_f32s(scale));
        let rows = S::as_mut_simd_f32s(seen).0.iter_mut().zip(S::as_mut_simd_f32s(values).0);
        let rows = rows.zip(S::as_mut_simd_f32s(base).0).zip(S::as_mut_simd_f32s(axis).0);
        for (((seen, value), base), axis) in rows {
            let step = s.sub_f32s(*value, *base);
            let now = if is_alone { *value } else { s.add_f32s(*seen, s.sub_f32s(step, s.mul_f32s(off, *axis))) };
            if turn.is_some() {
                *axis = s.mul_f32s(scale, s.mul_add_e_f32s(by, step, *axis));
            }
            (*seen, *value, *base) = (now, now, now);
        }
        for (shared, seen) in shared.iter().zip(seen.as_chunks::<2>().0) {
            shared.store(pack(*seen), Relaxed);
        }
    }
}
