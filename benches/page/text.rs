//! Numbers and tables as text.

/// Stands where nothing was measured.
pub const NOTHING: &str = "–";

/// A table of Markdown. Columns after the first `words` are aligned to the right, as numbers are.
pub fn table(headings: &[String], rows: &[Vec<String>], words: usize) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = (0..headings.len()).map(|column| if column < words { "---" } else { "---:" });
    let rule = format!("|{}|\n", rule.collect::<Vec<_>>().join("|"));
    line(headings) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
}

/// A number with `digits` behind the point, or a dash.
pub fn fixed(value: Option<f64>, digits: usize) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| NOTHING.into(), |value| format!("{value:.digits$}"))
}

/// Three figures: 0.551, 5.51, 55.1, 551.
fn figures(value: f64) -> String {
    let digits = match value.abs() {
        x if x < 9.995 => 2,
        x if x < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// A time with its unit.
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        x if x < 999.5 => format!("{} ns", figures(x)),
        x if x < 999.5e3 => format!("{} µs", figures(x / 1e3)),
        x if x < 999.5e6 => format!("{} ms", figures(x / 1e6)),
        x => format!("{} s", figures(x / 1e9)),
    }
}

/// A count with a suffix: 640, 35.9 k, 2.51 M.
pub fn count(value: f64) -> String {
    match value {
        x if x < 999.5 => format!("{x:.0}"),
        x if x < 999.5e3 => format!("{} k", figures(x / 1e3)),
        x if x < 999.5e6 => format!("{} M", figures(x / 1e6)),
        x => format!("{} G", figures(x / 1e9)),
    }
}

/// Megabytes of 10⁶.
pub fn megabytes(bytes: f64) -> String {
    format!("{} MB", whole((bytes / 1e6).round() as u64))
}

/// A whole number with commas.
pub fn whole(value: u64) -> String {
    let digits = value.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group)).collect();
    groups.join(",")
}
