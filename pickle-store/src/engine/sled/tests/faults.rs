//! Every operation on the disk fails once, in every way; and power goes at any moment. What was
//! acknowledged is there, all batches are whole, and the store opens.

use super::sim::{Fault, Random, SimDisk};
use super::*;

/// A store on a simulated disk, and all that it may hold.
struct Run {
    disk: Arc<SimDisk>,
    folder: tempfile::TempDir,
    random: Random,
    durability: Durability,
    /// The states after each write, the latest last.
    history: Vec<Model>,
    /// States before this one must not come back.
    acknowledged: usize,
}

/// The key whose value is the number of the state.
const NUMBER: &[u8] = b"number";

impl Run {
    fn new(seed: u64, durability: Durability) -> Self {
        let memory = Path::new("/dev/shm");
        // The index is synced when a store is closed: in memory that costs nothing.
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory).unwrap(),
            false => tempfile::tempdir().unwrap(),
        };
        Self {
            disk: Arc::new(SimDisk::new()),
            folder,
            random: Random::new(seed),
            durability,
            history: vec![Model::new()],
            acknowledged: 0,
        }
    }

    fn open(&self) -> Result<SledEngine> {
        let disk: Arc<dyn Disk> = Arc::<SimDisk>::clone(&self.disk);
        SledEngine::open_on(disk, self.folder.path(), self.durability.into())
    }

    /// A batch of some writes. Where it fails and the store goes on, it left nothing.
    fn write(&mut self, engine: &SledEngine) -> Result<()> {
        let number = self.history.len() as u64;
        let mut state = self.history.last().unwrap().clone();
        let mut ops = vec![(NUMBER.to_vec(), Some(number.to_le_bytes().to_vec()))];
        for _ in 0..self.random.below(4) {
            let key = vec![self.random.below(12) as u8];
            let size = if self.random.one_in(8) { 40_000 } else { self.random.below(1500) };
            let value = (!self.random.one_in(4)).then(|| vec![number as u8; size as usize]);
            ops.push((key, value));
        }
        let ops: Vec<Op> = ops
            .into_iter()
            .map(|(key, value)| match value {
                Some(value) => {
                    state.insert(key.clone(), value.clone());
                    Op::Put { key, value }
                }
                None => {
                    state.remove(&key);
                    Op::Remove { key }
                }
            })
            .collect();
        let result = engine.apply(&[], &ops);
        match &result {
            Ok(applied) => {
                assert_eq!(*applied, Applied::Committed);
                self.history.push(state);
                if self.durability == Durability::Sync {
                    self.acknowledged = self.history.len() - 1;
                }
            }
            // It may show when the store is opened again.
            Err(error) if matches!(error.kind(), ErrorKind::Poisoned { .. }) => {
                self.history.push(state);
            }
            // Another thread may poison the store in between.
            Err(_) if engine.core.journal.check().is_err() => {}
            Err(_) => assert_eq!(contents(engine), *self.history.last().unwrap()),
        }
        result.map(|_| ())
    }

    fn sync(&mut self, engine: &SledEngine) -> Result<()> {
        engine.sync()?;
        self.acknowledged = self.history.len() - 1;
        Ok(())
    }

    /// Opens the store where nothing stands in the way.
    fn reopen(&mut self) -> SledEngine {
        let engine = self.open().unwrap();
        self.check(&engine);
        engine
    }

    /// Compares an opened store with the history, which ends there now.
    fn check(&mut self, engine: &SledEngine) {
        let found = contents(engine);
        let number = found
            .get(NUMBER)
            .map_or(0, |number| u64::from_le_bytes(number.as_slice().try_into().unwrap()) as usize);
        assert!(number >= self.acknowledged, "state {number} of {}", self.acknowledged);
        assert!(found == self.history[number], "a torn batch at {number}");
        self.history.truncate(number + 1);
        self.acknowledged = number;
    }

    /// Some of all that a store does. It ends where the store refuses to go on.
    fn work(&mut self) -> Result<()> {
        let engine = self.open()?;
        for step in 0..12 {
            let result = match step {
                4 | 9 => engine.core.checkpoint(),
                6 => self.sync(&engine),
                _ => self.write(&engine),
            };
            match result {
                Err(error) if matches!(error.kind(), ErrorKind::Poisoned { .. }) => {
                    assert!(engine.get(NUMBER).is_err(), "a poisoned store gives values");
                    return Err(error);
                }
                Err(error) if !matches!(error.kind(), ErrorKind::Io(_)) => panic!("{error}"),
                _ => {}
            }
        }
        drop(engine);
        let engine = self.open()?;
        self.check(&engine);
        self.write(&engine)
    }
}

/// Lets each operation of the same work fail in turn.
fn each_operation_fails(fault: Fault, durability: Durability) {
    let mut run = Run::new(1, durability);
    run.work().unwrap();
    let operations = run.disk.operations();
    assert!(operations > 100, "{operations}");
    for operation in 0..operations {
        let mut run = Run::new(1, durability);
        run.disk.plan(operation, fault);
        // What fails is an error of a kind that `work` knows, or is made good for.
        let _ = run.work();
        assert!(run.disk.fired(), "operation {operation}");
        let mut random = Random::new(operation);
        match fault {
            Fault::Crash => run.disk.switch_on(&mut random),
            _ => run.disk.restart(),
        }
        let engine = run.reopen();
        run.write(&engine).unwrap();
        run.sync(&engine).unwrap();
        // What was read after a failure is on disk now, too.
        run.disk.switch_off();
        drop(engine);
        run.disk.switch_on(&mut random);
        drop(run.reopen());
        drop(run.reopen());
    }
}

#[test]
fn any_operation_may_fail() {
    each_operation_fails(Fault::Io, Durability::Sync);
}

#[test]
fn any_operation_may_fail_when_nothing_waits_for_the_disk() {
    each_operation_fails(Fault::Io, Durability::Os);
}

#[test]
fn the_disk_may_be_full_at_any_operation() {
    each_operation_fails(Fault::NoSpace, Durability::Sync);
}

#[test]
fn any_write_may_be_cut_short() {
    each_operation_fails(Fault::ShortWrite, Durability::Sync);
}

#[test]
fn power_may_go_at_any_operation() {
    each_operation_fails(Fault::Crash, Durability::Sync);
}

#[test]
fn power_may_go_at_any_operation_when_nothing_waits_for_the_disk() {
    each_operation_fails(Fault::Crash, Durability::Os);
}

/// Several power cuts in one life of a store. `PICKLE_STORE_ROUNDS` asks for more of them.
#[test]
fn power_may_go_again_and_again() {
    let rounds = std::env::var("PICKLE_STORE_ROUNDS").map_or(60, |rounds| rounds.parse().unwrap());
    for seed in 0..rounds {
        let mut run = Run::new(seed, Durability::Sync);
        for _ in 0..4 {
            run.durability = match run.random.below(3) {
                0 => Durability::Os,
                _ => Durability::Sync,
            };
            let operation = run.disk.operations() + run.random.below(120);
            run.disk.plan(operation, Fault::Crash);
            while !run.disk.is_off() {
                let _ = one_life(&mut run);
            }
            damage_the_index(&mut run);
            let mut random = Random::new(seed ^ operation);
            run.disk.switch_on(&mut random);
            drop(run.reopen());
        }
    }
}

fn one_life(run: &mut Run) -> Result<()> {
    let engine = run.open()?;
    for _ in 0..run.random.below(40) {
        match run.random.below(10) {
            0 => engine.core.checkpoint()?,
            1 => run.sync(&engine)?,
            _ => run.write(&engine)?,
        }
    }
    drop(engine);
    if !run.disk.is_off() {
        // Closing syncs.
        run.acknowledged = run.history.len() - 1;
    }
    Ok(())
}

#[test]
fn power_may_go_when_a_snapshot_has_seen_what_the_journal_lost() {
    for seed in 0..20 {
        let mut run = Run::new(seed, Durability::Os);
        let engine = run.open().unwrap();
        // Between the first and the last key that writes change, so that scans take their time.
        let many: Vec<_> = (0..1000_u16).map(|n| [&[50], &n.to_be_bytes()[..]].concat()).collect();
        let put = |key: &Vec<u8>| Op::Put { key: key.clone(), value: vec![7] };
        let ops: Vec<_> = many.iter().map(put).collect();
        assert_eq!(engine.apply(&[], &ops).unwrap(), Applied::Committed);
        run.history = vec![many.iter().map(|key| (key.clone(), vec![7])).collect()];
        run.sync(&engine).unwrap();
        let operation = run.disk.operations() + 8 + run.random.below(60);
        run.disk.plan(operation, Fault::Crash);
        std::thread::scope(|scope| {
            let snapshots = scope.spawn(|| while engine.core.checkpoint().is_ok() {});
            while run.write(&engine).is_ok() {}
            snapshots.join().unwrap();
        });
        drop(engine);
        let mut random = Random::new(seed);
        run.disk.switch_on(&mut random);
        drop(run.reopen());
    }
}

/// A power cut leaves anything of sled's files, unless the manifest says that they are whole.
fn damage_the_index(run: &mut Run) {
    let file = run.folder.path().join(INDEX).join("db");
    let Ok(mut bytes) = fs::read(&file) else { return };
    if run.disk.may_be_closed() || bytes.is_empty() {
        return;
    }
    for _ in 0..run.random.below(4) {
        let at = run.random.below(bytes.len() as u64) as usize;
        bytes.truncate(bytes.len().min(at + 4096));
        bytes[at..].fill(run.random.below(256) as u8);
    }
    fs::write(file, bytes).unwrap();
}
