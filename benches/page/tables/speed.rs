//! The short table of speed: six rows, from the newest records that have them.

use super::super::error::Fault;
use super::super::records::{Entry, Record, Records, Scale};
use super::super::region::Region;
use super::super::text::{self, time, whole};
use super::scale::point;
use super::train::{program, spread};

/// The program beside which training is timed, and the number of threads.
const PEER: &str = "gensim";
const THREADS: &str = "2";

/// Models and layers, with the words of the table.
const TRAINING: [(&str, &str, &str); 4] = [
    ("skipgram", "hierarchical", "an epoch of skip-gram, hierarchical softmax"),
    ("skipgram", "negative:samples=5", "an epoch of skip-gram, 5 negative samples"),
    ("cbow", "hierarchical", "an epoch of CBOW, hierarchical softmax"),
    ("cbow", "negative:samples=5", "an epoch of CBOW, 5 negative samples"),
];

/// Layers whose step is held against another program's.
const STEPS: [(&str, &str); 2] = [("full", "full softmax"), ("sampled", "sampled softmax")];
const STEP_PEER: &str = "tensorflow";
const STEP_VOCAB: &str = "100000";

/// Sizes at which the tree's step is held against that of full softmax, where no record has the steps of a peer.
const TREE_VOCABS: [u64; 2] = [100_000, 1_000_000];

/// `speed`: training beside gensim, and steps beside TensorFlow or beside full softmax. With `form=short` medians alone,
/// without the records they come from.
pub fn table(region: &Region, records: &Records) -> Result<String, Fault> {
    region.check_no_label()?;
    region.check_options(&["form"])?;
    let is_short = match region.option("form") {
        None => false,
        Some("short") => true,
        Some(form) => return Err(region.unknown("form", form, ["short"].into_iter())),
    };
    let (mut rows, mut used): (Vec<Vec<String>>, Vec<&Record>) = (Vec::new(), Vec::new());
    for (model, layer, words) in TRAINING {
        let is_setting = |entry: &Entry| {
            (entry.setting("model"), entry.setting("layer"), entry.setting("threads"))
                == (model.into(), layer.into(), THREADS.into())
        };
        let (record, [own, other]) = newest(records, PEER, is_setting)
            .ok_or_else(|| missing(region, records, format!("{words} beside {PEER}, {THREADS} threads")))?;
        let seconds = [own, other].map(|entry| entry.train_seconds.expect("an entry of training"));
        let [ours, theirs] = seconds.map(|seconds| spread(seconds, " s"));
        let ratio = seconds[1].median / seconds[0].median;
        let n = seconds[0].n.min(seconds[1].n);
        rows.push(row([words.into(), ours, program(record, other), theirs, n.to_string()], ratio));
        used.push(record);
    }
    if !steps(records, &mut rows, &mut used) {
        tree_steps(region, records, &mut rows, &mut used)?;
    }
    if is_short {
        return Ok(short(rows));
    }
    used.dedup_by_key(|record| record.label.clone());
    let sources: Vec<String> = used.iter().map(|record| record.source()).collect();
    let headings = ["task", "lexmax", "beside", "its time", "n", "ratio"].map(String::from);
    let n = "Medians (min–max); a ratio above 1 means that lexmax is faster";
    Ok(format!("{}\n{n}. From {}.\n", text::table(&headings, &rows, 1), sources.join("; ")))
}

/// The rows without spreads: task, time, time of the other program with its name, and ratio.
fn short(rows: Vec<Vec<String>>) -> String {
    let headings = ["task", "lexmax", "beside", "ratio"].map(String::from);
    let median = |time: &str| time.split(" (").next().unwrap_or_default().to_string();
    let row = |row: Vec<String>| {
        let [task, ours, other, theirs, _, ratio] = <[String; 6]>::try_from(row).expect("six columns");
        vec![task, median(&ours), format!("{other}: {}", median(&theirs)), ratio]
    };
    let rows: Vec<Vec<String>> = rows.into_iter().map(row).collect();
    text::table(&headings, &rows, 1)
}

/// Steps beside the peer; false without a record of them.
fn steps<'a>(records: &'a Records, rows: &mut Vec<Vec<String>>, used: &mut Vec<&'a Record>) -> bool {
    let found = STEPS.map(|(layer, words)| {
        let is_setting = |entry: &Entry| {
            let name = entry.setting("layer");
            entry.step_seconds.is_some()
                && name.split(':').next() == Some(layer)
                && entry.setting("vocab") == STEP_VOCAB
                && entry.setting("threads") == THREADS
        };
        newest(records, STEP_PEER, is_setting).map(|found| (words, found))
    });
    let [Some(full), Some(sampled)] = found else { return false };
    for (words, (record, [own, other])) in [full, sampled] {
        let seconds = [own, other].map(|entry| entry.step_seconds.expect("an entry of steps"));
        let n = seconds[0].n.min(seconds[1].n).to_string();
        let seconds = seconds.map(|seconds| seconds.median);
        let [ours, theirs] = seconds.map(|seconds| time(1e9 * seconds));
        let task = format!("a step of {words}, V = {}", whole(STEP_VOCAB.parse().expect("a number")));
        rows.push(row([task, ours, program(record, other), theirs, n], seconds[1] / seconds[0]));
        used.push(record);
    }
    true
}

/// Steps of the tree beside those of full softmax.
fn tree_steps<'a>(
    region: &Region,
    records: &'a Records,
    rows: &mut Vec<Vec<String>>,
    used: &mut Vec<&'a Record>,
) -> Result<(), Fault> {
    let pair = |scale: &'a Scale, vocab| Some([point(scale, "hierarchical", vocab)?, point(scale, "full", vocab)?]);
    let all = |record: &'a Record| {
        let scale = &record.scales.first()?.report;
        Some((record, TREE_VOCABS.iter().map(|vocab| pair(scale, *vocab)).collect::<Option<Vec<_>>>()?))
    };
    let newest = records.iter().filter_map(all).max_by(|(a, _), (b, _)| a.date.cmp(&b.date));
    let (record, pairs) =
        newest.ok_or_else(|| missing(region, records, "steps of the tree and of full softmax".into()))?;
    for [own, other] in pairs {
        let task = format!("a step of hierarchical softmax, V = {}, an example", whole(own.vocab));
        let n = own.steps.min(other.steps).to_string();
        let [ours, theirs] = [own, other].map(|point| point.step_ns_per_example);
        rows.push(row([task, time(ours), "`full` of lexmax".into(), time(theirs), n], theirs / ours));
    }
    used.push(record);
    Ok(())
}

/// The newest record in which lexmax and a peer have a setting, with both entries.
fn newest<'a>(
    records: &'a Records,
    peer: &str,
    is_setting: impl Fn(&Entry) -> bool,
) -> Option<(&'a Record, [&'a Entry; 2])> {
    let both = |record: &'a Record| {
        let of = |program: &str| {
            record.entries.iter().find(|entry| entry.program == program && entry.with.is_none() && is_setting(entry))
        };
        Some((record, [of("lexmax")?, of(peer)?]))
    };
    // A record on another vector path than the best of the machine is not the speed of lexmax.
    records
        .iter()
        .filter(|record| record.simd.asked.is_none())
        .filter_map(both)
        .max_by(|(a, _), (b, _)| a.date.cmp(&b.date))
}

fn row(cells: [String; 5], ratio: f64) -> Vec<String> {
    let ratio = if ratio < 100.0 { format!("{ratio:.1}") } else { whole(ratio.round() as u64) };
    cells.into_iter().chain([ratio]).collect()
}

fn missing(region: &Region, records: &Records, what: String) -> Fault {
    let known = records.iter().map(|record| record.label.as_str()).collect::<Vec<_>>().join(", ");
    Fault::NoRecord { place: region.place(), label: what, known }
}
