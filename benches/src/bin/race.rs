//! Races the codecs: `race [DATA_SET...] [--only CODEC...]` prints who took how long.

use std::hint::black_box;
use std::time::Duration;

use pickle_benches::race::{Race, Timing};
use pickle_benches::trials::{self, DATA_SETS, LIMITS};

/// Long enough for the caches to settle.
const TURN: Duration = Duration::from_millis(4);
const RACE: Duration = Duration::from_secs(2);

fn main() {
    // glibc's allocator settles only after some large blocks have come and gone.
    drop(black_box(vec![1_u8; 30 << 20]));
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let only = match names.iter().position(|name| name == "--only") {
        Some(at) => names.split_off(at).split_off(1),
        None => Vec::new(),
    };
    if names.is_empty() {
        names = DATA_SETS.map(str::to_owned).into();
    }
    for name in names {
        let (data_set, operation) = name.split_once('/').unwrap_or((&name, ""));
        trials::races(data_set, &mut |kind, mut race: Race<'_>| {
            if !operation.is_empty() && operation != kind {
                return;
            }
            race.retain(|name| only.is_empty() || only.iter().any(|wanted| wanted == name));
            print(data_set, kind, race.run(TURN, RACE));
        });
    }
}

fn print(data_set: &str, operation: &str, mut timings: Vec<Timing>) {
    timings.sort_by(|a, b| a.least.total_cmp(&b.least));
    let codecs = timings.iter().filter(|timing| !LIMITS.contains(&timing.name.as_str()));
    let best = codecs.map(|timing| timing.least).fold(f64::INFINITY, f64::min);
    println!("\n{data_set} {operation}");
    for timing in timings {
        let (least, median) = (timing.least / 1e3, timing.median / 1e3);
        let ratio = timing.least / best;
        println!("  {:<20} {least:>10.3} µs {median:>10.3} µs  {ratio:.2}", timing.name);
    }
}
