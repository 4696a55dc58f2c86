//! Tables of records of `lexmax compare`.

use super::super::error::Fault;
use super::super::records::{Comparison, Layer, LnZ, Mean, Record, Records, Wrapped};
use super::super::region::Region;
use super::super::text::{self, NOTHING, count, fixed, time, whole};
use super::train::mean;
use std::collections::BTreeMap;

type Shown = fn(&Layer) -> String;

/// Columns by name, with their headings.
const COLUMNS: &[(&str, &str, Shown)] = &[
    ("nll", "held-out NLL, nats", nll),
    ("perplexity", "perplexity", |layer| fixed(layer.valid_perplexity, 1)),
    ("epsilon", "ε-perplexity", |layer| fixed(layer.epsilon_perplexity, 1)),
    ("excess", "above the truth, nats", excess),
    ("lnz", "ln Z, mean ± deviation", ln_z),
    ("rate", "rate", |layer| layer.rate.to_string()),
    ("batch", "batch", |layer| layer.batch.to_string()),
    ("examples", "examples", |layer| count(layer.examples as f64)),
    ("seconds", "seconds", |layer| fixed(Some(layer.seconds), 1)),
    ("time", "time an example", |layer| time(layer.ns_per_example)),
    ("madds", "multiply-adds an example", |layer| count(layer.cost_per_example.multiply_adds)),
];

fn nll(layer: &Layer) -> String {
    match (layer.valid_nll, layer.epsilon_perplexity) {
        (Some(nll), _) => format!("{nll:.3}"),
        (None, Some(perplexity)) => format!("ε {:.3}", perplexity.ln()),
        (None, None) => NOTHING.into(),
    }
}

fn excess(layer: &Layer) -> String {
    match (layer.excess_nats, layer.valid_nll) {
        (Some(excess), _) => format!("{excess:.3}"),
        (None, None) => "∞".into(),
        (None, Some(_)) => NOTHING.into(),
    }
}

fn ln_z(layer: &Layer) -> String {
    let Some(LnZ { mean, standard_deviation }) = &layer.ln_z else { return NOTHING.into() };
    format!("{mean:.2} ± {standard_deviation:.2}")
}

/// The value by which layers are ordered: nats.
fn rank(layer: &Layer) -> f64 {
    let epsilon = layer.epsilon_perplexity.map_or(f64::MAX, f64::ln);
    layer.valid_nll.unwrap_or(epsilon)
}

/// `compare LABEL columns=A,B [layers=A,B]`: a row a layer, the lowest loss first.
pub fn table(region: &Region, records: &Records) -> Result<String, Fault> {
    const FORM: &str = "compare LABEL columns=NAME,… [layers=NAME,…]";
    region.check_options(&["columns", "layers"])?;
    let record = records.of(region, FORM)?;
    let run = match comparisons(region, record)? {
        [run] => run,
        runs => {
            let what = format!("single report: it has {}; use `rates` or `seeds`", runs.len());
            return Err(record.lacks(region, what));
        }
    };
    if region.option("columns").is_none() {
        return Err(Fault::Words { place: region.place(), needs: "columns", form: FORM });
    }
    let column = |name: &str| {
        let known = COLUMNS.iter().map(|(name, ..)| *name);
        COLUMNS.iter().find(|(own, ..)| *own == name).ok_or_else(|| region.unknown("column", name, known))
    };
    let columns = region.list("columns").into_iter().map(column).collect::<Result<Vec<_>, _>>()?;
    let mut layers = layers(region, record, &run.report)?;
    layers.sort_by(|a, b| rank(a).total_cmp(&rank(b)));
    let headings = ["layer"].into_iter().chain(columns.iter().map(|(_, heading, _)| *heading));
    let headings: Vec<String> = headings.map(String::from).collect();
    let row = |layer: &&Layer| {
        let cells = columns.iter().map(|(.., shown)| shown(layer));
        [format!("`{}`", layer.layer)].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let rows: Vec<_> = layers.iter().map(row).collect();
    Ok(format!("{}\n{}\n", text::table(&headings, &rows, 1), caption(record, &run.report)))
}

/// `rates LABEL [value=nll|excess|epsilon] [layers=A,B]`: a row a layer, a column a rate, the best value in bold.
pub fn rates(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&["value", "layers"])?;
    let record = records.of(region, "rates LABEL [value=nll|excess|epsilon] [layers=NAME,…]")?;
    let runs = comparisons(region, record)?;
    let value = value(region)?;
    let mut rates: Vec<f64> = runs.iter().flat_map(|run| run.report.layers.iter().map(|layer| layer.rate)).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let mut rows = Vec::new();
    for name in names(region, record, runs)? {
        let cell = |rate: &f64| {
            let mut layers = runs.iter().flat_map(|run| &run.report.layers);
            layers.find(|layer| layer.layer == name && layer.rate == *rate).and_then(value)
        };
        let values: Vec<Option<f64>> = rates.iter().map(cell).collect();
        let best = values.iter().flatten().copied().fold(f64::INFINITY, f64::min);
        let digits = if best < 20.0 { 3 } else { 1 };
        let shown = |value: &Option<f64>| {
            let text = fixed(*value, digits);
            if *value == Some(best) { format!("**{text}**") } else { text }
        };
        let mut layers = runs.iter().flat_map(|run| &run.report.layers);
        let cost = layers.find(|layer| layer.layer == name).map(|layer| count(layer.cost_per_example.multiply_adds));
        let cells = [format!("`{name}`")].into_iter().chain(values.iter().map(shown)).chain(cost);
        rows.push((best, cells.collect::<Vec<_>>()));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rows: Vec<_> = rows.into_iter().map(|(_, cells)| cells).collect();
    let name = value_name(region);
    let headings = rates.iter().map(|rate| format!("{name}, rate {rate}"));
    let headings: Vec<String> =
        ["layer".into()].into_iter().chain(headings).chain(["multiply-adds an example".into()]).collect();
    Ok(format!("{}\n{}\n", text::table(&headings, &rows, 1), caption(record, &runs[0].report)))
}

/// `seeds LABEL [value=nll|excess|epsilon] [layers=A,B]`: a row a layer, mean and spread over the seeds.
pub fn seeds(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&["value", "layers"])?;
    let record = records.of(region, "seeds LABEL [value=nll|excess|epsilon] [layers=NAME,…]")?;
    let runs = comparisons(region, record)?;
    let value = value(region)?;
    let mut rows = Vec::new();
    for name in names(region, record, runs)? {
        let of_run = |run: &Wrapped<Comparison>| {
            let layer = run.report.layers.iter().find(|layer| layer.layer == name);
            Some((run.report.config.seed, layer.and_then(value)?))
        };
        let by_seed: BTreeMap<u64, f64> = runs.iter().filter_map(of_run).collect();
        let values: Vec<f64> = by_seed.into_values().collect();
        let Some(found) = mean_of(&values) else {
            return Err(record.lacks(region, format!("value of the layer {name}")));
        };
        let ends = [f64::INFINITY, f64::NEG_INFINITY];
        let [least, most] = values.iter().fold(ends, |[least, most], value| [least.min(*value), most.max(*value)]);
        let cells = [mean(Some(&found), 4), format!("{least:.4}–{most:.4}"), found.n.to_string()];
        rows.push((found.mean, [format!("`{name}`")].into_iter().chain(cells).collect::<Vec<_>>()));
    }
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rows: Vec<_> = rows.into_iter().map(|(_, cells)| cells).collect();
    let name = value_name(region);
    let headings = ["layer".to_string(), format!("{name}, mean ± standard error"), "min–max".into(), "seeds".into()];
    Ok(format!("{}\n{}\n", text::table(&headings, &rows, 1), caption(record, &runs[0].report)))
}

fn mean_of(values: &[f64]) -> Option<Mean> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let standard_error = (values.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt());
    (!values.is_empty()).then_some(Mean { n: values.len(), mean, standard_error })
}

fn value(region: &Region) -> Result<fn(&Layer) -> Option<f64>, Fault> {
    match region.option("value").unwrap_or("nll") {
        "nll" => Ok(|layer| layer.valid_nll),
        "excess" => Ok(|layer| layer.excess_nats),
        "epsilon" => Ok(|layer| layer.epsilon_perplexity),
        other => Err(region.unknown("value", other, ["nll", "excess", "epsilon"].into_iter())),
    }
}

/// Words for the value of `rates` and `seeds`.
fn value_name(region: &Region) -> &'static str {
    match region.option("value") {
        Some("excess") => "nats above the truth",
        Some("epsilon") => "ε-perplexity",
        _ => "held-out NLL",
    }
}

fn comparisons<'a>(region: &Region, record: &'a Record) -> Result<&'a [Wrapped<Comparison>], Fault> {
    match &record.comparisons[..] {
        [] => Err(record.lacks(region, format!("comparison: its task is {}", record.task))),
        runs => Ok(runs),
    }
}

/// The layers that a region asks for, or all.
fn layers<'a>(region: &Region, record: &Record, report: &'a Comparison) -> Result<Vec<&'a Layer>, Fault> {
    let asked = region.list("layers");
    if asked.is_empty() {
        return Ok(report.layers.iter().collect());
    }
    let find = |name: &&str| {
        let found = report.layers.iter().find(|layer| layer.layer == *name);
        found.ok_or_else(|| record.lacks(region, format!("layer {name}")))
    };
    asked.iter().map(find).collect()
}

/// The names of these layers over all reports.
fn names(region: &Region, record: &Record, runs: &[Wrapped<Comparison>]) -> Result<Vec<String>, Fault> {
    let mut names: Vec<String> = Vec::new();
    for layer in runs.iter().flat_map(|run| &run.report.layers) {
        if !names.contains(&layer.layer) {
            names.push(layer.layer.clone());
        }
    }
    let asked = region.list("layers");
    match asked.iter().find(|asked| !names.iter().any(|name| name == *asked)) {
        Some(missing) => Err(record.lacks(region, format!("layer {missing}"))),
        None => Ok(names.into_iter().filter(|name| asked.is_empty() || asked.contains(&name.as_str())).collect()),
    }
}

/// The settings, in one sentence.
fn caption(record: &Record, report: &Comparison) -> String {
    let Comparison { corpus, config, .. } = report;
    let budget = match (config.budget_seconds, config.budget_examples) {
        (Some(seconds), _) => format!("{seconds} s a layer"),
        (None, Some(examples)) => format!("{} examples a layer", whole(examples)),
        (None, None) => "no budget".into(),
    };
    let mut facts = vec![
        format!("V = {}", whole(corpus.vocab)),
        format!("model `{}`, d = {}", config.model, config.dim),
        budget,
        format!("{} threads", config.threads),
        format!("{} held-out examples", whole(config.valid_examples)),
    ];
    if let Some(entropy) = corpus.entropy_rate {
        facts.push(format!("entropy rate {entropy:.3} nats"));
    }
    facts.push(format!("unigram model {:.3} nats", corpus.unigram_nll));
    format!("{}; {}.", facts.join("; "), record.source())
}
