//! Bag means and updates along their gradients, for rows at their places.

use super::super::aligned::Aligned;
use super::super::rows::RowStore;
use super::{in_blocks, pad};
use crate::simd::with_tail;
use crate::table::Bags;
use pulp::{Simd, WithSimd, bytemuck};

/// out ← the mean of every bag, summed in the order of its rows.
pub struct Means<'a, T> {
    pub table: &'a mut T,
    pub bags: Bags<'a>,
    pub places: &'a mut Vec<u32>,
    /// bags × d.
    pub out: &'a mut [f32],
}

impl<T: RowStore> WithSimd for Means<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, bags, places, out } = self;
        let (dim, stride) = (table.dim(), table.stride());
        if bags.are_rows() {
            table.place(bags.rows, places);
            let w = table.weights();
            for (place, out) in places.iter().zip(out.chunks_exact_mut(dim)) {
                copy(s, &w[*place as usize * stride..][..stride], out);
            }
            return;
        }
        let (width, step) = (dim.div_ceil(S::F32_LANES), stride / S::F32_LANES);
        for (b, out) in out.chunks_exact_mut(dim).enumerate() {
            table.place(bags.bag(b), places);
            let w = S::as_simd_f32s(table.weights()).0;
            in_blocks!(width, 8, |k, V| mean::<S, V>(s, w, step, k, places, out));
        }
    }
}

/// out ← the mean of every bag of indices into `rows`. Each row is placed once.
pub struct SharedMeans<'a, T> {
    pub table: &'a mut T,
    pub rows: &'a [u32],
    /// Indices into `rows`.
    pub bags: Bags<'a>,
    pub places: &'a mut Vec<u32>,
    /// The places of one bag.
    pub bag: &'a mut Vec<u32>,
    /// bags × d.
    pub out: &'a mut [f32],
}

impl<T: RowStore> WithSimd for SharedMeans<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, rows, bags, places, bag, out } = self;
        let (dim, step) = (table.dim(), table.stride() / S::F32_LANES);
        let width = dim.div_ceil(S::F32_LANES);
        table.place(rows, places);
        let w = S::as_simd_f32s(table.weights()).0;
        for (b, out) in out.chunks_exact_mut(dim).enumerate() {
            bag.clear();
            for number in bags.bag(b) {
                bag.push(places[*number as usize]);
            }
            in_blocks!(width, 8, |k, V| mean::<S, V>(s, w, step, k, bag, out));
        }
    }
}

/// out ← 0 + row; the row is padded.
#[inline(always)]
fn copy<S: Simd>(s: S, row: &[f32], out: &mut [f32]) {
    let end = out.len() - out.len() % S::F32_LANES;
    let (body, tail) = S::as_mut_simd_f32s(out);
    for (out, row) in body.iter_mut().zip(S::as_simd_f32s(row).0) {
        *out = s.add_f32s(s.splat_f32s(0.0), *row);
    }
    with_tail(tail, &row[end..], |out, row| *out = 0.0 + row);
}

/// V vectors of a mean, from vector `k` on. Accumulators stay in registers only if no reference to them is taken.
#[expect(clippy::manual_memcpy, reason = "a reference to the accumulators would keep them in memory")]
#[inline(always)]
fn mean<S: Simd, const V: usize>(s: S, w: &[S::f32s], step: usize, k: usize, places: &[u32], out: &mut [f32]) {
    let mut acc = [s.splat_f32s(0.0); V];
    for place in places {
        let at = *place as usize * step + k;
        let row: &[S::f32s; V] = w[at..at + V].try_into().expect("V vectors");
        for v in 0..V {
            acc[v] = s.add_f32s(acc[v], row[v]);
        }
    }
    if places.len() > 1 {
        let scale = s.splat_f32s(1.0 / places.len() as f32);
        for v in 0..V {
            acc[v] = s.mul_f32s(acc[v], scale);
        }
    }
    let (body, tail) = S::as_mut_simd_f32s(out);
    if let Some(body) = body.get_mut(k..k + V) {
        for v in 0..V {
            body[v] = acc[v];
        }
        return;
    }
    for v in 0..V {
        if k + v < body.len() {
            body[k + v] = acc[v];
        } else if k + v == body.len() && !tail.is_empty() {
            with_tail(tail, bytemuck::cast_slice(&[acc[v]]), |out, mean| *out = mean);
        }
    }
}

/// Updates each row of bag b with gradient b, row by row. A repeated row sees its earlier updates.
pub struct Descend<'a, T> {
    pub table: &'a mut T,
    pub bags: Bags<'a>,
    /// Whether to divide a bag's gradient by its size.
    pub mean: bool,
    pub rate: f32,
    /// bags × d.
    pub gradient: &'a [f32],
    pub places: &'a mut Vec<u32>,
}

impl<T: RowStore> WithSimd for Descend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, bags, mean, rate, gradient, places } = self;
        let (dim, stride) = (table.dim(), table.stride());
        if bags.are_rows() {
            table.place(bags.rows, places);
            let w = table.weights_mut();
            for (place, gradient) in places.iter().zip(gradient.chunks_exact(dim)) {
                descend(s, &mut w[*place as usize * stride..][..stride], rate, gradient);
            }
            bags.rows.iter().zip(&*places).for_each(|(row, place)| table.moved(*row, *place, 1, 1));
            return;
        }
        let (width, step) = (dim.div_ceil(S::F32_LANES), stride / S::F32_LANES);
        for (b, gradient) in gradient.chunks_exact(dim).enumerate() {
            let rows = bags.bag(b);
            let rate = if mean { rate * (1.0 / rows.len() as f32) } else { rate };
            table.place(rows, places);
            let w = S::as_mut_simd_f32s(table.weights_mut()).0;
            in_blocks!(width, 8, |k, V| descend_vectors::<S, V>(s, w, step, k, places, rate, gradient));
            rows.iter().zip(&*places).for_each(|(row, place)| table.moved(*row, *place, 1, 1));
        }
    }
}

/// V vectors of all rows of a bag, from vector `k` on.
#[inline(always)]
fn descend_vectors<S: Simd, const V: usize>(
    s: S,
    w: &mut [S::f32s],
    step: usize,
    k: usize,
    places: &[u32],
    rate: f32,
    gradient: &[f32],
) {
    let (body, tail) = S::as_simd_f32s(gradient);
    let rate = s.splat_f32s(rate);
    let mut by = [s.splat_f32s(0.0); V];
    if let Some(body) = body.get(k..k + V) {
        for v in 0..V {
            by[v] = s.mul_f32s(rate, body[v]);
        }
    } else {
        for v in 0..V {
            let part = body.get(k + v).copied();
            by[v] = s.mul_f32s(rate, part.unwrap_or_else(|| padded(s, tail)));
        }
    }
    for place in places {
        let at = *place as usize * step + k;
        let row: &mut [S::f32s; V] = (&mut w[at..at + V]).try_into().expect("V vectors");
        for v in 0..V {
            row[v] = s.sub_f32s(row[v], by[v]);
        }
    }
}

/// Updates row i with the sum of the gradients in bag i.
pub struct DescendSums<'a, T> {
    pub table: &'a mut T,
    pub rows: &'a [u32],
    pub sums: Bags<'a>,
    pub rate: f32,
    /// gradients × d.
    pub gradients: &'a [f32],
    pub padded: &'a mut Aligned,
    pub places: &'a mut Vec<u32>,
}

impl<T: RowStore> WithSimd for DescendSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, rows, sums, rate, gradients, padded, places } = self;
        let (dim, stride) = (table.dim(), table.stride());
        padded.grow(gradients.len() / dim * stride);
        pad(s, gradients, dim, stride, padded);
        let (width, step) = (dim.div_ceil(S::F32_LANES), stride / S::F32_LANES);
        let gradients = S::as_simd_f32s(padded.as_ref()).0;
        table.place(rows, places);
        let w = S::as_mut_simd_f32s(table.weights_mut()).0;
        for (i, place) in places.iter().enumerate() {
            let bag = sums.bag(i);
            in_blocks!(width, 8, |k, V| descend_sum::<S, V>(s, w, step, k, *place, bag, gradients, rate));
        }
        for (i, (row, place)) in rows.iter().zip(&*places).enumerate() {
            table.moved(*row, *place, sums.bag(i).len() as u32, 1);
        }
    }
}

/// V vectors of a row, from vector `k` on. Accumulators stay in registers only if no reference to them is taken.
#[expect(clippy::too_many_arguments, reason = "a kernel's inner part")]
#[inline(always)]
fn descend_sum<S: Simd, const V: usize>(
    s: S,
    w: &mut [S::f32s],
    step: usize,
    k: usize,
    place: u32,
    bag: &[u32],
    gradients: &[S::f32s],
    rate: f32,
) {
    let mut acc = [s.splat_f32s(0.0); V];
    for number in bag {
        let at = *number as usize * step + k;
        let gradient: &[S::f32s; V] = gradients[at..at + V].try_into().expect("V vectors");
        for v in 0..V {
            acc[v] = s.add_f32s(acc[v], gradient[v]);
        }
    }
    let rate = s.splat_f32s(rate);
    let at = place as usize * step + k;
    let row: &mut [S::f32s; V] = (&mut w[at..at + V]).try_into().expect("V vectors");
    for v in 0..V {
        row[v] = s.sub_f32s(row[v], s.mul_f32s(rate, acc[v]));
    }
}

/// A vector of `tail`, filled up with zeros.
#[inline(always)]
fn padded<S: Simd>(s: S, tail: &[f32]) -> S::f32s {
    let mut vector = [s.splat_f32s(0.0)];
    with_tail(&mut bytemuck::cast_slice_mut(&mut vector)[..tail.len()], tail, |to, from| *to = from);
    vector[0]
}

/// row ← row − rate·gradient; the row is padded.
#[inline(always)]
fn descend<S: Simd>(s: S, row: &mut [f32], rate: f32, gradient: &[f32]) {
    let (body, tail) = S::as_simd_f32s(gradient);
    let (row, rate) = (S::as_mut_simd_f32s(row).0, s.splat_f32s(rate));
    for (w, g) in row.iter_mut().zip(body) {
        *w = s.sub_f32s(*w, s.mul_f32s(rate, *g));
    }
    if let Some(w) = row.get_mut(body.len()).filter(|_| !tail.is_empty()) {
        *w = s.sub_f32s(*w, s.mul_f32s(rate, padded(s, tail)));
    }
}
