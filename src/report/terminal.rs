//! Tables for the terminal.

use super::Overview;
use super::grid::{Bar, Grid};
use crate::error::shown::escaped;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};

/// The capabilities of the terminal.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether it shows colours.
    pub colours: bool,
    /// Columns of characters, where there is a limit: the last columns of the table that do not fit are left out.
    pub width: Option<usize>,
}

/// Characters of the longest bar.
const BAR: usize = 12;
/// Neighbouring columns differ.
const BAR_COLOURS: [Color; 2] = [Color::DarkCyan, Color::DarkYellow];
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The table in Markdown, without bars.
pub fn markdown(grid: &Grid) -> String {
    table(grid, false, grid.columns.len(), false).trim_fmt() + "\n"
}

/// The table with its bars.
pub fn text(grid: &Grid, style: Style) -> String {
    let fits = |columns: &usize| style.width.is_none_or(|limit| width(&table(grid, true, *columns, false)) <= limit);
    let columns = (2..=grid.columns.len()).rev().find(fits).unwrap_or(2.min(grid.columns.len()));
    let mut text = table(grid, true, columns, style.colours).trim_fmt() + "\n";
    if columns < grid.columns.len() {
        let left: Vec<_> = grid.columns[columns..].iter().map(|c| c.heading).collect();
        text += &format!("left out for want of room: {}\n", left.join(", "));
    }
    text
}

/// Words under headings, with a bar beside the last number. What does not fit is left out of the middle.
pub fn words(overview: &Overview, style: Style) -> String {
    let ends = overview.headings.len().saturating_sub(2);
    let fits = |left: &usize| style.width.is_none_or(|limit| width(&words_without(overview, *left, false)) <= limit);
    // The layer, the first and the last number, and how they grow stay.
    let most = ends.saturating_sub(2);
    let left = (0..=most).find(fits).unwrap_or(most);
    let mut text = words_without(overview, left, style.colours).trim_fmt() + "\n";
    if left > 0 {
        text += &format!("left out for want of room: {}\n", overview.headings[2..2 + left].join(", "));
    }
    text
}

/// The table without `left` columns after the second.
fn words_without(overview: &Overview, left: usize, colours: bool) -> Table {
    let mut table = empty(colours);
    let line = |words: &[String], bar: String| {
        let mut cells: Vec<Cell> = words
            .iter()
            .enumerate()
            .filter(|(c, _)| !(2..2 + left).contains(c))
            .map(|(_, word)| Cell::new(escaped(word)))
            .collect();
        cells.insert(cells.len().saturating_sub(1), Cell::new(bar).fg(BAR_COLOURS[0]));
        cells
    };
    table.set_header(line(&overview.headings, String::new()));
    for (row, share) in overview.rows.iter().zip(&overview.bars) {
        table.add_row(line(row, share.map_or(String::new(), bar)));
    }
    let at = (overview.headings.len() - left).saturating_sub(1);
    let numbers = table.column_iter_mut().enumerate().skip(1).filter(|(c, _)| *c != at);
    numbers.for_each(|(_, column)| column.set_cell_alignment(CellAlignment::Right));
    table
}

fn width(table: &Table) -> usize {
    table.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

fn empty(colours: bool) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_content_arrangement(ContentArrangement::Disabled);
    if colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn table(grid: &Grid, bars: bool, columns: usize, colours: bool) -> Table {
    let mut table = empty(colours);
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
            cells.push(Cell::new(escaped(cell.shown())));
            if has_bar(c) {
                let bar = grid.share(c, cell).map_or(String::new(), bar);
                cells.push(Cell::new(bar).fg(BAR_COLOURS[c % 2]));
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
    fn an_overview_keeps_its_ends_where_room_is_short() {
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        let overview = Overview {
            headings: words(&["layer", "V = 1k", "V = 10k", "V = 100k", "grows"]),
            rows: vec![words(&["full", "1 µs", "10 µs", "100 µs", "as V"]), words(&["tree", "1 µs", "–", "–", "–"])],
            bars: vec![Some(1.0), None],
        };
        let all = super::words(&overview, Style { colours: false, width: None });
        assert!(all.lines().nth(2).unwrap().contains(&format!("|   100 µs | {} |", "█".repeat(BAR))), "{all}");
        assert!(!all.contains('\u{1b}') && all.lines().count() == 4, "{all}");
        let narrow = super::words(&overview, Style { colours: true, width: Some(55) });
        assert!(narrow.contains("V = 1k") && narrow.contains("100 µs") && narrow.contains('\u{1b}'), "{narrow}");
        assert!(narrow.ends_with("left out for want of room: V = 10k\n"), "{narrow}");
    }

    #[test]
    fn markdown_has_no_bars() {
        let lines = markdown(&grid());
        assert!(lines.starts_with("| layer |  NLL | rate |\n|-------|------|------|\n"), "{lines}");
        assert!(!lines.contains('█'));
    }
}
