//! Types that are described as what they consist of, and lead back to themselves with no named type
//! in between: `#[pickle(transparent)] struct Nest(Vec<Nest>)`.
//!
//! Where the walk comes back to such a type, a number stands for it. When the walk is over, the
//! numbers give way to what they stand for. How much of the cycle the walk went through depends on
//! where it began, so equal types are made one, and numbered anew as the format has it.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use super::{Node, Schema, SchemaId};

/// The transparent types of a walk.
#[derive(Default)]
pub(super) struct Transparent {
    /// Those being described, the innermost last.
    open: Vec<Open>,
    /// Those that were described. A second walk over one would meet only what is known.
    done: HashMap<TypeId, SchemaId>,
    /// What the numbers stand for.
    meant: HashMap<SchemaId, SchemaId>,
}

struct Open {
    key: TypeId,
    /// The named types that were known when it was met.
    named: usize,
    /// The number that stands for it, where it leads back to itself.
    back: Option<SchemaId>,
}

/// How a transparent type was met.
pub(super) enum Met {
    /// As one whose number is known.
    Known(SchemaId),
    /// In itself, and it has no number yet.
    Itself,
    /// For the first time, or with more named types known than the time before.
    New,
}

impl Transparent {
    /// A type is met, and so many named types are known.
    pub(super) fn meet(&mut self, key: TypeId, named: usize) -> Met {
        if let Some(id) = self.done.get(&key) {
            return Met::Known(*id);
        }
        match self.open.iter().rfind(|open| open.key == key) {
            // Nothing changed since: the walk would go in circles.
            Some(open) if open.named == named => open.back.map_or(Met::Itself, Met::Known),
            // A named type ends the walk the second time.
            _ => {
                self.open.push(Open { key, named, back: None });
                Met::New
            }
        }
    }

    /// A type that is being described was met in itself.
    pub(super) fn leads_back(&mut self, key: TypeId, id: SchemaId) {
        if let Some(open) = self.open.iter_mut().rfind(|open| open.key == key) {
            open.back = Some(id);
        }
    }

    /// The innermost type is described. Returns the number that stood for it.
    pub(super) fn leave(&mut self, key: TypeId, id: SchemaId) -> Option<SchemaId> {
        self.done.insert(key, id);
        let back = self.open.pop()?.back?;
        self.meant.insert(back, id);
        Some(back)
    }

    pub(super) fn is_recursive(&self) -> bool {
        !self.meant.is_empty()
    }

    /// The type itself, for a number that may stand for it.
    fn meant(&self, mut id: SchemaId) -> SchemaId {
        while let Some(meant) = self.meant.get(&id).filter(|meant| **meant != id) {
            id = *meant;
        }
        id
    }
}

/// The schema of these types without the numbers that stand for others.
pub(super) fn fold(
    nodes: &[Node],
    root: SchemaId,
    named: &HashSet<SchemaId>,
    transparent: &Transparent,
) -> Schema {
    let nodes: Vec<Node> =
        nodes.iter().map(|node| node.with_ids(|id| transparent.meant(id))).collect();
    let first = first_of_equals(&nodes, named);
    let mut order =
        Order { nodes: &nodes, first, named, numbers: HashMap::new(), in_order: vec![] };
    let root = order.first(transparent.meant(root));
    order.walk(root);
    let number = |id: SchemaId| SchemaId(order.numbers[&order.first(id)]);
    Schema {
        nodes: order.in_order.iter().map(|id| nodes[id.0 as usize].with_ids(number)).collect(),
        root: number(root),
    }
}

/// For each type the first that is equal to it. Types with names are equal to none; others are until
/// they are found to consist of what is not.
fn first_of_equals(nodes: &[Node], named: &HashSet<SchemaId>) -> Vec<SchemaId> {
    let ids = || (0..nodes.len() as u32).map(SchemaId);
    let mut first = vec![SchemaId(0); nodes.len()];
    let mut count = 0;
    loop {
        let mut known = HashMap::new();
        let next: Vec<SchemaId> = ids()
            .map(|id| {
                let node = nodes[id.0 as usize].with_ids(|part| first[part.0 as usize]);
                let name = named.contains(&id).then_some(id);
                // What differed before still does.
                *known.entry((name, first[id.0 as usize], node)).or_insert(id)
            })
            .collect();
        first = next;
        if known.len() == count {
            return first;
        }
        count = known.len();
    }
}

/// The walk that numbers types.
struct Order<'a> {
    nodes: &'a [Node],
    first: Vec<SchemaId>,
    named: &'a HashSet<SchemaId>,
    numbers: HashMap<SchemaId, u32>,
    in_order: Vec<SchemaId>,
}

impl Order<'_> {
    fn first(&self, id: SchemaId) -> SchemaId {
        self.first[id.0 as usize]
    }

    /// Numbers a type and its parts: one with a name on entry, others after their parts.
    fn walk(&mut self, id: SchemaId) {
        if self.numbers.contains_key(&id) {
            return;
        }
        let number = self.in_order.len() as u32;
        self.numbers.insert(id, number);
        let is_named = self.named.contains(&id);
        if is_named {
            self.in_order.push(id);
        }
        let mut parts = Vec::new();
        self.nodes[id.0 as usize].with_ids(|part| {
            parts.push(part);
            part
        });
        for part in parts {
            self.walk(self.first(part));
        }
        if !is_named {
            self.numbers.insert(id, self.in_order.len() as u32);
            self.in_order.push(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Range;
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;
    use crate::schema::SchemaBuilder;
    use crate::traits::Layout;

    /// Schemas of types that do not lead back to themselves are as they are built.
    #[test]
    fn a_schema_without_numbers_to_replace_stays_as_it_is() {
        type Parts = (Vec<Option<u8>>, Range<Duration>, BTreeMap<String, Box<Range<Duration>>>);
        type All = (Parts, Result<Parts, Rc<Range<u8>>>, [Option<u8>; 3]);
        let mut builder = SchemaBuilder::default();
        let root = All::describe(&mut builder);
        let named = builder.named_ids();
        let schema = builder.finish(root);
        assert_eq!(fold(&schema.nodes, root, &named, &Transparent::default()), schema);
    }

    #[test]
    fn a_type_that_is_nothing_but_itself_has_a_schema_that_no_reader_takes() {
        fn describe(schema: &mut SchemaBuilder) -> SchemaId {
            schema.through(TypeId::of::<u8>(), describe)
        }
        let schema = Schema::by(describe);
        assert_eq!(schema.to_bytes(), [0, 1, 35, 0]);
        let mut pickle = vec![0xfb, 1, 1, 0];
        pickle.extend(schema.fingerprint().to_le_bytes());
        pickle.extend([4, 0, 1, 35, 0]);
        let error = crate::Value::loads(&pickle).unwrap_err();
        assert_eq!(error.to_string(), "corrupt pickle: a type of the schema contains itself");
    }
}
