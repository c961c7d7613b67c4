#[pickle::function(name = "sqrt")]
fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

#[pickle::function(nmae = "math.cbrt")]
fn cbrt(x: f64) -> f64 {
    x.cbrt()
}

#[pickle::function]
struct NoFunction;

fn main() {}
