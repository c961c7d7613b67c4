use pickle::Pickle;

#[derive(Pickle, Default)]
#[pickle(default)]
enum E {
    #[default]
    A,
}

fn main() {}
