//! Types with something of everything, for the targets that load typed values.

use std::collections::{BTreeMap, BTreeSet};

use pickle::{Pickle, Value};

/// As the seeds of the corpus have it.
#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Order")]
pub struct Order {
    pub id: u32,
    pub text: String,
    #[pickle(default)]
    pub items: Vec<Item>,
    #[pickle(default)]
    pub shapes: Vec<Shape>,
    #[pickle(default)]
    pub extra: Option<Box<Order>>,
    #[pickle(default)]
    pub map: BTreeMap<(u8, String), BTreeSet<i128>>,
    #[pickle(default)]
    pub bytes: Vec<u8>,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Item")]
pub struct Item {
    pub name: String,
    pub price: f64,
    pub flags: [bool; 2],
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.Shape")]
pub enum Shape {
    Circle { r: f64 },
    Rect(f64, f64),
    Empty,
}

/// As [`Item`] was once: names changed, a field more and one less.
#[derive(Pickle, Debug)]
#[pickle(class = "shop.Item")]
pub struct OldItem {
    #[pickle(alias = "name")]
    pub title: String,
    #[pickle(default = 1)]
    pub count: u8,
    pub flags: Option<Value>,
}
