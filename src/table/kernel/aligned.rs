//! Memory aligned for whole vectors.

use prefetch_index::prefetch_index;

/// A buffer of f32 that begins at a cache line.
#[derive(Default)]
pub struct Aligned {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

/// Bytes in a cache line, which is also the size of the widest vector.
pub const LINE: usize = 64;

impl Aligned {
    /// A buffer of `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let data = vec![0.0; len + LINE / size_of::<f32>()];
        let start = data.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Self { data, start, len }
    }

    /// Grows to at least `len` numbers; new ones are zero.
    #[inline(always)]
    pub fn grow(&mut self, len: usize) {
        if len > self.len {
            self.make_room(len);
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(&mut self, len: usize) {
        let old = std::mem::replace(self, Self::zeros(len));
        self.as_mut()[..old.len].copy_from_slice(old.as_ref());
    }

    /// Prefetches `len` numbers from index `at` into the cache. `at` must be the start of a cache line.
    #[inline(always)]
    pub fn prefetch(&self, at: usize, len: usize) {
        let (numbers, end) = (self.as_ref(), at + len);
        let mut at = at;
        while at < end {
            prefetch_index(numbers, at);
            at += LINE / size_of::<f32>();
        }
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.as_mut().copy_from_slice(self.as_ref());
        copy
    }
}

impl AsRef<[f32]> for Aligned {
    #[inline(always)]
    fn as_ref(&self) -> &[f32] {
        &self.data[self.start..][..self.len]
    }
}

impl AsMut<[f32]> for Aligned {
    #[inline(always)]
    fn as_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..][..self.len]
    }
}
