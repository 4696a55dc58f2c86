//! A folder in which `lexmax train` runs.

use assert_cmd::cargo::CommandCargoExt;
use lexmax::WorkerRng;
use rand::RngExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

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

    /// Starts the command again and again, and kills it at random moments, until it comes to its end. Returns the
    /// number of kills.
    pub fn kill_until_done(&self, out: &str, more: &[&str]) -> u64 {
        let mut rng = WorkerRng::new(4, 4);
        let mut kills = 0;
        // The time that each start is given grows, so that one of them comes to the end.
        while kills < 60 {
            let mut child = self.command(out, more).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(30 + rng.random_range(0..20 * (kills + 1))));
            if child.try_wait().unwrap().is_none() {
                child.kill().unwrap();
                kills += 1;
            }
            let output = child.wait_with_output().unwrap();
            if output.status.success() {
                break;
            }
            assert_eq!(output.status.code(), None, "{}", String::from_utf8_lossy(&output.stderr));
        }
        ok(self.run(out, more));
        kills
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
