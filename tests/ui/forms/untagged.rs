use pickle::Pickle;

#[derive(Pickle)]
#[pickle(untagged)]
struct Struct {
    field: u8,
}

#[derive(Pickle)]
#[pickle(untagged)]
enum Both {
    One(u8),
    #[pickle(other)]
    Rest,
}

fn main() {}
