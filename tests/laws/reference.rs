//! Every layer once more, naively: f64, plain loops, one example at a time.
//!
//! A layer is three things: how the tables give scores ([`Scores`]), how scores give a loss ([`Criterion`]), and how
//! they give probabilities. The same loops over absolute values give the size of what is summed, which is what f32
//! rounding is a multiple of.

use lexmax::sampler::Hits;
use lexmax::tree::Tree;
use lexmax::vocab::WordId;

/// A table: rows × dim, and a bias a row or none.
#[derive(Clone)]
pub struct Params {
    pub weights: Vec<Vec<f64>>,
    pub bias: Vec<f64>,
}

/// How the tables give the scores of all words (or nodes).
pub enum Scores {
    /// z = W·h + b.
    Flat,
    /// Block by block, z = W_i·(slice i of h) + b_i.
    Slices,
    /// Block by block, z = W_i·(A_i·h) + b_i; the tables are A_1, W_1, A_2, …
    Projections,
    /// Every table in its turn, z = W·h + b.
    Stacked,
    /// The first table flat, z = W·h + b; then pairs A_i, W_i, z = W_i·(A_i·h) + b_i.
    Tails,
}

/// Where a word stands: a range of scores of which a softmax is taken, and its place in it.
#[derive(Clone)]
pub struct Choice {
    pub scores: std::ops::Range<usize>,
    pub place: usize,
}

/// What training minimizes.
pub enum Criterion {
    /// −ln softmax(z)_t.
    Softmax,
    /// −ln of the product of the decisions on the path to the target.
    Path(Tree),
    /// −ln softmax(z − ln q) of the target among the target and the draws.
    Sampled,
    /// −ln softmax(z)_t over the rows that were read.
    AmongRows,
    /// −ln σ(z_t) − Σ ln σ(−z) over the draws. At test time ln q is added to z.
    Noise { ln_q: Vec<f64> },
    /// −ln σ(z_t − ln k·q_t) − Σ ln σ(−(z − ln k·q)) over k draws.
    Contrastive { ln_q: Vec<f64> },
    /// −Σ ln σ(z_t − z_j) / (S·q_j) over the draws but the target.
    OneVsEach,
    /// −ln p̃_t − Σ ln(1 − p̃_j) over the draws, p̃ = softmax(z − ln q) over target and draws.
    BlackOut,
    /// −ln of the product of a word's choices.
    Choices(Vec<Vec<Choice>>),
    /// The Fenchel–Young loss of α-entmax.
    Entmax { alpha: f64 },
    /// −ln softmax(z)_t + α·(ln Z)².
    Penalized { alpha: f64 },
    /// −z_t, and for the examples that were scanned + ln Z / γ, or + α·(ln Z)² / γ.
    Infrequent { gamma: f64, alpha: Option<f64> },
}

/// What a step drew.
pub struct Sample {
    pub words: Vec<WordId>,
    pub ln_q: Vec<f64>,
    /// One an example.
    pub target_ln_q: Vec<f64>,
    pub hits: Hits,
    /// The rows that the step read from the first table.
    pub rows: Vec<WordId>,
    /// Which examples were scanned against all rows of the first table.
    pub scanned: Vec<bool>,
}

/// The loss of an example and ∂L/∂z.
pub struct Loss {
    pub value: f64,
    pub d_z: Vec<f64>,
    /// ∂L/∂z with its terms added by absolute value.
    pub size: Vec<f64>,
    /// Number of decisions or softmaxes.
    pub terms: f64,
}

pub struct Reference {
    pub scores: Scores,
    pub criterion: Criterion,
    pub loss: LossSettings,
}

/// Options of the loss.
#[derive(Clone, Default, PartialEq)]
pub struct LossSettings {
    pub smoothing: f64,
    pub z_loss: f64,
    pub cap: Option<f64>,
    pub ignored: Option<WordId>,
    /// One a word; all 1 without.
    pub word_weights: Option<Vec<f64>>,
}

impl LossSettings {
    /// Whether the loss is −ln P(target).
    pub fn is_ln_p(&self) -> bool {
        *self == Self { cap: self.cap, ..Self::default() }
    }

    fn capped(&self, z: &[f64]) -> Vec<f64> {
        let cap = |z: &f64| self.cap.map_or(*z, |cap| cap * (z / cap).tanh());
        z.iter().map(cap).collect()
    }

    /// −Σ_k c_k·ln P(k) + λ·(ln Z)², with c_k = w_k·((1 − ε)·[k = t] + ε/V).
    fn loss(&self, z: &[f64], target: WordId) -> Loss {
        let vocab = z.len();
        if self.ignored == Some(target) {
            return Loss { value: 0.0, d_z: vec![0.0; vocab], size: vec![0.0; vocab], terms: 0.0 };
        }
        let z_capped = self.capped(z);
        let ln_z = ln_sum_exp(&z_capped);
        let mut loss = Loss { value: self.z_loss * ln_z * ln_z, d_z: vec![], size: vec![], terms: 0.0 };
        let mut shares = Vec::new();
        for k in 0..vocab {
            let hit = if k as WordId == target { 1.0 - self.smoothing } else { 0.0 };
            let weight = self.word_weights.as_ref().map_or(1.0, |w| w[k]);
            shares.push(weight * (hit + self.smoothing / vocab as f64));
            loss.value += shares[k] * (ln_z - z_capped[k]);
        }
        let mass: f64 = shares.iter().sum();
        loss.terms = 2.0 * mass + 2.0 * self.z_loss * ln_z.abs();
        for k in 0..vocab {
            let p = (z_capped[k] - ln_z).exp();
            let slope = self.cap.map_or(1.0, |cap| 1.0 - (z_capped[k] / cap).powi(2));
            loss.d_z.push(slope * ((mass + 2.0 * self.z_loss * ln_z) * p - shares[k]));
            // An error of a score moves the slope by at most 2/cap of it, and ln Z by all of it.
            let steep = self.cap.map_or(1.0, |cap| 1.0 + 2.0 / cap);
            loss.size.push(steep * ((mass + 2.0 * self.z_loss * (ln_z.abs() + 1.0)) * p + shares[k]));
        }
        loss
    }
}

impl Params {
    fn zero_like(&self) -> Self {
        let weights = self.weights.iter().map(|row| vec![0.0; row.len()]).collect();
        Self { weights, bias: vec![0.0; self.bias.len()] }
    }

    pub fn abs(&self) -> Self {
        Self { weights: self.weights.iter().map(|row| abs(row)).collect(), bias: abs(&self.bias) }
    }

    /// W·h + b.
    fn times(&self, h: &[f64]) -> Vec<f64> {
        let mut z = Vec::new();
        for (r, row) in self.weights.iter().enumerate() {
            assert_eq!(row.len(), h.len());
            let mut sum = if self.bias.is_empty() { 0.0 } else { self.bias[r] };
            for k in 0..h.len() {
                sum += row[k] * h[k];
            }
            z.push(sum);
        }
        z
    }

    /// ∂L/∂h += Wᵀ·∂L/∂z, ∂L/∂W += ∂L/∂z·hᵀ, ∂L/∂b += ∂L/∂z.
    fn back(&self, h: &[f64], d_z: &[f64], d_h: &mut [f64], d_self: &mut Self) {
        for (r, row) in self.weights.iter().enumerate() {
            for k in 0..h.len() {
                d_h[k] += d_z[r] * row[k];
                d_self.weights[r][k] += d_z[r] * h[k];
            }
            if !self.bias.is_empty() {
                d_self.bias[r] += d_z[r];
            }
        }
    }
}

fn projected(tables: &[Params], h: &[f64]) -> Vec<f64> {
    tables.chunks(2).flat_map(|pair| pair[1].times(&pair[0].times(h))).collect()
}

fn projected_back(tables: &[Params], h: &[f64], d_z: &[f64], d_h: &mut [f64], d_tables: &mut [Params]) {
    let mut first = 0;
    for (pair, d_pair) in tables.chunks(2).zip(d_tables.chunks_mut(2)) {
        let last = first + pair[1].weights.len();
        let projected = pair[0].times(h);
        let mut d_projected = vec![0.0; projected.len()];
        pair[1].back(&projected, &d_z[first..last], &mut d_projected, &mut d_pair[1]);
        pair[0].back(h, &d_projected, d_h, &mut d_pair[0]);
        first = last;
    }
}

pub fn abs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.abs()).collect()
}

pub fn zero_like(tables: &[Params]) -> Vec<Params> {
    tables.iter().map(Params::zero_like).collect()
}

impl Reference {
    /// The scores of all words, or of all nodes of a tree.
    pub fn scores(&self, tables: &[Params], h: &[f64]) -> Vec<f64> {
        match self.scores {
            Scores::Flat => tables[0].times(h),
            Scores::Slices => {
                let (mut z, mut start) = (Vec::new(), 0);
                for table in tables {
                    let end = start + table.weights[0].len();
                    z.extend(table.times(&h[start..end]));
                    start = end;
                }
                z
            }
            Scores::Projections => projected(tables, h),
            Scores::Stacked => tables.iter().flat_map(|table| table.times(h)).collect(),
            Scores::Tails => [tables[0].times(h), projected(&tables[1..], h)].concat(),
        }
    }

    /// Adds ∂L/∂h and ∂L/∂tables, given ∂L/∂z.
    pub fn back(&self, tables: &[Params], h: &[f64], d_z: &[f64], d_h: &mut [f64], d_tables: &mut [Params]) {
        let (mut first, mut start) = (0, 0);
        match self.scores {
            Scores::Flat => tables[0].back(h, d_z, d_h, &mut d_tables[0]),
            Scores::Slices => {
                for (table, d_table) in tables.iter().zip(d_tables) {
                    let (last, end) = (first + table.weights.len(), start + table.weights[0].len());
                    table.back(&h[start..end], &d_z[first..last], &mut d_h[start..end], d_table);
                    (first, start) = (last, end);
                }
            }
            Scores::Projections => projected_back(tables, h, d_z, d_h, d_tables),
            Scores::Stacked => {
                for (table, d_table) in tables.iter().zip(d_tables) {
                    let last = first + table.weights.len();
                    table.back(h, &d_z[first..last], d_h, d_table);
                    first = last;
                }
            }
            Scores::Tails => {
                let (heads, d_heads) = (tables[0].weights.len(), &mut d_tables[0]);
                tables[0].back(h, &d_z[..heads], d_h, d_heads);
                projected_back(&tables[1..], h, &d_z[heads..], d_h, &mut d_tables[1..]);
            }
        }
    }

    /// The loss of example b, and ∂L/∂z.
    pub fn loss(&self, z: &[f64], b: usize, target: WordId, sample: &Sample) -> Loss {
        if self.loss.ignored == Some(target) {
            return decisions_loss(z, std::iter::empty());
        }
        let all = (0..z.len() as WordId).filter(|w| *w != target).map(|w| (w, 0.0));
        match &self.criterion {
            Criterion::Softmax if self.loss != LossSettings::default() => self.loss.loss(z, target),
            Criterion::Softmax => softmax_loss(z, (target, 0.0), all),
            Criterion::AmongRows => {
                let others = sample.rows.iter().filter(|w| **w != target).map(|w| (*w, 0.0));
                softmax_loss(z, (target, 0.0), others)
            }
            Criterion::Sampled => {
                let draws = sample.words.iter().zip(&sample.ln_q).map(|(w, ln_q)| (*w, -ln_q));
                let draws = draws.filter(|(w, _)| sample.hits == Hits::Keep || *w != target);
                softmax_loss(z, (target, -sample.target_ln_q[b]), draws)
            }
            Criterion::Path(tree) => decisions_loss(z, path(tree, target)),
            Criterion::Noise { .. } => {
                let noise = sample.words.iter().map(|w| (*w, -1.0));
                decisions_loss(z, std::iter::once((target, 1.0)).chain(noise))
            }
            Criterion::Contrastive { ln_q } => {
                let ln_k = (sample.words.len() as f64).ln();
                let shifted: Vec<f64> = z.iter().zip(ln_q).map(|(z, ln_q)| z - ln_q - ln_k).collect();
                let noise = sample.words.iter().map(|w| (*w, -1.0));
                decisions_loss(&shifted, std::iter::once((target, 1.0)).chain(noise))
            }
            Criterion::Choices(words) => choices_loss(z, &words[target as usize]),
            Criterion::Entmax { alpha } => entmax_loss(z, target, *alpha),
            Criterion::OneVsEach => one_vs_each_loss(z, target, sample),
            Criterion::BlackOut => black_out_loss(z, (target, -sample.target_ln_q[b]), sample),
            Criterion::Penalized { alpha } => normalized_loss(z, target, 1.0, *alpha),
            Criterion::Infrequent { .. } if !sample.scanned[b] => {
                let mut loss = Loss::nothing(z);
                loss.lift(z, target);
                loss
            }
            Criterion::Infrequent { gamma, alpha: None } => normalized_loss(z, target, 1.0 / gamma, 0.0),
            Criterion::Infrequent { gamma, alpha: Some(alpha) } => normalized_loss(z, target, 0.0, alpha / gamma),
        }
    }

    /// The criterion's expectation over what is drawn (k words), where it has a closed form; for the others the exact
    /// loss, −ln P(target).
    pub fn expected_loss(&self, z: &[f64], target: WordId, k: f64) -> f64 {
        match &self.criterion {
            Criterion::Softmax if !self.loss.is_ln_p() => return self.loss.loss(z, target).value,
            _ if self.loss.ignored == Some(target) => return 0.0,
            _ => {}
        }
        let t = target as usize;
        let noise = |z: &dyn Fn(usize) -> f64, ln_q: &[f64]| -> f64 {
            (0..ln_q.len()).map(|w| ln_q[w].exp() * ln_sigmoid(-z(w))).sum()
        };
        match &self.criterion {
            Criterion::Noise { ln_q } => -ln_sigmoid(z[t]) - k * noise(&|w| z[w], ln_q),
            Criterion::Contrastive { ln_q } => {
                let shifted = |w: usize| z[w] - ln_q[w] - k.ln();
                -ln_sigmoid(shifted(t)) - k * noise(&shifted, ln_q)
            }
            Criterion::OneVsEach => -(0..z.len()).filter(|j| *j != t).map(|j| ln_sigmoid(z[t] - z[j])).sum::<f64>(),
            Criterion::Entmax { alpha } => entmax_loss(z, target, *alpha).value,
            Criterion::Penalized { alpha } => ln_sum_exp(z) - z[t] + alpha * ln_sum_exp(z).powi(2),
            Criterion::Infrequent { alpha: Some(alpha), .. } => alpha * ln_sum_exp(z).powi(2) - z[t],
            _ => -self.log_probs(z)[t],
        }
    }

    /// Whether a step draws.
    pub fn draws(&self) -> bool {
        let never = matches!(self.criterion, Criterion::Penalized { .. } | Criterion::Entmax { .. });
        !never && !self.is_exact()
    }

    /// Whether the criterion is −ln P(target).
    pub fn is_exact(&self) -> bool {
        matches!(self.criterion, Criterion::Softmax | Criterion::Path(_) | Criterion::Choices(_))
    }

    /// Whether training normalizes.
    pub fn normalizes(&self) -> bool {
        self.is_exact() || self.is_sparse()
    }

    /// Whether words may have the probability 0.
    pub fn is_sparse(&self) -> bool {
        matches!(self.criterion, Criterion::Entmax { .. })
    }

    /// ln P of all words.
    pub fn log_probs(&self, z: &[f64]) -> Vec<f64> {
        if let Criterion::Path(tree) = &self.criterion {
            let ln_p = |w| path(tree, w).map(|(n, sign)| ln_sigmoid(sign * z[n as usize])).sum();
            return (0..tree.vocab() as WordId).map(ln_p).collect();
        }
        if let Criterion::Choices(words) = &self.criterion {
            return words.iter().map(|choices| -choices_loss(z, choices).value).collect();
        }
        if let Criterion::Entmax { alpha } = self.criterion {
            return entmax(z, alpha).iter().map(|p| p.ln()).collect();
        }
        let shifted = match &self.criterion {
            Criterion::Noise { ln_q } => z.iter().zip(ln_q).map(|(z, ln_q)| z + ln_q).collect(),
            _ => self.loss.capped(z),
        };
        let ln_z = ln_sum_exp(&shifted);
        shifted.iter().map(|z| z - ln_z).collect()
    }
}

/// The nodes on the way to a word, each with +1 for code 0 and −1 for code 1.
fn path(tree: &Tree, word: WordId) -> impl Iterator<Item = (u32, f64)> + '_ {
    tree.ancestors(word).map(|(node, code)| (node, if code { -1.0 } else { 1.0 }))
}

/// Softmax over a target and other classes, each a word and what is added to its score; words may repeat.
fn softmax_loss(z: &[f64], target: (WordId, f64), others: impl Iterator<Item = (WordId, f64)>) -> Loss {
    let classes: Vec<(WordId, f64)> = std::iter::once(target).chain(others).collect();
    let scores: Vec<f64> = classes.iter().map(|(w, shift)| z[*w as usize] + shift).collect();
    let ln_z = ln_sum_exp(&scores);
    let mut d_z = vec![0.0; z.len()];
    for ((w, _), score) in classes.iter().zip(&scores) {
        d_z[*w as usize] += (score - ln_z).exp();
    }
    let mut size = d_z.clone();
    size[target.0 as usize] += 1.0;
    d_z[target.0 as usize] -= 1.0;
    Loss { value: ln_z - scores[0], d_z, size, terms: 1.0 }
}

/// Independent decisions, each a row and its sign ±1; rows may repeat.
fn decisions_loss(z: &[f64], decisions: impl Iterator<Item = (u32, f64)>) -> Loss {
    let mut loss = Loss { value: 0.0, d_z: vec![0.0; z.len()], size: vec![0.0; z.len()], terms: 0.0 };
    for (row, sign) in decisions {
        let row = row as usize;
        let wrong = ln_sigmoid(-sign * z[row]).exp();
        loss.value -= ln_sigmoid(sign * z[row]);
        loss.d_z[row] -= sign * wrong;
        loss.size[row] += wrong;
        loss.terms += 1.0;
    }
    loss
}

impl Loss {
    fn nothing(z: &[f64]) -> Self {
        Self { value: 0.0, d_z: vec![0.0; z.len()], size: vec![0.0; z.len()], terms: 0.0 }
    }

    /// − z_t.
    fn lift(&mut self, z: &[f64], target: WordId) {
        let t = target as usize;
        self.value -= z[t];
        self.d_z[t] -= 1.0;
        self.size[t] += 1.0;
        self.terms += 1.0 + 2.0 * z[t].abs();
    }
}

/// − z_t + a·ln Z + b·(ln Z)².
fn normalized_loss(z: &[f64], target: WordId, a: f64, b: f64) -> Loss {
    let ln_z = ln_sum_exp(z);
    let mut loss = Loss::nothing(z);
    loss.value = a * ln_z + b * ln_z * ln_z;
    // ln Z is as uncertain as a score, and stands in front of every probability.
    loss.terms = (a + b) * (1.0 + 2.0 * ln_z.abs());
    for (w, z) in z.iter().enumerate() {
        let p = (z - ln_z).exp();
        loss.d_z[w] = (a + 2.0 * b * ln_z) * p;
        loss.size[w] = (a + 2.0 * b * (1.0 + ln_z.abs())) * p;
    }
    loss.lift(z, target);
    loss
}

/// A softmax over part of the scores, and another one.
fn choices_loss(z: &[f64], choices: &[Choice]) -> Loss {
    let mut loss = Loss::nothing(z);
    for Choice { scores, place } in choices {
        let one = softmax_loss(&z[scores.clone()], (*place as WordId, 0.0), {
            let place = *place;
            (0..scores.len()).filter(move |w| *w != place).map(|w| (w as WordId, 0.0))
        });
        loss.value += one.value;
        loss.terms += one.terms;
        for (i, w) in scores.clone().enumerate() {
            loss.d_z[w] += one.d_z[i];
            loss.size[w] += one.size[i];
        }
    }
    loss
}

/// Probabilities by halving the interval in which the threshold lies.
pub fn entmax(z: &[f64], alpha: f64) -> Vec<f64> {
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let power = 1.0 / (alpha - 1.0);
    let p =
        |tau: f64| -> Vec<f64> { z.iter().map(|z| ((alpha - 1.0) * (z - max) - tau).max(0.0).powf(power)).collect() };
    let (mut low, mut high) = (-1.0, 0.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if p(middle).iter().sum::<f64>() > 1.0 { low = middle } else { high = middle }
    }
    p(low)
}

/// max_p (p·z + H(p)) − z_t. A probability moves by at most as much as a score, whatever its own size; those far from the
/// threshold stay 0.
fn entmax_loss(z: &[f64], target: WordId, alpha: f64) -> Loss {
    let p = entmax(z, alpha);
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut loss = Loss::nothing(z);
    let entropy = (1.0 - p.iter().map(|p| p.powf(alpha)).sum::<f64>()) / (alpha * (alpha - 1.0));
    loss.value = p.iter().zip(z).map(|(p, z)| p * (z - max)).sum::<f64>() + max + entropy;
    for w in 0..z.len() {
        loss.d_z[w] = p[w];
        // Wherever rounding might lead into the support, for scores below 10⁵.
        loss.size[w] = if (alpha - 1.0) * (z[w] - max) > -1.5 { 1.0 } else { p[w] };
    }
    loss.lift(z, target);
    loss.terms += 1.0 + max.abs();
    loss
}

/// Pairs of the target and a draw, each counted 1/(S·q) times.
fn one_vs_each_loss(z: &[f64], target: WordId, sample: &Sample) -> Loss {
    let mut loss = Loss::nothing(z);
    let t = target as usize;
    for (w, ln_q) in sample.words.iter().zip(&sample.ln_q).filter(|(w, _)| **w != target) {
        let (w, times) = (*w as usize, (-ln_q).exp() / sample.words.len() as f64);
        let wrong = ln_sigmoid(z[w] - z[t]).exp();
        loss.value -= times * ln_sigmoid(z[t] - z[w]);
        loss.d_z[w] += times * wrong;
        loss.d_z[t] -= times * wrong;
        loss.size[w] += times * wrong;
        loss.size[t] += times * wrong;
        loss.terms += times;
    }
    loss
}

/// −ln(1 − p̃_j) is ln Σ over all members minus ln Σ over all but j.
fn black_out_loss(z: &[f64], target: (WordId, f64), sample: &Sample) -> Loss {
    let draws = sample.words.iter().zip(&sample.ln_q).map(|(w, ln_q)| (*w, -ln_q));
    let members: Vec<(WordId, f64)> = std::iter::once(target).chain(draws).collect();
    let mut loss = softmax_loss(z, target, members[1..].iter().copied());
    let all = softmax_loss(z, target, members[1..].iter().copied());
    let mut draws: Vec<WordId> = sample.words.clone();
    draws.sort_unstable();
    for same in draws.chunk_by(|a, b| a == b) {
        // One of them left out, as often as it was drawn.
        let one = members.iter().skip(1).position(|(word, _)| *word == same[0]).unwrap() + 1;
        let rest = members.iter().enumerate().skip(1).filter(|(j, _)| *j != one).map(|(_, member)| *member);
        let (rest, times) = (softmax_loss(z, target, rest), same.len() as f64);
        loss.value += times * (all.value - rest.value);
        for w in 0..z.len() {
            loss.d_z[w] += times * (all.d_z[w] - rest.d_z[w]);
            loss.size[w] += times * (all.size[w] + rest.size[w]);
        }
    }
    loss.terms = members.len() as f64;
    loss
}

fn ln_sum_exp(z: &[f64]) -> f64 {
    let max = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + z.iter().map(|z| (z - max).exp()).sum::<f64>().ln()
}

fn ln_sigmoid(z: f64) -> f64 {
    z.min(0.0) - (-z.abs()).exp().ln_1p()
}
