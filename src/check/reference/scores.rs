//! Scores from tables, and the backward direction.

use super::params::Params;

/// Function from the tables to the scores of all words (or nodes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// z = W·h + b.
    Flat,
    /// Blocks, each with z = W_i·(slice i of h) + b_i.
    Slices,
    /// Blocks, each with z = W_i·(A_i·h) + b_i; the tables are A_1, W_1, A_2, …
    Projections,
    /// All tables in turn, each with z = W·h + b.
    Stacked,
    /// The first table with z = W·h + b; then pairs A_i, W_i with z = W_i·(A_i·h) + b_i.
    Tails,
}

impl Scores {
    /// Returns the scores of a hidden vector.
    pub fn all(self, tables: &[Params], h: &[f64]) -> Vec<f64> {
        match self {
            Self::Flat => tables[0].times(h),
            Self::Slices => {
                let (mut z, mut start) = (Vec::new(), 0);
                for table in tables {
                    let end = start + table.weights[0].len();
                    z.extend(table.times(&h[start..end]));
                    start = end;
                }
                z
            }
            Self::Projections => projected(tables, h),
            Self::Stacked => tables.iter().flat_map(|table| table.times(h)).collect(),
            Self::Tails => [tables[0].times(h), projected(&tables[1..], h)].concat(),
        }
    }

    /// Adds ∂L/∂h to `d_h` and ∂L/∂tables to `d_tables`, given ∂L/∂z.
    pub fn back(self, tables: &[Params], h: &[f64], d_z: &[f64], d_h: &mut [f64], d_tables: &mut [Params]) {
        let (mut first, mut start) = (0, 0);
        match self {
            Self::Flat => tables[0].back(h, d_z, d_h, &mut d_tables[0]),
            Self::Slices => {
                for (table, d_table) in tables.iter().zip(d_tables) {
                    let (last, end) = (first + table.weights.len(), start + table.weights[0].len());
                    table.back(&h[start..end], &d_z[first..last], &mut d_h[start..end], d_table);
                    (first, start) = (last, end);
                }
            }
            Self::Projections => projected_back(tables, h, d_z, d_h, d_tables),
            Self::Stacked => {
                for (table, d_table) in tables.iter().zip(d_tables) {
                    let last = first + table.weights.len();
                    table.back(h, &d_z[first..last], d_h, d_table);
                    first = last;
                }
            }
            Self::Tails => {
                let (heads, d_heads) = (tables[0].weights.len(), &mut d_tables[0]);
                tables[0].back(h, &d_z[..heads], d_h, d_heads);
                projected_back(&tables[1..], h, &d_z[heads..], d_h, &mut d_tables[1..]);
            }
        }
    }
}

fn projected(tables: &[Params], h: &[f64]) -> Vec<f64> {
    tables.chunks(2).flat_map(|pair| pair[1].times(&pair[0].times(h))).collect()
}

fn projected_back(tables: &[Params], h: &[f64], d_z: &[f64], d_h: &mut [f64], d_tables: &mut [Params]) {
    let mut first = 0;
    for (pair, d_pair) in tables.chunks(2).zip(d_tables.chunks_mut(2)) {
        let last = first + pair[1].weights.len();
        let projected = pair[0].times(h);
        let mut d_projected = vec![0.0; projected.len()];
        pair[1].back(&projected, &d_z[first..last], &mut d_projected, &mut d_pair[1]);
        pair[0].back(h, &d_projected, d_h, &mut d_pair[0]);
        first = last;
    }
}
