//! The memory that `advise` predicts for a layer, compared with the memory that an allocator counts in training. The
//! prediction walks through the steps without arithmetic.

use lexmax::layer::catalogue::{CATALOGUE, LayerSpec};
use lexmax::measure::{AdviseConfig, Need, ScaleConfig, Vocabs, advise, scale};
use std::collections::BTreeMap;

/// It counts for the whole program: this file has one test.
#[global_allocator]
static HEAP: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

#[test]
fn expected_memory_is_within_the_thirty_percent_that_are_promised() {
    let layers: Vec<LayerSpec> = CATALOGUE.iter().map(|entry| entry.name.parse().unwrap()).collect();
    let (dim, batch) = (48, 64);
    let vocabs = Vocabs::between(2_000, 2_000, 1);
    let mut config = ScaleConfig::new(layers.clone(), 2);
    (config.vocabs, config.dim, config.batch, config.point_seconds) = (vocabs.clone(), dim, batch, 1.0);
    let found = scale(&config, &mut |_| {});
    let measured: BTreeMap<_, _> = found.unwrap().points.into_iter().map(|p| ((p.layer.clone(), p.vocab), p)).collect();
    let (mut pairs, mut outside) = (0, Vec::new());
    for vocab in vocabs.as_slice() {
        let mut config = AdviseConfig::new(layers.clone(), *vocab, dim, 1);
        (config.batch, config.threads) = (batch, 2);
        (config.need, config.step_seconds) = (Need::Vectors, 0.05);
        for verdict in advise(&config, &mut |_| {}).unwrap().layers {
            let point = &measured[&(verdict.layer.clone(), *vocab)];
            let ratio = verdict.memory_bytes as f64 / point.peak_bytes as f64;
            let line = format!("{} at {vocab}: {} bytes, {ratio:.3}", verdict.layer, point.peak_bytes);
            println!("{line}");
            if !(1.0 / 1.3..=1.3).contains(&ratio) || point.peak_bytes < point.parameter_bytes {
                outside.push(line);
            }
            pairs += 1;
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
    assert!(pairs >= CATALOGUE.len() && pairs == measured.len(), "{pairs} pairs");
}
