//! Where, when and by which command the records were measured.

use super::super::error::Fault;
use super::super::records::{Record, Records};
use super::super::region::Region;
use super::super::text;

/// `machines`: a row a record.
pub fn table(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_no_label()?;
    region.check_options(&[])?;
    let headings = ["record", "task", "date", "processor", "cores", "instruction set", "commit", "system", "compiler"];
    let row = |record: &Record| {
        let machine = &record.machine;
        let rustc = machine.rustc.split(" (").next().unwrap_or_default();
        vec![
            format!("`{}`", record.label),
            record.task.clone(),
            record.day().to_string(),
            machine.processor.clone(),
            machine.cores.to_string(),
            record.simd.path.clone(),
            record.commit(),
            machine.system.clone(),
            rustc.to_string(),
        ]
    };
    let rows: Vec<_> = records.iter().map(row).collect();
    Ok(text::table(&headings.map(String::from), &rows, headings.len()))
}

/// `commands`: the commands of all records, or of the one that is named.
pub fn commands(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&[])?;
    let one = region.label.as_ref().map(|_| records.of(region, "commands [LABEL]")).transpose()?;
    let chosen: Vec<&Record> = one.map_or_else(|| records.iter().collect(), |record| vec![record]);
    let of = |record: &&Record| {
        let compared = record.comparisons.iter().map(|run| &run.command);
        let reports = compared.chain(record.scales.iter().map(|run| &run.command));
        let mut lines: Vec<String> = reports.map(|command| without_folder(command.split(' '))).collect();
        if lines.is_empty() {
            let words = record.command.iter().skip(1).map(|word| quoted(word));
            let words: Vec<String> = words.collect();
            lines.push(format!("cargo bench --bench record -- {}", without_folder(words.iter().map(String::as_str))));
        }
        format!("# {}\n{}\n", record.label, lines.join("\n"))
    };
    Ok(format!("```sh\n{}```\n", chosen.iter().map(of).collect::<String>()))
}

/// A command without the folder of its report or record.
fn without_folder<'a>(mut words: impl Iterator<Item = &'a str>) -> String {
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if ["--out", "--folder"].contains(&word) {
            words.next();
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}

/// A word, in quotes where a shell needs them.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.,:=+/@%".contains(c);
    let is_bare = !word.is_empty() && word.chars().all(is_plain);
    if is_bare { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}
