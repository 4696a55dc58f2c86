//! The table of a comparison for the terminal.

use super::Comparison;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A line a layer.
pub fn comparison_table(comparison: &Comparison) -> String {
    let excess = comparison.layers.iter().any(|l| l.excess_nats.is_some());
    let mut headings = vec![
        "layer",
        "rate",
        "batch",
        "examples",
        "ns/ex",
        "madds/ex",
        "read/ex",
        "written/ex",
        "draws/ex",
        "train",
        "NLL",
        "perplexity",
        "ln Z",
    ];
    if excess {
        headings.push("excess");
    }
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&headings);
    for l in &comparison.layers {
        let cost = &l.cost_per_example;
        let mut row = vec![
            l.layer.clone(),
            format!("{}", l.rate),
            l.batch.to_string(),
            l.examples.to_string(),
            format!("{:.0}", l.ns_per_example),
            short(cost.multiply_adds),
            short(cost.rows_read),
            short(cost.rows_written),
            short(cost.draws),
            format!("{:.4}", l.train_loss),
            format!("{:.4}", l.valid_nll),
            format!("{:.2}", l.valid_perplexity),
            l.ln_z.map_or("0".into(), |z| format!("{:.2} ± {:.2}", z.mean, z.standard_deviation)),
        ];
        if excess {
            row.push(l.excess_nats.map_or("–".into(), |e| format!("{e:.4}")));
        }
        table.add_row(row);
    }
    table.column_iter_mut().skip(1).for_each(|c| c.set_cell_alignment(CellAlignment::Right));
    table.trim_fmt()
}

/// Four figures at most.
fn short(x: f64) -> String {
    match x {
        x if x >= 1e7 => format!("{:.1}M", x / 1e6),
        x if x >= 1e4 => format!("{:.1}k", x / 1e3),
        x if x >= 100.0 => format!("{x:.0}"),
        x if x == x.trunc() => format!("{x}"),
        x => format!("{x:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn figures_are_short() {
        assert_eq!([0.0, 5.0, 0.3125, 123.4, 35_994.0, 1.08e7].map(short), ["0", "5", "0.31", "123", "36.0k", "10.8M"]);
    }
}
