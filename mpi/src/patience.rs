//! Waiting for other ranks without keeping a core busy.

use mpi::request::{Request, Scope};
use std::thread;
use std::time::{Duration, Instant};

/// Time of a wait in which the thread asks again at once, and only lets others pass.
const EAGER: Duration = Duration::from_millis(2);
/// The longest sleep between two questions: the most that a wait is longer than it must be.
const LONGEST: Duration = Duration::from_micros(500);
/// A sleep takes one in so many parts of the time that was waited: a wait is longer than it must be by this share.
const SHARE: u32 = 16;

/// A wait that has begun.
pub struct Patience {
    begun: Instant,
}

impl Patience {
    /// Begins to wait.
    pub fn new() -> Self {
        Self { begun: Instant::now() }
    }

    /// Pauses before the next question.
    pub fn pause(&mut self) {
        match self.begun.elapsed() {
            waited if waited < EAGER => thread::yield_now(),
            waited => thread::sleep((waited / SHARE).min(LONGEST)),
        }
    }

    /// Time since the wait began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// Waits until an operation is done.
///
/// The wait of an MPI library keeps a core busy, also where a thread of this rank or another rank needs it.
pub fn wait<'a, D: ?Sized, S: Scope<'a>>(mut request: Request<'a, D, S>) {
    let mut patience = Patience::new();
    while let Err(pending) = request.test() {
        request = pending;
        patience.pause();
    }
}
