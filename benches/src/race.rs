//! Functions timed side by side: each in its turn, round after round.
//!
//! What a machine does besides, and the state of the allocator, move whole runs. In turns they move
//! all runners alike, and the least of many rounds is what the work itself takes. A turn begins with
//! a run that is not timed.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The runners of one race.
#[derive(Default)]
pub struct Race<'a> {
    runners: Vec<Runner<'a>>,
}

struct Runner<'a> {
    name: &'static str,
    run: Box<dyn FnMut() + 'a>,
    /// Runs in one turn.
    batch: u32,
    /// Nanoseconds of one run, for each turn.
    turns: Vec<f64>,
}

/// What a race found out about a runner.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Who ran.
    pub name: String,
    /// Nanoseconds of a run in the best turn.
    pub least: f64,
    /// Nanoseconds of a run in the middle one.
    pub median: f64,
}

impl<'a> Race<'a> {
    /// Adds a runner.
    pub fn add<R>(&mut self, name: &'static str, mut run: impl FnMut() -> R + 'a) {
        let run = Box::new(move || drop(black_box(run())));
        self.runners.push(Runner { name, run, batch: 1, turns: Vec::new() });
    }

    /// Leaves out whom `keep` does not want.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.runners.retain(|runner| keep(runner.name));
    }

    /// Lets `call` run each runner, by name.
    pub fn each(self, mut call: impl FnMut(&str, &mut dyn FnMut())) {
        for mut runner in self.runners {
            call(runner.name, &mut runner.run);
        }
    }

    /// Runs for about as long as `budget`, with each turn at least as long as `turn`.
    pub fn run(mut self, turn: Duration, budget: Duration) -> Vec<Timing> {
        for runner in &mut self.runners {
            runner.warm_up(turn);
        }
        let end = Instant::now() + budget;
        while Instant::now() < end || self.runners.iter().any(|runner| runner.turns.len() < 5) {
            for runner in &mut self.runners {
                let nanos = runner.turn().as_nanos() as f64;
                runner.turns.push(nanos / f64::from(runner.batch));
            }
        }
        self.runners.into_iter().map(Runner::timing).collect()
    }
}

impl Runner<'_> {
    fn turn(&mut self) -> Duration {
        // The one before has left the caches full of its own.
        (self.run)();
        let start = Instant::now();
        for _ in 0..self.batch {
            (self.run)();
        }
        start.elapsed()
    }

    /// Doubles the batch until it takes long enough.
    fn warm_up(&mut self, turn: Duration) {
        while self.turn() < turn {
            self.batch *= 2;
        }
    }

    fn timing(mut self) -> Timing {
        self.turns.sort_by(f64::total_cmp);
        Timing {
            name: self.name.to_owned(),
            least: self.turns[0],
            median: self.turns[self.turns.len() / 2],
        }
    }
}
