//! How tables are printed.

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
        Table::Text => {
            let lines: Vec<_> = notes.iter().map(|note| format!("{note}\n")).collect();
            terminal::text(grid, style()) + "\n" + &lines.concat()
        }
    }
}

/// A chart and a line break, where the terminal allows.
pub fn picture(chart: &Chart) -> String {
    crate::report::picture(chart, style()).map_or(String::new(), |drawn| drawn + "\n")
}

/// Words under headings, and the notes below.
pub fn overview(overview: &Overview, notes: &[String]) -> String {
    let lines: Vec<_> = notes.iter().map(|note| format!("{note}\n")).collect();
    terminal::words(overview, style()) + "\n" + &lines.concat()
}

/// Colours for a terminal, unless NO_COLOR or TERM=dumb say otherwise; as wide as it is.
pub fn style() -> Style {
    let colours = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0));
    Style { colours, width }
}
