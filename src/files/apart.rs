//! Checks that the input files and the output files of a run differ.

use super::identity::{Identity, Standard};
use super::place::{folder, followed, is_stdout, whole};
use super::texts::Reach;
use crate::error::{OutputFault, Result};
use std::path::{Path, PathBuf};

/// The input files and the output files of a run.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    inputs: Vec<PathBuf>,
    texts: Vec<PathBuf>,
    outputs: Vec<Claim>,
}

/// An output of a run.
#[derive(Clone, Debug)]
struct Claim {
    path: PathBuf,
    /// For a file written beside an output: the output that the user named.
    beside: Option<PathBuf>,
}

impl Plan {
    /// Adds input files.
    #[must_use]
    pub fn reads<P: Into<PathBuf>>(mut self, files: impl IntoIterator<Item = P>) -> Self {
        self.inputs.extend(files.into_iter().map(Into::into));
        self
    }

    /// Adds texts as named by the user: files, folders and patterns.
    #[must_use]
    pub fn reads_texts<P: Into<PathBuf>>(mut self, texts: impl IntoIterator<Item = P>) -> Self {
        self.texts.extend(texts.into_iter().map(Into::into));
        self
    }

    /// Adds output files.
    #[must_use]
    pub fn writes<P: Into<PathBuf>>(mut self, files: impl IntoIterator<Item = P>) -> Self {
        self.outputs.extend(files.into_iter().map(|path| Claim { path: path.into(), beside: None }));
        self
    }

    /// Adds files written beside an output.
    #[must_use]
    pub fn writes_beside(mut self, main: &Path, files: impl IntoIterator<Item = PathBuf>) -> Self {
        self.outputs.extend(files.into_iter().map(|path| Claim { path, beside: Some(main.into()) }));
        self
    }

    /// Compares every output with all inputs and all other outputs, and standard output and standard error with the
    /// inputs.
    ///
    /// # Errors
    /// [`OutputFault::IsInput`], [`OutputFault::IsOutput`], [`OutputFault::InText`], [`OutputFault::BelowFile`] and
    /// [`OutputFault::StreamIsInput`], with both names. For a file beside an output, the error also names that output.
    pub fn check(&self) -> Result<()> {
        let inputs = self.inputs.iter().chain(&self.texts);
        let inputs: Vec<_> = inputs.filter_map(|path| Some((path, Identity::of_input(path)?))).collect();
        let outputs: Vec<_> = self.outputs.iter().map(|claim| (claim, Place::of(&claim.path))).collect();
        let reaches: Vec<_> = self.texts.iter().map(|text| (text, Reach::of(text))).collect();
        for (n, (claim, place)) in outputs.iter().enumerate() {
            let fault = place.fault(&claim.path, &inputs, &outputs[..n]).or_else(|| {
                let text = reaches.iter().find(|(_, reach)| place.is_within(reach))?.0.clone();
                Some(OutputFault::InText { output: claim.path.clone(), input: text })
            });
            match (fault, &claim.beside) {
                (None, _) => {}
                (Some(fault), None) => return Err(fault.into()),
                (Some(fault), Some(main)) => {
                    let (side, main, fault) = (claim.path.clone(), main.clone(), Box::new(fault));
                    return Err(OutputFault::Beside { side, main, fault }.into());
                }
            }
        }
        for (stream, name) in [(Standard::Output, "standard output"), (Standard::Error, "standard error")] {
            let Some(file) = Identity::of_redirected(stream) else { continue };
            if let Some((input, _)) = inputs.iter().find(|(_, input)| *input == file) {
                return Err(OutputFault::StreamIsInput { stream: name, input: input.to_path_buf() }.into());
            }
        }
        Ok(())
    }
}

/// The identity and the paths of an output.
struct Place {
    identity: Option<Identity>,
    /// Absolute paths of a file without links: its name in its real folder, and the file that a link leads to. Empty
    /// for standard output, devices and pipes.
    paths: Vec<PathBuf>,
}

impl Place {
    fn of(path: &Path) -> Self {
        let is_stream = is_stdout(path) || std::fs::metadata(path).is_ok_and(|found| !found.is_file());
        let named = whole(folder(path)).join(path.file_name().unwrap_or_default());
        let paths = if is_stream { Vec::new() } else { vec![named, whole(&followed(path))] };
        Self { identity: Identity::of_output(path), paths }
    }

    /// The conflict of this output, called `name`, with the inputs or with the outputs before it.
    fn fault(&self, name: &Path, inputs: &[(&PathBuf, Identity)], before: &[(&Claim, Self)]) -> Option<OutputFault> {
        let output = name.to_path_buf();
        if let Some(identity) = &self.identity {
            if let Some((input, _)) = inputs.iter().find(|(_, input)| input == identity) {
                return Some(OutputFault::IsInput { output, input: input.to_path_buf() });
            }
            if let Some((claim, _)) = before.iter().find(|(_, other)| other.identity.as_ref() == Some(identity)) {
                return Some(OutputFault::IsOutput { first: claim.path.clone(), second: output });
            }
        }
        let is_below = |below: &Self, above: &Self| {
            let mut all = below.paths.iter().flat_map(|below| above.paths.iter().map(move |above| (below, above)));
            all.any(|(below, above)| below.starts_with(above))
        };
        before.iter().find_map(|(claim, other)| {
            let (file, below) = match () {
                () if is_below(self, other) => (claim.path.clone(), output.clone()),
                () if is_below(other, self) => (output.clone(), claim.path.clone()),
                () => return None,
            };
            Some(OutputFault::BelowFile { below, file })
        })
    }

    /// Whether the next run would find this output among the files of a text.
    fn is_within(&self, reach: &Reach) -> bool {
        self.paths.iter().any(|place| reach.would_hold(place))
    }
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
        // Neither file exists yet.
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
