//! Times steps of a `Head` in Rust, as `head.py` does in Python: the same counts, hidden vectors, targets and settings.
//!
//! The recorder (`benches/README.md`) runs both by turns. Options are those that it hands to a program that takes
//! steps; the result is a line of JSON.

use lexmax::head::Head;
use lexmax::prelude::Counts;
use ndarray::Array2;
use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

/// Steps before the timed ones.
const WARM_UP: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let (vocab, dim, batch) = (option::<usize>("--vocab")?, option("--dim")?, option::<usize>("--batch")?);
    let (threads, repeats, seed) = (option("--threads")?, option::<usize>("--repeats")?, option("--seed")?);
    let counts = Counts::new((1..=vocab as u64).rev().collect())?;
    let mut head =
        Head::builder(&option::<String>("--layer")?, &counts, dim).seed(seed).threads(threads).rate(0.0).build()?;
    let hidden = Array2::from_shape_fn((batch, dim), |(i, j)| ((i * 31 + j * 17) % 101) as f32 / 101.0 - 0.5);
    let targets: Vec<u32> = (0..batch).map(|i| (i * 39 % vocab) as u32).collect();
    let mut times = Vec::new();
    for _ in 0..WARM_UP + repeats {
        let start = Instant::now();
        black_box(head.step(hidden.view(), &targets)?.d_hidden);
        times.push(1e3 * start.elapsed().as_secs_f64());
    }
    let times = &mut times[WARM_UP..];
    times.sort_by(f64::total_cmp);
    let step_ms = 0.5 * (times[(repeats - 1) / 2] + times[repeats / 2]);
    println!("{{\"step_ms\": {step_ms}, \"version\": \"{}\"}}", env!("CARGO_PKG_VERSION"));
    Ok(())
}

/// The value after an option.
fn option<T: std::str::FromStr>(name: &str) -> Result<T, String> {
    let value = std::env::args().skip_while(|argument| argument != name).nth(1);
    value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("expected {name} with a value"))
}
