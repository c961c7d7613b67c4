//! The store beside bare sled: what objects, versions, checksums and the journal cost.
//!
//! Like with like: sled gets the same batches of the same values, and pickles and unpickles them,
//! too. Neither syncs where the engine is compared, both do where commits are. Each write has a
//! value of its own, because sled does nothing where the value is there already. What the store does
//! beyond sled is what is compared: a version and a checksum for each record, and the journal, into
//! which each write goes by a system call before it returns, while sled keeps its latest in the
//! process. `pickle-store/benches/growth.rs` has the same for redb, and for a million records.

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

/// Records in a batch.
const BATCH: usize = 1000;

/// All records, as they never were before.
fn changed(round: &mut u32) -> Vec<Record> {
    *round += 1;
    let change = |id| {
        let mut record = record(id);
        record.scores[0] = *round;
        record
    };
    (0..COUNT).map(change).collect()
}

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

    let store = Store::temporary().unwrap();
    let records: Collection<u64, Record> = store.collection("records").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let os = format!("sled:{}", folder.path().join("unsynced").display());
    let os = Store::builder(&os).durability(Durability::Os).open().unwrap();
    let unsynced: Collection<u64, Record> = os.collection("records").unwrap();
    let bare =
        sled::Config::new().path(folder.path().join("bare")).flush_every_ms(None).open().unwrap();

    for id in 0..COUNT {
        unsynced.put(&id, &record(id)).unwrap();
        bare.insert(id.to_be_bytes(), pickle::dumps(&record(id)).unwrap()).unwrap();
    }

    let mut group = criterion.benchmark_group("store-put-batch");
    group.throughput(Throughput::Elements(COUNT));
    let mut round = 0;
    group.bench_function("pickle-store", |bencher| {
        bencher.iter_batched(
            || changed(&mut round),
            |values| {
                for values in values.chunks(BATCH) {
                    let mut batch = os.batch();
                    for value in values {
                        batch.put_in(&unsynced, &value.id, value).unwrap();
                    }
                    batch.commit().unwrap();
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("sled, and dumps", |bencher| {
        bencher.iter_batched(
            || changed(&mut round),
            |values| {
                for values in values.chunks(BATCH) {
                    let mut batch = sled::Batch::default();
                    for value in values {
                        batch.insert(&value.id.to_be_bytes(), pickle::dumps(value).unwrap());
                    }
                    bare.apply_batch(batch).unwrap();
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();

    let mut group = criterion.benchmark_group("store-put");
    group.throughput(Throughput::Elements(1));
    let mut ids = scattered();
    let mut value = record(1);
    group.bench_function("pickle-store", |bencher| {
        bencher.iter(|| {
            value.id = ids.next().unwrap_or_default();
            value.scores[0] += 1;
            unsynced.put(&value.id, black_box(&value)).unwrap();
        });
    });
    group.bench_function("sled, and dumps", |bencher| {
        bencher.iter(|| {
            value.id = ids.next().unwrap_or_default();
            value.scores[0] += 1;
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
            assert_eq!(black_box(unsynced.get(&id).unwrap()).map(|record| record.id), Some(id));
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
            let sum: u64 = unsynced.iter().unwrap().map(|entry| entry.unwrap().1.id).sum();
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
        let mut value = record(1);
        bencher.iter(|| {
            value.scores[0] += 1;
            bare.insert(value.id.to_be_bytes(), pickle::dumps(&value).unwrap()).unwrap();
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
