//! Objects of traits in boxes.

use pickle::{Pickle, Protocol, dumps_with, loads};

#[pickle::class]
pub(crate) trait Shape: std::fmt::Debug {
    fn area(&self) -> f64;
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Circle")]
pub(crate) struct Circle {
    r: f64,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Rect")]
pub(crate) struct Rect(f64, f64);

#[derive(Pickle, Debug)]
#[pickle(class = "shapes.Group")]
pub(crate) struct Group {
    name: String,
    parts: Vec<Box<dyn Shape>>,
}

#[pickle::class]
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.r * self.r
    }
}

#[pickle::class(alias = "shapes.Rectangle")]
impl Shape for Rect {
    fn area(&self) -> f64 {
        self.0 * self.1
    }
}

#[pickle::class]
impl Shape for Group {
    fn area(&self) -> f64 {
        self.parts.iter().map(|part| part.area()).sum()
    }
}

#[pickle::class(name = "shapes.Strip")]
impl Shape for u32 {
    fn area(&self) -> f64 {
        f64::from(*self)
    }
}

fn group() -> Group {
    let inner =
        Group { name: "inner".into(), parts: vec![Box::new(7_u32), Box::new(Circle { r: 2.0 })] };
    Group {
        name: "outer".into(),
        parts: vec![Box::new(Rect(2.0, 3.0)), Box::new(inner), Box::new(Circle { r: 1.0 })],
    }
}

fn shown(value: &dyn Shape) -> String {
    format!("{value:?}")
}

#[test]
fn boxed_objects_round_trip_by_every_protocol() {
    for protocol in [
        Protocol::V0,
        Protocol::V1,
        Protocol::V2,
        Protocol::V3,
        Protocol::V4,
        Protocol::V5,
        Protocol::Native,
    ] {
        let shape: Box<dyn Shape> = Box::new(group());
        let bytes = dumps_with(&shape, protocol).unwrap();
        let loaded: Box<dyn Shape> = loads(&bytes).unwrap();
        assert_eq!(shown(&*loaded), shown(&*shape), "{protocol}");
        assert_eq!(loaded.area(), 28.0);
    }
}
