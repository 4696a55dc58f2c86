//! Means of bags, and descents along their gradients, over rows at their places.

use super::{Placed, in_blocks};
use crate::table::Bags;
use crate::table::aligned::Aligned;
use pulp::{Simd, WithSimd};

/// out ← the mean of every bag, added in the order of its rows.
pub struct Means<'a, T> {
    pub table: &'a mut T,
    pub bags: Bags<'a>,
    pub places: &'a mut Vec<u32>,
    /// bags × d.
    pub out: &'a mut [f32],
}

impl<T: Placed> WithSimd for Means<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, bags, places, out } = self;
        let width = table.stride() / S::F32_LANES;
        for (b, out) in out.chunks_exact_mut(table.dim()).enumerate() {
            let rows = bags.bag(b);
            table.begin(rows.len());
            places.clear();
            for row in rows {
                places.push(table.place(*row));
            }
            let w = S::as_simd_f32s(table.weights()).0;
            in_blocks!(width, 8, |k, V| mean::<S, V>(s, w, width, k, places, out));
        }
    }
}

/// V vectors of a mean from vector `k` on. Accumulators stay in registers only if no reference to them is taken.
#[expect(clippy::manual_memcpy, reason = "a reference to the accumulators would keep them in memory")]
#[inline(always)]
fn mean<S: Simd, const V: usize>(s: S, w: &[S::f32s], width: usize, k: usize, places: &[u32], out: &mut [f32]) {
    let mut acc = [s.splat_f32s(0.0); V];
    for place in places {
        let at = *place as usize * width + k;
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
            s.partial_store_f32s(tail, acc[v]);
        }
    }
}

/// Each row of bag b descends along gradient b, row by row: each sees the one before.
pub struct Descend<'a, T> {
    pub table: &'a mut T,
    pub bags: Bags<'a>,
    /// Whether a bag's gradient is divided among its rows.
    pub mean: bool,
    pub rate: f32,
    /// bags × d.
    pub gradient: &'a [f32],
    /// What each row of a bag moves by.
    pub move_by: &'a mut Aligned,
}

impl<T: Placed> WithSimd for Descend<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { table, bags, mean, rate, gradient, move_by } = self;
        let (width, stride) = (table.stride() / S::F32_LANES, table.stride());
        move_by.grow(stride);
        let move_by = S::as_mut_simd_f32s(&mut move_by.as_mut()[..stride]).0;
        for (b, gradient) in gradient.chunks_exact(table.dim()).enumerate() {
            let rows = bags.bag(b);
            let rate = if mean { rate * (1.0 / rows.len() as f32) } else { rate };
            let rates = s.splat_f32s(rate);
            let (body, tail) = S::as_simd_f32s(gradient);
            for (by, g) in move_by.iter_mut().zip(body) {
                *by = s.mul_f32s(rates, *g);
            }
            if !tail.is_empty() {
                move_by[body.len()] = s.mul_f32s(rates, s.partial_load_f32s(tail));
            }
            table.begin(rows.len());
            for row in rows {
                let place = table.place(*row);
                let w = S::as_mut_simd_f32s(table.weights_mut()).0;
                let w = &mut w[place as usize * width..][..width];
                in_blocks!(width, 8, |k, V| descend::<S, V>(s, w, k, move_by));
                table.moved(*row, place, 1);
            }
        }
    }
}

/// V vectors of a row from vector `k` on.
#[inline(always)]
fn descend<S: Simd, const V: usize>(s: S, w: &mut [S::f32s], k: usize, by: &[S::f32s]) {
    let w: &mut [S::f32s; V] = (&mut w[k..k + V]).try_into().expect("V vectors");
    let by: &[S::f32s; V] = by[k..k + V].try_into().expect("V vectors");
    for v in 0..V {
        w[v] = s.sub_f32s(w[v], by[v]);
    }
}
