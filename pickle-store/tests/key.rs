//! Structs as keys.

mod common;

use common::on_each;
use pickle_store::{AnyKey, Key, Result, Store};

#[derive(Key, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[key(crate = pickle_store)]
struct Event {
    room: String,
    at: i64,
}

#[derive(Key, Clone, Copy, Debug, PartialEq)]
#[key(crate = pickle_store)]
struct UserId(u64);

#[derive(Key, Debug, PartialEq)]
#[key(crate = pickle_store)]
struct Seat<T>(UserId, T)
where
    T: std::fmt::Debug;

fn event(room: &str, at: i64) -> Event {
    Event { room: room.into(), at }
}

fn keys<K: Key, V: 'static>(store: &Store, name: &str) -> Vec<K> {
    let items = store.collection::<K, V>(name).unwrap();
    items.keys().unwrap().collect::<Result<_>>().unwrap()
}

#[test]
fn structs_sort_by_their_fields_in_order() {
    on_each(|store| {
        let events = store.collection::<Event, u8>("events").unwrap();
        let mut expected = vec![event("b", -1), event("a\0", 0), event("a", 7), event("a", -7)];
        for event in &expected {
            events.put(event, &0).unwrap();
        }
        expected.sort();
        assert_eq!(keys::<Event, u8>(store, "events"), expected);
        assert_eq!(events.range(event("a", 0)..).unwrap().count(), 3);
    });
}

#[test]
fn a_tuple_stands_for_a_struct() {
    on_each(|store| {
        let events = store.collection::<Event, u8>("events").unwrap();
        events.put(&("a", 1_i64), &1).unwrap();
        assert_eq!(events.get(&event("a", 1)).unwrap(), Some(1));
        assert_eq!(events.prefix(&("a",)).unwrap().count(), 1);
        assert_eq!(keys::<(String, i64), u8>(store, "events"), [("a".to_owned(), 1)]);
        store.put(&event("a", 1), &5_u8).unwrap();
        assert_eq!(store.get::<u8>(&("a", 1)).unwrap(), Some(5));
        let own: Vec<_> = store.range::<u8, Event>(..).unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(own, [(event("a", 1), 5)]);
        let any: Vec<_> = store.keys().unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(any, [AnyKey::Tuple(vec![AnyKey::Str("a".into()), AnyKey::Int(1)])]);
    });
}

#[test]
fn a_newtype_is_what_it_holds() {
    on_each(|store| {
        let users = store.collection::<UserId, u8>("users").unwrap();
        users.put(&UserId(7), &1).unwrap();
        assert_eq!(keys::<u64, u8>(store, "users"), [7]);
        let seats = store.collection::<Seat<String>, u8>("seats").unwrap();
        seats.put(&Seat(UserId(7), "x".into()), &1).unwrap();
        assert_eq!(keys::<Seat<String>, u8>(store, "seats"), [Seat(UserId(7), "x".to_owned())]);
        assert_eq!(keys::<(u64, String), u8>(store, "seats"), [(7, "x".to_owned())]);
    });
}

#[test]
#[cfg(feature = "uuid")]
fn uuids_are_keys() {
    on_each(|store| {
        let items = store.collection::<uuid::Uuid, u8>("items").unwrap();
        let (low, high) = (uuid::Uuid::from_u128(7), uuid::Uuid::from_u128(7 << 100));
        items.put(&high, &2).unwrap();
        items.put(&low, &1).unwrap();
        assert_eq!(keys::<uuid::Uuid, u8>(store, "items"), [low, high]);
        store.put(&low, &9_u8).unwrap();
        assert_eq!(store.get::<u8>(&low).unwrap(), Some(9));
    });
}
