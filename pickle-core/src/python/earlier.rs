//! Pickles in a row that refer to each other's objects.
//!
//! CPython's `Unpickler` keeps its memo from one `load` to the next, whatever the pickles: that is
//! right for those of one `Pickler`, and wrong for others that follow each other, whose `MEMOIZE`
//! counts from 0 again. So here each pickle has numbers of its own, and what it has not numbered is
//! looked for among those of earlier ones. That reads others, and those of one `Pickler` of this
//! crate, which numbers explicitly where a pickle is not the first. What one `Pickler` of CPython's
//! writes by protocols 4 and 5 needs the memo as Python has it.

use crate::error::Result;
use crate::graph::Graph;

use super::machine::Machine;
use super::memo::Memo;
use super::options::LoadOptions;

/// The memo of earlier pickles.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    memo: Memo,
    /// Whether the pickle that is read refers to one of them.
    is_used: bool,
    /// Whether it numbers objects by counting.
    counts: bool,
    /// Whether it counts on from earlier ones.
    counts_on: bool,
}

/// A machine without its input.
#[derive(Debug, Default)]
pub(crate) struct Paused {
    graph: Graph<'static>,
    memo: Memo,
    earlier: Memo,
}

/// What reads pickles of one `Pickler` by a protocol that counts.
const HINT: &str = "where pickles of one `Pickler` refer to each other, `Unpickler::keep_memo(true)` \
                    loads them, from the first on";

impl<'de> Machine<'de> {
    /// Begins a pickle with numbers of its own, which those of earlier ones do not hide. It may
    /// count on from them.
    pub(crate) fn begin_own(&mut self, counts_on: bool) {
        let mut memo = std::mem::take(&mut self.earlier.memo);
        memo.append(std::mem::take(&mut self.memo));
        self.earlier = Earlier { memo, counts_on, ..Earlier::default() };
    }

    /// Takes back the numbers of the last pickle that began with its own: nothing refers to them.
    pub(crate) fn forget_own(&mut self) {
        self.memo.clear();
    }

    /// Forgets all objects, but not how far the input was read.
    pub(crate) fn reset(&mut self) {
        self.forget();
        let input = self.graph.input_until(self.graph.input_len()).unwrap_or_default();
        self.graph = Graph::new(input);
    }

    /// Goes back to where a pickle began that did not load.
    pub(crate) fn rewind(&mut self, position: usize) {
        self.input.go_to(position);
    }

    /// A machine that goes on at a place in `bytes`, which begin with all that it has read.
    pub(crate) fn resume(
        paused: Paused,
        bytes: &'de [u8],
        position: usize,
        options: LoadOptions<'de>,
    ) -> Self {
        let mut machine = Self::new(bytes, options);
        if !paused.graph.is_empty() {
            machine.graph = paused.graph.with_input(bytes);
        }
        machine.memo = paused.memo;
        machine.earlier.memo = paused.earlier;
        machine.rewind(position);
        machine
    }

    /// Leaves the input.
    pub(crate) fn pause(self) -> Paused {
        let Self { graph, memo, earlier, .. } = self;
        Paused { graph: graph.without_input(), memo, earlier: earlier.memo }
    }

    #[cold]
    pub(super) fn get_earlier(&mut self, index: u64) -> Result<()> {
        let Some(id) = self.earlier.memo.get(index) else {
            let error = self.corrupt(format!("nothing is in the memo at {index}"));
            return Err(error.with_hint(HINT));
        };
        self.earlier.is_used = true;
        if self.earlier.counts && !self.earlier.counts_on {
            return self.unclear();
        }
        self.stack.push(id);
        Ok(())
    }

    /// `MEMOIZE`: the next number.
    #[inline]
    pub(super) fn memoize(&mut self) -> Result<()> {
        self.earlier.counts = true;
        if self.earlier.counts_on {
            return self.put(self.earlier.memo.len() + self.memo.len());
        }
        if self.earlier.is_used {
            return self.unclear();
        }
        self.put(self.memo.len())
    }

    /// A pickle that counts counts on where the one before it ended, if it refers to that.
    #[cold]
    fn unclear(&self) -> Result<()> {
        let error = self.corrupt("the pickle goes on with the memo of the one before it");
        Err(error.with_hint(HINT))
    }
}
