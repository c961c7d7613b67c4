//! What all handles of a store share: the engine, the catalog, and how records come and go.

use std::sync::Arc;

use pickle_core::{Limits, Pickle, Schema, UnpickleOwned};

use crate::catalog::{self, Catalog, OBJECTS};
use crate::engine::{Applied, Engine, Expect, KeyRange, Op};
use crate::error::{Error, ErrorKind, Result};
use crate::iter::Iter;
use crate::key::{AnyKey, KeyEncoder, ToKey};
use crate::record::{self, Record, Version};
use crate::watch::{Hub, Watch};

pub(crate) struct Inner {
    // In this order: the engine closes its files before their folder goes.
    engine: Box<dyn Engine>,
    _folder: Option<tempfile::TempDir>,
    catalog: Catalog,
    limits: Limits,
    hub: Arc<Hub>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.hub.close();
    }
}

/// Where a key of the store itself is in the engine.
pub(crate) fn object_key(key: &(impl ToKey + ?Sized)) -> Vec<u8> {
    KeyEncoder::tagged(&[OBJECTS], key)
}

#[cold]
pub(crate) fn at(error: Error, key: &(impl ToKey + ?Sized)) -> Error {
    match AnyKey::decode(&KeyEncoder::tagged(&[], key)) {
        Ok(key) => error.at_key(key.quoted()),
        Err(_) => error,
    }
}

impl Inner {
    pub(crate) fn open(
        engine: Box<dyn Engine>,
        limits: Limits,
        folder: Option<tempfile::TempDir>,
    ) -> Result<Self> {
        let catalog = Catalog::open(&*engine)?;
        let hub = Arc::new(Hub::new());
        Ok(Self { engine, catalog, limits, hub, _folder: folder })
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// Adds the writes that store a value; returns its version.
    pub(crate) fn stage<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        value: &V,
        ops: &mut Vec<Op>,
    ) -> Result<Version> {
        let version = self.catalog.version(self.engine())?;
        let value_bytes = record::encode(&key, version, value, self.limits)?;
        let fingerprint = record::fingerprint(&value_bytes[record::HEADER..])
            .ok_or_else(|| Error::corrupt("a pickle without a fingerprint"))?;
        ops.extend(self.catalog.describe(self.engine(), fingerprint, Schema::of::<V>)?);
        ops.push(Op::Put { key, value: value_bytes });
        Ok(version)
    }

    pub(crate) fn commit(&self, expect: &[Expect], ops: &[Op]) -> Result<Applied> {
        let applied = self.hub.around(ops, || self.engine.apply(expect, ops))?;
        if applied == Applied::Committed {
            self.catalog.written(ops);
        }
        Ok(applied)
    }

    pub(crate) fn watch<K>(
        &self,
        prefix: &[u8],
        after: Option<u64>,
        decode: fn(&[u8]) -> Result<K>,
    ) -> Result<Watch<K>> {
        // Taking a version moves the ceiling that the next opening begins at, so that its
        // numbers are beyond ours.
        self.hub.start(|| Ok(self.catalog.version(self.engine())?.get() << 20))?;
        Ok(Watch::new(&self.hub, prefix, after, decode))
    }

    pub(crate) fn put<V: Pickle + ?Sized>(&self, key: Vec<u8>, value: &V) -> Result<()> {
        let mut ops = Vec::with_capacity(2);
        self.stage(key, value, &mut ops)?;
        // Nothing was expected, so nothing can be in conflict.
        self.commit(&[], &ops).map(|_| ())
    }

    /// Stores a value if the record is still of this version, or absent.
    pub(crate) fn put_if<V: Pickle + ?Sized>(
        &self,
        key: Vec<u8>,
        expected: Option<Version>,
        value: &V,
    ) -> Result<Option<Version>> {
        let expect = expect(key.clone(), expected);
        let mut ops = Vec::with_capacity(2);
        let version = self.stage(key, value, &mut ops)?;
        match self.commit(&[expect], &ops)? {
            Applied::Committed => Ok(Some(version)),
            Applied::Conflict => Ok(None),
        }
    }

    pub(crate) fn get<V: UnpickleOwned>(&self, key: &[u8]) -> Result<Option<(Version, V)>> {
        match self.engine.get(key)? {
            Some(value) => self.load(key, &value).map(Some),
            None => Ok(None),
        }
    }

    /// Removes a key if it is there.
    pub(crate) fn remove(&self, key: Vec<u8>) -> Result<bool> {
        loop {
            let Some(value) = self.engine.get(&key)? else { return Ok(false) };
            // Damaged records can be removed as well, so nothing is decoded here.
            let start = value[..value.len().min(record::HEADER)].to_vec();
            let expect = Expect::Starts { key: key.clone(), start };
            if self.commit(&[expect], &[Op::Remove { key: key.clone() }])? == Applied::Committed {
                return Ok(true);
            }
        }
    }

    pub(crate) fn count(&self, prefix: &[u8]) -> Result<u64> {
        let mut count = 0;
        Iter::new(self.engine(), KeyRange::prefix(prefix), |_, _| Ok(Some(()))).try_for_each(
            |item| {
                count += 1;
                item
            },
        )?;
        Ok(count)
    }

    /// Loads a value from its record.
    pub(crate) fn load<V: UnpickleOwned>(&self, key: &[u8], bytes: &[u8]) -> Result<(Version, V)> {
        let record = Record::decode(key, bytes)?;
        match record.load(self.limits) {
            Ok(value) => Ok((record.version, value)),
            Err(error) => Err(self.refused::<V>(&record, error)),
        }
    }

    /// Why a record whose checksum holds could not be loaded: it is of another type, or its
    /// value asks for more than the limits allow.
    #[cold]
    fn refused<V: UnpickleOwned>(&self, record: &Record<'_>, error: pickle_core::Error) -> Error {
        let pickle_core::ErrorKind::TypeMismatch { .. } = error.kind() else {
            return error.into();
        };
        let schema = Schema::of::<V>();
        let fingerprint = record.fingerprint().unwrap_or_default();
        match catalog::type_name(self.engine(), fingerprint) {
            Ok(stored) if stored == schema.type_name() => {
                let stored = format!("{stored} (fingerprint {fingerprint:016x})");
                let asked =
                    format!("the {} of now ({:016x})", schema.type_name(), schema.fingerprint());
                Error::new(ErrorKind::TypeMismatch { stored, asked })
            }
            Ok(stored) => Error::new(ErrorKind::TypeMismatch { stored, asked: schema.type_name() }),
            Err(error) => error,
        }
    }
}

/// What must hold for a record to be of this version, or absent.
pub(crate) fn expect(key: Vec<u8>, version: Option<Version>) -> Expect {
    match version {
        Some(version) => Expect::Starts { key, start: version.start() },
        None => Expect::Absent { key },
    }
}
