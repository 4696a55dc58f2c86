//! Tables of records of training: times beside other programs, and quality.

use super::super::error::Fault;
use super::super::records::{Entry, Mean, Record, Records, Spread};
use super::super::region::Region;
use super::super::text::{NOTHING, fixed, table};
use std::collections::BTreeSet;

/// A median with its unit, and the least and the greatest value.
pub fn spread(spread: Spread, unit: &str) -> String {
    let Spread { median, min, max, .. } = spread;
    format!("{median:.2}{unit} ({min:.2}–{max:.2})")
}

/// A mean with its standard error, where there is one.
pub fn mean(mean: Option<&Mean>, digits: usize) -> String {
    let Some(Mean { mean, standard_error, .. }) = mean else { return NOTHING.into() };
    let error = standard_error.map_or_else(String::new, |error| format!(" ± {error:.digits$}"));
    format!("{mean:.digits$}{error}")
}

/// A program's name with its version, where it is not lexmax.
pub fn program(record: &Record, entry: &Entry) -> String {
    let version = record.versions.get(&entry.program).and_then(Option::as_ref).filter(|_| entry.is_peer);
    version.map_or_else(|| entry.program.clone(), |version| format!("{} {version}", entry.program))
}

/// `train LABEL [threads=N] [programs=A,B]`: seconds of training, with the ratio to the program of `--against`.
pub fn times(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&["threads", "programs"])?;
    let record = records.of(region, "train LABEL [threads=N,…] [programs=NAME,…]")?;
    let entries = entries(region, record, "train")?;
    let keys = Keys::of(&entries, "model");
    let has_ratio = !record.ratios.is_empty();
    let mut headings = keys.headings();
    let words = headings.len();
    headings.extend(["train s, median (min–max)", "n", "processor s"].map(String::from));
    if has_ratio {
        headings.extend(["ratio of train s", "ratio of processor s"].map(String::from));
    }
    let has_valid = entries.iter().any(|entry| entry.valid_nll.is_some());
    if has_valid {
        headings.push("held-out NLL".into());
    }
    let row = |entry: &&Entry| {
        let seconds = entry.train_seconds.ok_or_else(|| record.lacks(region, "train_seconds"))?;
        let mut cells = keys.cells(record, entry);
        cells.extend([spread(seconds, ""), seconds.n.to_string()]);
        cells.push(fixed(entry.processor_seconds.map(|seconds| seconds.median), 2));
        if has_ratio {
            let ratio = record.ratios.iter().find(|ratio| ratio.entry == entry.name);
            cells.push(fixed(ratio.map(|ratio| ratio.seconds), 2));
            cells.push(fixed(ratio.and_then(|ratio| ratio.processor_seconds), 2));
        }
        if has_valid {
            cells.push(mean(entry.valid_nll.as_ref(), 3));
        }
        Ok(cells)
    };
    let rows = entries.iter().map(row).collect::<Result<Vec<_>, Fault>>()?;
    Ok(format!("{}\nFrom {}.{}\n", table(&headings, &rows, words), record.source(), record.training()))
}

/// `quality LABEL [threads=N] [programs=A,B]`: points on the test sets and training loss.
pub fn quality(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_options(&["threads", "programs"])?;
    let record = records.of(region, "quality LABEL [threads=N,…] [programs=NAME,…]")?;
    let entries = entries(region, record, "train")?;
    let sets: BTreeSet<&String> = entries.iter().flat_map(|entry| entry.quality.keys()).collect();
    if sets.is_empty() {
        return Err(record.lacks(region, "test sets"));
    }
    let keys = Keys::of(&entries, "model");
    let mut headings = keys.headings();
    let words = headings.len();
    headings.extend(sets.iter().map(|set| set.to_string()));
    headings.extend(["training loss", "seeds"].map(String::from));
    let has_formula = !record.quality.is_empty();
    if has_formula {
        headings.push("quality formula".into());
    }
    let row = |entry: &&Entry| {
        let mut cells = keys.cells(record, entry);
        cells.extend(sets.iter().map(|set| mean(entry.quality.get(*set), 1)));
        cells.push(mean(entry.loss.as_ref(), 4));
        let n = entry.quality.values().map(|mean| mean.n).max();
        cells.push(n.map_or_else(|| NOTHING.into(), |n| n.to_string()));
        if has_formula {
            let verdict = record.quality.iter().find(|verdict| verdict.entry == entry.name);
            cells.push(verdict.map_or_else(|| NOTHING.into(), |verdict| verdict.words()));
        }
        cells
    };
    let rows: Vec<_> = entries.iter().map(row).collect();
    Ok(format!("{}\nFrom {}.{}\n", table(&headings, &rows, words), record.source(), record.training()))
}

/// The columns that tell entries apart. A program and a variant have columns only where there are several.
pub struct Keys {
    /// The key beside layer and threads.
    first: &'static str,
    has_program: bool,
    has_with: bool,
}

impl Keys {
    pub fn of(entries: &[&Entry], first: &'static str) -> Self {
        let programs: BTreeSet<&String> = entries.iter().map(|entry| &entry.program).collect();
        Self { first, has_program: programs.len() > 1, has_with: entries.iter().any(|entry| entry.with.is_some()) }
    }

    pub fn headings(&self) -> Vec<String> {
        let more =
            [("program", self.has_program), ("with", self.has_with)].into_iter().filter(|(_, is_there)| *is_there);
        [self.first, "layer", "threads"].into_iter().chain(more.map(|(name, _)| name)).map(String::from).collect()
    }

    pub fn cells(&self, record: &Record, entry: &Entry) -> Vec<String> {
        let with = entry.with.clone().unwrap_or_else(|| NOTHING.into());
        let more = [(program(record, entry), self.has_program), (with, self.has_with)];
        let setting = [entry.setting(self.first), format!("`{}`", entry.setting("layer")), entry.setting("threads")];
        setting.into_iter().chain(more.into_iter().filter(|(_, is_there)| *is_there).map(|(cell, _)| cell)).collect()
    }
}

/// The entries that a region asks for, of a record of this task.
pub fn entries<'a>(region: &Region, record: &'a Record, task: &str) -> Result<Vec<&'a Entry>, Fault> {
    if record.task != task {
        return Err(record.lacks(region, format!("runs of {task}: its task is {}", record.task)));
    }
    let (threads, programs) = (region.list("threads"), region.list("programs"));
    let is_there =
        |wanted: &str, value: fn(&Entry) -> String| record.entries.iter().any(|entry| value(entry) == wanted);
    if let Some(missing) = threads.iter().find(|wanted| !is_there(wanted, |entry| entry.setting("threads"))) {
        return Err(record.lacks(region, format!("entry with {missing} threads")));
    }
    if let Some(missing) = programs.iter().find(|wanted| !is_there(wanted, |entry| entry.program.clone())) {
        return Err(record.lacks(region, format!("program {missing}")));
    }
    let is_wanted = |entry: &&Entry| {
        (threads.is_empty() || threads.contains(&entry.setting("threads").as_str()))
            && (programs.is_empty() || programs.contains(&entry.program.as_str()))
    };
    Ok(record.entries.iter().filter(is_wanted).collect())
}
