//! Typed values through real Pythons and back: what Rust writes, Python compares with objects of its
//! own, and what Python writes then, Rust does. By every protocol that the Python has.
//!
//! Runs `python3`, and beside it every Python from 2.7 on that it finds.

#![allow(clippy::print_stdout)] // says what ran and what was skipped

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use pickle::python::Encoding;
use pickle::{
    Function, Global, Pickle, Protocol, UnpickleOwned, Unpickler, Value, dump_with, dumps_with,
    value,
};

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Order")]
struct Order {
    id: u32,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Item")]
struct Item {
    name: String,
    price: f64,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Point", python = "namedtuple")]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(python = "dict")]
struct Flags {
    x: u8,
    y: Vec<bool>,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(python = "tuple")]
struct Row {
    number: u8,
    name: String,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Pair")]
struct Pair(u8, String);

#[derive(Pickle, Debug, PartialEq)]
#[pickle(transparent)]
struct Wrapped(Vec<u8>);

/// Its class in Python pickles a list of what matters.
#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.A", getstate = Important::state, setstate = Important::from_state)]
struct Important {
    data: Vec<u16>,
    cache: String,
}

impl Important {
    fn state(&self) -> Vec<&[u16]> {
        vec![&self.data]
    }

    fn from_state(mut state: Vec<Vec<u16>>) -> Result<Self, String> {
        let data = state.pop().ok_or("a state of one item")?;
        Ok(Self { data, cache: "not pickled".into() })
    }
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop:Outer.Inner")]
struct Inner {
    x: u8,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Shape")]
enum Shape {
    Circle { r: f64 },
    Rect(f64, f64),
    Empty,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(python = "tagged")]
enum Tagged {
    Circle { r: f64 },
    Rect(f64, f64),
    Wide(u8),
    Empty,
}

#[derive(Pickle, Debug, PartialEq)]
enum Name {
    Red,
    Green,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Color", python = "enum", rename_all = "UPPERCASE")]
enum Color {
    Red = 1,
    Green = 2,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Perm")]
struct Perm(u8);

#[pickle::function(name = "shop.discount")]
fn discount(price: f64) -> f64 {
    price * 0.9
}

#[pickle::class]
trait Priced: Debug {}

#[pickle::class]
impl Priced for Item {}

#[pickle::class]
impl Priced for Pair {}

#[pickle::class(name = "shop.Cents")]
impl Priced for u8 {}

impl PartialEq for dyn Priced {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

type Saved = Box<dyn Fn(Protocol) -> Vec<u8>>;
type Loaded = Box<dyn Fn(&[u8], Encoding) -> Result<(), String>>;

/// A value that crosses over and comes back.
struct Case {
    name: &'static str,
    save: Saved,
    load: Loaded,
}

fn case<T>(name: &'static str, value: fn() -> T) -> Case
where
    T: Pickle + UnpickleOwned + PartialEq + Debug + 'static,
{
    let save = move |protocol| {
        let value = value();
        let bytes = dumps_with(&value, protocol).expect("it can be written");
        let mut file = Vec::new();
        dump_with(&value, &mut file, protocol).expect("it can be written");
        assert!(file == bytes, "{name}: dump and dumps differ");
        bytes
    };
    let load = move |bytes: &[u8], encoding| {
        let from_bytes = Unpickler::from_slice(bytes).encoding(encoding).load::<T>();
        let from_file = Unpickler::new(bytes).encoding(encoding).load::<T>();
        for found in [from_bytes, from_file] {
            let found = found.map_err(|error| error.to_string())?;
            if found != value() {
                return Err(format!("is {found:?}"));
            }
        }
        Ok(())
    };
    Case { name, save: Box::new(save), load: Box::new(load) }
}

fn cases() -> Vec<Case> {
    let mut cases = derived();
    cases.extend(of_std());
    cases.extend([
        case("function", || Value::global("shop", "discount")),
        case("callable", Function::of::<discount>),
        case("names_of", || vec![Global::new("shop", "Order"), Global::new("shop", "discount")]),
        case("objects", || {
            let tea: Rc<dyn Priced> = Rc::new(Item { name: "tea".into(), price: 2.5 });
            vec![tea.clone(), Rc::new(Pair(1, "b".into())), Rc::new(7_u8), tea]
        }),
        case("class", || Value::global("shop", "Order")),
        Case { load: Box::new(load_seed), ..case("seed", seed) },
    ]);
    cases
}

/// Old protocols write a set and bytes as calls of their classes.
fn load_seed(bytes: &[u8], encoding: Encoding) -> Result<(), String> {
    let found = Unpickler::from_slice(bytes).encoding(encoding).load::<Value>();
    match found.and_then(|found| found.plain()) {
        Ok(found) if found == seed() => Ok(()),
        found => Err(format!("{found:?}")),
    }
}

/// The dict by which Python's documentation shows what `pickle` is.
fn seed() -> Value {
    let complex = Value::complex(4.0, 6.0);
    Value::dict([
        (value!("a"), value!([1, 2.0, 3, complex])),
        (value!("b"), value!(("character string", b"byte string"))),
        (value!("c"), Value::set([value!(null), value!(true), value!(false)])),
    ])
}

fn derived() -> Vec<Case> {
    vec![
        case("order", || {
            let item = |name: &str, price| Item { name: name.into(), price };
            Order { id: 7, items: vec![item("tea", 2.5), item("cup", 4.0)], note: None }
        }),
        case("point", || Point { x: 1, y: 2 }),
        case("dict", || Flags { x: 1, y: vec![true, false] }),
        case("tuple", || Row { number: 1, name: "b".into() }),
        case("pair", || Pair(1, "b".into())),
        case("important", || Important { data: vec![1, 2], cache: "not pickled".into() }),
        case("nested", || Inner { x: 1 }),
        case("shapes", || vec![Shape::Circle { r: 1.5 }, Shape::Rect(1.0, 2.0), Shape::Empty]),
        case("tagged", || {
            use Tagged::{Circle, Empty, Rect, Wide};
            vec![Circle { r: 1.5 }, Rect(1.0, 2.0), Wide(7), Empty]
        }),
        case("names", || vec![Name::Red, Name::Green]),
        case("colors", || vec![Color::Red, Color::Green]),
        case("perm", || Perm(6)),
    ]
}

fn of_std() -> Vec<Case> {
    vec![
        case("results", || vec![Ok(1_u8), Err("no".to_owned())]),
        case("ints", || {
            let (least, most) = (-(1_i128 << 31), 1_i128 << 31);
            vec![0, -1, 255, 256, 65535, 65536, least, most, i64::MAX.into(), i128::MIN]
        }),
        case("big", || u128::MAX),
        case("floats", || vec![0.0, -0.0, 1.5, 1e300, f64::INFINITY, 1e-5]),
        case("text", || {
            let all = ["", "na\u{ef}ve \u{20ac} \u{1f600}", "line\nbreak\\u0041\0"];
            all.map(str::to_owned).into_iter().chain(["x".repeat(70_000)]).collect::<Vec<_>>()
        }),
        case("bytes", || vec![vec![], vec![0, 255_u8], vec![7; 70_000]]),
        case("lists", || vec![(0..2500).collect::<Vec<i64>>(), vec![1], vec![]]),
        case("tuples", || ((1,), (1, 2), (1, 2, 3), (1, 2, 3, 4))),
        case("maps", || {
            let map = |range: std::ops::Range<u32>| range.map(|n| (n, n.to_string())).collect();
            vec![map(0..1001), map(1..2), BTreeMap::new()]
        }),
        case("keys", || {
            let set = |range: std::ops::Range<u8>| range.collect::<BTreeSet<u8>>();
            let key = |number: u8, text: &str| (number, text.to_owned());
            BTreeMap::from([(key(1, "k"), set(1..2)), (key(2, "l"), set(2..4))])
        }),
        case("sets", || {
            vec![(0..1001).collect::<HashSet<u32>>(), HashSet::from([1]), HashSet::new()]
        }),
        case("options", || vec![None, Some(None), Some(Some(7_u8))]),
        case("unit", || vec![(), ()]),
        case("char", || '\u{20ac}'),
        case("wrapped", || Wrapped(vec![1, 2])),
    ]
}

/// A `python3`, and beside it all that are found, each once.
fn pythons() -> Vec<PathBuf> {
    let mut found = vec![PathBuf::from("python3")];
    let names = ["python2.7".to_owned()].into_iter().chain((6..20).map(|n| format!("python3.{n}")));
    let names: Vec<String> = names.collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    for folder in std::env::split_paths(&path) {
        found.extend(names.iter().map(|name| folder.join(name)).filter(|path| path.exists()));
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    if let Ok(versions) = fs::read_dir(home.join(".pyenv/versions")) {
        found.extend(versions.flatten().map(|version| version.path().join("bin/python")));
    }
    let mut versions = HashSet::new();
    found.retain(|python| version(python).is_some_and(|version| versions.insert(version)));
    found
}

fn version(python: &Path) -> Option<String> {
    let script = "import sys; print('%d.%d.%d' % sys.version_info[:3])";
    let output = Command::new(python).args(["-c", script]).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    output.status.success().then_some(version)
}

#[test]
fn typed_values_cross_to_python_and_come_back() {
    let pythons = pythons();
    if pythons.is_empty() {
        println!("SKIPPED: there is no python3");
    }
    for python in pythons {
        let version = version(&python).expect("it ran before");
        let folder = tempfile::tempdir().expect("a folder");
        let cases = cases();
        for case in &cases {
            for protocol in 0..=5 {
                let bytes = (case.save)(Protocol::try_from(protocol).expect("one of Python's"));
                let path = folder.path().join(format!("{}.{protocol}.rust", case.name));
                fs::write(path, bytes).expect("a file");
            }
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/exchange.py");
        let output = Command::new(&python).arg(script).arg(folder.path()).output();
        let output = output.expect("it ran before");
        let [printed, errors] = [output.stdout, output.stderr]
            .map(|out| String::from_utf8_lossy(&out).trim().to_owned());
        assert!(output.status.success(), "Python {version}: {errors}");
        println!("Python {version} read {printed} pickles and wrote them back");
        check_back(&version, folder.path(), &cases);
    }
}

/// All that Python can have written back is there, and equals what went out.
fn check_back(version: &str, folder: &Path, cases: &[Case]) {
    let is_2 = version.starts_with("2.");
    let highest = match version {
        _ if is_2 => 2,
        _ if version.starts_with("3.6.") || version.starts_with("3.7.") => 4,
        _ => 5,
    };
    // What is text in Python 2's pickles and what is bytes, nobody knows but the types.
    let encoding = if is_2 { Encoding::Bytes } else { Encoding::Ascii };
    let mut failures = Vec::new();
    // Python 2 has no enums, and reads nested classes but does not pickle them. The first releases of 3.11 pickle flags as `or_(Perm.R, Perm.W)`.
    let by_name = ["3.11.0", "3.11.1", "3.11.2", "3.11.3"].contains(&version);
    let is_there = |case: &&Case| match case.name {
        "colors" | "nested" | "shapes" => !is_2,
        "perm" => !is_2 && !by_name,
        _ => true,
    };
    for case in cases.iter().filter(is_there) {
        for protocol in 0..=highest {
            let name = format!("{}.{protocol}.python", case.name);
            let bytes = fs::read(folder.join(&name)).expect("Python wrote it back");
            if let Err(error) = (case.load)(&bytes, encoding) {
                failures.push(format!("{name}: {error}"));
            }
        }
    }
    assert!(failures.is_empty(), "from Python {version}:\n{}", failures.join("\n"));
}
