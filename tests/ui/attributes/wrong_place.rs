use pickle::Pickle;

#[derive(Pickle)]
#[pickle(skip, rename = "x")]
struct S {
    #[pickle(class = "a.B")]
    a: u8,
    #[pickle(other)]
    b: u8,
}

#[derive(Pickle)]
enum E {
    #[pickle(skip)]
    A,
}

fn main() {}
