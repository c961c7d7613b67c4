//! Rules hold at any depth.

use std::collections::BTreeMap;

use pickle::Pickle;
use pickle::compat::Effect::Loads;

use crate::evolves;

#[test]
fn in_generics_collections_boxes_and_options() {
    #[derive(Pickle)]
    #[pickle(class = "tree.Node")]
    struct Was<T> {
        value: T,
        children: Vec<Was<T>>,
        left: Option<Box<Was<T>>>,
    }
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "tree.Node")]
    struct Now<T> {
        left: Option<Box<Now<T>>>,
        #[pickle(alias = "value")]
        item: T,
        #[pickle(alias = "children")]
        below: std::collections::VecDeque<Now<T>>,
        #[pickle(default)]
        weight: f32,
    }
    #[derive(Clone, Pickle)]
    #[pickle(class = "tree.Item")]
    struct OldItem(u8);
    #[derive(Clone, Debug, PartialEq, Pickle)]
    #[pickle(class = "tree.Item")]
    struct Item(u32, #[pickle(default)] Option<String>);

    fn was(depth: u8) -> Was<(String, OldItem)> {
        Was {
            value: (format!("node {depth}"), OldItem(depth)),
            children: (0..depth).map(was).collect(),
            left: depth.checked_sub(1).map(|depth| Box::new(was(depth))),
        }
    }
    fn now(depth: u8) -> Now<(String, Item)> {
        Now {
            left: depth.checked_sub(1).map(|depth| Box::new(now(depth))),
            item: (format!("node {depth}"), Item(depth.into(), None)),
            below: (0..depth).map(now).collect(),
            weight: 0.0,
        }
    }
    evolves(was(4), now(4), Loads);
    let was: BTreeMap<u8, _> = (0..100).map(|n| (n, Some(was(n % 3)))).collect();
    let now: BTreeMap<u16, _> = (0..100).map(|n| (n, Some(now(n as u8 % 3)))).collect();
    evolves(was, now, Loads);
}

/// A chain of as many links as can be pickled by default.
#[test]
fn as_deep_as_values_are_pickled() {
    #[derive(Pickle)]
    #[pickle(class = "chain.Link")]
    struct Was {
        next: Option<Box<Was>>,
    }
    #[derive(Debug, Pickle)]
    #[pickle(class = "chain.Link")]
    struct Now {
        next: Option<Box<Now>>,
        #[pickle(default)]
        _name: String,
    }
    let mut chain = Was { next: None };
    for _ in 0..120 {
        chain = Was { next: Some(Box::new(chain)) };
    }
    let bytes = pickle::dumps(&chain).unwrap();
    let load = move || {
        let chain: Now = pickle::loads(&bytes).unwrap();
        std::iter::successors(Some(&chain), |link| link.next.as_deref()).count()
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(load).unwrap();
    assert_eq!(thread.join().unwrap(), 121);
}
