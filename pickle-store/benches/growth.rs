//! How the store grows from ten thousand records of 200 bytes to a million, and what it costs over
//! the bare engine: `cargo bench -p pickle-store --features redb --bench growth [-- COUNT..]`.
//!
//! Each line is a process of its own, so that its memory is its own. The bare engine gets what the
//! store's engine gets: keys of the same bytes, values of the same size, batches of as many, no
//! `fsync` in between (`Durability::Os`; redb's `Durability::None`), and it pickles and unpickles
//! the same values. What the store does beyond that is in its column: a version and a checksum for
//! each record, and over sled a journal, which is written and checksummed before sled is.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use pickle_core::{Pickler, SchemaMode, Unpickler};
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
    /// Leaves as a process does that dies.
    fn die(self: Box<Self>) {
        std::mem::forget(self);
    }
}

type Opener = fn(&Path) -> Box<dyn Map>;

struct Ours(Store, Collection<u64, Record>);

impl Ours {
    fn open(engine: &str, folder: &Path) -> Box<dyn Map> {
        let store = Store::builder(&format!("{engine}:{}", folder.join("store").display()));
        let store = store.durability(Durability::Os).open().unwrap();
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
    Unpickler::from_slice(&bytes[10..bytes.len() - 4]).load().unwrap()
}

struct Sled(sled::Db);

impl Sled {
    fn open(folder: &Path) -> Box<dyn Map> {
        let config = sled::Config::new().path(folder.join("store")).flush_every_ms(None);
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
        Box::new(Self(redb::Database::create(folder.join("store")).unwrap()))
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

/// Fills a store, uses it, and opens it again.
fn measure(what: &str, count: u64, folder: &Path) {
    let open = KINDS.iter().find(|(name, _)| *name == what).unwrap().1;
    let each = |time: Duration, count: u64| time.as_nanos() as f64 / count as f64 / 1000.0;
    let map = open(folder);
    let (_, bulk) = timed(|| {
        for first in (0..count).step_by(BATCH as usize) {
            let records: Vec<_> = (first..first + BATCH).map(record).collect();
            map.put_batch(&records);
        }
    });
    let (_, made) = timed(|| (0..count).map(record).for_each(|record| drop(black_box(record))));
    let values: Vec<_> = scattered(count).map(record).collect();
    let (_, put) = timed(|| values.iter().for_each(|record| map.put(record)));
    let (_, get) = timed(|| {
        scattered(count).for_each(|id| assert_eq!(black_box(map.get(id)).id, id));
    });
    let (sum, scan) = timed(|| map.scan());
    assert_eq!(sum, count * (count - 1) / 2);
    let (_, rss) = memory();
    drop(map);
    let (map, opened) = timed(|| open(folder));
    assert_eq!(map.get(count / 2), record(count / 2));
    map.put(&record(0));
    let size = disk_size(folder);
    println!(
        "| {what} | {count} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} | {} | {} |",
        each(bulk.saturating_sub(made), count),
        each(put, SINGLE),
        each(get, SINGLE),
        each(scan, count),
        opened.as_secs_f64(),
        rss >> 20,
        size >> 20,
    );
    map.die();
    // The locks of the dead go with their process.
}

/// Opens what a process left that died.
fn recover(what: &str, count: u64, folder: &Path) {
    let open = KINDS.iter().find(|(name, _)| *name == what).unwrap().1;
    let (map, opened) = timed(|| open(folder));
    assert_eq!(map.get(count / 2), record(count / 2));
    println!(
        "  opened after a crash: {:.3} s, {} MiB of memory at most",
        opened.as_secs_f64(),
        memory().0 >> 20
    );
}

fn main() {
    if let Ok(order) = std::env::var(ORDER) {
        let words: Vec<_> = order.splitn(4, '\t').collect();
        let [step, what, count, folder] = words[..] else { panic!("an order of four words") };
        let (count, folder) = (count.parse().unwrap(), PathBuf::from(folder));
        return match step {
            "measure" => measure(what, count, &folder),
            _ => recover(what, count, &folder),
        };
    }
    let mut counts: Vec<u64> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    if counts.is_empty() {
        counts = vec![10_000, 100_000, 1_000_000];
    }
    let only = std::env::var("PICKLE_STORE_ONLY").ok();
    println!(
        "| | records | bulk put, µs | put, µs | get, µs | scan, µs | open, s | memory, MiB | disk, MiB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for count in counts {
        for (what, _) in KINDS {
            if only.as_ref().is_some_and(|only| only != what) {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            for step in ["measure", "recover"] {
                let order = format!("{step}\t{what}\t{count}\t{}", folder.path().display());
                let me = std::env::current_exe().unwrap();
                assert!(Command::new(me).env(ORDER, order).status().unwrap().success());
            }
        }
    }
}
