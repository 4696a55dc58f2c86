//! Tables of records of single steps.

use super::super::error::Fault;
use super::super::records::{Entry, Records};
use super::super::region::Region;
use super::super::text::{fixed, table as draw};
use super::train::{Keys, entries};

/// `steps LABEL [threads=N] [programs=A,B]`: milliseconds of a step, with what the record has of the share of the
/// processor's peak, the memory of the process, and the time over that of the entry of `--against`.
pub fn table(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&["threads", "programs"])?;
    let record = records.of(region, "steps LABEL [threads=N,…] [programs=NAME,…]")?;
    let entries = entries(region, record, "step")?;
    let keys = Keys::of(&entries, "vocab");
    let mut headings = keys.headings();
    let words = headings.len();
    headings.extend(["step ms, median (min–max)", "n"].map(String::from));
    let setting = |key: &str| record.settings.get(key).and_then(|value| value.as_str()).unwrap_or_default();
    let over = |entry: &Entry| {
        let ratio = record.ratios.iter().find(|ratio| ratio.entry == entry.name);
        ratio.map(|ratio| 1.0 / ratio.seconds)
    };
    let time_over = format!("time over {}", setting("against").trim_start_matches("layer="));
    type Column<'a> = (&'a str, usize, &'a dyn Fn(&Entry) -> Option<f64>);
    let columns: [Column; 3] = [
        ("% of the peak", 0, &|entry| entry.peak_share.map(|share| 100.0 * share.median)),
        ("memory MB", 0, &|entry| entry.peak_bytes.map(|bytes| 1e-6 * bytes.median)),
        (&time_over, 2, &over),
    ];
    let columns: Vec<Column> =
        columns.into_iter().filter(|(_, _, value)| entries.iter().any(|entry| value(entry).is_some())).collect();
    headings.extend(columns.iter().map(|(heading, _, _)| heading.to_string()));
    let row = |entry: &&Entry| {
        let seconds = entry.step_seconds.ok_or_else(|| record.lacks(region, "step_seconds"))?;
        let mut cells = keys.cells(record, entry);
        let [median, min, max] =
            [seconds.median, seconds.min, seconds.max].map(|seconds| format!("{:.2}", 1e3 * seconds));
        cells.extend([format!("{median} ({min}–{max})"), seconds.n.to_string()]);
        cells.extend(columns.iter().map(|(_, digits, value)| fixed(value(entry), *digits)));
        Ok(cells)
    };
    let rows = entries.iter().map(row).collect::<Result<Vec<_>, Fault>>()?;
    let sizes = format!("d = {}, B = {}", setting("dim"), setting("batch"));
    Ok(format!("{}\nFrom {}. Settings: {sizes}.\n", draw(&headings, &rows, words), record.source()))
}
