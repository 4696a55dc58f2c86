//! The end of a rank: together with all others, or at once and for all of them.

use crate::patience::Patience;
use lexmax::error::RanksFault;
use lexmax::{Error, Result, cli};
use mpi::request::scope;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::CommunicatorCollectives;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic;
use std::process::{abort, exit};
use std::thread;
use std::time::Duration;

/// Exit status of errors, and of panics.
const FAILED: u8 = 2;
const PANICKED: u8 = 101;

/// Time that a rank with an error waits for the others to have one too.
const GRACE: Duration = Duration::from_secs(1);
/// Time that a rank with the error of another one waits for that one to print it.
const LONG_GRACE: Duration = Duration::from_secs(5);
/// Time that the libraries of a process get to end it.
const LEAVING: Duration = Duration::from_secs(3);

/// Makes a panic of any thread end the process.
///
/// A panic that unwinds would end MPI, which waits for all ranks, and they wait for this one.
pub fn end_on_panic(rank: i32) {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        print(info);
        cli::alarm(&format!("lexmax-mpi: rank {rank} panicked, which ends all ranks"));
        leave(PANICKED);
    }));
}

/// Prints an error, and ends the process.
pub fn refuse(message: &str) -> ! {
    cli::alarm(&format!("lexmax-mpi: {message}"));
    leave(FAILED);
}

/// Ends the process at once, which makes `mpirun` end all others. MPI is not told: it would wait for them.
fn leave(status: u8) -> ! {
    // Parts of an MPI library that run at the end of a process may wait for other threads.
    thread::spawn(|| {
        thread::sleep(LEAVING);
        abort();
    });
    cli::remove_temporaries();
    exit(status.into());
}

/// Waits until all ranks have ended their work, and returns the highest of their exit statuses.
///
/// An error that all ranks have is printed by the first of them. A rank whose error the others do not have prints it,
/// and ends its process after a short wait, for they may wait for this rank forever.
///
/// `world` is a communicator of its own, on which no rank can be in another exchange.
pub fn together(world: &SimpleCommunicator, result: Result<u8>) -> u8 {
    let (status, error) = match result {
        Ok(status) => (status, None),
        Err(error) => (FAILED, Some(error)),
    };
    let own = [status.into(), error.as_ref().map_or(0, fingerprint)];
    let mut all = vec![[0u64; 2]; world.size() as usize];
    let mut error = error;
    scope(|scope| {
        let mut request = world.immediate_all_gather_into(scope, &own[..], all.as_flattened_mut());
        let mut patience = Patience::new();
        while let Err(pending) = request.test() {
            request = pending;
            let is_of_other = matches!(error, Some(Error::Ranks(RanksFault::Other { .. })));
            if patience.elapsed() > if is_of_other { LONG_GRACE } else { GRACE }
                && let Some(error) = error.take()
            {
                // The rank that has the error did not come here to print it.
                if is_of_other {
                    cli::report(error)
                } else {
                    report(error, Some(world.rank()))
                }
                leave(FAILED);
            }
            patience.pause();
        }
    });
    let is_like = |[_, message]: &[u64; 2]| *message == own[1];
    let is_first = !all[..world.rank() as usize].iter().any(is_like);
    let is_of_all = all.iter().all(is_like);
    if let Some(error) = error.filter(|_| is_first) {
        report(error, (!is_of_all).then(|| world.rank()));
    }
    all.iter().map(|[status, _]| *status as u8).max().unwrap_or_default()
}

/// Prints an error, unless the rank that has it prints it. An error that not all ranks have names the rank.
fn report(error: Error, rank: Option<i32>) {
    match (error, rank) {
        (Error::Ranks(RanksFault::Other { .. }), _) => {}
        (error, None) => cli::report(error),
        (error, Some(rank)) => cli::alarm(&format!("lexmax-mpi: rank {rank}: {}", cli::message(error))),
    }
}

/// A number that is the same for errors with the same message.
fn fingerprint(error: &Error) -> u64 {
    let mut hasher = DefaultHasher::new();
    error.to_string().hash(&mut hasher);
    // 0 is no error.
    hasher.finish() | 1
}
