use pickle::Pickle;

#[derive(Pickle)]
#[pickle(rename_all = "lowercase")]
enum E {
    Ab,
    AB,
}

fn main() {}
