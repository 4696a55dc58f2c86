//! Keys of the catalogue: a default is the value that it states, and the listed values are those that are read.

use super::cases::zipf;
use super::rig::{Examples, Rig, Updates, bits};
use lexmax::Error;
use lexmax::layer::catalogue::{CATALOGUE, Entry, Key, LayerSpec, Otherwise, Shape, Values};
use lexmax::layer::{Bias, OutputLayer};
use lexmax::table::Threads;

const VOCAB: usize = 600;
const DIM: usize = 12;

/// Every layer with each of its keys.
fn keys() -> impl Iterator<Item = (&'static Entry, &'static Key)> {
    CATALOGUE.iter().flat_map(|entry| entry.all_keys().map(move |key| (entry, key)))
}

/// The shortest name beside which a key may be given.
fn base(entry: &Entry, key: &Key) -> String {
    match key.beside {
        Some((other, values)) => format!("{}:{other}={}", entry.name, values[0]),
        None => entry.name.into(),
    }
}

fn build(name: &str) -> Result<Box<dyn OutputLayer>, Error> {
    let counts = zipf(VOCAB);
    name.parse::<LayerSpec>()?.build(&Shape::new(&counts, DIM, Bias::None))
}

/// The loss and the parameters after some steps.
fn trained(name: &str) -> (u64, Vec<u32>) {
    let mut rig = Rig::new(name, VOCAB, DIM, 0.5);
    let batches = [1, 2].map(|seed| Examples::random(9, VOCAB, DIM, seed).unweighted());
    let loss = rig.train(&batches, Updates::Deferred, 0.1, 3, &Threads::default());
    (loss.to_bits(), bits(&rig.matrices))
}

#[test]
fn a_default_written_out_is_the_bare_name() {
    let mut seen = 0;
    for (entry, key) in keys() {
        let Otherwise::Value(default) = key.default else { continue };
        let base = base(entry, key);
        let written = format!("{base}:{}={default}", key.name);
        assert!(trained(&base) == trained(&written), "{base} is not {written}");
        seen += 1;
    }
    // Two keys of the loss for each layer, and those of the layers.
    assert!(seen > 3 * CATALOGUE.len(), "{seen}");
    for other in ["negative:samples=6", "negative:power=0.8", "negative:hits=drop", "negative:smoothing=0"] {
        assert_eq!(trained("negative") == trained(other), other.ends_with("smoothing=0"), "{other}");
    }
}

#[test]
fn every_listed_word_is_read_and_no_other() {
    let mut seen = 0;
    for (entry, key) in keys() {
        let refused = |word: &str| match build(&format!("{}:{}={word}", base(entry, key), key.name)) {
            // Some words need another key.
            Err(Error::LayerValue { key: refused, expected, .. }) if refused == key.name => Some(expected),
            _ => None,
        };
        for word in key.words() {
            assert_eq!(refused(word), None, "{}: {word}", entry.name);
            seen += 1;
        }
        if let (Values::Words(_), Some(first)) = (key.values, key.words().first()) {
            let expected = refused(&format!("{first}x")).expect("a word that is not listed is refused");
            assert!(key.words().iter().all(|word| expected.contains(word)), "{}: {expected}", entry.name);
        }
        if let (Values::Words(_) | Values::WordsOr(..), Otherwise::Value(default)) = (key.values, key.default) {
            assert!(key.words().contains(&default), "{}: {default}", entry.name);
        }
    }
    assert!(seen > 3 * CATALOGUE.len(), "{seen}");
}

#[test]
fn a_key_is_refused_where_it_has_no_effect() {
    let mut seen = 0;
    for (entry, key) in keys() {
        let Some((other, values)) = key.beside else { continue };
        let without = entry.key(other).expect("a key of the same layer");
        for word in without.words().iter().filter(|word| !values.contains(word)) {
            match build(&format!("{}:{other}={word}:{}=1", entry.name, key.name)) {
                Err(Error::LayerValue { key: refused, expected, .. }) => {
                    assert_eq!(refused, key.name);
                    assert!(values.iter().all(|value| expected.contains(&format!("{other}={value}"))), "{expected}");
                }
                _ => panic!("{}: {} beside {other}={word}", entry.name, key.name),
            }
            seen += 1;
        }
    }
    assert!(seen >= 18, "{seen}");
}
