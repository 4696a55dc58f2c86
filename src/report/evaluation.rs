//! The results of an evaluation of word vectors as a table.

use super::grid::{Bar, Cell, Column, Grid};
use crate::vectors::{Analogies, Answer, Evaluation, FileScores, Mean, Score, Similarity};

const COLUMNS: [Column; 9] = [
    Column::new("vectors", "vectors", "the file of the vectors"),
    Column::new("test", "test", "the file of pairs or questions, and what part of it"),
    Column::new("measure", "measure", "Spearman's ρ, or how answers are scored"),
    Column::new("percent", "%", "100·ρ, or right answers to asked questions, percent").with(Bar::Linear),
    Column::new("interval", "± 95 %", "half of the 95 % interval of the mean over files"),
    Column::new("right", "right", "right answers"),
    Column::new("asked", "asked", "pairs or questions whose words are known"),
    Column::new("unknown_percent", "unknown %", "pairs or questions with an unknown word, percent"),
    Column::new("percent_of_all", "% of all", "the same with unknown words: pairs at a cosine of 0, answers as wrong"),
];

fn percent(share: Option<f64>) -> Cell {
    share.map_or(Cell::Missing, |share| Cell::fixed(100.0 * share, 2))
}

impl Evaluation {
    /// One row for each file and test. Questions have a row for all, for the semantic and for the syntactic ones, and
    /// with `sections` one for each section. The means come last.
    pub fn grid(&self, sections: bool) -> Grid {
        let mut rows = Vec::new();
        for file in &self.files {
            rows.extend(file.similarity.iter().map(|found| similarity(file, found)));
            file.analogies.iter().for_each(|found| analogies(file, found, sections, &mut rows));
        }
        if let (Some(means), Some(first)) = (&self.means, self.files.first()) {
            let name = format!("mean of {}", self.files.len());
            for (mean, found) in means.similarity.iter().zip(&first.similarity) {
                rows.push(mean_row(&name, &found.name, "Spearman", mean));
            }
            for (means, found) in means.analogies.iter().zip(&first.analogies) {
                for (mean, part) in means.iter().zip(["", " semantic", " syntactic"]) {
                    rows.push(mean_row(&name, &format!("{}{part}", found.name), found.method.name(), mean));
                }
            }
        }
        let mut columns = COLUMNS.to_vec();
        if self.means.is_none() {
            columns.remove(4);
            rows.iter_mut().for_each(|row| drop(row.remove(4)));
        }
        Grid { columns, rows }
    }
}

fn similarity(file: &FileScores, found: &Similarity) -> Vec<Cell> {
    vec![
        Cell::Text(file.vectors.clone()),
        Cell::Text(found.name.clone()),
        Cell::Text("Spearman".into()),
        percent(found.spearman),
        Cell::Missing,
        Cell::Missing,
        Cell::whole((found.pairs - found.unknown) as u64),
        Cell::fixed(100.0 * found.unknown_share(), 1),
        percent(found.spearman_unknown_as_0),
    ]
}

fn analogies(file: &FileScores, found: &Analogies, sections: bool, rows: &mut Vec<Vec<Cell>>) {
    let mut row = |part: &str, score: &Score| {
        let unknown = (score.questions > 0).then(|| (score.questions - score.asked) as f64 / score.questions as f64);
        rows.push(vec![
            Cell::Text(file.vectors.clone()),
            Cell::Text(format!("{}{part}", found.name)),
            Cell::Text(found.method.name().into()),
            percent(score.share()),
            Cell::Missing,
            Cell::whole(score.right),
            Cell::whole(score.asked),
            unknown.map_or(Cell::Missing, |share| Cell::fixed(100.0 * share, 1)),
            percent(score.share_unknown_as_wrong()),
        ]);
    };
    row("", &found.total);
    row(" semantic", &found.semantic);
    row(" syntactic", &found.syntactic);
    if sections {
        found.sections.iter().for_each(|section| row(&format!(": {}", section.name), &section.score));
    }
}

fn mean_row(name: &str, test: &str, measure: &str, mean: &Option<Mean>) -> Vec<Cell> {
    let mut row = vec![Cell::Text(name.into()), Cell::Text(test.into()), Cell::Text(measure.into())];
    row.push(percent(mean.map(|mean| mean.mean)));
    row.push(percent(mean.map(|mean| mean.half_width)));
    row.resize(COLUMNS.len(), Cell::Missing);
    row
}

/// Answers: a row each, with what was asked. Neighbours are answers whose score is their cosine.
pub fn answers(asked: &[(String, Vec<Answer>)]) -> Grid {
    let columns = vec![
        Column::new("asked", "asked", "what was asked for"),
        Column::new("word", "word", "a word near it"),
        Column::new("score", "score", "its cosine, or the score of 3CosMul").with(Bar::Linear),
    ];
    let row = |asked: &String, found: &Answer| {
        vec![Cell::Text(asked.clone()), Cell::Text(found.word.clone()), Cell::fixed(found.score, 4)]
    };
    let rows = asked.iter().flat_map(|(asked, found)| found.iter().map(move |found| row(asked, found))).collect();
    Grid { columns, rows }
}
