//! Python's own types into those of std.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use pickle::python::Encoding;
use pickle::{Buffer, Protocol, Unpickler, Value, dumps_with, from_value, loads, to_value, value};

use crate::golden::{assert_loads, pickles, refused};

#[test]
fn dicts_of_every_kind_are_maps() {
    let map = |pairs: &[(&str, i64)]| -> BTreeMap<String, i64> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect()
    };
    assert_loads("odict", &map(&[("b", 1), ("a", 2)]));
    assert_loads("counter", &map(&[("a", 2), ("b", 1)]));
    assert_loads("defaultdict", &HashMap::from([("a".to_owned(), vec![1_u8])]));
}

#[test]
fn sets_deques_and_lists() {
    assert_loads("set", &HashSet::from([1]));
    assert_loads("frozenset", &BTreeSet::from([1]));
    assert_loads("deque", &VecDeque::from([1, 2, 3]));
    assert_loads("deque", &vec![1, 2, 3]);
}

#[test]
fn integers_are_checked_for_range() {
    let (last, first) = (i128::MIN, -(1_i128 << 31));
    let all =
        vec![0, -1, 255, 256, 65535, 65536, first, 1 << 31, i64::MAX.into(), u64::MAX.into(), last];
    assert_loads::<Vec<i128>>("ints", &all);
    assert_eq!(refused::<Vec<u8>>("ints"), "-1 is out of range for u8 (0 to 255) at [1] (byte 16)");
    assert_eq!(
        refused::<Vec<i64>>("ints"),
        "18446744073709551615 is out of range for i64 (-9223372036854775808 to \
         9223372036854775807) at [9] (byte 56)"
    );
    assert_eq!(
        loads::<u64>(b"K\x01\x85.").unwrap_err().to_string(),
        "expected int, found tuple of 1 (byte 2)"
    );
    assert_eq!(loads::<i8>(b"\x88.").unwrap_err().to_string(), "expected int, found bool (byte 0)");
}

#[test]
fn floats_take_integers_where_exact() {
    assert_eq!(loads::<f64>(b"K\x03.").unwrap(), 3.0);
    assert_eq!(
        loads::<f64>(b"\x8a\x08\x01\0\0\0\0\0\0\x7f.").unwrap_err().to_string(),
        "9151314442816847873 is out of range for float, which does not hold it exactly (byte 0)"
    );
}

#[test]
fn bytes_in_every_form() {
    assert_loads("bytes", &b"\x00\xff".to_vec());
    assert_loads("bytearray", &b"\x00\xff".to_vec());
    assert_loads("bytes", &[0_u8, 255]);
}

#[test]
fn text_of_every_protocol() {
    assert_loads("text", &"na\u{ef}ve \u{20ac} \u{1f600}".to_owned());
    assert_eq!(loads::<char>(b"\x8c\x03\xe2\x82\xac.").unwrap(), '\u{20ac}');
}

#[test]
fn lone_surrogates_are_no_string() {
    let error = loads::<String>(b"V\\ud800\n.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "text is not valid UTF-8 (byte 0)\nhint: the text holds lone surrogates, which \
         `pickle::Value` keeps and `String` cannot"
    );
}

#[test]
fn strings_of_python_2_have_an_encoding() {
    for (writer, pickle) in pickles("py2_str") {
        let load = |encoding| Unpickler::from_slice(&pickle).encoding(encoding).load::<String>();
        assert_eq!(load(Encoding::Utf8).unwrap(), "caf\u{e9}", "{writer}");
        assert_eq!(load(Encoding::Latin1).unwrap(), "caf\u{c3}\u{a9}", "{writer}");
        assert!(load(Encoding::Ascii).is_err(), "{writer}");
        let bytes = Unpickler::from_slice(&pickle).encoding(Encoding::Bytes).load::<Vec<u8>>();
        assert_eq!(bytes.unwrap(), b"caf\xc3\xa9", "{writer}");
    }
}

#[test]
fn buffers_lie_in_the_pickle_or_beside_it() {
    assert_loads("buffers", &vec![b"abc".to_vec()]);
    // pickle.dumps(pickle.PickleBuffer(b"abc"), 5, buffer_callback=...)
    let pickle = b"\x80\x05\x97\x98.";
    let outside = b"abc".to_vec();
    let mut unpickler = Unpickler::from_slice(pickle).buffers([outside.as_slice()]);
    let loaded: &[u8] = unpickler.load().unwrap();
    assert_eq!((loaded, loaded.as_ptr()), (&b"abc"[..], outside.as_ptr()));
    let mut unpickler = Unpickler::from_slice(pickle).buffers([outside.as_slice()]);
    assert_eq!(*unpickler.load::<Buffer<'_>>().unwrap(), *b"abc");
}

#[test]
fn extension_codes_are_names_from_a_table() {
    // copyreg.add_extension("shop", "Slots", 1)
    let pickle = b"\x80\x02\x82\x01)\x81N}(U\x01xK\x01U\x01yK\x02u\x86b.";
    let mut unpickler = Unpickler::from_slice(pickle).extension(1, "shop", "Slots");
    #[derive(pickle::Pickle, Debug, PartialEq)]
    #[pickle(class = "shop.Slots")]
    struct Slots {
        x: u8,
        y: u8,
    }
    assert_eq!(unpickler.load::<Slots>().unwrap(), Slots { x: 1, y: 2 });
    let error = loads::<Slots>(pickle).unwrap_err();
    assert_eq!(error.to_string(), "corrupt pickle: no name is known for extension code 1 (byte 2)");
}

#[test]
fn persistent_ids_stay_names() {
    let value = Value::loads(b"\x80\x02K\x07Q.").unwrap();
    assert_eq!(value.as_persistent_id(), Some(value!(7)));
    let error = loads::<u8>(b"\x80\x02K\x07Q.").unwrap_err();
    assert_eq!(error.to_string(), "expected int, found a persistent id (byte 4)");
}

#[test]
fn keys_are_what_python_can_hash() {
    let map = BTreeMap::from([(BTreeSet::from([vec![1_u16]]), 1_u8)]);
    for protocol in Protocol::V0 as u8..=5 {
        let pickle = dumps_with(&map, Protocol::try_from(protocol).unwrap()).unwrap();
        assert_eq!(loads::<BTreeMap<BTreeSet<Vec<u16>>, u8>>(&pickle).unwrap(), map);
    }
    assert_eq!(to_value(&map).unwrap().to_string(), "{frozenset({(1,)}): 1}");
    let dict_as_key = BTreeMap::from([(BTreeMap::from([(1_u8, 2_u8)]), 1_u8)]);
    let error = dumps_with(&dict_as_key, Protocol::V4).unwrap_err();
    assert_eq!(
        error.to_string(),
        "what can be changed, as a dict can, cannot be a key in Python at [0]"
    );
}

#[test]
fn a_nested_option_is_a_tuple_of_one() {
    for option in [None, Some(None), Some(Some(7_u8))] {
        let value = to_value(&option).unwrap();
        assert_eq!(from_value::<Option<Option<u8>>>(&value).unwrap(), option);
    }
    assert_eq!(to_value(&Some(None::<u8>)).unwrap(), value!((null,)));
    assert_eq!(to_value(&Some(Some(7))).unwrap(), value!((7,)));
}

#[test]
fn equal_keys_are_one() {
    // {1: "a", True: "b", 1.0: "c"} as a pickle may write it: Python has {1: "c"}.
    let pickle = b"}(K\x01X\x01\0\0\0a\x88X\x01\0\0\0bG?\xf0\0\0\0\0\0\0X\x01\0\0\0cu.";
    assert_eq!(Value::loads(pickle).unwrap(), value!({1: "c"}));
    let twice = b"}(K\x01X\x01\0\0\0aK\x01X\x01\0\0\0bu.";
    assert_eq!(loads::<BTreeMap<u8, String>>(twice).unwrap(), BTreeMap::from([(1, "b".into())]));
}

/// A dict of a hundred integers to themselves, and of one more entry.
fn hundred_and(entry: &[u8]) -> Vec<u8> {
    let entries: Vec<u8> = (0..100).flat_map(|int| [b'K', int, b'K', int]).collect();
    [b"}(", &*entries, entry, b"u."].concat()
}

#[test]
fn equal_keys_among_many_are_one() {
    let pickle = hundred_and(b"K\x05K\xff");
    let mut expected: HashMap<u8, u8> = (0..100).map(|int| (int, int)).collect();
    expected.insert(5, 255);
    assert_eq!(loads::<HashMap<u8, u8>>(&pickle).unwrap(), expected);
    assert_eq!(Value::loads(&pickle).unwrap(), to_value(&expected).unwrap());
}

#[test]
fn an_error_among_many_entries_says_which() {
    let error = loads::<HashMap<u8, u8>>(&hundred_and(b"K\x64M\0\x01")).unwrap_err();
    assert_eq!(error.path(), "[100]");
}
