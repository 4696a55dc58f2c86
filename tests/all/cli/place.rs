//! A folder in which the command runs.

use serde_json::Value;
use std::path::Path;
use std::process::Output;
use std::time::Duration;
use tempfile::TempDir;

/// A run that hangs ends here; none comes near it, on a machine that is busy with other things either.
const TIMEOUT: Duration = Duration::from_secs(180);

/// An empty folder for a run of the command; it goes away with its files.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), contents).unwrap();
    }

    /// Runs the command here; `arguments` are parted by spaces.
    pub fn run(&self, arguments: &str) -> Output {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("lexmax");
        command.args(arguments.split_whitespace()).current_dir(self.path()).timeout(TIMEOUT);
        command.output().unwrap()
    }

    /// The same for a run that must succeed.
    pub fn success(&self, arguments: &str) -> Output {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "lexmax {arguments}: {stderr}");
        output
    }

    /// What a run has written to a folder.
    pub fn comparison(&self, folder: &str) -> Value {
        let json = std::fs::read_to_string(self.path().join(folder).join("compare.json")).unwrap();
        assert!(json.ends_with("}\n"));
        serde_json::from_str(&json).unwrap()
    }

    /// All files and folders here.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                files.push(path.strip_prefix(self.path()).unwrap().to_str().unwrap().replace('\\', "/"));
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        files.sort();
        files
    }
}

/// Lines of six of 30 words, frequent ones first.
pub fn text(lines: u32) -> String {
    let mut state = 1u32;
    let mut word = || {
        // The generator of Numerical Recipes, sec. 7.1; its high bits.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let u = f64::from(state >> 8) / f64::from(1 << 24);
        format!("w{}", (30.0 * u * u) as u32)
    };
    let mut line = || (0..6).map(|_| word()).collect::<Vec<_>>().join(" ") + "\n";
    (0..lines).map(|_| line()).collect()
}
