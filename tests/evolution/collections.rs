//! Collections, one for another.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::path::PathBuf;

use pickle::Pickle;
use pickle::compat::Effect::{Breaks, Depends, Loads};

use crate::{evolves, refused};

fn words() -> Vec<String> {
    vec!["a".into(), "b".into(), "c".into()]
}

#[test]
fn sequences_exchange_their_kind() {
    evolves(words(), VecDeque::from(words()), Loads);
    evolves(VecDeque::from(words()), words().into_boxed_slice(), Loads);
    evolves(LinkedList::from_iter(words()), words(), Loads);
}

#[test]
fn sets_exchange_their_kind() {
    evolves(HashSet::from([3_u8, 1]), BTreeSet::from([1_u16, 3]), Loads);
    evolves(BTreeSet::from_iter(words()), words().into_iter().collect::<HashSet<_>>(), Loads);
}

#[test]
fn sets_and_sequences_exchange() {
    evolves(BTreeSet::from_iter(words()), words(), Loads);
    evolves(words(), BTreeSet::from_iter(words()), Loads);
}

#[test]
fn maps_exchange_their_kind() {
    let tree = BTreeMap::from([(1_u8, "a".to_owned()), (2, "b".to_owned())]);
    let hash = HashMap::from([(1_u32, Some("a".to_owned())), (2, Some("b".to_owned()))]);
    evolves(tree, hash, Loads);
}

#[test]
fn arrays_and_tuples_become_sequences() {
    evolves([1_u16, 2, 3], vec![1_u32, 2, 3], Loads);
    evolves((1_u16, 2_u8), vec![1_u32, 2], Loads);
    evolves([1_u16, 2], (1_u64, 2_u16), Loads);
}

#[test]
fn sequences_become_arrays_of_their_length() {
    evolves(vec![1_u16, 2, 3], [1_u32, 2, 3], Depends);
    evolves(vec![1_u16, 2], (1_u16, 2_u16), Depends);
    let error = refused::<Vec<u16>, [u16; 4]>(vec![1, 2, 3], Depends);
    assert!(error.starts_with("expected 4 items, found list"), "{error}");
    let error = refused::<[u16; 3], [u16; 4]>([1, 2, 3], Breaks);
    assert_eq!(error, "this pickle holds array[u16] of 3, not array[u16] of 4");
}

#[test]
fn bytes_become_wider_numbers_and_come_back() {
    evolves(vec![1_u8, 2, 255], vec![1_u16, 2, 255], Loads);
    evolves([1_u8, 255], vec![1_i64, 255], Loads);
    evolves([1_u8, 255], [Some(1_u8), Some(255)], Loads);
    evolves(vec![1_u8, 255], BTreeSet::from([1_u32, 255]), Loads);
    evolves(vec![1_u16, 2], vec![1_u8, 2], Depends);
    let error = refused::<Vec<u8>, Vec<i8>>(vec![1, 200], Depends);
    assert!(error.starts_with("200 is out of range for i8 (-128 to 127) at [1]"), "{error}");
}

#[test]
fn text_becomes_a_path() {
    evolves("folder/file", PathBuf::from("folder/file"), Loads);
}

#[test]
fn a_dict_becomes_a_struct_where_it_has_the_fields() {
    #[derive(Debug, PartialEq, Pickle)]
    struct Settings {
        #[pickle(default)]
        size: u8,
        #[pickle(alias = "colour")]
        color: u16,
    }
    let map = BTreeMap::from([("colour".to_owned(), 9_u8), ("unused".to_owned(), 1)]);
    evolves(map, Settings { size: 0, color: 9 }, Depends);
}
