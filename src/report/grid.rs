//! A table as data: for the terminal, for a page, as JSON, CSV or Markdown.

use crate::error::shown;
use serde_json::{Map, Value};
use std::fmt::Write;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON and CSV.
    pub key: &'static str,
    /// Its heading.
    pub heading: &'static str,
    /// The content of the column, with its unit.
    pub about: &'static str,
    /// Whether a bar stands beside the number.
    pub bar: Bar,
}

/// The bar beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// None.
    None,
    /// From the least to the greatest number.
    Linear,
    /// The same for their logarithms.
    Logarithmic,
}

impl Column {
    /// A column without a bar.
    pub const fn new(key: &'static str, heading: &'static str, about: &'static str) -> Self {
        Self { key, heading, about, bar: Bar::None }
    }

    /// The same with a bar.
    pub const fn with(self, bar: Bar) -> Self {
        Self { bar, ..self }
    }
}

/// The content of a column in one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Text(String),
    /// A number, and how it is shown.
    Number(f64, String),
    /// Nothing.
    Missing,
}

impl Cell {
    /// A number with `digits` digits after the point.
    pub fn fixed(value: f64, digits: usize) -> Self {
        Self::Number(value, format!("{value:.digits$}"))
    }

    /// A number in four figures at most.
    pub fn short(value: f64) -> Self {
        Self::Number(value, short(value))
    }

    /// A whole number.
    pub fn whole(value: u64) -> Self {
        Self::Number(value as f64, value.to_string())
    }

    /// The displayed form; `–` for a missing value.
    pub fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(_, text) => text,
            Self::Missing => "–",
        }
    }

    /// The number, if it is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Number(value, _) => Some(*value),
            _ => None,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => text.as_str().into(),
            // A whole number stays one.
            Self::Number(value, _) if *value == value.trunc() && value.abs() < 2f64.powi(53) => (*value as i64).into(),
            Self::Number(value, _) => serde_json::Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Self::Missing => Value::Null,
        }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The columns; the first names the row.
    pub columns: Vec<Column>,
    /// The rows, a cell a column.
    pub rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// An object a row, with the numbers in full. Control characters stand as JSON's escapes.
    pub fn to_json(&self) -> String {
        let object = |row: &Vec<Cell>| {
            let entry = |(column, cell): (&Column, &Cell)| (column.key.to_string(), cell.to_json());
            Value::Object(self.columns.iter().zip(row).map(entry).collect::<Map<_, _>>())
        };
        let rows: Vec<Value> = self.rows.iter().map(object).collect();
        inert(&serde_json::to_string_pretty(&rows).expect("plain data")) + "\n"
    }

    /// A line a row under a line of keys, with the numbers in full; control characters as `\u{1b}`.
    #[cfg(feature = "report")]
    pub fn to_csv(&self) -> String {
        let mut csv = csv::Writer::from_writer(Vec::new());
        let raw = |cell: &Cell| match cell {
            Cell::Number(value, _) => value.to_string(),
            Cell::Text(text) => shown::escaped(text).into_owned(),
            Cell::Missing => String::new(),
        };
        let lines = std::iter::once(self.columns.iter().map(|c| c.key.to_string()).collect::<Vec<_>>())
            .chain(self.rows.iter().map(|row| row.iter().map(raw).collect()));
        lines.for_each(|line| csv.write_record(line).expect("memory takes all"));
        String::from_utf8(csv.into_inner().expect("memory takes all")).expect("text")
    }

    /// The bar of a cell as a share of the longest, 0 to 1; none without a number or a bar.
    pub fn share(&self, column: usize, cell: &Cell) -> Option<f64> {
        let scale = match self.columns[column].bar {
            Bar::None => return None,
            Bar::Linear => |x: f64| x,
            Bar::Logarithmic => |x: f64| x.max(f64::MIN_POSITIVE).ln(),
        };
        let numbers = self.rows.iter().filter_map(|row| row[column].value()).map(scale);
        let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let x = scale(cell.value()?);
        // The least has a tenth, so that it is seen.
        Some(if high > low { 0.1 + 0.9 * (x - low) / (high - low) } else { 1.0 })
    }
}

/// JSON whose strings have no control character: serde leaves some of them as they are.
pub(super) fn inert(json: &str) -> String {
    let mut inert = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // Between strings, not in one.
            '\n' => inert.push(c),
            _ if shown::is_control(c) => write!(inert, "\\u{:04x}", u32::from(c)).expect("a string takes all"),
            _ => inert.push(c),
        }
    }
    inert
}

/// Four figures at most.
pub fn short(x: f64) -> String {
    match x {
        x if x >= 9.995e9 => format!("{:.1}G", x / 1e9),
        x if x >= 9.995e6 => format!("{:.1}M", x / 1e6),
        x if x >= 9.995e5 => format!("{:.2}M", x / 1e6),
        x if x >= 9.995e4 => format!("{:.0}k", x / 1e3),
        x if x >= 1e4 => format!("{:.1}k", x / 1e3),
        x if x >= 100.0 => format!("{x:.0}"),
        x if x == x.trunc() => format!("{x}"),
        x => format!("{x:.2}"),
    }
}

/// A number rounded to two significant digits, with thousands separators, since interpolations are not more precise.
pub fn two_figures(x: f64) -> String {
    let unit = 10f64.powf((x.max(1.0).log10()).floor() - 1.0).max(1.0);
    let whole = ((x / unit).round() * unit) as u64;
    let digits = whole.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|g| String::from_utf8_lossy(g).into_owned()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let columns = vec![Column::new("layer", "layer", ""), Column::new("nll", "NLL", "").with(Bar::Linear)];
        let row = |name: &str, cell| vec![Cell::Text(name.into()), cell];
        let rows =
            vec![row("full", Cell::fixed(5.25, 1)), row("a,\"b\"", Cell::fixed(6.25, 1)), row("none", Cell::Missing)];
        Grid { columns, rows }
    }

    #[test]
    fn figures_are_short() {
        let numbers = [0.0, 5.0, 0.3125, 123.4, 35_994.0, 123_456.0, 999_999.0, 1.08e7, 3e10];
        assert_eq!(numbers.map(short), ["0", "5", "0.31", "123", "36.0k", "123k", "1.00M", "10.8M", "30.0G"]);
    }

    #[test]
    fn two_figures_are_enough() {
        assert_eq!([7.2, 314.0, 3_149.0, 1_234_567.0].map(two_figures), ["7", "310", "3,100", "1,200,000"]);
    }

    #[test]
    fn json_has_the_numbers_in_full() {
        let rows: Value = serde_json::from_str(&grid().to_json()).unwrap();
        assert_eq!(rows[0], serde_json::json!({"layer": "full", "nll": 5.25}));
        assert_eq!(rows[2]["nll"], Value::Null);
    }

    #[cfg(feature = "report")]
    #[test]
    fn csv_is_quoted() {
        assert_eq!(grid().to_csv(), "layer,nll\nfull,5.25\n\"a,\"\"b\"\"\",6.25\nnone,\n");
    }

    #[cfg(feature = "report")]
    #[test]
    fn no_control_character_is_printed() {
        let name = "a\u{1b}[31m\n\u{7f}\u{9b}\u{202e}";
        let mut grid = grid();
        grid.rows = vec![vec![Cell::Text(name.into()), Cell::fixed(1.0, 1)]];
        assert_eq!(grid.to_csv(), "layer,nll\na\\u{1b}[31m\\n\\u{7f}\\u{9b}\\u{202e},1\n");
        let json = grid.to_json();
        assert!(!json.contains(|c| c != '\n' && shown::is_control(c)), "{json:?}");
        let rows: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(rows[0]["layer"], name);
    }

    #[test]
    fn bars_span_the_numbers() {
        let grid = grid();
        let shares: Vec<_> = grid.rows.iter().map(|row| grid.share(1, &row[1])).collect();
        assert_eq!(shares, [Some(0.1), Some(1.0), None]);
        assert_eq!(grid.share(0, &grid.rows[0][0]), None);
    }
}
