//! Every option has one name; old names still work.

use super::place::{Place, text};
use serde_json::Value;

/// A comparison of one layer in a moment, without what differs from run to run.
fn compared(place: &Place, options: &str) -> Value {
    place.success(&format!("compare --layers full --examples 300 --valid-examples 20 --threads 1 {options}"));
    let found = place.comparison("lexmax-out");
    let row = &found["layers"][0];
    serde_json::json!({ "config": found["config"], "nll": row["valid_nll"], "work": row["cost_per_example"] })
}

/// The sizes of hidden vectors and of word vectors, as `compare.json` has them.
fn sizes(found: &Value) -> [u64; 2] {
    ["dim", "embedding"].map(|key| found["config"][key].as_u64().unwrap())
}

#[test]
fn dim_is_the_size_of_word_vectors_and_hidden_that_of_the_hidden_layer() {
    let place = Place::new();
    let synthetic = "--vocab 50 --classes 5";
    assert_eq!(sizes(&compared(&place, &format!("{synthetic} --dim 6"))), [6, 6]);
    assert_eq!(sizes(&compared(&place, &format!("{synthetic} --model ngram"))), [24, 24]);
    assert_eq!(sizes(&compared(&place, &format!("{synthetic} --model ngram --dim 6"))), [6, 6]);
    assert_eq!(sizes(&compared(&place, &format!("{synthetic} --model ngram --hidden 7"))), [7, 24]);
    assert_eq!(sizes(&compared(&place, &format!("{synthetic} --model ngram --dim 6 --hidden 7"))), [7, 6]);
}

#[test]
fn old_options_give_the_old_results() {
    let place = Place::new();
    place.file("text", text(100));
    for (old, new) in [
        (
            "--vocab 50 --classes 5 --model ngram --embedding 6",
            "--vocab 50 --classes 5 --model ngram --dim 6 --hidden 24",
        ),
        ("--corpus text --model ngram --embedding 6", "--corpus text --model ngram --dim 6 --hidden 100"),
        ("--corpus text --dim 6 --window 3 --dynamic", "--corpus text --dim 6 --window 3 --window-rule dynamic"),
        ("--corpus text --dim 6 --window 3", "--corpus text --dim 6 --window 3 --window-rule fixed"),
    ] {
        assert_eq!(compared(&place, old), compared(&place, new), "{old}");
    }
    let dynamic = |rule: &str| compared(&place, &format!("--corpus text --dim 6 --window 3 --window-rule {rule}"));
    assert_eq!([dynamic("dynamic"), dynamic("fixed")].map(|found| found["config"]["dynamic"].clone()), [true, false]);
    assert_ne!(dynamic("dynamic")["nll"], dynamic("fixed")["nll"]);
}

#[test]
fn old_and_new_names_do_not_mix() {
    let place = Place::new();
    for (arguments, words) in [
        ("--model ngram --dim 6 --embedding 6", &["--dim and --embedding", "write --dim", "--hidden"][..]),
        ("--model ngram --hidden 6 --embedding 6", &["--hidden and --embedding", "write --dim", "--hidden"]),
        ("--dim 6 --embedding 6", &["--dim and --embedding", "write --dim"]),
        ("--embedding 6", &["--embedding has no effect with the models cbow and skipgram"]),
        ("--hidden 6", &["hidden has no effect with the models cbow and skipgram"]),
        ("--model skipgram --order 3", &["order has no effect with the models cbow and skipgram"]),
        ("--model ngram --window 3", &["window has no effect with the model ngram"]),
        ("--model ngram --dynamic", &["window rule dynamic has no effect with the model ngram"]),
        ("--model ngram --window-rule dynamic", &["window rule dynamic has no effect with the model ngram"]),
        ("--model ngram --context both", &["context both has no effect with the model ngram"]),
        ("--dynamic --window-rule fixed", &["--dynamic", "--window-rule"]),
        ("--hidden 0", &["--hidden", "from 1 to 16384"]),
        ("--embedding 0", &["--embedding", "from 1 to 16384"]),
    ] {
        let output = place.run(&format!("compare {arguments} --examples 1000000000000"));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{arguments}: {message}");
        assert!(place.files().is_empty(), "{arguments}");
    }
}

#[test]
fn help_shows_the_new_names_alone() {
    let place = Place::new();
    let help = String::from_utf8(place.success("compare --help").stdout).unwrap();
    assert!(["--dim", "--hidden", "--window-rule"].iter().all(|name| help.contains(name)), "{help}");
    assert!(["--dynamic", "--embedding"].iter().all(|name| !help.contains(name)), "{help}");
    // The number of words is V, as in the pages.
    for command in ["compare", "step", "scale", "advise", "check"] {
        let help = String::from_utf8(place.success(&format!("{command} --help")).stdout).unwrap();
        assert!(help.contains("--vocab <V>"), "{help}");
    }
}
