//! Ranks that are threads of one process.

use super::{Peers, add_terms};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// A rank that is a thread of this process, joined to the others by channels.
pub struct ThreadPeers {
    rank: usize,
    /// To each rank, and from each.
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

impl fmt::Debug for ThreadPeers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("ThreadPeers").field("rank", &self.rank).field("size", &self.to.len()).finish_non_exhaustive()
    }
}

/// Numbers of a sum that go to the next rank at a time, so that several ranks add at once.
const PIECE: usize = 16 << 10;

impl ThreadPeers {
    /// Returns the doors of `size` ranks. Each belongs to a thread of its own.
    pub fn world(size: usize) -> Vec<Self> {
        let mut to: Vec<Vec<_>> = (0..size).map(|_| Vec::new()).collect();
        let mut from: Vec<Vec<_>> = (0..size).map(|_| Vec::new()).collect();
        for receivers in &mut from {
            for senders in &mut to {
                let (sender, receiver) = channel();
                senders.push(sender);
                receivers.push(receiver);
            }
        }
        to.into_iter().zip(from).enumerate().map(|(rank, (to, from))| Self { rank, to, from }).collect()
    }

    /// Calls `work` on `size` threads, each with its door, and returns their results in the order of the ranks.
    ///
    /// # Panics
    /// If `work` panics on any rank. The other ranks panic too once they wait for it.
    pub fn run<T: Send>(size: usize, work: impl Fn(Self) -> T + Sync) -> Vec<T> {
        let work = &work;
        thread::scope(|scope| {
            let threads: Vec<_> = Self::world(size).into_iter().map(|peers| scope.spawn(move || work(peers))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    fn send(&self, rank: usize, bytes: &[u8]) {
        self.to[rank].send(bytes.to_vec()).unwrap_or_else(|_| panic!("rank {rank} has ended"));
    }

    fn receive(&self, rank: usize) -> Vec<u8> {
        self.from[rank].recv().unwrap_or_else(|_| panic!("rank {rank} has ended"))
    }

    fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let rank = self.rank;
        (0..self.to.len()).filter(move |other| *other != rank)
    }
}

impl Peers for ThreadPeers {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn all_gather(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        self.others().for_each(|other| self.send(other, own));
        let of_rank = |rank| if rank == self.rank { own.to_vec() } else { self.receive(rank) };
        (0..self.size()).map(of_rank).collect()
    }

    fn chain_sum(&mut self, sum: &mut [f32], own: &[f32]) {
        let (len, last) = (sum.len(), self.size() - 1);
        assert!(own.len().is_multiple_of(len.max(1)), "{} numbers are not terms of {len}", own.len());
        for start in (0..len).step_by(PIECE) {
            let piece = start..(start + PIECE).min(len);
            let sum = &mut sum[piece.clone()];
            if self.rank > 0 {
                read(&self.receive(self.rank - 1), sum);
            }
            own.chunks_exact(len).for_each(|term| add_terms(sum, &term[piece.clone()]));
            if self.rank < last {
                self.send(self.rank + 1, &written(sum));
            }
        }
        let mut bytes = written(sum);
        self.broadcast(last, &mut bytes);
        read(&bytes, sum);
    }

    fn broadcast(&mut self, root: usize, bytes: &mut Vec<u8>) {
        if self.rank == root {
            self.others().for_each(|other| self.send(other, bytes));
        } else {
            *bytes = self.receive(root);
        }
    }
}

fn written(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn read(bytes: &[u8], values: &mut [f32]) {
    let (chunks, _) = bytes.as_chunks();
    values.iter_mut().zip(chunks).for_each(|(value, bytes)| *value = f32::from_le_bytes(*bytes));
}

#[cfg(test)]
mod tests {
    use super::super::Alone;
    use super::*;

    /// Terms of very different sizes, so that another order of additions gives other bits.
    fn term(rank: usize, number: usize, i: usize) -> f32 {
        ((rank * 31 + number * 7 + i) as f32 * 0.37).sin() * 10f32.powi((i + rank * 3 + number) as i32 % 9 - 4)
    }

    #[test]
    fn a_chain_adds_in_the_order_of_ranks_and_terms_for_any_number_of_ranks() {
        for len in [0, 1, 5, PIECE, 2 * PIECE + 3] {
            let terms = |numbers: std::ops::Range<usize>| -> Vec<f32> {
                numbers.flat_map(|number| (0..len).map(move |i| term(number, number, i))).collect()
            };
            let before: Vec<f32> = (0..len).map(|i| term(9, 9, i)).collect();
            let mut alone = before.clone();
            Alone.chain_sum(&mut alone, &terms(0..5));
            for size in 1..=4 {
                // Ranks have different numbers of terms, the first of four none.
                let bound = |rank: usize| rank * 5 / size - usize::from(size == 4 && rank == 1);
                let sums = ThreadPeers::run(size, |mut peers| {
                    let mut sum = before.clone();
                    let own = bound(peers.rank())..bound(peers.rank() + 1);
                    peers.chain_sum(&mut sum, &terms(own));
                    sum
                });
                assert!(sums.iter().all(|sum| *sum == alone), "{len} numbers on {size} ranks");
            }
        }
    }

    #[test]
    fn ranks_gather_broadcast_and_sum() {
        for size in 1..=4 {
            let all = ThreadPeers::run(size, |mut peers| {
                let own = vec![peers.rank() as u8; peers.rank() * 3];
                let gathered = peers.all_gather(&own);
                let mut told = own.clone();
                peers.broadcast(size - 1, &mut told);
                peers.barrier();
                let mut sums = [0.1 * (1 + peers.rank()) as f64, f64::NAN];
                sums[1] = 1.0;
                peers.sum(&mut sums);
                (gathered, told, sums)
            });
            let gathered: Vec<_> = (0..size).map(|rank| vec![rank as u8; rank * 3]).collect();
            let sum = (0..size).fold(0.0, |sum, rank| sum + 0.1 * (1 + rank) as f64);
            for one in all {
                assert_eq!(one, (gathered.clone(), gathered[size - 1].clone(), [sum, size as f64]));
            }
        }
    }
}
