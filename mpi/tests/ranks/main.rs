//! Real ranks, started by `mpirun`.

#![cfg(target_os = "linux")]

mod agreement;
mod commands;
mod divided;
mod door;
mod ends;
mod hosts;
mod job;
mod laws;

/// The environment variable that names what a rank does.
const CASE: &str = "LEXMAX_MPI_CASE";

/// A rank of the jobs of other tests.
#[test]
#[ignore = "a rank of other tests, which start it"]
fn a_rank() {
    let Ok(case) = std::env::var(CASE) else { return };
    let (name, limit) = case.split_once(' ').unwrap_or((&case, "536870912"));
    let play: fn(lexmax::peers::Team) -> lexmax::Result<u8> = match name {
        "agreement" => agreement::play,
        "door" => door::play,
        "laws" => laws::play,
        name => ends::play(name),
    };
    std::process::exit(lexmax_mpi::run_cut(limit.parse().unwrap(), move |team, _| play(team)).into());
}
