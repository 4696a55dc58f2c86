//! The recorder: turns arguments into a plan, runs its entries in turn, and writes the measurements as a record.

pub mod arguments;
pub mod error;
pub mod formula;
pub mod machine;
pub mod plan;
pub mod programs;
pub mod quality;
pub mod record;
pub mod report;
pub mod run;
pub mod selector;
pub mod statistics;
pub mod table;
pub mod template;

use arguments::{Arguments, Asked, Task};
use clap::Parser;
use error::Fault;
use plan::Plan;
use record::Record;
use std::path::PathBuf;

const USAGE: &str = "record: nothing to do; `cargo bench --bench record -- train --corpus FILE` records training, \
                     `-- step` single steps, `-- report --label LABEL -- scale` a report, `-- --help` says more";

/// The whole program. Returns the exit code: 2 for bad arguments, 1 for a run that failed.
pub fn main(arguments: impl Iterator<Item = String>) -> u8 {
    // `cargo bench` adds this argument for its own harness.
    let arguments: Vec<String> = arguments.filter(|argument| argument != "--bench").collect();
    if arguments.len() < 2 {
        println!("{USAGE}");
        return 0;
    }
    let parsed = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // Help goes to standard output and errors go to standard error. A closed stream is not a failure.
            let _ = error.print();
            return if error.use_stderr() { 2 } else { 0 };
        }
    };
    let told = match &parsed.asked {
        Asked::Turns(task) => {
            run(task, &arguments).map(|(record, path)| format!("{}{}", table::text(&record), path.display()))
        }
        Asked::Report(asked) => report::run(asked, &arguments).map(|path| path.display().to_string()),
    };
    match told {
        Ok(told) => {
            println!("{told}");
            0
        }
        Err(fault) => {
            eprintln!("record: {fault}");
            fault.exit_code()
        }
    }
}

/// Runs the plan given by the arguments and writes the record. Returns it with the path of its file.
pub fn run(task: &Task, command: &[String]) -> Result<(Record, PathBuf), Fault> {
    let plan = Plan::new(task)?;
    record::check_folder(&plan.folder)?;
    let record = Record::begin(&plan, task, command)?;
    let runs = run::by_turns(&plan)?;
    let record = record.end(&plan, &runs);
    let path = record.write(&plan.folder)?;
    Ok((record, path))
}
