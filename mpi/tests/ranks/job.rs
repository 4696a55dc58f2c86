//! Jobs of `mpirun`, with a deadline: a job whose ranks wait for one another would never end.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Time of a job that ends as it should.
pub const USUAL: Duration = Duration::from_secs(120);
/// Time in which a job ends after one of its ranks has.
pub const FAILING: Duration = Duration::from_secs(10);

const LOOKS: Duration = Duration::from_millis(20);

/// One job at a time: a machine may have fewer cores than a job has ranks.
static TURN: Mutex<()> = Mutex::new(());

/// Whether there is an Open MPI. Says so if there is none.
pub fn has_mpi() -> bool {
    let version = Command::new("mpirun").arg("--version").output();
    let is_there = version.is_ok_and(|version| String::from_utf8_lossy(&version.stdout).contains("Open MPI"));
    if !is_there {
        not_run("there is no mpirun of Open MPI here; nobody ran several ranks");
    }
    is_there
}

/// Says that something was not tested, past the harness, which would hide it.
pub fn not_run(why: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "NOT RUN: {why}").unwrap();
}

/// A program and its arguments.
pub type Part = (PathBuf, Vec<String>);

/// The program under test, with these arguments.
pub fn lexmax(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Part {
    let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_string_lossy().into_owned());
    (env!("CARGO_BIN_EXE_lexmax-mpi").into(), arguments.collect())
}

/// The test `a_rank` of this program, which plays `case`.
pub fn case(case: &str) -> Part {
    let harness = ["a_rank", "--exact", "--ignored", "--nocapture", "--quiet", "--test-threads=1"];
    let program = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    let arguments = [format!("{}={case}", crate::CASE), program].into_iter().chain(harness.map(String::from));
    ("env".into(), arguments.collect())
}

/// A job that may run.
pub struct Job {
    command: Command,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Job {
    /// All ranks run the same.
    pub fn of(ranks: usize, part: &Part) -> Self {
        let mut job = Self::new("mpirun");
        job.command.args(["--oversubscribe", "--bind-to", "none"]);
        job.part(ranks, part);
        job
    }

    /// A job of `program`, which is `mpirun`, or runs it.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = Command::new(program);
        for name in ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] {
            command.env(name, "1");
        }
        // Containers forbid one process to read the memory of another, and Open MPI says so at length.
        command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
        command.env_remove(crate::CASE);
        Self { command, folder: tempfile::tempdir().unwrap(), _turn: turn }
    }

    /// Adds arguments.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    fn part(&mut self, ranks: usize, (program, arguments): &Part) {
        self.command.args(["-n", &ranks.to_string()]).arg(program).args(arguments);
    }

    /// Adds ranks that run something else, after options of `mpirun` for them.
    pub fn and(mut self, options: &[&str], ranks: usize, part: &Part) -> Self {
        self.command.arg(":").args(options);
        self.part(ranks, part);
        self
    }

    /// Runs the job in a folder.
    pub fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Gives rank 0 a file as standard input.
    pub fn reading(mut self, path: &Path) -> Self {
        self.command.stdin(File::open(path).unwrap());
        self
    }

    /// Starts the job.
    pub fn start(mut self) -> Running {
        let file = |name: &str| File::create(self.folder.path().join(name)).unwrap();
        let child = self.command.stdout(file("out")).stderr(file("err")).process_group(0).spawn().unwrap();
        Running { child, job: self }
    }

    /// Runs the job, which must end in time.
    pub fn run(self, within: Duration) -> Done {
        self.start().end(within)
    }
}

/// A job that runs.
pub struct Running {
    child: Child,
    job: Job,
}

impl Running {
    /// The text that the job has printed.
    pub fn printed(&self) -> (String, String) {
        let text = |name: &str| fs::read(self.job.folder.path().join(name)).unwrap();
        (String::from_utf8_lossy(&text("out")).into(), String::from_utf8_lossy(&text("err")).into())
    }

    /// Waits until `is_so`, which must come in time.
    pub fn until(&mut self, within: Duration, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let start = Instant::now();
        while !is_so(self) {
            if start.elapsed() > within || self.child.try_wait().unwrap().is_some() {
                let (out, err) = self.printed();
                self.kill();
                panic!("no {what} within {within:?}\n{out}\n{err}");
            }
            sleep(LOOKS);
        }
    }

    /// Whether the job has ended.
    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// The process of a rank, if it is there.
    fn process_of(&self, rank: usize) -> Option<Pid> {
        let mark = format!("OMPI_COMM_WORLD_RANK={rank}");
        let is_rank = |process: &i32| {
            let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes())
        };
        children(self.child.id()).into_iter().find(is_rank).map(Pid::from_raw)
    }

    /// Sends a signal to a rank once it is there.
    pub fn signal(&mut self, rank: usize, signal: Signal) {
        self.until(USUAL, "rank", |job| job.process_of(rank).is_some_and(|process| kill(process, signal).is_ok()));
    }

    /// Kills a rank some time after it is there. False if it ended before.
    pub fn kill_after(&mut self, rank: usize, time: Duration) -> bool {
        while self.process_of(rank).is_none() && !self.is_over() {
            sleep(LOOKS);
        }
        sleep(time);
        self.process_of(rank).is_some_and(|process| kill(process, Signal::SIGKILL).is_ok())
    }

    /// Waits for the end, which must come in time.
    pub fn end(mut self, within: Duration) -> Done {
        let ranks = children(self.child.id());
        let start = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if start.elapsed() < within => sleep(LOOKS),
                None => {
                    let (out, err) = self.printed();
                    self.kill();
                    panic!("no end within {within:?}: {:?}\n{out}\n{err}", self.job.command);
                }
            }
        };
        let left: Vec<_> = ranks.into_iter().filter(|rank| is_child(*rank, self.child.id())).collect();
        let (out, err) = self.printed();
        assert!(left.is_empty(), "these ranks are still there: {left:?}\n{out}\n{err}");
        Done { status: status.code(), out, err }
    }

    fn kill(&mut self) {
        // `mpirun` ends its ranks if it can.
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).ok();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(3) && self.child.try_wait().unwrap().is_none() {
            sleep(LOOKS);
        }
        for rank in children(self.child.id()) {
            kill(Pid::from_raw(rank), Signal::SIGKILL).ok();
        }
        killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL).ok();
        self.child.wait().ok();
    }
}

/// The processes that a process has started.
fn children(parent: u32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    processes.filter(|process| is_child(*process, parent)).collect()
}

fn is_child(process: i32, parent: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name of the program, in brackets, may have spaces.
    let mut fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.nth(1).is_some_and(|field| field == parent.to_string())
}

/// A job that has ended.
#[derive(Debug)]
pub struct Done {
    /// The exit status; none if a signal ended `mpirun` itself.
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    /// Checks the exit status.
    #[track_caller]
    pub fn with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}\n{}", self.out, self.err);
        self
    }

    /// Checks that a text was printed just once.
    #[track_caller]
    pub fn once(self, text: &str) -> Self {
        let count = self.out.matches(text).count() + self.err.matches(text).count();
        assert_eq!(count, 1, "{text:?}\n{}\n{}", self.out, self.err);
        self
    }
}
