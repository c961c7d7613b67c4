use pickle::Pickle;

#[derive(Pickle)]
#[pickle(class, getstate)]
struct S {
    #[pickle(rename)]
    a: u8,
}

fn main() {}
