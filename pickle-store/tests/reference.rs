//! References lead to the objects of now, and to one of each.

mod common;

use std::sync::Arc;

use common::{on_disk, on_each, open};
use pickle_derive::Pickle;
use pickle_store::{ErrorKind, Ref, Store};

#[derive(Debug, Pickle)]
#[pickle(crate = pickle_core)]
struct Node {
    name: String,
    next: Option<Ref<Node>>,
}

fn node(name: &str, next: Option<Ref<Node>>) -> Node {
    Node { name: name.into(), next }
}

#[test]
fn a_ring_of_objects_is_walked_without_copies() {
    on_each(|store| {
        let nodes = store.collection::<u8, Node>("nodes").unwrap();
        for key in 0..3 {
            nodes
                .put(&key, &node(&key.to_string(), Some(nodes.reference(&((key + 1) % 3)))))
                .unwrap();
        }
        let start = nodes.reference(&0).get(store).unwrap().unwrap();
        let mut at = Arc::clone(&start);
        for name in ["1", "2", "0"] {
            at = at.next.as_ref().unwrap().get(store).unwrap().unwrap();
            assert_eq!(at.name, name);
        }
        assert!(Arc::ptr_eq(&at, &start));
    });
}

#[test]
fn a_new_value_is_another_object_and_an_old_one_stays_with_its_holder() {
    on_each(|store| {
        let target = Ref::<Node>::to("a");
        assert!(target.get(store).unwrap().is_none());
        store.put("a", &node("one", None)).unwrap();
        let one = target.get(store).unwrap().unwrap();
        store.put("a", &node("two", None)).unwrap();
        let two = target.get(store).unwrap().unwrap();
        assert_eq!((one.name.as_str(), two.name.as_str()), ("one", "two"));
        assert!(Arc::ptr_eq(&two, &target.get(store).unwrap().unwrap()));
        store.remove("a").unwrap();
        assert!(target.get(store).unwrap().is_none());
    });
}

#[test]
fn references_survive_reopening_and_moving() {
    for engine in on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(engine, folder.path()).unwrap();
        let nodes = store.collection::<(u8, String), Node>("nodes").unwrap();
        nodes.put(&(1, "x"), &node("target", None)).unwrap();
        store.put("start", &node("start", Some(nodes.reference(&(1, "x"))))).unwrap();
        drop((store, nodes));
        let store = open(engine, folder.path()).unwrap();
        let mut stream = Vec::new();
        store.export(&mut stream).unwrap();
        let copy = Store::import(stream.as_slice(), Store::builder("memory:")).unwrap();
        for store in [&store, &copy] {
            let start: Node = store.get("start").unwrap().unwrap();
            let target = start.next.unwrap();
            assert_eq!(target.get(store).unwrap().unwrap().name, "target");
            let nodes = store.collection::<(u8, String), Node>("nodes").unwrap();
            assert_eq!(target.key_in(&nodes), Some((1, "x".to_owned())));
        }
    }
}

#[test]
fn a_reference_to_another_type_is_an_error_that_names_it() {
    on_each(|store| {
        store.put("a", &7_u8).unwrap();
        let error = Ref::<Node>::to("a").get(store).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::TypeMismatch { .. }));
        assert_eq!(error.key(), Some("\"a\""));
        assert!(Ref::<u8>::to("a").get(store).unwrap().is_some());
    });
}
