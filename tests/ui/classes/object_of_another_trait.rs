trait Shape {}

fn dump(shape: &dyn Shape) -> pickle::Result<Vec<u8>> {
    pickle::dumps(shape)
}

fn main() {}
