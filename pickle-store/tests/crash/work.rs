//! What is written until the end comes, and what must be left of it.
//!
//! Step `n` of a thread is two writes, one after the other: a batch of records that belong
//! together, which removes those of step `n - KEPT`; and a transaction that moves money and counts
//! itself.

use std::io::Write as _;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use pickle_store::{Collection, Durability, Error, Result, Store};

use crate::common::{open, open_with};

/// Steps whose records stay.
const KEPT: u64 = 50;
const ACCOUNTS: u64 = 8;
const MONEY: i64 = 100;

/// When what was written is put on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With each write: `Durability::Sync`, and several threads.
    Sync,
    /// In the background.
    Every,
    /// By a call of `sync` after so many writes.
    Window(u64),
    /// Never.
    Never,
}

impl Mode {
    pub(crate) fn threads(self) -> u64 {
        match self {
            Self::Sync | Self::Every => 3,
            Self::Window(_) | Self::Never => 1,
        }
    }

    fn durability(self) -> Durability {
        match self {
            Self::Sync => Durability::Sync,
            Self::Every => Durability::Every(Duration::from_millis(5)),
            Self::Window(_) | Self::Never => Durability::Os,
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sync" => Ok(Self::Sync),
            "every" => Ok(Self::Every),
            "never" => Ok(Self::Never),
            _ => text.parse().map(Self::Window).map_err(|_| format!("unknown mode {text:?}")),
        }
    }
}

struct Tables {
    store: Store,
    items: Collection<(u64, u64), (u64, Vec<u8>)>,
    twins: Collection<(u64, u64), u64>,
    accounts: Collection<u64, i64>,
    counts: Collection<u64, u64>,
}

impl Tables {
    fn new(store: Store) -> Result<Self> {
        Ok(Self {
            // `verify` compares indexes with records.
            items: store
                .define::<(u64, u64), (u64, Vec<u8>)>("items")
                .index("by_number", |item| item.0)
                .open()?,
            twins: store.collection("twins")?,
            accounts: store.collection("accounts")?,
            counts: store.collection("counts")?,
            store,
        })
    }

    fn replace(&self, thread: u64, number: u64) -> Result<()> {
        // Every so often a large one.
        let size = if number % 10 == 9 { 60_000 } else { 100 };
        let mut batch = self.store.batch();
        batch.put_in(&self.items, &(thread, number), &(number, vec![number as u8; size]))?;
        batch.put_in(&self.twins, &(thread, number), &number)?;
        if let Some(old) = number.checked_sub(KEPT) {
            batch.remove_from(&self.items, &(thread, old));
            batch.remove_from(&self.twins, &(thread, old));
        }
        batch.commit()
    }

    fn transfer(&self, thread: u64, number: u64) -> Result<()> {
        let (from, to) = (number % ACCOUNTS, (number / 3 + thread) % ACCOUNTS);
        self.store.transaction(|tx| {
            let mut accounts = tx.collection(&self.accounts);
            let balance = accounts.get(&from)?.unwrap_or(MONEY);
            accounts.put(&from, &(balance - 1))?;
            let balance = accounts.get(&to)?.unwrap_or(MONEY);
            accounts.put(&to, &(balance + 1))?;
            tx.collection(&self.counts).put(&thread, &number)
        })
    }
}

/// Writes until the process ends, or the disk does. Tells what was written and what was synced.
pub(crate) fn write(mode: Mode, engine: &str, folder: &Path) {
    let store = open_with(engine, folder, mode.durability()).unwrap();
    let tables = Tables::new(store).unwrap();
    println!("opened");
    let say = |what: &str, thread: u64, number: u64| {
        let mut out = std::io::stdout().lock();
        // Nobody listens any more: then it is over.
        let said = writeln!(out, "{what} {thread} {number}").and_then(|()| out.flush());
        said.map_err(Error::from)
    };
    let run = |thread: u64| -> Result<std::convert::Infallible> {
        let last = tables.items.prefix(&(thread,))?.next_back().transpose()?;
        let last = last.map(|((_, last), _)| last);
        // The one before may have ended between the two writes of a step.
        let count = tables.counts.get(&thread)?;
        if let Some(last) = last.filter(|_| last != count) {
            tables.transfer(thread, last)?;
        }
        for number in last.map_or(0, |last| last + 1).. {
            tables.replace(thread, number)?;
            tables.transfer(thread, number)?;
            say("wrote", thread, number)?;
            match mode {
                Mode::Sync => say("synced", thread, number)?,
                Mode::Window(size) if number % size == size - 1 => {
                    tables.store.sync()?;
                    say("synced", thread, number)?;
                }
                _ => {}
            }
        }
        unreachable!("the numbers have no end")
    };
    std::thread::scope(|scope| {
        let run = &run;
        for thread in 0..mode.threads() {
            scope.spawn(move || {
                let Err(error) = run(thread);
                println!("ended {error:?}");
                std::process::exit(1);
            });
        }
        // A snapshot syncs the journal, which makes wide windows narrow: so not in each process.
        if std::process::id().is_multiple_of(2) {
            return;
        }
        scope.spawn(|| {
            while tables.store.compact().is_ok() {
                std::thread::sleep(Duration::from_millis(40));
            }
        });
    });
}

/// What a store holds after its end: the last step of each thread.
pub(crate) fn check(engine: &str, folder: &Path, threads: u64) -> Result<Vec<Option<u64>>, String> {
    let explain = |error: Error| error.to_string();
    let tables = open(engine, folder).and_then(Tables::new).map_err(explain)?;
    let report = tables.store.verify().map_err(explain)?;
    if let Some(problem) = report.problems.first() {
        return Err(format!("verify: {problem}"));
    }
    let steps = (0..threads).map(|thread| last_step(&tables, thread)).collect();
    let balances = tables.accounts.iter().map_err(explain)?;
    let balances: Vec<_> = balances.collect::<Result<_>>().map_err(explain)?;
    let sum: i64 = balances.iter().map(|(_, balance)| balance - MONEY).sum();
    if sum != 0 {
        return Err(format!("a torn transaction: {balances:?}"));
    }
    steps
}

fn last_step(tables: &Tables, thread: u64) -> Result<Option<u64>, String> {
    let explain = |error: Error| error.to_string();
    let items: Vec<_> = tables
        .items
        .prefix(&(thread,))
        .and_then(|items| items.collect::<Result<_>>())
        .map_err(explain)?;
    let twins: Vec<_> = tables
        .twins
        .prefix(&(thread,))
        .and_then(|twins| twins.collect::<Result<_>>())
        .map_err(explain)?;
    let numbers: Vec<u64> = items.iter().map(|((_, number), _)| *number).collect();
    if numbers != twins.iter().map(|(_, number)| *number).collect::<Vec<_>>() {
        return Err(format!("a torn batch of thread {thread}"));
    }
    let count = tables.counts.get(&thread).map_err(explain)?;
    let Some(last) = numbers.last().copied() else {
        return match count {
            None => Ok(None),
            Some(count) => Err(format!("the batches of thread {thread} are gone before {count}")),
        };
    };
    let expected: Vec<u64> = ((last + 1).saturating_sub(KEPT)..=last).collect();
    if numbers != expected {
        return Err(format!("a gap or a torn batch of thread {thread}: {numbers:?}"));
    }
    for ((_, number), (copy, bytes)) in &items {
        if copy != number || bytes.iter().any(|byte| *byte != *number as u8) {
            return Err(format!("a wrong value at {thread}, {number}"));
        }
    }
    // The transaction of the last step may not have come.
    match count == Some(last) || count == last.checked_sub(1) {
        true => Ok(Some(last)),
        false => Err(format!("thread {thread}: {count:?} transactions after {last}")),
    }
}
