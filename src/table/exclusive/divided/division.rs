//! The rows that each rank holds.

use crate::peers::{Peers, Team};
use crate::table::kernel::tile::Strips;
use crate::table::{Matrix, TableShape};
use std::ops::Range;

/// The rows that a rank holds of a table.
fn held(rows: u32, rank: usize, ranks: usize) -> Range<u32> {
    let strips = Strips::of_rank(rows, rank, ranks);
    strips.named(&strips.range())
}

/// The rows of a table dealt to ranks: each rank holds neighbouring strips of the at most 16 into which a scan cuts the
/// rows, so that results have the same bits on any number of ranks. A rank is idle if there are fewer strips than
/// ranks.
///
/// ```
/// use lexmax::table::Division;
///
/// let halves = [0, 1].map(|rank| Division::new(10_000, rank, 2).own());
/// assert_eq!(halves, [0..5_000, 5_000..10_000]);
/// // 600 rows are two strips, so one of three ranks is idle.
/// assert_eq!(Division::new(600, 0, 3).idle_ranks(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    rows: u32,
    rank: usize,
    ranks: usize,
    /// The rows of this rank.
    first: u32,
    end: u32,
}

impl Division {
    /// Deals `rows` rows to `ranks` ranks, of which this one is `rank`.
    ///
    /// # Panics
    /// If there is no such rank.
    pub fn new(rows: u32, rank: usize, ranks: usize) -> Self {
        assert!(rank < ranks, "rank {rank} of {ranks}");
        let Range { start, end } = held(rows, rank, ranks);
        Self { rows, rank, ranks, first: start, end }
    }

    /// Deals `rows` rows to the ranks of a team.
    pub fn over(rows: u32, team: &Team) -> Self {
        Self::new(rows, team.rank(), team.size())
    }

    /// Number of rows of the table.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Number of ranks.
    pub fn ranks(&self) -> usize {
        self.ranks
    }

    /// The rows of a rank.
    pub fn of(&self, rank: usize) -> Range<u32> {
        held(self.rows, rank, self.ranks)
    }

    /// The rows of this rank.
    pub fn own(&self) -> Range<u32> {
        self.first..self.end
    }

    /// Number of ranks without a row.
    pub fn idle_ranks(&self) -> usize {
        (0..self.ranks).filter(|rank| self.of(*rank).is_empty()).count()
    }

    /// The end of the rows of each rank: a row belongs to the first rank whose rows end behind it.
    pub(super) fn ends(&self) -> Vec<u32> {
        (0..self.ranks).map(|rank| self.of(rank).end).collect()
    }

    /// The rows of this rank, as strips of a matrix that holds nothing else.
    pub(super) fn strips(&self) -> Strips {
        Strips::of_rank(self.rows, self.rank, self.ranks)
    }

    /// The shape of this rank's matrix, for a table of this shape.
    pub fn shape(&self, table: TableShape) -> TableShape {
        TableShape { rows: self.end - self.first, ..table }
    }

    /// The number of a row in this rank's matrix, if this rank holds it.
    pub(super) fn local(&self, row: u32) -> Option<u32> {
        let own = self.own();
        own.contains(&row).then(|| row - own.start)
    }

    /// The part of neighbouring rows that a rank holds: their numbers in the rank's matrix, and their places in `rows`.
    pub(super) fn shared(&self, rank: usize, rows: &Range<u32>) -> (Range<u32>, Range<usize>) {
        let held = self.of(rank);
        let (start, end) = (rows.start.max(held.start), rows.end.min(held.end));
        if start >= end {
            return (0..0, 0..0);
        }
        (start - held.start..end - held.start, (start - rows.start) as usize..(end - rows.start) as usize)
    }

    /// Copies this rank's rows out of a matrix that has all rows, with the state of the optimizer.
    ///
    /// # Panics
    /// If the matrix has another number of rows.
    pub fn part_of(&self, whole: &Matrix) -> Matrix {
        assert_eq!(whole.shape().rows, self.rows, "rows of the matrix, and of the division");
        whole.part(self.own())
    }
}
