use pickle::Pickle;

#[derive(Pickle)]
struct S {
    a: u8,
    #[pickle(rename = "a")]
    b: u8,
}

fn main() {}
