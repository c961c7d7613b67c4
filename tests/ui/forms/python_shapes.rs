use pickle::Pickle;

#[derive(Pickle)]
#[pickle(python = "namedtuple")]
struct Tuple(u8);

#[derive(Pickle)]
#[pickle(python = "enum")]
enum Fields {
    A(u8),
}

#[derive(Pickle)]
#[pickle(python = "tagged")]
struct Struct {
    a: u8,
}

#[derive(Pickle)]
#[pickle(python = "dcit")]
struct Typo {
    a: u8,
}

fn main() {}
