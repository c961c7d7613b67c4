//! Variants of enums.

use pickle::Pickle;
use pickle::compat::Effect::{Breaks, Depends, Drops, Loads};

use crate::{evolves, refused};

#[derive(Clone, Debug, PartialEq, Pickle)]
#[pickle(class = "shop.Shape")]
enum Shape {
    Empty,
    Circle { radius: f32 },
    Box(u32, u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Pickle)]
#[pickle(class = "shop.Level")]
enum Level {
    Low,
    High,
}

#[test]
fn variants_may_be_added_and_reordered() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Shape")]
    enum Now {
        Line(u8),
        Box(u64, u64),
        Circle { radius: f64 },
        Empty,
    }
    evolves(Shape::Empty, Now::Empty, Loads);
    evolves(Shape::Circle { radius: 0.5 }, Now::Circle { radius: 0.5 }, Loads);
    evolves(Shape::Box(1, 2), Now::Box(1, 2), Loads);
}

#[test]
fn names_may_be_added_and_reordered() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Level")]
    enum Now {
        High,
        Middle,
        Low,
    }
    evolves(Level::Low, Now::Low, Loads);
    evolves(Level::High, Now::High, Loads);
}

#[test]
fn a_variant_that_was_renamed_has_an_alias() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Shape")]
    enum Now {
        #[pickle(alias = "Empty")]
        Nothing,
        #[pickle(alias = "Circle")]
        Disc {
            #[pickle(alias = "radius")]
            size: f32,
        },
        #[pickle(alias = "Box")]
        Rectangle(u32, u32),
    }
    evolves(Shape::Empty, Now::Nothing, Loads);
    evolves(Shape::Circle { radius: 0.5 }, Now::Disc { size: 0.5 }, Loads);
    evolves(Shape::Box(1, 2), Now::Rectangle(1, 2), Loads);
}

#[test]
fn a_name_that_was_renamed_has_an_alias() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Level")]
    enum Now {
        #[pickle(alias = "Low")]
        Calm,
        High,
    }
    evolves(Level::Low, Now::Calm, Loads);
}

#[test]
fn a_variant_that_was_removed_is_named_in_the_error() {
    #[derive(Debug, Pickle)]
    #[pickle(class = "shop.Shape")]
    #[allow(dead_code)]
    enum Now {
        Empty,
        Box(u32, u32),
    }
    let error = refused::<Shape, Now>(Shape::Circle { radius: 1.0 }, Depends);
    assert!(error.starts_with("shop.Shape has no variant Circle"), "{error}");
    assert!(error.ends_with("hint: there are Empty, Box"), "{error}");
}

#[test]
fn a_variant_that_was_removed_may_be_caught() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Shape")]
    enum Now {
        Empty,
        #[pickle(other)]
        Unknown,
    }
    evolves(Shape::Empty, Now::Empty, Drops);
    evolves(Shape::Circle { radius: 1.0 }, Now::Unknown, Drops);
    evolves(Shape::Box(1, 2), Now::Unknown, Drops);
}

#[test]
fn a_name_that_was_removed_may_be_caught() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Level")]
    enum Now {
        Low,
        #[pickle(other)]
        Unknown,
    }
    evolves(Level::High, Now::Unknown, Drops);
}

#[test]
fn a_unit_variant_gains_fields_with_defaults() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Shape")]
    enum Now {
        Empty {
            #[pickle(default = 4)]
            padding: u8,
            note: Option<String>,
        },
        Circle {
            radius: f32,
        },
        Box(u32, u32),
    }
    evolves(Shape::Empty, Now::Empty { padding: 4, note: None }, Loads);
}

#[test]
fn a_name_gains_fields_with_defaults() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Level")]
    enum Now {
        Low,
        High {
            #[pickle(default = 9)]
            degrees: u8,
        },
    }
    evolves(Level::High, Now::High { degrees: 9 }, Loads);
    evolves(Level::Low, Now::Low, Loads);
}

#[test]
fn the_fields_of_a_tuple_variant_get_names_by_aliases() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Shape")]
    enum Now {
        Empty,
        Circle {
            radius: f32,
        },
        Box {
            #[pickle(alias = "1")]
            height: u32,
            #[pickle(alias = "0")]
            width: u32,
        },
    }
    evolves(Shape::Box(1, 2), Now::Box { width: 1, height: 2 }, Loads);
}

#[test]
fn an_enum_that_was_renamed_has_an_alias() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Figure", alias = "shop.Shape")]
    enum Now {
        Empty,
        Circle { radius: f32 },
        Box(u32, u32),
    }
    evolves(Shape::Empty, Now::Empty, Loads);
    evolves(Shape::Circle { radius: 0.5 }, Now::Circle { radius: 0.5 }, Loads);
}

#[test]
fn another_enum_is_another_type() {
    #[derive(Debug, Pickle)]
    #[pickle(class = "shop.Figure")]
    #[allow(dead_code)]
    enum Now {
        Empty,
        Circle { radius: f32 },
        Box(u32, u32),
    }
    refused::<Shape, Now>(Shape::Empty, Breaks);
}

#[test]
fn a_name_becomes_text_and_comes_back() {
    evolves(Level::High, String::from("High"), Loads);
    evolves("High", Level::High, Depends);
    let error = refused::<&str, Level>("Middle", Depends);
    assert!(error.starts_with("shop.Level has no variant Middle"), "{error}");
}
