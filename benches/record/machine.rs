//! The machine, the commit and the vector path of a measurement.

use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// The vector path of the library: the active one, and the one requested.
#[derive(Clone, Debug, Serialize)]
pub struct Simd {
    pub path: String,
    /// The value of `LEXMAX_SIMD`, which all programs inherit.
    pub asked: Option<String>,
}

impl Simd {
    pub fn here() -> Self {
        let asked = std::env::var_os("LEXMAX_SIMD").map(|value| value.to_string_lossy().into_owned());
        Self { path: lexmax::measure::vector_path().into(), asked }
    }
}

/// The commit of this package's folder.
#[derive(Clone, Debug, Serialize)]
pub struct Commit {
    pub hash: String,
    /// Whether tracked files differ from the commit.
    pub is_dirty: bool,
}

impl Commit {
    /// `None` outside a clone.
    pub fn here() -> Option<Self> {
        let hash = git(&["rev-parse", "HEAD"])?;
        let is_dirty = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
        Some(Self { hash, is_dirty })
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// Processor seconds, user and system, of all ended child processes; `None` if the system does not report them.
#[cfg(unix)]
pub fn processor_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeVal;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).ok()?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + 1e-6 * time.tv_usec() as f64;
    Some(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Processor seconds, user and system, of all ended child processes; `None` if the system does not report them.
#[cfg(not(unix))]
pub fn processor_seconds() -> Option<f64> {
    None
}
