//! Earlier versions of records, where a collection keeps them.

use pickle_core::UnpickleOwned;

use crate::catalog;
use crate::collection::Collection;
use crate::engine::{Engine, KeyRange, Order};
use crate::error::Result;
use crate::iter::Iter;
use crate::key::{AsKey, Key, escape};
use crate::plan::sealed;
use crate::record::{self, Record, Version};

/// Where the earlier versions of a record are. The key is written so that none is the start of
/// another.
fn prefix(key: &[u8]) -> Vec<u8> {
    let (space, rest) = key.split_at(catalog::space_of(key).len());
    let mut out = catalog::history_prefix(space);
    escape(rest, &mut out);
    out.extend_from_slice(&[0, 0]);
    out
}

/// The entry that keeps a record which is about to be replaced.
pub(crate) fn entry(key: &[u8], record: &Record<'_>, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let at = [&prefix(key), &record.version.get().to_be_bytes()[..]].concat();
    let value = sealed(&at, bytes);
    (at, value)
}

/// The entries that go when one more comes, so that `keep` remain.
pub(crate) fn beyond(
    engine: &dyn Engine,
    key: &[u8],
    keep: u32,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let newest_first = engine.scan(KeyRange::prefix(&prefix(key)), Order::Descending)?;
    let oldest = newest_first.skip(keep.saturating_sub(1) as usize);
    oldest.map(|item| item.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
}

impl<K: Key, V: UnpickleOwned> Collection<K, V> {
    /// The earlier values of a key with their versions, the newest first, without that of now. As
    /// many are kept as the collection was [defined](crate::Definition::history) with, none by
    /// default; also after the key was removed. Values that expire leave none.
    ///
    /// ```
    /// use pickle_store::Store;
    /// let store = Store::builder("memory:").open()?;
    /// let pages = store.define::<String, String>("pages").history(2).open()?;
    /// for text in ["one", "two", "three", "four"] {
    ///     pages.put("start", &text.to_owned())?;
    /// }
    /// let earlier = pages.history("start")?.collect::<Result<Vec<_>, _>>()?;
    /// assert_eq!((earlier[0].1.as_str(), earlier[1].1.as_str()), ("three", "two"));
    /// # Ok::<(), pickle_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get), for each value.
    pub fn history(&self, key: &(impl AsKey<K> + ?Sized)) -> Result<Iter<'_, (Version, V)>> {
        let key = self.encode(key);
        let inner = &self.store().inner;
        let range = KeyRange::prefix(&prefix(&key));
        let decode = move |at: &[u8], value: &[u8]| {
            let load = || {
                let record = Record::decode(&key, record::unseal(at, value)?)?;
                Ok((record.version, inner.value(&record)?))
            };
            load().map(Some).map_err(|error| self.at(error, &key))
        };
        Ok(Iter::newest_first(inner.engine(), range, decode))
    }
}
