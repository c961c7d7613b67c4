//! How the store grows from ten thousand records of 200 bytes to a million, and what it costs over
//! the bare engine: `cargo bench -p pickle-store --features redb --bench growth [-- COUNT..]`.
//!
//! Each figure is the lowest of three processes; stores and bare engines take turns, and each
//! process has its memory for itself. The bare engine gets what the
//! store's engine gets: keys of the same bytes, values of the same size, batches of as many, no
//! `fsync` in between (`Durability::Os`; redb's `Durability::None`), and it pickles and unpickles
//! the same values. What the store does beyond that is in its column: a version and a checksum for
//! each record, and over sled a journal, which is written and checksummed before sled is.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pickle_core::{Pickler, SchemaMode, loads};
use pickle_derive::Pickle;
use pickle_store::{Collection, Durability, Store};

/// With its key and what the store adds, 200 bytes.
#[derive(Pickle, Clone, Debug, PartialEq)]
#[pickle(crate = pickle_core)]
struct Record {
    id: u64,
    name: String,
    scores: [u32; 10],
    note: String,
}

fn record(id: u64) -> Record {
    Record {
        id,
        name: format!("record {id:07}"),
        scores: std::array::from_fn(|n| n as u32 * id as u32),
        note: "x".repeat(86),
    }
}

/// How often everything is measured.
const ROUNDS: usize = 3;
/// Bytes that each engine may keep in memory: less than a million records.
const CACHE: u64 = 64 << 20;
/// Records in a batch.
const BATCH: u64 = 1000;
/// Reads, and single writes, of keys far from each other.
const SINGLE: u64 = 20_000;

fn scattered(count: u64) -> impl Iterator<Item = u64> {
    (0..SINGLE).map(move |number| number * 7919 % count)
}

/// A collection, or a map of a bare engine.
trait Map {
    fn put_batch(&self, records: &[Record]);
    fn put(&self, record: &Record);
    fn get(&self, id: u64) -> Record;
    /// The sum of all ids.
    fn scan(&self) -> u64;
}

type Opener = fn(&Path) -> Box<dyn Map>;

struct Ours(Store, Collection<u64, Record>);

impl Ours {
    fn open(engine: &str, folder: &Path) -> Box<dyn Map> {
        let store = Store::builder(&format!("{engine}:{}", folder.join("store").display()));
        let store = store.durability(Durability::Os).cache(CACHE).open().unwrap();
        let records = store.collection("records").unwrap();
        Box::new(Self(store, records))
    }
}

impl Map for Ours {
    fn put_batch(&self, records: &[Record]) {
        let mut batch = self.0.batch();
        for record in records {
            batch.put_in(&self.1, &record.id, record).unwrap();
        }
        batch.commit().unwrap();
    }

    fn put(&self, record: &Record) {
        self.1.put(&record.id, record).unwrap();
    }

    fn get(&self, id: u64) -> Record {
        self.1.get(&id).unwrap().unwrap()
    }

    fn scan(&self) -> u64 {
        self.1.iter().unwrap().map(|item| item.unwrap().1.id).sum()
    }
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
    loads(&bytes[10..bytes.len() - 4]).unwrap()
}

struct Sled(sled::Db);

impl Sled {
    fn open(folder: &Path) -> Box<dyn Map> {
        let config = sled::Config::new().path(folder.join("store"));
        let config = config.flush_every_ms(None).cache_capacity(CACHE);
        Box::new(Self(config.open().unwrap()))
    }
}

impl Map for Sled {
    fn put_batch(&self, records: &[Record]) {
        let mut batch = sled::Batch::default();
        for record in records {
            batch.insert(&key(record.id), encode(record));
        }
        self.0.apply_batch(batch).unwrap();
    }

    fn put(&self, record: &Record) {
        self.0.insert(key(record.id), encode(record)).unwrap();
    }

    fn get(&self, id: u64) -> Record {
        decode(&self.0.get(key(id)).unwrap().unwrap())
    }

    fn scan(&self) -> u64 {
        self.0.iter().map(|item| decode(&item.unwrap().1).id).sum()
    }
}

struct Redb(redb::Database);

const TABLE: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("records");

impl Redb {
    fn open(folder: &Path) -> Box<dyn Map> {
        Box::new(Self(
            redb::Database::builder()
                .set_cache_size(CACHE as usize)
                .create(folder.join("store"))
                .unwrap(),
        ))
    }
}

impl Map for Redb {
    fn put_batch(&self, records: &[Record]) {
        let mut write = self.0.begin_write().unwrap();
        write.set_durability(redb::Durability::None).unwrap();
        let mut table = write.open_table(TABLE).unwrap();
        for record in records {
            table.insert(key(record.id).as_slice(), encode(record).as_slice()).unwrap();
        }
        drop(table);
        write.commit().unwrap();
    }

    fn put(&self, record: &Record) {
        self.put_batch(std::slice::from_ref(record));
    }

    fn get(&self, id: u64) -> Record {
        use redb::ReadableDatabase as _;
        let table = self.0.begin_read().unwrap().open_table(TABLE).unwrap();
        let found = table.get(key(id).as_slice()).unwrap().unwrap();
        decode(found.value())
    }

    fn scan(&self) -> u64 {
        use redb::ReadableDatabase as _;
        let table = self.0.begin_read().unwrap().open_table(TABLE).unwrap();
        table.range::<&[u8]>(..).unwrap().map(|item| decode(item.unwrap().1.value()).id).sum()
    }
}

const KINDS: [(&str, Opener); 4] = [
    ("pickle-store, sled", |folder| Ours::open("sled", folder)),
    ("sled", Sled::open),
    ("pickle-store, redb", |folder| Ours::open("redb", folder)),
    ("redb", Redb::open),
];

/// Set in a process that measures: what, how many records, and where.
const ORDER: &str = "PICKLE_STORE_GROWTH";

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let begun = Instant::now();
    (work(), begun.elapsed())
}

/// The most memory that this process ever had, and what it has, in bytes.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let find = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
    };
    (find("VmHWM:").unwrap_or(0), find("VmRSS:").unwrap_or(0))
}

fn disk_size(path: &Path) -> u64 {
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    let Ok(folder) = std::fs::read_dir(path) else { return size };
    folder.flatten().map(|entry| disk_size(&entry.path())).sum()
}

/// What is measured, in microseconds, seconds and MiB.
const COLUMNS: [&str; 9] = [
    "bulk put, µs",
    "put, µs",
    "get, µs",
    "scan, µs",
    "memory, MiB",
    "disk, MiB",
    "open, s",
    "open after a crash, s",
    "memory then, MiB",
];

fn micros(time: Duration, count: u64) -> f64 {
    time.as_nanos() as f64 / count as f64 / 1000.0
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn say(figures: &[f64]) {
    figures.iter().for_each(|figure| println!("{figure}"));
}

/// Fills a store, uses it, opens it again, and leaves it as a process does that dies.
fn measure(open: Opener, count: u64, folder: &Path) {
    let map = open(folder);
    let (_, bulk) = timed(|| {
        for first in (0..count).step_by(BATCH as usize) {
            let records: Vec<_> = (first..first + BATCH).map(record).collect();
            map.put_batch(&records);
        }
    });
    let (_, made) = timed(|| (0..count).map(record).for_each(|record| drop(black_box(record))));
    // sled does nothing where the value is there already.
    let change = |id| Record { note: "y".repeat(86), ..record(id) };
    let values: Vec<_> = scattered(count).map(change).collect();
    let (_, put) = timed(|| values.iter().for_each(|record| map.put(record)));
    let (_, get) = timed(|| {
        scattered(count).for_each(|id| assert_eq!(black_box(map.get(id)).id, id));
    });
    let (sum, scan) = timed(|| map.scan());
    assert_eq!(sum, count * (count - 1) / 2);
    let resident = memory().1;
    drop(map);
    let size = disk_size(folder);
    let (map, opened) = timed(|| open(folder));
    assert_eq!(map.get(count - 1).id, count - 1);
    map.put(&record(0));
    say(&[
        micros(bulk.saturating_sub(made), count),
        micros(put, SINGLE),
        micros(get, SINGLE),
        micros(scan, count),
        mebibytes(resident),
        mebibytes(size),
        opened.as_secs_f64(),
    ]);
    // Its lock goes with the process.
    std::mem::forget(map);
}

/// Opens what a process left that died.
fn recover(open: Opener, count: u64, folder: &Path) {
    let (map, opened) = timed(|| open(folder));
    assert_eq!(map.scan(), count * (count - 1) / 2);
    say(&[opened.as_secs_f64(), mebibytes(memory().0)]);
}

/// Runs the steps in processes of their own; returns what they say.
fn run(what: &str, count: u64) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let figures = ["measure", "recover"].map(|step| {
        let order = format!("{step}\t{what}\t{count}\t{}", folder.path().display());
        let me = std::env::current_exe().unwrap();
        let output = Command::new(me).env(ORDER, order).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    figures.concat().lines().map(|figure| figure.parse().unwrap()).collect()
}

fn main() {
    if let Ok(order) = std::env::var(ORDER) {
        let words: Vec<_> = order.splitn(4, '\t').collect();
        let [step, what, count, folder] = words[..] else { panic!("an order of four words") };
        let (count, folder) = (count.parse().unwrap(), PathBuf::from(folder));
        let open = KINDS.iter().find(|(name, _)| *name == what).unwrap().1;
        return match step {
            "measure" => measure(open, count, &folder),
            _ => recover(open, count, &folder),
        };
    }
    let mut counts: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![10_000, 100_000, 1_000_000];
    }
    println!("| | records | {} |", COLUMNS.join(" | "));
    println!("|---|---{}|", "|---".repeat(COLUMNS.len()));
    for count in counts {
        let mut lowest = KINDS.map(|_| [f64::INFINITY; COLUMNS.len()]);
        for _ in 0..ROUNDS {
            for ((what, _), lowest) in KINDS.iter().zip(&mut lowest) {
                for (lowest, figure) in lowest.iter_mut().zip(run(what, count)) {
                    *lowest = lowest.min(figure);
                }
            }
        }
        for ((what, _), figures) in KINDS.iter().zip(lowest) {
            let figures = figures.map(|figure| match figure {
                ..10.0 => format!("{figure:.2}"),
                _ => format!("{figure:.0}"),
            });
            println!("| {what} | {count} | {} |", figures.join(" | "));
        }
    }
}
