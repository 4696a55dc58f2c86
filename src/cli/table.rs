//! How tables are printed.

use crate::error::shown::escaped;
use crate::report::Overview;
use crate::report::terminal::{self, Style};
use crate::report::{Chart, Grid};
use clap::ValueEnum;

/// How the table is printed. All but `text` print nothing else.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Aligned, with bars.
    #[default]
    Text,
    /// An object a row.
    Json,
    /// A line a row.
    Csv,
    /// For documents.
    Markdown,
}

/// The table as asked for; with `Text` the notes below it.
pub fn formatted(grid: &Grid, format: Table, notes: &[String]) -> String {
    match format {
        Table::Json => grid.to_json(),
        Table::Csv => grid.to_csv(),
        Table::Markdown => terminal::markdown(grid),
        Table::Text => terminal::text(grid, style()) + "\n" + &lines(notes),
    }
}

/// A chart and a line break, where the terminal allows.
pub fn picture(chart: &Chart) -> String {
    crate::report::picture(chart, style()).map_or(String::new(), |drawn| drawn + "\n")
}

/// Words under headings, and the notes below.
pub fn overview(overview: &Overview, notes: &[String]) -> String {
    terminal::words(overview, style()) + "\n" + &lines(notes)
}

/// Notes, a line each.
pub fn lines(notes: &[String]) -> String {
    notes.iter().map(|note| format!("{}\n", escaped(note))).collect()
}

/// Colours for a terminal, unless NO_COLOR or TERM=dumb say otherwise; as wide as it is.
pub fn style() -> Style {
    let colours = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    Style { colours, width }
}
