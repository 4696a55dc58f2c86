//! Rows that other ranks hold, as a matrix of their own.

use super::Divided;
use crate::optimizer::Optimizer;
use crate::peers::{Packer, Peers, Unpacker};
use crate::rng::WorkerRng;
use crate::table::exclusive::{Exclusive, Frozen, FrozenStore, Storage};
use crate::table::{Init, Matrix, TableShape, Threads};
use hashbrown::HashMap;

/// Some rows of a divided table, on every rank.
pub(super) struct Fetched {
    pub matrix: Matrix,
    /// The numbers of the rows in `matrix`, in the order in which they were asked for.
    pub rows: Vec<u32>,
}

impl Fetched {
    /// A handle that reads the rows.
    pub fn read(&self) -> Frozen<'_> {
        Exclusive::<FrozenStore<&Matrix>>::new(&self.matrix, Threads::default())
    }
}

impl<S: Storage> Divided<S> {
    /// Gathers rows from the ranks that hold them: 4·(d + 1) bytes of each distinct row to each other rank.
    pub(super) fn fetch(&mut self, rows: impl Iterator<Item = u32>) -> Fetched {
        let mut places = HashMap::new();
        let mut distinct = Vec::new();
        let number = |row: u32| {
            *places.entry(row).or_insert_with(|| {
                distinct.push(row);
                distinct.len() as u32 - 1
            })
        };
        let rows: Vec<u32> = rows.map(number).collect();
        let has_bias = self.shape.bias;
        let mut own = Packer::default();
        for row in distinct.iter().filter_map(|row| self.division.local(*row)) {
            let matrix = self.own.store.matrix();
            own.f32s(matrix.row(row));
            own.f32s(if has_bias { &matrix.bias()[row as usize..=row as usize] } else { &[] });
        }
        let all = self.team.all_gather(&own.bytes());
        let mut parts: Vec<_> = all.iter().map(|bytes| Unpacker::new(bytes)).collect();
        let shape = TableShape { rows: distinct.len() as u32, init: Init::Zero, ..self.shape };
        let matrix = Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(0, 0));
        let mut matrix = matrix.expect("fetched rows fit in memory beside those of the batch");
        let (dim, ends) = (shape.dim, self.division.ends());
        for (i, row) in distinct.iter().enumerate() {
            let from = &mut parts[ends.partition_point(|end| end <= row)];
            from.f32s(&mut matrix.weights_mut()[i * dim..(i + 1) * dim]);
            if has_bias {
                from.f32s(&mut matrix.bias_mut()[i..=i]);
            }
        }
        Fetched { matrix, rows }
    }
}
