//! A layer of three methods: the defaults of the trait provide its audit, its verbs, its ln P of single words and its
//! start at the unigram model.

use lexmax::WorkerRng;
use lexmax::check::{AuditConfig, Verdict, audit};
use lexmax::layer::verbs::Sampling;
use lexmax::layer::{Batch, Bias, FullSoftmax, LayerExt, LayerShape, OutputLayer, Scratch};
use lexmax::model::MeanEmbedding;
use lexmax::model::{Model, SharedModel};
use lexmax::objective::LossOptions;
use lexmax::table::Optimizer;
use lexmax::table::{Frozen, Init, Matrix, Rows, TableShape, Tables, Threads};
use lexmax::vocab::Counts;
use ndarray::{Array2, ArrayView2, ArrayViewMut2};

const VOCAB: usize = 50;
const DIM: usize = 6;
/// More examples than the defaults take at a time.
const BATCH: usize = 37;

/// Softmax over all words.
struct Plain {
    bias: Bias,
}

impl OutputLayer for Plain {
    fn shape(&self) -> LayerShape {
        LayerShape::flat(VOCAB, DIM, self.bias)
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let mut coefficients = Array2::zeros((batch.len(), VOCAB));
        self.log_probs(w, batch.hidden, s, coefficients.view_mut());
        let mut own = vec![0.0; batch.len()];
        for (b, mut k) in coefficients.rows_mut().into_iter().enumerate() {
            let (target, weight) = (batch.targets[b] as usize, batch.weight(b));
            own[b] = -f64::from(weight) * f64::from(k[target]);
            k.mapv_inplace(|ln_p| weight * ln_p.exp());
            k[target] -= weight;
        }
        let all = Rows::Range(0..VOCAB as u32);
        w.weighted_sum(0, &all, coefficients.view(), d_hidden);
        w.descend(0, &all, coefficients.view(), batch.hidden);
        if let Some(losses) = losses {
            losses.copy_from_slice(&own);
        }
        own.iter().sum()
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, _: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        w.scores(0, &Rows::Range(0..VOCAB as u32), hidden, out.view_mut());
        for mut row in out.rows_mut() {
            let scores: Vec<f64> = row.iter().map(|z| f64::from(*z)).collect();
            let ln_z = lexmax::objective::math::ln_sum_exp(&scores);
            row.iter_mut().zip(scores).for_each(|(out, z)| *out = (z - ln_z) as f32);
        }
    }
}

/// A table with entries in ±1, its biases too, and hidden vectors with their targets.
struct Rig {
    matrix: Matrix,
    hidden: Array2<f32>,
    targets: Vec<u32>,
}

impl Rig {
    fn new() -> Self {
        let shape = TableShape::new(VOCAB as u32, DIM, true, Init::Uniform(1.0));
        let mut matrix = Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(1, 0)).unwrap();
        for (i, bias) in matrix.bias_mut().iter_mut().enumerate() {
            *bias = (i as f32).sin();
        }
        let hidden = Array2::from_shape_fn((BATCH, DIM), |(b, k)| ((1 + b * DIM + k) as f32).cos());
        Self { matrix, hidden, targets: (0..BATCH).map(|b| (b * 7 % VOCAB) as u32).collect() }
    }

    fn tables(&self) -> Tables<'_> {
        Tables::new(vec![Box::new(Frozen::new(&self.matrix, Threads::default()))])
    }

    fn batch(&self) -> Batch<'_> {
        Batch::new(self.hidden.view(), &self.targets)
    }
}

fn scratch() -> Scratch {
    Scratch::new(WorkerRng::new(9, 1))
}

/// A right layer passes all that can be checked; what cannot is named, and has not passed.
#[test]
fn the_audit_passes_and_says_what_it_skipped() {
    let found = audit(&Plain { bias: Bias::Zero }, &AuditConfig::default());
    assert!(found.passed(), "{found}");
    let verdicts: Vec<_> = found.findings.iter().map(|finding| (finding.check, finding.verdict())).collect();
    let passed = ["Σ P = 1", "ln P(target)", "∂L/∂hidden", "∂L/∂W"].map(|check| (check, Verdict::Passed));
    assert_eq!(verdicts, [&passed[..], &[("cost", Verdict::Skipped)]].concat());
    assert!(!found.findings[4].passed());
    assert_eq!(found.skipped().map(|(check, _)| check).collect::<Vec<_>>(), ["cost"]);
    assert!(found.to_string().contains("skipped cost: the layer has no closed form"), "{found}");
}

/// The defaults give what full softmax gives by methods of its own.
#[test]
fn log_prob_and_verbs_are_those_of_full_softmax() {
    let (rig, plain) = (Rig::new(), Plain { bias: Bias::Zero });
    let plain: &dyn OutputLayer = &plain;
    let full = FullSoftmax::new(VOCAB, DIM, Bias::Zero).unwrap();
    let (mut w, mut s) = (rig.tables(), scratch());

    let mut of = [vec![0.0; BATCH], vec![0.0; BATCH]];
    plain.log_prob(&mut w, rig.batch(), &mut s, &mut of[0]);
    full.log_prob(&mut w, rig.batch(), &mut s, &mut of[1]);
    assert!(of[0].iter().zip(&of[1]).all(|(a, b)| (a - b).abs() < 1e-5), "{of:?}");

    let best = [plain.top_k(&mut w, rig.hidden.view(), 5, &mut s), full.top_k(&mut w, rig.hidden.view(), 5, &mut s)];
    for (a, b) in best[0].iter().flatten().zip(best[1].iter().flatten()) {
        assert!(a.word == b.word && (a.ln_p - b.ln_p).abs() < 1e-5, "{a:?} {b:?}");
    }
    assert_eq!(plain.rank(&mut w, rig.batch(), &mut s), full.rank(&mut w, rig.batch(), &mut s));

    for how in [Sampling::new(3), Sampling::new(3).at_temperature(0.7).unwrap().without_replacement()] {
        let words = |layer: &dyn OutputLayer, w: &mut Tables| -> Vec<u32> {
            let drawn = layer.sample(w, rig.hidden.view(), how, &mut scratch());
            drawn.into_iter().flatten().map(|scored| scored.word).collect()
        };
        let drawn = words(plain, &mut w);
        assert_eq!((drawn.len(), &drawn), (3 * BATCH, &words(&full, &mut w)));
    }

    let mut relaxed = Array2::zeros((BATCH, VOCAB));
    plain.gumbel_softmax(&mut w, rig.hidden.view(), 0.5, &mut s, relaxed.view_mut());
    assert!(relaxed.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-5));
    // No gradient by default, and then nothing is done.
    let (pair, mut d_hidden) = ((relaxed.view(), relaxed.view()), Array2::zeros((BATCH, DIM)));
    assert!(!plain.gumbel_softmax_backward(&mut w, rig.hidden.view(), 0.5, pair, &mut s, d_hidden.view_mut()));
    assert!(d_hidden.iter().all(|d| *d == 0.0));
    assert!(!plain.ln_z(&mut w, rig.hidden.view(), &mut s, &mut [0.0; BATCH]));
}

/// A table of V rows with biases starts at the unigram model; any other table starts at zero.
#[test]
fn biases_start_at_the_unigram_model_or_at_zero() {
    let counts = Counts::new((1..=VOCAB as u64).rev().collect()).unwrap();
    let model = || -> (Box<MeanEmbedding>, Box<dyn OutputLayer>) {
        (Box::new(MeanEmbedding::new(VOCAB, DIM).unwrap()), Box::new(Plain { bias: Bias::Unigram }))
    };
    let (encoder, layer) = model();
    let plain = Model::new(encoder, layer, &counts, Optimizer::Sgd, 1).unwrap();
    let (mut w, mut out) = (plain.frozen(&Threads::default()), Array2::zeros((1, VOCAB)));
    let hidden = Array2::ones((1, DIM));
    plain.layer().log_probs(&mut w.layer, hidden.view(), &mut scratch(), out.view_mut());
    for (word, ln_p) in (0..).zip(out.iter()) {
        assert!((f64::from(*ln_p) - counts.ln_probability(word)).abs() < 1e-6, "word {word}");
    }
    let (encoder, layer) = model();
    let shared = SharedModel::new(encoder, layer, &counts, 1).unwrap().into_model().unwrap();
    assert_eq!(shared.layer_tables()[0].bias(), plain.layer_tables()[0].bias());

    /// Two tables.
    struct Two;
    impl OutputLayer for Two {
        fn shape(&self) -> LayerShape {
            LayerShape::flat(VOCAB, DIM, Bias::Unigram).with_rows(3, DIM)
        }

        fn step(&self, _: &mut Tables, _: Batch, _: &mut Scratch, _: ArrayViewMut2<f32>, _: Option<&mut [f64]>) -> f64 {
            0.0
        }

        fn log_probs(&self, _: &mut Tables, _: ArrayView2<f32>, _: &mut Scratch, _: ArrayViewMut2<f32>) {}
    }
    assert_eq!(Two.unigram_biases(&counts), vec![Vec::<f32>::new(); 2]);
    assert_eq!(Plain { bias: Bias::None }.unigram_biases(&counts), vec![Vec::<f32>::new()]);
    let two = Model::new(model().0, Box::new(Two), &counts, Optimizer::Sgd, 1).unwrap();
    let zeros = |table: usize, rows: usize| two.layer_tables()[table].bias() == vec![0.0; rows];
    assert!(zeros(0, VOCAB) && zeros(1, 3));
}

/// All else a layer has by saying nothing.
#[test]
fn nothing_is_promised_by_default() {
    let mut plain = Plain { bias: Bias::Zero };
    assert!(plain.expected_cost(&[1, 2]).is_none() && plain.tree().is_none());
    assert!(plain.adaptive().is_none() && plain.adaptive_mut().is_none());
    let refused = plain.set_loss(LossOptions::new().with_smoothing(0.1).unwrap()).unwrap_err();
    let says = "Plain does not support label smoothing; remove it, or choose a layer that does";
    assert_eq!(refused.to_string(), says);
    assert_eq!((plain.vocab(), plain.dim(), plain.bias(), plain.gives_zeros()), (VOCAB, DIM, Bias::Zero, false));
    assert_eq!(plain.tables(), LayerShape::flat(VOCAB, DIM, Bias::Zero).tables);
}
