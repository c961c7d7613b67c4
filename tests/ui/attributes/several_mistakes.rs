use pickle::Pickle;

#[derive(Pickle)]
#[pickle(renameall = "camelCase", python = "dictionary")]
struct S {
    #[pickle(aliass = "x")]
    a: u8,
    #[pickle(skip, rename = "c")]
    b: u8,
}

// Whoever uses the type sees no further errors.
fn main() {
    let bytes = pickle::dumps(&S { a: 1, b: 2 }).unwrap();
    let _: S = pickle::loads(&bytes).unwrap();
}
