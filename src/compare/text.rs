//! A comparison as plain text.

use super::{Comparison, LayerRow};
use std::fmt;

impl Comparison {
    /// Returns remarks that accompany the table.
    pub fn notes(&self) -> Vec<String> {
        let corpus = &self.corpus;
        let mut notes =
            vec![format!("{} words; NLL of the unigram model {:.4} nats", corpus.vocab, corpus.unigram_nll)];
        if let Some(rate) = corpus.entropy_rate {
            notes.push(format!(
                "entropy rate {rate:.4} nats: the least NLL there is; excess is the distance from the truth"
            ));
        }
        let sparse: Vec<_> =
            self.layers.iter().filter(|l| !l.valid_nll.is_finite()).map(|l| l.layer.as_str()).collect();
        if !sparse.is_empty() {
            notes.push(format!(
                "no NLL at the end: {}, which gave a held-out word the probability 0; their ε-perplexity is in the table, \
                 and their curves have only what was finite",
                sparse.join(", ")
            ));
        }
        if let Some(too_long) = corpus.too_long_tokens {
            notes.push(format!("{too_long} tokens are too long for words, and dropped"));
        }
        if let (Some(tokens), Some(unknown)) = (corpus.valid_tokens, corpus.valid_unknown_tokens) {
            notes.push(format!("held out: {unknown} of {tokens} tokens are outside the vocabulary and passed over"));
        }
        notes
    }
}

/// A column: its heading, and the function that fills it.
type Column = (&'static str, fn(&LayerRow) -> String);

/// Formats a number; `–` if a layer gives a target the probability 0.
fn finite(x: f64, digits: usize) -> String {
    if x.is_finite() { format!("{x:.digits$}") } else { "–".into() }
}

impl Comparison {
    /// Returns the columns that have content for this comparison.
    fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = vec![
            ("layer", |l| l.layer.clone()),
            ("NLL", |l| finite(l.valid_nll, 4)),
            ("perplexity", |l| finite(l.valid_perplexity, 2)),
        ];
        if self.layers.iter().any(|l| !l.valid_nll.is_finite()) {
            columns.push(("ε-perplexity", |l| finite(l.epsilon_perplexity, 2)));
        }
        if self.layers.iter().any(|l| l.excess_nats.is_some()) {
            columns.push(("excess", |l| finite(l.excess_nats.unwrap_or(f64::INFINITY), 4)));
        }
        columns.extend([
            ("ns/ex", (|l| format!("{:.0}", l.ns_per_example)) as fn(&LayerRow) -> String),
            ("madds/ex", |l| format!("{:.0}", l.cost_per_example.multiply_adds)),
            ("examples", |l| l.examples.to_string()),
            ("rate", |l| l.rate.to_string()),
            ("batch", |l| l.batch.to_string()),
        ]);
        columns
    }
}

/// Writes the headings, one line per layer in aligned columns, and the notes below. `NLL` and `excess` are in nats.
/// `ns/ex` is the training time per example in nanoseconds, and `madds/ex` the multiply-adds of the layer per example.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let columns: Vec<Vec<String>> = self
            .columns()
            .into_iter()
            .map(|(heading, cell)| std::iter::once(heading.to_string()).chain(self.layers.iter().map(cell)).collect())
            .collect();
        let width = |column: &Vec<String>| column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = columns.iter().map(width).collect();
        for line in 0..=self.layers.len() {
            for (number, (column, width)) in columns.iter().zip(&widths).enumerate() {
                match number {
                    0 => write!(f, "{:<width$}", column[line])?,
                    _ => write!(f, "  {:>width$}", column[line])?,
                }
            }
            writeln!(f)?;
        }
        self.notes().iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

#[cfg(test)]
mod tests {
    use crate::compare::Builder;
    use crate::error::Result;

    /// Columns end at the same place in every line, and the notes follow the table.
    #[test]
    fn a_comparison_prints_itself() -> Result<()> {
        let small = |names: &[&str]| Builder::of(names)?.synthetic(50, 5).dim(4).examples(300).valid_examples(20).run();
        let found = small(&["full", "negative:samples=2"])?;
        let text = found.to_string();
        let lines: Vec<&str> = text.lines().collect();
        let headings: Vec<&str> = lines[0].split_whitespace().collect();
        assert_eq!(
            headings,
            ["layer", "NLL", "perplexity", "excess", "ns/ex", "madds/ex", "examples", "rate", "batch"]
        );
        for (row, line) in found.layers.iter().zip(&lines[1..]) {
            assert_eq!(line.chars().count(), lines[0].chars().count(), "{text}");
            let cells: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(cells[..2], [row.layer.as_str(), &format!("{:.4}", row.valid_nll)]);
            assert_eq!(cells[6], "300");
            // Numbers are right-aligned under their headings.
            assert_eq!(line.find("300").map(|at| at + 3), lines[0].find("examples").map(|at| at + 8), "{text}");
        }
        assert_eq!(lines[3..], found.notes()[..]);
        assert!(lines[3].starts_with("50 words; NLL of the unigram model"), "{text}");
        Ok(())
    }

    #[test]
    fn infinite_numbers_are_left_out() -> Result<()> {
        let mut found = Builder::of(["full"])?.synthetic(50, 5).dim(4).examples(300).valid_examples(20).run()?;
        (found.layers[0].valid_nll, found.layers[0].valid_perplexity) = (f64::INFINITY, f64::INFINITY);
        let text = found.to_string();
        assert!(text.contains("ε-perplexity") && text.contains('–') && !text.contains("inf"), "{text}");
        Ok(())
    }
}
