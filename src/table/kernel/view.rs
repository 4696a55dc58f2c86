//! Views slices as matrices. A one-row matrix (every CBOW step has one) skips the shape checks of the general case.

use ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Slice};
use std::ops::Range;

/// Views a slice as rows × (length / rows). The length must be a multiple of the rows.
#[inline(always)]
pub fn matrix(entries: &[f32], rows: usize) -> ArrayView2<'_, f32> {
    if rows == 1 {
        return ArrayView1::from(entries).insert_axis(Axis(0));
    }
    ArrayView2::from_shape((rows, width(entries, rows)), entries).expect("rows × width")
}

/// Mutable version of [`matrix`].
#[inline(always)]
pub fn matrix_mut(entries: &mut [f32], rows: usize) -> ArrayViewMut2<'_, f32> {
    if rows == 1 {
        return ArrayViewMut1::from(entries).insert_axis(Axis(0));
    }
    ArrayViewMut2::from_shape((rows, width(entries, rows)), entries).expect("rows × width")
}

#[inline(always)]
fn width(entries: &[f32], rows: usize) -> usize {
    entries.len().checked_div(rows).unwrap_or(0)
}

/// A range of rows of a matrix.
#[inline(always)]
pub fn rows<'a>(x: &ArrayView2<'a, f32>, range: &Range<usize>) -> ArrayView2<'a, f32> {
    if *range == (0..x.nrows()) {
        return *x;
    }
    x.slice_axis_move(Axis(0), Slice::from(range.clone()))
}

/// Mutable version of [`rows`].
#[inline(always)]
pub fn rows_mut<'a>(x: &'a mut ArrayViewMut2<f32>, range: &Range<usize>) -> ArrayViewMut2<'a, f32> {
    if *range == (0..x.nrows()) {
        return x.view_mut();
    }
    x.slice_axis_mut(Axis(0), Slice::from(range.clone()))
}
