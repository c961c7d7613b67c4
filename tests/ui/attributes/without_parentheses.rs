use pickle::Pickle;

#[derive(Pickle)]
#[pickle]
struct S {
    #[pickle = "skip"]
    a: u8,
}

fn main() {}
