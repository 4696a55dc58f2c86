//! The beginning of a run over ranks: they must be the same program, and each needs its cores.

use crate::error::shown;
use crate::machine;
use crate::peers::{Peers, Team};
use crate::train::same_program;
use crate::{Result, simd};
use serde::{Deserialize, Serialize};

/// The cores of a rank.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Cores {
    /// The machine of the rank.
    host: String,
    /// Cores that the process may use.
    own: usize,
    /// Cores that the process which started it may use.
    of_parent: usize,
}

/// Checks that all ranks are the same program with the same arguments.
///
/// # Errors
/// [`RanksFault::Differ`](crate::error::RanksFault::Differ) with the first difference, or a vector path that a rank
/// lacks.
pub fn same(team: &mut Team) -> Result<()> {
    team.agree(simd::path::check())?;
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let all: Vec<_> = (1..).zip(words).map(|(number, word)| (format!("argument {number}"), word)).collect();
    same_program(team)?;
    team.compare(&all.iter().map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>())
}

/// Returns the cores of all ranks.
pub fn cores(team: &mut Team) -> Vec<Cores> {
    let own = machine::cores();
    let own = Cores { host: machine::host(), own, of_parent: machine::cores_of_parent().unwrap_or(own) };
    let all = team.all_gather(&serde_json::to_vec(&own).unwrap_or_default());
    all.iter().map(|cores| serde_json::from_slice(cores).unwrap_or_default()).collect()
}

/// The number of threads for a rank that is not told one: its share of the cores, if several ranks of its machine may
/// use the same ones.
pub fn threads(all: &[Cores], rank: usize) -> usize {
    let Cores { host, own, of_parent } = &all[rank];
    let beside: usize = all.iter().filter(|other| other.host == *host).map(|other| other.own).sum();
    let shared = (own * of_parent).checked_div(beside).unwrap_or(1);
    shared.min(*own).max(1)
}

/// Warnings about ranks that have fewer cores than threads. Launchers may bind a rank to one core.
pub fn bound(all: &[Cores], threads: Option<u32>) -> Vec<String> {
    let warning = |(rank, Cores { host, own, of_parent }): (usize, &Cores)| {
        let beside = all.iter().filter(|other| other.host == *host).count();
        // Without a number of threads a rank takes the cores that it finds, which should be its share.
        let (wanted, what) = match threads {
            Some(threads) => (threads as usize, format!("has {threads} threads")),
            None => (of_parent / beside, format!("could have {}", of_parent / beside)),
        };
        let (host, cores) = (shown::value(host), if *own == 1 { "core" } else { "cores" });
        let text = format!(
            "lexmax-mpi: rank {rank} on {host} is bound to {own} {cores}, but {what}; pass `--bind-to none` to \
             mpirun, or more cores a task to srun"
        );
        // A rank that is not bound has the threads that it was told to have.
        (*own < wanted && own < of_parent).then_some(text)
    };
    all.iter().enumerate().filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::ThreadPeers;

    fn cores(host: &str, own: usize, of_parent: usize) -> Cores {
        Cores { host: host.into(), own, of_parent }
    }

    #[test]
    fn ranks_of_one_program_are_the_same() {
        ThreadPeers::run(3, |peers| {
            let mut team = Team::new(peers);
            same(&mut team).unwrap();
            let all = super::cores(&mut team);
            assert!(all.len() == 3 && all.iter().all(|cores| cores.own == machine::cores()), "{all:?}");
        });
    }

    #[test]
    fn ranks_of_a_machine_share_its_cores() {
        let all = [cores("a", 16, 16), cores("a", 16, 16), cores("b", 8, 8), cores("c", 4, 16), cores("c", 4, 16)];
        let threads: Vec<_> = (0..5).map(|rank| threads(&all, rank)).collect();
        assert_eq!(threads, [8, 8, 8, 4, 4]);
        assert_eq!(super::threads(&[cores("a", 1, 1), cores("a", 1, 1)], 0), 1);
    }

    #[test]
    fn ranks_with_fewer_cores_than_threads_are_named() {
        let all = [cores("a", 1, 16), cores("a", 16, 16), cores("b", 8, 16)];
        let warned = |threads| -> Vec<bool> {
            let warnings = bound(&all, threads);
            (0..3).map(|rank| warnings.iter().any(|text| text.contains(&format!("rank {rank} on ")))).collect()
        };
        assert_eq!(warned(Some(1)), [false, false, false]);
        assert_eq!(warned(Some(2)), [true, false, false]);
        assert_eq!(warned(Some(9)), [true, false, true]);
        // Two ranks share the cores of `a`.
        assert_eq!(warned(None), [true, false, true]);
        assert_eq!(
            bound(&all[..1], Some(2)),
            ["lexmax-mpi: rank 0 on a is bound to 1 core, but has 2 threads; pass `--bind-to none` to mpirun, or \
                 more cores a task to srun"]
        );
        assert_eq!(bound(&[cores("a", 2, 4), cores("a", 2, 4)], None), Vec::<String>::new());
    }
}
