//! A store does what maps do, whatever happens to it in between: closing, crashing, compacting,
//! moving to another place. Indexes, times to live, history and watches follow.

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use common::{on_disk, url};
use pickle_store::{
    Batch, Builder, Collection, Durability, ErrorKind, Result, Store, Version, Watch,
};
use proptest::prelude::*;

/// A group that others share, a ticket that nobody else has, and anything.
type Value = (u8, Option<u8>, Vec<u8>);

#[derive(Clone, Debug)]
enum Step {
    Put(u8, Value),
    PutWithTtl(u8, Value, u64),
    PutIf(u8, Value),
    PutIfOld(u8, Value),
    Remove(u8),
    Batch(Vec<(u8, Option<Value>)>),
    Update(u8, u8),
    /// Counts at a key of the store itself.
    Count(u8),
    Swap(u8, u8),
    Range(u8, u8),
    Tick(u64),
    Sweep,
    Sync,
    Compact,
    Reopen,
    Crash,
    Move,
}

fn value() -> impl Strategy<Value = Value> {
    let bytes = prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 0..20),
        // Around the size that the default engine keeps in one piece.
        1 => (16_300..16_500_usize).prop_map(|size| vec![1; size]),
        1 => Just(vec![2; 50_000]),
    ];
    (0..4_u8, prop::option::of(0..6_u8), bytes)
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0..12_u8;
    let batch = prop::collection::vec((key(), prop::option::of(value())), 0..6);
    prop_oneof![
        6 => (key(), value()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => (key(), value(), 0..5_u64).prop_map(|(key, value, ttl)| Step::PutWithTtl(key, value, ttl)),
        1 => (key(), value()).prop_map(|(key, value)| Step::PutIf(key, value)),
        1 => (key(), value()).prop_map(|(key, value)| Step::PutIfOld(key, value)),
        3 => key().prop_map(Step::Remove),
        3 => batch.prop_map(Step::Batch),
        2 => (key(), 0..4_u8).prop_map(|(key, group)| Step::Update(key, group)),
        2 => (0..3_u8).prop_map(Step::Count),
        1 => (key(), key()).prop_map(|(a, b)| Step::Swap(a, b)),
        2 => (key(), key()).prop_map(|(a, b)| Step::Range(a, b)),
        3 => (1..3_u64).prop_map(Step::Tick),
        1 => Just(Step::Sweep),
        1 => Just(Step::Sync),
        1 => Just(Step::Compact),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
        1 => Just(Step::Move),
    ]
}

/// A value with the second at which it ends.
type Item = (Value, Option<u64>);

/// Earlier versions that are kept.
const HISTORY: usize = 3;

#[derive(Default)]
struct Model {
    now: u64,
    items: BTreeMap<u8, Item>,
    /// Earlier values, the newest first.
    earlier: BTreeMap<u8, Vec<Value>>,
    /// The store's own keys.
    counts: BTreeMap<u8, u64>,
}

impl Model {
    fn live(&self) -> BTreeMap<u8, Value> {
        let now = self.now;
        let live = self.items.iter().filter(|(_, (_, ends))| ends.is_none_or(|ends| ends > now));
        live.map(|(key, (value, _))| (*key, value.clone())).collect()
    }

    /// Makes writes together, unless two values would have one ticket.
    fn write(&mut self, writes: Vec<(u8, Option<Item>)>) -> bool {
        let writes: BTreeMap<_, _> = writes.into_iter().collect();
        let mut after = self.live();
        for (key, new) in &writes {
            match new {
                Some((value, _)) => after.insert(*key, value.clone()),
                None => after.remove(key),
            };
        }
        let mut tickets: Vec<_> = after.values().filter_map(|value| value.1).collect();
        tickets.sort_unstable();
        if tickets.windows(2).any(|pair| pair[0] == pair[1]) {
            return false;
        }
        for (key, new) in writes {
            let old = match new {
                Some(new) => self.items.insert(key, new),
                None => self.items.remove(&key),
            };
            if let Some((old, None)) = old {
                let earlier = self.earlier.entry(key).or_default();
                earlier.insert(0, old);
                earlier.truncate(HISTORY);
            }
        }
        true
    }
}

/// A store under test, and where it is.
struct World {
    engine: &'static str,
    clock: Arc<AtomicU64>,
    changes: Option<Watch<u8>>,
    store: Option<Store>,
    /// Goes after the store.
    folder: tempfile::TempDir,
    /// What a watcher knows.
    mirror: BTreeMap<u8, Value>,
    version: Option<Version>,
}

impl World {
    fn new(engine: &'static str) -> Self {
        let mut world = Self {
            engine,
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::default(),
            store: None,
            changes: None,
            mirror: BTreeMap::new(),
            version: None,
        };
        world.store = Some(world.builder(world.folder.path()).open().unwrap());
        world.changes = Some(world.items().watch().unwrap());
        world
    }

    fn builder(&self, folder: &Path) -> Builder {
        let url = if self.engine == "memory" { "memory:".into() } else { url(self.engine, folder) };
        let clock = Arc::clone(&self.clock);
        let now =
            move || SystemTime::UNIX_EPOCH + Duration::from_secs(clock.load(Ordering::Relaxed));
        Store::builder(&url).durability(Durability::Os).clock(now).change_log(200)
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn items(&self) -> Collection<u8, Value> {
        self.store()
            .define("items")
            .index("by_group", |value: &Value| value.0)
            .unique_each("by_ticket", |value: &Value| value.1)
            .history(HISTORY as u32)
            .open()
            .unwrap()
    }

    fn reopen(&mut self) {
        if self.engine != "memory" {
            self.store = None;
            self.store = Some(self.builder(self.folder.path()).open().unwrap());
            self.resume();
        }
    }

    /// Goes on with a copy of the files as they are, as if the process was killed.
    fn crash(&mut self) {
        // redb keeps what it was not told to sync in memory.
        if self.engine != "sled" {
            return self.reopen();
        }
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.folder.path().join("store"), &copy.path().join("store"));
        self.store = None;
        self.folder = copy;
        self.reopen();
    }

    /// Goes on with an exported and imported store. Its log of changes begins anew.
    fn move_away(&mut self) {
        let mut stream = Vec::new();
        self.store().export(&mut stream).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::import(stream.as_slice(), self.builder(folder.path())).unwrap();
        self.store = Some(store);
        self.folder = folder;
        self.changes = Some(self.items().watch().unwrap());
    }

    fn resume(&mut self) {
        let position = self.changes.as_ref().unwrap().position();
        self.changes = Some(self.items().watch_from(position).unwrap());
    }

    fn run(&mut self, step: Step, model: &mut Model) {
        let items = self.items();
        let store = self.store().clone();
        match step {
            Step::Put(key, value) => {
                let done = written(items.put(&key, &value));
                assert_eq!(done, model.write(vec![(key, Some((value, None)))]));
            }
            Step::PutWithTtl(key, value, ttl) => {
                let done = written(items.put_with_ttl(&key, &value, Duration::from_secs(ttl)));
                let ends = Some(model.now + ttl);
                assert_eq!(done, model.write(vec![(key, Some((value, ends)))]));
            }
            Step::PutIf(key, value) => {
                let version = items.get_versioned(&key).unwrap().map(|(version, _)| version);
                let done = written(items.put_if(&key, version, &value).map(drop));
                assert_eq!(done, model.write(vec![(key, Some((value, None)))]));
                self.version = version;
            }
            Step::PutIfOld(key, value) => {
                // No record has this version any more, or the key is absent.
                let version = self.version.or(items.get_versioned(&99).unwrap().map(|it| it.0));
                let Some(version) = version else { return };
                let found = items.get_versioned(&key).unwrap().map(|(version, _)| version);
                if found != Some(version) {
                    let error = items.put_if(&key, Some(version), &value).unwrap_err();
                    assert!(matches!(error.kind(), ErrorKind::Conflict));
                }
            }
            Step::Remove(key) => {
                let removed = items.remove(&key).unwrap();
                assert_eq!(removed, model.live().contains_key(&key));
                model.write(vec![(key, None)]);
            }
            Step::Batch(writes) => {
                let mut batch = store.batch();
                writes.iter().for_each(|(key, value)| stage(&mut batch, &items, *key, value));
                let writes =
                    writes.into_iter().map(|(key, value)| (key, value.map(|it| (it, None))));
                assert_eq!(written(batch.commit()), model.write(writes.collect()));
            }
            Step::Update(key, group) => {
                let done = items.update(&key, |value| value.0 = group).unwrap();
                assert_eq!(done.is_some(), model.live().contains_key(&key));
                if let Some(mut value) = model.live().remove(&key) {
                    value.0 = group;
                    let ends = model.items[&key].1;
                    assert!(model.write(vec![(key, Some((value, ends)))]));
                }
            }
            Step::Count(key) => {
                if store.update(&key, |count: &mut u64| *count += 1).unwrap().is_none() {
                    store.put_if(&key, None, &1_u64).unwrap();
                }
                *model.counts.entry(key).or_default() += 1;
                let found = store.get_versioned::<u64>(&key).unwrap();
                assert_eq!(found.map(|(_, count)| count), model.counts.get(&key).copied());
            }
            Step::Swap(a, b) => swap(&store, &items, a, b, model),
            Step::Range(a, b) => {
                let (low, high) = (a.min(b), a.max(b));
                let found: Vec<_> =
                    items.range(low..=high).unwrap().rev().collect::<Result<_>>().unwrap();
                let live = model.live();
                let expected = live.range(low..=high).rev();
                let expected: Vec<_> = expected.map(|(key, value)| (*key, value.clone())).collect();
                assert_eq!(found, expected);
            }
            Step::Tick(seconds) => {
                model.now += seconds;
                self.clock.store(model.now, Ordering::Relaxed);
            }
            Step::Sweep => {
                store.sweep_expired().unwrap();
                assert_eq!(store.sweep_expired().unwrap(), 0);
            }
            Step::Sync => store.sync().unwrap(),
            Step::Compact => store.compact().unwrap(),
            Step::Reopen | Step::Crash | Step::Move => {
                self.follow();
                drop((items, store));
                match step {
                    Step::Reopen => self.reopen(),
                    Step::Crash => self.crash(),
                    _ => self.move_away(),
                }
            }
        }
    }

    /// Does as a watcher does: looks at what was written.
    fn follow(&mut self) {
        let items = self.items();
        let changes = self.changes.as_mut().unwrap();
        while let Some(change) = changes.next_within(Duration::ZERO).unwrap() {
            match items.get(&change.key).unwrap() {
                Some(value) => self.mirror.insert(change.key, value),
                None => self.mirror.remove(&change.key),
            };
        }
    }

    fn check(&mut self, model: &Model) {
        let items = self.items();
        let live = model.live();
        let found: BTreeMap<_, _> = items.iter().unwrap().collect::<Result<_>>().unwrap();
        assert_eq!(found, live);
        assert_eq!(items.len().unwrap(), live.len() as u64);
        let counts =
            self.store().range::<u64, u8>(..).unwrap().collect::<Result<Vec<_>>>().unwrap();
        assert_eq!(counts, model.counts.clone().into_iter().collect::<Vec<_>>());
        let by_group = items.index::<u8>("by_group").unwrap();
        let found = by_group.range(1..3).unwrap().collect::<Result<Vec<_>>>().unwrap();
        let expected = live.iter().filter(|(_, value)| (1..3).contains(&value.0));
        let mut expected: Vec<_> =
            expected.map(|(key, value)| (value.0, *key, value.clone())).collect();
        expected.sort();
        assert_eq!(found, expected);
        let by_ticket = items.index::<u8>("by_ticket").unwrap();
        for ticket in 0..6 {
            let found = by_ticket.get(&ticket).unwrap().map(|(key, _)| key);
            let holder = live.iter().find(|(_, value)| value.1 == Some(ticket));
            assert_eq!(found, holder.map(|(key, _)| *key));
        }
        for key in 0..12 {
            let found = items.history(&key).unwrap().map(|item| item.unwrap().1);
            let expected = model.earlier.get(&key).cloned().unwrap_or_default();
            assert_eq!(found.collect::<Vec<_>>(), expected);
        }
        self.follow();
        // Nobody writes when a value's time is over.
        let mirror = self.mirror.iter().filter(|(key, _)| live.contains_key(key));
        assert_eq!(
            mirror.map(|(key, value)| (*key, value.clone())).collect::<BTreeMap<_, _>>(),
            live
        );
        let report = self.store().verify().unwrap();
        let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, Vec::<String>::new());
    }
}

/// Whether it was written; the only reason not to is a ticket.
fn written(result: Result<()>) -> bool {
    match result {
        Ok(()) => true,
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::NotUnique { .. }), "{error}");
            false
        }
    }
}

fn stage(batch: &mut Batch, items: &Collection<u8, Value>, key: u8, value: &Option<Value>) {
    match value {
        Some(value) => batch.put_in(items, &key, value).unwrap(),
        None => batch.remove_from(items, &key),
    };
}

fn swap(store: &Store, items: &Collection<u8, Value>, a: u8, b: u8, model: &mut Model) {
    let swapped: Result<bool> = store.transaction(|tx| {
        let mut items = tx.collection(items);
        let (Some(x), Some(y)) = (items.get(&a)?, items.get(&b)?) else { return Ok(false) };
        items.put(&a, &y)?;
        items.put(&b, &x)?;
        // The transaction sees what it did, in indexes, too.
        let group: Vec<_> =
            items.find::<u8>("by_group", &x.0)?.into_iter().map(|it| it.0).collect();
        assert!(group.contains(&b));
        Ok(true)
    });
    let live = model.live();
    let (x, y) = (live.get(&a).cloned(), live.get(&b).cloned());
    assert_eq!(swapped.unwrap(), x.is_some() && y.is_some());
    if let (Some(x), Some(y)) = (x, y) {
        assert!(model.write(vec![(a, Some((y, None))), (b, Some((x, None)))]));
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_a_map(steps in prop::collection::vec(step(), 1..40)) {
        for engine in std::iter::once("memory").chain(on_disk()) {
            let (mut world, mut model) = (World::new(engine), Model::default());
            for step in steps.clone() {
                world.run(step, &mut model);
                world.check(&model);
            }
        }
    }
}
