//! Measures the cost of a training step against the vocabulary size.
//!
//! Times a step of four layers at 10³ to 10⁵ words. Writes the chart as SVG, and as a page with the conditions of the
//! measurement. `lexmax scale` is the same call behind a command line.
//!
//! Run it in the root of the repository: `cargo run --release --example cost_vs_vocabulary`. It takes a few seconds.
//! Expect full softmax to grow as V, the tree as log V, and sampling not at all.

use lexmax::measure::{Event, ScaleConfig, Vocabs, scale};
use lexmax::report::write_page;
use std::path::Path;

fn main() -> lexmax::Result<()> {
    let layers =
        ["full", "hierarchical", "sampled", "negative"].map(str::parse).into_iter().collect::<Result<_, _>>()?;
    let mut config = ScaleConfig::new(layers, 2);
    (config.vocabs, config.dim) = (Vocabs::between(1_000, 100_000, 2), 64);
    let found = scale(&config, &mut |event| {
        if let Event::Point(p) = event {
            println!("{:14} V = {:6}: {:9.0} ns an example", p.layer, p.vocab, p.step_ns_per_example);
        }
    })?;
    for fit in &found.fits {
        println!("{:14} grows {}", fit.layer, fit.growth);
    }
    found.notes().iter().for_each(|note| println!("{note}"));
    let page = write_page(&found.page(), Path::new("target/cost-vs-vocabulary"), "scale")?;
    println!("{}, and its pictures beside it", page.display());
    Ok(())
}
