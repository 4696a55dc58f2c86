//! The only random generator of the crate: xoshiro256++, portable, with one stream per worker.

#[cfg(feature = "text")]
mod draw;

#[cfg(feature = "text")]
pub(crate) use draw::{below, shuffle, uniform};

use rand::{RngExt, SeedableRng, TryRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};
use serde::{Deserialize, Deserializer, Serialize, de};
use std::convert::Infallible;

/// A worker's random generator. The same seed and stream give the same numbers on every platform. Its state serializes
/// as `{"s": [four numbers]}`, not all of them 0. Draw numbers with the traits of [`rand`](crate::rand).
///
/// ```
/// use lexmax::WorkerRng;
/// use lexmax::rand::RngExt;
///
/// let [mut a, mut b, mut other] = [(1, 0), (1, 0), (1, 1)].map(|(seed, stream)| WorkerRng::new(seed, stream));
/// let (x, y, z): (u64, u64, u64) = (a.random(), b.random(), other.random());
/// assert!(x == y && x != z);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerRng(Xoshiro256PlusPlus);

impl WorkerRng {
    /// The generator of `stream` under `seed`. Streams are independent for all practical purposes: SplitMix64 fills
    /// each state from a hash of both numbers.
    pub fn new(seed: u64, stream: u64) -> Self {
        let first = SplitMix64::seed_from_u64(seed).random::<u64>();
        let second = SplitMix64::seed_from_u64(stream ^ 0x9e37_79b9_7f4a_7c15).random::<u64>();
        Self(Xoshiro256PlusPlus::seed_from_u64(first.rotate_left(17) ^ second))
    }
}

impl<'de> Deserialize<'de> for WorkerRng {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct State {
            s: [u64; 4],
        }
        let State { s } = State::deserialize(from)?;
        if s == [0; 4] {
            return Err(de::Error::custom("a generator whose state is 0 gives nothing but 0"));
        }
        let mut seed = [0; 32];
        seed.as_chunks_mut::<8>().0.iter_mut().zip(s).for_each(|(to, word)| *to = word.to_le_bytes());
        Ok(Self(Xoshiro256PlusPlus::from_seed(seed)))
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

/// Random numbers by position instead of order. The same key and word give the same number, in any order and on any
/// number of threads. Word w gets the (w + 1)-th number of SplitMix64 from the key.
#[derive(Clone, Copy, Debug)]
pub struct Noise(u64);

impl Noise {
    /// The numbers of `key`, which should itself be random.
    pub fn new(key: u64) -> Self {
        Self(key)
    }

    /// Uniform in [2⁻⁵³, 1): never 0 or 1.
    #[inline]
    pub fn uniform(&self, word: u32) -> f64 {
        let mut x = self.0.wrapping_add((u64::from(word) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^= x >> 31;
        // 52 bits, so that adding the half is exact and 1 is never reached.
        ((x >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// A standard Gumbel variable, −ln(−ln(1 − u)).
    pub fn gumbel(&self, word: u32) -> f64 {
        -exponential(self.uniform(word)).ln()
    }
}

/// −ln(1 − u). For a uniform u this is an exponential variable of mean 1; precise for small u.
pub fn exponential(u: f64) -> f64 {
    -(-u).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_split_mix() {
        let mut stream = SplitMix64::seed_from_u64(77);
        let noise = Noise::new(77);
        for word in 0..100 {
            let bits = stream.random::<u64>() >> 12;
            assert_eq!(noise.uniform(word), (bits as f64 + 0.5) / (1u64 << 52) as f64);
        }
        assert!((noise.gumbel(3) + (-(1.0 - noise.uniform(3)).ln()).ln()).abs() < 1e-12);
    }

    #[test]
    fn a_generator_goes_on_from_its_written_state() {
        let mut rng = WorkerRng::new(5, 3);
        rng.random::<u64>();
        let mut read: WorkerRng = serde_json::from_str(&serde_json::to_string(&rng).unwrap()).unwrap();
        assert_eq!(read, rng);
        assert_eq!([read.random::<u64>(), read.random::<u64>()], [rng.random::<u64>(), rng.random::<u64>()]);
        assert!(serde_json::from_str::<WorkerRng>(r#"{"s": [0, 0, 0, 0]}"#).is_err());
    }

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
