//! A plugin: shapes and functions that the library does not know.
#![forbid(unsafe_code)]
#![deny(warnings)]

use pickle::Pickle;
use shapes::Shape;

/// What the plugin adds, for those who register by hand.
pub fn register(registry: &mut pickle::Registry) -> pickle::Result<()> {
    registry.add_class::<dyn Shape, Square>()?;
    registry.add_class_as::<dyn Shape, Grown<shapes::Circle>>("plugin.GrownCircle")?;
    registry.add_function::<doubled>()
}

#[derive(Pickle, Debug)]
pub struct Square(pub f64);

#[pickle::class]
impl shapes::Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}

#[derive(Pickle, Debug)]
pub struct Grown<T> {
    pub by: f64,
    pub shape: T,
}

#[pickle::class]
impl<T: Shape + Pickle> Shape for Grown<T> {
    fn area(&self) -> f64 {
        self.by * self.shape.area()
    }
}

#[pickle::class(dyn Shape)]
pub type GrownCircle = Grown<shapes::Circle>;

#[pickle::function]
pub fn doubled(area: f64) -> f64 {
    2.0 * area
}
