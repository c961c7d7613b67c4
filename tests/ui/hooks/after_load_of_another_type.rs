use pickle::Pickle;

#[derive(Pickle)]
#[pickle(after_load = check)]
struct S {
    a: u8,
}

fn check(_: &mut u32) {}

fn main() {}
