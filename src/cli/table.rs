//! Formats of printed tables.

use crate::error::shown::escaped;
use crate::report::Overview;
use crate::report::terminal::{self, Style};
use crate::report::{Chart, Grid};
use clap::ValueEnum;

/// The format of a table. All formats but `text` print nothing beside the table.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// Aligned columns with bars.
    #[default]
    Text,
    /// One JSON object for each row.
    Json,
    /// One CSV line for each row.
    Csv,
    /// A Markdown table.
    Markdown,
}

/// The table in a format. `Text` adds the notes below it.
pub fn formatted(grid: &Grid, format: Table, notes: &[String]) -> String {
    match format {
        Table::Json => grid.to_json(),
        Table::Csv => grid.to_csv(),
        Table::Markdown => terminal::markdown(grid),
        Table::Text => terminal::text(grid, style()) + "\n" + &lines(notes),
    }
}

/// A chart and a line break, if the terminal can show it.
pub fn picture(chart: &Chart) -> String {
    crate::report::picture(chart, style()).map_or(String::new(), |drawn| drawn + "\n")
}

/// Words under headings, with the notes below.
pub fn overview(overview: &Overview, notes: &[String]) -> String {
    terminal::words(overview, style()) + "\n" + &lines(notes)
}

/// Notes, one on each line.
pub fn lines(notes: &[String]) -> String {
    notes.iter().map(|note| format!("{}\n", escaped(note))).collect()
}

/// The style of standard output: colours for a terminal (unless NO_COLOR or TERM=dumb), and its width.
pub fn style() -> Style {
    let colours = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    Style { colours, width }
}
