//! Cells inside shared objects, filled when all objects are complete.
//!
//! An object whose cells lead back to it cannot be built from the inside out. Where that is found,
//! the value is restored once more, and this time the cells of shared objects get what stands for
//! nothing, a shell, until the last object is complete. What they hold follows then. And where a
//! `Weak` leads to what holds the object under construction, that is built first.

use std::any::TypeId;
use std::collections::VecDeque;
use std::rc::Rc;

use super::Restorer;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::NodeId;
use crate::native::unfinished;
use crate::target::Target;
use crate::traits::Unpickle;
use crate::type_info::TypeInfo;

/// What is left for later.
#[derive(Default)]
pub(super) struct Postponed<'de> {
    /// The cells of the innermost object under construction; none where they could not be found
    /// again, because a hook or a map lies between.
    cells: Option<Cells>,
    objects: VecDeque<Object<'de>>,
    filled: Vec<Object<'de>>,
    /// The object under construction that something refers to by a strong pointer.
    unfinished: Option<Key>,
    /// What builds the object that a `Weak` met on the way there.
    weak: Option<Build<'de>>,
}

/// An object: its node, and the type of its pointer.
pub(super) type Key = (NodeId, TypeId);

type Build<'de> = Rc<dyn Fn(&mut Restorer<'_, 'de>) -> Result<()> + 'de>;

/// The cells that were met in an object, by number.
#[derive(Default)]
pub(crate) struct Cells {
    count: u32,
    /// Those without contents, and what these will be.
    empty: Vec<(u32, NodeId)>,
}

type Visit<'de> = Box<dyn Fn(&mut CellVisitor<'_, '_, 'de>) -> Result<()> + 'de>;

/// A complete object with cells to fill.
struct Object<'de> {
    id: NodeId,
    cells: Cells,
    visit: Visit<'de>,
}

impl<'de> Object<'de> {
    /// Visits the cells with a task; returns how many there are.
    fn visit(&self, restorer: &mut Restorer<'_, 'de>, task: Task) -> Result<u32> {
        let Cells { empty, .. } = &self.cells;
        let mut visitor = CellVisitor { restorer, task, empty, count: 0 };
        (self.visit)(&mut visitor)?;
        Ok(visitor.count)
    }
}

#[derive(Clone, Copy)]
enum Task {
    Count,
    Fill,
    Empty,
}

/// Goes through the cells of a value, in the order in which they are restored.
pub struct CellVisitor<'v, 'g, 'de> {
    restorer: &'v mut Restorer<'g, 'de>,
    task: Task,
    empty: &'v [(u32, NodeId)],
    count: u32,
}

impl<'de> CellVisitor<'_, '_, 'de> {
    /// A cell: `set` replaces what it holds, `inside` visits that.
    pub(crate) fn cell<T: Unpickle<'de>>(
        &mut self,
        set: impl FnOnce(T),
        inside: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let number = self.count;
        self.count += 1;
        let Ok(at) = self.empty.binary_search_by_key(&number, |cell| cell.0) else {
            return inside(self);
        };
        match self.task {
            Task::Count => {}
            Task::Fill => set(T::restore(self.empty[at].1, self.restorer)?),
            Task::Empty => drop(T::shell(self.restorer).map(set)),
        }
        Ok(())
    }
}

impl<'de> Restorer<'_, 'de> {
    /// Fills a place with the value that `root` denotes. If objects lead back to such that are not
    /// complete, once more with cells that wait.
    pub(super) fn whole(&mut self, root: NodeId, target: &mut dyn Target<'de>) -> Result<()> {
        let before = self.objects.mark();
        match target.restore(root, self) {
            Err(error) if is_cycle(&error) => {}
            result => return result,
        }
        self.objects.roll_back(before);
        self.open.clear();
        self.identified = None;
        (self.nodes, self.budget) = (self.max_nodes, self.max_bytes);
        self.postponed = Some(Box::default());
        let filled = target.restore(root, self).and_then(|()| self.fill_cells());
        self.postponed = None;
        filled.inspect_err(|_| target.clear())
    }

    /// What a cell holds until its contents come, if they must wait.
    #[inline]
    pub(crate) fn shell_of<T: Unpickle<'de>>(&mut self, contents: NodeId) -> Option<T> {
        match &mut self.postponed {
            None => None,
            Some(postponed) => {
                let cells = postponed.cells.as_mut()?;
                let number = cells.count;
                cells.count += 1;
                // Where nothing is shared, nothing leads back.
                let shared = TypeInfo::of::<T>().is_shared;
                let shell = shared.then(|| T::shell(self)).flatten()?;
                self.cells()?.empty.push((number, contents));
                Some(shell)
            }
        }
    }

    /// Counts the cells of a value that was not restored.
    pub(super) fn count_cells(
        &mut self,
        visit: &mut dyn FnMut(&mut CellVisitor<'_, '_, 'de>) -> Result<()>,
    ) {
        if self.cells().is_some() {
            let mut visitor =
                CellVisitor { restorer: self, task: Task::Count, empty: &[], count: 0 };
            // Counting does not fail.
            let _ = visit(&mut visitor);
            let count = visitor.count;
            self.cells().into_iter().for_each(|cells| cells.count += count);
        }
    }

    /// Restores what no visit of the object's cells comes to, which so do not wait.
    pub(crate) fn apart<R>(&mut self, inside: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.set_cells(None);
        let value = inside(self);
        self.set_cells(outer);
        value
    }

    fn cells(&mut self) -> Option<&mut Cells> {
        self.postponed.as_mut()?.cells.as_mut()
    }

    fn set_cells(&mut self, cells: Option<Cells>) -> Option<Cells> {
        let postponed = self.postponed.as_mut()?;
        std::mem::replace(&mut postponed.cells, cells)
    }

    /// Tries to restore a value; after an error its cells were never met.
    pub(super) fn try_cells<R>(
        &mut self,
        attempt: impl FnOnce(&mut Self) -> Result<R>,
    ) -> Result<R> {
        let before = self.cells().map(|cells| (cells.count, cells.empty.len()));
        let result = attempt(self);
        if let (Err(_), Some((count, empty)), Some(cells)) = (&result, before, self.cells()) {
            cells.count = count;
            cells.empty.truncate(empty);
        }
        result
    }

    /// Builds an object; `visit` visits its cells.
    #[inline]
    pub(crate) fn object<O: Clone + 'static>(
        &mut self,
        id: NodeId,
        build: impl FnOnce(&mut Self) -> Result<O>,
        visit: fn(&O, &mut CellVisitor<'_, '_, 'de>) -> Result<()>,
    ) -> Result<O> {
        if self.postponed.is_none() {
            return build(self);
        }
        let outer = self.set_cells(Some(Cells::default()));
        let object = build(self);
        let cells = self.set_cells(outer).unwrap_or_default();
        let object = object?;
        if let (Some(postponed), false) = (&mut self.postponed, cells.empty.is_empty()) {
            let object = object.clone();
            let visit =
                Box::new(move |visitor: &mut CellVisitor<'_, '_, 'de>| visit(&object, visitor));
            postponed.objects.push_back(Object { id, cells, visit });
        }
        Ok(object)
    }

    /// Notes that a strong pointer leads to an object under construction.
    #[cold]
    pub(super) fn met_unfinished(&mut self, object: Key) -> Error {
        if let Some(postponed) = &mut self.postponed {
            (postponed.unfinished, postponed.weak) = (Some(object), None);
        }
        self.at(object.0, unfinished())
    }

    /// Notes that the object of a `Weak` could not be built where it was met.
    #[cold]
    pub(super) fn left_weak(&mut self, build: impl Fn(&mut Restorer<'_, 'de>) -> Result<()> + 'de) {
        if let Some(postponed) = &mut self.postponed
            && postponed.unfinished.is_some()
        {
            postponed.weak = Some(Rc::new(build));
        }
    }

    /// Builds an object; or first what one of its `Weak`s leads to and what holds the object, in
    /// the course of which it is built. Then `find` finds it.
    pub(super) fn reordered<O>(
        &mut self,
        object: Key,
        build: impl FnOnce(&mut Self) -> Result<O>,
        find: impl FnOnce(&Self) -> Option<O>,
    ) -> Result<O> {
        let (before, level, identified) = (self.objects.mark(), self.open.len(), self.identified);
        let waiting = self.postponed.as_ref().map_or(0, |postponed| postponed.objects.len());
        let error = match build(self) {
            Err(error) if is_cycle(&error) => error,
            result => return result,
        };
        let Some(postponed) = &mut self.postponed else { return Err(error) };
        if postponed.unfinished != Some(object) {
            return Err(error);
        }
        postponed.unfinished = None;
        let Some(owner) = postponed.weak.take() else { return Err(error) };
        postponed.objects.truncate(waiting);
        self.objects.roll_back(before);
        self.open.truncate(level);
        self.identified = identified;
        if let Err(error) = owner(self) {
            if let Some(postponed) = &mut self.postponed {
                postponed.weak.get_or_insert(owner);
            }
            return Err(error);
        }
        find(self).ok_or(error)
    }

    /// Fills the cells that wait.
    pub(super) fn fill_cells(&mut self) -> Result<()> {
        let filled = self.try_fill_cells();
        if filled.is_err() {
            self.empty_cells();
        }
        filled
    }

    fn try_fill_cells(&mut self) -> Result<()> {
        while let Some(postponed) = &mut self.postponed
            && let Some(object) = postponed.objects.pop_front()
        {
            // A hook or an impl by hand may have other cells than were met.
            if object.visit(self, Task::Count)? != object.cells.count {
                return Err(self.at(object.id, unfinished()));
            }
            let filled = object.visit(self, Task::Fill);
            if let Some(postponed) = &mut self.postponed {
                postponed.filled.push(object);
            }
            filled?;
        }
        Ok(())
    }

    /// Empties the cells that were filled: no cycle outlives a load that failed.
    #[cold]
    fn empty_cells(&mut self) {
        let filled = self.postponed.as_mut().map(|postponed| std::mem::take(&mut postponed.filled));
        for object in filled.into_iter().flatten() {
            let _ = object.visit(self, Task::Empty);
        }
    }
}

/// Whether objects could not be built in the order in which they are met.
pub(crate) fn is_cycle(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cycle)
}
