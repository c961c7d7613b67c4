//! Encode and decode of the four data sets, beside the peers, in one run.
//!
//! `cargo bench --bench codec` ends with a table of ratios; `-- --test` only checks the round trips.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use pickle_benches::data::log::BorrowedLogs;
use pickle_benches::data::{log, mesh, minecraft, mk48, small};
use pickle_benches::peers::{
    Bincode, Bitcode, Codec, Json, Pickle, Postcard, Rkyv, Speedy, Wincode,
};
use pickle_benches::ratios;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn encode<T: PartialEq + Debug, C: Codec<T>>(group: &mut Group<'_>, codec: C, value: &T) {
    let mut out = Vec::new();
    let size = codec.encode(value, &mut out);
    assert!(codec.decode(&out[..size]) == *value, "{} loses something", codec.name());
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function(codec.name(), |bencher| {
        bencher.iter(|| black_box(codec.encode(black_box(value), &mut out)));
    });
}

fn decode<T: PartialEq + Debug, C: Codec<T>>(group: &mut Group<'_>, codec: C, value: &T) {
    let mut out = Vec::new();
    let size = codec.encode(value, &mut out);
    let bytes = &out[..size];
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function(codec.name(), |bencher| {
        bencher.iter(|| drop(black_box(codec.decode(black_box(bytes)))));
    });
}

/// Every codec on one data set.
macro_rules! data_set {
    ($criterion:expr, $name:literal, $value:expr) => {{
        let value = $value;
        let mut group = $criterion.benchmark_group(concat!($name, "-encode"));
        encode(&mut group, Pickle, &value);
        encode(&mut group, Wincode, &value);
        encode(&mut group, Bitcode::default(), &value);
        encode(&mut group, Rkyv, &value);
        encode(&mut group, Speedy, &value);
        encode(&mut group, Bincode, &value);
        encode(&mut group, Postcard, &value);
        encode(&mut group, Json, &value);
        let bytes = pickle::dumps(&value).unwrap();
        let mut copy = vec![0; bytes.len()];
        group.bench_function("limit memcpy", |bencher| {
            bencher.iter(|| copy.copy_from_slice(black_box(&bytes)));
        });
        group.finish();
        let mut group = $criterion.benchmark_group(concat!($name, "-decode"));
        decode(&mut group, Pickle, &value);
        decode(&mut group, Wincode, &value);
        decode(&mut group, Bitcode::default(), &value);
        decode(&mut group, Rkyv, &value);
        decode(&mut group, Speedy, &value);
        decode(&mut group, Bincode, &value);
        decode(&mut group, Postcard, &value);
        decode(&mut group, Json, &value);
        group.bench_function("limit clone", |bencher| {
            bencher.iter(|| drop(black_box(black_box(&value).clone())));
        });
        group.finish();
    }};
}

/// Decoding that leaves the text where it is.
fn borrowed(criterion: &mut Criterion) {
    let logs = log::logs();
    let value = logs.borrowed();
    let mut group = criterion.benchmark_group("log-borrow");
    let bytes = pickle::dumps(&value).unwrap();
    assert!(pickle::loads::<BorrowedLogs<'_>>(&bytes).unwrap() == value);
    group.bench_function("pickle-rs", |bencher| {
        bencher.iter(|| {
            drop(black_box(pickle::loads::<BorrowedLogs<'_>>(black_box(&bytes)).unwrap()))
        });
    });
    let bytes = wincode::serialize(&value).unwrap();
    group.bench_function("wincode", |bencher| {
        bencher.iter(|| {
            drop(black_box(wincode::deserialize::<BorrowedLogs<'_>>(black_box(&bytes)).unwrap()));
        });
    });
    let bytes = bitcode::encode(&value);
    let mut buffer = bitcode::Buffer::new();
    group.bench_function("bitcode", |bencher| {
        bencher.iter(|| {
            drop(black_box(buffer.decode::<BorrowedLogs<'_>>(black_box(&bytes)).unwrap()));
        });
    });
    group.finish();
}

/// A message of three fields, where headers and set-up show.
fn small_message(criterion: &mut Criterion) {
    data_set!(criterion, "small", small::small());
}

fn main() {
    // glibc's allocator settles only after some large blocks have come and gone.
    drop(black_box(vec![1_u8; 30 << 20]));
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    data_set!(criterion, "log", log::logs());
    data_set!(criterion, "mesh", mesh::mesh());
    data_set!(criterion, "minecraft", minecraft::players());
    data_set!(criterion, "mk48", mk48::updates());
    borrowed(&mut criterion);
    small_message(&mut criterion);
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        let groups = ["log-", "mesh-", "minecraft-", "mk48-", "small-"];
        ratios::print(&groups, &["limit memcpy", "limit clone"]);
    }
}
