//! Fields of structs.

use pickle::Pickle;
use pickle::compat::Effect::{Breaks, Drops, Loads};

use crate::{evolves, refused};

#[derive(Pickle)]
#[pickle(class = "shop.Order")]
struct Order {
    id: u32,
    customer: String,
}

fn order() -> Order {
    Order { id: 7, customer: "Ada".into() }
}

#[test]
fn a_field_that_was_added_takes_its_default() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        id: u32,
        customer: String,
        #[pickle(default)]
        notes: Vec<String>,
        #[pickle(default = 3)]
        priority: u8,
    }
    let now = Now { id: 7, customer: "Ada".into(), notes: vec![], priority: 3 };
    evolves(order(), now, Loads);
}

#[test]
fn an_optional_field_that_was_added_is_none() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        id: u32,
        customer: String,
        coupon: Option<String>,
    }
    evolves(order(), Now { id: 7, customer: "Ada".into(), coupon: None }, Loads);
}

#[test]
fn defaults_may_stand_on_the_type() {
    #[derive(Debug, Default, PartialEq, Pickle)]
    #[pickle(class = "shop.Order", default)]
    struct Now {
        id: u32,
        customer: String,
        total: f64,
    }
    evolves(order(), Now { id: 7, customer: "Ada".into(), total: 0.0 }, Loads);
}

#[test]
fn a_field_that_was_added_without_a_default_is_missing() {
    #[derive(Debug, Pickle)]
    #[pickle(class = "shop.Order")]
    #[allow(dead_code)]
    struct Now {
        id: u32,
        customer: String,
        total: f64,
    }
    let error = refused::<Order, Now>(order(), Breaks);
    assert!(error.starts_with("missing field `total` at Now"), "{error}");
    assert!(error.ends_with("hint: `#[pickle(default)]` on the field would fill it"), "{error}");
}

#[test]
fn a_field_that_was_removed_is_skipped() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        customer: String,
    }
    evolves(order(), Now { customer: "Ada".into() }, Drops);
}

#[test]
fn a_field_that_was_removed_may_be_refused() {
    #[derive(Debug, Pickle)]
    #[pickle(class = "shop.Order", deny_unknown_fields)]
    #[allow(dead_code)]
    struct Now {
        customer: String,
    }
    let error = refused::<Order, Now>(order(), Breaks);
    assert!(error.starts_with("unknown field `id`"), "{error}");
}

#[test]
fn a_field_that_was_renamed_has_an_alias() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        #[pickle(alias = "order_id", alias = "id")]
        number: u32,
        customer: String,
    }
    evolves(order(), Now { number: 7, customer: "Ada".into() }, Loads);
}

#[test]
fn fields_may_be_reordered() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        customer: String,
        id: u32,
    }
    evolves(order(), Now { id: 7, customer: "Ada".into() }, Loads);
}

#[test]
fn a_class_that_was_renamed_has_an_alias() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Purchase", alias = "shop.Order")]
    struct Now {
        id: u32,
        customer: String,
    }
    evolves(order(), Now { id: 7, customer: "Ada".into() }, Loads);
}

#[test]
fn another_class_is_another_type() {
    #[derive(Debug, Pickle)]
    #[pickle(class = "shop.Invoice")]
    #[allow(dead_code)]
    struct Now {
        id: u32,
        customer: String,
    }
    let error = refused::<Order, Now>(order(), Breaks);
    assert_eq!(error, "this pickle holds shop.Order, not shop.Invoice");
}

#[test]
fn what_was_optional_loads_where_it_is_there() {
    #[derive(Pickle)]
    #[pickle(class = "shop.Order")]
    struct Was {
        id: Option<u32>,
    }
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        id: u32,
    }
    evolves(Was { id: Some(7) }, Now { id: 7 }, super::Effect::Depends);
    let error = refused::<Was, Now>(Was { id: None }, super::Effect::Depends);
    assert!(error.starts_with("expected int, found None at Now.id"), "{error}");
}

#[test]
fn what_becomes_optional_is_there() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        id: Option<u32>,
        customer: Option<Box<str>>,
    }
    evolves(order(), Now { id: Some(7), customer: Some("Ada".into()) }, Loads);
}

#[test]
fn a_tuple_struct_becomes_a_named_one_by_aliases() {
    #[derive(Pickle)]
    #[pickle(class = "shop.Size")]
    struct Was(u32, u32);
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Size")]
    struct Now {
        #[pickle(alias = "1")]
        height: u32,
        #[pickle(alias = "0")]
        width: u32,
    }
    evolves(Was(3, 4), Now { width: 3, height: 4 }, Loads);
}

#[test]
fn a_tuple_becomes_a_struct_in_order() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Size")]
    struct Now {
        width: u32,
        height: u64,
    }
    evolves((3_u32, 4_u32), Now { width: 3, height: 4 }, Loads);
}

#[test]
fn a_tuple_struct_may_grow_at_its_end() {
    #[derive(Pickle)]
    #[pickle(class = "shop.Size")]
    struct Was(u32);
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Size")]
    struct Now(u64, #[pickle(default = 1)] u8);
    evolves(Was(3), Now(3, 1), Loads);
}

#[test]
fn a_transparent_newtype_comes_and_goes() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(transparent)]
    struct Metres(f64);
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Plank")]
    struct Bare {
        length: f64,
    }
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Plank")]
    struct Wrapped {
        length: Metres,
    }
    evolves(Bare { length: 2.5 }, Wrapped { length: Metres(2.5) }, Loads);
    evolves(Wrapped { length: Metres(2.5) }, Bare { length: 2.5 }, Loads);
}

#[test]
fn a_newtype_may_become_transparent() {
    #[derive(Pickle)]
    #[pickle(class = "shop.Metres")]
    struct Was(f64);
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Metres", transparent)]
    struct Now(f64);
    evolves(Was(2.5), Now(2.5), Loads);
}

#[test]
fn fields_may_go_into_a_box_and_come_out() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "shop.Order")]
    struct Now {
        id: Box<u32>,
        customer: Box<str>,
    }
    evolves(order(), Now { id: Box::new(7), customer: "Ada".into() }, Loads);
}
