//! Measures all data sets in several processes and writes `docs/benchmarks.md` and its charts:
//! `report [--processes COUNT]`. `report --child DATA_SET` measures one set and prints the result.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use pickle_benches::chart::{self, Panel, duration};
use pickle_benches::trials::{self, DATA_SETS, LIMITS};

/// Long enough for the caches to settle.
const TURN: Duration = Duration::from_millis(4);
const RACE: Duration = Duration::from_millis(1500);
/// glibc gives the end of the heap back to the system where no value happens to lie behind it, and
/// fetches it again page by page, which nearly doubles the time of whoever hits upon it. The children
/// keep it.
const KEPT: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.trim_threshold=4294967296:glibc.malloc.mmap_threshold=33554432",
);
/// Where the part of the page begins that other programs have measured, and that is kept.
const APART: &str = "\n# Measured apart\n";
/// The level of the public suite.
const ZSTD: i32 = 3;

const COMMAND: &str = "cargo run --release -p pickle-benches --bin report";
const OPERATIONS: [&str; 4] = ["serialize", "serialize-new", "deserialize", "borrow"];
const PEERS: [&str; 12] = [
    "bincode",
    "bitcode",
    "borsh",
    "fory",
    "nanoserde",
    "postcard",
    "rkyv",
    "rmp-serde",
    "savefile",
    "serde_json",
    "speedy",
    "wincode",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", data_set] => child(data_set),
        ["--processes", count] => report(count.parse().expect("a number of processes")),
        [] => report(5),
        _ => panic!("report [--processes COUNT]"),
    }
}

/// Prints a line for each codec and operation, and one for each codec's bytes.
fn child(data_set: &str) {
    // glibc's allocator settles only after some large blocks have come and gone.
    drop(black_box(vec![1_u8; 30 << 20]));
    let encoded = trials::races(data_set, &mut |operation, race| {
        for timing in race.run(TURN, RACE) {
            println!("{operation}\t{}\t{}\t{}", timing.name, timing.least, timing.median);
        }
    });
    for (name, bytes) in encoded {
        let packed = zstd::bulk::compress(&bytes, ZSTD).expect("zstd compresses");
        println!("size\t{name}\t{}\t{}", bytes.len(), packed.len());
    }
}

/// The two numbers of each row in what the children print: times, or sizes.
type Rows = BTreeMap<(String, String), Vec<(f64, f64)>>;

fn measure(data_set: &str, processes: usize) -> Rows {
    let program = std::env::current_exe().expect("the path of this program");
    let mut rows = Rows::new();
    for _ in 0..processes {
        let mut command = Command::new(&program);
        let output = command.args(["--child", data_set]).envs([KEPT]).output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let [kind, name, first, second] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("not a row: {line}");
            };
            let pair = (first.parse().expect("a number"), second.parse().expect("a number"));
            rows.entry((kind.to_owned(), name.to_owned())).or_default().push(pair);
        }
    }
    rows
}

fn report(processes: usize) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let charts = docs.join("charts");
    std::fs::create_dir_all(&charts).expect("a folder for the charts");
    let machine = Machine::here();
    let mut text = preamble(&machine, processes);
    for data_set in DATA_SETS {
        println!("{data_set}");
        let rows = measure(data_set, processes);
        write(&charts.join(format!("{data_set}.svg")), &drawn(data_set, &rows, &machine));
        text.push_str(&section(data_set, &rows));
    }
    let path = docs.join("benchmarks.md");
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    text.push_str(before.find(APART).map_or("", |at| &before[at..]));
    write(&path, &text);
}

fn write(path: &PathBuf, text: &str) {
    std::fs::write(path, text).expect("writes the report");
}

/// The least time of all processes, for each codec, the best first.
fn least(rows: &Rows, operation: &str) -> Vec<(String, f64)> {
    let of_operation = rows.iter().filter(|((kind, _), _)| kind == operation);
    let mut times: Vec<_> = of_operation
        .map(|((_, name), pairs)| {
            let least = pairs.iter().map(|pair| pair.0).fold(f64::INFINITY, f64::min);
            (name.clone(), least)
        })
        .collect();
    times.sort_by(|a, b| a.1.total_cmp(&b.1));
    times
}

fn median(pairs: &[(f64, f64)]) -> f64 {
    let mut medians: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    medians.sort_by(f64::total_cmp);
    medians[medians.len() / 2]
}

fn drawn(data_set: &str, rows: &Rows, machine: &Machine) -> String {
    let shown = [("serialize", "serialize into a reused buffer"), ("deserialize", "deserialize")];
    let panels = shown
        .map(|(operation, title)| Panel { title: title.to_owned(), bars: least(rows, operation) });
    let versions = machine.versions.chunks(6).map(|versions| versions.join(", "));
    let mut notes = vec![format!("{}: {}. `{COMMAND}`", machine.date, machine.what)];
    notes.extend(versions);
    chart::svg(&format!("{data_set}: time per run, logarithmic"), &panels, &notes)
}

fn section(data_set: &str, rows: &Rows) -> String {
    let mut text = format!("\n## {data_set}\n\n![{data_set}](charts/{data_set}.svg)\n");
    for operation in OPERATIONS {
        let times = least(rows, operation);
        let codecs = times.iter().filter(|(name, _)| !LIMITS.contains(&name.as_str()));
        let peers = codecs.filter(|(name, _)| !name.starts_with("pickle-rs"));
        let Some(best) = peers.map(|(_, time)| *time).reduce(f64::min) else { continue };
        let _ = write!(
            text,
            "\n| {operation} | least | median | to the best peer |\n|---|--:|--:|--:|\n",
        );
        for (name, time) in times {
            let pairs = &rows[&(operation.to_owned(), name.clone())];
            let (least, median, ratio) = (duration(time), duration(median(pairs)), time / best);
            let _ = writeln!(text, "| {name} | {least} | {median} | {ratio:.2} |");
        }
    }
    text.push_str("\n| size | bytes | after zstd |\n|---|--:|--:|\n");
    let mut sizes: Vec<_> = rows.iter().filter(|((kind, _), _)| kind == "size").collect();
    sizes.sort_by(|a, b| a.1[0].0.total_cmp(&b.1[0].0));
    for ((_, name), pairs) in sizes {
        let _ = writeln!(text, "| {name} | {} | {} |", pairs[0].0, pairs[0].1);
    }
    text
}

/// What the figures depend on.
struct Machine {
    date: String,
    /// Processor, cores, compiler and its flags.
    what: String,
    versions: Vec<String>,
}

impl Machine {
    fn here() -> Self {
        let output = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output().ok();
            output.map_or_else(String::new, |output| {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            })
        };
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.unwrap_or("unknown").trim_start_matches([' ', '\t', ':']);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let flags = match std::env::var("RUSTFLAGS") {
            Ok(flags) if !flags.is_empty() => format!("`RUSTFLAGS={flags}`"),
            _ => "no flags".to_owned(),
        };
        Self {
            date: output("date", &["-u", "+%F"]),
            what: format!("{model}, {cores} cores, {}, {flags}", output("rustc", &["-V"])),
            versions: PEERS.map(|peer| format!("{peer} {}", version(peer))).into(),
        }
    }
}

fn preamble(machine: &Machine, processes: usize) -> String {
    let Machine { date, what, versions } = machine;
    let versions = versions.join(", ");
    format!(
        "# Benchmarks

Written by `{COMMAND}` on {date}: {what}. Beside
{versions}.

## Methods

The data are those of the public `rust_serialization_benchmark` suite, made anew from its
descriptions, one message of three fields (`small`), and 10 000 and a million nodes behind `Rc`s, half
of them shared by two (`graph`, `graph-million`): the same values for every codec. Each codec takes its
turn, round after round, so that what else the machine does meets all alike; a turn lasts {turn} ms at
least, after a run that is not timed. There are {processes} processes. Each begins by allocating and
freeing 30 MB, which settles glibc's allocator, and does not give memory back to the system between
runs:
`{name}={value}`.
`least` is the best turn of all, `median` the middle of the processes' medians. Ratios compare the
least times, within this run only. Before anything is timed, what each codec decodes is compared with
what it encoded.

- `serialize` goes into a reused buffer, `serialize-new` into a new vector, `deserialize` makes owned
  values and drops them, `borrow` leaves the text where it is.
- `pickle-rs` writes header and schema each time. \"no schema\" leaves the fingerprint only: by one
  `Pickler` over a vector.
- Everything is validated that a codec can validate: rkyv checks the archive before it is
  deserialized, and its use without checks is not measured. bitcode and wincode are given buffers
  that need not grow; wincode's limit on allocations is raised; fory does not allow for other versions
  of the types, and tracks references in the graphs alone.
- Not compared: what the formats say of themselves. savefile and pickle-rs carry a schema, JSON and
  MessagePack describe their values, the others' bytes mean nothing without the type.
- `limit` is what no codec can do without: copying the bytes of our pickle, and cloning and dropping
  the value. `owned` is pickle-rs with the nodes of the graph without their sharing, so that what
  sharing takes shows.
- `zstd` is at level {ZSTD}.
",
        turn = TURN.as_millis(),
        name = KEPT.0,
        value = KEPT.1,
    )
}

/// The version of a crate that was built.
fn version(name: &str) -> String {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap_or_default();
    let entry = format!("name = \"{name}\"\nversion = \"");
    let rest = lock.split(&entry).nth(1).unwrap_or_default();
    rest.split('"').next().unwrap_or_default().to_owned()
}
