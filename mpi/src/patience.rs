//! Waiting for other ranks without keeping a core busy.

use mpi::request::{Request, Scope};
use std::thread;
use std::time::{Duration, Instant};

/// Time of a wait in which the thread asks again at once, and only lets others pass.
const EAGER: Duration = Duration::from_micros(200);
/// The longest sleep between two questions: the most that a wait is longer than it must be.
const LONGEST: Duration = Duration::from_micros(500);

/// A wait that has begun.
pub struct Patience {
    begun: Instant,
    pause: Duration,
}

impl Patience {
    /// Begins to wait.
    pub fn new() -> Self {
        Self { begun: Instant::now(), pause: Duration::from_micros(20) }
    }

    /// Pauses before the next question.
    pub fn pause(&mut self) {
        if self.begun.elapsed() < EAGER {
            thread::yield_now();
        } else {
            thread::sleep(self.pause);
            self.pause = (2 * self.pause).min(LONGEST);
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
