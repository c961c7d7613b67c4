use pickle::Pickle;

#[derive(Pickle)]
#[pickle(rename_all = "camel-case")]
struct S {
    a: u8,
}

fn main() {}
