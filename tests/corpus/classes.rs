//! Rust's side of the classes that the pickles name.

use pickle::Pickle;

use crate::typed::Typed;

#[derive(Pickle, Debug)]
#[pickle(class = "h2_types.Point")]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

#[derive(Pickle, Debug)]
#[pickle(class = "h2_types.Plain")]
pub(crate) struct Plain {
    pub(crate) a: i64,
    pub(crate) b: String,
    pub(crate) c: Vec<i64>,
}

#[derive(Pickle, Debug)]
#[pickle(class = "h2_types.NT", python = "namedtuple")]
pub(crate) struct Nt {
    pub(crate) x: i64,
    pub(crate) y: Vec<Typed>,
}

#[derive(Pickle, Debug)]
#[pickle(class = "h2_types.TNT", python = "namedtuple")]
pub(crate) struct Tnt {
    pub(crate) name: String,
    pub(crate) n: i64,
}

/// Its state is a list of one item.
#[derive(Pickle, Debug)]
#[pickle(class = "h2_types.A", getstate = A::state, setstate = A::of_state)]
pub(crate) struct A {
    pub(crate) important_data: String,
}

impl A {
    fn state(&self) -> Vec<&str> {
        vec![&self.important_data]
    }

    fn of_state(state: Vec<String>) -> Result<Self, &'static str> {
        match <[String; 1]>::try_from(state) {
            Ok([important_data]) => Ok(Self { important_data }),
            Err(_) => Err("a state of one item"),
        }
    }
}

#[derive(Pickle, Debug, Clone, Copy)]
#[pickle(class = "h2_types.IntColor", python = "enum")]
pub(crate) enum IntColor {
    #[pickle(rename = "ONE")]
    One = 1,
    #[pickle(rename = "TWO")]
    Two = 2,
}

#[derive(Pickle, Debug, Clone, Copy)]
#[pickle(class = "h2_types:Holder.Nested", python = "enum")]
pub(crate) enum Nested {
    X = 1,
}
