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
    /// Columns of characters, where there is a limit: columns of the table that do not fit follow below.
    pub width: Option<usize>,
}

impl Style {
    fn fits(self, table: &Table) -> bool {
        self.width.is_none_or(|limit| width(table) <= limit)
    }
}

/// Characters of the longest bar.
const BAR: usize = 12;
/// Neighbouring columns differ.
const BAR_COLOURS: [Color; 2] = [Color::DarkCyan, Color::DarkYellow];
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The table in Markdown, without bars.
pub fn markdown(grid: &Grid) -> String {
    let all: Vec<usize> = (0..grid.columns.len()).collect();
    table(grid, false, &all, false).trim_fmt() + "\n"
}

/// The table with its bars. Columns that do not fit beside the first follow in further tables; each begins with the
/// first column.
pub fn text(grid: &Grid, style: Style) -> String {
    let numbers: Vec<usize> = (1..grid.columns.len()).collect();
    let drawn = |columns: &[usize], colours| table(grid, true, &with_name(columns), colours);
    in_parts(&numbers, style, drawn)
}

/// Words under headings, with a bar beside the last number. Columns that do not fit are moved from the middle to
/// further tables; each begins with the layer.
pub fn words(overview: &Overview, style: Style) -> String {
    let count = overview.headings.len();
    // The layer, the first and the last number, and the growth stay together.
    let ends = |left: usize| -> Vec<usize> { (0..count).filter(|c| !(2..2 + left).contains(c)).collect() };
    let fits = |left: &usize| style.fits(&words_of(overview, &ends(*left), false));
    let most = count.saturating_sub(4);
    let left = (0..=most).find(fits).unwrap_or(most);
    let mut text = words_of(overview, &ends(left), style.colours).trim_fmt() + "\n";
    if left > 0 {
        let middle: Vec<usize> = (2..2 + left).collect();
        text += "\n";
        text += &in_parts(&middle, style, |columns, colours| words_of(overview, &with_name(columns), colours));
    }
    text
}

fn with_name(columns: &[usize]) -> Vec<usize> {
    std::iter::once(0).chain(columns.iter().copied()).collect()
}

/// Tables one below the other, each with as many of the columns as fit, one at least.
fn in_parts(columns: &[usize], style: Style, drawn: impl Fn(&[usize], bool) -> Table) -> String {
    let (mut rest, mut parts) = (columns, Vec::new());
    loop {
        let fits = |count: &usize| style.fits(&drawn(&rest[..*count], false));
        let count = (1..=rest.len()).rev().find(fits).unwrap_or(rest.len().min(1));
        parts.push(drawn(&rest[..count], style.colours).trim_fmt() + "\n");
        rest = &rest[count..];
        if rest.is_empty() {
            return parts.join("\n");
        }
    }
}

/// The overview's columns of these numbers, with a bar before the last where that is the overview's last.
fn words_of(overview: &Overview, columns: &[usize], colours: bool) -> Table {
    let mut table = empty(colours);
    let bar_at = columns.iter().position(|c| c + 1 == overview.headings.len());
    let line = |words: &[String], bar: String| {
        let mut cells: Vec<Cell> = columns.iter().map(|c| Cell::new(escaped(&words[*c]))).collect();
        if let Some(at) = bar_at {
            cells.insert(at, Cell::new(bar).fg(BAR_COLOURS[0]));
        }
        cells
    };
    table.set_header(line(&overview.headings, String::new()));
    for (row, share) in overview.rows.iter().zip(&overview.bars) {
        table.add_row(line(row, share.map_or(String::new(), bar)));
    }
    let numbers = table.column_iter_mut().enumerate().skip(1).filter(|(c, _)| Some(*c) != bar_at);
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

fn table(grid: &Grid, bars: bool, columns: &[usize], colours: bool) -> Table {
    let mut table = empty(colours);
    let has_bar = |c: usize| bars && grid.columns[c].bar != Bar::None;
    let mut header = Vec::new();
    for &c in columns {
        header.push(Cell::new(grid.columns[c].heading));
        if has_bar(c) {
            header.push(Cell::new(""));
        }
    }
    let is_bar: Vec<bool> =
        columns.iter().flat_map(|c| [false].into_iter().chain(has_bar(*c).then_some(true))).collect();
    table.set_header(header);
    for row in &grid.rows {
        let mut cells = Vec::new();
        for (c, cell) in columns.iter().map(|c| (*c, &row[*c])) {
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
    fn columns_that_do_not_fit_follow_with_the_name_of_the_layer() {
        let narrow = text(&grid(), Style { colours: false, width: Some(36) });
        let parts: Vec<&str> = narrow.split("\n\n").collect();
        assert_eq!(parts.len(), 2, "{narrow}");
        assert!(parts[0].contains("NLL") && !parts[0].contains("rate") && parts[1].contains("rate"), "{narrow}");
        assert!(parts.iter().all(|part| part.contains("full") && part.contains("tree")), "{narrow}");
        assert!(narrow.lines().all(|line| line.chars().count() <= 36), "{narrow}");
        // A column a table is the least.
        assert_eq!(text(&grid(), Style { colours: false, width: Some(1) }).split("\n\n").count(), 2);
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
        let (first, second) = narrow.split_once("\n\n").expect("two tables");
        assert!(first.contains("V = 1k") && first.contains("100 µs") && narrow.contains('\u{1b}'), "{narrow}");
        assert!(!first.contains("V = 10k ") && second.contains("V = 10k") && second.contains("full"), "{narrow}");
    }

    #[test]
    fn markdown_has_no_bars() {
        let lines = markdown(&grid());
        assert!(lines.starts_with("| layer |  NLL | rate |\n|-------|------|------|\n"), "{lines}");
        assert!(!lines.contains('█'));
    }
}
