//! The record as tables for the terminal.

use super::formula::Verdict;
use super::record::{Record, Recorded, Seconds};
use super::statistics::{Mean, Spread};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use std::collections::BTreeSet;

/// Shown for missing measurements.
const NOTHING: &str = "–";

/// A table of the entries, and one of the quality formula if there is a reference.
pub fn text(record: &Record) -> String {
    let entries = entries(record);
    let verdicts: Vec<Vec<String>> = record.quality.iter().flat_map(rows).collect();
    if verdicts.is_empty() {
        return entries;
    }
    let headings = ["entry", "reference", "on", "n", "difference", "bound", "holds"].map(String::from);
    entries + "\n" + &drawn(&headings, verdicts, 3)
}

fn entries(record: &Record) -> String {
    let Some(first) = record.entries.first() else { return String::new() };
    let is_training = matches!(first.seconds, Seconds::Train(_));
    let keys: Vec<&String> = first.setting.keys().collect();
    let has = |value: fn(&Recorded) -> bool| record.entries.iter().any(value);
    let (has_with, has_loss) = (has(|entry| entry.with.is_some()), has(|entry| entry.loss.is_some()));
    let sets: BTreeSet<&String> = record.entries.iter().flat_map(|entry| entry.quality.keys()).collect();

    let mut headings = vec!["program".to_string()];
    headings.extend(keys.iter().map(|key| key.to_string()));
    headings.extend(has_with.then(|| "with".into()));
    let words = headings.len();
    headings.extend(["n".to_string(), if is_training { "train s" } else { "step ms" }.into(), "min to max".into()]);
    if is_training {
        headings.extend(["whole s", "processor s", "peak MB"].map(String::from));
    }
    let has_ratio = !record.ratios.is_empty();
    if has_ratio {
        headings.push(format!("× {}", if is_training { "train" } else { "step" }));
        headings.extend(is_training.then(|| "× processor".into()));
    }
    headings.extend(has_loss.then(|| "loss".into()));
    headings.extend(sets.iter().map(|set| set.to_string()));

    let row = |entry: &Recorded| {
        let Spread { n, median, min, max } = entry.seconds.spread();
        let mut cells = vec![entry.program.clone()];
        cells
            .extend(entry.setting.values().map(|value| value.as_str().map_or_else(|| value.to_string(), String::from)));
        if has_with {
            cells.push(entry.with.clone().unwrap_or_else(|| NOTHING.into()));
        }
        let (unit, digits) = if is_training { (1.0, 2) } else { (1e3, 3) };
        cells.extend([n.to_string(), format!("{:.digits$}", unit * median)]);
        cells.push(format!("{:.digits$} to {:.digits$}", unit * min, unit * max));
        if is_training {
            cells.push(format!("{:.2}", entry.total_seconds.median));
            cells.push(shown(entry.processor_seconds.map(|spread| spread.median), 2));
            cells.push(shown(entry.peak_bytes.map(|spread| 1e-6 * spread.median), 0));
        }
        if has_ratio {
            let ratio = record.ratios.iter().find(|ratio| ratio.entry == entry.name);
            cells.push(shown(ratio.map(|ratio| ratio.seconds), 2));
            cells.extend(is_training.then(|| shown(ratio.and_then(|ratio| ratio.processor_seconds), 2)));
        }
        if has_loss {
            cells.push(with_error(entry.loss.as_ref(), 4));
        }
        cells.extend(sets.iter().map(|set| with_error(entry.quality.get(*set), 2)));
        cells
    };
    drawn(&headings, record.entries.iter().map(row).collect(), words)
}

/// One row for each test set, one for the loss, and one for the overall result.
fn rows(verdict: &Verdict) -> Vec<Vec<String>> {
    let holds = |holds: Option<bool>| match holds {
        Some(true) => "yes",
        Some(false) => "no",
        None => "one seed tells nothing",
    };
    // Parts of a name that the entry has too are left out.
    let is_new = |part: &&str| !verdict.entry.split(' ').any(|own| own == *part);
    let reference = verdict.reference.split(' ').filter(is_new).collect::<Vec<_>>().join(" ");
    let named = |cells: [String; 5]| [verdict.entry.clone(), reference.clone()].into_iter().chain(cells).collect();
    let set = |set: &super::formula::SetVerdict| {
        let numbers = [set.n.to_string(), format!("{:+.2}", set.difference), shown(set.bound, 2)];
        let [n, difference, bound] = numbers;
        named([set.set.clone(), n, difference, bound, holds(set.holds).into()])
    };
    let loss = verdict.loss.iter().map(|loss| {
        let [difference, bound] = [100.0 * loss.difference, 100.0 * loss.bound];
        let [difference, bound] = [format!("{difference:+.2} %"), format!("±{bound:.0} %")];
        named(["loss".into(), String::new(), difference, bound, holds(Some(loss.holds)).into()])
    });
    verdict.sets.iter().map(set).chain(loss).collect()
}

/// A table whose columns after the first `words` hold numbers.
fn drawn(headings: &[String], rows: Vec<Vec<String>>, words: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
    table.set_header(headings);
    rows.into_iter().for_each(|row| {
        table.add_row(row);
    });
    let numbers = table.column_iter_mut().skip(words);
    numbers.for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.trim_fmt() + "\n"
}

fn shown(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| NOTHING.into(), |value| format!("{value:.digits$}"))
}

/// A mean, with its standard error if there is one.
fn with_error(mean: Option<&Mean>, digits: usize) -> String {
    let Some(Mean { mean, standard_error, .. }) = mean else { return NOTHING.into() };
    let error = standard_error.map_or_else(String::new, |error| format!(" ± {error:.digits$}"));
    format!("{mean:.digits$}{error}")
}
