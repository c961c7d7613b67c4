//! Whether snapshot and journals are whole, and the index is what they make.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use super::super::{KeyRange, Op, Order};
use super::journal::{self, End, Tail};
use super::manifest::Manifest;
use super::{Core, snapshot};
use crate::catalog;
use crate::error::{Error, ErrorKind, Result};

impl Core {
    /// Reads snapshot and journals as opening after a crash would, and compares the index with
    /// them. Where it differs, it is not used any more: the next open builds it anew.
    pub(super) fn verify(&self) -> Result<Vec<Error>> {
        // As long as it is held, no file goes.
        let manifest = self.manifest.lock().unwrap_or_else(|poison| poison.into_inner());
        let differing = match self.compare(&manifest) {
            Ok(differing) => differing,
            Err(error) => match error.kind() {
                ErrorKind::Corrupt { .. } | ErrorKind::Poisoned { .. } => return Ok(vec![error]),
                _ => return Err(error),
            },
        };
        if differing.hashes.is_empty() {
            return Ok(Vec::new());
        }
        let problems = self.compare_again(&manifest, &differing)?;
        if !problems.is_empty() {
            let _ = self.journal.poison("the index is not what the journal makes".to_owned());
        }
        Ok(problems)
    }

    /// Keys whose values in the index are not those of the files, by their hashes. What others
    /// write meanwhile may be among them.
    fn compare(&self, manifest: &Manifest) -> Result<Differing> {
        let hasher = RandomState::new();
        let mut expected = HashMap::new();
        let end = self.journal.writer()?.end();
        self.replay(manifest, end, |op| {
            let key = hasher.hash_one(op.key());
            match op.value() {
                Some(value) => expected.insert(key, hasher.hash_one(value)),
                None => expected.remove(&key),
            };
        })?;
        let mut keys = Vec::new();
        for item in self.index()?.scan(&KeyRange::prefix(&[]), Order::Ascending) {
            let (key, value) = item?;
            let hash = hasher.hash_one(&*key);
            if expected.remove(&hash) != Some(hasher.hash_one(&*value)) {
                keys.push(key.to_vec());
            }
        }
        let mut hashes: HashSet<_> = keys.iter().map(|key| hasher.hash_one(&**key)).collect();
        hashes.extend(expected.into_keys());
        Ok(Differing { hasher, hashes, keys })
    }

    /// Compares some keys while nobody writes.
    fn compare_again(&self, manifest: &Manifest, differing: &Differing) -> Result<Vec<Error>> {
        let writer = self.journal.writer()?;
        let Differing { hasher, hashes, keys } = differing;
        let mut expected: BTreeMap<_, _> = keys.iter().map(|key| (key.clone(), None)).collect();
        self.replay(manifest, writer.end(), |op| {
            if hashes.contains(&hasher.hash_one(op.key())) {
                expected.insert(op.key().to_vec(), op.value().map(|value| hasher.hash_one(value)));
            }
        })?;
        let mut problems = Vec::new();
        for (key, value) in expected {
            let found = self.index()?.get(&key)?.map(|value| hasher.hash_one(&*value));
            let what = match (found, value) {
                (None, Some(_)) => "a record is missing in the index",
                (Some(_), None) => "a removed record is in the index",
                (found, value) if found != value => "another value is in the index",
                _ => continue,
            };
            problems.push(Error::corrupt(what).at_key(catalog::readable(&key)));
        }
        Ok(problems)
    }

    /// Replays what was written up to `known`, and perhaps more.
    fn replay(&self, manifest: &Manifest, known: End, mut each: impl FnMut(&Op)) -> Result<()> {
        let (disk, folder) = (&*self.disk, &*self.folder);
        let mut each = |_, ops: &[Op]| {
            ops.iter().for_each(&mut each);
            Ok(())
        };
        let mut end = End { seq: 0, length: 0 };
        if manifest.base > 0 {
            end.seq = snapshot::read(disk, folder, manifest.base, &mut each)?;
        }
        for number in manifest.base..=manifest.last {
            // Others write behind `known`, and what they have not finished looks torn.
            let torn = number == manifest.last;
            let tail = if torn { Tail::MayBeTorn } else { Tail::Whole };
            end = journal::replay(disk, folder, number, end.seq, tail, &mut each)?;
        }
        match end.seq >= known.seq && end.length >= known.length {
            true => Ok(()),
            false => {
                let path = journal::path(folder, manifest.last);
                let (path, at) = (path.display(), end.length);
                Err(Error::corrupt(format!("a damaged write in {path} at byte {at}")))
            }
        }
    }
}

struct Differing {
    hasher: RandomState,
    hashes: HashSet<u64>,
    /// Those of them that are in the index.
    keys: Vec<Vec<u8>>,
}
