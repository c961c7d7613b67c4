//! The store beside bare sled: what objects, versions, checksums and the journal cost.
//!
//! Like with like: sled gets the same batches of the same values by keys as long as the store's, and
//! pickles and unpickles them, too, without their schema. Neither syncs where the engine is compared, both do where commits are. Each write has a
//! value of its own, because sled does nothing where the value is there already. What the store does
//! beyond sled is what is compared: a version and a checksum for each record, and the journal, into
//! which each write goes by a system call before it returns, while sled keeps its latest in the
//! process. `pickle-store/benches/growth.rs` has the same for redb, and for a million records.
//!
//! At the end gets and bulk puts are raced: both take turns, so that what the machine does besides
//! moves both alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput};
use pickle::store::{Collection, Durability, Store};
use pickle::{Pickle, Pickler, SchemaMode};
use pickle_benches::race::Race;
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

/// As long as the store's: a byte and a number of four before the id.
fn key(id: u64) -> [u8; 13] {
    let mut key = [2; 13];
    key[5..].copy_from_slice(&id.to_be_bytes());
    key
}

/// As long as the store's: version, flags, format and checksum besides the pickle.
fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = vec![0; 10];
    Pickler::new(&mut bytes).schema(SchemaMode::OmitRoot).dump(record).unwrap();
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

fn decode(bytes: &[u8]) -> Record {
    pickle::loads(&bytes[10..bytes.len() - 4]).unwrap()
}

fn put_all(store: &Store, records: &Collection<u64, Record>, values: &[Record]) {
    for values in values.chunks(BATCH) {
        let mut batch = store.batch();
        for value in values {
            batch.put_in(records, &value.id, value).unwrap();
        }
        batch.commit().unwrap();
    }
}

fn put_all_bare(bare: &sled::Db, values: &[Record]) {
    for values in values.chunks(BATCH) {
        let mut batch = sled::Batch::default();
        for value in values {
            batch.insert(&key(value.id), encode(value));
        }
        bare.apply_batch(batch).unwrap();
    }
}

/// Gets and bulk puts, in turns.
fn race(store: &Store, records: &Collection<u64, Record>, bare: &sled::Db) {
    let (mut ids, mut bare_ids) = (scattered(), scattered());
    let mut gets = Race::default();
    gets.add("pickle-store", || {
        let id = ids.next().unwrap_or_default();
        assert_eq!(black_box(records.get(&id).unwrap()).map(|record| record.id), Some(id));
    });
    gets.add("sled, and loads", || {
        let id = bare_ids.next().unwrap_or_default();
        assert_eq!(black_box(decode(&bare.get(key(id)).unwrap().unwrap())).id, id);
    });
    // Both of two sets of values, so that each is another than the one before.
    let sets = [1 << 20, 1 << 21].map(|mut round| changed(&mut round));
    let (mut turn, mut bare_turn) = (sets.iter().cycle(), sets.iter().cycle());
    let mut puts = Race::default();
    puts.add("pickle-store", || turn.next().map(|values| put_all(store, records, values)));
    puts.add("sled, and dumps", || bare_turn.next().map(|values| put_all_bare(bare, values)));
    println!("\nin turns                      least     median   ratio of the medians");
    for (what, race, count) in [("get", gets, 1), ("bulk put", puts, COUNT)] {
        let timings = race.run(Duration::from_millis(20), Duration::from_secs(10));
        let base = timings[1].median;
        for timing in &timings {
            let [least, median] = [timing.least, timing.median].map(|time| time / count as f64);
            let ratio = timing.median / base;
            println!(
                "  {what:<10} {:<16} {least:>7.0} ns {median:>7.0} ns  {ratio:>5.2}",
                timing.name
            );
        }
    }
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
        bare.insert(key(id), encode(&record(id))).unwrap();
    }

    let mut group = criterion.benchmark_group("store-put-batch");
    group.throughput(Throughput::Elements(COUNT));
    let mut round = 0;
    group.bench_function("pickle-store", |bencher| {
        bencher.iter_batched(
            || changed(&mut round),
            |values| put_all(&os, &unsynced, &values),
            BatchSize::LargeInput,
        );
    });
    group.bench_function("sled, and dumps", |bencher| {
        bencher.iter_batched(
            || changed(&mut round),
            |values| put_all_bare(&bare, &values),
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
            bare.insert(key(value.id), encode(black_box(&value))).unwrap();
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
            assert_eq!(black_box(decode(&bare.get(key(id)).unwrap().unwrap())).id, id);
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
            let sum: u64 = bare.iter().values().map(|bytes| decode(&bytes.unwrap()).id).sum();
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
            bare.insert(key(value.id), encode(&value)).unwrap();
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
        race(&os, &unsynced, &bare);
    }
}
