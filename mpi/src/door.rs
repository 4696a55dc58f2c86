//! The worker's side of the door: requests to the thread that MPI belongs to.

use lexmax::Result;
use lexmax::peers::{Peers, add_terms};
use std::fmt;
use std::sync::mpsc::{Receiver, Sender, channel};

/// A request to the other ranks.
#[derive(Debug)]
pub(crate) enum Ask {
    /// The bytes of every rank.
    Gather(Vec<u8>),
    /// The sum of the terms of all ranks: what they are added to, and the terms of this rank.
    Chain(Vec<f32>, Vec<f32>),
    /// The bytes of the rank with this number.
    Broadcast(usize, Vec<u8>),
}

/// The answer to a request of the same name.
#[derive(Debug)]
pub(crate) enum Answer {
    Gather(Vec<Vec<u8>>),
    Chain(Vec<f32>),
    Broadcast(Vec<u8>),
}

/// A message to the thread that MPI belongs to.
pub(crate) enum Job {
    Ask(Ask, Sender<Answer>),
    /// The work is done.
    End(Result<u8>),
}

/// The other ranks of an MPI world.
///
/// It may be used on any thread: requests go to the thread of [`run`](crate::run), which is the only one that calls
/// MPI. A request copies its bytes once.
pub struct MpiPeers {
    rank: usize,
    size: usize,
    jobs: Sender<Job>,
    answer: Sender<Answer>,
    answers: Receiver<Answer>,
}

impl fmt::Debug for MpiPeers {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("MpiPeers").field("rank", &self.rank).field("size", &self.size).finish_non_exhaustive()
    }
}

/// Only a panic ends the thread of MPI before the work, and a panic ends the process.
const SERVED: &str = "MPI is served while there is work";

impl MpiPeers {
    /// Returns the door of a rank, and the jobs that come from it.
    pub(crate) fn new(rank: usize, size: usize) -> (Self, Receiver<Job>) {
        let (jobs, received) = channel();
        let (answer, answers) = channel();
        (Self { rank, size, jobs, answer, answers }, received)
    }

    /// Returns a function that hands in the result of the work.
    pub(crate) fn ends(&self) -> impl FnOnce(Result<u8>) + Send + use<> {
        let jobs = self.jobs.clone();
        move |result| jobs.send(Job::End(result)).expect(SERVED)
    }

    fn ask(&self, ask: Ask) -> Answer {
        self.jobs.send(Job::Ask(ask, self.answer.clone())).expect(SERVED);
        self.answers.recv().expect(SERVED)
    }
}

impl Peers for MpiPeers {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn all_gather(&mut self, own: &[u8]) -> Vec<Vec<u8>> {
        if self.size == 1 {
            return vec![own.to_vec()];
        }
        let Answer::Gather(all) = self.ask(Ask::Gather(own.to_vec())) else { unreachable!() };
        all
    }

    fn chain_sum(&mut self, sum: &mut [f32], own: &[f32]) {
        if self.size == 1 || sum.is_empty() {
            add_terms(sum, own);
            return;
        }
        assert!(own.len().is_multiple_of(sum.len()), "{} numbers are not terms of {}", own.len(), sum.len());
        let Answer::Chain(all) = self.ask(Ask::Chain(sum.to_vec(), own.to_vec())) else { unreachable!() };
        sum.copy_from_slice(&all);
    }

    fn broadcast(&mut self, root: usize, bytes: &mut Vec<u8>) {
        if self.size == 1 {
            return;
        }
        let own = if self.rank == root { std::mem::take(bytes) } else { Vec::new() };
        let Answer::Broadcast(all) = self.ask(Ask::Broadcast(root, own)) else { unreachable!() };
        *bytes = all;
    }
}
