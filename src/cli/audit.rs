//! Tables of an audit.

use crate::check::{Audit, Correction, Finding, Verdict};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// The table of the checks, one line for each check of a layer.
pub fn of_audits(audits: &[(String, Audit)]) -> String {
    let mut table = table(&["layer", "check", "numbers", "worst", "at most", "where", ""]);
    for (layer, audit) in audits {
        for finding in &audit.findings {
            let Finding { check, error, tolerance, place, seen, skipped } = finding;
            if let Some(reason) = skipped {
                table.add_row([layer, *check, "0", "", "", reason, &finding.verdict().to_string()]);
                continue;
            }
            let (worst, limit) = (format!("{error:.1e}"), format!("{tolerance:.1e}"));
            let (seen, verdict) = (seen.to_string(), finding.verdict().to_string());
            table.add_row([layer, *check, &seen, &worst, &limit, place, &verdict]);
        }
    }
    (2..5).for_each(|c| align(&mut table, c));
    table.trim_fmt()
}

/// The table of the corrections, one line for each scheme of drawing and correcting.
pub fn of_corrections(corrections: &[Correction]) -> String {
    let mut table = table(&["draws and corrections", "bias", "theory", ""]);
    for found in corrections {
        let theory = if found.consistent { "none" } else { "biased" };
        let verdict = if found.passed() { Verdict::Passed } else { Verdict::Failed }.to_string();
        table.add_row([&found.scheme, &format!("{:.1e}", found.bias), theory, &verdict]);
    }
    align(&mut table, 1);
    table.trim_fmt()
}

fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    table
}

fn align(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
