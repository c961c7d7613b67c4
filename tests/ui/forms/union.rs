use pickle::Pickle;

#[derive(Pickle)]
union U {
    a: u8,
    b: i8,
}

fn main() {}
