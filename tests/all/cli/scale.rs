//! `lexmax scale`, run as users run it.

use super::place::Place;
use serde_json::Value;

const SMALL: &str = "scale --vocab 60,600 --dim 8 --batch 4 --samples 8";

fn scale(place: &Place, options: &str) -> (Value, String) {
    let output = place.success(&format!("{SMALL} {options} --out found"));
    let json = std::fs::read_to_string(place.path().join("found/scale.json")).unwrap();
    (serde_json::from_str(&json).unwrap(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn every_layer_is_measured_at_every_vocabulary() {
    let place = Place::new();
    // A short budget: the figures are not looked at.
    let (found, stdout) = scale(&place, "--point-budget 1");
    let points = found["points"].as_array().unwrap();
    let layers = lexmax::layer::catalogue::CATALOGUE.len();
    assert_eq!(points.len() + found["skipped"].as_array().unwrap().len(), 2 * layers, "{stdout}");
    for point in points {
        for key in ["vocab", "step_ns_per_example", "multiply_adds", "rows", "bytes", "peak_bytes"] {
            assert!(point[key].as_f64().is_some_and(|x| x > 0.0 && x.is_finite()), "{key}: {point}");
        }
        assert!(stdout.contains(&format!("| {} ", point["layer"].as_str().unwrap())), "{stdout}");
    }
    // By hand: 3·B·V·d, V·(d + 1) numbers of 4 bytes, read twice (scan and sweep) and written once.
    let full = points.iter().find(|p| p["layer"] == "full" && p["vocab"] == 600).expect("full softmax");
    assert_eq!(full["multiply_adds"], 3 * 4 * 600 * 8);
    assert_eq!((&full["rows"], &full["bytes"]), (&(3 * 600).into(), &(3 * 600 * 9 * 4).into()));
    assert_eq!(full["parameter_bytes"], 600 * 9 * 4);
    let fits = found["fits"].as_array().unwrap();
    assert!(fits.iter().all(|f| f["power"].is_number() && f["ns_per_decade"].is_number()), "{fits:?}");
    for crossover in found["crossovers"].as_array().unwrap() {
        let from = crossover["from_vocab"].as_f64().unwrap();
        assert!((59.999..=600.001).contains(&from), "{crossover}");
    }
}

#[test]
fn what_passes_a_budget_is_skipped_with_a_line() {
    let place = Place::new();
    // 600 words of 9 numbers are 21.6 kB, their gradient as much again, and their scores, padded to 16 examples, 38.4 kB.
    let (found, stdout) = scale(&place, "--layers full --memory 0.00007");
    assert_eq!(found["points"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found["skipped"][0]["vocab"], 600);
    assert!(stdout.contains("skipped full at V = 600: it would take about"), "{stdout}");
    let (found, stdout) = scale(&place, "--layers full --point-budget 1e-9");
    assert_eq!(found["points"].as_array().unwrap().len(), 0);
    assert!(stdout.contains("more than the"), "{stdout}");
}

#[test]
fn tables_come_in_several_forms() {
    let place = Place::new();
    let (found, json) = scale(&place, "--layers full,negative --table json");
    let rows: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    assert_eq!(rows[0]["vocab"], 60);
    assert_eq!(found["points"][0]["layer"], "full");
    let (_, csv) = scale(&place, "--layers full --table csv");
    assert!(csv.starts_with("layer,vocab,step_ns_per_example,") && csv.lines().count() == 3, "{csv}");
    let (_, markdown) = scale(&place, "--layers full --table markdown");
    assert!(markdown.lines().all(|line| line.starts_with('|')) && markdown.lines().count() == 4, "{markdown}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    for (arguments, word) in [
        ("--vocab 0", "vocab"),
        ("--vocab 1e5..1e3", "1000"),
        ("--vocab 1e9", "1e8"),
        ("--vocab ten", "numbers of words"),
        ("--layers ful", "\"ful\""),
        ("--samples 0", "--samples"),
        ("--point-budget 0", "more than 0"),
        ("--point-budget -1", "more than 0"),
        ("--memory -1", "--memory"),
        ("--batch 1048576 --dim 16384", "batch"),
    ] {
        let output = place.run(&format!("scale {arguments}"));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        assert!(message.contains(word), "{arguments}: {message}");
        assert!(place.files().is_empty());
    }
}

fn advise(place: &Place, options: &str) -> (String, Value) {
    let arguments = format!("advise --vocab 2e3 --dim 8 --tokens 1e6 --samples 16 {options} --json advice.json");
    let stdout = String::from_utf8(place.success(&arguments).stdout).unwrap();
    let json = std::fs::read_to_string(place.path().join("advice.json")).unwrap();
    (stdout, serde_json::from_str::<Value>(&json).unwrap())
}

fn assert_verdict_of_each(options: &str, layers: usize) {
    let (stdout, found) = advise(&Place::new(), options);
    let verdicts = found["layers"].as_array().unwrap();
    assert_eq!(verdicts.len() + found["refused"].as_array().unwrap().len(), layers, "{found}");
    for verdict in verdicts {
        let (step, train) =
            (verdict["step_ns_per_example"].as_f64().unwrap(), verdict["train_seconds"].as_f64().unwrap());
        assert!(step > 0.0 && (train / (step * 1e-9 * 1e6) - 1.0).abs() < 1e-9, "{verdict}");
        assert!(verdict["fits"].as_bool().unwrap() && !verdict["why"].as_str().unwrap().is_empty(), "{verdict}");
    }
    assert!(stdout.contains("full softmax's work"), "{stdout}");
}

#[test]
#[ignore = "soak: every layer"]
fn advice_says_of_every_layer_what_fits_and_why() {
    assert_verdict_of_each("", lexmax::layer::catalogue::CATALOGUE.len());
}

#[test]
fn advice_says_what_fits_and_why() {
    assert_verdict_of_each("--layers full,hierarchical,sampled-midx", 3);
    let place = Place::new();
    let advise = |options: &str| advise(&place, options);
    let few = "--layers full,negative";
    let (stdout, found) = advise(&format!("--memory 0.0001 --need vectors {few}"));
    assert!(found["layers"].as_array().unwrap().iter().any(|v| v["fits"] == false), "{found}");
    assert!(stdout.contains("with the embeddings, more than"), "{stdout}");
    let (stdout, found) = advise(&format!("--time 1ns {few}"));
    assert!(found["layers"].as_array().unwrap().iter().all(|v| v["fits"] == false), "{found}");
    assert!(stdout.contains(" s, more than "), "{stdout}");
    for (arguments, word) in [
        ("--vocab 0 --dim 8 --tokens 5", "--vocab"),
        ("--vocab 1e12 --dim 8 --tokens 5", "100000000"),
        ("--vocab 10 --dim 8 --tokens 1.5", "whole number"),
        ("--vocab 10 --dim 8 --tokens 5 --time 0s", "more than 0"),
        ("--vocab 10 --dim 8", "--tokens"),
    ] {
        let output = place.run(&format!("advise {arguments}"));
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {message}");
        assert!(message.contains(word), "{arguments}: {message}");
    }
}
