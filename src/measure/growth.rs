//! Growth of times with the vocabulary: fits, and the V from which one layer is cheaper than another.

use serde::Serialize;

/// Growth of the time of a step with V, fitted to the points of a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fit {
    /// Name of the layer, with its settings.
    pub layer: String,
    /// Number of fitted points.
    pub points: usize,
    /// Slope of ln time in ln V: 1 is linear, 0 is constant.
    pub power: f64,
    /// Share of the variance of ln time that the power law explains.
    pub power_r2: f64,
    /// Slope of time in log₁₀ V, in nanoseconds per example: the time that ten times as many words add.
    pub ns_per_decade: f64,
    /// Share of the variance of time that the line in log V explains.
    pub log_r2: f64,
    /// Growth in words, for example `in log V`.
    pub growth: String,
}

/// The V from which one layer is cheaper than another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Crossover {
    /// Name of the cheaper layer.
    pub cheaper: String,
    /// Name of the more expensive layer.
    pub than: String,
    /// V at which their times meet, on straight lines between the measured points in ln time and ln V. If `throughout`,
    /// the smallest measured V.
    pub from_vocab: f64,
    /// Whether the layer is cheaper at every measured V.
    pub throughout: bool,
}

/// Times of a layer: V and nanoseconds per example, in rising order of V.
pub type Times = [(f64, f64)];

impl Fit {
    /// Fits by least squares; `None` for fewer than two points.
    pub fn new(layer: &str, times: &Times) -> Option<Self> {
        let ln = |f: fn(&(f64, f64)) -> (f64, f64)| times.iter().map(f).collect::<Vec<_>>();
        let power = line(&ln(|(k, t)| (k.ln(), t.ln())))?;
        let log = line(&ln(|(k, t)| (k.log10(), *t)))?;
        let growth = match power.slope {
            p if p < 0.1 => "about constant".into(),
            // A logarithm bends the power law; below a square root it may be the better description.
            p if p < 0.5 && log.r2 >= power.r2 => "in log V".into(),
            p => format!("as V^{p:.2}"),
        };
        let layer = layer.to_string();
        let (power, power_r2) = (power.slope, power.r2);
        Some(Self { layer, points: times.len(), power, power_r2, ns_per_decade: log.slope, log_r2: log.r2, growth })
    }
}

struct Line {
    slope: f64,
    r2: f64,
}

fn line(points: &[(f64, f64)]) -> Option<Line> {
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sum = |f: &dyn Fn(f64, f64) -> f64| points.iter().map(|p| f(p.0 - x, p.1 - y)).sum::<f64>();
    let (xx, xy, yy) = (sum(&|x, _| x * x), sum(&|x, y| x * y), sum(&|_, y| y * y));
    if points.len() < 2 || xx <= 0.0 {
        return None;
    }
    let r2 = if yy > 0.0 { xy * xy / (xx * yy) } else { 1.0 };
    Some(Line { slope: xy / xx, r2 })
}

/// Factor by which one layer must be cheaper than another at the last measured V. A smaller difference may be noise.
const CLEARLY: f64 = 1.1;

/// Finds the V from which `a` is cheaper than `b`: the last change of sign over the vocabularies that both have. At the
/// last of them `a` must be clearly cheaper, otherwise the result is `None`.
pub fn crossover(a: (&str, &Times), b: (&str, &Times)) -> Option<Crossover> {
    let other = |k: f64| b.1.iter().find(|p| p.0 == k).map(|p| p.1);
    // ln t_a − ln t_b: negative if a is cheaper.
    let gap: Vec<(f64, f64)> =
        a.1.iter().filter_map(|(k, t)| other(*k).map(|other| (k.ln(), (t / other).ln()))).collect();
    let (_, last) = gap.last()?;
    if *last > -CLEARLY.ln() || gap.len() < 2 {
        return None;
    }
    let made = |from_vocab, throughout| Crossover { cheaper: a.0.into(), than: b.0.into(), from_vocab, throughout };
    Some(match gap.windows(2).rev().find(|pair| pair[0].1 >= 0.0) {
        None => made(gap[0].0.exp(), true),
        Some(pair) => {
            let [(k0, g0), (k1, g1)] = [pair[0], pair[1]];
            made((k0 + (k1 - k0) * g0 / (g0 - g1)).exp(), false)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(f: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        [1e3, 1e4, 1e5, 1e6].map(|k| (k, f(k))).to_vec()
    }

    #[test]
    fn laws_are_found_again() {
        let linear = Fit::new("full", &times(|k| 3.0 * k)).unwrap();
        assert!((linear.power - 1.0).abs() < 1e-12 && linear.power_r2 > 1.0 - 1e-12, "{linear:?}");
        assert_eq!(linear.growth, "as V^1.00");
        let tree = Fit::new("tree", &times(|k| 50.0 * k.log10() - 100.0)).unwrap();
        assert!((tree.ns_per_decade - 50.0).abs() < 1e-9 && tree.log_r2 > tree.power_r2, "{tree:?}");
        assert_eq!(tree.growth, "in log V");
        assert_eq!(Fit::new("flat", &times(|_| 7.0)).unwrap().growth, "about constant");
        assert_eq!(Fit::new("one", &[(1e3, 1.0)]), None);
    }

    #[test]
    fn lines_meet_where_they_meet() {
        let (full, tree) = (times(|k| 2.0 * k), times(|_| 20_000.0));
        let found = crossover(("tree", &tree), ("full", &full)).unwrap();
        assert!((found.from_vocab - 1e4).abs() < 1e-6 && !found.throughout, "{found:?}");
        assert_eq!(crossover(("full", &full), ("tree", &tree)), None);
        // The lines also meet between the points, on straight lines in the logarithms.
        let dear = times(|_| 6_000.0);
        let found = crossover(("dear", &dear), ("full", &full)).unwrap();
        assert!((found.from_vocab - 3e3).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn only_common_points_count_and_throughout_is_said() {
        let (full, tree) = (times(|k| k), times(|k| k.sqrt()));
        let found = crossover(("tree", &tree), ("full", &full[..3])).unwrap();
        assert!(found.throughout && (found.from_vocab - 1e3).abs() < 1e-6, "{found:?}");
        // A difference of 5 % counts as none, one of 20 % does not.
        assert_eq!(crossover(("less", &times(|k| 0.95 * k)), ("full", &full)), None);
        assert!(crossover(("less", &times(|k| 0.8 * k)), ("full", &full)).is_some());
        assert_eq!(crossover(("tree", &tree), ("full", &full[..1])), None);
    }
}
