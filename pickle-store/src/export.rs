//! A store as one stream, the same for all engines.
//!
//! ```text
//! stream  "PKLEXPT" 01, blocks, an empty block
//! block   ┌────────┬────────┬────────┬───────────────────────────────────────────┐
//!         │ length │ CRC-32 │ number │ key length (4), key, value length, value  │ ...
//!         │ 4      │ 4      │ 8      │                                           │
//!         └────────┴────────┴────────┴───────────────────────────────────────────┘
//! ```
//! Blocks count from 0; the CRC covers what follows it. What can be derived from the records is left
//! out, and made anew by the import; so is the log of changes.

use std::io::{Read, Write};

use crate::catalog;
use crate::engine::{Engine, KeyRange, Op, Order};
use crate::error::{Error, Result};
use crate::rebuild::rebuild;

const MAGIC: [u8; 8] = *b"PKLEXPT\x01";

/// Bytes per block, unless one record alone is larger.
const BLOCK: usize = 1 << 20;

/// Writes everything in an engine.
pub(crate) fn export(engine: &dyn Engine, writer: &mut dyn Write) -> Result<()> {
    writer.write_all(&MAGIC)?;
    let everything = engine.scan(KeyRange::prefix(&[]), Order::Ascending)?;
    // The catalog comes first, and may have grown when the scan is through: once more.
    let catalog = std::iter::once_with(|| engine.scan(catalog::range(), Order::Ascending));
    let catalog = catalog.flat_map(|scan| match scan {
        Ok(items) => items,
        Err(error) => Box::new(std::iter::once(Err(error))),
    });
    let (mut number, mut block) = (0_u64, number_of(0));
    for item in everything.chain(catalog) {
        let (key, value) = item?;
        if catalog::stays(&key) {
            continue;
        }
        for bytes in [key, value] {
            block.extend_from_slice(&length(&bytes)?);
            block.extend_from_slice(&bytes);
        }
        if block.len() >= BLOCK {
            write_block(writer, &block)?;
            number += 1;
            block = number_of(number);
        }
    }
    if block.len() > 8 {
        write_block(writer, &block)?;
        number += 1;
    }
    write_block(writer, &number_of(number))?;
    Ok(writer.flush()?)
}

fn number_of(number: u64) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn length(bytes: &[u8]) -> Result<[u8; 4]> {
    match u32::try_from(bytes.len()) {
        Ok(length) => Ok(length.to_le_bytes()),
        Err(_) => Err(Error::unsupported("a record of 4 GiB cannot be exported")),
    }
}

fn write_block(writer: &mut dyn Write, block: &[u8]) -> Result<()> {
    writer.write_all(&length(block)?)?;
    writer.write_all(&crc32fast::hash(block).to_le_bytes())?;
    Ok(writer.write_all(block)?)
}

/// Fills an empty engine. Until all is there, it bears a mark and cannot be opened as a store.
pub(crate) fn import(engine: &dyn Engine, reader: &mut dyn Read) -> Result<()> {
    let (mark, unmark) = catalog::import_marks();
    let marked = engine.get(mark.key())?.is_some();
    clear(engine, marked)?;
    let _ = engine.apply(&[], &[mark])?;
    if read(reader, MAGIC.len() as u64)? != MAGIC {
        return Err(Error::corrupt("this is no exported store"));
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
    for item in engine.scan(KeyRange::prefix(&[]), Order::Ascending)? {
        let (key, _) = item?;
        if !marked {
            return Err(Error::unsupported("a store can be imported into an empty place only"));
        }
        if *key != *mark.key() {
            let _ = engine.apply(&[], &[Op::Remove { key: key.to_vec() }])?;
        }
    }
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
    let mut part = || -> Option<Vec<u8>> {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let (part, after) = after.split_at_checked(length)?;
        rest = after;
        Some(part.to_vec())
    };
    let mut ops = Vec::new();
    while let Some(key) = part() {
        let value = part().ok_or_else(damaged)?;
        ops.push(Op::Put { key, value });
    }
    match rest.is_empty() {
        true => Ok(ops),
        false => Err(damaged()),
    }
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
