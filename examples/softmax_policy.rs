//! Softmax as a policy: draws an action at temperature τ.
//!
//! A bandit has ten arms. Arm a pays N(q_a, 1), with q_a ~ N(0, 1) unknown. The player keeps the mean reward Q_a of
//! each arm and draws the next one with probability softmax(Q / τ) (Boltzmann exploration). τ → 0 is the greedy player,
//! who may never leave the first arm with a good reward. τ → ∞ draws uniformly and never uses its estimates.
//!
//! Run it: `cargo run --release --example softmax_policy`. It takes about a second. Expect the best reward between the
//! two extremes, at τ near 0.2.

use lexmax::WorkerRng;
use lexmax::objective::math::{softmax, temperature};
use rand::RngExt;
use rand_distr::StandardNormal;

const ARMS: usize = 10;
const PULLS: usize = 1_000;
const BANDITS: u64 = 1_000;

fn main() {
    the_two_limits();
    println!("{BANDITS} bandits of {ARMS} arms, {PULLS} pulls each");
    println!("      τ   mean reward   best arm taken");
    let temperatures = [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, f64::INFINITY];
    let played = temperatures.map(|tau| {
        let (reward, best) = play_all(temperature(tau));
        println!("{tau:7} {reward:13.3} {:14.1} %", 100.0 * best);
        (reward, best)
    });
    let (greedy, uniform) = (played[0], played[played.len() - 1]);
    let best = played.iter().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
    assert!(best > greedy.0 + 0.1 && best > uniform.0 + 1.0, "some exploration beats none and nothing but");
    // A uniform player takes the best arm every tenth time: 10⁶ pulls, so ±5 standard deviations of 0.0003.
    assert!((uniform.1 - 1.0 / ARMS as f64).abs() < 0.0015);
}

/// β = 1/τ = ∞ divides the probability among the best arms, β = 0 among all.
fn the_two_limits() {
    let (values, mut policy) = ([0.3, 1.2, -0.5, 1.2], [0.0; 4]);
    softmax(&values, temperature(0.0), &mut policy);
    assert_eq!(policy, [0.0, 0.5, 0.0, 0.5]);
    softmax(&values, temperature(f64::INFINITY), &mut policy);
    assert_eq!(policy, [0.25; 4]);
}

/// The mean reward and the share of pulls of the best arm, over all bandits. Every β faces the same bandits.
fn play_all(beta: f64) -> (f64, f64) {
    let (mut reward, mut best) = (0.0, 0);
    for bandit in 0..BANDITS {
        let mut rng = WorkerRng::new(1, bandit);
        let arms: [f64; ARMS] = std::array::from_fn(|_| rng.sample(StandardNormal));
        let played = play(&arms, beta, &mut rng);
        reward += played.0;
        best += played.1;
    }
    let pulls = BANDITS as f64 * PULLS as f64;
    (reward / pulls, best as f64 / pulls)
}

/// The summed reward of one player, and the number of pulls of the best arm.
fn play(arms: &[f64; ARMS], beta: f64, rng: &mut WorkerRng) -> (f64, usize) {
    let best_arm = (0..ARMS).fold(0, |best, arm| if arms[arm] > arms[best] { arm } else { best });
    let (mut values, mut pulls, mut policy) = ([0.0; ARMS], [0.0; ARMS], [0.0; ARMS]);
    let (mut total, mut best) = (0.0, 0);
    for _ in 0..PULLS {
        softmax(&values, beta, &mut policy);
        let arm = draw(&policy, rng.random());
        let reward = arms[arm] + rng.sample::<f64, _>(StandardNormal);
        pulls[arm] += 1.0;
        values[arm] += (reward - values[arm]) / pulls[arm];
        total += reward;
        best += usize::from(arm == best_arm);
    }
    (total, best)
}

/// The arm whose part of the interval 0..1 contains `u`.
fn draw(policy: &[f64; ARMS], u: f64) -> usize {
    let mut sum = 0.0;
    for (arm, p) in policy.iter().enumerate() {
        sum += p;
        if u < sum {
            return arm;
        }
    }
    // Rounding may leave Σ p slightly below 1; this is the last arm with a positive probability.
    policy.iter().rposition(|p| *p > 0.0).expect("probabilities sum to 1")
}
