use pickle::store::{Key, Store};

#[derive(Key, Debug)]
enum Color {
    Red,
    Green,
}

fn main() {
    let _ = Store::temporary().unwrap().collection::<Color, u8>("colors");
    let _ = (Color::Red, Color::Green);
}
