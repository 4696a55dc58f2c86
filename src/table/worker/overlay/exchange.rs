//! Rows of workers on several ranks: what a rank tells the others before it merges.
//!
//! Each rank keeps [`OwnRows`] for the workers of all ranks. Those of its own workers hold what they moved; the others
//! are copies that hold only what was received, so that [`merge`](super::merge()) gives the same bits on every rank.

use super::{Merged, OwnRows};
use crate::peers::{Packer, Unpacker};
use crate::table::TableShape;

impl OwnRows {
    /// Writes the rows that are due, and whether the worker holds the whole table.
    pub(crate) fn pack_due(&self, to: &mut Packer) {
        to.u32(self.is_whole().into());
        to.u32(self.rows.due.len() as u32);
        self.rows.due.iter().for_each(|row| to.u32(*row));
    }

    /// Drops all rows and reads what [`OwnRows::pack_due`] has written on another rank.
    pub(crate) fn unpack_due(&mut self, from: &mut Unpacker) {
        let rows = &mut self.rows;
        rows.clear();
        rows.is_whole_elsewhere = from.u32() != 0;
        rows.due.clear();
        rows.due.extend((0..from.u32()).map(|_| from.u32()));
    }

    /// Writes the rows to merge that the worker has moved: their numbers, their examples, their biases if the table has
    /// biases, and their weights. It takes 4 bytes, and 8 + 4·(dim + bias) bytes for each row.
    pub(crate) fn pack_moved(&self, shape: TableShape, merged: &Merged, to: &mut Packer) {
        let moved = |row: &u32| self.rows.moved(*row).is_some();
        let rows: Vec<u32> = match merged {
            Merged::Rows(rows) => rows.iter().copied().filter(moved).collect(),
            Merged::All if self.is_whole() => (0..shape.rows).filter(moved).collect(),
            Merged::All => self.rows.touched_rows().filter(moved).collect(),
        };
        to.u32(rows.len() as u32);
        for row in rows {
            let Some((weights, bias, updates)) = self.rows.moved(row) else { continue };
            to.u32(row);
            to.u32(updates);
            if shape.bias {
                to.f32s(&[bias]);
            }
            to.f32s(weights);
        }
    }

    /// Reads what [`OwnRows::pack_moved`] has written on another rank, after [`OwnRows::unpack_due`].
    pub(crate) fn unpack_moved(&mut self, shape: TableShape, from: &mut Unpacker) {
        for _ in 0..from.u32() {
            let (row, updates) = (from.u32(), from.u32());
            let bias = shape.bias.then(|| from.f32());
            let (_, weights) = self.rows.add(row, bias, updates);
            from.f32s(weights);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::WorkerRng;
    use crate::table::{Init, Overlay, Rows, SharedMatrix, Table, Threads, merge};
    use ndarray::Array2;

    const ROWS: u32 = 90;

    /// A table, and two workers that have moved rows: both row 0, which is due, and each some of its own.
    fn moved(shape: TableShape, is_whole: bool) -> (SharedMatrix, [OwnRows; 2]) {
        let matrix = SharedMatrix::new(shape, &mut WorkerRng::new(4, 0)).unwrap();
        let mut own = [OwnRows::new(shape), OwnRows::new(shape)];
        let x = Array2::from_shape_fn((1, shape.dim), |(_, i)| 0.3 + i as f32);
        for (number, own) in own.iter_mut().enumerate() {
            let mut handle = Overlay::new(&matrix, own, 0.1);
            for step in 0..90 {
                let row = if step % 2 == 0 { 0 } else { (step * 7 + number as u32) % 40 };
                let k = Array2::from_elem((1, 1), (step as f32 + number as f32).sin());
                handle.descend(&Rows::List(&[row]), k.view(), x.view());
            }
            if is_whole && number == 1 {
                let k = Array2::from_shape_fn((1, ROWS as usize), |(_, row)| (row as f32).cos());
                handle.descend(&Rows::Range(0..ROWS), k.view(), x.view());
            }
        }
        (matrix, own)
    }

    fn bits(matrix: &SharedMatrix) -> Vec<u32> {
        let matrix = matrix.to_matrix().unwrap();
        matrix.weights().iter().chain(matrix.bias()).map(|x| x.to_bits()).collect()
    }

    /// Merges as two ranks do, seen from the rank of each worker.
    #[test]
    fn received_rows_merge_to_the_same_bits_and_take_the_bytes_of_the_closed_form() {
        for (bias, is_whole, all) in
            [(false, false, false), (true, false, false), (true, false, true), (true, true, false), (false, true, true)]
        {
            let shape = TableShape::new(ROWS, 7, bias, Init::Uniform(0.5));
            let (alone, own) = moved(shape, is_whole);
            let before = bits(&alone);
            let one = merge(&[(&alone, own.iter().collect())], all, &Threads::default()).remove(0);
            assert!(bits(&alone) != before);
            assert_eq!(matches!(one, Merged::All), all || is_whole);
            for rank in 0..2 {
                let (matrix, mut own) = moved(shape, is_whole);
                let other = 1 - rank;
                // Copies keep nothing of an earlier barrier.
                let mut copy = moved(shape, is_whole).1.into_iter().nth(rank).unwrap();
                let mut due = Packer::default();
                own[other].pack_due(&mut due);
                let (due, rows_due) = (due.bytes(), own[other].rows.due.len());
                assert_eq!(due.len(), 8 + 4 * rows_due);
                copy.unpack_due(&mut Unpacker::new(&due));
                let merged = {
                    let both = if rank == 0 { [&own[0], &copy] } else { [&copy, &own[1]] };
                    Merged::of(&both, all)
                };
                let mut rows = Packer::default();
                own[other].pack_moved(shape, &merged, &mut rows);
                let bytes = rows.bytes();
                let count = match &merged {
                    Merged::Rows(rows) => rows.iter().filter(|row| own[other].rows.moved(**row).is_some()).count(),
                    Merged::All => (0..ROWS).filter(|row| own[other].rows.moved(*row).is_some()).count(),
                };
                assert!(count > 0);
                assert_eq!(bytes.len(), 4 + count * (8 + 4 * (7 + usize::from(bias))));
                copy.unpack_moved(shape, &mut Unpacker::new(&bytes));
                own[other] = copy;
                merge(&[(&matrix, own.iter().collect())], all, &Threads::new(2));
                assert!(bits(&matrix) == bits(&alone), "rank {rank}, bias {bias}, whole {is_whole}, all {all}");
            }
        }
    }
}
