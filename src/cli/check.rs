//! `lexmax check`.

use super::audit;
use crate::Result;
use crate::check::{self, Audit, AuditConfig, Correction};
use crate::error::shown::lines;
use crate::layer::catalogue::{LayerSpec, all_layers};
use clap::Args;

#[derive(Args)]
pub struct Arguments {
    /// Layers, as NAME[:key=value]… joined by commas [default: all].
    ///
    /// Without --layers, the corrections of samplers are audited too.
    #[arg(long, value_delimiter = ',', value_name = "LAYER")]
    layers: Vec<LayerSpec>,
    /// Words in the vocabulary.
    #[arg(
        long, default_value_t = AuditConfig::VOCAB, value_name = "V",
        value_parser = super::whole::<u32>(1..=100_000)
    )]
    vocab: u32,
    /// Size of hidden vectors, and of the layer's word vectors.
    #[arg(
        long, default_value_t = AuditConfig::DIM, value_name = "D",
        value_parser = super::whole::<u32>(1..=1_024)
    )]
    dim: u32,
    /// Examples in the batch.
    #[arg(
        long, default_value_t = AuditConfig::BATCH, value_name = "B",
        value_parser = super::whole::<u32>(1..=1_024)
    )]
    batch: u32,
    /// Seed of weights, hidden vectors, targets and draws.
    #[arg(long, value_name = "N", default_value_t = AuditConfig::SEED, value_parser = super::natural::<u64>())]
    seed: u64,
}

/// Prints the findings. `false` if a check failed.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let settings = AuditConfig { batch: arguments.batch as usize, seed: arguments.seed };
    let (vocab, dim) = (arguments.vocab as usize, arguments.dim as usize);
    let all = arguments.layers.is_empty();
    let layers = if all { all_layers() } else { arguments.layers.clone() };
    let audits = check::catalogue(&layers, vocab, dim, &settings)?;
    let (text, passed) = report(&audits, &if all { check::corrections() } else { Vec::new() });
    super::print(&lines(&text))?;
    Ok(passed)
}

/// The tables, and whether all passed.
fn report(audits: &[(String, Audit)], corrections: &[Correction]) -> (String, bool) {
    let mut text = audit::of_audits(audits) + "\n";
    if !corrections.is_empty() {
        text += &format!("\n{}\n", audit::of_corrections(corrections));
    }
    let passed = audits.iter().all(|(_, audit)| audit.passed()) && corrections.iter().all(Correction::passed);
    let skipped = audits.iter().map(|(_, audit)| audit.skipped().count()).sum::<usize>();
    text += match (passed, skipped) {
        (false, _) => "SOME CHECKS FAILED\n",
        (true, 0) => "all checks passed\n",
        (true, _) => "all checks passed, except those skipped\n",
    };
    (text, passed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Reference, against};
    use crate::layer::Bias;
    use crate::layer::catalogue::Shape;
    use crate::vocab::Counts;

    /// Exit code 1 stands for a layer that computes something else than its name says, or for a biased correction.
    #[test]
    fn a_wrong_layer_fails_the_report() -> Result<()> {
        let counts = Counts::new((1..=30).rev().collect())?;
        let context = Shape::new(&counts, 5, Bias::Zero);
        let of = |name: &str, naive: &str| -> Result<Vec<(String, Audit)>> {
            let (layer, naive) =
                (name.parse::<LayerSpec>()?.build(&context)?, Reference::of(&naive.parse()?, &context)?);
            Ok(vec![(name.into(), against(&*layer, &naive, &AuditConfig::default()))])
        };
        let (text, passed) = report(&of("entmax", "entmax")?, &[]);
        assert!(passed && text.contains("all checks passed") && !text.contains("FAILED"), "{text}");
        let (text, passed) = report(&of("entmax", "sparsemax")?, &[]);
        assert!(!passed && text.contains("SOME CHECKS FAILED"), "{text}");
        let biased = Correction { scheme: "x".into(), bias: 0.1, zero: 1e-5, consistent: true };
        let (text, passed) = report(&of("entmax", "entmax")?, &[biased]);
        assert!(!passed && text.contains("SOME CHECKS FAILED"), "{text}");
        Ok(())
    }
}
