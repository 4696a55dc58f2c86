//! A shared row's descent, entry by entry.

use super::{SharedMatrix, pack, unpack};
use pulp::Simd;
use std::sync::atomic::Ordering::Relaxed;

/// A shared row ← itself − rate·gradient. By way of a plain row, whose arithmetic is done in vectors.
#[inline(always)]
pub fn descend_shared<S: Simd>(s: S, matrix: &SharedMatrix, row: u32, rate: f32, gradient: &[f32]) {
    let shared = matrix.row(row);
    let rates = s.splat_f32s(rate);
    // Whole vectors of every width, and long enough that the small writes have arrived when the wide reads come.
    let mut buffer = [0.0; PLAIN];
    for (shared, gradient) in shared.chunks(PLAIN / 2).zip(gradient[..matrix.shape.dim].chunks(PLAIN)) {
        let (pairs, _) = buffer.as_chunks_mut::<2>();
        for (plain, shared) in pairs.iter_mut().zip(shared) {
            *plain = unpack(shared.load(Relaxed));
        }
        let (body, tail) = S::as_simd_f32s(gradient);
        let plain = S::as_mut_simd_f32s(&mut buffer).0;
        for (w, g) in plain.iter_mut().zip(body) {
            *w = s.sub_f32s(*w, s.mul_f32s(rates, *g));
        }
        if !tail.is_empty() {
            let w = &mut plain[body.len()];
            *w = s.sub_f32s(*w, s.mul_f32s(rates, s.partial_load_f32s(tail)));
        }
        let (pairs, _) = buffer.as_chunks::<2>();
        for (shared, plain) in shared.iter().zip(pairs) {
            shared.store(pack(*plain), Relaxed);
        }
    }
}

/// Entries of a shared row that are taken at a time.
pub const PLAIN: usize = 128;
