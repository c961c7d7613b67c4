use pickle::Pickle;

#[derive(Pickle)]
#[pickle(bound = "T Clone")]
struct S<T> {
    a: Vec<T>,
}

fn main() {}
