use pickle::Pickle;

#[derive(Pickle)]
struct S {
    #[pickle(skip, default = "text")]
    a: u8,
    #[pickle(default = 1.5)]
    b: u8,
}

fn main() {}
