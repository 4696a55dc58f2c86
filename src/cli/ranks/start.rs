//! The beginning of a run over ranks: they must be the same program, and each needs its cores.

use crate::error::RanksFault;
use crate::machine;
use crate::peers::{Peers, Team};
use crate::{Result, simd};
use serde::{Deserialize, Serialize};

/// The facts about a rank that the others learn.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rank {
    version: String,
    instructions: String,
    arguments: Vec<String>,
    host: String,
    /// Cores that this process may use, and those that its parent may.
    cores: usize,
    cores_of_parent: usize,
}

impl Rank {
    /// This process.
    fn own() -> Self {
        let cores = machine::cores();
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            instructions: simd::path::name().into(),
            arguments: std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect(),
            host: machine::host(),
            cores,
            cores_of_parent: machine::cores_of_parent().unwrap_or(cores),
        }
    }
}

/// Returns the facts about all ranks, if they are the same program with the same arguments.
///
/// # Errors
/// [`RanksFault`] with the first difference, the same on all ranks; or a vector path that a rank lacks.
pub fn same(team: &mut Team) -> Result<Vec<Rank>> {
    team.agree(simd::path::check())?;
    let own = serde_json::to_vec(&Rank::own()).unwrap_or_default();
    // Another version may have other facts, and then at least another version.
    let all: Vec<Rank> =
        team.all_gather(&own).iter().map(|rank| serde_json::from_slice(rank).unwrap_or_default()).collect();
    differences(&all)?;
    Ok(all)
}

fn differences(all: &[Rank]) -> Result<()> {
    let Some(first) = all.first() else { return Ok(()) };
    for (rank, own) in all.iter().enumerate() {
        let unlike = |what, own: &str, first: &str| -> Result<()> {
            Err(RanksFault::Unlike { rank, what, own: own.into(), first: first.into() }.into())
        };
        if own.version != first.version {
            return unlike("version", &own.version, &first.version);
        }
        if own.instructions != first.instructions {
            let (own, first) = (own.instructions.clone(), first.instructions.clone());
            return Err(RanksFault::InstructionSet { rank, own, first }.into());
        }
        let end = String::new();
        let longest = own.arguments.len().max(first.arguments.len());
        for at in 0..longest {
            let argument = |of: &Rank| of.arguments.get(at).unwrap_or(&end).clone();
            if own.arguments.get(at) != first.arguments.get(at) {
                return unlike("argument", &argument(own), &argument(first));
            }
        }
    }
    Ok(())
}

/// Warnings about ranks that have fewer cores than threads. Launchers may bind a rank to one core.
pub fn bound(all: &[Rank], threads: Option<u32>) -> Vec<String> {
    let warning = |(rank, own): (usize, &Rank)| {
        let beside = all.iter().filter(|other| other.host == own.host).count();
        // Without a number of threads, every rank takes the cores that it finds.
        let wanted = threads.map_or(own.cores_of_parent / beside, |threads| threads as usize);
        let what = if threads.is_some() { "threads" } else { "cores of its share" };
        (own.cores < wanted).then(|| {
            let Rank { cores, host, .. } = own;
            let host = crate::error::shown::value(host);
            format!(
                "lexmax-mpi: rank {rank} on {host} is bound to {cores} of the {wanted} {what}; start it with \
                 `mpirun --bind-to none`"
            )
        })
    };
    all.iter().enumerate().filter_map(warning).collect()
}
