//! A step over a few rows in two passes: first the scores, then ∂L/∂x and the updates.
//!
//! Rows that the worker keeps are used in place; other rows are used in copies. Each entry is computed in the same
//! order as in [`kernel`], so the bits are the same.

mod bags;
mod blocks;
mod groups;
mod one;

pub use bags::{Descend, DescendSums, Means, SharedMeans};

use super::aligned::Aligned;
use super::block::Block;
use super::registers as kernel;
use super::rows::RowStore;
use super::view::matrix_mut;
use crate::simd::{dispatch, with_tail};
use crate::table::Coefficients;
use blocks::Descent;
use ndarray::{ArrayView2, ArrayViewMut2};
use pulp::{Simd, WithSimd, bytemuck};
use std::fmt;

/// The reused buffers of a worker's verbs.
#[derive(Default)]
pub struct Buffers {
    pub(in crate::table) small: SmallBlock,
    pub(in crate::table) places: Vec<u32>,
    pub(in crate::table) bag: Vec<u32>,
    pub(in crate::table) block: Block,
    pub(in crate::table) row: Vec<f32>,
    pub(in crate::table) gradients: Aligned,
}

impl fmt::Debug for Buffers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Buffers").finish_non_exhaustive()
    }
}

/// The reused buffers of a step.
#[derive(Default)]
pub struct SmallBlock {
    places: Vec<u32>,
    /// batch × stride.
    x: Aligned,
    /// batch × stride: ∂L/∂x of a step over groups.
    d_x: Aligned,
    /// batch × count: scores, then coefficients.
    z: Vec<f32>,
    /// Numbers of examples and of groups that moved the row at each place. All zero between steps.
    moves: Vec<[u32; 2]>,
    /// 0, 1, 2, …: the examples of a whole batch.
    examples: Vec<u32>,
}

impl SmallBlock {
    /// Scores → `coef` in place → d_x += K·W → update, as in [`Table::step`](crate::table::Table::step).
    #[allow(clippy::too_many_arguments)]
    pub fn step(
        &mut self,
        table: &mut impl RowStore,
        rows: &[u32],
        x: ArrayView2<f32>,
        rate: f32,
        coef: &Coefficients,
        losses: &mut [f64],
        mut d_x: ArrayViewMut2<f32>,
    ) {
        let (batch, count, stride) = (x.nrows(), rows.len(), table.stride());
        if count == 0 || batch == 0 {
            let z = ArrayViewMut2::from_shape((batch, count), &mut []).expect("no scores");
            return coef(0..batch, z, losses);
        }
        self.x.grow(batch * stride);
        if self.z.len() < batch * count {
            self.z.resize(batch * count, 0.0);
        }
        table.place(rows, &mut self.places);
        let (places, z) = (&self.places[..], &mut self.z[..batch * count]);
        let flat = x.to_slice().expect("hidden vectors are contiguous");
        dispatch(Scores { table, x: flat, padded: &mut self.x, places, z });
        if table.has_bias() {
            for z in z.chunks_exact_mut(count) {
                z.iter_mut().zip(rows).zip(places).for_each(|((z, row), place)| *z += table.bias(*row, *place));
            }
        }
        coef(0..batch, matrix_mut(z, batch), losses);
        if table.has_bias() {
            for (c, (row, place)) in rows.iter().zip(places).enumerate() {
                let mut sum = 0.0;
                z.chunks_exact(count).for_each(|k| sum += k[c]);
                table.descend_bias(*row, *place, rate, sum);
            }
        }
        let d_x = d_x.as_slice_mut().expect("∂L/∂x is contiguous");
        let x = &self.x.as_ref()[..batch * stride];
        self.examples.extend(self.examples.len() as u32..batch as u32);
        let (dim, examples, weights) = (table.dim(), &self.examples[..batch], table.weights_mut());
        dispatch(Descent { weights, stride, places, examples, x, coef: z, rate, d_x, d_stride: dim, dim });
        rows.iter().zip(places).for_each(|(row, place)| table.moved(*row, *place, batch as u32, 1));
    }
}

/// Pads X and computes z = X·Wᵀ.
struct Scores<'a, T> {
    table: &'a T,
    /// batch × d.
    x: &'a [f32],
    padded: &'a mut Aligned,
    places: &'a [u32],
    z: &'a mut [f32],
}

impl<T: RowStore> WithSimd for Scores<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, x, padded, places, z } = self;
        let (dim, stride, count) = (table.dim(), table.stride(), places.len());
        let batch = z.len() / count;
        pad(s, x, dim, stride, padded);
        let of = PlacedRows { w: table.weights(), stride, used: dim.next_multiple_of(S::F32_LANES), places };
        let (x, mut z) = (padded.as_ref(), z);
        let mut b = 0;
        while b < batch {
            let left = batch - b;
            let now = match left {
                _ if S::REGISTER_COUNT >= 32 && left >= 4 => 4,
                2 | 4 => 2,
                1 => 1,
                _ => 3,
            };
            let (part, rest) = z.split_at_mut(now * count);
            let x = &x[b * stride..];
            match now {
                4 => dots(s, first::<4>(x, of), of, part),
                3 => dots(s, first::<3>(x, of), of, part),
                2 => dots(s, first::<2>(x, of), of, part),
                _ => dots(s, first::<1>(x, of), of, part),
            }
            (z, b) = (rest, b + now);
        }
    }
}

/// Copies the batch with padded rows.
#[inline(always)]
fn pad<S: Simd>(_: S, x: &[f32], dim: usize, stride: usize, padded: &mut Aligned) {
    for (to, from) in padded.as_mut().chunks_exact_mut(stride).zip(x.chunks_exact(dim)) {
        let body = S::as_simd_f32s(from).0;
        for (to, from) in S::as_mut_simd_f32s(to).0.iter_mut().zip(body) {
            *to = *from;
        }
        let end = body.len() * S::F32_LANES;
        with_tail(&mut to[end..dim], &from[end..], |to, from| *to = from);
    }
}

/// Rows at their places.
#[derive(Clone, Copy)]
struct PlacedRows<'a> {
    w: &'a [f32],
    stride: usize,
    /// Entries of a row, up to the last vector that holds any.
    used: usize,
    places: &'a [u32],
}

impl<'a> PlacedRows<'a> {
    #[inline(always)]
    fn row(&self, place: u32) -> &'a [f32] {
        &self.w[place as usize * self.stride..][..self.used]
    }
}

/// The first N vectors.
#[inline(always)]
fn first<'a, const N: usize>(from: &'a [f32], of: PlacedRows) -> [&'a [f32]; N] {
    let mut x = [&[][..]; N];
    for n in 0..N {
        x[n] = &from[n * of.stride..][..of.used];
    }
    x
}

/// Dot products of N vectors with all rows, four rows at a time.
#[inline(always)]
fn dots<S: Simd, const N: usize>(s: S, x: [&[f32]; N], of: PlacedRows, out: &mut [f32]) {
    let (fours, rest) = of.places.as_chunks::<4>();
    let mut c = 0;
    for places in fours {
        dot_products(s, x, places.map(|place| of.row(place)), c, out);
        c += 4;
    }
    match rest {
        [p, q, r] => dot_products(s, x, [of.row(*p), of.row(*q), of.row(*r)], c, out),
        [p, q] => dot_products(s, x, [of.row(*p), of.row(*q)], c, out),
        [p] => dot_products(s, x, [of.row(*p)], c, out),
        _ => {}
    }
}

/// Dot products of N vectors with M others, written from column `c` of `out` on.
#[inline(always)]
fn dot_products<S: Simd, const N: usize, const M: usize>(
    s: S,
    x: [&[f32]; N],
    rows: [&[f32]; M],
    c: usize,
    out: &mut [f32],
) {
    let z = kernel::block::<S, N, M>(s, x, rows);
    let count = out.len() / N;
    for n in 0..N {
        out[n * count + c..][..M].copy_from_slice(&z[n]);
    }
}

/// Calls `$call::<S, …, V>($arguments…, k, …)` for blocks of V vectors that cover `$width`; k is the first vector of a
/// block. Uses as few blocks as `$widest` allows, of about equal size.
macro_rules! in_blocks {
    ($width:expr, $widest:expr, |$k:ident, $V:ident| $call:expr) => {{
        let (width, widest): (usize, usize) = ($width, $widest);
        let size = width.div_ceil(width.div_ceil(widest));
        let mut $k = 0;
        while $k < width {
            let now = (width - $k).min(size);
            match now {
                8 => {
                    const $V: usize = 8;
                    $call
                }
                7 => {
                    const $V: usize = 7;
                    $call
                }
                6 => {
                    const $V: usize = 6;
                    $call
                }
                5 => {
                    const $V: usize = 5;
                    $call
                }
                4 => {
                    const $V: usize = 4;
                    $call
                }
                3 => {
                    const $V: usize = 3;
                    $call
                }
                2 => {
                    const $V: usize = 2;
                    $call
                }
                _ => {
                    const $V: usize = 1;
                    $call
                }
            }
            $k += now;
        }
    }};
}
use in_blocks;

/// Adds `by` to V vectors of `out`, from vector `k` on; `out` is unpadded.
#[inline(always)]
fn add_vectors<S: Simd, const V: usize>(s: S, out: &mut [f32], k: usize, by: [S::f32s; V]) {
    let (body, tail) = S::as_mut_simd_f32s(out);
    if let Some(body) = body.get_mut(k..k + V) {
        for v in 0..V {
            body[v] = s.add_f32s(body[v], by[v]);
        }
        return;
    }
    for v in 0..V {
        if k + v < body.len() {
            body[k + v] = s.add_f32s(body[k + v], by[v]);
        } else if k + v == body.len() && !tail.is_empty() {
            with_tail(tail, bytemuck::cast_slice(&[by[v]]), |out, by| *out += by);
        }
    }
}
