//! A folder in which `lexmax train` runs.

use assert_cmd::cargo::CommandCargoExt;
use lexmax::WorkerRng;
use rand::RngExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Lines of twenty of so many words.
pub fn text(words: usize, lines: usize) -> String {
    let mut rng = WorkerRng::new(8, 0);
    let mut text = String::new();
    for _ in 0..lines {
        let start = rng.random_range(0..words);
        (0..20).for_each(|i| text += &format!("w{} ", (start + i * i % 7) % words));
        text.push('\n');
    }
    text
}

/// A folder with a training text and a held-out one.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new(lines: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("text.txt"), text(300, lines)).unwrap();
        std::fs::write(folder.path().join("valid.txt"), text(300, 50)).unwrap();
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, out: &str, more: &[&str]) -> Command {
        let mut command = Command::cargo_bin("lexmax").unwrap();
        command.current_dir(self.folder.path()).args(["train", "--corpus", "text.txt", "--out", out, "--dim", "40"]);
        command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, out: &str, more: &[&str]) -> Output {
        self.command(out, more).output().unwrap()
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub fn log(&self, name: &str) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.read(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn ok(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub fn refused(output: Output, says: &str) {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.contains(says), "{stderr}");
}
