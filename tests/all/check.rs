//! Audits: correct layers pass; wrong layers fail, and the finding names the place.

use lexmax::check::{self, AuditConfig, Reference, against, audit, corrections};
use lexmax::error::Result;
use lexmax::layer::catalogue::{CATALOGUE, Shape, all_layers};
use lexmax::layer::{Batch, Bias, FullSoftmax, LayerExt, LayerShape, OutputLayer, Scratch};
use lexmax::objective::LossOptions;
use lexmax::table::{Cost, Tables};
use lexmax::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};

#[test]
fn the_catalogue_passes() {
    for (vocab, dim, batch, seed) in [(240, 6, 7, 1), (60, 9, 4, 2)] {
        let found = check::catalogue(&all_layers(), vocab, dim, &audit_config(batch, seed)).unwrap();
        for (layer, audit) in found {
            assert!(audit.passed(), "{layer}, V = {vocab}:\n{audit}");
        }
    }
}

#[test]
fn options_of_the_loss_pass() {
    let loss = LossOptions::new().with_smoothing(0.1).unwrap().with_z_loss(0.01).unwrap().with_soft_cap(5.0).unwrap();
    let layer = FullSoftmax::new(60, 6, Bias::Zero).unwrap().with_loss(loss).unwrap();
    let found = audit(&layer, &AuditConfig::default());
    assert!(found.passed(), "{found}");
}

#[test]
fn every_correction_is_what_theory_says() {
    for found in corrections() {
        assert!(found.passed(), "{found:?}");
    }
}

/// What is wrong with a layer.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// ∂L/∂hidden of one example is off by a hundredth.
    Hidden,
    /// The loss is larger than its gradients say.
    Loss,
    /// ln P is shifted.
    LogProbs,
    /// ln P(target) is another word's.
    LogProb,
    /// More work is done than announced.
    Cost,
    /// All is as it should be for hidden vectors twice as long: a right layer, and not the one it is said to be.
    Model,
}

/// A full softmax with a fault.
struct Wrong(FullSoftmax, Fault);

impl Wrong {
    fn factor(&self) -> f32 {
        if self.1 == Fault::Model { 2.0 } else { 1.0 }
    }
}

impl OutputLayer for Wrong {
    fn shape(&self) -> LayerShape {
        self.0.shape()
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        if self.1 == Fault::Model {
            let (twice, mut d_twice) = (&batch.hidden * 2.0, ndarray::Array2::zeros(batch.hidden.raw_dim()));
            let batch = Batch { hidden: twice.view(), ..batch };
            let loss = self.0.step(w, batch, s, d_twice.view_mut(), losses);
            d_hidden.scaled_add(2.0, &d_twice);
            return loss;
        }
        let loss = self.0.step(w, batch, s, d_hidden.view_mut(), losses);
        if self.1 == Fault::Hidden {
            d_hidden[[1, 2]] += 0.01;
        }
        if self.1 == Fault::Loss { 1.01 * loss } else { loss }
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        self.0.log_probs(w, (&hidden * self.factor()).view(), s, out.view_mut());
        if self.1 == Fault::LogProbs {
            out.mapv_inplace(|ln_p| ln_p - 1e-4);
        }
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let others: Vec<WordId> = batch.targets.iter().map(|t| (t + 1) % self.vocab() as u32).collect();
        let targets = if self.1 == Fault::LogProb { &others } else { batch.targets };
        self.0.log_prob(w, Batch::new((&batch.hidden * self.factor()).view(), targets), s, out);
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let mut cost = self.0.expected_cost(targets)?;
        cost.rows_written += u64::from(self.1 == Fault::Cost);
        Some(cost)
    }
}

#[test]
fn wrong_layers_fail_where_they_are_wrong() -> Result<()> {
    for (fault, check) in [
        (Fault::Hidden, "∂L/∂hidden"),
        (Fault::Loss, "∂L/∂W"),
        (Fault::LogProbs, "Σ P = 1"),
        (Fault::LogProb, "ln P(target)"),
        (Fault::Cost, "cost"),
    ] {
        let found = audit(&Wrong(FullSoftmax::new(23, 6, Bias::Zero)?, fault), &AuditConfig::default());
        let failed: Vec<_> = found.findings.iter().filter(|f| !f.passed()).map(|f| f.check).collect();
        assert!(failed.contains(&check), "{check} is wrong, not {failed:?}:\n{found}");
    }
    Ok(())
}

/// A layer that agrees with itself is caught by the naive one alone; others by both.
#[test]
fn wrong_layers_are_not_the_naive_ones() -> Result<()> {
    let counts = Counts::new(vec![1; 23])?;
    let naive = Reference::of(&"full".parse()?, &Shape::new(&counts, 6, Bias::Zero))?;
    let right = FullSoftmax::new(23, 6, Bias::Zero)?;
    let found = against(&right, &naive, &AuditConfig::default());
    assert!(found.passed(), "{found}");
    let all = ["ln P, naive", "ln P(target), naive", "loss, naive", "∂L/∂hidden, naive", "∂L/∂W, naive"];
    for (fault, wrong) in [
        (Fault::Hidden, &all[3..4]),
        (Fault::Loss, &all[2..3]),
        (Fault::LogProbs, &all[..1]),
        (Fault::LogProb, &all[1..2]),
        (Fault::Model, &all[..]),
    ] {
        let layer = Wrong(right.clone(), fault);
        let found = against(&layer, &naive, &AuditConfig::default());
        let failed: Vec<_> = found.findings.iter().filter(|f| !f.passed()).map(|f| f.check).collect();
        assert_eq!(failed, wrong, "{found}");
        let alone = audit(&layer, &AuditConfig::default());
        assert_eq!(alone.passed(), fault == Fault::Model, "{alone}");
    }
    Ok(())
}

/// Every line of the catalogue is a layer of its own: the naive layer of another line with the same tables is not it.
#[test]
fn every_layer_has_its_own_naive_one() -> Result<()> {
    let counts = Counts::new((1..=60).rev().collect())?;
    let context = Shape::new(&counts, 6, Bias::Zero);
    for entry in CATALOGUE {
        let layer = entry.name.parse::<lexmax::layer::catalogue::LayerSpec>()?.build(&context)?;
        let found = against(&*layer, &Reference::of(&entry.name.parse()?, &context)?, &AuditConfig::default());
        assert!(found.passed() && found.findings.len() == 5, "{}:\n{found}", entry.name);
        assert!(found.findings.iter().all(|f| f.seen > 0), "{}:\n{found}", entry.name);
    }
    let layer = "entmax:alpha=1.6".parse::<lexmax::layer::catalogue::LayerSpec>()?.build(&context)?;
    assert!(!against(&*layer, &Reference::of(&"entmax".parse()?, &context)?, &AuditConfig::default()).passed());
    let layer = "negative:power=0.8".parse::<lexmax::layer::catalogue::LayerSpec>()?.build(&context)?;
    assert!(!against(&*layer, &Reference::of(&"negative".parse()?, &context)?, &AuditConfig::default()).passed());
    Ok(())
}

#[cfg(feature = "cli")]
#[test]
fn the_command_says_what_it_found() {
    let check = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("lexmax").unwrap();
        command.arg("check").args(arguments).assert()
    };
    let output = check(&["--layers", "full:smoothing=0.1,hierarchical", "--vocab", "40"]).success();
    assert!(String::from_utf8_lossy(&output.get_output().stdout).contains("all checks passed"));
    check(&["--layers", "hierarchical:smoothing=0.1"]).code(2);
    check(&["--batch", "0"]).code(2);
}

fn audit_config(batch: usize, seed: u64) -> AuditConfig {
    let mut config = AuditConfig::default();
    (config.batch, config.seed) = (batch, seed);
    config
}
