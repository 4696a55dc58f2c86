//! Advice as a table.

use super::chart::Unit;
use super::grid::{Bar, Cell, Column, Grid};
use crate::measure::{Advice, Verdict};

const COLUMNS: [Column; 8] = [
    Column::new("layer", "layer", "the layer with its settings"),
    Column::new("fits", "fits", "whether it fits"),
    Column::new("train_seconds", "training", "time of the layer to train on all words once").with(Bar::Logarithmic),
    Column::new("memory_bytes", "memory", "memory of the layer in training"),
    Column::new("step_ns_per_example", "step", "time of a training step, an example"),
    Column::new("evaluation_ns_per_example", "exact ln P", "time of the exact ln P of a word"),
    Column::new("timed_at", "timed at V", "the number of words at which it was timed; from there by closed form"),
    Column::new("why", "why", "what speaks for it or against it"),
];

impl Advice {
    /// A row a layer.
    pub fn grid(&self) -> Grid {
        let written = |unit: Unit, value: f64| Cell::Number(value, unit.write(value));
        let row = |v: &Verdict| {
            vec![
                Cell::Text(v.layer.clone()),
                Cell::Text(if v.fits { "yes" } else { "no" }.into()),
                written(Unit::Seconds, v.train_seconds),
                written(Unit::Bytes, v.memory_bytes as f64),
                written(Unit::Nanoseconds, v.step_ns_per_example),
                written(Unit::Nanoseconds, v.evaluation_ns_per_example),
                written(Unit::Count, v.timed_at as f64),
                Cell::Text(v.why.clone()),
            ]
        };
        Grid { columns: COLUMNS.to_vec(), rows: self.layers.iter().map(row).collect() }
    }

    /// Facts to know in addition to the table.
    pub fn notes(&self) -> Vec<String> {
        let embeddings = Unit::Bytes.write(self.embedding_bytes as f64);
        let mut notes = vec![
            format!(
                "{} words, d = {}, {} words to train on; the embeddings take {embeddings} more",
                self.vocab, self.dim, self.tokens
            ),
            "work by closed form, memory by what the tables would hold, times by a short measurement on this machine; without the encoder".into(),
        ];
        notes.extend(self.refused.iter().map(|(layer, why)| format!("not {layer}: {why}")));
        notes
    }
}
