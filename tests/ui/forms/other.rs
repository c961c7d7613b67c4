use pickle::Pickle;

#[derive(Pickle)]
enum E {
    #[pickle(other)]
    A(u8),
    #[pickle(other)]
    B,
}

fn main() {}
