use pickle::Function;

enum Area {}

fn main() {
    Function::<fn(f64) -> f64>::of::<Area>();
}
