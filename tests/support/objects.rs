//! Objects of a trait, for the samples.

use std::rc::Rc;

use pickle::Pickle;

#[pickle::class(name = "golden.Figure")]
pub trait Figure: std::fmt::Debug {}

impl PartialEq for dyn Figure {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

#[derive(Pickle, Debug)]
#[pickle(class = "golden.Disc")]
pub struct Disc {
    pub radius: u16,
}

#[derive(Pickle, Debug)]
#[pickle(class = "golden.Picture")]
pub struct Picture {
    pub title: String,
    pub figures: Vec<Box<dyn Figure>>,
}

#[pickle::class]
impl Figure for Disc {}

#[pickle::class]
impl Figure for Picture {}

#[pickle::class(name = "golden.Pixel")]
impl Figure for u32 {}

pub type Figures = Vec<Box<dyn Figure>>;

/// Objects in objects; a class twice; one whose type has no name.
pub fn figures() -> Figures {
    let inner: Figures = vec![Box::new(Disc { radius: 2 }), Box::new(0xff_00_ff_u32)];
    let picture = Picture { title: "inner".into(), figures: inner };
    vec![Box::new(Disc { radius: 1 }), Box::new(picture)]
}

/// One object behind several pointers.
pub fn shared_figures() -> Vec<Rc<dyn Figure>> {
    let disc: Rc<dyn Figure> = Rc::new(Disc { radius: 3 });
    vec![disc.clone(), Rc::new(7_u32), disc]
}
