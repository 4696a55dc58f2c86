//! The results of a comparison as a table, as charts and as a page.

#[cfg(feature = "report")]
use super::Page;
use super::chart::{Axis, Chart, Level, Look, Series, Unit, pareto_front};
use super::grid::{Bar, Cell, Column, Grid};
use crate::compare::{Comparison, CurvePoint, LayerRow};
#[cfg(feature = "report")]
use crate::names::name;

const COLUMNS: [Column; 15] = [
    Column::new("layer", "layer", "the layer with its settings"),
    Column::new("valid_nll", "NLL", "mean −ln P of held-out words, exact and normalized, nats").with(Bar::Linear),
    Column::new("ns_per_example", "ns/ex", "time of training an example, encoder and layer, nanoseconds")
        .with(Bar::Logarithmic),
    Column::new("valid_perplexity", "perplexity", "exp(NLL)"),
    Column::new("epsilon_perplexity", "ε-perplexity", "that of (P + ε) / (1 + ε·V), finite also where P is 0"),
    Column::new("examples", "examples", "examples seen in training"),
    Column::new("excess_nats", "excess", "distance from the truth, nats"),
    Column::new("train_loss", "train", "mean training criterion, nats; where a layer samples, no likelihood"),
    Column::new("ln_z", "ln Z", "mean and spread of ln Z, for layers that do not normalize in training"),
    Column::new("multiply_adds", "madds/ex", "multiply-adds of the layer an example"),
    Column::new("rows_read", "read/ex", "rows of parameters read an example"),
    Column::new("rows_written", "written/ex", "rows of parameters updated an example"),
    Column::new("draws", "draws/ex", "random words drawn an example"),
    Column::new("rate", "rate", "rate at the start"),
    Column::new("batch", "batch", "examples in a batch"),
];

/// The end of a curve's note.
const BUDGET: &str = "evaluation is not counted as training. The rate falls to nothing at the end of the budget, so a \
                      curve is of this budget.";

fn seconds() -> Axis {
    Axis::log("seconds of training", Unit::Seconds)
}

fn examples() -> Axis {
    Axis::log("examples seen", Unit::Count)
}

/// The chart with its Pareto front.
fn with_front(chart: Chart) -> Chart {
    let note =
        chart.note + " The wide gray line joins the points of the Pareto front: no layer reached less in less time.";
    Chart { front: pareto_front(&chart.series, [&chart.x, &chart.y]), note, ..chart }
}

/// A number, or nothing where a layer gives a target the probability 0.
fn finite(x: f64, digits: usize) -> Cell {
    if x.is_finite() { Cell::fixed(x, digits) } else { Cell::Missing }
}

impl Comparison {
    /// A row a layer.
    pub fn grid(&self) -> Grid {
        let mut columns = COLUMNS.to_vec();
        let row = |l: &LayerRow| {
            let cost = &l.cost_per_example;
            let ln_z = l.ln_z.map(|z| Cell::Number(z.mean, format!("{:.2} ± {:.2}", z.mean, z.standard_deviation)));
            vec![
                Cell::Text(l.layer.clone()),
                finite(l.valid_nll, 4),
                Cell::fixed(l.ns_per_example, 0),
                finite(l.valid_perplexity, 2),
                Cell::fixed(l.epsilon_perplexity, 2),
                Cell::whole(l.examples),
                l.excess_nats.map_or(Cell::Missing, |e| Cell::fixed(e, 4)),
                Cell::fixed(l.train_loss, 4),
                ln_z.unwrap_or(Cell::Number(0.0, "0".into())),
                Cell::short(cost.multiply_adds),
                Cell::short(cost.rows_read),
                Cell::short(cost.rows_written),
                Cell::short(cost.draws),
                // The shortest decimal that is this f32, as it was given.
                Cell::Number(l.rate.to_string().parse().unwrap_or(f64::from(l.rate)), l.rate.to_string()),
                Cell::whole(l.batch as u64),
            ]
        };
        let mut rows: Vec<_> = self.layers.iter().map(row).collect();
        let mut remove = |key: &str| {
            let at = columns.iter().position(|c| c.key == key).expect("a column");
            columns.remove(at);
            rows.iter_mut().for_each(|row| drop(row.remove(at)));
        };
        if self.layers.iter().all(|l| l.excess_nats.is_none()) {
            remove("excess_nats");
        }
        if self.layers.iter().all(|l| l.valid_nll.is_finite()) {
            remove("epsilon_perplexity");
        }
        Grid { columns, rows }
    }
}

impl Comparison {
    /// The names of the charts of the report: on a text the first two, where the truth is known the others.
    pub(crate) const CHARTS: [&str; 4] = ["nll-vs-time", "nll-vs-examples", "excess-vs-time", "excess-vs-examples"];

    /// The charts of the report: quality against time, and against examples seen. Quality is the excess if a layer has
    /// one, and the NLL otherwise.
    pub fn charts(&self) -> [Chart; 2] {
        let excess = self.excess_vs_time().zip(self.excess_vs_examples());
        excess.map_or_else(|| [self.nll_vs_time(), self.nll_vs_examples()], <[Chart; 2]>::from)
    }

    /// Held-out NLL against seconds of training, a curve a layer, with the Pareto front.
    pub fn nll_vs_time(&self) -> Chart {
        let title = "Held-out NLL against seconds of training";
        with_front(self.nll(Self::CHARTS[0], title, seconds(), |p| p.seconds))
    }

    /// Held-out NLL against examples seen, a curve a layer.
    pub fn nll_vs_examples(&self) -> Chart {
        let title = "Held-out NLL against examples seen";
        self.nll(Self::CHARTS[1], title, examples(), |p| p.examples as f64)
    }

    /// Distance from the truth against seconds of training on a logarithmic axis, a curve a layer, with the Pareto
    /// front; `None` where the truth is not known.
    pub fn excess_vs_time(&self) -> Option<Chart> {
        let title = "Excess over the truth against seconds of training";
        self.excess(Self::CHARTS[2], title, seconds(), |p| p.seconds).map(with_front)
    }

    /// Distance from the truth against examples seen, both on logarithmic axes, a curve a layer; `None` where the truth
    /// is not known.
    pub fn excess_vs_examples(&self) -> Option<Chart> {
        let title = "Excess over the truth against examples seen";
        self.excess(Self::CHARTS[3], title, examples(), |p| p.examples as f64)
    }

    /// The highest NLL shown in a chart. Layers start at the unigram model; a brief excursion far above it would
    /// squeeze the rest of the curve. The end of a curve is always shown.
    fn highest(&self) -> f64 {
        let points = || self.layers.iter().flat_map(|l| &l.curve).map(|p| p.valid_nll);
        let ends = self.layers.iter().filter_map(|l| l.curve.last()).map(|p| p.valid_nll);
        let least = points().fold(f64::INFINITY, f64::min);
        let high = ends.filter(|nll| nll.is_finite()).fold(self.corpus.unigram_nll, f64::max);
        high + 0.5 * (high - least).max(0.0)
    }

    fn nll(&self, id: &'static str, title: &str, x: Axis, at: fn(&CurvePoint) -> f64) -> Chart {
        let (highest, nll) = (self.highest(), |p: &CurvePoint| Some(p.valid_nll));
        let entropy = self.corpus.entropy_rate.map(|y| Level { name: "entropy rate".into(), y });
        let level = if entropy.is_some() { " The dotted line is the entropy rate, the least there is." } else { "" };
        let above = self.layers.iter().any(|l| l.curve.iter().any(|p| p.valid_nll > highest));
        let above = if above { format!(" Points above {highest:.2} nats are left out.") } else { String::new() };
        let note = format!(
            "Lower is better. Each point is the exact, normalized NLL on the same {} held-out examples, evenly spaced \
             among those of the table; {BUDGET}{level}{above}",
            self.config.curve_examples
        );
        Chart {
            id,
            title: title.into(),
            note,
            x,
            y: Axis::linear("held-out NLL, nats a word", Unit::Nats),
            series: self.series(at, nll, |y| y <= highest),
            levels: entropy.into_iter().collect(),
            marks: Vec::new(),
            front: Vec::new(),
        }
    }

    fn excess(&self, id: &'static str, title: &str, x: Axis, at: fn(&CurvePoint) -> f64) -> Option<Chart> {
        // Sparse layers have no finite excess, so a comparison of nothing else has no such picture.
        if !self.layers.iter().any(|l| l.curve.iter().any(|p| p.excess_nats.is_some_and(|e| e > 0.0))) {
            return None;
        }
        Some(Chart {
            id,
            title: title.into(),
            note: format!(
                "Lower is better. Excess is the distance from the true distribution in nats a word, on a logarithmic \
                 axis; {BUDGET}"
            ),
            x,
            y: Axis::log("excess, nats above the truth", Unit::Nats),
            series: self.series(at, |p| p.excess_nats, |y| y > 0.0),
            levels: Vec::new(),
            marks: Vec::new(),
            front: Vec::new(),
        })
    }

    /// A curve a layer, of the points that have a place on the axes.
    fn series(
        &self,
        x: fn(&CurvePoint) -> f64,
        y: fn(&CurvePoint) -> Option<f64>,
        has_room: impl Fn(f64) -> bool,
    ) -> Vec<Series> {
        // A clock that stood still has no place on a logarithmic axis, and ln 0 none on any.
        let is_drawn = |p: &[f64; 2]| p[0] > 0.0 && p[1].is_finite() && has_room(p[1]);
        let points = |l: &LayerRow| l.curve.iter().filter_map(|p| Some([x(p), y(p)?])).filter(is_drawn).collect();
        let layers = self.layers.iter().enumerate();
        layers.map(|(n, l)| Series { name: l.layer.clone(), look: Look::of(n), points: points(l) }).collect()
    }

    /// The report.
    #[cfg(feature = "report")]
    pub fn page(&self) -> Page {
        Page {
            title: format!("{} output layers on {}", self.layers.len(), self.corpus.source.join(", ")),
            lead: self.lead(),
            charts: self.charts().into(),
            grid: self.grid(),
            notes: self.notes(),
            facts: self.facts(),
        }
    }

    /// The layers with the lowest loss and with the shortest time.
    #[cfg(feature = "report")]
    fn lead(&self) -> Vec<String> {
        let least = |key: fn(&LayerRow) -> f64| self.layers.iter().min_by(|a, b| key(a).total_cmp(&key(b)));
        let (Some(best), Some(fastest)) = (least(|l| l.valid_nll), least(|l| l.ns_per_example)) else {
            return Vec::new();
        };
        let budget = match (self.config.budget_seconds, self.config.budget_examples) {
            (Some(seconds), _) => format!("{} of training", Unit::Seconds.write(seconds)),
            (_, Some(examples)) => format!("{} examples", Unit::Count.write(examples as f64)),
            _ => "the budget".into(),
        };
        if !best.valid_nll.is_finite() {
            return Vec::new();
        }
        let gain = self.corpus.unigram_nll - best.valid_nll;
        let mut lead = vec![
            format!(
                "After {budget} a layer, {} has the lowest held-out NLL: {:.3} nats, {gain:.3} below the unigram model.",
                best.layer, best.valid_nll
            ),
            format!(
                "{} takes the least time an example: {}.",
                fastest.layer,
                Unit::Nanoseconds.write(fastest.ns_per_example)
            ),
        ];
        let [chart, _] = self.charts();
        let whose = |at: &[f64; 2]| chart.series.iter().find(|s| s.points.contains(at)).map(|s| s.name.as_str());
        let mut front: Vec<&str> = Vec::new();
        for name in chart.front.iter().filter_map(whose) {
            if !front.contains(&name) {
                front.push(name);
            }
        }
        if !front.is_empty() {
            lead.push(format!(
                "On the Pareto front of quality against time, from early to late: {}.",
                front.join(", ")
            ));
        }
        lead
    }

    #[cfg(feature = "report")]
    fn facts(&self) -> Vec<(String, String)> {
        let (corpus, config) = (&self.corpus, &self.config);
        let mut facts = super::page::run_facts(&self.run, self.lexmax);
        let mut add = |name: &str, value: String| facts.push((name.into(), value));
        let texts =
            [("corpus", &corpus.source, &corpus.sha256), ("held out", &corpus.valid_source, &corpus.valid_sha256)];
        for (name, sources, sums) in texts {
            for (n, source) in sources.iter().enumerate() {
                let sum = sums.get(n).and_then(Option::as_deref).map_or(String::new(), |s| format!(" · SHA-256 {s}"));
                add(name, format!("{source}{sum}"));
            }
        }
        add("words", format!("{}; kept from {} occurrences on", corpus.vocab, config.min_count));
        add(
            "model",
            format!("{}, window {}, {}, d = {}", name(&config.model), config.window, name(&config.context), config.dim),
        );
        add("optimizer", format!("{}, its rate falling to 0", name(&config.optimizer)));
        add("threads", config.threads.to_string());
        add("seed", config.seed.to_string());
        facts
    }
}
