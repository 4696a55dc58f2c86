//! The recorder in `benches/record/`: its parts, and a record of the runs of three programs that is read back.

#[path = "../../benches/record/mod.rs"]
pub mod recorder;

use clap::Parser;
use recorder::arguments::{Arguments, Asked, Task};
use recorder::error::Fault;
use recorder::formula::{over_seeds, verdict};
use recorder::plan::{Plan, seeds};
use recorder::run::Run;
use recorder::selector::Selector;
use recorder::statistics::{Mean, Spread};
use recorder::template::Template;
use serde_json::Value;
use std::fs;
use std::path::Path;

const LEXMAX: &str = env!("CARGO_BIN_EXE_lexmax");

fn task(words: &[&str]) -> Task {
    match Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).asked {
        Asked::Turns(task) => *task,
        Asked::Report(_) => panic!("{words:?} is a report"),
    }
}

fn parsed(options: &[&str]) -> Task {
    task(&[&["record", "train", "--corpus", file!()], options].concat())
}

fn plan(options: &[&str]) -> Plan {
    Plan::new(&parsed(options)).unwrap_or_else(|fault| panic!("{fault}"))
}

fn fault(options: &[&str]) -> Fault {
    Plan::new(&parsed(options)).expect_err("arguments that make no sense")
}

#[test]
fn commands_are_cut_into_words_before_values_take_their_places() {
    let template = |command| Template::new("peer", command, &["corpus", "out", "min_count"]);
    let values = [("corpus", "a b.txt".into()), ("out", "{corpus}'".into()), ("min_count", "5".into())];
    let found = template(r#"'my program' -c{corpus} --set '{"n": {min_count}}' {out} {} { \{ {Ab} {}"#).unwrap();
    let expected = ["my program", "-ca b.txt", "--set", r#"{"n": 5}"#, "{corpus}'", "{}", "{", "{", "{Ab}", "{}"];
    assert_eq!(found.filled(&values), expected);
    assert!(found.has("out") && !found.has("seed"));
    assert!(matches!(template("run 'half"), Err(Fault::Quoting { .. })));
    assert!(matches!(template("  "), Err(Fault::Empty { .. })));
    let unknown = template("run {corpora}").unwrap_err();
    assert!(matches!(&unknown, Fault::Placeholder { placeholder, .. } if placeholder == "corpora"));
    assert!(unknown.to_string().contains("{corpus}, {out}, {min_count}"), "{unknown}");
}

/// R: `median(c(3, 1, 10))` is 3, `median(c(3, 1, 10, 4))` 3.5; `sd(c(1, 2, 4)) / sqrt(3)` is √(7/9).
#[test]
fn medians_and_errors_are_those_of_r() {
    assert_eq!(Spread::new([3.0, 1.0, 10.0]), Some(Spread { n: 3, median: 3.0, min: 1.0, max: 10.0 }));
    assert_eq!(Spread::new([3.0, 1.0, 10.0, 4.0]), Some(Spread { n: 4, median: 3.5, min: 1.0, max: 10.0 }));
    assert_eq!(Spread::new([]), None);
    let mean = Mean::new(&[1.0, 2.0, 4.0]).unwrap();
    assert!((mean.mean - 7.0 / 3.0).abs() < 1e-15 && mean.n == 3);
    assert!((mean.standard_error.unwrap() - (7.0f64 / 9.0).sqrt()).abs() < 1e-15);
    assert_eq!(Mean::new(&[2.0]).unwrap().standard_error, None);
    assert_eq!(Mean::new(&[]), None);
}

/// Runs with a seed, points on one set, and a loss.
fn runs(of: &[(u64, f64, f64)]) -> Vec<Run> {
    let run = |(seed, points, loss): &(u64, f64, f64)| Run {
        seed: *seed,
        loss: Some(*loss),
        quality: [("set".to_string(), *points)].into(),
        ..Run::default()
    };
    of.iter().map(run).collect()
}

#[test]
fn quality_is_compared_seed_by_seed() {
    let reference = runs(&[(1, 40.0, 2.0), (2, 60.0, 2.0), (3, 80.0, 2.0)]);
    let held = |own: &[(u64, f64, f64)]| verdict(("own", &runs(own)), ("reference", &reference));
    // Differences −1, −3 and −2 in another order of the seeds: the seeds' own spread of 20 points must not count.
    let found = held(&[(3, 78.0, 2.0), (1, 39.0, 2.0), (2, 57.0, 2.0)]);
    let error = (1.0f64 / 3.0).sqrt();
    let [set] = &found.sets[..] else { panic!("{found:?}") };
    assert_eq!((set.n, set.difference), (3, -2.0));
    assert!((set.standard_error.unwrap() - error).abs() < 1e-12);
    assert!((set.bound.unwrap() + 1.0 + 2.0 * error).abs() < 1e-12);
    assert_eq!((set.holds, found.holds), (Some(true), Some(true)));
    // The same difference without spread has a bound of −1.
    let found = held(&[(1, 38.0, 2.0), (2, 58.0, 2.0), (3, 78.0, 2.0)]);
    assert_eq!((found.sets[0].bound, found.holds), (Some(-1.0), Some(false)));
    // Two rounds of a seed are one seed; seeds that the reference lacks do not count.
    let found = held(&[(1, 30.0, 2.0), (1, 50.0, 2.0), (9, 0.0, 9.0)]);
    assert_eq!((found.sets[0].n, found.sets[0].difference), (1, 0.0));
    assert_eq!((found.sets[0].bound, found.sets[0].holds, found.holds), (None, None, None));
    assert_eq!(found.loss.unwrap().difference, 0.0);
    assert_eq!(over_seeds(&runs(&[(1, 1.0, 1.0), (1, 3.0, 1.0), (2, 4.0, 1.0)]), |run| run.loss).unwrap().n, 2);
}

#[test]
fn a_loss_may_differ_by_a_hundredth() {
    let reference = runs(&[(1, 40.0, 2.0), (2, 60.0, 4.0)]);
    for (loss, holds) in [(3.029, true), (3.031, false), (2.971, true), (2.969, false)] {
        let own = runs(&[(1, 40.0, loss), (2, 60.0, loss)]);
        let found = verdict(("own", &own), ("reference", &reference));
        assert_eq!((found.loss.unwrap().holds, found.holds), (holds, Some(holds)), "{loss}");
    }
    let mut silent = runs(&[(1, 40.0, 2.0), (2, 60.0, 2.0)]);
    silent.iter_mut().for_each(|run| run.loss = None);
    assert_eq!(verdict(("own", &silent), ("reference", &reference)).loss, None);
}

#[test]
fn rounds_take_the_seeds_in_turn() {
    assert_eq!(seeds(None, None).unwrap(), [1, 2, 3]);
    assert_eq!(seeds(Some(2), None).unwrap(), [1, 2]);
    assert_eq!(seeds(None, Some("4")).unwrap(), [1, 2, 3, 4]);
    assert_eq!(seeds(Some(5), Some("7, 3")).unwrap(), [7, 3, 7, 3, 7]);
    assert!(matches!(seeds(Some(2), Some("1,2,3")), Err(Fault::Rounds { rounds: 2, seeds: 3 })));
    for wrong in ["0", "1001", "", "1,", "-1", "two"] {
        assert!(matches!(seeds(None, Some(wrong)), Err(Fault::Seeds { .. })), "{wrong:?}");
    }
}

#[test]
fn programs_of_a_setting_run_one_after_the_other() {
    let options = ["--models", "cbow", "--layers", "full", "--threads", "1,2", "--peer", "other=x {seed}"];
    let builds = ["--program", "new=", "--program", "old=/there/lexmax", "--with", "plain=", "--with", "--block 8"];
    let plan = plan(&[&options[..], &builds].concat());
    let names: Vec<String> = plan.entries.iter().map(|entry| plan.name(entry)).collect();
    let ours = |program: &str, threads: u32, with: &str| {
        format!("program={program} model=cbow layer=full threads={threads} with={with}")
    };
    let of = |threads| {
        let builds = ["new", "old"].map(|build| ["plain", "--block 8"].map(|with| ours(build, threads, with)));
        let peer = format!("program=other model=cbow layer=full threads={threads}");
        builds.into_iter().flatten().chain([peer]).collect::<Vec<_>>()
    };
    assert_eq!(names, [of(1), of(2)].concat());
}

#[test]
fn arguments_of_a_variant_replace_the_recorders() {
    let plan = plan(&["--models", "cbow", "--layers", "full", "--threads", "3", "--with", "fast=--lr=0.1 --epochs 2"]);
    let command = plan.command(&plan.entries[0], 7, Path::new("v"), Path::new("f"));
    let expected = format!(
        "{LEXMAX} train --model cbow --layer full --threads 3 --corpus {} --dim 100 --window 5 --min-count 5 \
         --sample 1e-3 --seed 7 --format binary --out v --json f --lr=0.1 --epochs 2",
        file!()
    );
    assert_eq!(command.join(" "), expected);
}

#[test]
fn an_entry_finds_the_one_that_it_is_held_against() {
    let options = ["--models", "cbow", "--layers", "full,negative:samples=5", "--threads", "1,2"];
    let more = ["--peer", "other=x {seed}", "--with", "plain=", "--with", "fast=--block 8"];
    let plan = plan(&[&options[..], &more].concat());
    let counterpart = |text: &str, name: &str| {
        let entry = plan.entries.iter().find(|entry| plan.name(entry) == name).expect(name);
        let selector = Selector::new(text, &plan).unwrap_or_else(|fault| panic!("{fault}"));
        selector.counterpart(&plan, entry).map(|number| plan.name(&plan.entries[number]))
    };
    let fast = "program=lexmax model=cbow layer=full threads=2 with=fast";
    let other = "program=other model=cbow layer=full threads=2";
    for (text, name, found) in [
        ("threads=1", fast, Some("program=lexmax model=cbow layer=full threads=1 with=fast")),
        ("threads=1,with=plain", fast, Some("program=lexmax model=cbow layer=full threads=1 with=plain")),
        ("layer=negative:samples=5", other, Some("program=other model=cbow layer=negative:samples=5 threads=2")),
        ("other", fast, Some(other)),
        ("program=other,threads=1", fast, Some("program=other model=cbow layer=full threads=1")),
        ("plain", fast, Some("program=lexmax model=cbow layer=full threads=2 with=plain")),
        // An entry is not held against itself, and not against one of two.
        ("fast", fast, None),
        ("with=plain", other, None),
        ("lexmax", other, None),
        ("lexmax,with=fast", other, Some(fast)),
    ] {
        assert_eq!(counterpart(text, name).as_deref(), found, "{text} of {name}");
    }
    for wrong in ["gensim", "threads=3", "thread=1", "threads=1,", "cbow"] {
        assert!(matches!(Selector::new(wrong, &plan), Err(Fault::Selector { .. })), "{wrong}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused_before_anything_runs() {
    assert!(matches!(fault(&["--peer", "x y=z"]), Fault::Unnamed { .. }));
    assert!(matches!(fault(&["--with", "block"]), Fault::Unnamed { .. }));
    assert!(matches!(fault(&["--peer", "lexmax=x"]), Fault::Repeated { .. }));
    assert!(matches!(fault(&["--label", "a/b"]), Fault::Label { .. }));
    assert!(matches!(fault(&["--similarity", "/nowhere/pairs"]), Fault::Input { .. }));
    assert!(matches!(fault(&["--similarity", file!(), "--peer", "p=x {corpus}"]), Fault::NoOut { .. }));
    assert!(matches!(fault(&["--reference", "threads=0"]), Fault::Selector { .. }));
    let main = |words: &[&str]| recorder::main(["record"].iter().chain(words).map(|word| word.to_string()));
    assert_eq!(main(&[]), 0);
    assert_eq!(main(&["--bench"]), 0);
    assert_eq!(main(&["train", "--bench"]), 2);
    assert_eq!(main(&["train", "--corpus", "/nowhere/text"]), 2);
    assert_eq!(main(&["train", "--corpus", file!(), "--threads", "0"]), 2);
}

/// A text of 40 words in which neighbours have neighbouring numbers, and judgements of pairs of them.
fn files(folder: &Path) -> [String; 2] {
    let line = |i: usize| (0..12).map(|j| format!("w{} ", (7 * i + j * j % 5) % 40)).collect::<String>() + "\n";
    let pairs = (1..20).map(|i| format!("w{i}\tw{}\t{}\n", 2 * i, 40 - i)).collect::<String>();
    [("text.txt", (0..400).map(line).collect::<String>()), ("pairs.tsv", pairs)].map(|(name, text)| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    })
}

#[test]
fn a_record_has_what_was_run() {
    let folder = tempfile::tempdir().unwrap();
    let [corpus, pairs] = files(folder.path());
    let records = folder.path().join("new/records");
    let twin = format!(
        "twin='{LEXMAX}' train --corpus {{corpus}} --model {{model}} --layer {{layer}} --threads {{threads}} \
         --epochs {{epochs}} --dim {{dim}} --window {{window}} --lr {{lr}} --seed {{seed}} --sample {{sample}} \
         --min-count {{min_count}} --out {{out}}"
    );
    let options =
        ["--models", "skipgram", "--layers", "hierarchical", "--threads", "1", "--dim", "8", "--seeds", "4,9"];
    let more = ["--with", "plain=", "--with", "wide=--window 9", "--against", "twin", "--reference", "with=plain"];
    let files = ["--corpus", &corpus, "--similarity", &pairs, "--folder", records.to_str().unwrap(), "--peer", &twin];
    let words = [&["record", "train", "--label", "tiny"][..], &options, &more, &files].concat();
    let command: Vec<String> = words.iter().map(|word| word.to_string()).collect();
    let (record, path) = recorder::run(&task(&words), &command).unwrap_or_else(|fault| panic!("{fault}"));

    let name = path.file_name().unwrap().to_str().unwrap();
    let found: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let date = found["date"].as_str().unwrap();
    assert!(date.len() == 20 && name == format!("{}-tiny.json", &date[..10]), "{date}: {name}");
    assert_eq!((&found["form"], &found["task"], &found["label"]), (&1.into(), &"train".into(), &"tiny".into()));
    assert_eq!(found["command"], serde_json::json!(command));
    assert_eq!((&found["settings"]["lr"], &found["seeds"]), (&"0.025".into(), &serde_json::json!([4, 9])));
    assert_eq!(found["versions"]["lexmax"], env!("CARGO_PKG_VERSION"));
    assert!(found["machine"]["cores"].as_u64().unwrap() > 0 && found["machine"]["processor"].is_string());
    assert!(["scalar", "avx2", "avx512", "native"].contains(&found["simd"]["path"].as_str().unwrap()));
    assert_eq!(found["corpus"]["bytes"], fs::metadata(&corpus).unwrap().len());
    assert_eq!(found["corpus"]["sha256"].as_str().unwrap().len(), 64);

    let entries = found["entries"].as_array().unwrap();
    let names: Vec<_> = entries.iter().map(|e| (e["program"].as_str().unwrap(), e["with"].as_str())).collect();
    assert_eq!(names, [("lexmax", Some("plain")), ("lexmax", Some("wide")), ("twin", None)]);
    for entry in entries {
        let runs = entry["runs"].as_array().unwrap();
        assert_eq!(runs.iter().map(|run| run["seed"].as_u64().unwrap()).collect::<Vec<_>>(), [4, 9]);
        for time in ["train_seconds", "total_seconds", "processor_seconds"] {
            let [n, least, median, most] = ["n", "min", "median", "max"].map(|key| entry[time][key].as_f64().unwrap());
            assert!(n == 2.0 && 0.0 <= least && least <= median && median <= most, "{time}: {}", entry[time]);
        }
        assert_eq!(entry["quality"]["pairs"]["n"], 2);
        assert_eq!(entry["setting"]["threads"], 1);
    }
    let [plain, wide, twin] = &entries[..] else { panic!("{entries:?}") };
    // lexmax writes its facts to a file, and the twin tells nothing: its whole run counts.
    assert!(plain["runs"][0]["is_told"] == true && plain["loss"]["n"] == 2 && plain["peak_bytes"]["n"] == 2);
    assert!(plain["bytes_a_word"]["n"] == 2 && plain["exchanges_a_word"]["n"] == 2);
    assert!(twin["runs"][0]["is_told"] == false && twin["loss"].is_null());
    assert_eq!(twin["train_seconds"], twin["total_seconds"]);
    // One thread and one seed give the same vectors to both.
    for run in 0..2 {
        assert_eq!(plain["runs"][run]["quality"], twin["runs"][run]["quality"]);
        assert_ne!(plain["runs"][run]["quality"], wide["runs"][run]["quality"]);
    }
    let wide_command = shlex::split(wide["runs"][1]["command"].as_str().unwrap()).unwrap();
    assert!(wide_command[0] == LEXMAX && wide_command.ends_with(&["--window".into(), "9".into()]));
    assert_eq!(wide_command.iter().filter(|word| *word == "--window").count(), 1);

    let median = |entry: &Value, time: &str| entry[time]["median"].as_f64().unwrap();
    let ratios = found["ratios"].as_array().unwrap();
    assert_eq!(ratios.len(), 2);
    assert_eq!((&ratios[1]["entry"], &ratios[1]["against"]), (&wide["name"], &twin["name"]));
    let ratio = median(twin, "train_seconds") / median(wide, "train_seconds");
    assert!((ratios[1]["seconds"].as_f64().unwrap() / ratio - 1.0).abs() < 1e-9);
    let [verdict] = &found["quality"].as_array().unwrap()[..] else { panic!("{}", found["quality"]) };
    assert_eq!((&verdict["entry"], &verdict["reference"]), (&wide["name"], &plain["name"]));
    let difference = ["pairs"].map(|set| [wide, plain].map(|entry| entry["quality"][set]["mean"].as_f64().unwrap()));
    let [[own, other]] = difference;
    assert!((verdict["sets"][0]["difference"].as_f64().unwrap() - (own - other)).abs() < 1e-9);
    assert!(verdict["holds"].is_boolean() && verdict["loss"]["bound"] == 0.01);

    let text = recorder::table::text(&record);
    assert!(text.lines().filter(|line| line.contains("twin")).count() == 1 && text.contains("| holds |"), "{text}");
    // A second record of the day has a name of its own, and nothing else is left.
    let second = record.write(&records).unwrap();
    assert!(second.ends_with(name.replace("tiny", "tiny-2")));
    assert_eq!(fs::read_dir(&records).unwrap().count(), 2);
}

/// A shell plays the peer, so that it can print what it likes.
#[cfg(unix)]
#[test]
fn a_peer_tells_of_its_run_in_a_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let [corpus, pairs] = files(folder.path());
    let main = |told: &str| {
        let vectors = "3 2\\nw1 1 0\\nw2 1 1\\nw4 1 3\\n";
        let peer = format!("sh=sh -c 'printf \"{vectors}\" > {{out}}; echo \"[7]\"; echo \"$0\"; echo end' '{told}'");
        let options = ["--models", "cbow", "--layers", "hierarchical", "--threads", "1", "--dim", "8", "--seeds", "1"];
        let more = ["--corpus", &corpus, "--similarity", &pairs, "--peer", &peer];
        let words = [&["record", "train", "--folder", folder.path().to_str().unwrap()][..], &options, &more].concat();
        recorder::run(&task(&words), &[])
    };
    let told = concat!(
        r#"{"train_seconds": 0.5, "loss": [3, 2.5], "version": "7", "peak_bytes": 9, "format": "text", "x": 1, "#,
        r#""words": 8, "traffic": {"exchanges": 2, "bytes": 64, "rows_read": 1}}"#
    );
    let (record, _) = main(told).unwrap_or_else(|fault| panic!("{fault}"));
    let run = &record.entries[1].runs[0];
    assert_eq!((run.seconds, run.is_told, run.loss, run.peak_bytes), (0.5, true, Some(2.5), Some(9)));
    assert_eq!((run.exchanges_a_word, run.bytes_a_word), (Some(0.25), Some(8.0)));
    assert_eq!((run.version.as_deref(), record.versions["sh"].as_deref()), (Some("7"), Some("7")));
    // Two pairs are known, and their cosines, 1/√2 and 2/√5, rise where the judgements fall.
    assert_eq!(run.quality["pairs"], -100.0);
    assert!(matches!(main(r#"{"format": "binary"}"#), Err(Fault::Scores { .. })));
    assert!(matches!(main(r#"{"format": "paper"}"#), Err(Fault::Told { .. })));
}

#[test]
fn a_run_that_fails_leaves_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let [corpus, _] = files(folder.path());
    let records = folder.path().join("records");
    let options = ["--models", "cbow", "--layers", "hierarchical", "--threads", "1", "--dim", "8", "--rounds", "1"];
    let main = |peer: &str, records: &Path| {
        let more = ["--corpus", &corpus, "--folder", records.to_str().unwrap(), "--peer", peer];
        recorder::main([&["record", "train"], &options[..], &more].concat().iter().map(|word| word.to_string()))
    };
    assert_eq!(main(&format!("broken='{LEXMAX}' nonsense"), &records), 1);
    assert_eq!(main("broken=/nowhere/program", &records), 1);
    assert_eq!(fs::read_dir(&records).unwrap().count(), 0);
    // A folder that cannot be made is found out at once.
    assert_eq!(main("unused=/nowhere/program", &Path::new(&corpus).join("below")), 1);
}
