use pickle::Pickle;

#[derive(Pickle)]
struct S<'a> {
    name: &'a str,
}

fn main() {
    let _: Result<S, _> = pickle::load(&mut std::io::empty());
}
