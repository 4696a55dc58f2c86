//! Allocations of a training step, once its buffers have grown to their sizes.
//!
//! `allocation_counter` counts for the calling thread alone, so that tests can run side by side.

use allocation_counter::{AllocationInfo, measure};
use lexmax::WorkerRng;
use lexmax::head::Head;
use lexmax::layer::catalogue::{CATALOGUE, LayerSpec, Shape};
use lexmax::layer::{Batch, Bias, OutputLayer, Scratch, set_up};
use lexmax::sampler::{Proposal, Unigram};
use lexmax::table::Optimizer;
use lexmax::table::{Bags, CachedRows, Deferred, Matrix, Online, Shared, SharedMatrix, Table, Tables, Threads};
use lexmax::vocab::{Counts, WordId};
use ndarray::{Array2, ArrayView2, Axis, Slice};
use rand::RngExt;

/// Steps before buffers have their sizes: where draws decide how many rows there are, the most comes late.
const WARM_UP: usize = 60;
const STEPS: usize = 12;

/// What takes the steps: handles of one kind, or a head.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Updates {
    Online,
    Deferred,
    Head,
}

const ALL: [Updates; 3] = [Updates::Online, Updates::Deferred, Updates::Head];

/// The sizes of a layer and of its steps.
#[derive(Clone, Copy, Debug)]
struct Size {
    vocab: usize,
    dim: usize,
    batch: usize,
}

/// What the calling thread allocates in steps of a layer, after others of the same size; `disturb` runs beside every step.
fn allocated(
    layer: &str,
    size: Size,
    updates: Updates,
    optimizer: Optimizer,
    threads: &Threads,
    disturb: fn(),
) -> AllocationInfo {
    let Size { vocab, dim, batch } = size;
    let counts = Counts::new((1..=vocab as u64).rev().map(|rank| rank * rank).collect()).unwrap();
    let mut rng = WorkerRng::new(7, 0);
    let hidden = Array2::from_shape_simple_fn((4 * batch, dim), || rng.random::<f32>() - 0.5);
    let mut targets = vec![0; 4 * batch];
    Unigram::new(&counts, 1.0).unwrap().fill(&mut rng, &mut targets);
    let examples = |i: usize| {
        let examples = i % 4 * batch..(i % 4 + 1) * batch;
        (hidden.slice_axis(Axis(0), Slice::from(examples.clone())), &targets[examples])
    };
    if updates == Updates::Head {
        let head = Head::builder(layer, &counts, dim).optimizer(optimizer).rate(0.05).threads(threads.count());
        let mut head = head.build().unwrap();
        return counted(disturb, |i| {
            let (x, targets) = examples(i);
            head.step(x, targets).unwrap();
        });
    }
    let context = Shape::new(&counts, dim, Bias::Unigram);
    let layer = layer.parse::<LayerSpec>().unwrap().build(&context).unwrap();
    let mut matrices: Vec<Matrix> = set_up(&*layer, None, optimizer, &mut rng).unwrap();
    let handle = |m| -> Box<dyn Table> {
        match updates {
            Updates::Online => Box::new(Online::new(m, 0.05, threads.clone())),
            _ => Box::new(Deferred::new(m, 0.05, threads.clone())),
        }
    };
    let mut w = Tables::new(matrices.iter_mut().map(handle).collect());
    let mut s = Scratch::new(WorkerRng::new(7, 1));
    let mut d_hidden = Array2::zeros((batch, dim));
    counted(disturb, |i| one_step(&*layer, &mut w, examples(i), &mut s, &mut d_hidden))
}

/// What steps allocate once those before them have warmed up.
fn counted(disturb: fn(), mut step: impl FnMut(usize)) -> AllocationInfo {
    (0..WARM_UP).for_each(&mut step);
    measure(|| {
        for i in 0..STEPS {
            step(i);
            disturb();
        }
    })
}

/// A step, and its end.
fn one_step(
    layer: &dyn OutputLayer,
    w: &mut Tables,
    (x, targets): (ArrayView2<f32>, &[WordId]),
    s: &mut Scratch,
    d_hidden: &mut Array2<f32>,
) {
    d_hidden.fill(0.0);
    layer.step(w, Batch::new(x, targets), s, d_hidden.view_mut(), None);
    w.flush();
}

fn adagrad() -> Optimizer {
    Optimizer::adagrad(0.1).unwrap()
}

#[test]
fn the_main_layers_allocate_nothing() {
    let mut failures = Vec::new();
    for layer in ["full", "hierarchical", "negative", "sampled"] {
        for (vocab, batch) in [(50, 1), (50, 16), (50, 64), (5_000, 1), (5_000, 16), (5_000, 64)] {
            let size = Size { vocab, dim: 48, batch };
            for updates in ALL {
                for optimizer in [Optimizer::Sgd, adagrad()] {
                    let found = allocated(layer, size, updates, optimizer, &Threads::default(), || {});
                    if found.count_total > 0 {
                        let (count, bytes) = (found.count_total, found.bytes_total);
                        failures.push(format!("{layer} {size:?} {updates:?} {optimizer:?}: {count} times, {bytes} B"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// A table of one worker among several, alone.
fn shared(layer: &dyn OutputLayer) -> SharedMatrix {
    SharedMatrix::new(layer.shape().tables[0], &mut WorkerRng::new(3, 3)).unwrap()
}

#[test]
fn blocks_allocate_nothing() {
    let counts = Counts::new((1..=500u64).rev().map(|rank| rank * rank).collect()).unwrap();
    for (name, count) in [("negative", 8), ("negative:hits=drop", 70), ("hierarchical", 8), ("hierarchical", 70)] {
        let layer = name.parse::<LayerSpec>().unwrap().build(&Shape::new(&counts, 37, Bias::Zero)).unwrap();
        let (base, mut rng) = (shared(&*layer), WorkerRng::new(7, 0));
        let hidden = Array2::from_shape_simple_fn((count + 4, 37), || rng.random::<f32>() - 0.5);
        let targets: Vec<WordId> = (0..4 * count).map(|_| rng.random_range(0..500)).collect();
        let rows: Vec<u32> = (0..count as u32).flat_map(|i| [i, i + 1, i + 3, i + 4]).collect();
        let offsets: Vec<u32> = (0..=count as u32).map(|i| 4 * i).collect();
        let handle: Box<dyn Table> = Box::new(Shared::new(&base, 0.05, CachedRows::First(100), 1, 16));
        let (mut w, mut s) = (Tables::new(vec![handle]), Scratch::new(WorkerRng::new(7, 1)));
        let mut d_hidden = Array2::zeros(hidden.raw_dim());
        let found = counted(
            || {},
            |i| {
                let of = |i: usize| &targets[i % 4 * count..(i % 4 + 1) * count];
                s.announce_block(of(i + 1));
                let batch = Batch::block(hidden.view(), of(i), Bags { rows: &rows, offsets: &offsets });
                layer.step(&mut w, batch, &mut s, d_hidden.view_mut(), None);
            },
        );
        assert_eq!(found.count_total, 0, "{name}, {count} targets: {} B", found.bytes_total);
    }
}

/// What a step of these layers allocates beyond `slack` as words, dimensions or examples become twice as many.
fn growth<'a>(layers: impl Iterator<Item = &'a str>, base: Size, threads: &Threads, slack: u64) -> Vec<String> {
    let Size { vocab, dim, batch } = base;
    let doubled = [Size { vocab: 2 * vocab, ..base }, Size { dim: 2 * dim, ..base }, Size { batch: 2 * batch, ..base }];
    let mut failures = Vec::new();
    for layer in layers {
        for updates in ALL {
            let bytes = |size| allocated(layer, size, updates, adagrad(), threads, || {}).bytes_total / STEPS as u64;
            let before = bytes(base);
            println!("{layer} {updates:?}, {} threads: {before} B a step", threads.count());
            for size in doubled {
                let after = bytes(size);
                if after > before + slack {
                    failures.push(format!("{layer} {updates:?} {size:?}: {after} B, not {before} B"));
                }
            }
        }
    }
    failures
}

#[test]
fn what_a_step_allocates_does_not_grow() {
    let base = Size { vocab: 600, dim: 24, batch: 32 };
    let failures = growth(CATALOGUE.iter().map(|entry| entry.name), base, &Threads::default(), 0);
    assert!(failures.is_empty(), "{failures:#?}");
}

/// A table of 4,096 rows and more is cut into 16 strips: the list that threads share is as long then as it can be. Rayon
/// allocates a block of its queue, 1.5 KB, now and then.
#[test]
fn nor_does_it_on_two_threads() {
    let base = Size { vocab: 4_200, dim: 24, batch: 32 };
    let layers = ["full", "self-normalized"];
    let failures = growth(layers.into_iter(), base, &Threads::new(2), 1_000);
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn an_allocation_is_seen() {
    let size = Size { vocab: 50, dim: 8, batch: 4 };
    let disturb = || drop(std::hint::black_box(vec![0u8; 100]));
    let found = allocated("full", size, Updates::Deferred, Optimizer::Sgd, &Threads::default(), disturb);
    assert_eq!((found.count_total, found.bytes_total), (STEPS as u64, 100 * STEPS as u64));
}
