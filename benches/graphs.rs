//! Graphs of shared nodes: ours, beside the same nodes without sharing and beside Apache Fory.
//!
//! `cargo bench --bench graphs` ends with a table of ratios; `-- --test` only checks the round trips.
//! Ours against `owned` is what sharing costs: a look-up by address for each pointer when written, a
//! slot for each object when read.

#![forbid(unsafe_code)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use fory::Fory;
use pickle_benches::data::graph::{self, Graph, Node, Owned};
use pickle_benches::ratios;

/// How many nodes there are.
const SIZES: [usize; 2] = [10_000, 1_000_000];

fn fory() -> Fory {
    let mut fory = Fory::builder().xlang(false).track_ref(true).build();
    fory.register::<Graph>(1).expect("a struct");
    fory.register::<Node>(2).expect("a struct");
    fory
}

fn main() {
    // glibc's allocator settles only after some large blocks have come and gone.
    drop(black_box(vec![1_u8; 30 << 20]));
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(20)
        .configure_from_args();
    for size in SIZES {
        race(&mut criterion, size);
    }
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        ratios::print(&["graph-"], &["owned"]);
    }
}

fn race(criterion: &mut Criterion, size: usize) {
    let shared = graph::make(size);
    let owned = graph::owned(&shared);
    let fory = fory();
    let bytes = pickle::dumps(&shared).expect("it can be pickled");
    let owned_bytes = pickle::dumps(&owned).expect("it can be pickled");
    let fory_bytes = fory.serialize(&shared).expect("it can be written");
    assert!(graph::is_same(&shared, &pickle::loads(&bytes).expect("it loads")));
    assert!(owned == pickle::loads(&owned_bytes).expect("it loads"));
    assert!(graph::is_same(&shared, &fory.deserialize(&fory_bytes).expect("it loads")));

    let mut group = criterion.benchmark_group(format!("graph-{size}-serialize"));
    group.throughput(Throughput::Elements(size as u64));
    let mut out = Vec::new();
    group.bench_function("pickle", |bencher| {
        bencher.iter(|| {
            out.clear();
            pickle::dumps_into(&shared, &mut out).expect("it can be pickled");
            out.len()
        });
    });
    group.bench_function("owned", |bencher| {
        bencher.iter(|| {
            out.clear();
            pickle::dumps_into(&owned, &mut out).expect("it can be pickled");
            out.len()
        });
    });
    group.bench_function("fory", |bencher| {
        bencher.iter(|| {
            out.clear();
            fory.serialize_to(&mut out, &shared).expect("it can be written")
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group(format!("graph-{size}-deserialize"));
    group.throughput(Throughput::Elements(size as u64));
    group.bench_function("pickle", |bencher| {
        bencher.iter(|| drop(pickle::loads::<Graph>(black_box(&bytes)).expect("it loads")));
    });
    group.bench_function("owned", |bencher| {
        bencher.iter(|| drop(pickle::loads::<Owned>(black_box(&owned_bytes)).expect("it loads")));
    });
    group.bench_function("fory", |bencher| {
        bencher.iter(|| drop(fory.deserialize::<Graph>(black_box(&fory_bytes)).expect("it loads")));
    });
    group.finish();
}
