//! Which layer learns most in the same time?
//!
//! Trains four layers for two seconds each on `corpora/sample.txt`, evaluates them on held-out lines along the way, and
//! writes the picture as SVG, and as a page that says how it was measured. `lexmax compare` is the same call behind a
//! command line.
//!
//! Run it in the repository's root: `cargo run --release --example nll_vs_time`.

use lexmax::compare::{Config, Data, Quiet, Source, compare};
use lexmax::corpus::{Context, Model, Window};
use lexmax::optimizer::Optimizer;
use lexmax::report::write_page;
use lexmax::train::Budget;
use std::{path::Path, time::Duration};

fn main() -> lexmax::Result<()> {
    let corpus = vec!["corpora/sample.txt".into()];
    let data = Data::new(&Source::Text { corpus, valid: Vec::new(), min_count: 2, sample: 0.0 })?;
    let layers = ["full", "hierarchical", "sampled:samples=64", "negative"].map(str::parse);
    let config = Config {
        layers: layers.into_iter().collect::<Result<_, _>>()?,
        window: Window::new(Model::Cbow, Context::Left, 5, false)?,
        dim: 32,
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
