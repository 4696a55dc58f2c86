//! Charts in the characters of a terminal.

use super::chart::{Axis, Chart, Look};
use super::terminal::Style;
use crate::error::shown::escaped;
use colored::Colorize;
use rgb::RGB8;
use textplots::{ColorPlot, LabelBuilder, LabelFormat, Shape, TickDisplay, TickDisplayBuilder};

/// Dots of the picture, two by four to a character.
const SIZE: (u32, u32) = (140, 72);
/// Characters that it takes with the numbers beside it.
const WIDTH: usize = 84;

/// The chart with a legend line of coloured names. `None` without colours, which tell the curves apart, without enough
/// width, or if nothing is drawn.
pub fn picture(chart: &Chart, style: Style) -> Option<String> {
    let [x, y] = chart.frame().filter(|_| style.colours && style.width.is_some_and(|width| width >= WIDTH))?;
    let at = |axis: &Axis, value: f64| if axis.log { value.ln() as f32 } else { value as f32 };
    let label = |axis: &Axis| {
        let (unit, log) = (axis.unit, axis.log);
        LabelFormat::Custom(Box::new(move |value: f32| {
            unit.write(if log { f64::from(value).exp() } else { f64::from(value) })
        }))
    };
    let curves: Vec<Vec<(f32, f32)>> = chart
        .series
        .iter()
        .map(|s| s.points.iter().map(|p| (at(&chart.x, p[0]), at(&chart.y, p[1]))).collect())
        .collect();
    let shapes: Vec<Shape> = curves.iter().map(|points| Shape::Lines(points)).collect();
    let (x, y) = (x.map(|v| at(&chart.x, v)), y.map(|v| at(&chart.y, v)));
    let mut plot = textplots::Chart::new_with_y_range(SIZE.0, SIZE.1, x[0], x[1], y[0], y[1]);
    let mut drawn =
        plot.x_label_format(label(&chart.x)).y_label_format(label(&chart.y)).y_tick_display(TickDisplay::Sparse);
    for (shape, series) in shapes.iter().zip(&chart.series) {
        drawn = drawn.linecolorplot(shape, colour(series.look));
    }
    drawn.axis();
    drawn.figures();
    let legend: Vec<_> = chart.series.iter().map(|s| named(&escaped(&s.name), colour(s.look))).collect();
    let title = format!("{} ({} →)\n", escaped(&chart.title), chart.x.label);
    Some(format!("{title}{drawn}{}\n", legend.join("  ")))
}

/// A name in its colour, which the picture's library adapts to the terminal.
fn named(name: &str, RGB8 { r, g, b }: RGB8) -> String {
    format!("{} {name}", "━━".truecolor(r, g, b))
}

/// The curve's colour; gray for black, which a dark terminal would swallow.
fn colour(look: Look) -> RGB8 {
    let part = |at: usize| u8::from_str_radix(&look.colour[at..at + 2], 16).unwrap_or(0);
    match [1, 3, 5].map(part) {
        [0, 0, 0] => RGB8::new(150, 150, 150),
        [r, g, b] => RGB8::new(r, g, b),
    }
}

#[cfg(test)]
mod tests {
    use super::super::chart::{Series, Unit};
    use super::*;

    #[test]
    fn there_is_a_picture_where_the_terminal_allows() {
        let series = Series { name: "full".into(), look: Look::of(0), points: vec![[1e3, 10.0], [1e6, 9e6]] };
        let mut chart = Chart {
            id: "cost",
            title: "Cost".into(),
            note: String::new(),
            x: Axis::log("words", Unit::Count),
            y: Axis::log("time", Unit::Nanoseconds),
            series: vec![series],
            levels: Vec::new(),
            marks: Vec::new(),
            front: Vec::new(),
        };
        let style = Style { colours: true, width: Some(100) };
        let drawn = picture(&chart, style).unwrap();
        assert!(drawn.contains("full") && drawn.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)), "{drawn}");
        assert_eq!(picture(&chart, Style { colours: false, ..style }), None);
        assert_eq!(picture(&chart, Style { width: Some(60), ..style }), None);
        chart.series.clear();
        assert_eq!(picture(&chart, style), None);
    }
}
