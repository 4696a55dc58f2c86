//! A layer whose tables are divided among ranks has the bits of one process, for every layer, every verb and any
//! number of ranks. What ranks send has closed forms.

use super::cases;
use super::rig::{Examples, Rig, UPDATES, Updates, bits};
use lexmax::WorkerRng;
use lexmax::layer::verbs::{Sampling, Scored};
use lexmax::layer::{Batch, Bias, Divisions, FullSoftmax, LayerExt, LayerShape, OutputLayer, Scratch};
use lexmax::peers::{Exchanged, Team, ThreadPeers};
use lexmax::table::{
    Bags, Deferred, Divided, Division, Frozen, Init, Matrix, Online, Optimizer, Rows, Stat, Table, TableShape, Tables,
    Threads, Tile,
};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use rand::RngExt;
use std::ops::Range;

const RATE: f32 = 0.3;

/// This rank's handle on the rows that it holds of a table.
fn handle<'a>(divisions: &Divisions, number: usize, updates: Updates, m: &'a mut Matrix) -> Box<dyn Table + 'a> {
    match updates {
        Updates::Online => divisions.handle(number, Online::new(m, RATE, Threads::default())),
        Updates::Deferred => divisions.handle(number, Deferred::new(m, RATE, Threads::default())),
    }
}

/// All that steps and verbs tell, as bits.
#[derive(Debug, Default, PartialEq)]
struct Told {
    losses: Vec<u64>,
    d_hidden: Vec<u32>,
    numbers: Vec<u64>,
    words: Vec<Vec<(u32, u64)>>,
    ranks: Vec<usize>,
}

impl Told {
    fn f32s<'a>(&mut self, values: impl IntoIterator<Item = &'a f32>) {
        self.numbers.extend(values.into_iter().map(|x| u64::from(x.to_bits())));
    }

    fn f64s(&mut self, values: &[f64]) {
        self.numbers.extend(values.iter().map(|x| x.to_bits()));
    }

    fn scored(&mut self, found: Vec<Vec<Scored>>) {
        let bits = |s: &Scored| (s.word, s.ln_p.to_bits());
        self.words.extend(found.iter().map(|scored| scored.iter().map(bits).collect()));
    }

    /// Takes steps.
    fn steps(&mut self, layer: &dyn OutputLayer, w: &mut Tables, batches: &[Examples]) {
        let mut s = Scratch::new(WorkerRng::new(3, 0));
        for examples in batches {
            let mut d_hidden = Array2::from_elem(examples.hidden.raw_dim(), 0.25);
            let mut losses = vec![0.0; examples.len()];
            layer.step(w, examples.batch(), &mut s, d_hidden.view_mut(), Some(&mut losses));
            w.flush();
            self.losses.extend(losses.iter().map(|loss| loss.to_bits()));
            self.d_hidden.extend(d_hidden.iter().map(|x| x.to_bits()));
        }
    }

    /// Asks every verb.
    fn verbs(&mut self, layer: &dyn OutputLayer, w: &mut Tables, examples: &Examples) {
        let (hidden, vocab) = (examples.hidden.view(), layer.vocab());
        let mut s = Scratch::new(WorkerRng::new(4, 0));
        let mut all = Array2::zeros((examples.len(), vocab));
        layer.log_probs(w, hidden, &mut s, all.view_mut());
        self.f32s(&all);
        let mut of_each = vec![0.0; examples.len()];
        layer.log_prob(w, examples.batch(), &mut s, &mut of_each);
        self.f64s(&of_each);
        layer.ln_z(w, hidden, &mut s, &mut of_each);
        self.f64s(&of_each);
        self.scored(layer.top_k(w, hidden, 7, &mut s));
        self.ranks.extend(layer.rank(w, examples.batch(), &mut s));
        self.scored(layer.sample(w, hidden, Sampling::new(3), &mut s));
        let tempered = Sampling::new(5).at_temperature(0.7).unwrap().without_replacement();
        self.scored(layer.sample(w, hidden, tempered, &mut s));
        let mut relaxed = Array2::zeros((examples.len(), vocab));
        layer.gumbel_softmax(w, hidden, 0.5, &mut s, relaxed.view_mut());
        self.f32s(&relaxed);
    }

    /// Follows the gradient of ln P, if the layer has one.
    fn backward(&mut self, layer: &dyn OutputLayer, w: &mut Tables, examples: &Examples) {
        let d = Array2::from_shape_fn((examples.len(), layer.vocab()), |(b, v)| ((b * 7 + v) % 5) as f32 * 0.02 - 0.03);
        let mut d_hidden = Array2::zeros(examples.hidden.raw_dim());
        let mut s = Scratch::new(WorkerRng::new(5, 0));
        let says = layer.log_probs_backward(w, examples.hidden.view(), d.view(), &mut s, d_hidden.view_mut());
        w.flush();
        self.ranks.push(usize::from(says));
        self.f32s(&d_hidden);
    }
}

/// Everything that one process, or one of several ranks, is told. `matrices` are its tables.
fn told(rig: &Rig, matrices: &mut [Matrix], divisions: &Divisions, updates: Updates, batches: &[Examples]) -> Told {
    let layer = &*rig.layer;
    let mut told = Told::default();
    let handles = matrices.iter_mut().enumerate().map(|(number, m)| handle(divisions, number, updates, m));
    let mut w = Tables::new(handles.collect());
    told.steps(layer, &mut w, batches);
    told.backward(layer, &mut w, &batches[0]);
    told.verbs(layer, &mut w, &batches[1]);
    drop(w);
    let frozen = |(number, m)| divisions.handle(number, Frozen::new(m, Threads::default()));
    let mut w = Tables::new(matrices.iter().enumerate().map(frozen).collect());
    told.verbs(layer, &mut w, &batches[0]);
    told
}

/// Optimizers and updates, each of them once.
fn kinds() -> [(Optimizer, Updates); 2] {
    [(Optimizer::Sgd, UPDATES[0]), (Optimizer::adagrad(0.01).unwrap(), UPDATES[1])]
}

/// This rank's part of every table.
fn parts(divisions: &Divisions, whole: &[Matrix]) -> Vec<Matrix> {
    let part = |(number, m): (usize, &Matrix)| divisions.of_table(number).map_or(m.clone(), |d| d.part_of(m));
    whole.iter().enumerate().map(part).collect()
}

fn assert_same_on_ranks(name: &str, vocab: usize, dim: usize, sizes: &[usize], ranks: &[usize]) {
    let batches: Vec<_> = sizes.iter().zip(0..).map(|(size, seed)| Examples::random(*size, vocab, dim, seed)).collect();
    for (optimizer, updates) in kinds() {
        let rig = Rig::new(name, vocab, dim, 0.4).with_optimizer(optimizer);
        let mut alone = rig.matrices.clone();
        let expected = told(&rig, &mut alone, &Divisions::new(&*rig.layer, &Team::default()), updates, &batches);
        for ranks in ranks {
            ThreadPeers::run(*ranks, |peers| {
                let divisions = Divisions::new(&*rig.layer, &Team::new(peers));
                let mut own = parts(&divisions, &rig.matrices);
                let found = told(&rig, &mut own, &divisions, updates, &batches);
                let case = format!("{name}, {optimizer:?}, {updates:?}, {ranks} ranks");
                assert_eq!(found.losses, expected.losses, "losses: {case}");
                assert_eq!(found.d_hidden, expected.d_hidden, "d_hidden: {case}");
                assert_eq!(bits(&own), bits(&parts(&divisions, &alone)), "tables: {case}");
                assert!(found == expected, "verbs: {case}");
            });
        }
    }
}

/// Layers whose steps scan, over tables of many strips.
#[test]
fn exact_layers_have_the_bits_of_one_process_on_any_number_of_ranks() {
    for name in [
        "full",
        "full:smoothing=0.1:z-loss=0.003:soft-cap=6",
        "differentiated",
        "differentiated-projected",
        "adaptive",
        "sparsemax:temperature=4",
        "entmax",
        "self-normalized",
        "infrequent:fraction=0.5",
        "class-based",
    ] {
        let name = format!("{name}:bias=unigram");
        assert_same_on_ranks(&name, 3_000, 12, &[50, 5, 33], &[1, 2, 3, 4]);
    }
}

/// Lists of scores that several ranks have found: entmax over a vocabulary that it samples.
#[test]
fn sparse_layers_merge_the_lists_of_all_ranks() {
    for name in ["sparsemax", "entmax", "entmax:alpha=1.25:temperature=9"] {
        assert_same_on_ranks(name, 4_500, 64, &[20, 17], &[3]);
    }
}

/// Every layer of the catalogue and its variants, over few strips, so that ranks are idle.
#[test]
fn every_layer_has_the_bits_of_one_process() {
    for name in cases::all(600, 9) {
        assert_same_on_ranks(&name, 600, 9, &[10, 3], &[3]);
    }
}

fn bits_of(array: &Array2<f32>) -> Vec<u32> {
    array.iter().map(|x| x.to_bits()).collect()
}

/// A table's verbs, for rows in any order, repeated, and of any rank.
fn table_verbs(table: &mut dyn Table, x: ArrayView2<f32>) -> Vec<(&'static str, Vec<u32>)> {
    let (rows, batch) = (table.shape().rows, x.nrows());
    let list: Vec<u32> = [0, rows - 1, rows / 2, 3, 0, rows / 3].to_vec();
    let mut told = Vec::new();
    for range in [0..rows, 1..rows - 1, rows / 3..rows / 3, rows / 4..rows / 2] {
        for rows in [Rows::Range(range), Rows::List(&list)] {
            let mut z = Array2::zeros((batch, rows.len()));
            table.scores(&rows, x, z.view_mut());
            let mut y = Array2::from_elem(x.raw_dim(), 0.5);
            // Small coefficients, so that no number grows beyond all bounds.
            let coef = z.mapv(|z| z.tanh() * 0.01);
            table.weighted_sum(&rows, coef.view(), y.view_mut());
            table.descend(&rows, coef.view(), x);
            assert!(z.iter().chain(&y).all(|x| x.is_finite()));
            told.push(("scores", bits_of(&z)));
            told.push(("weighted_sum", bits_of(&y)));
        }
    }
    let bags = Bags { rows: &list, offsets: &[0, 1, 4, 6] };
    let mut means = Array2::zeros((3, x.ncols()));
    table.bag_means(bags, means.view_mut());
    table.descend_bags(bags, means.view());
    table.descend_each(bags, means.view());
    let mut losses = vec![0.0; batch];
    let mut d_x = Array2::from_elem(x.raw_dim(), 1.0);
    let halve = |_: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
        z.iter_mut().for_each(|z| *z *= 0.5);
        losses.iter_mut().zip(z.rows()).for_each(|(loss, z)| *loss += f64::from(z[0]));
    };
    table.step(&list, x, &halve, &mut losses, d_x.view_mut());
    let mut stats = vec![Stat::EMPTY; batch];
    let fold = |tile: &Tile, stats: &mut [Stat]| {
        for row in tile.rows() {
            // The row's number among all rows counts.
            let terms = stats.iter_mut().zip(tile.row(row));
            terms.for_each(|(stat, z)| stat.linear += f64::from(*z) * f64::from(row % 7));
        }
    };
    for rows in [0..rows, 0..rows] {
        table.scan(rows, x, &fold, &mut stats);
    }
    for last in [false, true] {
        let scale = |tile: &mut Tile| tile.scores_mut().iter_mut().for_each(|z| *z *= 0.1);
        table.sweep(0..rows, x, &scale, d_x.view_mut(), last);
    }
    table.flush();
    let low = |x: f64| x.to_bits() as u32;
    told.push(("bag_means", bits_of(&means)));
    told.push(("d_x", bits_of(&d_x)));
    told.push(("losses", losses.iter().map(|loss| low(*loss)).collect()));
    told.push(("scan", stats.iter().map(|stat| low(stat.linear)).collect()));
    told
}

#[test]
fn every_verb_of_a_divided_table_has_the_bits_of_one_process() {
    for (rows, dim, batch) in [(7_000, 20, 40), (700, 3, 1), (256, 5, 9), (5_001, 17, 70)] {
        for optimizer in [Optimizer::Sgd, Optimizer::adagrad(0.01).unwrap()] {
            let mut rng = WorkerRng::new(u64::from(rows), 8);
            let shape = TableShape::new(rows, dim, rows % 2 == 0, Init::Uniform(0.4));
            let whole = Matrix::new(shape, optimizer, &mut rng).unwrap();
            let x = Array2::from_shape_simple_fn((batch, dim), || rng.random::<f32>() - 0.5);
            for updates in UPDATES {
                let mut alone = whole.clone();
                let expected = table_verbs(&mut *updates.handle(&mut alone, RATE, &Threads::default()), x.view());
                for ranks in 1..=4 {
                    ThreadPeers::run(ranks, |peers| {
                        let team = Team::new(peers);
                        let division = Division::over(rows, &team);
                        let mut own = division.part_of(&whole);
                        let threads = Threads::new(2);
                        let found = match updates {
                            Updates::Online => {
                                let own = Online::new(&mut own, RATE, threads);
                                table_verbs(&mut Divided::new(own, division, team), x.view())
                            }
                            Updates::Deferred => {
                                let own = Deferred::new(&mut own, RATE, threads);
                                table_verbs(&mut Divided::new(own, division, team), x.view())
                            }
                        };
                        let case = format!("{rows} rows, {optimizer:?}, {updates:?}, {ranks} ranks");
                        for ((verb, found), (_, expected)) in found.iter().zip(&expected) {
                            assert!(found == expected, "{verb}: {case}");
                        }
                        assert_eq!(bits(&[own]), bits(&[division.part_of(&alone)]), "{case}");
                    });
                }
            }
        }
    }
}

/// Parts of tables are drawn as the whole is, with biases and random weights.
#[test]
fn ranks_draw_the_initial_weights_of_one_process() {
    for name in ["full", "differentiated-projected", "adaptive", "class-based"] {
        let (counts, rng) = (cases::zipf(2_000), || WorkerRng::new(6, 1));
        let layer = cases::build(&format!("{name}:bias=unigram"), &counts, 12);
        let whole: Vec<Matrix> = lexmax::layer::set_up(&*layer, Some(&counts), Optimizer::Sgd, &mut rng()).unwrap();
        for ranks in 1..=4 {
            ThreadPeers::run(ranks, |peers| {
                let divisions = Divisions::new(&*layer, &Team::new(peers));
                let own = divisions.set_up(&*layer, Some(&counts), Optimizer::Sgd, &mut rng()).unwrap();
                assert_eq!(bits(&own), bits(&parts(&divisions, &whole)), "{name}, {ranks} ranks");
            });
        }
    }
}

/// Full softmax as a layer of one's own that looks at all scores before it tells them.
#[derive(Debug)]
struct LooksTwice(FullSoftmax);

impl OutputLayer for LooksTwice {
    fn shape(&self) -> LayerShape {
        self.0.shape()
    }

    fn step(&self, w: &mut Tables, b: Batch, s: &mut Scratch, d: ArrayViewMut2<f32>, l: Option<&mut [f64]>) -> f64 {
        self.0.step(w, b, s, d, l)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, out: ArrayViewMut2<f32>) {
        let mut stats = vec![Stat::EMPTY; hidden.nrows()];
        w.scan(0, 0..self.vocab() as u32, hidden, &|_, _| {}, &mut stats);
        self.0.log_probs(w, hidden, s, out);
    }
}

/// The default of the verbs shows all words on every rank, whatever scans went before.
#[test]
fn a_layer_of_ones_own_has_the_answers_of_one_process() {
    let (layer, examples) =
        (LooksTwice(FullSoftmax::new(1_000, 6, Bias::Zero).unwrap()), Examples::random(5, 1_000, 6, 2));
    let rig = Rig::new("full:bias=zero", 1_000, 6, 0.4);
    let asked = |divisions: &Divisions| {
        let own = parts(divisions, &rig.matrices);
        let frozen = |(number, m)| divisions.handle(number, Frozen::new(m, Threads::default()));
        let mut told = Told::default();
        told.verbs(&layer, &mut Tables::new(own.iter().enumerate().map(frozen).collect()), &examples);
        told
    };
    let alone = asked(&Divisions::new(&layer, &Team::default()));
    for ranks in 2..=3 {
        let all = ThreadPeers::run(ranks, |peers| asked(&Divisions::new(&layer, &Team::new(peers))));
        assert!(all.iter().all(|told| *told == alone), "{ranks} ranks");
    }
}

/// Messages and bytes that all ranks together send in one call of a table's verb.
fn sent(rows: u32, ranks: usize, call: impl Fn(&mut dyn Table) + Sync) -> (u64, u64) {
    let shape = TableShape::new(rows, 8, true, Init::Zero);
    let whole = Matrix::new(shape, Optimizer::Sgd, &mut WorkerRng::new(0, 0)).unwrap();
    sum(&ThreadPeers::run(ranks, |peers| {
        let team = Team::new(peers);
        let division = Division::over(rows, &team);
        let mut own = division.part_of(&whole);
        call(&mut Divided::new(Online::new(&mut own, RATE, Threads::default()), division, team.clone()));
        team.exchanged()
    }))
}

/// The table of `Divided`'s documentation, for R ranks, B examples, S strips and rows of d numbers and a bias.
#[test]
fn what_a_verb_sends_has_a_closed_form() {
    let (rows, dim, batch, strips) = (5_000, 8, 24, 16);
    let (x, y) = (Array2::ones((batch, dim)), || Array2::zeros((batch, dim)));
    for ranks in 1..=4 {
        let (r, others, b, d) = (ranks as u64, ranks as u64 - 1, batch as u64, dim as u64);
        let gathered = |bytes: u64| (r * others, bytes * others);
        let scan = |t: &mut dyn Table| t.scan(0..rows, x.view(), &|_, _| {}, &mut vec![Stat::EMPTY; batch]);
        assert_eq!(sent(rows, ranks, scan), gathered(40 * b * strips));
        let sweep = |t: &mut dyn Table| t.sweep(0..rows, x.view(), &|_| {}, y().view_mut(), true);
        assert_eq!(sent(rows, ranks, sweep), (2 * others, 2 * 4 * b * d * others));
        let range = 100..4_900;
        let scores = |t: &mut dyn Table| {
            t.scores(&Rows::Range(range.clone()), x.view(), Array2::zeros((batch, range.len())).view_mut());
        };
        assert_eq!(sent(rows, ranks, scores), gathered(4 * b * range.len() as u64));
        // Five rows are listed, of which four differ.
        let list = [4_999, 0, 2_500, 0, 17];
        let step = |t: &mut dyn Table| {
            t.step(&list, x.view(), &|_, _, _| {}, &mut vec![0.0; batch], y().view_mut());
        };
        assert_eq!(sent(rows, ranks, step), gathered(4 * 4 * (d + 1)));
        let coef = Array2::zeros((batch, 5));
        let descend = |t: &mut dyn Table| t.descend(&Rows::List(&list), coef.view(), x.view());
        assert_eq!(sent(rows, ranks, descend), (0, 0));
    }
}

fn sum(sent: &[Exchanged]) -> (u64, u64) {
    sent.iter().fold((0, 0), |sum, sent| (sum.0 + sent.messages, sum.1 + sent.bytes))
}
