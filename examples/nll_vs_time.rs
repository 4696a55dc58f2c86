//! Compares the loss that layers reach in the same time.
//!
//! Trains four layers for two seconds each on the synthetic language. Writes the curves of held-out NLL as SVG and as a
//! page: `cargo run --release --example nll_vs_time`.

use lexmax::compare::Builder;
use lexmax::report::write_page;
use std::{path::Path, time::Duration};

fn main() -> lexmax::Result<()> {
    let found = Builder::of(["full", "hierarchical", "sampled:samples=64", "negative"])?
        .synthetic(2_000, 16)
        .budget(Duration::from_secs(2))
        .valid_examples(1_000)
        .threads(2)
        .run()?;
    for row in &found.layers {
        let curve: Vec<_> = row.curve.iter().map(|p| format!("{:.2} s {:.3}", p.seconds, p.valid_nll)).collect();
        println!("{:20} {}", row.layer, curve.join(", "));
    }
    let page = write_page(&found.page(), Path::new("target/nll-vs-time"), "compare")?;
    println!("{}, and its pictures beside it", page.display());
    Ok(())
}
