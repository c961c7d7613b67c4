//! The store through the facade, with derived types.

use std::thread;

use pickle::store::{Collection, ErrorKind, Store};
use pickle::{Function, Pickle, Registry};

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
    assert_eq!(store.get::<Order>(&String::from("a")).unwrap(), Some(order(1)));
    assert_eq!(store.get::<Order>(&7_u64).unwrap(), Some(order(2)));
    store.put("a", &order(9)).unwrap();
    assert_eq!(store.get::<Order>("a").unwrap(), Some(order(9)));
    assert_eq!(store.len().unwrap(), 2);
    assert!(store.remove("a").unwrap());
    assert!(!store.remove("a").unwrap());
    assert!(!store.contains("a").unwrap());
}

#[test]
fn asking_for_another_type_is_an_error_that_names_both_and_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.put("ann", &Customer { name: "Ann".into() }).unwrap();
    let text = store.get::<Order>("ann").unwrap_err().to_string();
    for part in ["shop.Customer", "shop.Order", "\"ann\""] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    let error = store.get::<Order>("ann").unwrap_err();
    let ErrorKind::TypeMismatch { stored, asked } = error.kind() else { panic!("{error}") };
    assert_eq!((stored.as_str(), asked.as_str()), ("shop.Customer", "shop.Order"));
}

#[test]
fn a_collection_is_walked_in_order_from_both_ends() {
    let store = Store::temporary().unwrap();
    let orders: Collection<i64, Order> = store.collection("orders").unwrap();
    let keys = [-70_000, -256, -1, 0, 1, 255, 256, 70_000];
    for key in keys.iter().rev() {
        orders.put(key, &order(key.unsigned_abs() as u32)).unwrap();
    }
    assert_eq!(orders.keys().unwrap().map(Result::unwrap).collect::<Vec<_>>(), keys);
    let reversed = orders.iter().unwrap().rev().map(|entry| entry.unwrap().0);
    assert!(reversed.eq(keys.iter().rev().copied()));
    let range = orders.range(-1..255).unwrap().map(|entry| entry.unwrap().0);
    assert_eq!(range.collect::<Vec<_>>(), [-1, 0, 1]);
}

#[test]
fn a_batch_over_collections_is_made_whole() {
    let store = Store::temporary().unwrap();
    let customers: Collection<u8, Customer> = store.collection("customers").unwrap();
    store.put("old", &order(0)).unwrap();
    let ann = Customer { name: "Ann".into() };
    let mut batch = store.batch();
    batch.put("a", &order(1)).unwrap().remove("old").put("a", &order(2)).unwrap();
    batch.put_in(&customers, &1, &ann).unwrap();
    batch.commit().unwrap();
    assert_eq!(store.get::<Order>("a").unwrap(), Some(order(2)));
    assert_eq!(store.get::<Order>("old").unwrap(), None);
    assert_eq!(customers.get(&1).unwrap(), Some(ann));
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
}

#[pickle::class]
trait Task: std::fmt::Debug {
    fn run(&self) -> u32;
}

#[derive(Pickle, Debug)]
#[pickle(class = "tasks.Wait")]
struct Wait(u32);

#[pickle::class]
impl Task for Wait {
    fn run(&self) -> u32 {
        self.0
    }
}

#[derive(Pickle, Debug)]
#[pickle(class = "tasks.Work")]
struct Work(u32);

#[pickle::class]
impl Task for Work {
    fn run(&self) -> u32 {
        self.0 * 10
    }
}

#[pickle::function(name = "tasks.double")]
fn double(x: u32) -> u32 {
    2 * x
}

/// `Wait` and the function, but not `Work`.
fn some() -> Registry {
    let mut registry = Registry::empty();
    registry.add_class::<dyn Task, Wait>().unwrap();
    registry.add_function::<double>().unwrap();
    registry
}

#[test]
fn a_store_holds_trait_objects_and_functions_that_its_registry_has() {
    let store = Store::builder("memory:").registry(some()).open().unwrap();
    let tasks = store.collection::<u8, Box<dyn Task>>("tasks").unwrap();
    let waiting: Box<dyn Task> = Box::new(Wait(3));
    tasks.put(&1, &waiting).unwrap();
    assert_eq!(tasks.get(&1).unwrap().unwrap().run(), 3);
    store.put("f", &Function::<fn(u32) -> u32>::of::<double>()).unwrap();
    let f: Function<fn(u32) -> u32> = store.get("f").unwrap().unwrap();
    assert_eq!(f(21), 42);
    let working: Box<dyn Task> = Box::new(Work(3));
    let error = tasks.put(&2, &working).unwrap_err().to_string();
    assert!(error.contains("Work") && error.contains("tasks[2]"), "{error}");
    assert!(!tasks.contains(&2).unwrap());
}

#[test]
fn what_the_registry_does_not_name_is_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sled:{}", folder.path().display());
    let store = Store::open(folder.path()).unwrap();
    let tasks = store.collection::<u8, Box<dyn Task>>("tasks").unwrap();
    let (waiting, working): (Box<dyn Task>, Box<dyn Task>) = (Box::new(Wait(3)), Box::new(Work(3)));
    tasks.put(&1, &waiting).unwrap();
    tasks.put(&2, &working).unwrap();
    // Of another version of its type, so that it is loaded by its schema.
    store.put("old", &(working, 1_u8)).unwrap();
    drop((store, tasks));
    let store = Store::builder(&url).registry(some()).open().unwrap();
    let tasks = store.collection::<u8, Box<dyn Task>>("tasks").unwrap();
    assert_eq!(tasks.get(&1).unwrap().unwrap().run(), 3);
    for error in [
        tasks.get(&2).unwrap_err(),
        store.get::<(Box<dyn Task>, u64)>("old").unwrap_err(),
        tasks.iter().unwrap().last().unwrap().unwrap_err(),
    ] {
        assert!(error.to_string().contains("`tasks.Work`"), "{error}");
    }
    drop((store, tasks));
    let store = Store::open(folder.path()).unwrap();
    let (old, _): (Box<dyn Task>, u64) = store.get("old").unwrap().unwrap();
    assert_eq!(old.run(), 30);
}
