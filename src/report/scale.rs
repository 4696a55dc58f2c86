//! Costs against the vocabulary, as tables, as pictures and as a page.

#[cfg(feature = "report")]
use super::Page;
use super::chart::{Axis, Chart, Look, Mark, Series, Unit};
use super::grid::{Bar, Cell, Column, Grid, two_figures};
#[cfg(feature = "report")]
use crate::measure::Fit;
use crate::measure::{Crossover, Point, Scale};

const COLUMNS: [Column; 15] = [
    Column::new("layer", "layer", "the layer with its settings"),
    Column::new("vocab", "V", "number of words"),
    Column::new("step_ns_per_example", "step ns/ex", "median time of a training step with its update, ns an example")
        .with(Bar::Logarithmic),
    Column::new("step_ns_low", "from", "first quartile of that"),
    Column::new("step_ns_high", "to", "third quartile of that"),
    Column::new("evaluation_ns_per_example", "eval ns/ex", "median time of the exact ln P of a word, ns an example"),
    Column::new("evaluation_ns_low", "from", "first quartile of that"),
    Column::new("evaluation_ns_high", "to", "third quartile of that"),
    Column::new("multiply_adds", "madds", "multiply-adds of a step of B examples"),
    Column::new("rows", "rows", "rows of parameters read and updated in a step"),
    Column::new("bytes", "bytes", "bytes of parameters read and updated in a step"),
    Column::new("draws", "draws", "random words drawn in a step"),
    Column::new("parameter_bytes", "parameters", "bytes of parameters"),
    Column::new("peak_bytes", "memory", "the most bytes that training held: layer, parameters, gradients, buffers"),
    Column::new("build_seconds", "build s", "seconds to make tree, proposal or clusters"),
];

impl Scale {
    /// A row a point.
    pub fn grid(&self) -> Grid {
        let row = |p: &Point| {
            vec![
                Cell::Text(p.layer.clone()),
                Cell::whole(p.vocab as u64),
                Cell::short(p.step_ns_per_example),
                Cell::short(p.step_ns_quartiles[0]),
                Cell::short(p.step_ns_quartiles[1]),
                Cell::short(p.evaluation_ns_per_example),
                Cell::short(p.evaluation_ns_quartiles[0]),
                Cell::short(p.evaluation_ns_quartiles[1]),
                Cell::short(p.multiply_adds as f64),
                Cell::short(p.rows as f64),
                Cell::short(p.bytes as f64),
                Cell::short(p.draws as f64),
                Cell::short(p.parameter_bytes as f64),
                Cell::short(p.peak_bytes as f64),
                Cell::fixed(p.build_seconds, 3),
            ]
        };
        Grid { columns: COLUMNS.to_vec(), rows: self.points.iter().map(row).collect() }
    }

    /// The layers in the order of the points.
    fn layers(&self) -> Vec<&str> {
        let mut layers: Vec<&str> = Vec::new();
        for point in &self.points {
            if !layers.contains(&point.layer.as_str()) {
                layers.push(&point.layer);
            }
        }
        layers
    }

    /// One row for each layer: the time of a step in a column for each vocabulary size, and its growth.
    pub fn overview(&self) -> Overview {
        let mut vocabs: Vec<usize> = self.points.iter().map(|p| p.vocab).collect();
        vocabs.sort_unstable();
        vocabs.dedup();
        let layers = self.layers();
        let row = |layer: &&str| {
            let time = |vocab: &usize| {
                let point = self.points.iter().find(|p| p.layer == **layer && p.vocab == *vocab);
                point.map_or("–".into(), |p| Unit::Nanoseconds.write(p.step_ns_per_example))
            };
            let growth = self.fits.iter().find(|f| f.layer == **layer).map_or("–", |f| &f.growth);
            std::iter::once(layer.to_string()).chain(vocabs.iter().map(time)).chain([growth.to_string()]).collect()
        };
        let mut headings = vec!["layer".to_string()];
        headings.extend(vocabs.iter().map(|k| format!("V = {}", Unit::Count.write(*k as f64))));
        headings.push("grows".into());
        Overview { headings, rows: layers.iter().map(row).collect(), bars: self.bars(&layers, vocabs.last()) }
    }

    /// The bar of each layer for its time at a number of words.
    fn bars(&self, layers: &[&str], vocab: Option<&usize>) -> Vec<Option<f64>> {
        let row = |layer: &&str| {
            let point = self.points.iter().find(|p| p.layer == **layer && Some(&p.vocab) == vocab);
            vec![point.map_or(Cell::Missing, |p| Cell::short(p.step_ns_per_example))]
        };
        let grid = Grid { columns: vec![COLUMNS[2]], rows: layers.iter().map(row).collect() };
        grid.rows.iter().map(|row| grid.share(0, &row[0])).collect()
    }

    /// The crossovers and what was skipped, a sentence each; first those with the first layer.
    pub fn notes(&self) -> Vec<String> {
        let first = self.layers().first().copied().unwrap_or("").to_string();
        let throughout: Vec<_> = self.crossovers.iter().filter(|c| c.throughout).map(|c| c.cheaper.as_str()).collect();
        let mut notes = Vec::new();
        if !throughout.is_empty() {
            let cheaper = throughout.join(", ");
            notes.push(format!("at every measured V, cheaper than {first} on this machine: {cheaper}"));
        }
        let crossings = self.crossovers.iter().filter(|c| !c.throughout);
        let (with_first, others): (Vec<_>, Vec<_>) = crossings.partition(|c| c.than == first || c.cheaper == first);
        notes.extend(with_first.into_iter().map(sentence));
        notes.extend(others.iter().take(MOST_OTHERS).map(|c| sentence(c)));
        if others.len() > MOST_OTHERS {
            notes.push(format!("{} more crossovers are in scale.json", others.len() - MOST_OTHERS));
        }
        notes.extend(self.skips());
        notes
    }

    /// The skipped points and the reasons, one sentence each.
    pub fn skips(&self) -> Vec<String> {
        self.skipped.iter().map(|s| format!("skipped {} at V = {}: {}", s.layer, s.vocab, s.reason)).collect()
    }

    /// The growth of the step time, one sentence for each layer.
    #[cfg(feature = "report")]
    fn growths(&self) -> Vec<String> {
        let growth = |f: &Fit| {
            format!(
                "{}: a step's time goes as V^{:.2} (R² {:.2}); a decade of words adds {} (R² of the line in log V {:.2})",
                f.layer,
                f.power,
                f.power_r2,
                Unit::Nanoseconds.write(f.ns_per_decade),
                f.log_r2
            )
        };
        self.fits.iter().map(growth).collect()
    }
}

/// Headings and cells as text. The first column names the row, the last one describes the growth, and the ones between
/// are numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// The headings.
    pub headings: Vec<String>,
    /// The rows, a cell a heading.
    pub rows: Vec<Vec<String>>,
    /// For each row, the bar beside the last number, as a share of the longest.
    pub bars: Vec<Option<f64>>,
}

fn sentence(c: &Crossover) -> String {
    let from = two_figures(c.from_vocab);
    format!("from V = {from} on, {} is cheaper than {} on this machine", c.cheaper, c.than)
}

/// The maximum number of reported crossovers without the first layer.
const MOST_OTHERS: usize = 8;
/// Crossovers that a picture has room for.
const MOST_MARKS: usize = 12;

impl Scale {
    /// The names of the charts of the report.
    pub(crate) const CHARTS: [&str; 3] = ["cost-vs-vocabulary", "evaluation-vs-vocabulary", "memory-vs-vocabulary"];

    /// Time of a training step against V, a curve a layer, with the crossovers.
    pub fn cost_vs_vocabulary(&self) -> Chart {
        let y = Axis::log("a training step, time an example", Unit::Nanoseconds);
        let title = "Time of a training step against the size of the vocabulary";
        let (marks, chart) = (self.marks(), self.curves(Self::CHARTS[0], title, y, |p| p.step_ns_per_example));
        let ring = if marks.is_empty() { "" } else { " A ring is a crossover." };
        Chart { note: chart.note + ring, marks, ..chart }
    }

    /// Time of the exact probability of a word against V.
    pub fn evaluation_vs_vocabulary(&self) -> Chart {
        let y = Axis::log("exact ln P of a word, time an example", Unit::Nanoseconds);
        let title = "Time of an exact evaluation against the size of the vocabulary";
        self.curves(Self::CHARTS[1], title, y, |p| p.evaluation_ns_per_example)
    }

    /// Memory of a step against V.
    pub fn memory_vs_vocabulary(&self) -> Chart {
        let y = Axis::log("memory in training", Unit::Bytes);
        let title = "Memory in training against the size of the vocabulary";
        self.curves(Self::CHARTS[2], title, y, |p| p.peak_bytes as f64)
    }

    fn curves(&self, id: &'static str, title: &str, y: Axis, at: impl Fn(&Point) -> f64) -> Chart {
        let points = |layer: &str| {
            let of_layer = self.points.iter().filter(|p| p.layer == layer);
            of_layer.map(|p| [p.vocab as f64, at(p)]).collect()
        };
        let layers = self.layers();
        let series = layers.iter().enumerate().map(|(n, layer)| Series {
            name: layer.to_string(),
            look: Look::of(n),
            points: points(layer),
        });
        let note = format!(
            "Medians; d = {}, {} examples a batch, {} threads, targets by Zipf's law. Both axes are logarithmic.",
            self.dim, self.batch, self.threads
        );
        let x = Axis::log("words in the vocabulary, V", Unit::Count);
        let series = series.collect();
        let (levels, marks, front) = (Vec::new(), Vec::new(), Vec::new());
        Chart { id, title: title.into(), note, x, y, series, levels, marks, front }
    }

    /// Where curves cross, those with the first layer foremost.
    fn marks(&self) -> Vec<Mark> {
        let layers = self.layers();
        let first = layers.first().copied().unwrap_or("");
        let mut crossings: Vec<_> = self.crossovers.iter().filter(|c| !c.throughout).collect();
        crossings.sort_by_key(|c| c.than != first);
        let mark = |c: &&Crossover| {
            let y = interpolated(&self.step_times(&c.cheaper), c.from_vocab)?;
            Some(Mark { name: sentence(c), of: vec![c.cheaper.clone(), c.than.clone()], at: [c.from_vocab, y] })
        };
        crossings.iter().filter_map(mark).take(MOST_MARKS).collect()
    }

    /// The report.
    #[cfg(feature = "report")]
    pub fn page(&self) -> Page {
        let mut facts = super::page::run_facts(&self.run, self.lexmax);
        let mut add = |name: &str, value: String| facts.push((name.into(), value));
        add("sizes", format!("d = {}, {} examples a batch", self.dim, self.batch));
        add("samples", self.samples.map_or("each layer's own number".into(), |s| s.to_string()));
        add("targets", "Zipf's law, batches in turn; trees and proposals made for it".into());
        add("threads", self.threads.to_string());
        add("seed", self.seed.to_string());
        let mut notes = self.notes();
        let lead = notes.iter().take(3).cloned().collect();
        notes.extend(self.growths());
        Page {
            title: "What a step of each output layer costs".into(),
            lead,
            charts: vec![self.cost_vs_vocabulary(), self.evaluation_vs_vocabulary(), self.memory_vs_vocabulary()],
            grid: self.grid(),
            notes,
            facts,
        }
    }
}

/// A curve's y at an x between its points, on straight lines in the logarithms.
fn interpolated(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let pair = points.windows(2).find(|pair| (pair[0].0..=pair[1].0).contains(&x))?;
    let share = (x / pair[0].0).ln() / (pair[1].0 / pair[0].0).ln();
    Some((pair[0].1.ln() + share * (pair[1].1 / pair[0].1).ln()).exp())
}
