//! Bags of rows.

/// Bags of rows, one per example: bag b is `rows[offsets[b]..offsets[b + 1]]`.
#[derive(Clone, Copy, Debug)]
pub struct Bags<'a> {
    /// The rows of all bags.
    pub rows: &'a [u32],
    /// Start of each bag, then the end of the last: B + 1 numbers, the first 0.
    pub offsets: &'a [u32],
}

impl<'a> Bags<'a> {
    /// Number of bags, B.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no bag.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether bag b is the single row b of `rows`, for every b (as in skip-gram, where one word predicts another).
    pub(crate) fn are_rows(&self) -> bool {
        self.rows.len() == self.len() && self.offsets.iter().zip(0..).all(|(offset, row)| *offset == row)
    }

    /// The rows of bag b.
    #[inline(always)]
    pub fn bag(&self, b: usize) -> &'a [u32] {
        &self.rows[self.offsets[b] as usize..self.offsets[b + 1] as usize]
    }
}
