//! The door over MPI gives what other doors give.

use crate::job::{Job, USUAL, case, has_mpi};
use lexmax::Result;
use lexmax::peers::{Alone, Peers, Team, ThreadPeers};

/// Numbers of very different sizes, so that another order of additions gives other bits.
fn term(number: usize, len: usize) -> Vec<f32> {
    let value = |i: usize| ((number * 31 + i) as f32 * 0.37).sin() * 10f32.powi((i + 3 * number) as i32 % 9 - 4);
    (0..len).map(value).collect()
}

fn bits(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The bytes that a rank gives in an exchange.
fn own(rank: usize, len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 7 + rank * 101 + i / 256) as u8).collect()
}

/// The terms of a sum: their number does not depend on the ranks, which share them unevenly.
const TERMS: usize = 7;

/// All exchanges of a rank, and the bytes that it got from them.
fn exchanges(peers: &mut impl Peers) -> Vec<Vec<u8>> {
    let (rank, size) = (peers.rank(), peers.size());
    let mut got = Vec::new();
    for len in [0, 1, 1000, 70_000] {
        // Ranks give different numbers of bytes, rank 0 none.
        got.extend(peers.all_gather(&own(rank, len * rank)));
        got.extend(peers.all_gather(&own(rank, len)));
        for root in 0..size {
            let mut bytes = own(rank, len + rank);
            peers.broadcast(root, &mut bytes);
            got.push(bytes);
        }
    }
    peers.barrier();
    // Sums of one piece and of several, and one without a number.
    for len in [0, 1, 300, 40_000] {
        let mut sum = term(99, len);
        let bound = |rank: usize| rank * TERMS / size;
        let terms: Vec<f32> = (bound(rank)..bound(rank + 1)).flat_map(|number| term(number, len)).collect();
        peers.chain_sum(&mut sum, &terms);
        let mut alone = term(99, len);
        Alone.chain_sum(&mut alone, &(0..TERMS).flat_map(|number| term(number, len)).collect::<Vec<_>>());
        assert!(bits(&sum) == bits(&alone), "a sum of {len} numbers on {size} ranks differs from that of one");
        got.push(bits(&sum));
    }
    let mut sums = [0.1 * (rank + 1) as f64, 1.0];
    peers.sum(&mut sums);
    got.extend(sums.map(|sum| sum.to_le_bytes().to_vec()));
    got
}

/// A rank: makes all exchanges, and checks what it got.
pub fn play(mut team: Team) -> Result<u8> {
    let (rank, size) = (team.rank(), team.size());
    let got = exchanges(&mut team);
    let expected = ThreadPeers::run(size, |mut peers| exchanges(&mut peers)).swap_remove(rank);
    assert_eq!(got.len(), expected.len());
    for (number, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert!(got == expected, "result {number} of rank {rank} differs from that of threads");
    }
    let all = team.all_gather(&[1]);
    if team.is_first() {
        println!("{} ranks hold the door", all.len());
    }
    Ok(0)
}

#[test]
fn ranks_get_what_threads_get() {
    if has_mpi() {
        for ranks in 1..=4 {
            // With 1,000 bytes a call, most exchanges are cut.
            for limit in ["", " 1000"] {
                let job = Job::of(ranks, &case(&format!("door{limit}")));
                job.run(USUAL).with(0).once(&format!("{ranks} ranks hold the door"));
            }
        }
    }
}

#[test]
fn without_mpirun_there_is_one_rank() {
    let (program, arguments) = case("door");
    Job::new(program).args(arguments).run(USUAL).with(0).once("1 ranks hold the door");
}
