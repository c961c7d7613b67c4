use pickle::Pickle;

#[derive(Pickle)]
struct S(#[pickle(rename = "first")] u8);

fn main() {}
