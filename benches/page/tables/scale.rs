//! Tables of records of `lexmax scale`.

use super::super::error::Fault;
use super::super::records::{Point, Record, Records, Scale};
use super::super::region::Region;
use super::super::text::{self, NOTHING, count, megabytes, time, whole};

const FORM: &str = "scale LABEL columns=step@V,evaluation@V,memory@V,madds@V,growth [layers=NAME,…]";

/// Measurements at a size of the vocabulary, with their headings.
type Shown = fn(&Point, &Scale) -> String;
const COLUMNS: &[(&str, &str, Shown)] = &[
    ("step", "step", |point, _| time(point.step_ns_per_example)),
    ("evaluation", "exact ln P", |point, _| time(point.evaluation_ns_per_example)),
    ("memory", "memory", |point, _| megabytes(point.peak_bytes)),
    ("madds", "multiply-adds", |point, scale| count(point.multiply_adds / scale.batch as f64)),
];

/// A column: the growth of the step, or a measurement at a size.
enum Column {
    Growth,
    At(&'static (&'static str, &'static str, Shown), u64),
}

/// `scale LABEL columns=step@V,evaluation@V,memory@V,madds@V,growth [layers=A,B]`: a row a layer.
pub fn table(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&["columns", "layers"])?;
    let record = records.of(region, FORM)?;
    let scale = only(region, record)?;
    if region.option("columns").is_none() {
        return Err(Fault::Words { place: region.place(), needs: "columns", form: FORM });
    }
    let columns = region.list("columns").into_iter().map(|text| column(region, text)).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<&str> = Vec::new();
    for point in &scale.points {
        if !names.contains(&point.layer.as_str()) {
            names.push(&point.layer);
        }
    }
    let asked = region.list("layers");
    if let Some(missing) = asked.iter().find(|asked| !names.contains(asked)) {
        return Err(record.lacks(region, format!("layer {missing}")));
    }
    names.retain(|name| asked.is_empty() || asked.contains(name));
    let heading = |column: &Column| match column {
        Column::Growth => "step grows".into(),
        Column::At((_, heading, _), vocab) => format!("{heading}, V = {}", whole(*vocab)),
    };
    let mut rows = Vec::new();
    for name in names {
        let mut cells = vec![format!("`{name}`")];
        for column in &columns {
            cells.push(match column {
                Column::Growth => {
                    let fit = scale.fits.iter().find(|fit| fit.layer == name);
                    fit.map_or_else(|| NOTHING.into(), |fit| fit.growth.clone())
                }
                Column::At((.., shown), vocab) => match point(scale, name, *vocab) {
                    Some(point) => shown(point, scale),
                    None if scale.points.iter().any(|point| point.vocab == *vocab) => "skipped".into(),
                    None => return Err(record.lacks(region, format!("V = {vocab}"))),
                },
            });
        }
        rows.push(cells);
    }
    let headings: Vec<String> = ["layer".into()].into_iter().chain(columns.iter().map(heading)).collect();
    let Scale { dim, batch, threads, .. } = scale;
    let facts =
        format!("Times and multiply-adds are those of an example; d = {dim}, batches of {batch}, {threads} threads");
    Ok(format!("{}\n{facts}; {}.\n", text::table(&headings, &rows, 1), record.source()))
}

/// The point of a layer at a size of the vocabulary.
pub fn point<'a>(scale: &'a Scale, layer: &str, vocab: u64) -> Option<&'a Point> {
    scale.points.iter().find(|point| point.layer == layer && point.vocab == vocab)
}

fn only<'a>(region: &Region, record: &'a Record) -> Result<&'a Scale, Fault> {
    match &record.scales[..] {
        [scale] => Ok(&scale.report),
        [] => Err(record.lacks(region, format!("report of scale: its task is {}", record.task))),
        more => Err(record.lacks(region, format!("single report: it has {}", more.len()))),
    }
}

fn column(region: &Region, text: &str) -> Result<Column, Fault> {
    let known = || ["growth", "step@V", "evaluation@V", "memory@V", "madds@V"].into_iter();
    if text == "growth" {
        return Ok(Column::Growth);
    }
    let parts = text.split_once('@').and_then(|(name, vocab)| {
        Some(Column::At(COLUMNS.iter().find(|(own, ..)| *own == name)?, vocab.parse().ok()?))
    });
    parts.ok_or_else(|| region.unknown("column", text, known()))
}
