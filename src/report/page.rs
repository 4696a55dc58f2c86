//! One self-contained page: pictures, a table, and how all of it was measured.

use super::chart::Chart;
use super::grid::{Cell, Grid};
use super::svg::svg;
use crate::error::{Result, shown};
use crate::files::Output;
use crate::measure::RunFacts;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// The content of a page.
#[derive(Clone, Debug)]
pub struct Page {
    /// The heading.
    pub title: String,
    /// The main result, in a sentence or two.
    pub lead: Vec<String>,
    /// The pictures; the first answers the question. One without a point (no layer with a finite NLL) is left out.
    pub charts: Vec<Chart>,
    /// The numbers.
    pub grid: Grid,
    /// Further remarks.
    pub notes: Vec<String>,
    /// The conditions of the measurement, as names with values.
    pub facts: Vec<(String, String)>,
}

/// Chart.js 4.6.1, MIT.
const LIBRARY: &str = include_str!("assets/chart.umd.min.js");
const LICENCE: &str = include_str!("assets/CHARTJS-LICENSE.md");
const STYLE: &str = include_str!("assets/page.css");
const SCRIPT: &str = include_str!("assets/page.js");
/// Without scripts, as in the preview of a mail, the print versions of the charts are shown.
const STILL: &str =
    "<noscript><style>nav, .hint, .chart, figure h2 { display: none; } .print { display: block; }</style></noscript>\n";

impl Page {
    /// The page as HTML that needs no network and no other file.
    ///
    /// # Errors
    /// A chart that cannot be drawn.
    pub fn to_html(&self) -> Result<String> {
        let charts = self.drawn();
        let pictures = charts.iter().copied().map(svg).collect::<Result<Vec<_>>>()?;
        let title = escaped(&self.title);
        let mut html = String::with_capacity(LIBRARY.len() + (1 << 17));
        html += "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
        html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
        html += "<meta name=\"color-scheme\" content=\"light dark\">\n";
        // Nothing is fetched, whatever the data says.
        html += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
                 script-src 'unsafe-inline'; img-src data:\">\n";
        html +=
            &format!("<title>{title}</title>\n<style>\n{STYLE}</style>\n{STILL}</head>\n<body>\n<h1>{title}</h1>\n");
        self.lead.iter().for_each(|line| html += &format!("<p class=\"lead\">{}</p>\n", escaped(line)));
        html += "<nav id=\"layers\" aria-label=\"Layers: click to switch off and on\"></nav>\n";
        for (chart, picture) in charts.iter().zip(&pictures) {
            let (id, title, note) = (chart.id, escaped(&chart.title), escaped(&chart.note));
            html += &format!(
                "<figure>\n<h2>{title}</h2>\n<div class=\"chart\"><canvas id=\"chart-{id}\" role=\"img\" \
                 aria-label=\"{title}\"></canvas></div>\n<div class=\"print\">{picture}</div>\n\
                 <figcaption>{note}</figcaption>\n</figure>\n"
            );
        }
        html += "<h2>The numbers</h2>\n<p class=\"hint\">Click a heading to sort. Scroll sideways for more columns; the layer's name stays.</p>\n";
        html += &table(&self.grid);
        self.notes.iter().for_each(|note| html += &format!("<p>{}</p>\n", escaped(note)));
        html += "<h2>How it was measured</h2>\n<dl>\n";
        self.facts.iter().for_each(|(k, v)| html += &format!("<dt>{}</dt><dd>{}</dd>\n", escaped(k), escaped(v)));
        html += "</dl>\n";
        html += &format!("<script id=\"data\" type=\"application/json\">{}</script>\n", inert(&charts));
        html +=
            &format!("<!--\n{LICENCE}-->\n<script>{LIBRARY}</script>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
        Ok(html)
    }

    fn drawn(&self) -> Vec<&Chart> {
        self.charts.iter().filter(|chart| chart.frame().is_some()).collect()
    }
}

/// The conditions under which something was measured.
pub(super) fn run_facts(run: &RunFacts, version: &str) -> Vec<(String, String)> {
    let date = UNIX_EPOCH + Duration::from_secs(run.unix_seconds);
    let memory = run.memory_bytes.map_or(String::new(), |b| format!(", {:.0} GiB", b as f64 / (1u64 << 30) as f64));
    let facts = [
        ("command", run.command.clone().unwrap_or("a program that calls the library".into())),
        ("at", humantime::format_rfc3339_seconds(date).to_string()),
        ("machine", format!("{}, {} cores{memory}, {}", run.processor, run.cores, run.system)),
        ("versions", format!("lexmax {version}, {}, Chart.js 4.6.1", run.rustc)),
    ];
    facts.map(|(name, value)| (name.to_string(), value)).to_vec()
}

/// Writes the page as `name`.html into a folder, and each of its charts as SVG beside it. Returns the path of the page.
///
/// # Errors
/// A file that cannot be written, or a chart that cannot be drawn.
pub fn write_page(page: &Page, folder: &Path, name: &str) -> Result<PathBuf> {
    for chart in page.drawn() {
        Output::new(&picture(folder, chart.id))?.put(svg(chart)?.as_bytes())?;
    }
    let path = html(folder, name);
    Output::new(&path)?.put(page.to_html()?.as_bytes())?;
    Ok(path)
}

/// The files that [`write_page`] writes into a folder: the page, and the pictures of these charts.
#[cfg(feature = "cli")]
pub(crate) fn page_files(folder: &Path, name: &str, charts: &[&str]) -> Vec<PathBuf> {
    std::iter::once(html(folder, name)).chain(charts.iter().map(|id| picture(folder, id))).collect()
}

fn html(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.html"))
}

fn picture(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.svg"))
}

/// The data as JSON in which no tag can begin, and without control characters.
fn inert(charts: &[&Chart]) -> String {
    let json = json!({ "charts": charts }).to_string();
    super::grid::inert(&json.replace('<', "\\u003c").replace('>', "\\u003e"))
}

fn table(grid: &Grid) -> String {
    // The layer's name stays at the left while the other columns are scrolled, also by arrow keys.
    let mut html = String::from(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"The numbers\">\
         <table id=\"table\">\n<thead><tr>",
    );
    for column in &grid.columns {
        let (about, heading) = (escaped(column.about), escaped(column.heading));
        write!(html, "<th scope=\"col\" title=\"{about}\"><button type=\"button\">{heading}</button></th>")
            .expect("a string");
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in &grid.rows {
        let name = escaped(row.first().map_or("", Cell::shown));
        write!(html, "<tr data-layer=\"{name}\">").expect("a string");
        for (c, cell) in row.iter().enumerate() {
            let value = cell.value().map_or(String::new(), |v| format!(" data-value=\"{v}\""));
            let bar = grid.share(c, cell).map_or(String::new(), |share| {
                format!("<span class=\"bar\" style=\"width:{:.1}%\"></span>", 100.0 * share)
            });
            write!(html, "<td{value}>{}{bar}</td>", escaped(cell.shown())).expect("a string");
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table></div>\n"
}

/// Text in which no tag can begin, and without control characters.
fn escaped(text: &str) -> String {
    let text = shown::escaped(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::super::chart::{Axis, Look, Series, Unit};
    use super::super::grid::Column;
    use super::*;

    const EVIL: &str = "</script><script>alert(1)</script>\"'&\u{2028}\u{1b}[31m\u{9b}\u{202e}";

    fn page() -> Page {
        let series = Series { name: EVIL.into(), look: Look::of(0), points: vec![[1.0, 2.0], [2.0, 1.0]] };
        let chart = Chart {
            id: "nll",
            title: EVIL.into(),
            note: EVIL.into(),
            x: Axis::log("seconds", Unit::Seconds),
            y: Axis::linear("NLL", Unit::Nats),
            series: vec![series],
            levels: Vec::new(),
            marks: Vec::new(),
            front: Vec::new(),
        };
        let grid =
            Grid { columns: vec![Column::new("layer", "layer", EVIL)], rows: vec![vec![Cell::Text(EVIL.into())]] };
        let facts = vec![(EVIL.into(), EVIL.into())];
        Page { title: EVIL.into(), lead: vec![EVIL.into()], charts: vec![chart], grid, notes: vec![EVIL.into()], facts }
    }

    #[test]
    fn data_stays_data() {
        let html = page().to_html().unwrap();
        assert!(!html.contains("<script>alert"));
        // In the picture, too, which is part of the page.
        let ours = html.replace(LIBRARY, "");
        assert!(!ours.contains(|c| c != '\n' && shown::is_control(c)) && ours.contains("\\u{1b}[31m"));
        // Data, library and program.
        assert_eq!(html.matches("</script>").count(), 3);
        let data = html.split("type=\"application/json\">").nth(1).unwrap().split("</script>").next().unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["charts"][0]["series"][0]["name"], EVIL);
    }

    #[test]
    fn nothing_is_fetched() {
        let html = page().to_html().unwrap();
        for reference in ["src=", "<link", "@import", "url("] {
            let outside = html.replace(LIBRARY, "");
            assert!(!outside.contains(reference), "{reference}");
        }
        assert!(html.contains("Permission is hereby granted"), "the licence of the library goes with it");
    }
}
