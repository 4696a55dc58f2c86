//! All ranks end with the same tables.

use crate::job::{Job, USUAL, case, has_mpi};
use lexmax::Result;
use lexmax::model::ModelWriter;
use lexmax::peers::Team;
use lexmax::word2vec::Word2Vec;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Trains, and compares the hashes of the whole models of all ranks.
pub fn play(mut team: Team) -> Result<u8> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpora/sample.txt");
    for layer in ["negative", "hierarchical"] {
        let word2vec = Word2Vec::new().layer(layer)?.dim(12).epochs(1).threads(1).deterministic(true);
        let trained = word2vec.over(team.clone()).train(&sample)?;
        let predictor = trained.predictor();
        let writer = ModelWriter::new(predictor.architecture(), predictor.vocab(), predictor.model())?;
        let mut bytes = Vec::new();
        writer.write(&mut bytes).expect("memory takes all bytes");
        let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        team.compare(&[("the SHA-256 of the model", hash)])?;
    }
    Ok(0)
}

#[test]
fn all_ranks_have_the_same_hash_at_the_end() {
    if has_mpi() {
        for ranks in [2, 4] {
            Job::of(ranks, &case("agreement")).run(USUAL).with(0);
        }
    }
}
