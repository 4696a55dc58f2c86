//! A chart as data: for the page, for SVG, for the terminal.

use serde::Serialize;

/// Curves over two axes.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// Its name among files: letters and hyphens.
    pub id: &'static str,
    /// The question that it answers.
    pub title: String,
    /// A note for reading the chart.
    pub note: String,
    /// The axis to the right.
    pub x: Axis,
    /// The axis upwards.
    pub y: Axis,
    /// The curves.
    pub series: Vec<Series>,
    /// Values of y that apply to all curves, such as the lowest possible loss.
    pub levels: Vec<Level>,
    /// Points that bear a name.
    pub marks: Vec<Mark>,
    /// Points of the [`pareto_front`], where it is drawn.
    pub front: Vec<[f64; 2]>,
}

/// An axis.
#[derive(Clone, Debug, Serialize)]
pub struct Axis {
    /// The quantity on the axis, with its unit.
    pub label: String,
    /// The format of its numbers.
    pub unit: Unit,
    /// Whether the axis is logarithmic.
    pub log: bool,
}

/// The format of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// 1,000,000.
    Count,
    /// Nanoseconds, as ns, µs, ms or s.
    Nanoseconds,
    /// Seconds, as µs, ms, s, min, h or days.
    Seconds,
    /// Bytes, as kB, MB or GB.
    Bytes,
    /// Nats, with three decimals.
    Nats,
}

/// A curve.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The name of the curve.
    pub name: String,
    /// The colour, dashes and marker.
    pub look: Look,
    /// Its points, by rising x.
    pub points: Vec<[f64; 2]>,
}

/// A value of y that applies to all curves.
#[derive(Clone, Debug, Serialize)]
pub struct Level {
    /// The name of the level.
    pub name: String,
    /// The value of y.
    pub y: f64,
}

/// A point that bears a name.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    /// The name of the point.
    pub name: String,
    /// The names of the curves through the point.
    pub of: Vec<String>,
    /// The coordinates, x and y.
    pub at: [f64; 2],
}

/// Colour, dashes and marker: two curves differ in more than the colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// The colour as `#rrggbb`; black stands for the text colour.
    pub colour: &'static str,
    /// Pixels on and off; none for a whole line.
    pub dash: &'static [u32],
    /// The marker's name in Chart.js.
    pub marker: &'static str,
}

/// Okabe & Ito 2008, without their yellow, which is too pale on white.
const COLOURS: [&str; 7] = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const DASHES: [&[u32]; 4] = [&[], &[8, 4], &[2, 3], &[10, 3, 2, 3]];
const MARKERS: [&str; 5] = ["circle", "rect", "triangle", "rectRot", "crossRot"];

impl Look {
    /// The look of the n-th curve; the first 140 differ.
    pub fn of(n: usize) -> Self {
        let (colours, dashes) = (COLOURS.len(), DASHES.len());
        Self { colour: COLOURS[n % colours], dash: DASHES[n / colours % dashes], marker: MARKERS[n % MARKERS.len()] }
    }
}

impl Axis {
    /// The position of a value on the axis, up to scale and shift.
    fn place(&self, value: f64) -> f64 {
        if self.log { value.ln() } else { value }
    }

    /// A logarithmic axis.
    pub fn log(label: &str, unit: Unit) -> Self {
        Self { label: label.into(), unit, log: true }
    }

    /// A linear axis.
    pub fn linear(label: &str, unit: Unit) -> Self {
        Self { label: label.into(), unit, log: false }
    }
}

impl Unit {
    /// A number with its unit, in three figures at most.
    pub fn write(self, x: f64) -> String {
        let scaled = |steps: &[(f64, &str)]| {
            let (size, name) = steps.iter().rev().find(|(size, _)| x >= *size * 0.9995).unwrap_or(&steps[0]);
            format!("{} {name}", figures(x / size))
        };
        match self {
            Self::Count => scaled(&[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")]).replace(' ', ""),
            Self::Nanoseconds => scaled(&[(1.0, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]),
            Self::Seconds => {
                scaled(&[(1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86_400.0, "days")])
            }
            Self::Bytes => scaled(&[(1.0, "B"), (1e3, "kB"), (1e6, "MB"), (1e9, "GB")]),
            Self::Nats => format!("{x:.3}"),
        }
    }
}

fn figures(x: f64) -> String {
    let digits = match x.abs() {
        a if a >= 99.95 || a == 0.0 => 0,
        a if a >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// Points of all curves that nothing beats, by rising x. Lower is better on both axes. Each point of the front has a
/// lower y than every point at its x or to the left of it, and no line between two points of a curve passes below it.
pub fn pareto_front(series: &[Series], axes: [&Axis; 2]) -> Vec<[f64; 2]> {
    let place = |p: &[f64; 2]| [axes[0].place(p[0]), axes[1].place(p[1])];
    let is_below = |pair: &[[f64; 2]], p: &[f64; 2]| {
        let ([x0, y0], [x1, y1], [x, y]) = (place(&pair[0]), place(&pair[1]), place(p));
        x0 < x && x < x1 && y0 + (y1 - y0) * (x - x0) / (x1 - x0) < y
    };
    let mut points: Vec<[f64; 2]> = series.iter().flat_map(|s| s.points.iter().copied()).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let mut least = f64::INFINITY;
    points.retain(|p| {
        p[1] < least && !series.iter().any(|s| s.points.windows(2).any(|pair| is_below(pair, p))) && {
            least = p[1];
            true
        }
    });
    points
}

impl Chart {
    /// The least and the greatest x and y of all that is drawn; `None` where nothing is.
    pub fn bounds(&self) -> Option<[[f64; 2]; 2]> {
        let points = || self.series.iter().flat_map(|s| &s.points);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], v| [l.min(v), h.max(v)])
        };
        let x = range(&mut points().map(|p| p[0]));
        let y = range(&mut points().map(|p| p[1]).chain(self.levels.iter().map(|l| l.y)));
        (x[0] <= x[1] && y[0] <= y[1]).then_some([x, y])
    }

    /// The same with some room around: a little more than a point to each side.
    pub fn frame(&self) -> Option<[[f64; 2]; 2]> {
        let [x, y] = self.bounds()?;
        Some([widened(x, self.x.log), widened(y, self.y.log)])
    }
}

fn widened([low, high]: [f64; 2], log: bool) -> [f64; 2] {
    if log {
        let room = (high / low).max(1.5).powf(0.04);
        [low / room, high * room]
    } else {
        let room = (high - low).max(0.01 + 1e-3 * high.abs()) * 0.04;
        [low - room, high + room]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_differ() {
        let looks: Vec<Look> = (0..140).map(Look::of).collect();
        assert!((0..140).all(|i| (0..i).all(|j| looks[i] != looks[j])));
        // Neighbours differ in colour and marker, so that black and white tell them apart too.
        assert!(looks.windows(2).all(|w| w[0].colour != w[1].colour && w[0].marker != w[1].marker));
    }

    #[test]
    fn no_point_beats_one_of_the_front() {
        let series = |points: &[[f64; 2]]| Series { name: "a".into(), look: Look::of(0), points: points.to_vec() };
        let fast = series(&[[1.0, 9.0], [2.0, 5.0], [4.0, 4.9]]);
        let good = series(&[[1.0, 8.0], [2.0, 7.0], [4.0, 3.0], [5.0, 3.0]]);
        let axes = [&Axis::linear("x", Unit::Seconds), &Axis::linear("y", Unit::Nats)];
        assert_eq!(pareto_front(&[fast, good], axes), [[1.0, 8.0], [2.0, 5.0], [4.0, 3.0]]);
    }

    #[test]
    fn a_point_above_a_line_of_the_picture_is_not_on_the_front() {
        let series = |points: &[[f64; 2]]| Series { name: "a".into(), look: Look::of(0), points: points.to_vec() };
        let front = |y: f64, x: &Axis| {
            let curves = [series(&[[1.0, 9.0], [100.0, 1.0]]), series(&[[10.0, y]])];
            pareto_front(&curves, [x, &Axis::linear("y", Unit::Nats)]).len()
        };
        // The line is at 5 where 10 lies in the middle of a logarithmic axis, and at 8.3 on a linear one.
        let (log, linear) = (Axis::log("x", Unit::Seconds), Axis::linear("x", Unit::Seconds));
        assert_eq!([front(4.9, &log), front(5.1, &log), front(5.1, &linear), front(8.4, &linear)], [3, 2, 3, 2]);
    }

    #[test]
    fn numbers_have_units() {
        assert_eq!(Unit::Nanoseconds.write(1_771.0), "1.77 µs");
        assert_eq!(Unit::Nanoseconds.write(9_387_000.0), "9.39 ms");
        assert_eq!(Unit::Count.write(31_623.0), "31.6k");
        assert_eq!(Unit::Count.write(1e6), "1M");
        assert_eq!(Unit::Seconds.write(0.25), "250 ms");
        assert_eq!(Unit::Seconds.write(7_200.0), "2 h");
        assert_eq!(Unit::Seconds.write(4e-6), "4 µs");
        assert_eq!(Unit::Bytes.write(5.16e8), "516 MB");
        assert_eq!(Unit::Nats.write(6.03617), "6.036");
    }
}
