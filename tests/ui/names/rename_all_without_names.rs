use pickle::Pickle;

#[derive(Pickle)]
#[pickle(rename_all = "camelCase")]
struct S(u8);

fn main() {}
