use pickle::Pickle;

#[derive(Pickle)]
#[pickle(class = "Order", alias = "shop..Order")]
struct S {
    a: u8,
}

#[derive(Pickle)]
#[pickle(class = "3d.Point")]
struct P;

fn main() {}
