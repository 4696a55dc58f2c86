//! The one random generator of the crate: xoshiro256++, portable, with a stream per worker.

use rand::{RngExt, SeedableRng, TryRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};
use std::convert::Infallible;

/// A worker's generator. The same seed and stream give the same numbers on every platform.
#[derive(Clone, Debug)]
pub struct WorkerRng(Xoshiro256PlusPlus);

impl WorkerRng {
    /// The generator of `stream` under `seed`. Streams are independent for all practical purposes: each
    /// state is filled by SplitMix64 from a hash of both numbers.
    pub fn new(seed: u64, stream: u64) -> Self {
        let first = SplitMix64::seed_from_u64(seed).random::<u64>();
        let second = SplitMix64::seed_from_u64(stream ^ 0x9e37_79b9_7f4a_7c15).random::<u64>();
        Self(Xoshiro256PlusPlus::seed_from_u64(first.rotate_left(17) ^ second))
    }
}

impl TryRng for WorkerRng {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(dst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_stable_and_differ() {
        let take = |seed, stream| {
            let mut rng = WorkerRng::new(seed, stream);
            [rng.random::<u64>(), rng.random::<u64>()]
        };
        assert_eq!(take(1, 0), take(1, 0));
        assert_ne!(take(1, 0), take(1, 1));
        assert_ne!(take(1, 0), take(2, 0));
    }
}
