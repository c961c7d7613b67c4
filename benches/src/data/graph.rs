//! Nodes behind `Rc`, half of them shared, and the same nodes owned.

use std::rc::Rc;

use fory::ForyStruct;
use rand::Rng;

/// A list of nodes. Every other one is the link of the node behind it as well.
#[derive(Clone, Debug, PartialEq, pickle::Pickle, ForyStruct)]
pub struct Graph {
    /// In order.
    pub nodes: Vec<Rc<Node>>,
}

/// A node of a [`Graph`].
#[derive(Clone, Debug, Default, PartialEq, pickle::Pickle, ForyStruct)]
pub struct Node {
    /// Any number.
    pub id: u64,
    /// Any number from 0 to 1.
    pub weight: f64,
    /// A few letters.
    pub name: String,
    /// Another node, which shares it.
    pub link: Option<Rc<Node>>,
}

/// The nodes of a [`Graph`], each owned by the list.
#[derive(Clone, Debug, PartialEq, pickle::Pickle)]
pub struct Owned {
    /// In order.
    pub nodes: Vec<Box<OwnedNode>>,
}

/// A node of [`Owned`].
#[derive(Clone, Debug, PartialEq, pickle::Pickle)]
pub struct OwnedNode {
    /// Any number.
    pub id: u64,
    /// Any number from 0 to 1.
    pub weight: f64,
    /// A few letters.
    pub name: String,
    /// The place of another node.
    pub link: Option<u32>,
}

/// A graph of so many nodes.
pub fn make(nodes: usize) -> Graph {
    let mut rng = super::rng();
    let mut graph = Graph { nodes: Vec::with_capacity(nodes) };
    for index in 0..nodes {
        let link = if index % 2 == 1 { graph.nodes.last().cloned() } else { None };
        let name = format!("node {}", rng.gen_range(0..1000));
        graph.nodes.push(Rc::new(Node { id: rng.r#gen(), weight: rng.r#gen(), name, link }));
    }
    graph
}

/// The same, owned.
pub fn owned(graph: &Graph) -> Owned {
    let nodes = graph.nodes.iter().enumerate().map(|(index, node)| {
        let link = node.link.as_ref().map(|_| index as u32 - 1);
        Box::new(OwnedNode { id: node.id, weight: node.weight, name: node.name.clone(), link })
    });
    Owned { nodes: nodes.collect() }
}

/// Whether both have the same nodes, shared alike.
pub fn is_same(one: &Graph, other: &Graph) -> bool {
    let is_shared = |pair: &[Rc<Node>]| match pair {
        [shared, node] => node.link.as_ref().is_some_and(|link| Rc::ptr_eq(link, shared)),
        _ => true,
    };
    one == other && other.nodes.chunks(2).all(is_shared)
}
