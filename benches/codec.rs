//! All data sets, operations and codecs under criterion.
//!
//! `cargo bench --bench codec` ends with a table of ratios; `-- --test` only checks the round trips.
//! The `report` program races the codecs turn by turn, which is fairer.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use pickle_benches::ratios;
use pickle_benches::trials::{self, DATA_SETS, LIMITS};

fn main() {
    // glibc's allocator settles only after some large blocks have come and gone.
    drop(black_box(vec![1_u8; 30 << 20]));
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for data_set in DATA_SETS {
        trials::races(data_set, &mut |operation, race| {
            let mut group = criterion.benchmark_group(format!("{data_set}-{operation}"));
            race.each(|name, run| {
                group.bench_function(name, |bencher| bencher.iter(&mut *run));
            });
            group.finish();
        });
    }
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        ratios::print(&DATA_SETS.map(|name| format!("{name}-")), &LIMITS);
    }
}
