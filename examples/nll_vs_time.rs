//! Which layer learns most in the same time?
//!
//! Trains four layers for two seconds each on the synthetic language, and writes the curves of held-out NLL as SVG and as a
//! page: `cargo run --release --example nll_vs_time`.

use lexmax::compare::{Config, Data, Quiet, Source, compare};
use lexmax::corpus::{Context, Model, Window};
use lexmax::model::Encoding;
use lexmax::optimizer::Optimizer;
use lexmax::report::write_page;
use lexmax::synthetic::SyntheticLanguage;
use lexmax::train::Budget;
use std::{path::Path, time::Duration};

fn main() -> lexmax::Result<()> {
    let classes = SyntheticLanguage::DEFAULT_CLASSES;
    let data = Data::new(&Source::Synthetic { vocab: 2_000, classes, seed: 1 })?;
    let layers = ["full", "hierarchical", "sampled:samples=64", "negative"].map(str::parse);
    let config = Config {
        layers: layers.into_iter().collect::<Result<_, _>>()?,
        window: Window::new(Model::Cbow, Context::Left, 1, false)?,
        encoding: Encoding::Mean,
        dim: 24,
        optimizer: Optimizer::adagrad(0.01)?,
        rate: None,
        batch: None,
        budget: Budget::Time(Duration::from_secs(2)),
        valid_examples: 1_000,
        threads: 2,
        seed: 1,
    };
    let found = compare(&config, &data, &mut Quiet)?;
    for row in &found.layers {
        let curve: Vec<_> = row.curve.iter().map(|p| format!("{:.2} s {:.3}", p.seconds, p.valid_nll)).collect();
        println!("{:20} {}", row.layer, curve.join(", "));
    }
    let page = write_page(&found.page(), Path::new("target/nll-vs-time"), "compare")?;
    println!("{}, and its pictures beside it", page.display());
    Ok(())
}
