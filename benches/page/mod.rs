//! The generator of tables: reads the records, finds the regions of Markdown files, and fills each with its table.

pub mod error;
pub mod records;
pub mod region;
pub mod tables;
pub mod text;

use error::Fault;
use records::Records;
use region::{Filled, Region};
use std::io::Write;
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo bench --bench page [-- --check]";

/// The whole program. Returns the exit code: 2 for bad arguments, 1 for stale regions and for errors.
pub fn main(arguments: impl Iterator<Item = String>) -> u8 {
    // `cargo bench` adds this argument for its own harness.
    let arguments: Vec<String> = arguments.filter(|argument| argument != "--bench").collect();
    let is_check = match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => {
            eprintln!("{USAGE}");
            return 2;
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    match if is_check { check(root) } else { rewrite(root) } {
        Ok(told) => {
            println!("{told}");
            0
        }
        Err(fault) => {
            eprintln!("page: {fault}");
            1
        }
    }
}

/// Fails if a region of README.md or docs/ below `root` differs from its table.
pub fn check(root: &Path) -> Result<String, Fault> {
    let files = filled(root)?;
    let stale: Vec<String> = files.iter().flat_map(|file| file.stale.iter().map(Region::to_string)).collect();
    match &stale[..] {
        [] => Ok(format!("all {} regions are up to date", files.iter().map(|file| file.regions).sum::<usize>())),
        _ => Err(Fault::Stale { regions: stale }),
    }
}

/// Rewrites README.md and the files of docs/ below `root` that have a stale region. After an error no file has changed.
pub fn rewrite(root: &Path) -> Result<String, Fault> {
    let files: Vec<Filled> = filled(root)?.into_iter().filter(|file| !file.stale.is_empty()).collect();
    let fault = |path: &Path, source| Fault::Output { path: path.into(), source };
    let mut written = Vec::new();
    for file in &files {
        let path = root.join(&file.path);
        let folder = path.parent().unwrap_or(root);
        let mut new = tempfile::NamedTempFile::new_in(folder).map_err(|source| fault(&path, source))?;
        let permissions = std::fs::metadata(&path).and_then(|old| new.as_file().set_permissions(old.permissions()));
        permissions.and_then(|()| new.write_all(file.text.as_bytes())).map_err(|source| fault(&path, source))?;
        written.push((new, path));
    }
    for (new, path) in written {
        new.persist(&path).map_err(|error| fault(&path, error.error))?;
    }
    let names: Vec<String> = files.iter().map(|file| file.path.display().to_string()).collect();
    Ok(if names.is_empty() { "nothing has changed".into() } else { format!("rewritten: {}", names.join(", ")) })
}

/// Every Markdown file with regions, filled from the records.
fn filled(root: &Path) -> Result<Vec<Filled>, Fault> {
    let records = Records::read(&root.join("benches/records"))?;
    let mut files = vec![PathBuf::from("README.md")];
    markdown(root, Path::new("docs"), &mut files)?;
    files.sort();
    let fill = |path: &PathBuf| {
        let text =
            std::fs::read_to_string(root.join(path)).map_err(|source| Fault::Input { path: path.clone(), source })?;
        region::fill(path, &text, |region| tables::table(region, &records))
    };
    files.iter().map(fill).collect()
}

/// Adds the Markdown files of a folder and of the folders in it. A folder that does not exist has none.
fn markdown(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let fault = |source| Fault::Input { path: folder.into(), source };
    let entries = match std::fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(fault)?,
    };
    for entry in entries {
        let entry = entry.map_err(fault)?;
        let path = folder.join(entry.file_name());
        if entry.file_type().map_err(fault)?.is_dir() {
            markdown(root, &path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "md") {
            files.push(path);
        }
    }
    Ok(())
}
