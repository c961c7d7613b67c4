use pickle::Pickle;

#[derive(Pickle)]
#[pickle(class = a.B, getstate = |s| s)]
struct S {
    #[pickle(rename = 3)]
    a: u8,
}

fn main() {}
