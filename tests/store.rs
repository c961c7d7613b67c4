//! The store: what it gives back, in which order, and what it refuses.

#[path = "store/damage.rs"]
mod damage;
#[path = "store/durability.rs"]
mod durability;
#[path = "store/model.rs"]
mod model;

use std::thread;

use pickle::Pickle;
use pickle::store::{Collection, ErrorKind, Key, LoadKey, Store};

#[derive(Pickle, Debug, Clone, PartialEq)]
#[pickle(class = "shop.Order")]
struct Order {
    id: u32,
    items: Vec<(String, u16)>,
    note: Option<String>,
}

#[derive(Pickle, Debug, Clone, PartialEq)]
#[pickle(class = "shop.Customer")]
struct Customer {
    name: String,
}

fn order(id: u32) -> Order {
    Order { id, items: vec![(format!("item {id}"), id as u16)], note: None }
}

#[test]
fn objects_come_back_by_key_and_can_be_replaced_and_removed() {
    let store = Store::temporary().unwrap();
    assert_eq!(store.get::<Order>("a").unwrap(), None);
    store.put("a", &order(1)).unwrap();
    store.put(&7_u64, &order(2)).unwrap();
    store.put(&("nested", 3, true), &order(3)).unwrap();
    assert_eq!(store.get::<Order>("a").unwrap(), Some(order(1)));
    assert_eq!(store.get::<Order>(&String::from("a")).unwrap(), Some(order(1)));
    // An integer is the same key whatever its width.
    assert_eq!(store.get::<Order>(&7_i8).unwrap(), Some(order(2)));
    assert_eq!(store.get::<Order>(&("nested".to_owned(), 3_u8, true)).unwrap(), Some(order(3)));
    assert_eq!(store.len().unwrap(), 3);

    store.put("a", &order(9)).unwrap();
    assert_eq!(store.get::<Order>("a").unwrap(), Some(order(9)));
    assert!(store.contains("a").unwrap());
    assert!(store.remove("a").unwrap());
    assert!(!store.remove("a").unwrap());
    assert!(!store.contains("a").unwrap());
    assert_eq!(store.len().unwrap(), 2);
}

#[test]
fn a_collection_is_walked_in_order_from_both_ends() {
    let store = Store::temporary().unwrap();
    let orders: Collection<i64, Order> = store.collection("orders").unwrap();
    let others: Collection<i64, Order> = store.collection("order").unwrap();
    assert!(orders.is_empty().unwrap());
    let keys = [-70_000, -256, -1, 0, 1, 255, 256, 70_000];
    for key in keys.iter().rev() {
        orders.put(key, &order(key.unsigned_abs() as u32)).unwrap();
        others.put(key, &order(0)).unwrap();
    }
    assert_eq!(orders.keys().unwrap().map(Result::unwrap).collect::<Vec<_>>(), keys);
    let reversed: Vec<i64> = orders.iter().unwrap().rev().map(|entry| entry.unwrap().0).collect();
    assert!(reversed.iter().rev().eq(&keys));

    let range = |range| -> Vec<i64> {
        let entries: Vec<_> = orders.range::<i64>(range).unwrap().map(Result::unwrap).collect();
        assert!(entries.iter().all(|(key, value)| *value == order(key.unsigned_abs() as u32)));
        entries.into_iter().map(|(key, _)| key).collect()
    };
    use std::ops::Bound::{Excluded, Included, Unbounded};
    assert_eq!(range((Included(-1), Excluded(255))), [-1, 0, 1]);
    assert_eq!(range((Excluded(-1), Included(255))), [0, 1, 255]);
    assert_eq!(range((Unbounded, Excluded(-1))), [-70_000, -256]);
    assert_eq!(range((Included(300), Unbounded)), [70_000]);
    assert_eq!(range((Included(5), Excluded(5))), []);
    assert_eq!(range((Included(9), Excluded(3))), []);

    let mut entries = orders.iter().unwrap();
    let mut met = Vec::new();
    while let Some(front) = entries.next() {
        met.push(front.unwrap().0);
        met.extend(entries.next_back().map(|back| back.unwrap().0));
    }
    assert_eq!(met, [-70_000, 70_000, -256, 256, -1, 255, 0, 1]);
    assert!(entries.next_back().is_none() && entries.next().is_none());

    assert_eq!(orders.first().unwrap(), Some((-70_000, order(70_000))));
    assert_eq!(orders.last().unwrap(), Some((70_000, order(70_000))));
    assert_eq!(orders.len().unwrap(), keys.len());
    assert_eq!(store.len().unwrap(), 0);
}

#[test]
fn a_prefix_is_the_start_of_a_text_or_of_a_tuple() {
    let store = Store::temporary().unwrap();
    let words: Collection<String, u8> = store.collection("words").unwrap();
    for (word, number) in [("a", 1), ("ab", 2), ("ab\0c", 3), ("abc", 4), ("b", 5)] {
        words.put(word, &number).unwrap();
    }
    let found = |prefix: &str| -> Vec<u8> {
        words.prefix(prefix).unwrap().map(|entry| entry.unwrap().1).collect()
    };
    assert_eq!(found("ab"), [2, 3, 4]);
    assert_eq!(found("ab\0"), [3]);
    assert_eq!(found(""), [1, 2, 3, 4, 5]);
    assert_eq!(found("x"), []);

    let cells: Collection<(String, u32), u8> = store.collection("cells").unwrap();
    for (row, column) in [("a", 1), ("a", 2), ("ab", 1), ("b", 1)] {
        cells.put(&(row.to_owned(), column), &0).unwrap();
    }
    let row: Vec<_> = cells.prefix(&("a",)).unwrap().map(|entry| entry.unwrap().0.1).collect();
    assert_eq!(row, [1, 2]);
}

#[test]
fn a_batch_is_made_whole_and_the_last_change_to_a_key_counts() {
    let store = Store::temporary().unwrap();
    let customers: Collection<u8, Customer> = store.collection("customers").unwrap();
    store.put("old", &order(0)).unwrap();
    let batch =
        store.batch().put("a", &order(1)).unwrap().remove("old").put("a", &order(2)).unwrap();
    let ann = Customer { name: "Ann".into() };
    batch.put_in(&customers, &1, &ann).unwrap().remove_in(&customers, &2).commit().unwrap();
    assert_eq!(store.get::<Order>("a").unwrap(), Some(order(2)));
    assert_eq!(store.get::<Order>("old").unwrap(), None);
    assert_eq!(customers.get(&1).unwrap(), Some(ann));
}

#[test]
fn asking_for_another_type_is_an_error_that_names_both_and_the_key() {
    let store = Store::temporary().unwrap();
    store.put("ann", &Customer { name: "Ann".into() }).unwrap();
    let error = store.get::<Order>("ann").unwrap_err();
    let text = "the stored object is of type shop.Customer, not shop.Order, under key \"ann\"";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.key(), Some("\"ann\""));

    let orders: Collection<(u8, char), Order> = store.collection("orders").unwrap();
    orders.put(&(7, 'x'), &order(1)).unwrap();
    let wrong: Collection<(u8, char), Customer> = store.collection("orders").unwrap();
    let error = wrong.get(&(7, 'x')).unwrap_err();
    let text =
        "the stored object is of type shop.Order, not shop.Customer, under key orders[(7, 'x')]";
    assert_eq!(error.to_string(), text);
    let error = wrong.iter().unwrap().next().unwrap().unwrap_err();
    assert_eq!(error.to_string(), text);

    let wrong: Collection<String, Order> = store.collection("orders").unwrap();
    let error = wrong.keys().unwrap().next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "this key is no alloc::string::String, under key orders[(7, 'x')]"
    );
}

#[test]
fn the_type_of_a_record_is_known_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.put("ann", &Customer { name: "Ann".into() }).unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let error = store.get::<Order>("ann").unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::TypeMismatch { stored, .. } if stored == "shop.Customer")
    );
}

#[test]
fn large_values_come_back_and_leave_nothing_behind() {
    for store in [Store::temporary().unwrap(), Store::memory().unwrap()] {
        let large: Vec<u8> =
            (0..20_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        store.put("large", &large).unwrap();
        store.put("small", &1_u8).unwrap();
        assert!(store.get::<Vec<u8>>("large").unwrap().unwrap() == large);
        assert_eq!(store.len().unwrap(), 2);
        store.put("large", &large[..100_000]).unwrap();
        assert!(store.get::<Vec<u8>>("large").unwrap().unwrap() == large[..100_000]);
        store.put("large", &large[..10]).unwrap();
        assert!(store.get::<Vec<u8>>("large").unwrap().unwrap() == large[..10]);
        assert!(store.remove("large").unwrap());
        assert_eq!(store.get::<Vec<u8>>("large").unwrap(), None);
    }
}

#[test]
fn keys_may_be_empty_or_long_but_not_endless() {
    let store = Store::temporary().unwrap();
    store.put("", &1_u8).unwrap();
    store.put(&(), &2_u8).unwrap();
    let long = "k".repeat(65_000);
    store.put(&long, &3_u8).unwrap();
    assert_eq!(store.get::<u8>("").unwrap(), Some(1));
    assert_eq!(store.get::<u8>(&()).unwrap(), Some(2));
    assert_eq!(store.get::<u8>(&long).unwrap(), Some(3));
    let error = store.put(&"k".repeat(70_000), &4_u8).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TooLarge { limit: 65_531, .. }), "{error}");
}

#[test]
fn updates_of_many_threads_all_count() {
    let store = Store::temporary().unwrap();
    let counters: Collection<String, u64> = store.collection("counters").unwrap();
    counters.put("c", &0).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            let counters = counters.clone();
            scope.spawn(move || {
                for _ in 0..25 {
                    counters.update("c", |count| *count += 1).unwrap();
                }
            });
        }
    });
    assert_eq!(counters.get("c").unwrap(), Some(100));
    assert_eq!(counters.update("none", |count| *count += 1).unwrap(), None);
}

#[test]
fn an_object_that_cannot_be_pickled_leaves_the_store_as_it_was() {
    let store = Store::temporary().unwrap();
    let poisoned = std::sync::Mutex::new(1_u8);
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = poisoned.lock();
        panic!("on purpose");
    }));
    let error = store.put("m", &poisoned).unwrap_err();
    assert_eq!(error.to_string(), "a poisoned Mutex cannot be pickled now, under key \"m\"");
    assert!(store.is_empty().unwrap());
    store.put("m", &1_u8).unwrap();
}

fn keys_sort_as_values<K: Key + LoadKey + Ord + std::fmt::Debug>(mut values: Vec<K>) {
    let encode = |key: &K| {
        let mut bytes = Vec::new();
        key.encode(&mut bytes);
        bytes
    };
    values.sort();
    let encoded: Vec<_> = values.iter().map(encode).collect();
    assert!(encoded.is_sorted(), "{values:?}");
    for (value, bytes) in values.iter().zip(&encoded) {
        let mut rest = bytes.as_slice();
        assert_eq!(K::decode(&mut rest).as_ref(), Some(value));
        assert!(rest.is_empty());
    }
}

proptest::proptest! {
    #[test]
    fn keys_of_numbers_sort_as_numbers(a: Vec<i64>, b: Vec<u128>, c: Vec<i128>, d: Vec<i8>) {
        keys_sort_as_values(a);
        keys_sort_as_values(b);
        keys_sort_as_values(c);
        keys_sort_as_values(d);
    }

    #[test]
    fn keys_of_parts_sort_by_their_parts(
        a: Vec<(String, Option<i32>, Vec<u8>)>,
        b: Vec<(bool, char, [u8; 2])>,
    ) {
        keys_sort_as_values(a);
        keys_sort_as_values(b);
    }
}
