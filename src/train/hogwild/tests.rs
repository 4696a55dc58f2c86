use super::{Deal, Hogwild};
use crate::corpus::{Context, Corpus, Direction, Window};
use crate::train::LinearDecay;
use crate::train::base::Inputs;

/// Workers that share a piece read the same sentences as one worker, in the same order.
#[test]
fn portions_follow_one_another_as_the_pieces_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let line = |n: usize| format!("{} b a b\n", ["a", "b a"][n % 2]).repeat(4);
    std::fs::write(file.path(), (0..3_500).map(line).collect::<String>()).unwrap();
    let (vocab, corpus) = Corpus::load(&[file.path()], 1).unwrap();
    let window = Window::new(Direction::SkipGram, Context::Both, 2, true).unwrap();
    let mut settings = Hogwild::new(window, LinearDecay::new(0.1));
    settings.epochs = 2;
    let inputs = Inputs::new(&corpus, vocab.counts(), &settings).unwrap();
    let pieces = inputs.epochs() * inputs.order.pieces();
    assert!(inputs.order.pieces() > 2);
    let read = |portions| {
        let deal = Deal { portions };
        (0..deal.portions(pieces)).flat_map(|n| deal.sentences(n, &inputs)).collect::<Vec<_>>()
    };
    let whole = read(1);
    for portions in [2, 7, 16, 20_000] {
        assert_eq!(read(portions), whole, "{portions} portions");
    }
    let mut sorted = whole;
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..2 * corpus.len()));
}
