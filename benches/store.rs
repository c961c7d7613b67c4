//! The store beside bare sled: what objects, checksums and schemas cost.
//!
//! Both run in memory-backed steps without syncing where the engine is compared, and with it where
//! commits are.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput};
use pickle::Pickle;
use pickle::store::{Collection, Durability, Store};
use pickle_benches::ratios;

/// About 200 bytes.
#[derive(Pickle, Clone, Debug, PartialEq)]
struct Record {
    id: u64,
    name: String,
    scores: Vec<u32>,
    note: String,
}

fn record(id: u64) -> Record {
    Record {
        id,
        name: format!("record number {id}"),
        scores: (0..10).map(|n| n * id as u32).collect(),
        note: "x".repeat(110),
    }
}

const COUNT: u64 = 10_000;

/// All ids, again and again, far from each other.
fn scattered() -> impl Iterator<Item = u64> {
    (0..COUNT).cycle().map(|number| number * 7919 % COUNT)
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let pickled: Vec<Vec<u8>> = (0..COUNT).map(|id| pickle::dumps(&record(id)).unwrap()).collect();

    let store = Store::temporary().unwrap();
    let records: Collection<u64, Record> = store.collection("records").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let os = format!("sled:{}", folder.path().join("unsynced").display());
    let os = Store::builder(&os).durability(Durability::Os).open().unwrap();
    let unsynced: Collection<u64, Record> = os.collection("records").unwrap();
    let bare =
        sled::Config::new().path(folder.path().join("bare")).flush_every_ms(None).open().unwrap();

    let mut group = criterion.benchmark_group("store-put-batch");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("pickle-store", |bencher| {
        bencher.iter_batched(
            || (0..COUNT).map(record).collect::<Vec<_>>(),
            |values| {
                let mut batch = store.batch();
                for value in &values {
                    batch.put_in(&records, &value.id, value).unwrap();
                }
                batch.commit().unwrap();
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("sled", |bencher| {
        bencher.iter_batched(
            || pickled.clone(),
            |values| {
                let mut batch = sled::Batch::default();
                for (id, value) in values.into_iter().enumerate() {
                    batch.insert(&(id as u64).to_be_bytes(), value);
                }
                bare.apply_batch(batch).unwrap();
                bare.flush().unwrap();
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();

    let mut group = criterion.benchmark_group("store-put");
    group.throughput(Throughput::Elements(1));
    let mut ids = scattered();
    group.bench_function("pickle-store", |bencher| {
        let mut value = record(1);
        bencher.iter(|| {
            value.id = ids.next().unwrap_or_default();
            unsynced.put(&value.id, black_box(&value)).unwrap();
        });
    });
    group.bench_function("sled, and dumps", |bencher| {
        let mut value = record(1);
        bencher.iter(|| {
            value.id = ids.next().unwrap_or_default();
            let bytes = pickle::dumps(black_box(&value)).unwrap();
            bare.insert(value.id.to_be_bytes(), bytes).unwrap();
        });
    });
    group.finish();

    let mut ids = scattered();
    let mut group = criterion.benchmark_group("store-get");
    group.throughput(Throughput::Elements(1));
    group.bench_function("pickle-store", |bencher| {
        bencher.iter(|| {
            let id = ids.next().unwrap_or_default();
            assert_eq!(black_box(records.get(&id).unwrap()).map(|record| record.id), Some(id));
        });
    });
    group.bench_function("sled, and loads", |bencher| {
        bencher.iter(|| {
            let id = ids.next().unwrap_or_default();
            let bytes = bare.get(id.to_be_bytes()).unwrap().unwrap();
            assert_eq!(black_box(pickle::loads::<Record>(&bytes).unwrap()).id, id);
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("store-scan");
    group.throughput(Throughput::Elements(COUNT));
    group.bench_function("pickle-store", |bencher| {
        bencher.iter(|| {
            let sum: u64 = records.iter().unwrap().map(|entry| entry.unwrap().1.id).sum();
            assert_eq!(sum, COUNT * (COUNT - 1) / 2);
        });
    });
    group.bench_function("sled, and loads", |bencher| {
        bencher.iter(|| {
            let load = |bytes: &[u8]| pickle::loads::<Record>(bytes).unwrap().id;
            let sum: u64 = bare.iter().values().map(|bytes| load(&bytes.unwrap())).sum();
            assert_eq!(sum, COUNT * (COUNT - 1) / 2);
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("store-put-durable");
    group.throughput(Throughput::Elements(1));
    group.bench_function("pickle-store", |bencher| {
        let value = record(1);
        bencher.iter(|| records.put(&1, black_box(&value)).unwrap());
    });
    group.bench_function("sled, flush and fsync", |bencher| {
        let file = std::fs::File::open(folder.path().join("bare").join("db")).unwrap();
        bencher.iter(|| {
            bare.insert(1_u64.to_be_bytes(), pickled[1].as_slice()).unwrap();
            bare.flush().unwrap();
            file.sync_all().unwrap();
        });
    });
    // What 8 threads commit at the same time, by the commit.
    group.bench_function("pickle-store, 8 threads", |bencher| {
        let value = record(1);
        bencher.iter_custom(|commits| {
            let begun = Instant::now();
            std::thread::scope(|scope| {
                for thread in 0..8 {
                    let (records, value) = (&records, &value);
                    scope.spawn(move || {
                        for number in (thread..commits).step_by(8) {
                            records.put(&number, value).unwrap();
                        }
                    });
                }
            });
            begun.elapsed()
        });
    });
    group.finish();
    criterion.final_summary();
    if !std::env::args().any(|argument| argument == "--test") {
        ratios::print(&["store-"], &[]);
    }
}
