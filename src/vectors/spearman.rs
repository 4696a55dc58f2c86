//! Spearman's ρ.

/// Ranks from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut below = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = below as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|at| ranks[*at] = rank);
        below += equal.len();
    }
    ranks
}

/// Spearman's ρ: the correlation of the ranks. `None` for fewer than two pairs, and if one side is constant.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    assert_eq!(x.len(), y.len(), "pairs");
    let mean = (x.len() + 1) as f64 / 2.0;
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in ranks(x).iter().zip(ranks(y)) {
        let (x, y) = (x - mean, y - mean);
        (xy, xx, yy) = (xy + x * y, xx + x * x, yy + y * y);
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(ranks(&[0.0, -0.0]), [1.5, 1.5]);
    }

    /// scipy 1.17: `scipy.stats.spearmanr([1,2,2,4,5,5,5,8],[2,1,4,4,3,6,8,6]).statistic`.
    #[test]
    fn rho_is_that_of_scipy() {
        let rho = spearman(&[1., 2., 2., 4., 5., 5., 5., 8.], &[2., 1., 4., 4., 3., 6., 8., 6.]).unwrap();
        assert!((rho - SCIPY).abs() < 1e-14, "{rho}");
        assert_eq!(spearman(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 1.0]), None);
    }

    const SCIPY: f64 = 0.714_409_749_738_737_8;
}
