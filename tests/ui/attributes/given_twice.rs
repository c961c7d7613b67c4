use pickle::Pickle;

#[derive(Pickle)]
#[pickle(class = "a.B", class = "a.C")]
struct S {
    #[pickle(skip)]
    #[pickle(skip)]
    a: u8,
}

fn main() {}
