//! Files that a run reads and those that it writes must be different ones.

use super::open::is_stdin;
use super::output::{folder, followed, is_stdout};
use crate::error::{OutputFault, Result};
use std::path::{Component, Path, PathBuf};

/// The files that a run reads and those that it writes.
#[derive(Default)]
pub struct Plan {
    inputs: Vec<PathBuf>,
    texts: Vec<PathBuf>,
    outputs: Vec<PathBuf>,
}

impl Plan {
    /// Adds files that are read.
    #[must_use]
    pub fn reads<P: Into<PathBuf>>(mut self, files: impl IntoIterator<Item = P>) -> Self {
        self.inputs.extend(files.into_iter().map(Into::into));
        self
    }

    /// Adds texts as a user names them: files, folders and patterns.
    #[must_use]
    pub fn reads_texts<P: Into<PathBuf>>(mut self, texts: impl IntoIterator<Item = P>) -> Self {
        self.texts.extend(texts.into_iter().map(Into::into));
        self
    }

    /// Adds files that are written.
    #[must_use]
    pub fn writes<P: Into<PathBuf>>(mut self, files: impl IntoIterator<Item = P>) -> Self {
        self.outputs.extend(files.into_iter().map(Into::into));
        self
    }

    /// Holds all outputs against all inputs and against each other.
    ///
    /// # Errors
    /// [`OutputFault::IsInput`], [`OutputFault::IsOutput`] and [`OutputFault::InText`], with both names.
    pub fn check(&self) -> Result<()> {
        let known = |path: &PathBuf, of: fn(&Path) -> Option<Identity>| of(path).map(|file| (path.clone(), file));
        let inputs = self.inputs.iter().chain(&self.texts).filter_map(|path| known(path, Identity::of_input));
        let inputs: Vec<_> = inputs.collect();
        let outputs: Vec<_> = self.outputs.iter().filter_map(|path| known(path, Identity::of_output)).collect();
        for (n, (output, file)) in outputs.iter().enumerate() {
            let same = |others: &[(PathBuf, Identity)]| others.iter().find(|(_, other)| other == file).cloned();
            if let Some((input, _)) = same(&inputs) {
                return Err(OutputFault::IsInput { output: output.clone(), input }.into());
            }
            if let Some((first, _)) = same(&outputs[..n]) {
                return Err(OutputFault::IsOutput { first, second: output.clone() }.into());
            }
            if let Some(input) = self.texts.iter().find(|text| would_hold(text, output)) {
                return Err(OutputFault::InText { output: output.clone(), input: input.clone() }.into());
            }
        }
        Ok(())
    }
}

/// The identity of a file, which two names may share.
#[derive(Clone, PartialEq, Eq)]
enum Identity {
    /// The device and the number of a file that is there.
    #[cfg(unix)]
    Number(u64, u64),
    /// The whole path of a file that is not there yet, or of any where files have no numbers.
    Path(PathBuf),
    /// Standard output.
    Stdout,
}

impl Identity {
    /// The identity of a file that is read. Standard input, devices and pipes have none.
    fn of_input(path: &Path) -> Option<Self> {
        if is_stdin(path) { None } else { Self::of_file(path) }
    }

    fn of_output(path: &Path) -> Option<Self> {
        if is_stdout(path) { Some(Self::Stdout) } else { Self::of_file(path) }
    }

    fn of_file(path: &Path) -> Option<Self> {
        match std::fs::metadata(path) {
            Ok(found) if !found.is_file() => None,
            #[cfg(unix)]
            Ok(found) => {
                use std::os::unix::fs::MetadataExt;
                Some(Self::Number(found.dev(), found.ino()))
            }
            #[cfg(not(unix))]
            Ok(_) => Some(Self::Path(path.canonicalize().unwrap_or_else(|_| path.into()))),
            Err(_) => Some(Self::Path(whole(&followed(path)))),
        }
    }
}

/// The absolute path without links, as far as its folders are there. `..` below the last that is there goes up one.
fn whole(path: &Path) -> PathBuf {
    let mut missing = Vec::new();
    let mut folder = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut found = loop {
        match folder.canonicalize() {
            Ok(found) => break found,
            Err(_) => {
                missing.extend(folder.components().next_back().map(|last| last.as_os_str().to_owned()));
                if !folder.pop() {
                    break folder;
                }
            }
        }
    };
    for name in missing.into_iter().rev() {
        if name == Component::ParentDir.as_os_str() {
            found.pop();
        } else {
            found.push(name);
        }
    }
    found
}

/// Whether the next run would find the output among the files of a text: in a folder, or by a pattern.
fn would_hold(text: &Path, output: &Path) -> bool {
    if is_stdin(text) || is_stdout(output) || std::fs::metadata(output).is_ok_and(|found| !found.is_file()) {
        return false;
    }
    // The name that it is given, in the folder where that is, and the file that a link leads to.
    let named = whole(folder(output)).join(output.file_name().unwrap_or_default());
    let places = [named, whole(&followed(output))];
    if text.is_dir() {
        let text = whole(text);
        let shown = |below: &Path| below.iter().all(|name| !name.as_encoded_bytes().starts_with(b"."));
        return places.iter().any(|place| place.strip_prefix(&text).is_ok_and(shown));
    }
    if text.exists() {
        return false;
    }
    let Ok(pattern) = std::path::absolute(text) else { return false };
    let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let pattern = pattern.to_str().and_then(|pattern| glob::Pattern::new(pattern).ok());
    let absolute = std::path::absolute(output).unwrap_or_default();
    pattern
        .is_some_and(|pattern| places.iter().chain([&absolute]).any(|place| pattern.matches_path_with(place, options)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn fault(plan: Plan) -> Option<OutputFault> {
        match plan.check() {
            Ok(()) => None,
            Err(Error::Output(fault)) => Some(fault),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn one_file_under_two_names_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::fs::write(at("text"), "a b\n").unwrap();
        std::fs::hard_link(at("text"), at("hard")).unwrap();
        let mut names = vec!["text", "sub/../text", "hard", "./text"];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("text", at("soft")).unwrap();
            std::os::unix::fs::symlink(at("soft"), at("sub/softer")).unwrap();
            names.extend(["soft", "sub/softer"]);
        }
        for name in &names {
            let plan = Plan::default().reads_texts([at("text")]).writes([at("new"), at(name)]);
            assert!(matches!(fault(plan), Some(OutputFault::IsInput { output, .. }) if output == at(name)), "{name}");
            let plan = Plan::default().writes([at("text"), at(name)]);
            assert!(matches!(fault(plan), Some(OutputFault::IsOutput { .. })), "{name}");
        }
        // Neither is there yet.
        for (first, second) in [("x", "sub/../x"), ("new/x", "new/../new/x"), ("new/a/../x", "new/x")] {
            let plan = Plan::default().writes([at(first), at(second)]);
            assert!(matches!(fault(plan), Some(OutputFault::IsOutput { .. })), "{first} {second}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("later", at("dangling")).unwrap();
            let plan = Plan::default().writes([at("dangling"), at("later")]);
            assert!(matches!(fault(plan), Some(OutputFault::IsOutput { .. })));
        }
        assert_eq!(fault(Plan::default().reads([at("text")]).writes([at("x"), at("new/x"), at("text2")])), None);
        assert!(matches!(fault(Plan::default().writes(["-", "/dev/stdout"])), Some(OutputFault::IsOutput { .. })));
        assert_eq!(fault(Plan::default().reads(["-"]).writes(["-"])), None);
        #[cfg(unix)]
        assert_eq!(fault(Plan::default().reads(["/dev/null"]).writes(["/dev/null", "/dev/null"])), None);
    }

    #[test]
    fn no_output_is_put_among_texts() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("texts/more")).unwrap();
        std::fs::write(at("texts/a.txt"), "a b\n").unwrap();
        for (text, output, refused) in [
            ("texts", "texts/v.bin", true),
            ("texts", "texts/more/deep/v.bin", true),
            ("texts/more/..", "texts/v.bin", true),
            ("texts", "texts/../texts/v.bin", true),
            ("texts", "texts/.hidden/v.bin", false),
            ("texts", "texts-2/v.bin", false),
            ("texts", "texts/../v.bin", false),
            ("texts/*.txt", "texts/v.txt", true),
            ("texts/*.txt", "texts/v.bin", false),
            ("texts/*.txt", "texts/more/v.txt", false),
            ("texts/**/*.txt", "texts/more/v.txt", true),
            ("texts/a.txt", "texts/v.txt", false),
        ] {
            let plan = Plan::default().reads_texts([at(text)]).writes([at(output)]);
            let found = matches!(fault(plan), Some(OutputFault::InText { .. }));
            assert_eq!(found, refused, "{text} {output}");
        }
    }
}
