//! [`lexmax`] over several processes, with MPI.
//!
//! [`run`] starts MPI, gives every process (a rank) a [`Team`], and ends all of them together. Programs that have their
//! own arguments use it as the binary `lexmax-mpi` does.
//!
//! ```no_run
//! use lexmax::peers::Peers;
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     let status = lexmax_mpi::run(|mut team, _library| {
//!         let mut ranks = [1.0];
//!         team.sum(&mut ranks);
//!         if team.is_first() {
//!             println!("{} ranks", ranks[0]);
//!         }
//!         Ok(0)
//!     });
//!     ExitCode::from(status)
//! }
//! ```
//!
//! # Threads
//!
//! MPI belongs to the thread that calls [`run`]. The work has a thread of its own, and asks that thread through a
//! channel. While a rank waits for others, its thread of MPI sleeps most of the time, so that the other threads of the
//! machine have its core.
//!
//! # Failures
//!
//! MPI cannot go on without a rank. A rank that panics, or that has an error that the others do not have, ends its
//! process at once; `mpirun` then ends all others. No rank waits for a rank that is gone.

#![forbid(unsafe_code)]

mod door;
mod ending;
mod patience;
mod server;

pub use door::MpiPeers;

use door::Job;
use lexmax::Result;
use lexmax::peers::Team;
use mpi::Threading;
use mpi::topology::Communicator;
use server::Server;
use std::thread;

/// Bytes of the stack of the thread that works: as many as a main thread has.
const STACK: usize = 8 << 20;

/// Runs `work` on every rank, and returns the exit status of the program.
///
/// `work` gets the door to the other ranks and the name of the MPI library. It returns its exit status, or an error,
/// which this function prints. All ranks return the highest status of any rank; an error is status 2. Without `mpirun`
/// there is one rank.
///
/// The function does not return, but ends the process:
/// - with status 101 if any thread panics;
/// - with status 2 if this rank has an error and the others work on, or if MPI cannot be started.
///
/// Call it once, on the main thread, before anything else uses MPI.
pub fn run(work: impl FnOnce(Team, &str) -> Result<u8> + Send + 'static) -> u8 {
    run_cut(Server::LIMIT, work)
}

/// Runs `work` as [`run`] does, with messages of at most `limit` bytes. For tests.
#[doc(hidden)]
pub fn run_cut(limit: usize, work: impl FnOnce(Team, &str) -> Result<u8> + Send + 'static) -> u8 {
    let Some((universe, provided)) = mpi::initialize_with_threading(Threading::Funneled) else {
        ending::refuse("MPI runs already; call lexmax_mpi::run once, before anything else uses MPI");
    };
    if provided == Threading::Single {
        ending::refuse("this MPI serves programs of one thread only; use one built with MPI_THREAD_FUNNELED");
    }
    let world = universe.world();
    // Ranks say farewell where no other message can be taken for it.
    let farewell = world.duplicate();
    ending::end_on_panic(world.rank());
    let (peers, jobs) = MpiPeers::new(world.rank() as usize, world.size() as usize);
    let library = library();
    let ends = peers.ends();
    let worker = thread::Builder::new().name("worker".into()).stack_size(STACK);
    let worker = worker.spawn(move || ends(work(Team::new(peers), &library)));
    if let Err(error) = worker {
        ending::refuse(&format!("a thread cannot be started: {error}"));
    }
    let server = Server::new(&world, limit);
    for job in jobs {
        match job {
            Job::Ask(ask, answer) => {
                // A worker that is gone has panicked, which ends the process.
                answer.send(server.serve(ask)).ok();
            }
            Job::End(result) => return ending::together(&farewell, result),
        }
    }
    ending::refuse("the thread that works has ended without a result");
}

/// The name and version of the MPI library, on one line.
fn library() -> String {
    let text = mpi::environment::library_version().unwrap_or_default();
    // Some libraries count the zero at the end of the text, and text behind it.
    let text = text.split('\0').next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
