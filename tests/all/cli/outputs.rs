//! Outputs: none is an input or another output, and each has the format of its name.

use super::place::{Place, text};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TRAIN: &str = "train --dim 4 --epochs 1 --threads 1 --min-count 1 --sample 0";

fn place() -> Place {
    let place = Place::new();
    place.file("c.txt", text(40));
    place
}

/// A refusal names both files, changes neither, and leaves nothing.
fn assert_refused(place: &Place, arguments: &str, names: [&str; 2]) {
    let contents = |place: &Place| -> Vec<_> {
        // Pipes would wait for a writer.
        let is_file = |path: &std::path::Path| path.metadata().is_ok_and(|found| found.is_file());
        let bytes = |path: std::path::PathBuf| is_file(&path).then(|| std::fs::read(path).unwrap());
        let read = |name: String| (bytes(place.path().join(&name)), name);
        place.files().into_iter().map(read).collect()
    };
    let before = contents(place);
    let output = place.run(arguments);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
    for name in names {
        assert!(message.contains(name), "{arguments}: {message}");
    }
    assert!(output.stdout.is_empty(), "{arguments}: nothing was read");
    assert!(contents(place) == before, "{arguments}: {message}");
}

#[test]
fn no_output_is_a_text_that_is_read() {
    let place = place();
    std::fs::hard_link(place.path().join("c.txt"), place.path().join("hard")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("c.txt", place.path().join("soft")).unwrap();
    std::fs::create_dir(place.path().join("sub")).unwrap();
    place.file("q.words.txt", text(40));
    place.file("valid.txt", text(9));
    place.file("v.txt", "2 2\nriver 1 0\nbank 0 1\n");
    for output in
        ["--out c.txt", "--out v.bin --save-vocab c.txt", "--out v.bin --json c.txt", "--out v.bin --log c.txt"]
    {
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt {output}"), ["c.txt", "c.txt"]);
    }
    assert_refused(
        &place,
        &format!("{TRAIN} --corpus c.txt --out v.bin --save-model c.txt"),
        ["c.txt", "the input c.txt"],
    );
    for (corpus, output) in [("c.txt", "hard"), ("hard", "sub/../c.txt"), ("c.txt", "./c.txt")] {
        assert_refused(&place, &format!("{TRAIN} --corpus {corpus} --out {output}"), [corpus, output]);
    }
    #[cfg(unix)]
    for (corpus, output) in [("c.txt", "soft"), ("soft", "c.txt")] {
        assert_refused(&place, &format!("{TRAIN} --corpus {corpus} --out {output}"), [corpus, output]);
    }
    for (arguments, names) in [
        ("--corpus q.words.txt --out q.npy", ["q.words.txt", "q.words.txt"]),
        ("--corpus c.txt --valid valid.txt --out valid.txt", ["valid.txt", "the input valid.txt"]),
        ("--corpus c.txt --init v.txt --out v.txt", ["v.txt", "the input v.txt"]),
        ("--corpus c.txt --read-vocab valid.txt --out v.bin --json valid.txt", ["valid.txt", "the input valid.txt"]),
        ("--corpus c.txt --dry-run --json c.txt", ["c.txt", "the input c.txt"]),
    ] {
        assert_refused(&place, &format!("{TRAIN} {arguments}"), names);
    }
}

/// Files that layers are built from, and standard streams that lead to files.
#[cfg(unix)]
#[test]
fn no_output_is_a_file_that_is_read_on_the_way() {
    let place = place();
    place.success(&format!("{TRAIN} --corpus c.txt --out v.npy"));
    for (arguments, names) in [
        ("--out t.txt --layer hierarchical:tree=t.txt", ["t.txt", "the input t.txt"]),
        ("--out v.bin --log v.words.txt --layer hierarchical:tree=kmeans:vectors=v.npy", ["v.words.txt", "the input"]),
    ] {
        place.file("t.txt", "0 1\n");
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt {arguments}"), names);
    }
    std::fs::create_dir(place.path().join("out")).unwrap();
    std::fs::hard_link(place.path().join("t.txt"), place.path().join("out/nll-vs-time.svg")).unwrap();
    std::fs::hard_link(place.path().join("t.txt"), place.path().join("out/memory-vs-vocabulary.svg")).unwrap();
    let layer = "--layers hierarchical:tree=t.txt";
    assert_refused(&place, &format!("compare {layer} --out out"), ["out/nll-vs-time.svg", "t.txt"]);
    assert_refused(&place, "compare --corpus t.txt --out out", ["out/nll-vs-time.svg", "t.txt"]);
    assert_refused(&place, &format!("scale {layer} --vocab 2 --out out"), ["out/memory-vs-vocabulary.svg", "t.txt"]);
    assert_refused(
        &place,
        "step --layer hierarchical:tree=t.txt --vocab 2 --json t.txt",
        ["t.txt: this output", "the input t.txt"],
    );
    // (what the shell is told, whether the text is changed)
    let program = assert_cmd::cargo::cargo_bin!("lexmax");
    for (arguments, names) in [
        ("--corpus - --out c.txt <c.txt", ["c.txt", "the input -"]),
        ("--corpus c.txt --out v.bin >>c.txt", ["standard output", "c.txt"]),
        ("--corpus c.txt --out v.bin 2>>c.txt", ["standard error", "c.txt"]),
        ("--corpus c.txt --out - --format text >>c.txt", ["-", "the input c.txt"]),
        ("--corpus - --out /dev/fd/5 <c.txt 5>>c.txt", ["/dev/fd/5", "the input -"]),
        ("--corpus c.txt --out /dev/fd/5 5<c.txt", ["/dev/fd/5", "the input c.txt"]),
        ("--corpus c.txt --out /dev/fd/5 5<v.npy", ["/dev/fd/5", "reading only"]),
        ("--corpus c.txt --out /dev/fd/5 5>&-", ["/dev/fd/5", "No such file"]),
        ("--corpus c.txt --out //dev/stdout --json /proc/thread-self/fd/1 | cat", ["//dev/stdout", "the same file"]),
        ("--corpus c.txt --out /dev/fd/5 --json /dev/fd/6 5>both 6>>both", ["/dev/fd/6", "the same file"]),
    ] {
        let before = text(40);
        let command = format!("set -o pipefail; '{}' {TRAIN} {arguments}", program.display());
        let output = Command::new("bash").args(["-c", &command]).current_dir(place.path()).output().unwrap();
        // Where standard error leads to the text, the message goes to standard output.
        let message = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        let now = std::fs::read_to_string(place.path().join("c.txt")).unwrap();
        assert!(names.iter().all(|name| message.contains(name)), "{arguments}: {message}");
        assert_eq!(now, before, "{arguments}");
    }
}

/// Targets that fail only when something takes their place, and files that nobody named.
#[cfg(unix)]
#[test]
fn targets_that_cannot_be_replaced_are_found_before_training() {
    let place = place();
    place.file("mine.words.txt", "mine");
    for name in ["both.npy", "both.npy.gz", "both.words.txt"] {
        place.file(name, "mine");
    }
    std::fs::create_dir(place.path().join("old")).unwrap();
    place.file("old/checkpoint.safetensors", "old");
    std::fs::create_dir(place.path().join("folder")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(place.path().join("socket")).unwrap();
    let long = "x".repeat(300);
    for (arguments, names) in [
        ("--out mine.npy", ["mine.words.txt", "mine.npy"]),
        ("--out both.npy.gz", ["both.words.txt", "both.npy"]),
        ("--out v.csv", ["v.csv", ".bin, .txt"]),
        ("--out v.vec.tar.gz", ["v.vec.tar.gz", ".gz, .zst or .bz2"]),
        ("--out v.bin --checkpoint old", ["old/checkpoint.safetensors", "resume"]),
        ("--out v.bin --save-model v.bin.partial", ["v.bin.partial", "beside v.bin"]),
        ("--out ./x/../c.txt", ["./x/../c.txt", "the input c.txt"]),
        ("--out v.bin --json nn/../v.bin", ["nn/../v.bin", "the same file"]),
        ("--out socket", ["socket", "socket"]),
        ("--out v.bin --json both.words.txt/", ["both.words.txt/", "directory"]),
        ("--out new/", ["new/", "directory"]),
        ("--out folder", ["folder", "directory"]),
        (&format!("--out {long}"), [&long, "too long"]),
        (&format!("--out new/{long}/v.bin"), [&long, "too long"]),
        ("--out c.txt/v.bin", ["c.txt/v.bin", "directory"]),
        ("--out v.bin --save-model jx --json jx/y", ["jx/y", "which is a file"]),
        ("--out ck --checkpoint ck", ["ck/checkpoint.safetensors", "which is a file"]),
        ("--out v.bin --checkpoint c.txt", ["c.txt", "directory"]),
        ("--out /dev/null --format npy", ["/dev/null", "two files"]),
    ] {
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt {arguments}"), names);
    }
    std::fs::create_dir_all(place.path().join("out/compare.html")).unwrap();
    assert_refused(&place, "compare --out out", ["out/compare.html", "directory"]);
    std::fs::create_dir_all(place.path().join("out/scale.html")).unwrap();
    assert_refused(&place, "scale --vocab 10 --out out", ["out/scale.html", "directory"]);
    let pipe = place.path().join("pipe");
    if Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt --out pipe --json pipe"), ["pipe", "the same file"]);
        assert_refused(&place, &format!("{TRAIN} --corpus pipe --out pipe"), ["pipe", "the input pipe"]);
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt --out v.bin --log pipe"), ["pipe", "a log"]);
    }
}

/// Where the system lets the test mount files and be somebody else.
#[cfg(target_os = "linux")]
#[test]
fn mounted_files_and_files_of_others_are_found_before_training() {
    let place = place();
    // A copy: somebody else may not look into the folder that this was built in.
    std::fs::copy(assert_cmd::cargo::cargo_bin!("lexmax"), place.path().join("program")).unwrap();
    let program = "./program";
    let shell = |command: &str| {
        let output = Command::new("unshare").args(["-m", "bash", "-ec", command]).current_dir(place.path()).output();
        output.ok().map(|output| (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    if shell("mount -t tmpfs tmpfs /mnt").is_none_or(|(code, _)| code != Some(0)) {
        writeln!(std::io::stderr(), "NOT RUN: outputs that are mounted or of others, as nothing may be mounted here")
            .unwrap();
        return;
    }
    let train = format!("{program} {TRAIN} --corpus c.txt");
    let (code, message) =
        shell(&format!("echo old >a; echo other >b; mount --bind b a; {train} --out a")).expect("it ran before");
    assert!(code == Some(2) && message.contains("a: it is mounted"), "{message}");
    // In a folder as /tmp is, somebody else's file that all may write to.
    let sticky = "mkdir s; chmod 1777 s; echo old >s/v; chmod 666 s/v; chmod 755 .";
    let run = format!("{sticky}; setpriv --reuid 4711 --clear-groups env TMPDIR=/none {train} --out s/v");
    let (code, message) = shell(&run).expect("it ran before");
    assert!(code == Some(2) && message.contains("belong to others"), "{message}");
    assert_eq!(std::fs::read_to_string(place.path().join("s/v")).unwrap(), "old\n");
    // A file that is protected, in a folder where it could be replaced.
    let locked = "mkdir o; echo old >o/v; chmod 444 o/v; chown -R 4711 o";
    let run = format!("{locked}; setpriv --reuid 4711 --clear-groups {train} --out o/v");
    let (code, message) = shell(&run).expect("it ran before");
    assert!(code == Some(2) && message.contains("o/v: Permission denied"), "{message}");
    assert_eq!(std::fs::read_to_string(place.path().join("o/v")).unwrap(), "old\n");
    // The owner is kept.
    place.file("theirs.bin", "old");
    let (code, message) = shell(&format!("chown 4711:4712 theirs.bin; {train} --out theirs.bin")).expect("it ran");
    assert_eq!(code, Some(0), "{message}");
    let found = std::fs::metadata(place.path().join("theirs.bin")).unwrap();
    let owner = (std::os::unix::fs::MetadataExt::uid(&found), std::os::unix::fs::MetadataExt::gid(&found));
    assert!(owner == (4711, 4712) && found.len() > 3);
}

/// One output that fails late does not take the others with it.
#[cfg(target_os = "linux")]
#[test]
fn what_can_be_written_is_written() {
    let place = place();
    let output = place.run(&format!("{TRAIN} --corpus c.txt --out /dev/full --save-vocab words --json facts.json"));
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("/dev/full: No space") && message.contains("words was written"), "{message}");
    assert!(place.files().contains(&"words".into()) && place.files().contains(&"facts.json".into()));
}

/// What looks like a clash and is none.
#[cfg(unix)]
#[test]
fn outputs_that_do_no_harm_are_written() {
    let place = place();
    place.success(&format!("{TRAIN} --corpus c.txt --out /dev/null --json /dev/null --save-vocab /dev/null"));
    place.success(&format!("{TRAIN} --corpus c.txt --out o.bin --save-model /dev/null --log /dev/null"));
    place.success(&format!("{TRAIN} --corpus c.txt --out q.bin.partial"));
    for _ in 0..2 {
        place.success(&format!("{TRAIN} --corpus c.txt --init q.bin.partial --out q.bin --json f.json"));
        place.success(&format!("{TRAIN} --corpus c.txt --out q.npy --save-vocab w --save-model m"));
        place.success("convert q.npy q.tsv.gz");
        place.success("convert q.npy miss/../again.bin");
    }
    assert!(!place.path().join("miss").exists() && place.path().join("again.bin").exists());
}

#[test]
fn no_output_is_another() {
    let place = place();
    for (arguments, names) in [
        ("--out m.bin --save-model m.bin", ["m.bin", "m.bin"]),
        ("--out m.npy --save-vocab m.words.txt", ["m.words.txt", "the same file"]),
        ("--out m.tsv --json m.metadata.tsv", ["m.metadata.tsv", "the same file"]),
        ("--out m.bin --log new/../m.bin", ["m.bin", "new/../m.bin"]),
        ("--out new/checkpoint.safetensors --checkpoint new", ["new/checkpoint.safetensors", "the same file"]),
        ("--out - --format text --json -", ["-", "the same file"]),
    ] {
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt {arguments}"), names);
    }
}

#[test]
fn no_output_is_put_among_the_texts_of_the_next_run() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("texts/more")).unwrap();
    place.file("texts/a.txt", text(40));
    for (arguments, names) in [
        ("--corpus texts --out texts/v.bin", ["texts/v.bin", "texts"]),
        ("--corpus texts --out texts/more/new/v.bin", ["texts/more/new/v.bin", "texts"]),
        ("--corpus texts/*.txt --out texts/v.txt", ["texts/v.txt", "texts/*.txt"]),
        ("--corpus texts --out v.bin --checkpoint texts/state", ["texts/state/checkpoint.safetensors", "texts"]),
        ("--corpus texts --out v.bin --log texts/log.jsonl", ["texts/log.jsonl", "texts"]),
        ("--corpus texts/../texts/*.txt --out texts/v.txt", ["texts/v.txt", "texts/*.txt"]),
        ("--corpus **/*.txt --out new/v.txt", ["new/v.txt", "**/*.txt"]),
    ] {
        assert_refused(&place, &format!("{TRAIN} {arguments}"), names);
    }
    assert_refused(&place, "compare --corpus texts/a.txt texts --out texts", ["texts/compare.json", "texts"]);
    #[cfg(unix)]
    {
        // Folders that are links, and folders that links in the corpus lead to.
        std::fs::create_dir(place.path().join("apart")).unwrap();
        place.file("apart/b.txt", text(9));
        std::os::unix::fs::symlink("../apart", place.path().join("texts/link")).unwrap();
        std::os::unix::fs::symlink("texts", place.path().join("alias")).unwrap();
        for (arguments, names) in [
            ("--corpus texts --out apart/v.bin", ["apart/v.bin", "texts"]),
            ("--corpus texts --out apart/new/v.bin", ["apart/new/v.bin", "texts"]),
            ("--corpus alias --out texts/v.bin", ["texts/v.bin", "alias"]),
            ("--corpus alias/*.txt --out texts/v.txt", ["texts/v.txt", "alias/*.txt"]),
            ("--corpus texts/*/*.txt --out apart/v.txt", ["apart/v.txt", "texts/*/*.txt"]),
        ] {
            assert_refused(&place, &format!("{TRAIN} {arguments}"), names);
        }
        std::fs::remove_file(place.path().join("texts/link")).unwrap();
    }
    place.success(&format!("{TRAIN} --corpus texts/*.txt --out texts/v.bin"));
}

#[test]
fn questions_do_not_overwrite_what_they_are_asked_of() {
    let place = Place::new();
    place.file("v.txt", "3 2\nriver 1 0\nbank 0 1\nstream 0.9 0.1\n");
    place.file("pairs.tsv", "river\tstream\t9\nriver\tbank\t1\nbank\tstream\t2\n");
    place.success("convert v.txt v.npy");
    for (arguments, names) in [
        ("convert v.txt v.txt", ["v.txt", "the input v.txt"]),
        ("convert v.txt ./v.txt --to binary", ["./v.txt", "the input v.txt"]),
        ("convert v.npy v.words.txt", ["v.words.txt", "the input v.words.txt"]),
        ("nearest v.txt river --json v.txt", ["v.txt", "the input v.txt"]),
        ("analogy v.npy river bank stream --json v.words.txt", ["v.words.txt", "the input v.words.txt"]),
        ("eval v.txt --similarity pairs.tsv --json pairs.tsv", ["pairs.tsv", "the input pairs.tsv"]),
    ] {
        assert_refused(&place, arguments, names);
    }
}

#[test]
fn the_ending_of_a_name_is_kept_or_refused() {
    let place = place();
    for ending in ["gz", "zst", "bz2"] {
        place.success(&format!(
            "{TRAIN} --corpus c.txt --out v.vec.{ending} --json facts.json.{ending} --save-vocab w.{ending}"
        ));
        for name in ["v.vec", "facts.json", "w"] {
            let bytes = std::fs::read(place.path().join(format!("{name}.{ending}"))).unwrap();
            let magic = [&[0x1f, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd], b"BZh"];
            assert!(magic.iter().any(|magic| bytes.starts_with(magic)), "{name}.{ending}");
        }
        place.success(&format!("convert v.vec.{ending} plain.{ending}.txt"));
        let plain = std::fs::read_to_string(place.path().join(format!("plain.{ending}.txt"))).unwrap();
        assert!(plain.lines().nth(1).is_some_and(|line| line.split(' ').count() == 5), "{plain}");
        place.success(&format!("{TRAIN} --corpus c.txt --read-vocab w.{ending} --out again.bin"));
    }
    for name in ["v.vec.xz", "v.zip", "v.tar", "v.bin.lz4", "v.7z"] {
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt --out {name}"), [name, ".gz, .zst or .bz2"]);
    }
    let model = "--out v.bin --save-model m.safetensors.gz";
    assert_refused(&place, &format!("{TRAIN} --corpus c.txt {model}"), ["m.safetensors.gz", ".gz"]);
}

/// A name that promises one format is not given to another; what is written is read without its format's name.
#[test]
fn names_and_formats_agree() {
    let place = place();
    place.file("v.vec", "2 2\nriver 1 0.5\nbank 0 1\n");
    for (name, format) in
        [("q.npy", "text"), ("q.fifu.gz", "text"), ("q.tsv", "binary"), ("q.vec", "projector"), ("q.bin", "npy")]
    {
        assert_refused(&place, &format!("convert v.vec {name} --to {format}"), [name, format]);
        assert_refused(&place, &format!("{TRAIN} --corpus c.txt --out {name} --format {format}"), [name, format]);
    }
    assert_refused(&place, "convert v.vec q.safetensors --to text", ["q.safetensors", "model"]);
    for (name, format) in [
        ("a.txt", "binary"),
        ("b.bin", "text"),
        ("c.vec.gz", "binary"),
        ("d", "npy"),
        ("e.dat", "finalfusion"),
        ("f.bin", "fasttext"),
    ] {
        place.success(&format!("convert v.vec {name} --to {format}"));
        let shown = place.success(&format!("nearest {name} river")).stdout;
        assert!(String::from_utf8_lossy(&shown).contains("bank"), "{name}");
    }
    // Under another name, what only one format begins with counts.
    std::fs::rename(place.path().join("e.dat"), place.path().join("e.npy")).unwrap();
    place.success("nearest e.npy river");
}

/// Standard output that is full costs no training.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_loses_no_results() {
    let place = place();
    let program = assert_cmd::cargo::cargo_bin!("lexmax");
    let script = format!("'{}' {TRAIN} --corpus c.txt --out v.bin --save-model m >/dev/full", program.display());
    let output = Command::new("bash").args(["-c", &script]).current_dir(place.path()).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && message.contains("No space left"), "{message}");
    assert!(std::fs::read(place.path().join("v.bin")).unwrap().starts_with(b"29 4\n"));
    place.success("predict m w1");
}

#[test]
fn results_on_standard_output_stand_there_alone() {
    let place = place();
    for path in ["-", "/dev/stdout"] {
        if cfg!(not(unix)) && path != "-" {
            continue;
        }
        let output = place.success(&format!("{TRAIN} --corpus c.txt --out {path} --format text"));
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(out.lines().next(), Some("29 4"), "{out}");
        assert!(out.lines().count() == 30 && err.contains("words/s"), "{out}{err}");
        place.success(&format!("{TRAIN} --corpus c.txt --out file.txt"));
        assert_eq!(std::fs::read_to_string(place.path().join("file.txt")).unwrap(), out);
        let json = place.success(&format!("nearest file.txt w1 --json {path}")).stdout;
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
    }
    assert!(!place.files().contains(&"-".to_string()));
    let model = place.run(&format!("{TRAIN} --corpus c.txt --out v.bin --save-model -"));
    assert_eq!(model.status.code(), Some(2));
    assert_eq!(place.run(&format!("{TRAIN} --corpus c.txt --out - --format npy")).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn permissions_and_links_of_an_output_stay() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let at = |name: &str| place.path().join(name);
    place.file("old.bin", "old");
    std::fs::set_permissions(at("old.bin"), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("old.bin", at("link.bin")).unwrap();
    place.success(&format!("{TRAIN} --corpus c.txt --out link.bin"));
    assert!(at("link.bin").is_symlink());
    assert_eq!(std::fs::metadata(at("old.bin")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read(at("old.bin")).unwrap().starts_with(b"29 4\n"));
    place.success(&format!("{TRAIN} --corpus c.txt --out /dev/null"));
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
}

/// A reader that goes away ends the program, whatever else there is to read.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_the_program() {
    let place = place();
    place.success(&format!("{TRAIN} --corpus c.txt --out v.txt --save-model m.safetensors"));
    for (arguments, line, more) in [
        ("nearest v.txt", "w1\n", "w1\n"),
        ("analogy v.txt", "w1 w2 w3\n", "w1 w2 w3\n"),
        ("predict m.safetensors", "w1\n", "w1\n"),
        // Lines that have no answer.
        ("nearest v.txt", "w1\n", "nosuch\n"),
        ("analogy v.txt", "w1 w2 w3\n", "w1\n"),
        ("predict m.safetensors", "w1\n", "nosuch\n"),
    ] {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("lexmax"));
        command.args(arguments.split(' ')).current_dir(place.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(line.as_bytes()).unwrap();
        let asks = std::thread::spawn(move || while stdin.write_all(more.repeat(50).as_bytes()).is_ok() {});
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(!first.is_empty(), "{arguments}");
        let since = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(since.elapsed() < Duration::from_secs(60), "{arguments} goes on without a reader");
            std::thread::sleep(Duration::from_millis(10));
        }
        asks.join().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_is_no_panic() {
    let place = place();
    place.file("v.txt", "2 2\nriver 1 0\nbank 0 1\n");
    for (arguments, input, code) in [("nearest v.txt nosuch", "", 2), ("nearest v.txt", "nosuch\nriver\n", 0)] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("lexmax"));
        command.args(arguments.split(' ')).current_dir(place.path()).stderr(full);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let mut shown = String::new();
        child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{arguments}");
        assert_eq!(shown.contains("bank"), code == 0, "{arguments}: the line after a bad one is answered: {shown}");
    }
}
