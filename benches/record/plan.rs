//! The plan: the program, setting and number of all runs.

use super::arguments::{Step, Task, Train};
use super::error::Fault;
use super::programs::{self, Kind, Program, Variant};
use super::quality::Sets;
use super::selector::Selector;
use std::path::{Path, PathBuf};

/// Values under their names as placeholders and, with hyphens, as options of lexmax.
pub type Values = Vec<(&'static str, String)>;

/// All runs and their options.
#[derive(Debug)]
pub struct Plan {
    /// The lexmax subcommand.
    pub task: &'static str,
    pub programs: Vec<Program>,
    pub variants: Vec<Variant>,
    /// Programs of one setting are adjacent, so that they run one after the other.
    pub entries: Vec<Entry>,
    /// Values shared by all entries.
    pub common: Values,
    /// The seed of each round.
    pub seeds: Vec<u64>,
    pub sets: Sets,
    pub against: Option<Selector>,
    pub reference: Option<Selector>,
    pub keep: Option<PathBuf>,
    pub label: String,
    pub folder: PathBuf,
}

/// A program in a setting. Numbers are indices of the plan's lists.
#[derive(Clone, Debug)]
pub struct Entry {
    pub program: usize,
    pub variant: Option<usize>,
    /// `model`, `layer` and `threads`, or `layer`, `vocab` and `threads`.
    pub setting: Values,
}

/// The default number of rounds if no seeds are given.
const ROUNDS: usize = 3;

impl Plan {
    pub fn new(task: &Task) -> Result<Self, Fault> {
        let turns = task.turns();
        let threads = match &turns.threads[..] {
            [] => vec![lexmax::measure::cores().to_string()],
            asked => asked.iter().map(u32::to_string).collect(),
        };
        let (axes, common) = match task {
            Task::Train(train) => {
                std::fs::metadata(&train.corpus)
                    .map_err(|source| Fault::Input { path: train.corpus.clone().into(), source })?;
                (vec![("model", train.models.clone()), ("layer", train.layers.clone())], training(train))
            }
            Task::Step(step) => (vec![("layer", step.layers.clone()), ("vocab", step.vocab.clone())], stepping(step)),
        };
        let settings = product(axes.into_iter().chain([("threads", threads)]));
        let (sets, reference, keep) = match task {
            Task::Train(train) => {
                (Sets::new(&train.similarity, &train.analogies)?, train.reference.as_deref(), train.keep.clone())
            }
            Task::Step(_) => (Sets::default(), None, None),
        };
        let keys = settings[0].iter().chain(&common).map(|(key, _)| *key);
        let known: Vec<&str> = keys.chain(["seed", "out"]).collect();
        let programs = programs::programs(turns, &known)?;
        let variants = programs::variants(turns)?;
        check_names(programs.iter().map(|p| &p.name).chain(variants.iter().map(|v| &v.name)))?;
        if let Some(program) = programs.iter().find(|program| !sets.is_empty() && !writes_vectors(program)) {
            return Err(Fault::NoOut { name: program.name.clone() });
        }
        let entries = settings.iter().flat_map(|setting| entries(&programs, &variants, setting)).collect();
        let mut plan = Self {
            task: task.name(),
            programs,
            variants,
            entries,
            common,
            seeds: seeds(turns.rounds, turns.seeds.as_deref())?,
            sets,
            against: None,
            reference: None,
            keep,
            label: label(turns.label.as_deref().unwrap_or(task.name()))?,
            folder: turns.folder.clone().unwrap_or_else(folder),
        };
        plan.against = turns.against.as_deref().map(|text| Selector::new(text, &plan)).transpose()?;
        plan.reference = reference.map(|text| Selector::new(text, &plan)).transpose()?;
        Ok(plan)
    }

    /// Whether the task is training rather than single steps.
    pub fn is_training(&self) -> bool {
        self.task == "train"
    }

    pub fn program(&self, entry: &Entry) -> &Program {
        &self.programs[entry.program]
    }

    pub fn variant(&self, entry: &Entry) -> Option<&Variant> {
        entry.variant.map(|number| &self.variants[number])
    }

    /// The values that identify an entry: `program`, the values of its setting, and `with`.
    pub fn keys(&self, entry: &Entry) -> Values {
        let with = self.variant(entry).map(|variant| ("with", variant.name.clone()));
        let program = ("program", self.program(entry).name.clone());
        [program].into_iter().chain(entry.setting.iter().cloned()).chain(with).collect()
    }

    /// The name of an entry: its keys with their values.
    pub fn name(&self, entry: &Entry) -> String {
        self.keys(entry).iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    /// The command of a run as a list of words. lexmax writes its facts to `facts`.
    pub fn command(&self, entry: &Entry, seed: u64, out: &Path, facts: &Path) -> Vec<String> {
        let [out, facts] = [out, facts].map(|path| path.to_string_lossy().into_owned());
        let mut values: Values = entry.setting.iter().chain(&self.common).cloned().collect();
        values.push(("seed", seed.to_string()));
        match &self.program(entry).kind {
            Kind::Peer(template) => {
                values.push(("out", out));
                template.filled(&values)
            }
            Kind::Lexmax(path) => {
                let more = self.variant(entry).map_or(&[][..], |variant| &variant.arguments);
                let mut command = vec![path.to_string_lossy().into_owned(), self.task.into()];
                for (key, value) in values {
                    let option = format!("--{}", key.replace('_', "-"));
                    if !more.iter().any(|word| word.split('=').next() == Some(&option)) {
                        command.extend([option, value]);
                    }
                }
                if self.is_training() {
                    command.extend(["--format".into(), "binary".into(), "--out".into(), out]);
                }
                command.extend(["--json".into(), facts]);
                command.extend_from_slice(more);
                command
            }
        }
    }
}

fn training(train: &Train) -> Values {
    let Train { corpus, dim, window, min_count, sample, epochs, lr, .. } = train;
    let keys = ["corpus", "dim", "window", "min_count", "sample", "epochs", "lr"];
    keys.into_iter().zip([corpus, dim, window, min_count, sample, epochs, lr].map(String::clone)).collect()
}

fn stepping(step: &Step) -> Values {
    let Step { dim, batch, repeats, .. } = step;
    ["dim", "batch", "repeats"].into_iter().zip([dim, batch, repeats].map(String::clone)).collect()
}

/// All combinations; the last key changes fastest.
fn product(axes: impl Iterator<Item = (&'static str, Vec<String>)>) -> Vec<Values> {
    axes.fold(vec![Vec::new()], |settings, (key, values)| {
        let with = |setting: &Values, value: &String| {
            setting.iter().cloned().chain([(key, value.clone())]).collect::<Values>()
        };
        settings.iter().flat_map(|setting| values.iter().map(move |value| with(setting, value))).collect()
    })
}

/// Every build of lexmax in every variant, then every peer.
fn entries(programs: &[Program], variants: &[Variant], setting: &Values) -> Vec<Entry> {
    let of = |program, variant| Entry { program, variant, setting: setting.clone() };
    let of_program = |(number, program): (usize, &Program)| -> Vec<Entry> {
        match variants {
            [_, ..] if !program.is_peer() => (0..variants.len()).map(|variant| of(number, Some(variant))).collect(),
            _ => vec![of(number, None)],
        }
    };
    programs.iter().enumerate().flat_map(of_program).collect()
}

fn writes_vectors(program: &Program) -> bool {
    match &program.kind {
        Kind::Lexmax(_) => true,
        Kind::Peer(template) => template.has("out"),
    }
}

/// Refuses a repeated name.
pub fn check_names<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), Fault> {
    let mut seen = std::collections::BTreeSet::new();
    let mut names = names;
    names.find(|name| !seen.insert(*name)).map_or(Ok(()), |name| Err(Fault::Repeated { name: name.clone() }))
}

/// The seed of each round: the given seeds in turn, or 1, 2, … for the given number of rounds.
pub fn seeds(rounds: Option<u32>, text: Option<&str>) -> Result<Vec<u64>, Fault> {
    let rounds = rounds.map(|rounds| rounds as usize);
    let seeds: Vec<u64> = match text {
        None => (1..=rounds.unwrap_or(ROUNDS) as u64).collect(),
        Some(text) => {
            let wrong = || Fault::Seeds { text: text.into() };
            let numbers = text.split(',').map(|part| part.trim().parse().ok());
            match numbers.collect::<Option<Vec<u64>>>().ok_or_else(wrong)?[..] {
                [number] if !(1..=1_000).contains(&number) => return Err(wrong()),
                [number] => (1..=number).collect(),
                ref list => list.to_vec(),
            }
        }
    };
    let rounds = rounds.unwrap_or(seeds.len());
    if rounds < seeds.len() {
        return Err(Fault::Rounds { rounds, seeds: seeds.len() });
    }
    Ok(seeds.iter().copied().cycle().take(rounds).collect())
}

/// A label that can be part of a file's name.
pub fn label(label: &str) -> Result<String, Fault> {
    let fits = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if fits { Ok(label.into()) } else { Err(Fault::Label { label: label.into() }) }
}

/// The folder of the records of this package.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/records")
}
