//! Python's format beside the other crates that speak it and beside CPython's own C pickle.
//!
//! Everyone reads the same pickle of protocol 5 and drops what it made, which counts; every dump
//! makes a new vector. CPython runs in a process of its own, which times itself with its garbage
//! collector off.
//! `cargo bench --bench python` ends with a table of ratios; `-- --test` only checks the round
//! trips, with a hundredth of the data.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use pickle::python::MemoEntries;
use pickle::{Pickle, Pickler, Protocol, UnpickleOwned, Value};
use pickle_benches::ratios;
use tempfile::TempDir;

#[derive(
    Pickle,
    serde::Serialize,
    serde::Deserialize,
    deser::Serialize,
    deser::Deserialize,
    Debug,
    PartialEq,
)]
#[pickle(python = "dict")]
struct Record {
    id: i64,
    name: String,
    score: f64,
    tags: Vec<String>,
}

fn record(id: i64) -> Record {
    let name = format!("user number {id}");
    let tags = vec![format!("tag{}", id % 100), "common".to_owned()];
    Record { id, name, score: id as f64 * 0.5, tags }
}

/// serde needs telling that a vector is bytes.
#[derive(
    Pickle,
    serde::Serialize,
    serde::Deserialize,
    deser::Serialize,
    deser::Deserialize,
    Debug,
    PartialEq,
)]
#[pickle(transparent)]
#[serde(transparent)]
struct Blob(#[serde(with = "serde_bytes")] Vec<u8>);

/// What all the crates can write and read.
trait Data:
    Pickle
    + UnpickleOwned
    + serde::Serialize
    + serde::de::DeserializeOwned
    + deser::Serialize
    + deser::de::DeserializeOwned
    + PartialEq
{
}

impl<T> Data for T where
    T: Pickle
        + UnpickleOwned
        + serde::Serialize
        + serde::de::DeserializeOwned
        + deser::Serialize
        + deser::de::DeserializeOwned
        + PartialEq
{
}

fn main() {
    let testing = std::env::args().any(|argument| argument == "--test");
    // glibc's allocator settles only after some large blocks have come and gone.
    drop(black_box(vec![1_u8; 30 << 20]));
    let criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let python = CPython::start();
    if let Err(error) = &python {
        warn_of_missing_python(error);
    }
    let mut bench = Bench { criterion, python, divisor: if testing { 100 } else { 1 } };

    let count = bench.count(100_000);
    bench.race(
        "records",
        Throughput::Elements(count),
        &(0..count as i64).map(record).collect::<Vec<_>>(),
    );
    let count = bench.count(1_000_000);
    let ints: Vec<i64> = (0..count as i64).map(|i| i * 7919 % 1_000_003 * 1000).collect();
    bench.race("ints", Throughput::Elements(count), &ints);
    let floats: Vec<f64> = (0..count).map(|i| i as f64 * 0.37).collect();
    bench.race("floats", Throughput::Elements(count), &floats);
    let count = bench.count(200_000);
    let dict: HashMap<_, _> = (0..count as i64).map(|i| (format!("key number {i}"), i)).collect();
    let pickle = bench.race("dict", Throughput::Elements(count), &dict);
    bench.maps(Throughput::Elements(count), &pickle);
    let count = bench.count(64 << 20);
    let blob = Blob((0..count).map(|i| ((i * 31) >> 3) as u8).collect());
    let pickle = bench.race("bytes", Throughput::Bytes(count), &blob);
    bench.borrow(&blob, &pickle);

    bench.criterion.final_summary();
    if !testing {
        ratios::print(&["python-"], &APART);
    }
    if let Err(error) = &bench.python {
        warn_of_missing_python(error);
    }
}

/// Not owned, so no measure of those that are.
const BORROWED: &str = "pickle, borrowed";
/// What a map costs, of text that is there.
const LIMIT: &str = "limit";
/// The same for a sorted one, and what we take.
const SORTED: &str = "pickle, BTreeMap";
const SORTED_LIMIT: &str = "limit, BTreeMap";
const APART: [&str; 4] = [BORROWED, LIMIT, SORTED, SORTED_LIMIT];

fn warn_of_missing_python(error: &io::Error) {
    eprintln!("\n!!! NOT MEASURED: CPython, as `python3` does not start: {error}");
    eprintln!("!!! A row of it in the table is of an earlier run.\n");
}

struct Bench {
    criterion: Criterion,
    python: io::Result<CPython>,
    divisor: u64,
}

impl Bench {
    fn count(&self, full: u64) -> u64 {
        full / self.divisor
    }

    fn group(&mut self, name: &str, throughput: Throughput) -> BenchmarkGroup<'_, WallTime> {
        let mut group = self.criterion.benchmark_group(name);
        group.throughput(throughput).sampling_mode(SamplingMode::Flat);
        group
    }

    /// Everyone dumps `data`, and loads what we dumped. Gives the latter.
    fn race<T: Data>(&mut self, set: &str, throughput: Throughput, data: &T) -> Vec<u8> {
        let pickle = check(data);
        if let Ok(python) = &mut self.python {
            let rewritten = python.take(&pickle);
            assert!(pickle::loads::<T>(&rewritten).unwrap() == *data, "CPython: {set}");
        }
        self.dumps(set, throughput.clone(), data);
        self.loads::<T>(set, throughput, &pickle);
        pickle
    }

    fn dumps<T: Data>(&mut self, set: &str, throughput: Throughput, data: &T) {
        let mut group = self.group(&format!("python-{set}-dumps"), throughput);
        group.bench_function("pickle", |bencher| {
            bencher.iter(|| pickle::dumps_with(black_box(data), Protocol::V5).unwrap());
        });
        group.bench_function("pickle, no memo", |bencher| {
            bencher.iter(|| dumps_needed(black_box(data)));
        });
        group.bench_function("serde-pickle", |bencher| {
            bencher.iter(|| serde_pickle::to_vec(black_box(data), Default::default()).unwrap());
        });
        group.bench_function("deser-pickle", |bencher| {
            bencher.iter(|| deser_pickle::to_vec(black_box(data)).unwrap());
        });
        group.finish();
        self.python(set, "dumps");
    }

    fn loads<T: Data>(&mut self, set: &str, throughput: Throughput, pickle: &[u8]) {
        let mut group = self.group(&format!("python-{set}-loads"), throughput);
        group.bench_function("pickle", |bencher| {
            bencher.iter(|| pickle::loads::<T>(black_box(pickle)).unwrap());
        });
        group.bench_function("pickle, Value", |bencher| {
            bencher.iter(|| Value::loads(black_box(pickle)).unwrap());
        });
        group.bench_function("serde-pickle", |bencher| {
            bencher.iter(|| serde_loads::<T>(black_box(pickle)));
        });
        group.bench_function("deser-pickle", |bencher| {
            bencher.iter(|| deser_pickle::from_slice::<T>(black_box(pickle)).unwrap());
        });
        group.finish();
        self.python(set, "loads");
    }

    /// The time that CPython says it took, in the group of the others.
    fn python(&mut self, set: &str, operation: &str) {
        let Ok(python) = &mut self.python else { return };
        let mut group = self.criterion.benchmark_group(format!("python-{set}-{operation}"));
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function("CPython", |bencher| {
            bencher.iter_custom(|times| python.time(operation, times));
        });
        group.finish();
    }

    /// What maps cost by themselves: made of keys and values in the order of the pickle, and dropped.
    fn maps(&mut self, throughput: Throughput, pickle: &[u8]) {
        let map: HashMap<&str, i64> = pickle::loads(pickle).unwrap();
        let mut entries: Vec<(&str, i64)> = map.into_iter().collect();
        entries.sort_unstable_by_key(|(key, _)| key.as_ptr());
        let mut group = self.group("python-dict-loads", throughput);
        group.bench_function(LIMIT, |bencher| {
            bencher.iter(|| {
                let mut map = HashMap::with_capacity(entries.len());
                for (key, value) in black_box(&entries) {
                    map.insert((*key).to_owned(), *value);
                }
                map
            });
        });
        group.bench_function(SORTED_LIMIT, |bencher| {
            bencher.iter(|| {
                let mut map = BTreeMap::new();
                for (key, value) in black_box(&entries) {
                    map.insert((*key).to_owned(), *value);
                }
                map
            });
        });
        group.bench_function(SORTED, |bencher| {
            bencher.iter(|| pickle::loads::<BTreeMap<String, i64>>(black_box(pickle)).unwrap());
        });
        group.finish();
    }

    /// Bytes that stay where the pickle has them.
    fn borrow(&mut self, blob: &Blob, pickle: &[u8]) {
        assert_eq!(pickle::loads::<&[u8]>(pickle).unwrap(), blob.0);
        let mut group = self.group("python-bytes-loads", Throughput::Bytes(blob.0.len() as u64));
        group.bench_function(BORROWED, |bencher| {
            bencher.iter(|| pickle::loads::<&[u8]>(black_box(pickle)).unwrap().len());
        });
        group.finish();
    }
}

/// Every crate reads back what it wrote, and what we wrote, which it gives.
fn check<T: Data>(data: &T) -> Vec<u8> {
    let pickle = pickle::dumps_with(data, Protocol::V5).unwrap();
    assert!(pickle::loads::<T>(&pickle).unwrap() == *data);
    assert!(pickle::loads::<T>(&dumps_needed(data)).unwrap() == *data);
    assert!(pickle::from_value::<T>(&Value::loads(&pickle).unwrap()).unwrap() == *data);
    assert!(serde_loads::<T>(&pickle) == *data);
    assert!(serde_loads::<T>(&serde_pickle::to_vec(data, Default::default()).unwrap()) == *data);
    assert!(deser_pickle::from_slice::<T>(&pickle).unwrap() == *data);
    let own = deser_pickle::to_vec(data).unwrap();
    assert!(deser_pickle::from_slice::<T>(&own).unwrap() == *data);
    pickle
}

/// Nothing remembered that is written once.
fn dumps_needed<T: Pickle>(data: &T) -> Vec<u8> {
    let pickler = Pickler::new(Vec::new()).protocol(Protocol::V5);
    let mut pickler = pickler.memo(MemoEntries::Needed);
    pickler.dump(data).unwrap();
    pickler.into_inner()
}

fn serde_loads<T: serde::de::DeserializeOwned>(pickle: &[u8]) -> T {
    serde_pickle::from_slice(pickle, Default::default()).unwrap()
}

/// Takes a pickle by its path, or times an operation on the last one; answers each with a line.
const TIMER: &str = r#"
import gc, pickle, sys, time

gc.disable()
for line in sys.stdin:
    command, argument = line.rstrip("\n").split(" ", 1)
    if command == "take":
        value = None
        with open(argument, "rb") as file:
            data = file.read()
        value = pickle.loads(data)
        with open(argument, "wb") as file:
            file.write(pickle.dumps(value, 5))
        print("taken", flush=True)
        continue
    times = range(int(argument))
    begun = time.perf_counter_ns()
    if command == "dumps":
        for _ in times:
            pickle.dumps(value, 5)
    else:
        for _ in times:
            pickle.loads(data)
    print(time.perf_counter_ns() - begun, flush=True)
"#;

/// A `python3` that runs [`TIMER`].
struct CPython {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: TempDir,
}

impl CPython {
    fn start() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new("python3")
            .args(["-c", TIMER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let missing = || io::Error::other("a pipe is missing");
        let commands = child.stdin.take().ok_or_else(missing)?;
        let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Self { child, commands: Some(commands), answers, folder })
    }

    fn ask(&mut self, command: &str, argument: &str) -> String {
        let commands = self.commands.as_mut().expect("open until the drop");
        writeln!(commands, "{command} {argument}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    /// Hands over what is dumped and loaded from now on; gives it as CPython writes it.
    fn take(&mut self, pickle: &[u8]) -> Vec<u8> {
        let path = self.folder.path().join("pickle");
        fs::write(&path, pickle).unwrap();
        assert_eq!(self.ask("take", utf8(&path)), "taken");
        fs::read(&path).unwrap()
    }

    fn time(&mut self, operation: &str, times: u64) -> Duration {
        Duration::from_nanos(self.ask(operation, &times.to_string()).parse().unwrap())
    }
}

impl Drop for CPython {
    /// The end of its input ends the process.
    fn drop(&mut self) {
        self.commands = None;
        let _ = self.child.wait();
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a temporary folder with a name in UTF-8")
}
