//! Many threads at once: single records are linearizable, transactions are serializable. And the
//! checks that say so find an engine that is not.

#[path = "../common/mod.rs"]
mod common;
mod flawed;
mod linear;
mod serial;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{folder_in_memory, on_disk, open_with};
use flawed::{Flaw, Flawed};
use linear::{Operation, What, is_linearizable};
use pickle_store::{Collection, Durability, ErrorKind, Result, Store};
use serial::Transaction;

const THREADS: u64 = 4;

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        // xorshift64*, by Vigna.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }
}

/// Runs a check on a store of each engine.
fn on_each_engine(check: impl Fn(&str, &Store)) {
    check("memory", &Store::builder("memory:").open().unwrap());
    check("a model", &Store::with_engine(Flawed::new(Flaw::Nothing)).unwrap());
    for engine in on_disk() {
        for durability in [Durability::Os, Durability::Sync] {
            let folder = folder_in_memory();
            check(engine, &open_with(engine, folder.path(), durability).unwrap());
        }
    }
}

/// One operation of a random kind on a register.
fn operate(
    registers: &Collection<u64, u64>,
    key: u64,
    new: u64,
    random: &mut Random,
    clock: &AtomicU64,
) -> Vec<Operation> {
    let now = || clock.fetch_add(1, Ordering::SeqCst);
    let mut done = Vec::new();
    let mut note = |called, what| done.push(Operation { called, returned: now(), what });
    let called = now();
    match random.below(8) {
        0 | 1 => {
            registers.put(&key, &new).unwrap();
            note(called, What::Write(new));
        }
        2 => {
            registers.remove(&key).unwrap();
            note(called, What::Remove);
        }
        3 | 4 => {
            let found = registers.get(&key).unwrap();
            note(called, What::Read(found));
        }
        _ => {
            let found = registers.get_versioned(&key).unwrap();
            let from = found.map(|(_, value)| value);
            note(called, What::Read(from));
            let called = now();
            let version = found.map(|(version, _)| version);
            let done = match registers.put_if(&key, version, &new) {
                Ok(_) => true,
                Err(error) if matches!(error.kind(), ErrorKind::Conflict) => false,
                Err(error) => panic!("{error}"),
            };
            note(called, What::Swap { from, to: new, done });
        }
    }
    done
}

/// Histories of some registers that many threads work on.
fn registers(store: &Store, seed: u64) -> Vec<Vec<Operation>> {
    let registers = store.collection::<u64, u64>(&format!("registers {seed}")).unwrap();
    let clock = AtomicU64::new(0);
    let histories = [const { Mutex::new(Vec::new()) }; 2];
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (registers, clock, histories) = (&registers, &clock, &histories);
            scope.spawn(move || {
                let mut random = Random::new(seed * THREADS + thread);
                for number in 0..30 {
                    let key = random.below(histories.len() as u64);
                    let new = thread * 1000 + number;
                    let done = operate(registers, key, new, &mut random, clock);
                    histories[key as usize].lock().unwrap().extend(done);
                }
            });
        }
    });
    histories.into_iter().map(|history| history.into_inner().unwrap()).collect()
}

#[test]
fn records_are_linearizable() {
    on_each_engine(|engine, store| {
        for seed in 0..15 {
            for history in registers(store, seed) {
                assert!(is_linearizable(history.clone()), "{engine}, seed {seed}: {history:#?}");
            }
        }
    });
}

#[test]
fn records_of_a_flawed_engine_are_found_not_to_be_linearizable() {
    for flaw in [Flaw::ExpectsNothing, Flaw::ChecksTooEarly, Flaw::ReadsThePast] {
        let store = Store::with_engine(Flawed::new(flaw)).unwrap();
        let mut found = (0..100).flat_map(|seed| registers(&store, seed));
        assert!(found.any(|history| !is_linearizable(history)), "{flaw:?} was not found");
    }
}

/// Transactions that read some lists and append to others; what is in the lists at the end.
fn appends(store: &Store, seed: u64) -> (Vec<Transaction>, HashMap<u64, Vec<u64>>) {
    const LISTS: u64 = 4;
    let lists = store.collection::<u64, Vec<u64>>(&format!("lists {seed}")).unwrap();
    let clock = AtomicU64::new(0);
    let history = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (lists, clock, history) = (&lists, &clock, &history);
            scope.spawn(move || {
                let mut random = Random::new(seed * THREADS + thread);
                for number in 0..25 {
                    let (a, b) = (random.below(LISTS), random.below(LISTS));
                    let value = thread * 1000 + number;
                    let began = clock.fetch_add(1, Ordering::SeqCst);
                    let reads = store.transaction(|tx| -> Result<_> {
                        let mut lists = tx.collection(lists);
                        let mut reads = Vec::new();
                        for list in [a, b] {
                            reads.push((list, lists.get(&list)?.unwrap_or_default()));
                        }
                        let mut longer = reads[0].1.clone();
                        longer.push(value);
                        lists.put(&a, &longer)?;
                        Ok(reads)
                    });
                    let transaction = Transaction {
                        began,
                        ended: clock.fetch_add(1, Ordering::SeqCst),
                        reads: reads.unwrap(),
                        appends: vec![(a, value)],
                    };
                    history.lock().unwrap().push(transaction);
                }
            });
        }
    });
    let lists = lists.iter().unwrap().collect::<Result<_>>().unwrap();
    (history.into_inner().unwrap(), lists)
}

#[test]
fn transactions_are_serializable() {
    on_each_engine(|engine, store| {
        for seed in 0..8 {
            let (history, lists) = appends(store, seed);
            let found = serial::anomaly(&history, &lists);
            assert_eq!(found, None, "{engine}, seed {seed}");
            assert_eq!(lists.values().map(Vec::len).sum::<usize>(), history.len());
        }
    });
}

#[test]
fn transactions_of_a_flawed_engine_are_found_not_to_be_serializable() {
    for flaw in [Flaw::ExpectsNothing, Flaw::ChecksTooEarly] {
        let store = Store::with_engine(Flawed::new(flaw)).unwrap();
        let mut found = (0..100).map(|seed| appends(&store, seed));
        let found = found.any(|(history, lists)| serial::anomaly(&history, &lists).is_some());
        assert!(found, "{flaw:?} was not found");
    }
}

/// Moves money between accounts while others add it up; the sums that they found.
fn bank(store: &Store, name: &str) -> Vec<i64> {
    const ACCOUNTS: u64 = 5;
    let accounts = store.collection::<u64, i64>(name).unwrap();
    for account in 0..ACCOUNTS {
        accounts.put(&account, &100).unwrap();
    }
    let sums = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (accounts, sums) = (&accounts, &sums);
            scope.spawn(move || {
                let mut random = Random::new(thread);
                for _ in 0..30 {
                    let (from, to) = (random.below(ACCOUNTS), random.below(ACCOUNTS));
                    let sum = store.transaction(|tx| -> Result<i64> {
                        let mut accounts = tx.collection(accounts);
                        if thread == 0 {
                            let all = accounts.range(..)?;
                            return Ok(all.iter().map(|(_, balance)| balance).sum());
                        }
                        let balance = accounts.get(&from)?.unwrap();
                        accounts.put(&from, &(balance - 7))?;
                        let balance = accounts.get(&to)?.unwrap();
                        accounts.put(&to, &(balance + 7))?;
                        Ok(100 * ACCOUNTS as i64)
                    });
                    sums.lock().unwrap().push(sum.unwrap());
                }
            });
        }
    });
    let last = accounts.iter().unwrap().map(|item| item.unwrap().1).sum();
    sums.into_inner().unwrap().into_iter().chain([last]).collect()
}

#[test]
fn a_bank_neither_makes_nor_loses_money() {
    on_each_engine(|engine, store| {
        let sums = bank(store, "accounts");
        assert_eq!(sums, vec![500; sums.len()], "{engine}");
    });
}

#[test]
fn a_bank_on_a_flawed_engine_does() {
    let store = Store::with_engine(Flawed::new(Flaw::ExpectsNothing)).unwrap();
    let mut sums = (0..100).flat_map(|round| bank(&store, &format!("accounts {round}")));
    assert!(sums.any(|sum| sum != 500));
}

/// Two accounts of one customer: either may be overdrawn while both together are not. What is left
/// after more was asked for than there is.
fn overdraw(store: &Store, name: &str) -> i64 {
    let accounts = store.collection::<u64, i64>(name).unwrap();
    accounts.put(&0, &10).unwrap();
    accounts.put(&1, &10).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let accounts = &accounts;
            scope.spawn(move || {
                for _ in 0..10 {
                    let done = store.transaction(|tx| -> Result<()> {
                        let mut accounts = tx.collection(accounts);
                        let balances = [accounts.get(&0)?.unwrap(), accounts.get(&1)?.unwrap()];
                        match balances[0] + balances[1] {
                            0 => Ok(()),
                            _ => accounts.put(&(thread % 2), &(balances[thread as usize % 2] - 1)),
                        }
                    });
                    done.unwrap();
                }
            });
        }
    });
    accounts.iter().unwrap().map(|item| item.unwrap().1).sum()
}

#[test]
fn write_skew_does_not_overdraw() {
    on_each_engine(|engine, store| assert_eq!(overdraw(store, "accounts"), 0, "{engine}"));
}
