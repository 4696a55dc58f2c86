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
        let mut lines: Vec<String> =
            compared.chain(record.scales.iter().map(|run| &run.command)).map(|command| without_out(command)).collect();
        if lines.is_empty() {
            let words = record.command.iter().map(String::as_str);
            lines.push(shlex::try_join(words).unwrap_or_else(|_| record.command.join(" ")));
        }
        format!("# {}\n{}\n", record.label, lines.join("\n"))
    };
    Ok(format!("```sh\n{}```\n", chosen.iter().map(of).collect::<String>()))
}

/// A command without the folder of its report.
fn without_out(command: &str) -> String {
    let (mut kept, mut words) = (Vec::new(), command.split(' '));
    while let Some(word) = words.next() {
        if word == "--out" {
            words.next();
        } else {
            kept.push(word);
        }
    }
    kept.join(" ")
}
