//! One value for each rule of `docs/native-format.md`. The golden files are these, pickled.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::{Bound, Range};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pickle::{Error, Global, PersistentId, Pickle, Pickler, SchemaMode, loads};

use super::network::{Ring, Root, network, ring};
use super::objects::{Figure, Figures, figures, shared_figures};
use super::wide::Wide;

/// Leads back to itself without a name.
#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(transparent)]
struct Nest(Vec<Chain>);

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(transparent)]
struct Chain(Option<Box<(u8, Nest)>>);

fn nest(size: u8) -> Chain {
    Chain(Some(Box::new((size, Nest((0..size).map(nest).chain([Chain(None)]).collect())))))
}

/// A value of a golden file.
pub struct Sample {
    /// The golden file's name.
    pub name: &'static str,
    /// Pickles the value.
    pub dump: fn() -> Vec<u8>,
    /// Loads bytes as the value's type; tells whether they give the value.
    pub load: fn(&[u8]) -> Result<bool, Error>,
}

macro_rules! samples {
    ($($name:ident: $type:ty = $value:expr, $dump:expr;)*) => {
        /// All samples.
        pub const SAMPLES: &[Sample] = &[$(Sample {
            name: stringify!($name),
            dump: || $dump(&{ let value: $type = $value; value }),
            load: |bytes| {
                let value: $type = $value;
                Ok(loads::<$type>(bytes)? == value)
            },
        },)*];
    };
}

fn plain<T: Pickle>(value: &T) -> Vec<u8> {
    pickle::dumps(value).unwrap()
}

fn without_schema<T: Pickle>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    Pickler::new(&mut out).schema(SchemaMode::Omit).dump(value).unwrap();
    out
}

fn with_checksum<T: Pickle>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    Pickler::new(&mut out).checksum(true).dump(value).unwrap();
    out
}

type Scalars =
    ((bool, char, f32, f64, usize, ()), (u8, u16, u32, u64, u128), (i8, i16, i32, i64, i128));

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Point")]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Shape")]
pub enum Shape {
    Empty,
    Circle { centre: Point, radius: f32 },
    Segment(Point, Point, u64),
    Polygon(Vec<Point>),
    Named(Box<Shape>, String),
}

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Tree")]
pub struct Tree {
    pub name: String,
    pub weight: Option<u16>,
    pub children: Vec<Tree>,
    pub next: Option<Box<Tree>>,
}

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Account", getstate = Account::state, setstate = Account::from_state)]
pub struct Account {
    pub owner: String,
    pub cents: u64,
}

impl Account {
    fn state(&self) -> (&str, u64) {
        (&self.owner, self.cents)
    }

    fn from_state((owner, cents): (String, u64)) -> Self {
        Self { owner, cents }
    }
}

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Lender", getstate = Lender::state, setstate = Lender::from_state)]
pub struct Lender(Rc<str>);

impl Lender {
    fn state(&self) -> (&Rc<str>, u8) {
        (&self.0, 1)
    }

    fn from_state((text, _): (Rc<str>, u8)) -> Self {
        Self(text)
    }
}

/// Milliseconds in memory, text in pickles.
#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Lap")]
pub struct Lap {
    pub runner: String,
    #[pickle(with = milliseconds)]
    pub time: u64,
    #[pickle(skip, default = 7)]
    pub place: u8,
}

mod milliseconds {
    pub(super) fn getstate(time: &u64) -> String {
        format!("{time} ms")
    }

    pub(super) fn setstate(text: String) -> Result<u64, std::num::ParseIntError> {
        text.trim_end_matches(" ms").parse()
    }
}

type Times = (Duration, SystemTime, SystemTime);

type Std = (Range<u8>, Bound<String>, Result<u8, String>, IpAddr, SocketAddr, PathBuf);

fn tree(depth: u16) -> Tree {
    let children = (0..depth.min(2)).map(|_| tree(depth - 1)).collect();
    let next = depth.checked_sub(2).map(|depth| Box::new(tree(depth)));
    Tree {
        name: format!("Baum {depth} – ✓"), weight: (depth > 1).then_some(depth), children, next
    }
}

fn shapes(count: usize) -> Vec<Shape> {
    let point = |n: usize| Point { x: n as f32, y: -0.5 * n as f32 };
    let shape = |n: usize| match n % 5 {
        0 => Shape::Empty,
        1 => Shape::Circle { centre: point(n), radius: 0.25 },
        2 => Shape::Segment(point(n), point(n + 1), n as u64),
        3 => Shape::Polygon((0..n % 7).map(point).collect()),
        _ => Shape::Named(Box::new(Shape::Empty), format!("shape {n}")),
    };
    (0..count).map(shape).collect()
}

samples! {
    unit: () = (), plain;
    scalars: Scalars = ((true, 'é', 0.5, -0.25, 6, ()), (1, 2, 3, 4, 5), (-1, -2, -3, -4, -5)), plain;
    text: (String, String, String) = ("".into(), "ascii".into(), "Zoë 日本 🦀".into()), plain;
    bytes: (Vec<u8>, [u8; 3]) = (vec![0, 255, 7], [1, 2, 3]), plain;
    options: (Option<u8>, Option<u8>, Option<Option<()>>) = (None, Some(9), Some(None)), plain;
    large_options: (Option<[u64; 3]>, Option<[u64; 3]>) = (None, Some([1, 2, 3])), plain;
    boxed: (Box<u16>, Box<Box<String>>) = (Box::new(7), Box::new(Box::new("in".into()))), plain;
    sequences: (Vec<u32>, Vec<String>, Vec<Vec<i8>>) =
        (vec![1, 2], vec!["a".into(), "".into()], vec![vec![-1], vec![]]), plain;
    set: BTreeSet<u16> = BTreeSet::from([5, 1, 3]), plain;
    map: BTreeMap<String, Vec<u8>> =
        BTreeMap::from([("one".into(), vec![1]), ("none".into(), vec![])]), plain;
    array: [[Option<bool>; 2]; 2] = [[None, Some(true)], [Some(false), None]], plain;
    structure: Point = Point { x: 1.5, y: -2.0 }, plain;
    variants: Vec<Shape> = shapes(10), plain;
    recursive: Tree = tree(4), plain;
    nameless: (Nest, Chain) = (Nest(vec![nest(0), nest(3)]), nest(1)), plain;
    state: (Account, u8) = (Account { owner: "Ada".into(), cents: 1_234 }, 1), plain;
    with_module: Vec<Lap> =
        (0..3).map(|n| Lap { runner: format!("runner {n}"), time: 61_000 + n, place: 7 }).collect(),
        plain;
    wide_tags: Vec<Wide> = vec![Wide::V0, Wide::V255, Wide::V256(9), Wide::V0], plain;
    std_times: Times = (
        Duration::new(3, 999_999_999),
        SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 5),
        SystemTime::UNIX_EPOCH - Duration::new(2, 250_000_000),
    ), plain;
    std_types: Std = (
        3..9,
        Bound::Excluded("end".into()),
        Err("reason".into()),
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        "[2001:db8::1]:8080".parse().unwrap(),
        PathBuf::from("folder/file"),
    ), plain;
    long_text: (String, u8) = ("wide ✓ ".repeat(2000), 1), plain;
    long_bytes: (Vec<u8>, String) = (vec![0xA5; 20_000], "after".into()), plain;
    long_fixed: Vec<(u32, bool)> = (0..4000).map(|n| (n, n % 3 == 0)).collect(), plain;
    blocks_of_64: Vec<String> = (0..64).map(|n| n.to_string()).collect(), plain;
    blocks_of_65: Vec<String> = (0..65).map(|n| n.to_string()).collect(), plain;
    blocks_nested: Vec<Vec<String>> =
        (0..70).map(|n| (0..n).map(|m| m.to_string()).collect()).collect(), plain;
    blocks_of_shapes: (Vec<Shape>, String) = (shapes(200), "end".into()), plain;
    blocks_of_states: Vec<Account> =
        (0..100).map(|cents| Account { owner: format!("owner {cents}"), cents }).collect(), plain;
    map_in_blocks: BTreeMap<u32, String> = (0..130).map(|n| (n, format!("<{n}>"))).collect(), plain;
    shared: (Rc<u8>, Vec<Arc<String>>, Rc<[u16]>) = {
        let text = Arc::new(String::from("shared"));
        (Rc::new(7), vec![text.clone(), text], Rc::new([1, 2, 3]))
    }, plain;
    shared_without_stream: Vec<Rc<String>> = {
        let text = Rc::new(String::from("one of seventy"));
        vec![text; 70]
    }, plain;
    shared_in_states: (Lender, Rc<str>, Lender) = {
        let text: Rc<str> = "lent".into();
        (Lender(text.clone()), text.clone(), Lender(text))
    }, plain;
    network: Root = network(), plain;
    ring: Ring = ring(5), plain;
    objects: (Figures, Option<Box<dyn Figure>>, u8) = (figures(), None, 1), plain;
    objects_without_stream: Figures =
        (0..70_u32).map(|n| Box::new(n) as Box<dyn Figure>).collect(), plain;
    objects_by_fingerprint: Figures = figures(), without_schema;
    shared_objects: Vec<Rc<dyn Figure>> = shared_figures(), plain;
    no_objects: Figures = vec![], plain;
    globals: (Global, Vec<Global>) = (
        Global::new("math", "sqrt"),
        vec![Global::new("shapes", "Shape.Circle"), Global::new("", "")],
    ), plain;
    persistent: (PersistentId, Vec<PersistentId<(u32, bool)>>) = (
        PersistentId("table/visits".into()),
        vec![PersistentId((7, true)), PersistentId((8, false))],
    ), plain;
    schema_omitted: Tree = tree(2), without_schema;
    checksum: Tree = tree(2), with_checksum;
}
