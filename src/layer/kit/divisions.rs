//! The tables of a layer divided among ranks.

use super::set_up::unigram_biases;
#[cfg(feature = "text")]
use crate::error::RanksFault;
use crate::error::Result;
use crate::layer::{LayerShape, OutputLayer};
use crate::optimizer::Optimizer;
#[cfg(feature = "text")]
use crate::peers::Peers;
use crate::peers::Team;
use crate::rng::WorkerRng;
use crate::table::{Divided, Division, Exclusive, Matrix, Storage, Table, TableShape};
use crate::vocab::Counts;

/// The division of the tables of a layer among ranks. Projections stay whole on every rank; each rank holds whole
/// strips of every other table ([`Division`]). With a team of one, nothing is divided.
///
/// All ranks build the same layer and take the same steps with the same batches. Losses, ∂L/∂hidden and weights have
/// the bits of one process; so have the answers of all verbs. What travels is in the table of [`Divided`].
///
/// ```
/// use lexmax::layer::{Batch, Bias, Divisions, FullSoftmax, OutputLayer, Scratch};
/// use lexmax::peers::{Team, ThreadPeers};
/// use lexmax::table::{Matrix, Online, Optimizer, Tables, Threads};
/// # use lexmax::WorkerRng;
/// # use ndarray::Array2;
///
/// let losses = ThreadPeers::run(2, |peers| {
///     let team = Team::new(peers);
///     let layer = FullSoftmax::new(1_000, 4, Bias::Zero).unwrap();
///     let divisions = Divisions::new(&layer, &team);
///     let mut tables = divisions.set_up(&layer, None, Optimizer::Sgd, &mut WorkerRng::new(1, 0)).unwrap();
///     assert!(tables[0].shape().rows < 1_000);
///     let mut handles = Vec::new();
///     for (number, matrix) in tables.iter_mut().enumerate() {
///         handles.push(divisions.handle(number, Online::new(matrix, 0.1, Threads::default())));
///     }
///     let (hidden, mut d_hidden) = (Array2::ones((2, 4)), Array2::zeros((2, 4)));
///     let mut scratch = Scratch::new(WorkerRng::new(1, 1));
///     let batch = Batch::new(hidden.view(), &[7, 999]);
///     layer.step(&mut Tables::new(handles), batch, &mut scratch, d_hidden.view_mut(), None)
/// });
/// assert_eq!(losses[0].to_bits(), losses[1].to_bits());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Divisions {
    team: Team,
    /// `None` for a table that stays whole.
    of_tables: Vec<Option<Division>>,
}

impl Divisions {
    /// Divides the tables of a layer among the ranks of a team.
    pub fn new(layer: &dyn OutputLayer, team: &Team) -> Self {
        let LayerShape { tables, projections, .. } = layer.shape();
        let divided = |number: &usize| !team.is_alone() && !projections.contains(number);
        let of_table =
            |(number, table): (usize, &TableShape)| divided(&number).then(|| Division::over(table.rows, team));
        Self { team: team.clone(), of_tables: tables.iter().enumerate().map(of_table).collect() }
    }

    /// Whether any table is divided.
    pub fn is_divided(&self) -> bool {
        self.of_tables.iter().any(Option::is_some)
    }

    /// Refuses what needs all rows in one process; `what` says to be what, as in "written to a file".
    ///
    /// # Errors
    /// [`RanksFault::Divided`](crate::error::RanksFault::Divided) if any table is divided.
    #[cfg(feature = "text")]
    pub(crate) fn check_whole(&self, what: &'static str) -> Result<()> {
        if self.is_divided() { Err(RanksFault::Divided { ranks: self.team.size(), what }.into()) } else { Ok(()) }
    }

    /// The ranks.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// The division of a table; `None` for a table that every rank holds whole.
    pub fn of_table(&self, number: usize) -> Option<Division> {
        self.of_tables.get(number).copied().flatten()
    }

    /// Number of ranks that hold no row of any divided table, because the tables have fewer strips than there are
    /// ranks.
    pub fn idle_ranks(&self) -> usize {
        self.of_tables.iter().flatten().map(Division::idle_ranks).min().unwrap_or(0)
    }

    /// Creates this rank's part of the tables with their initial weights: those that [`set_up`](crate::layer::set_up)
    /// draws for the whole tables. Rows of other ranks are drawn and dropped.
    ///
    /// # Errors
    /// The errors of [`set_up`](crate::layer::set_up).
    pub fn set_up(
        &self,
        layer: &dyn OutputLayer,
        counts: Option<&Counts>,
        optimizer: Optimizer,
        rng: &mut WorkerRng,
    ) -> Result<Vec<Matrix>> {
        let shape = layer.shape();
        let of_table = |(number, table): (usize, &TableShape)| match self.of_table(number) {
            Some(division) => Matrix::new_part(*table, division.own(), optimizer, rng),
            None => Matrix::new(*table, optimizer, rng),
        };
        let mut tables = shape.tables.iter().enumerate().map(of_table).collect::<Result<Vec<_>>>()?;
        for (number, biases) in unigram_biases(layer, &shape, counts)? {
            let rows = self.of_table(number).map_or(0..biases.len() as u32, |division| division.own());
            tables[number].bias_mut().copy_from_slice(&biases[rows.start as usize..rows.end as usize]);
        }
        Ok(tables)
    }

    /// Makes a handle on this rank's rows of a table a handle on the whole table.
    ///
    /// # Panics
    /// If the handle has another number of rows than this rank holds.
    pub fn handle<'a, S: Storage + 'a>(&self, number: usize, own: Exclusive<S>) -> Box<dyn Table + 'a> {
        match self.of_table(number) {
            Some(division) => Box::new(Divided::new(own, division, self.team.clone())),
            None => Box::new(own),
        }
    }
}
