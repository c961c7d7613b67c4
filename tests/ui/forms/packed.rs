use pickle::Pickle;

#[derive(Pickle)]
#[repr(C, packed(2))]
struct S {
    a: u8,
    b: u32,
}

fn main() {}
