//! Snapshots replace journals, and nothing is lost at any point of it.

use std::collections::BTreeMap;

use super::*;

mod faults;
mod sim;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn put(engine: &SledEngine, model: &mut Model, number: u32) {
    let key = (number % 50).to_be_bytes().to_vec();
    let size = if number.is_multiple_of(7) { 40_000 } else { 100 };
    let ops = match number % 5 {
        0 => [Op::Remove { key: key.clone() }],
        _ => [Op::Put { key: key.clone(), value: vec![number as u8; size] }],
    };
    assert_eq!(engine.apply(&[], &ops).unwrap(), Applied::Committed);
    match &ops[0] {
        Op::Put { value, .. } => model.insert(key, value.clone()),
        Op::Remove { .. } => model.remove(&key),
    };
}

fn contents(engine: &SledEngine) -> Model {
    let items = engine.scan(KeyRange::prefix(&[]), Order::Ascending).unwrap();
    items.map(|item| item.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()).collect()
}

fn open(folder: &Path) -> SledEngine {
    SledEngine::open(folder, Durability::Os).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_store_is_rebuilt_from_a_snapshot_and_the_journal_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let engine = open(folder.path());
    (0..200).for_each(|number| put(&engine, &mut model, number));
    engine.core.checkpoint().unwrap();
    (200..300).for_each(|number| put(&engine, &mut model, number));
    drop(engine);
    let expected = ["index", "journal-00000001", "lock", "manifest", "snapshot-00000001"];
    assert_eq!(names(folder.path()), expected);
    fs::remove_dir_all(folder.path().join(INDEX)).unwrap();
    let engine = open(folder.path());
    assert_eq!(contents(&engine), model);
    engine.core.checkpoint().unwrap();
    drop(engine);
    fs::remove_dir_all(folder.path().join(INDEX)).unwrap();
    assert_eq!(contents(&open(folder.path())), model);
}

#[test]
fn a_growing_journal_calls_for_snapshots_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let engine = open(folder.path());
    for number in 0..2000 {
        engine.core.threshold.store(200_000, Ordering::Relaxed);
        put(&engine, &mut model, number);
    }
    drop(engine);
    let manifest = Manifest::read(&RealDisk, folder.path()).unwrap().unwrap();
    assert!(manifest.base > 1, "only {} snapshots", manifest.base);
    fs::remove_dir_all(folder.path().join(INDEX)).unwrap();
    assert_eq!(contents(&open(folder.path())), model);
}

#[test]
fn a_snapshot_that_never_got_its_place_in_the_manifest_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let engine = open(folder.path());
    (0..100).for_each(|number| put(&engine, &mut model, number));
    let before = fs::read(folder.path().join("journal-00000000")).unwrap();
    let mut manifest = *engine.core.manifest.lock().unwrap();
    engine.core.checkpoint().unwrap();
    manifest.last = engine.core.manifest.lock().unwrap().last;
    (100..150).for_each(|number| put(&engine, &mut model, number));
    drop(engine);
    // As if the process had died before the second manifest.
    fs::write(folder.path().join("journal-00000000"), before).unwrap();
    manifest.write(&RealDisk, folder.path()).unwrap();
    assert_eq!(contents(&open(folder.path())), model);
}

#[test]
fn a_missing_journal_is_not_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let engine = open(folder.path());
    put(&engine, &mut model, 1);
    drop(engine);
    fs::remove_file(folder.path().join("journal-00000000")).unwrap();
    let error = SledEngine::open(folder.path(), Durability::Sync).err().unwrap();
    let path = folder.path().join("journal-00000000");
    assert_eq!(error.to_string(), format!("corrupt store: {} is missing", path.display()));
}

#[test]
fn a_poisoned_journal_refuses_all_work_and_the_next_open_has_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let engine = open(folder.path());
    put(&engine, &mut model, 1);
    let _ = engine.core.journal.poison("fsync of the journal: no such luck".to_owned());
    let ops = [Op::Remove { key: vec![1] }];
    let text = "the store must be opened again after a failure: fsync of the journal: no such luck";
    assert_eq!(engine.apply(&[], &ops).unwrap_err().to_string(), text);
    assert_eq!(engine.sync().unwrap_err().to_string(), text);
    drop(engine);
    assert_eq!(Manifest::read(&RealDisk, folder.path()).unwrap().unwrap().left, Left::Open);
    assert_eq!(contents(&open(folder.path())), model);
}

#[test]
fn writes_of_many_threads_are_all_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let engine = SledEngine::open(folder.path(), Durability::Sync).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let engine = &engine;
            scope.spawn(move || {
                for number in 0..20_u8 {
                    let op = Op::Put { key: vec![thread, number], value: vec![number] };
                    assert_eq!(engine.apply(&[], &[op]).unwrap(), Applied::Committed);
                }
            });
        }
    });
    assert_eq!(contents(&engine).len(), 160);
}

#[test]
fn who_saw_one_write_of_a_batch_sees_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let write = |number: u32| {
        let put = |key| Op::Put { key: vec![key], value: number.to_be_bytes().to_vec() };
        assert_eq!(engine.apply(&[], &[put(1), put(2), put(3)]).unwrap(), Applied::Committed);
    };
    let read = |key| {
        let value = engine.get(&[key]).unwrap().unwrap();
        u32::from_be_bytes((*value).try_into().unwrap())
    };
    write(0);
    std::thread::scope(|scope| {
        scope.spawn(|| (1..=3000).for_each(write));
        for _ in 0..2 {
            scope.spawn(|| {
                let mut latest = 0;
                while latest < 3000 {
                    // Each is read later, so it is of the same batch or of a later one.
                    let (first, second, third) = (read(1), read(2), read(3));
                    assert!(latest <= first && first <= second && second <= third);
                    latest = third;
                }
            });
        }
    });
}

#[test]
fn an_index_that_differs_from_the_journal_is_found_and_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut model = Model::new();
    let engine = open(folder.path());
    (0..100).for_each(|number| put(&engine, &mut model, number));
    engine.core.checkpoint().unwrap();
    (100..130).for_each(|number| put(&engine, &mut model, number));
    assert!(engine.verify().unwrap().is_empty());
    let (lost, changed) = (model.keys().next().unwrap(), model.keys().next_back().unwrap());
    let ops = [
        Op::Remove { key: lost.clone() },
        Op::Put { key: changed.clone(), value: vec![1] },
        Op::Put { key: vec![9, 9], value: vec![2] },
    ];
    engine.core.index().unwrap().apply(1 << 40, &ops).unwrap();
    let problems: Vec<_> = engine.verify().unwrap().iter().map(ToString::to_string).collect();
    let at = |key: &[u8]| key.escape_ascii().to_string();
    assert_eq!(
        problems,
        [
            format!("corrupt store: a record is missing in the index at key {}", at(lost)),
            format!("corrupt store: another value is in the index at key {}", at(changed)),
            "corrupt store: a removed record is in the index at key \\t\\t".to_owned(),
        ]
    );
    assert!(matches!(engine.get(lost).unwrap_err().kind(), ErrorKind::Poisoned { .. }));
    drop(engine);
    assert_eq!(contents(&open(folder.path())), model);
}

#[test]
fn verify_agrees_with_writers_at_work() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut model = Model::new();
            (0..).take_while(|_| !done.load(Ordering::Relaxed)).for_each(|number| {
                put(&engine, &mut model, number);
            });
        });
        for _ in 0..20 {
            assert!(engine.verify().unwrap().is_empty());
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_store_whose_index_fails_can_be_closed_and_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path());
    let mut acknowledged = Model::new();
    // A dozen of these in one leaf are more than sled keeps in its log: it makes files for them.
    let write = |engine: &SledEngine, number: u32| {
        let put = |key| Op::Put { key: vec![key as u8], value: vec![number as u8; 16_000] };
        let ops = [put(number % 12), put((number + 1) % 12)];
        engine.apply(&[], &ops).map(|_| ops)
    };
    let mut failed = false;
    for number in 0..200 {
        if number == 100 {
            fs::remove_dir_all(folder.path().join(INDEX)).unwrap();
        }
        let Ok(ops) = write(&engine, number) else {
            failed = number >= 100;
            break;
        };
        let pairs = ops.iter().map(|op| (op.key().to_vec(), op.value().unwrap().to_vec()));
        acknowledged.extend(pairs);
    }
    assert!(failed, "sled did without its folder");
    assert!(write(&engine, 500).is_err(), "a store that failed goes on");
    let (done, closed) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        drop(engine);
        let _ = done.send(());
    });
    closed.recv_timeout(std::time::Duration::from_secs(60)).expect("closing does not end");
    // The write that failed is in the journal, and may be there.
    let found = contents(&open(folder.path()));
    assert_eq!(found.len(), 12);
    let lost = acknowledged.iter().filter(|(key, value)| found.get(*key) != Some(value)).count();
    assert!(lost <= 2, "{lost} values are not there");
}
