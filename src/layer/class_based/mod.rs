//! Class-based softmax: first the class, then the word in it.

mod classes;

pub use classes::Classes;

use super::kit::gathered::Gathered;
use super::kit::{expand, scan};
use super::verbs::descent::{At, Descent, Softmaxes};
use super::{Batch, Bias, LayerShape, OutputLayer, Scratch};
use crate::error::Result;
use crate::objective::{LossOptions, ln_softmax_at, ln_softmax_gradient, softmax_row};
use crate::table::{Cost, Tables};
use crate::vocab::{Counts, WordId};
use ndarray::{ArrayView2, ArrayViewMut2};
use std::ops::Range;

/// The tables: a row a class, and a row a word.
const HEAD: usize = 0;
const WORDS: usize = 1;

/// A softmax over classes, then one over the words of the class.
///
/// - *Model* P(w | h) = softmax(u·h + a)_c(w) · softmax(v·h + b over the words of c(w))_w.
/// - *Criterion* L = −ln P(t | h). Of [`LossOptions`] an ignored target, weights of words and soft targets.
/// - *Gradient* ∂L/∂z = softmax − e, in both decisions.
/// - *Cost* 3·d·Σ_b (C + |class of t_b|) multiply-adds a step; about 6·B·d·√V with √V classes of one size. A class of one
///   word costs nothing. The examples of a batch whose targets share a class read its rows once.
/// - *Reference* Goodman 2001, eq. 4.
#[derive(Clone, Debug)]
pub struct ClassBasedSoftmax {
    classes: Classes,
    /// 0, 1, 2, …: neighbouring rows as a list.
    ids: Vec<u32>,
    dim: usize,
    bias: Bias,
    loss: LossOptions,
}

impl ClassBasedSoftmax {
    /// Over the words of `classes` and hidden vectors of size `dim`.
    ///
    /// # Errors
    /// More than 2³¹ words, or `dim` = 0.
    pub fn new(classes: Classes, dim: usize, bias: Bias) -> Result<Self> {
        scan::WordTable::over(classes.vocab(), dim)?;
        Ok(Self { ids: (0..classes.vocab() as u32).collect(), classes, dim, bias, loss: LossOptions::new() })
    }

    /// The examples of each class that some target is in, the classes in their order.
    fn groups<'a>(
        &'a self,
        targets: &'a [WordId],
        examples: &'a mut Vec<usize>,
    ) -> impl Iterator<Item = (u32, &'a [usize])> {
        examples.clear();
        examples.extend(0..targets.len());
        let class = |b: &usize| self.classes.class(targets[*b]);
        examples.sort_unstable_by_key(|b| (class(b), *b));
        examples.chunk_by(move |a, b| class(a) == class(b)).map(move |group| (class(&group[0]), group))
    }

    /// Where a word stands among the rows of its class.
    fn place(&self, word: WordId) -> u32 {
        self.classes.row(word) - self.classes.rows(self.classes.class(word)).start
    }

    fn list(&self, rows: Range<u32>) -> &[u32] {
        &self.ids[rows.start as usize..rows.end as usize]
    }

    /// A step towards words, without options of the loss.
    fn step_to_words(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        s.clear_losses(&batch);
        s.rows.clear();
        s.rows.extend(batch.targets.iter().map(|t| self.classes.class(*t)));
        let heads = (HEAD, self.list(0..self.classes.len() as u32));
        decide(w, heads, &Batch { targets: &s.rows, ..batch }, &mut s.losses, d_hidden.view_mut());
        let Scratch { examples, gathered: [part, _], losses: all_losses, .. } = s;
        for (class, examples) in self.groups(batch.targets, examples) {
            let rows = self.classes.rows(class);
            if rows.len() == 1 {
                continue;
            }
            part.gather(&batch, examples.iter().copied(), |b| self.place(batch.targets[b]));
            let (of_class, d_x, losses) = part.split();
            decide(w, (WORDS, self.list(rows)), &of_class, losses, d_x);
            part.add_to(&mut d_hidden);
            part.add_losses_to(all_losses);
        }
        s.total_loss(losses)
    }
}

/// One step of a softmax over `rows`.
fn decide(
    w: &mut Tables,
    (table, rows): (usize, &[u32]),
    batch: &Batch,
    losses: &mut [f64],
    d_hidden: ArrayViewMut2<f32>,
) {
    let coef = |part: Range<usize>, mut z: ArrayViewMut2<f32>, losses: &mut [f64]| {
        for ((b, mut z), loss) in part.zip(z.rows_mut()).zip(losses) {
            let z = z.as_slice_mut().expect("contiguous rows");
            *loss += softmax_row(z, batch.targets[b] as usize, batch.weight(b));
        }
    };
    w.step(table, rows, batch.hidden, &coef, losses, d_hidden);
}

impl OutputLayer for ClassBasedSoftmax {
    fn shape(&self) -> LayerShape {
        let (vocab, classes) = (self.classes.vocab(), self.classes.len() as u32);
        LayerShape::new(vocab, self.dim, self.bias).with_rows(classes, self.dim).with_rows(vocab as u32, self.dim)
    }

    fn unigram_biases(&self, counts: &Counts) -> Vec<Vec<f32>> {
        let (mut mass, mut biases) = (vec![0.0; self.classes.len()], vec![0.0; self.classes.vocab()]);
        let words = 0..self.classes.vocab() as WordId;
        words.clone().for_each(|w| mass[self.classes.class(w) as usize] += counts.probability(w));
        for word in words {
            let of_class: f64 = mass[self.classes.class(word) as usize];
            biases[self.classes.row(word) as usize] = (counts.ln_probability(word) - of_class.ln()) as f32;
        }
        vec![mass.into_iter().map(|p| p.ln() as f32).collect(), biases]
    }

    fn set_loss(&mut self, loss: LossOptions) -> Result<()> {
        loss.check("ClassBasedSoftmax", self.classes.vocab(), expand::HONOURED)?;
        self.loss = loss;
        Ok(())
    }

    fn step(
        &self,
        w: &mut Tables,
        batch: Batch,
        s: &mut Scratch,
        d_hidden: ArrayViewMut2<f32>,
        losses: Option<&mut [f64]>,
    ) -> f64 {
        let plain: expand::PlainStep = &|w, batch, s, d_x, losses| self.step_to_words(w, batch, s, d_x, losses);
        expand::step(&self.loss, plain, w, batch, s, d_hidden, losses)
    }

    fn log_probs(&self, w: &mut Tables, hidden: ArrayView2<f32>, s: &mut Scratch, mut out: ArrayViewMut2<f32>) {
        let (count, vocab) = (self.classes.len(), self.classes.vocab());
        let [heads, words] = s.two_blocks(hidden.nrows() * count, hidden.nrows() * vocab);
        scan::scores(w, HEAD, 0..count as u32, hidden, heads);
        scan::scores(w, WORDS, 0..vocab as u32, hidden, words);
        let rows = heads.chunks_exact(count).zip(words.chunks_exact_mut(vocab));
        for ((heads, words), mut out) in rows.zip(out.rows_mut()) {
            for class in 0..count as u32 {
                let of_class = ln_softmax_at(heads, class as usize);
                let rows = self.classes.rows(class);
                scan::normalize_row(&mut words[rows.start as usize..rows.end as usize], of_class);
            }
            for (word, out) in (0..).zip(out.iter_mut()) {
                *out = words[self.classes.row(word) as usize];
            }
        }
    }

    fn log_prob(&self, w: &mut Tables, batch: Batch, s: &mut Scratch, out: &mut [f64]) {
        let count = self.classes.len();
        let [heads, words] = s.two_blocks(batch.len() * count, 0);
        scan::scores(w, HEAD, 0..count as u32, batch.hidden, heads);
        let mut examples = Vec::new();
        let mut part = Gathered::default();
        for (class, examples) in self.groups(batch.targets, &mut examples) {
            let rows = self.classes.rows(class);
            part.gather(&batch, examples.iter().copied(), |b| batch.targets[b]);
            words.resize(part.len() * rows.len(), 0.0);
            scan::scores(w, WORDS, rows.clone(), part.split().0.hidden, words);
            for (b, z) in part.examples.iter().zip(words.chunks_exact(rows.len())) {
                let place = self.place(batch.targets[*b]) as usize;
                out[*b] = ln_softmax_at(&heads[b * count..][..count], class as usize) + ln_softmax_at(z, place);
            }
        }
    }

    /// Node 0 decides between the classes, node c + 1 between the words of class c.
    fn descent<'a>(&'a self, w: &'a mut Tables, hidden: ArrayView2<'a, f32>) -> Option<Box<dyn Descent + 'a>> {
        let mut z = Vec::new();
        let decide = move |node: u32, places: &mut Vec<(At, f32)>| {
            let class = node.checked_sub(1);
            let (table, rows) = class.map_or((HEAD, 0..self.classes.len() as u32), |c| (WORDS, self.classes.rows(c)));
            z.resize(rows.len(), 0.0);
            scan::scores(w, table, rows, hidden, &mut z);
            let place = |i: u32| match class {
                Some(class) => At::Word(self.classes.words(class)[i as usize]),
                // The class of one word is that word.
                None => match self.classes.words(i) {
                    [word] => At::Word(*word),
                    _ => At::Node(i + 1),
                },
            };
            places.extend((0..).zip(&z).map(|(i, z)| (place(i), *z)));
        };
        Some(Box::new(Softmaxes::new(decide)))
    }

    fn log_probs_backward(
        &self,
        w: &mut Tables,
        hidden: ArrayView2<f32>,
        d_log_probs: ArrayView2<f32>,
        s: &mut Scratch,
        mut d_hidden: ArrayViewMut2<f32>,
    ) -> bool {
        let (count, vocab) = (self.classes.len(), self.classes.vocab());
        let [heads, words] = s.two_blocks(hidden.nrows() * count, hidden.nrows() * vocab);
        scan::scores(w, HEAD, 0..count as u32, hidden, heads);
        scan::scores(w, WORDS, 0..vocab as u32, hidden, words);
        let rows = heads.chunks_exact_mut(count).zip(words.chunks_exact_mut(vocab));
        for ((heads, words), d) in rows.zip(d_log_probs.rows()) {
            let (mut of_words, mut of_classes) = (vec![0.0; vocab], vec![0.0; count]);
            for (word, d) in (0..).zip(d) {
                of_words[self.classes.row(word) as usize] = *d;
                of_classes[self.classes.class(word) as usize] += *d;
            }
            for class in 0..count as u32 {
                let rows = self.classes.rows(class).start as usize..self.classes.rows(class).end as usize;
                ln_softmax_gradient(&mut words[rows.clone()], &of_words[rows]);
            }
            ln_softmax_gradient(heads, &of_classes);
        }
        scan::descend(w, HEAD, heads, hidden, &mut d_hidden);
        scan::descend(w, WORDS, words, hidden, &mut d_hidden);
        true
    }

    fn expected_cost(&self, targets: &[WordId]) -> Option<Cost> {
        let targets = &expand::counted(&self.loss, targets)[..];
        let mut examples = Vec::new();
        let of_class = |(class, examples): (u32, &[usize])| match self.classes.rows(class).len() {
            1 => Cost::default(),
            rows => Cost::step(examples.len(), rows, self.dim),
        };
        let heads = Cost::step(targets.len(), self.classes.len(), self.dim);
        Some(heads + self.groups(targets, &mut examples).map(of_class).sum())
    }
}
