//! Ranks that share the workers of a run, and what they tell each other at barriers.
//!
//! Every rank has a whole model and a [`Worker`] for each worker of the run. It trains its own workers. The others are
//! copies, which hold what their rank told at the last barrier, so that every rank takes the same decisions and merges
//! the same moves in the same order.

use super::super::base::Inputs;
use super::super::state::WorkerState;
use super::super::watch::Next;
use super::super::{Hogwild, State};
use super::worker::Worker;
use super::{Settled, WORKERS};
use crate::error::{Error, Result};
use crate::files;
use crate::model::SharedModel;
use crate::peers::{Packer, Peers, Team, Unpacker};
use crate::simd;
use crate::vocab::Counts;
use std::ops::Range;
use std::sync::OnceLock;

/// The ranks of a run.
pub(super) struct Ranks(Team);

/// Checks whether the workers can be dealt to the ranks evenly.
///
/// # Errors
/// [`Error::OutOfRange`] for a number of ranks other than 1, 2 and 4.
pub(crate) fn check_ranks(team: &Team) -> Result<()> {
    match team.size() {
        1 | 2 | WORKERS => Ok(()),
        ranks => {
            let limit = "1, 2 or 4, which divide the four workers of deterministic training";
            Err(Error::OutOfRange { name: "ranks", value: ranks as f64, limit })
        }
    }
}

/// Checks that all ranks are the same program on the same instruction set.
///
/// # Errors
/// [`RanksFault::Differ`](crate::error::RanksFault::Differ) with the first rank and the first difference.
pub(crate) fn same_program(team: &mut Team) -> Result<()> {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    if team.is_alone() {
        return Ok(());
    }
    let hash = || std::env::current_exe().ok().and_then(|path| files::sha256(&path)).unwrap_or_default();
    team.compare(&[
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("program", PROGRAM.get_or_init(hash).clone()),
        ("instruction set", simd::path::name().into()),
    ])
}

impl Ranks {
    /// Deals the workers to the ranks evenly.
    ///
    /// # Errors
    /// The errors of [`check_ranks`].
    pub fn new(team: &Team) -> Result<Self> {
        check_ranks(team)?;
        Ok(Self(team.clone()))
    }

    fn workers_of(&self, rank: usize) -> Range<usize> {
        let each = WORKERS / self.0.size();
        rank * each..(rank + 1) * each
    }

    /// The workers of this rank.
    pub fn own(&self) -> Range<usize> {
        self.workers_of(self.0.rank())
    }

    /// Returns `result` if all ranks succeeded: see [`Team::agree`].
    pub fn agree<T>(&mut self, result: Result<T>) -> Result<T> {
        self.0.agree(result)
    }

    /// Checks that all ranks train the same model on the same text with the same program and settings. The number of
    /// threads may differ.
    ///
    /// # Errors
    /// [`RanksFault::Differ`](crate::error::RanksFault::Differ).
    pub fn compare(
        &mut self,
        model: &SharedModel,
        (inputs, counts): (&Inputs, &Counts),
        from: Option<&State>,
    ) -> Result<()> {
        if self.0.is_alone() {
            return Ok(());
        }
        let Hogwild { window, sample, rate, epochs, block, workers: _, cached: _, seed } = inputs.settings;
        same_program(&mut self.0)?;
        self.0.compare(&[
            ("window", format!("{window:?}")),
            ("sample", sample.to_string()),
            ("rate", format!("{} to {}", rate.start(), rate.end())),
            ("epochs", epochs.to_string()),
            ("block", block.to_string()),
            ("seed", seed.to_string()),
            ("sentences", inputs.corpus.len().to_string()),
            ("words", inputs.all_words.to_string()),
            ("vocabulary", files::sha256_of(counts.as_slice().iter().map(|n| n.to_le_bytes()))),
            ("parameters", parameters(model)),
            ("state", files::sha256_of([serde_json::to_vec(&from).expect("plain data")])),
        ])
    }

    /// Tells the other ranks where the workers of this one stand, and learns where theirs stand.
    pub fn exchange_places(&mut self, workers: &mut [Worker]) {
        self.exchange(workers, |worker, to| worker.pack(to), |worker, rank, from| worker.unpack(rank, from));
    }

    /// Exchanges the rows to merge that the workers have moved.
    pub fn exchange_rows(&mut self, model: &SharedModel, workers: &mut [Worker], settled: &Settled) {
        let tables = || {
            let encoder = model.encoder_tables().iter().zip(&settled.encoder);
            encoder.chain(model.layer_tables().iter().zip(&settled.layer))
        };
        let pack = |worker: &Worker, to: &mut Packer| {
            let own = worker.encoder.iter().chain(&worker.layer);
            tables().zip(own).for_each(|((table, merged), own)| own.pack_moved(table.shape(), merged, to));
        };
        let unpack = |worker: &mut Worker, _: usize, from: &mut Unpacker| {
            let own = worker.encoder.iter_mut().chain(&mut worker.layer);
            tables().zip(own).for_each(|((table, _), own)| own.unpack_moved(table.shape(), from));
        };
        self.exchange(workers, pack, unpack);
    }

    /// Gives every rank the states of all workers.
    pub fn exchange_states(&mut self, workers: &mut [Worker]) {
        let pack = |worker: &Worker, to: &mut Packer| {
            to.text(&serde_json::to_string(&worker.state()).expect("plain data"));
        };
        let unpack = |worker: &mut Worker, _: usize, from: &mut Unpacker| {
            let state: WorkerState = serde_json::from_str(&from.text()).expect("the state of a worker");
            worker.restore(&state);
        };
        self.exchange(workers, pack, unpack);
    }

    /// Returns the strongest answer of the observers of all ranks: to stop, else to look, else to continue.
    pub fn strongest(&mut self, next: Next) -> Next {
        if self.0.is_alone() {
            return next;
        }
        let answers = [Next::Go, Next::Look, Next::Stop];
        let own = answers.iter().position(|answer| *answer == next).unwrap_or_default() as u8;
        let strongest = self.0.all_gather(&[own]).into_iter().flatten().max().unwrap_or(own);
        answers[usize::from(strongest)]
    }

    /// Sends what `pack` writes of the workers of this rank, and reads what the other ranks sent of theirs.
    fn exchange(
        &mut self,
        workers: &mut [Worker],
        pack: impl Fn(&Worker, &mut Packer),
        unpack: impl Fn(&mut Worker, usize, &mut Unpacker),
    ) {
        if self.0.is_alone() {
            return;
        }
        let mut packer = Packer::default();
        workers[self.own()].iter().for_each(|worker| pack(worker, &mut packer));
        let all = self.0.all_gather(&packer.bytes());
        for (rank, bytes) in all.iter().enumerate().filter(|(rank, _)| *rank != self.0.rank()) {
            let mut from = Unpacker::new(bytes);
            workers[self.workers_of(rank)].iter_mut().for_each(|worker| unpack(worker, rank, &mut from));
        }
    }
}

/// SHA-256 of all parameters.
fn parameters(model: &SharedModel) -> String {
    let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let tables = model.encoder_tables().iter().chain(model.layer_tables());
    files::sha256_of(tables.flat_map(|table| {
        let mut row = vec![0.0; table.shape().dim];
        let rows = (0..table.shape().rows).map(move |number| {
            table.read_row(number, &mut row);
            bytes(&row)
        });
        rows.chain([bytes(&table.bias())])
    }))
}
