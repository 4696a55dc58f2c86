//! Processes that work together: what one of them, a rank, can ask of the others.
//!
//! [`Peers`] is the door to other processes. [`Alone`] is a world of one. [`ThreadPeers`] are threads of one process,
//! for tests and for programs that have no other transport. A program with MPI implements the trait over MPI.
//! [`Team`] is a door that several tables of a process share; it also counts what goes through.
//!
//! All ranks make the same calls in the same order. A call returns once all ranks that it needs have made it.
//!
//! ```
//! use lexmax::peers::{Peers, ThreadPeers};
//!
//! let sums = ThreadPeers::run(3, |mut peers| {
//!     let mut values = [peers.rank() as f64, 1.0];
//!     peers.sum(&mut values);
//!     values
//! });
//! assert_eq!(sums, [[3.0, 3.0]; 3]);
//! ```

mod pack;
mod team;
mod threads;

pub(crate) use pack::{Packer, Unpacker};
pub use team::{Exchanged, Team};
pub use threads::ThreadPeers;

/// One rank's view of the processes that work together.
///
/// Results never depend on time: whatever is added is added in the order of the ranks, so that all ranks have the same
/// bits, in every run. A rank that fails must end its process: the others would wait for it forever.
pub trait Peers: Send {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// Number of processes, R.
    fn size(&self) -> usize;

    /// Returns the bytes of every rank, in the order of the ranks. Ranks may pass different numbers of bytes.
    fn all_gather(&mut self, own: &[u8]) -> Vec<Vec<u8>>;

    /// Adds the terms of all ranks to `sum`, in the order of the ranks, and gives the result to all of them. `own`
    /// holds the terms of this rank one after the other; each is as long as `sum`, and they are added in their order.
    /// There may be none. `sum` must be the same on all ranks before the call.
    ///
    /// # Panics
    /// If `own` is not made of whole terms.
    fn chain_sum(&mut self, sum: &mut [f32], own: &[f32]);

    /// Gives the bytes of rank `root` to all ranks.
    fn broadcast(&mut self, root: usize, bytes: &mut Vec<u8>);

    /// Adds the values of all ranks, entry by entry, in the order of the ranks: all ranks get the sums.
    fn sum(&mut self, values: &mut [f64]) {
        let mut own = Packer::default();
        values.iter().for_each(|value| own.f64(*value));
        let all = self.all_gather(&own.bytes());
        values.fill(0.0);
        for bytes in &all {
            let mut from = Unpacker::new(bytes);
            values.iter_mut().for_each(|sum| *sum += from.f64());
        }
    }

    /// Waits until all ranks have come here.
    fn barrier(&mut self) {
        self.all_gather(&[]);
    }
}

/// A world of one process.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Peers for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn all_gather(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        vec![own.to_vec()]
    }

    fn chain_sum(&mut self, sum: &mut [f32], own: &[f32]) {
        add_terms(sum, own);
    }

    fn broadcast(&mut self, _root: usize, _bytes: &mut Vec<u8>) {}
}

/// Adds terms that stand one after the other, each as long as `sum`.
///
/// # Panics
/// If `own` is not made of whole terms.
pub fn add_terms(sum: &mut [f32], own: &[f32]) {
    assert!(own.len().is_multiple_of(sum.len().max(1)), "{} numbers are not terms of {}", own.len(), sum.len());
    for term in own.chunks_exact(sum.len().max(1)) {
        sum.iter_mut().zip(term).for_each(|(sum, term)| *sum += term);
    }
}
