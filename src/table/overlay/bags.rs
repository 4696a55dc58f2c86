//! Means of bags, and descents along their gradients, on a worker's own rows.

use super::OwnRows;
use crate::table::Bags;
use crate::table::shared::SharedMatrix;
use pulp::{Simd, WithSimd};

/// Each row of bag b descends along gradient b, row by row: each sees the one before.
pub struct Descend<'a> {
    pub base: &'a SharedMatrix,
    pub own: &'a mut OwnRows,
    pub bags: Bags<'a>,
    /// Whether a bag's gradient is divided among its rows.
    pub mean: bool,
    pub rate: f32,
    /// bags × d.
    pub gradient: &'a [f32],
}

impl WithSimd for Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { base, own, bags, mean, rate, gradient } = self;
        for (b, gradient) in gradient.chunks_exact(own.dim).enumerate() {
            let rows = bags.bag(b);
            let rate = if mean { rate * (1.0 / rows.len() as f32) } else { rate };
            let rates = s.splat_f32s(rate);
            for row in rows {
                let slot = own.slot(base, *row);
                own.count(*row, 1);
                let (body, tail) = S::as_simd_f32s(gradient);
                let to = S::as_mut_simd_f32s(own.at_mut(slot)).0;
                for (w, g) in to.iter_mut().zip(body) {
                    *w = s.sub_f32s(*w, s.mul_f32s(rates, *g));
                }
                if !tail.is_empty() {
                    let w = &mut to[body.len()];
                    *w = s.sub_f32s(*w, s.mul_f32s(rates, s.partial_load_f32s(tail)));
                }
            }
        }
    }
}

/// out ← the mean of every bag, added in the order of its rows.
pub struct Means<'a> {
    pub base: &'a SharedMatrix,
    pub own: &'a mut OwnRows,
    pub bags: Bags<'a>,
    /// bags × d.
    pub out: &'a mut [f32],
}

impl WithSimd for Means<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { base, own, bags, out } = self;
        for (b, out) in out.chunks_exact_mut(own.dim).enumerate() {
            let rows = bags.bag(b);
            out.fill(0.0);
            let scale = s.splat_f32s(1.0 / rows.len().max(1) as f32);
            let (to, tail) = S::as_mut_simd_f32s(out);
            for row in rows {
                let slot = own.slot(base, *row);
                let from = S::as_simd_f32s(own.at(slot)).0;
                for (y, w) in to.iter_mut().zip(from) {
                    *y = s.add_f32s(*y, *w);
                }
                if !tail.is_empty() {
                    let sum = s.add_f32s(s.partial_load_f32s(tail), from[to.len()]);
                    s.partial_store_f32s(tail, sum);
                }
            }
            if rows.len() > 1 {
                for y in to {
                    *y = s.mul_f32s(*y, scale);
                }
                if !tail.is_empty() {
                    let scaled = s.mul_f32s(s.partial_load_f32s(tail), scale);
                    s.partial_store_f32s(tail, scaled);
                }
            }
        }
    }
}
