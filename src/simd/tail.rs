//! Ends of slices that are shorter than a vector.

/// Calls `each` for each number of `tail` (shorter than a vector) and the same entry of `from`. Partial vector loads
/// and stores jump to separate code for each length, which is slow for the short tails of rows.
#[inline(always)]
pub fn with_tail(tail: &mut [f32], from: &[f32], each: impl Fn(&mut f32, f32)) {
    let (fours, rest) = tail.as_chunks_mut::<4>();
    let (from_fours, from_rest) = from.split_at(4 * fours.len());
    for (fours, from) in fours.iter_mut().zip(from_fours.as_chunks::<4>().0) {
        for i in 0..4 {
            each(&mut fours[i], from[i]);
        }
    }
    for (number, from) in rest.iter_mut().zip(from_rest) {
        each(number, *from);
    }
}
