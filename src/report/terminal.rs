//! Tables for the terminal.

use super::Overview;
use super::grid::{Bar, Grid};
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};

/// What the terminal can do.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether it shows colours.
    pub colours: bool,
    /// Columns of characters, where there is a limit: the last columns of the table that do not fit are left out.
    pub width: Option<usize>,
}

/// Characters of the longest bar.
const BAR: usize = 12;
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The table in Markdown, without bars.
pub fn markdown(grid: &Grid) -> String {
    table(grid, false, grid.columns.len(), false).trim_fmt() + "\n"
}

/// The table with its bars.
pub fn text(grid: &Grid, style: Style) -> String {
    let fits = |columns: &usize| {
        let width = table(grid, true, *columns, false).lines().map(|l| l.chars().count()).max();
        style.width.is_none_or(|limit| width.is_none_or(|width| width <= limit))
    };
    let columns = (2..=grid.columns.len()).rev().find(fits).unwrap_or(2.min(grid.columns.len()));
    let mut text = table(grid, true, columns, style.colours).trim_fmt() + "\n";
    if columns < grid.columns.len() {
        let left: Vec<_> = grid.columns[columns..].iter().map(|c| c.heading).collect();
        text += &format!("left out for want of room: {}\n", left.join(", "));
    }
    text
}

/// Words under headings.
pub fn words(overview: &Overview) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(&overview.headings).add_rows(&overview.rows);
    table.column_iter_mut().skip(1).for_each(|c| c.set_cell_alignment(CellAlignment::Right));
    table.trim_fmt() + "\n"
}

fn table(grid: &Grid, bars: bool, columns: usize, colours: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    if colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let shown = &grid.columns[..columns];
    let has_bar = |c: usize| bars && grid.columns[c].bar != Bar::None;
    let mut header = Vec::new();
    for (c, column) in shown.iter().enumerate() {
        header.push(Cell::new(column.heading));
        if has_bar(c) {
            header.push(Cell::new(""));
        }
    }
    let is_bar: Vec<bool> = (0..columns).flat_map(|c| [false].into_iter().chain(has_bar(c).then_some(true))).collect();
    table.set_header(header);
    for row in &grid.rows {
        let mut cells = Vec::new();
        for (c, cell) in row[..columns].iter().enumerate() {
            cells.push(Cell::new(cell.shown()));
            if has_bar(c) {
                let bar = grid.share(c, cell).map_or(String::new(), bar);
                cells.push(Cell::new(bar).fg(if c % 2 == 0 { Color::DarkCyan } else { Color::DarkYellow }));
            }
        }
        table.add_row(cells);
    }
    let numbers = table.column_iter_mut().zip(is_bar).skip(1).filter(|(_, is_bar)| !is_bar);
    numbers.for_each(|(column, _)| column.set_cell_alignment(CellAlignment::Right));
    table
}

/// A bar of eighths of a character.
fn bar(share: f64) -> String {
    let eighths = (share.clamp(0.0, 1.0) * (8 * BAR) as f64).round() as usize;
    let (whole, rest) = (eighths / 8, eighths % 8);
    let part = (rest > 0).then(|| EIGHTHS[rest]);
    "█".repeat(whole) + &part.map_or(String::new(), String::from)
}

#[cfg(test)]
mod tests {
    use super::super::grid::{Cell, Column};
    use super::*;

    fn grid() -> Grid {
        let columns = vec![
            Column::new("layer", "layer", ""),
            Column::new("nll", "NLL", "").with(Bar::Linear),
            Column::new("rate", "rate", ""),
        ];
        let row = |name: &str, nll| vec![Cell::Text(name.into()), Cell::fixed(nll, 2), Cell::fixed(0.5, 1)];
        Grid { columns, rows: vec![row("full", 5.0), row("tree", 6.0)] }
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        let all = text(&grid(), Style { colours: false, width: None });
        let blocks: Vec<_> = all.lines().map(|line| line.matches('█').count()).collect();
        assert_eq!(blocks, [0, 0, 1, BAR], "{all}");
        assert!(!all.contains('\u{1b}'));
        assert!(text(&grid(), Style { colours: true, width: None }).contains('\u{1b}'));
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_said() {
        let narrow = text(&grid(), Style { colours: false, width: Some(36) });
        assert!(narrow.contains("left out for want of room: rate"), "{narrow}");
        assert!(narrow.lines().filter(|l| l.starts_with('|')).all(|l| l.chars().count() <= 36), "{narrow}");
    }

    #[test]
    fn markdown_has_no_bars() {
        let lines = markdown(&grid());
        assert!(lines.starts_with("| layer |  NLL | rate |\n|-------|------|------|\n"), "{lines}");
        assert!(!lines.contains('█'));
    }
}
