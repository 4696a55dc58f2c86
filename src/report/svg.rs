//! Charts as SVG, for papers and for print.

use super::chart::{Axis, Chart, Look};
use crate::error::shown::escaped;
use crate::error::{Error, Result};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

const SIZE: (u32, u32) = (900, 480);
const LEGEND: u32 = 210;
/// From one name of the legend to the next, where there is room.
const LINE: i32 = 19;
const FONT: &str = "sans-serif";
const GRAY: RGBColor = RGBColor(110, 110, 110);
/// The Pareto front, wide and pale below the curves.
const FRONT: RGBColor = RGBColor(205, 205, 205);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

/// The chart as a file of SVG.
///
/// # Errors
/// A chart without a point.
pub fn svg(chart: &Chart) -> Result<String> {
    let frame = chart.frame().ok_or(Error::NoPoints(chart.id))?;
    let mut out = String::new();
    {
        let root = SVGBackend::with_string(&mut out, SIZE).into_drawing_area();
        draw(chart, frame, &root).expect("a picture in memory");
    }
    Ok(out)
}

fn draw(chart: &Chart, frame: [[f64; 2]; 2], root: &Area) -> Drawn {
    root.fill(&WHITE)?;
    let title = (FONT, 17).into_font().color(&BLACK);
    root.draw(&Text::new(escaped(&chart.title), (14, 10), title))?;
    let (plot, legend) = root.margin(34, 4, 6, 0).split_horizontally(SIZE.0 - LEGEND);
    let [[x0, x1], [y0, y1]] = frame;
    let log = |low: f64, high: f64| {
        let [named, other] = ticks(low, high);
        (low..high).log_scale().with_key_points(named).with_light_points(other)
    };
    match (chart.x.log, chart.y.log) {
        (true, true) => curves(chart, &plot, log(x0, x1), log(y0, y1))?,
        (true, false) => curves(chart, &plot, log(x0, x1), y0..y1)?,
        (false, true) => curves(chart, &plot, x0..x1, log(y0, y1))?,
        (false, false) => curves(chart, &plot, x0..x1, y0..y1)?,
    }
    names(chart, &legend)?;
    root.present()?;
    Ok(())
}

/// Up to this many decades, 2 and 5 are labelled besides 1.
const SHORT: f64 = 2.5;

/// Places on a logarithmic axis: those with a name, and all multiples of powers of ten.
fn ticks(low: f64, high: f64) -> [Vec<f64>; 2] {
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let all: Vec<(u32, f64)> = decades
        .flat_map(|decade| (1..10).map(move |digit| (digit, f64::from(digit) * 10f64.powi(decade))))
        .filter(|(_, at)| (low..=high).contains(at))
        .collect();
    let is_short = (high / low).log10() < SHORT;
    let named = |digit: u32| digit == 1 || (is_short && (digit == 2 || digit == 5));
    let at = |wanted: &dyn Fn(u32) -> bool| all.iter().filter(|(digit, _)| wanted(*digit)).map(|(_, at)| *at).collect();
    [at(&named), at(&|_| true)]
}

fn curves<X, Y>(chart: &Chart, area: &Area, x: X, y: Y) -> Drawn
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
    Y::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
{
    let mut plot = ChartBuilder::on(area).x_label_area_size(44).y_label_area_size(72).build_cartesian_2d(x, y)?;
    let write = |axis: &Axis| {
        let unit = axis.unit;
        move |value: &f64| unit.write(*value)
    };
    plot.configure_mesh()
        .x_desc(&chart.x.label)
        .y_desc(&chart.y.label)
        .x_labels(8)
        .y_labels(8)
        .x_label_formatter(&write(&chart.x))
        .y_label_formatter(&write(&chart.y))
        .label_style((FONT, 13))
        .light_line_style(RGBColor(240, 240, 240))
        .bold_line_style(RGBColor(215, 215, 215))
        .draw()?;
    let [[x0, x1], _] = chart.frame().expect("a point");
    for level in &chart.levels {
        let line = [(x0, level.y), (x1, level.y)];
        plot.draw_series(DashedLineSeries::new(line, 3, 3, GRAY.into()))?;
        plot.draw_series([Text::new(
            escaped(&level.name).into_owned(),
            (x0, level.y),
            (FONT, 12).into_font().color(&GRAY),
        )])?;
    }
    // Below the curves, which it follows.
    let front = chart.front.iter().map(|p| (p[0], p[1]));
    plot.draw_series(LineSeries::new(front, FRONT.stroke_width(9)))?;
    for series in &chart.series {
        let style = stroke(series.look);
        let points = series.points.iter().map(|p| (p[0], p[1]));
        match series.look.dash {
            [] => drop(plot.draw_series(LineSeries::new(points.clone(), style))?),
            dash => drop(plot.draw_series(DashedLineSeries::new(points.clone(), dash[0], dash[1], style))?),
        }
        let look = series.look;
        plot.draw_series(points.map(|at| EmptyElement::at(at) + marker(look, (0, 0))))?;
    }
    let ring = chart.marks.iter().map(|mark| Circle::new((mark.at[0], mark.at[1]), 7, BLACK.stroke_width(1)));
    plot.draw_series(ring)?;
    Ok(())
}

/// The legend: a piece of line, its marker and the name.
fn names(chart: &Chart, area: &Area) -> Drawn {
    let others = i32::from(!chart.marks.is_empty()) + i32::from(!chart.front.is_empty());
    let line = LINE.min((SIZE.1 as i32 - 60) / (chart.series.len() as i32 + others).max(1));
    for (n, series) in chart.series.iter().enumerate() {
        let y = 14 + line * n as i32;
        let style = stroke(series.look);
        let dash = series.look.dash;
        let (on, off) = (dash.first().copied().unwrap_or(30) as i32, dash.get(1).copied().unwrap_or(0) as i32);
        for x in (6..36).step_by((on + off) as usize) {
            area.draw(&PathElement::new([(x, y), ((x + on).min(36), y)], style))?;
        }
        area.draw(&(EmptyElement::at((21, y)) + marker(series.look, (0, 0))))?;
        area.draw(&Text::new(escaped(&series.name), (42, y - 7), (FONT, 13).into_font().color(&BLACK)))?;
    }
    let mut y = 14 + line * chart.series.len() as i32;
    if !chart.front.is_empty() {
        area.draw(&PathElement::new([(6, y), (36, y)], FRONT.stroke_width(9)))?;
        area.draw(&Text::new("Pareto front", (42, y - 7), (FONT, 13).into_font().color(&BLACK)))?;
        y += line;
    }
    if !chart.marks.is_empty() {
        area.draw(&Circle::new((21, y), 7, BLACK.stroke_width(1)))?;
        area.draw(&Text::new("a crossover", (42, y - 7), (FONT, 13).into_font().color(&BLACK)))?;
    }
    Ok(())
}

fn stroke(look: Look) -> ShapeStyle {
    colour(look).stroke_width(2)
}

fn colour(look: Look) -> RGBColor {
    let part = |at: usize| u8::from_str_radix(&look.colour[at..at + 2], 16).unwrap_or(0);
    RGBColor(part(1), part(3), part(5))
}

/// The marker as a polygon of pixels around a place.
fn marker(look: Look, (x, y): (i32, i32)) -> Polygon<(i32, i32)> {
    let corners: &[(i32, i32)] = match look.marker {
        "rect" => &[(-3, -3), (3, -3), (3, 3), (-3, 3)],
        "triangle" => &[(0, -4), (4, 3), (-4, 3)],
        "rectRot" => &[(0, -4), (4, 0), (0, 4), (-4, 0)],
        "crossRot" => &[(-4, -3), (-3, -4), (4, 3), (3, 4), (0, 1), (-3, 4), (-4, 3), (3, -4), (4, -3), (1, 0)],
        _ => &[(-1, -3), (1, -3), (3, -1), (3, 1), (1, 3), (-1, 3), (-3, 1), (-3, -1)],
    };
    Polygon::new(corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect::<Vec<_>>(), colour(look).filled())
}

#[cfg(test)]
mod tests {
    use super::super::chart::{Series, Unit};
    use super::*;

    #[test]
    fn a_short_axis_has_more_names_than_powers_of_ten() {
        assert_eq!(ticks(0.3, 16.0)[0], [0.5, 1.0, 2.0, 5.0, 10.0]);
        assert_eq!(ticks(900.0, 1.1e6)[0], [1e3, 1e4, 1e5, 1e6]);
        assert_eq!(ticks(80.0, 210.0)[1], [80.0, 90.0, 100.0, 200.0]);
    }

    #[test]
    fn names_axes_and_curves_are_there() {
        let series = |n: usize, name: &str| Series {
            name: name.into(),
            look: Look::of(n),
            points: vec![[1e3, 10.0], [1e6, 20.0]],
        };
        let mut chart = Chart {
            id: "cost",
            title: "Cost & size".into(),
            note: String::new(),
            x: Axis::log("words V", Unit::Count),
            y: Axis::linear("time", Unit::Nanoseconds),
            series: vec![series(0, "full"), series(8, "a<b")],
            levels: Vec::new(),
            marks: Vec::new(),
            front: Vec::new(),
        };
        let picture = svg(&chart).unwrap();
        for text in ["<svg", "words V", "Cost &amp; size", "full", "a&lt;b", "#0072B2"] {
            assert!(picture.to_lowercase().contains(&text.to_lowercase()), "{text}");
        }
        assert!(!picture.contains("NaN") && !picture.contains("inf"));
        chart.series.clear();
        assert!(svg(&chart).unwrap_err().to_string().contains("cost"));
    }
}
