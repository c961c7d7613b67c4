//! Writes seeds for each target into `corpus/`: pickles of CPython's and damaged ones from the sample
//! of the corpus, the golden files, and values of the targets' own types. They are named by what is in
//! them, so that writing them again changes nothing.

#[allow(dead_code)]
#[path = "../fuzz_targets/types.rs"]
mod types;

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use pickle::{Pickle, Pickler, Protocol, SchemaMode, dumps, dumps_with};
use types::{Item, Order, Shape};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A longer one slows every run down, and has nothing that a shorter one has not.
const LONGEST: usize = 4096;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = [corpus(root)?, golden(root, |name| name.contains("protocol"))?].concat();
    let native = golden(root, |name| !name.contains("protocol"))?;
    for target in ["machine", "typed", "verdicts"] {
        let own = typed()?;
        put(root, target, python.iter().chain(&own))?;
    }
    put(root, "transcode", native.iter().chain(&[dumps(&items(3))?, dumps(&items(70))?]))?;
    put(root, "native", &payloads()?)
}

/// All pickles in the sample of the corpus.
fn corpus(root: &Path) -> Result<Vec<Vec<u8>>> {
    let mut pickles = Vec::new();
    for file in files(&root.join("../pickle-core/tests/corpus-sample"))? {
        for line in fs::read_to_string(file)?.lines() {
            let row: serde_json::Value = serde_json::from_str(line)?;
            // The largest are described instead.
            if let Some(text) = row["b64"].as_str() {
                pickles.push(BASE64_STANDARD.decode(text)?);
            }
        }
    }
    Ok(pickles)
}

/// The golden files whose names are wanted.
fn golden(root: &Path, wanted: fn(&str) -> bool) -> Result<Vec<Vec<u8>>> {
    let mut pickles = Vec::new();
    for folder in files(&root.join("../tests/golden"))? {
        for file in files(&folder)? {
            if wanted(&file.file_name().unwrap_or_default().to_string_lossy()) {
                pickles.push(fs::read(file)?);
            }
        }
    }
    Ok(pickles)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// Values of the targets' types by each of Python's protocols.
fn typed() -> Result<Vec<Vec<u8>>> {
    let mut pickles = Vec::new();
    for number in 0..=5 {
        let protocol = Protocol::try_from(number)?;
        pickles.push(dumps_with(&order(1), protocol)?);
        pickles.push(dumps_with(&items(3), protocol)?);
        pickles.push(dumps_with(&shapes(4), protocol)?);
    }
    Ok(pickles)
}

/// What the target `native` takes: which type it is, and the payload of a pickle of that; whole
/// pickles last.
fn payloads() -> Result<Vec<Vec<u8>>> {
    let tuples = |count: u8| -> Vec<_> {
        (0..count).map(|n| (n, format!("t{n}"), (n % 3 > 0).then_some(u64::from(n)))).collect()
    };
    let chars = |count: u8| vec![(b'a'..b'a' + count % 26).map(char::from).collect(); count.into()];
    let mut seeds = Vec::new();
    for count in [0, 1, 3, 70] {
        seeds.push(payload(0, &items(count))?);
        seeds.push(payload(1, &shapes(count))?);
        seeds.push(payload(2, &tuples(count))?);
        seeds.push(payload::<Vec<Vec<char>>>(3, &chars(count))?);
        seeds.push(payload(4, &(0..count.min(3)).map(order).collect::<Vec<_>>())?);
        seeds.push([vec![5], dumps(&items(count))?].concat());
    }
    Ok(seeds)
}

fn payload<T: Pickle>(choice: u8, value: &T) -> Result<Vec<u8>> {
    let mut pickle = Vec::new();
    Pickler::new(&mut pickle).schema(SchemaMode::Omit).dump(value)?;
    // Magic, version, flags; a length; the fingerprint.
    let length = pickle[3..].iter().position(|byte| *byte < 0x80).ok_or("a length ends")?;
    Ok([&[choice], &pickle[3 + length + 1 + 8..]].concat())
}

fn order(id: u8) -> Order {
    Order {
        id: id.into(),
        text: "tea, Käse, 茶".into(),
        items: items(2),
        shapes: shapes(3),
        extra: (id > 0).then(|| Box::new(order(id - 1))),
        map: BTreeMap::from([((id, "key".into()), BTreeSet::from([-1, 0, i128::MAX]))]),
        bytes: vec![0, 255, id],
    }
}

fn items(count: u8) -> Vec<Item> {
    let item = |n: u8| Item {
        name: format!("item {n}"),
        price: n.into(),
        flags: [n.is_multiple_of(2), true],
    };
    (0..count).map(item).collect()
}

fn shapes(count: u8) -> Vec<Shape> {
    let shape = |n: u8| match n % 3 {
        0 => Shape::Circle { r: 0.5 },
        1 => Shape::Rect(1.0, n.into()),
        _ => Shape::Empty,
    };
    (0..count).map(shape).collect()
}

fn put<'s>(root: &Path, target: &str, seeds: impl IntoIterator<Item = &'s Vec<u8>>) -> Result<()> {
    let folder = root.join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    let mut count = 0;
    for seed in seeds.into_iter().filter(|seed| seed.len() <= LONGEST) {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        fs::write(folder.join(format!("seed-{:016x}", hasher.finish())), seed)?;
        count += 1;
    }
    println!("{count} seeds for {target}");
    Ok(())
}
