//! Each data set against each operation: what is raced, and that every codec gets it right.

use std::fmt::Debug;

use fory::Fory;

use crate::data::graph::{self, Graph, Node, Owned};
use crate::data::log::BorrowedLogs;
use crate::data::minecraft_borrowed::BorrowedPlayers;
use crate::data::{log, mesh, minecraft, mk48, small};
use crate::peers::{self, Codec};
use crate::race::Race;

/// The names of the data sets.
pub const DATA_SETS: [&str; 7] =
    ["log", "mesh", "minecraft", "mk48", "small", "graph", "graph-million"];

/// The names of runners that are no codecs: `limit` does what no codec can do without, it copies the
/// bytes or clones the value; `owned` is our codec with the nodes of a graph without their sharing.
pub const LIMITS: [&str; 2] = ["limit", "owned"];

/// Codec and what it wrote.
pub type Encoded = Vec<(&'static str, Vec<u8>)>;

/// Decoding that leaves the text where it is.
macro_rules! borrowed {
    ($type:ident, $value:expr, $hold:expr) => {{
        let value: &$type<'_> = $value;
        let pickle = pickle::dumps(value).unwrap();
        let wincode = wincode::serialize(value).unwrap();
        let bitcode = bitcode::encode(value);
        let mut buffer = bitcode::Buffer::new();
        assert!(pickle::loads::<$type<'_>>(&pickle).unwrap() == *value);
        assert!(wincode::deserialize::<$type<'_>>(&wincode).unwrap() == *value);
        assert!(buffer.decode::<$type<'_>>(&bitcode).unwrap() == *value);
        let mut race = Race::default();
        race.add("pickle-rs", || pickle::loads::<$type<'_>>(&pickle).unwrap());
        race.add("wincode", || wincode::deserialize::<$type<'_>>(&wincode).unwrap());
        race.add("bitcode", || buffer.decode::<$type<'_>>(&bitcode).unwrap());
        $hold("borrow", race);
    }};
}

/// Hands each race over a data set to `hold`, with the name of its operation.
///
/// Those called as in [`LIMITS`] are no codecs.
///
/// # Panics
/// When there is no such data set, or a codec loses something.
pub fn races(data_set: &str, hold: &mut dyn FnMut(&'static str, Race<'_>)) -> Encoded {
    match data_set {
        "log" => {
            let value = log::logs();
            let encoded = of(&value, peers::all(), hold);
            borrowed!(BorrowedLogs, &value.borrowed(), hold);
            encoded
        }
        "mesh" => of(&mesh::mesh(), peers::all(), hold),
        "minecraft" => {
            let value = minecraft::players();
            let encoded = of(&value, peers::all(), hold);
            // The same bytes, whoever owns the text.
            let bytes = wincode::serialize(&value).unwrap();
            borrowed!(BorrowedPlayers, &wincode::deserialize(&bytes).unwrap(), hold);
            encoded
        }
        "mk48" => of(&mk48::updates(), peers::all(), hold),
        "small" => of(&small::small(), peers::all(), hold),
        "graph" => graphs(10_000, hold),
        "graph-million" => graphs(1_000_000, hold),
        _ => panic!("no data set {data_set}, there are {DATA_SETS:?}"),
    }
}

/// So many nodes, half of them shared: by us, by Apache Fory, which tracks references too, and the
/// same nodes without sharing.
fn graphs(nodes: usize, hold: &mut dyn FnMut(&'static str, Race<'_>)) -> Encoded {
    let shared = graph::make(nodes);
    let owned = graph::owned(&shared);
    let mut fory = Fory::builder().xlang(false).compatible(false).track_ref(true).build();
    fory.register::<Graph>(1).unwrap();
    fory.register::<Node>(2).unwrap();
    let encoded = vec![
        ("pickle-rs", pickle::dumps(&shared).unwrap()),
        ("owned", pickle::dumps(&owned).unwrap()),
        ("fory", fory.serialize(&shared).unwrap()),
    ];
    let [(_, bytes), (_, owned_bytes), (_, fory_bytes)] = encoded.as_slice() else {
        unreachable!()
    };
    assert!(graph::is_same(&shared, &pickle::loads(bytes).unwrap()));
    assert!(owned == pickle::loads(owned_bytes).unwrap());
    assert!(graph::is_same(&shared, &fory.deserialize(fory_bytes).unwrap()));
    let (mut out, mut owned_out, mut fory_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut race = Race::default();
    race.add("pickle-rs", || {
        out.clear();
        pickle::dumps_into(&shared, &mut out).unwrap();
    });
    race.add("owned", || {
        owned_out.clear();
        pickle::dumps_into(&owned, &mut owned_out).unwrap();
    });
    race.add("fory", || {
        fory_out.clear();
        fory.serialize_to(&mut fory_out, &shared).unwrap()
    });
    hold("serialize", race);
    let mut race = Race::default();
    race.add("pickle-rs", || pickle::loads::<Graph>(bytes).unwrap());
    race.add("owned", || pickle::loads::<Owned>(owned_bytes).unwrap());
    race.add("fory", || fory.deserialize::<Graph>(fory_bytes).unwrap());
    hold("deserialize", race);
    encoded
}

fn of<T: Clone + PartialEq + Debug>(
    value: &T,
    codecs: Vec<Box<dyn Codec<T>>>,
    hold: &mut dyn FnMut(&'static str, Race<'_>),
) -> Encoded {
    let encoded: Encoded = codecs
        .iter()
        .map(|codec| {
            let mut out = Vec::new();
            let size = codec.encode(value, &mut out);
            out.truncate(size);
            assert!(codec.decode(&out) == *value, "{} loses something", codec.name());
            assert!(codec.decode(&codec.to_vec(value)) == *value, "{}", codec.name());
            (codec.name(), out)
        })
        .collect();
    let bytes = &encoded[0].1;
    let mut race = Race::default();
    for codec in &codecs {
        let mut out = Vec::new();
        race.add(codec.name(), move || codec.encode(value, &mut out));
    }
    let mut copy = bytes.clone();
    race.add("limit", move || copy.copy_from_slice(bytes));
    hold("serialize", race);
    let mut race = Race::default();
    for codec in &codecs {
        race.add(codec.name(), move || codec.to_vec(value));
    }
    race.add("limit", || bytes.clone());
    hold("serialize-new", race);
    let mut race = Race::default();
    for (codec, (name, bytes)) in codecs.iter().zip(&encoded) {
        race.add(name, move || codec.decode(bytes));
    }
    race.add("limit", || value.clone());
    hold("deserialize", race);
    encoded
}
