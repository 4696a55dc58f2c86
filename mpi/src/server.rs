//! The side of the thread that MPI belongs to: serves the requests of this rank's work.

use crate::door::{Answer, Ask};
use crate::patience::wait;
use lexmax::peers::add_terms;
use mpi::datatype::PartitionMut;
use mpi::request::scope;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::{CommunicatorCollectives, Destination, Equivalence, Root, Source};
use std::collections::VecDeque;

/// Serves requests over a communicator.
pub(crate) struct Server<'a> {
    world: &'a SimpleCommunicator,
    /// Most bytes of one call of MPI, whose counts are 32-bit integers.
    limit: usize,
}

/// Numbers of a sum that go to the next rank at a time, so that several ranks add at once.
const PIECE: usize = 16 << 10;
/// Pieces on the way to the next rank.
const SENT: usize = 64;

impl<'a> Server<'a> {
    /// Most bytes of a call: a quarter of what a count can say.
    pub const LIMIT: usize = 1 << 29;

    pub fn new(world: &'a SimpleCommunicator, limit: usize) -> Self {
        Self { world, limit }
    }

    /// Answers a request once all other ranks have made it too.
    pub fn serve(&self, ask: Ask) -> Answer {
        match ask {
            Ask::Gather(own) => Answer::Gather(self.gather(&own)),
            Ask::Chain(sum, own) => Answer::Chain(self.chain(sum, &own)),
            Ask::Broadcast(root, own) => Answer::Broadcast(self.broadcast(root, own)),
        }
    }

    fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    fn size(&self) -> usize {
        self.world.size() as usize
    }

    /// Gathers the lengths first. Then every rank gives at most its share of a call at a time.
    fn gather(&self, own: &[u8]) -> Vec<Vec<u8>> {
        let (len, mut lens) = (own.len() as u64, vec![0u64; self.size()]);
        scope(|scope| wait(self.world.immediate_all_gather_into(scope, &len, &mut lens[..])));
        let longest = lens.iter().copied().max().unwrap_or(0) as usize;
        let share = (self.limit / self.size()).max(1);
        let mut all: Vec<Vec<u8>> = lens.iter().map(|len| Vec::with_capacity(*len as usize)).collect();
        for start in (0..longest).step_by(share) {
            let part = |len: usize| start.min(len)..(start + share).min(len);
            let counts: Vec<_> = lens.iter().map(|len| part(*len as usize).len() as i32).collect();
            let places: Vec<_> = counts
                .iter()
                .scan(0, |sum, count| {
                    *sum += count;
                    Some(*sum - count)
                })
                .collect();
            let mut received = vec![0u8; counts.iter().sum::<i32>() as usize];
            let mut parts = PartitionMut::new(&mut received[..], &counts[..], &places[..]);
            let own = &own[part(own.len())];
            scope(|scope| wait(self.world.immediate_all_gather_varcount_into(scope, own, &mut parts)));
            let mut left = &received[..];
            for (bytes, count) in all.iter_mut().zip(&counts) {
                let (own, others) = left.split_at(*count as usize);
                bytes.extend_from_slice(own);
                left = others;
            }
        }
        all
    }

    /// Every piece goes from rank to rank, and every rank adds its terms to it. The last rank then tells the sum to
    /// all.
    fn chain(&self, mut sum: Vec<f32>, own: &[f32]) -> Vec<f32> {
        let (rank, last, len) = (self.rank(), self.size() - 1, sum.len());
        let process = |rank: usize| self.world.process_at_rank(rank as i32);
        let piece = PIECE.min(self.limit / size_of::<f32>()).max(1);
        scope(|sends| {
            let mut on_the_way = VecDeque::new();
            for (number, sum) in sum.chunks_mut(piece).enumerate() {
                let start = number * piece;
                if rank > 0 {
                    scope(|scope| wait(process(rank - 1).immediate_receive_into(scope, &mut *sum)));
                }
                own.chunks_exact(len).for_each(|term| add_terms(sum, &term[start..start + sum.len()]));
                if rank < last {
                    on_the_way.push_back(process(rank + 1).immediate_send(sends, &*sum));
                }
                if on_the_way.len() > SENT {
                    on_the_way.pop_front().into_iter().for_each(wait);
                }
            }
            on_the_way.into_iter().for_each(wait);
        });
        self.tell(last, &mut sum);
        sum
    }

    fn broadcast(&self, root: usize, mut bytes: Vec<u8>) -> Vec<u8> {
        let mut len = [bytes.len() as u64];
        self.tell(root, &mut len);
        bytes.resize(len[0] as usize, 0);
        self.tell(root, &mut bytes);
        bytes
    }

    /// Gives the values of a rank to all. Their number is the same on all ranks.
    fn tell<T: Equivalence>(&self, root: usize, values: &mut [T]) {
        let process = self.world.process_at_rank(root as i32);
        for part in values.chunks_mut((self.limit / size_of::<T>()).max(1)) {
            scope(|scope| wait(process.immediate_broadcast_into(scope, part)));
        }
    }
}
