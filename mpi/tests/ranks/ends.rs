//! The end of a job: together, or soon after one rank fails.

use crate::job::{FAILING, Job, USUAL, case, has_mpi};
use lexmax::peers::{Peers, Team};
use lexmax::{Error, Result};
use nix::sys::signal::Signal;
use std::thread;

/// Exchanges without an end.
fn exchange_forever(mut team: Team) -> Result<u8> {
    println!("rank {} works", team.rank());
    loop {
        team.all_gather(&[0; 1000]);
    }
}

fn is_rank_1(team: &Team) -> bool {
    team.rank() == 1
}

/// The work of the ranks of a case.
pub fn play(case: &str) -> fn(Team) -> Result<u8> {
    match case {
        "work" => exchange_forever,
        "panic" => |team| {
            assert!(!is_rank_1(&team), "this rank panics on purpose");
            exchange_forever(team)
        },
        "panic-of-a-thread" => |team| {
            if is_rank_1(&team) {
                thread::spawn(|| panic!("this thread panics on purpose"));
            }
            exchange_forever(team)
        },
        "error" => |team| if is_rank_1(&team) { Err(Error::EmptyVocabulary) } else { exchange_forever(team) },
        // The rank with the error comes to the end much later than the others.
        "late-error" => |mut team| {
            let own = if is_rank_1(&team) { Err(Error::EmptyVocabulary) } else { Ok(0) };
            let agreed = team.agree(own);
            if is_rank_1(&team) {
                thread::sleep(std::time::Duration::from_secs(60));
            }
            agreed
        },
        "error-of-all" => |_| Err(Error::EmptyVocabulary),
        "agreed-error" => |mut team| {
            let own = if is_rank_1(&team) { Err(Error::EmptyVocabulary) } else { Ok(0) };
            team.agree(own)
        },
        "status" => |team| Ok(u8::from(is_rank_1(&team))),
        case => panic!("no case {case:?}"),
    }
}

/// The message of the error that ranks have on purpose.
fn message() -> String {
    Error::EmptyVocabulary.to_string()
}

#[test]
fn a_panic_ends_all_ranks() {
    if has_mpi() {
        for what in ["panic", "panic-of-a-thread"] {
            let said = "rank 1 panicked, which ends all ranks";
            let mut job = Job::of(3, &case(what)).start();
            job.until(USUAL, "panic", |job| job.printed().1.contains(said));
            let done = job.end(FAILING).with(101).once(said);
            assert!(done.err.contains("panics on purpose"), "{}", done.err);
        }
    }
}

#[test]
fn an_error_of_one_rank_ends_all() {
    if has_mpi() {
        let said = format!("rank 1: {}", message());
        let mut job = Job::of(3, &case("error")).start();
        job.until(USUAL, "error", |job| job.printed().1.contains(&said));
        job.end(FAILING).with(2).once(&said);
    }
}

#[test]
fn an_error_of_all_is_printed_once() {
    if has_mpi() {
        let done = Job::of(3, &case("error-of-all")).run(USUAL).with(2).once(&message());
        assert!(!done.err.contains(&format!("rank 0: {}", message())), "{}", done.err);
        Job::of(3, &case("agreed-error")).run(USUAL).with(2).once(&format!("rank 1: {}", message()));
    }
}

#[test]
fn an_error_is_told_even_if_its_rank_does_not_tell_it() {
    if has_mpi() {
        let done = Job::of(2, &case("late-error")).run(FAILING).with(2);
        assert!(done.err.contains(&format!("rank 1: {}", message())), "{}", done.err);
    }
}

#[test]
fn all_ranks_have_the_highest_status() {
    if has_mpi() {
        Job::of(2, &case("status")).run(USUAL).with(1);
    }
}

#[test]
fn a_killed_rank_ends_all() {
    if has_mpi() {
        for signal in [Signal::SIGKILL, Signal::SIGABRT] {
            for rank in [0, 2] {
                let mut job = Job::of(3, &case("work")).start();
                job.until(USUAL, "work", |job| {
                    (0..3).all(|rank| job.printed().0.contains(&format!("rank {rank} works")))
                });
                job.signal(rank, signal);
                let done = job.end(FAILING);
                assert_ne!(done.status, Some(0), "{}", done.err);
            }
        }
    }
}
