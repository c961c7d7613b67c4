//! A store as one stream, the same for all engines.
//!
//! ```text
//! stream  "PKLEXPT" 02, blocks, an empty block
//! block   ┌────────┬────────┬────────┬───────────────────────────────────────────┐
//!         │ length │ CRC-32 │ number │ key length (4), key, value length, value  │ ...
//!         │ 4      │ 4      │ 8      │                                           │
//!         └────────┴────────┴────────┴───────────────────────────────────────────┘
//! ```
//! Blocks count from 0; the CRC covers what follows it. A later entry for a key replaces an earlier
//! one; a value length of `ff ff ff ff` removes the key. What can be derived from the records is
//! left out, and made anew by the import; so is the log of changes. Streams of version 01 remove
//! nothing.
//!
//! An export is of one moment, although others write meanwhile: what they wrote while it scanned
//! comes again behind that, and the last of it is read while they wait.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::Mutex;

use crate::catalog;
use crate::engine::{Engine, KeyRange, Op, Order};
use crate::error::{Error, Result};
use crate::inner::Inner;
use crate::rebuild::rebuild;

const MAGIC: [u8; 7] = *b"PKLEXPT";
const VERSION: u8 = 2;

/// The value length of a key that is removed.
const REMOVED: [u8; 4] = [0xff; 4];

/// So many keys may be read while writers wait.
const LAST: usize = 256;

/// How often the export tries to come so close to the writers.
const ROUNDS: u32 = 8;

/// Bytes per block, unless one record alone is larger.
const BLOCK: usize = 1 << 20;

/// Writes everything in a store as it is at one moment before it returns.
pub(crate) fn export(inner: &Inner, writer: &mut dyn Write) -> Result<()> {
    let engine = inner.engine();
    let written = inner.follow_writes();
    let mut blocks = Blocks::begin(writer)?;
    for item in engine.scan(KeyRange::prefix(&[]), Order::Ascending)? {
        let (key, value) = item?;
        blocks.put(&key, Some(&value))?;
    }
    let mut keys = written.take();
    for _ in 0..ROUNDS {
        if keys.len() <= LAST {
            break;
        }
        for key in keys {
            blocks.put(&key, engine.get(&key)?.as_deref())?;
        }
        keys = written.take();
    }
    // No write is between plan and commit as long as this is held.
    let waiting = inner.spaces.write();
    keys.append(&mut written.take());
    let mut last = Vec::with_capacity(keys.len());
    for key in keys {
        let value = engine.get(&key)?;
        last.push((key.into(), value));
    }
    for item in engine.scan(catalog::range(), Order::Ascending)? {
        let (key, value) = item?;
        last.push((key, Some(value)));
    }
    drop(waiting);
    for (key, value) in last {
        blocks.put(&key, value.as_deref())?;
    }
    blocks.end()
}

/// The blocks of a stream as they are written.
struct Blocks<'w> {
    writer: &'w mut dyn Write,
    number: u64,
    block: Vec<u8>,
}

impl<'w> Blocks<'w> {
    fn begin(writer: &'w mut dyn Write) -> Result<Self> {
        writer.write_all(&MAGIC)?;
        writer.write_all(&[VERSION])?;
        Ok(Self { writer, number: 0, block: number_of(0) })
    }

    fn put(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        if catalog::stays(key) {
            return Ok(());
        }
        self.block.extend_from_slice(&length(key)?);
        self.block.extend_from_slice(key);
        match value {
            None => self.block.extend_from_slice(&REMOVED),
            Some(value) => {
                self.block.extend_from_slice(&length(value)?);
                self.block.extend_from_slice(value);
            }
        }
        match self.block.len() >= BLOCK {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.write_all(&length(&self.block)?)?;
        self.writer.write_all(&crc32fast::hash(&self.block).to_le_bytes())?;
        self.writer.write_all(&self.block)?;
        self.number += 1;
        self.block = number_of(self.number);
        Ok(())
    }

    fn end(mut self) -> Result<()> {
        if self.block.len() > 8 {
            self.flush()?;
        }
        self.flush()?;
        Ok(self.writer.flush()?)
    }
}

fn number_of(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn length(bytes: &[u8]) -> Result<[u8; 4]> {
    match u32::try_from(bytes.len()).map(u32::to_le_bytes) {
        Ok(length) if length != REMOVED => Ok(length),
        _ => Err(Error::unsupported("a record of 4 GiB cannot be exported")),
    }
}

/// Keys that were written since somebody began to ask.
#[derive(Default)]
pub(crate) struct Written(Mutex<BTreeSet<Vec<u8>>>);

impl Written {
    pub(crate) fn add(&self, ops: &[Op]) {
        let mut keys = self.0.lock().unwrap_or_else(|poison| poison.into_inner());
        keys.extend(ops.iter().map(|op| op.key().to_vec()).filter(|key| !catalog::stays(key)));
    }

    fn take(&self) -> BTreeSet<Vec<u8>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(|poison| poison.into_inner()))
    }
}

/// Fills an empty engine. Until all is there, it bears a mark and cannot be opened as a store.
pub(crate) fn import(engine: &dyn Engine, reader: &mut dyn Read) -> Result<()> {
    let (mark, unmark) = catalog::import_marks();
    let marked = engine.get(mark.key())?.is_some();
    clear(engine, marked)?;
    let _ = engine.apply(&[], &[mark])?;
    match read(reader, MAGIC.len() as u64 + 1)?.strip_prefix(&MAGIC) {
        Some([1..=VERSION]) => {}
        Some(_) => return Err(Error::unsupported("an exported store of a newer version")),
        None => return Err(Error::corrupt("this is no exported store")),
    }
    for number in 0.. {
        let ops = read_block(reader, number)?;
        if ops.is_empty() {
            break;
        }
        let _ = engine.apply(&[], &ops)?;
    }
    rebuild(engine)?;
    let _ = engine.apply(&[], &[unmark])?;
    engine.sync()
}

/// Empties an engine that an import left behind; refuses any other that is not empty.
fn clear(engine: &dyn Engine, marked: bool) -> Result<()> {
    let (mark, _) = catalog::import_marks();
    let mut ops = Vec::new();
    for item in engine.scan(KeyRange::prefix(&[]), Order::Ascending)? {
        let (key, _) = item?;
        if !marked && !catalog::is_in_each(&key) {
            return Err(Error::unsupported("a store can be imported into an empty place only"));
        }
        // The mark stays until the next import ends.
        if *key != *mark.key() {
            ops.push(Op::Remove { key: key.to_vec() });
        }
        if ops.len() == 1024 {
            let _ = engine.apply(&[], &std::mem::take(&mut ops))?;
        }
    }
    let _ = engine.apply(&[], &ops)?;
    Ok(())
}

fn read_block(reader: &mut dyn Read, number: u64) -> Result<Vec<Op>> {
    let size = four(&read(reader, 4)?)?;
    let crc = four(&read(reader, 4)?)?;
    let block = read(reader, size.into())?;
    let damaged = || Error::corrupt(format!("block {number} of the stream is damaged"));
    if crc32fast::hash(&block) != crc {
        return Err(damaged());
    }
    let Some(mut rest) = block.strip_prefix(&number.to_le_bytes()) else { return Err(damaged()) };
    let mut ops = Vec::new();
    while !rest.is_empty() {
        let key = part(&mut rest).ok_or_else(damaged)?;
        ops.push(match rest.strip_prefix(&REMOVED) {
            Some(after) => {
                rest = after;
                Op::Remove { key }
            }
            None => Op::Put { key, value: part(&mut rest).ok_or_else(damaged)? },
        });
    }
    Ok(ops)
}

fn part(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *rest = after;
    Some(part.to_vec())
}

/// Reads so many bytes. Memory grows with what arrives, not with what is announced.
fn read(reader: &mut dyn Read, count: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    reader.take(count).read_to_end(&mut out)?;
    match out.len() as u64 == count {
        true => Ok(out),
        false => Err(Error::corrupt("the stream ends early")),
    }
}

fn four(bytes: &[u8]) -> Result<u32> {
    let bytes = bytes.try_into().map_err(|_| Error::corrupt("the stream ends early"))?;
    Ok(u32::from_le_bytes(bytes))
}
