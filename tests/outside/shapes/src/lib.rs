//! A library with a trait, which knows few of its implementors.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]

use pickle::Pickle;

/// A shape.
#[pickle::class]
pub trait Shape: std::fmt::Debug + Send + Sync {
    /// Its area.
    fn area(&self) -> f64;
}

/// A circle.
#[derive(Pickle, Debug)]
pub struct Circle {
    /// Its radius.
    pub radius: f64,
}

#[pickle::class]
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.radius * self.radius
    }
}

/// A drawing.
#[derive(Pickle, Debug)]
pub struct Drawing {
    /// What is drawn.
    pub shapes: Vec<Box<dyn Shape>>,
    /// How big it is shown.
    pub scale: pickle::Function<fn(f64) -> f64>,
}

/// As it is.
#[pickle::function]
pub fn plain(area: f64) -> f64 {
    area
}
