//! The commands of `lexmax-mpi` over ranks.

use crate::job::{Done, FAILING, Job, Part, USUAL, has_mpi, lexmax};
use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// A folder with the sample text.
fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(sample(), folder.path().join("sample.txt")).unwrap();
    folder
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/sample.txt")
}

/// A deterministic training run.
fn train(out: &str, more: &[&str]) -> Part {
    let options = ["train", "--corpus", "sample.txt", "--deterministic", "--dim", "16", "--threads", "1", "--out", out];
    lexmax(options.iter().chain(more))
}

/// Runs a command on all ranks in a folder.
fn run(ranks: usize, part: &Part, folder: &Path) -> Done {
    Job::of(ranks, part).within(folder).run(USUAL)
}

#[test]
fn help_and_version_are_printed_once() {
    if has_mpi() {
        let folder = place();
        let done = run(3, &lexmax(["--version"]), folder.path()).with(0).once("lexmax-mpi 0.1.0").once("MPI v");
        assert_eq!(done.out.lines().count(), 2, "{}", done.out);
        run(2, &lexmax(["train", "--help"]), folder.path()).with(0).once("--deterministic");
    }
}

#[test]
fn wrong_arguments_are_refused_once() {
    if has_mpi() {
        let folder = place();
        run(3, &lexmax(["train", "--corpora", "a"]), folder.path()).with(2).once("error: unexpected argument");
        run(2, &lexmax(["train", "-size", "9"]), folder.path()).with(2).once("write --dim");
        run(2, &lexmax(["step", "--layer", "full"]), folder.path()).with(2).once("pass --vocab-parallel");
        let part = lexmax(["train", "--corpus", "sample.txt", "--out", "v.bin"]);
        run(2, &part, folder.path()).with(2).once("cannot be trained on 2 ranks");
        assert!(!folder.path().join("v.bin").exists());
    }
}

#[test]
fn a_rank_that_is_bound_to_a_core_is_warned_about() {
    if has_mpi() {
        let folder = place();
        let (program, arguments) = train("v.bin", &[]);
        for (to, warnings) in [("core", 1), ("none", 0)] {
            // Two threads in place of one.
            let arguments = arguments.iter().map(|word| if word == "1" { "2" } else { word });
            let job = Job::new("mpirun").args(["--bind-to", to, "-n", "1"]).args([&program]).args(arguments);
            let done = job.within(folder.path()).run(USUAL).with(0);
            let is_possible = to == "core" || std::thread::available_parallelism().is_ok_and(|cores| cores.get() > 1);
            assert!(!is_possible || done.err.matches("is bound to").count() == warnings, "{to}: {}", done.err);
        }
    }
}

#[test]
fn ranks_with_other_arguments_are_refused() {
    if has_mpi() {
        let folder = place();
        let job = Job::of(1, &train("v.bin", &["--seed", "1"])).and(&[], 1, &train("v.bin", &["--seed", "2"]));
        let done =
            job.within(folder.path()).run(USUAL).with(2).once("argument 12 is \"2\" on rank 1, but \"1\" on rank 0");
        assert_eq!(done.err.matches("start all ranks").count(), 1, "{}", done.err);
    }
}

#[test]
fn a_file_that_one_rank_cannot_read_is_an_error_of_all() {
    if has_mpi() {
        let (folder, empty) = (place(), tempfile::tempdir().unwrap());
        let part = train("v.bin", &[]);
        let elsewhere = empty.path().to_string_lossy().into_owned();
        let job = Job::of(1, &part).and(&["-wdir", &elsewhere], 1, &part);
        job.within(folder.path()).run(USUAL).with(2).once("rank 1: sample.txt: ");
        assert!(!folder.path().join("v.bin").exists());
    }
}

#[test]
fn ranks_train_the_bytes_of_one_process() {
    if has_mpi() {
        let folder = place();
        for layer in ["negative", "hierarchical"] {
            let train = |out: &str| train(out, &["--layer", layer]);
            let (program, arguments) = train("one.bin");
            Job::new(program).args(arguments).within(folder.path()).run(USUAL).with(0);
            let one = fs::read(folder.path().join("one.bin")).unwrap();
            for ranks in [2, 4] {
                let done = run(ranks, &train("several.bin"), folder.path()).with(0).once("words/s:");
                assert!(
                    fs::read(folder.path().join("several.bin")).unwrap() == one,
                    "{layer}, {ranks} ranks: {done:?}"
                );
            }
        }
    }
}

/// The rank is killed at some moment of its training, which takes some seconds.
#[test]
fn a_killed_run_leaves_no_part_of_a_file_and_is_resumed() {
    const PASSES: &str = "200";
    if has_mpi() {
        let folder = place();
        let more = ["--epochs", PASSES, "--checkpoint", "run", "--resume", "--checkpoint-every", "0.2s"];
        let part = train("v.bin", &more);
        let checkpoint = folder.path().join("run/checkpoint.safetensors");
        let mut job = Job::of(2, &part).within(folder.path()).start();
        job.until(USUAL, "checkpoint", |_| checkpoint.exists());
        std::thread::sleep(Duration::from_millis(u64::from(std::process::id() % 1000)));
        job.signal(1, Signal::SIGKILL);
        assert_ne!(job.end(FAILING).status, Some(0));
        assert!(!folder.path().join("v.bin").exists());
        // As many ranks go on.
        run(4, &part, folder.path()).with(2).once("ranks");
        run(2, &part, folder.path()).with(0);
        let whole = train("whole.bin", &["--epochs", PASSES]);
        run(2, &whole, folder.path()).with(0);
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert!(read("v.bin") == read("whole.bin"));
    }
}

/// The rank is killed at any moment: while ranks start, while they read, train, write.
#[test]
fn killed_at_any_moment_and_started_again_it_gives_the_same_bytes() {
    if has_mpi() {
        let folder = place();
        let options =
            |out| train(out, &["--epochs", "6", "--checkpoint", "run", "--resume", "--checkpoint-every", "0.1s"]);
        run(2, &train("whole.bin", &["--epochs", "6"]), folder.path()).with(0);
        let whole = fs::read(folder.path().join("whole.bin")).unwrap();
        for round in 0..5 {
            let mut job = Job::of(2, &options("v.bin")).within(folder.path()).start();
            // The moments are other ones in every run of this test.
            let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
            let moment = Duration::from_millis(u64::from(nanos / 1_000 % 1_500));
            let was_killed = job.kill_after(round % 2, moment);
            let done = job.end(FAILING);
            assert!(was_killed || done.status == Some(0), "{done:?}");
            let out = folder.path().join("v.bin");
            assert!(!out.exists() || fs::read(out).unwrap() == whole, "after {moment:?}: {done:?}");
            fs::remove_file(folder.path().join("v.bin")).ok();
        }
        run(2, &options("v.bin"), folder.path()).with(0);
        assert!(fs::read(folder.path().join("v.bin")).unwrap() == whole);
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let strange =
            |name: &std::ffi::OsString| !["sample.txt", "whole.bin", "v.bin", "run"].iter().any(|known| name == known);
        // A killed process cannot remove its temporary files: they have names of their own, and the next run removes
        // or ignores them.
        assert!(
            left.iter().filter(|name| strange(name)).all(|name| name.to_string_lossy().starts_with('.')),
            "{left:?}"
        );
    }
}

#[test]
fn a_signal_to_one_rank_ends_the_job() {
    if has_mpi() {
        let folder = place();
        let part = train("v.bin", &["--epochs", "10000"]);
        for rank in [0, 1] {
            let mut job = Job::of(2, &part).within(folder.path()).start();
            job.until(USUAL, "text", |job| job.printed().0.contains("a vocabulary of"));
            std::thread::sleep(Duration::from_millis(300));
            job.signal(rank, Signal::SIGTERM);
            assert_ne!(job.end(FAILING).status, Some(0));
        }
    }
}
