use pickle::Pickle;

#[derive(Pickle)]
#[pickle(transparent)]
struct Two(u8, u8);

#[derive(Pickle)]
#[pickle(transparent)]
struct None(#[pickle(skip)] u8);

#[derive(Pickle)]
#[pickle(transparent)]
enum E {
    A(u8),
}

#[derive(Pickle)]
#[pickle(transparent, python = "dict")]
struct Python(u8);

fn main() {}
