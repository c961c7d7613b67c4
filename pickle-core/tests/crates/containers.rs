//! `bytes`, `indexmap` and `smallvec`.

use super::assert_like;

#[test]
fn bytes_are_bytes() {
    assert_like(&bytes::Bytes::from_static(b"\x00\xff"), &vec![0_u8, 255]);
    assert_like(&bytes::BytesMut::from(&b"\x00\xff"[..]), &vec![0_u8, 255]);
}

#[test]
fn small_vectors_are_lists_or_bytes() {
    use smallvec::{SmallVec, smallvec};

    let few: SmallVec<[u16; 2]> = smallvec![1, 300];
    assert_like(&few, &vec![1_u16, 300]);
    let many: SmallVec<[u16; 2]> = smallvec![1, 2, 3];
    assert_like(&many, &vec![1_u16, 2, 3]);
    let bytes: SmallVec<[u8; 2]> = smallvec![1, 2];
    assert_like(&bytes, &vec![1_u8, 2]);
    let loaded: SmallVec<[u16; 2]> = pickle_core::loads(&super::python(&few, 2)).expect("loads");
    assert!(!loaded.spilled());
}

#[test]
fn index_maps_are_dicts_in_order() {
    use indexmap::{IndexMap, IndexSet};
    use pickle_core::python::OrderedDict;

    let map: IndexMap<String, u8> = [("b".to_owned(), 1), ("a".to_owned(), 2)].into();
    super::assert_survives(&map);
    let value = pickle_core::Value::loads(&super::python(&map, 4)).expect("loads");
    assert_eq!(value.to_string(), "{'b': 1, 'a': 2}");
    let ordered = OrderedDict(vec![("b".to_owned(), 1_u8), ("a".to_owned(), 2)]);
    let loaded: IndexMap<String, u8> =
        pickle_core::loads(&super::python(&ordered, 2)).expect("loads");
    assert!(loaded.iter().eq(map.iter()));

    let set: IndexSet<u8> = [3, 1, 2].into();
    super::assert_survives(&set);
    let loaded: IndexSet<u8> = pickle_core::loads(&super::python(&set, 4)).expect("loads");
    assert!(loaded.iter().eq(set.iter()));
}
