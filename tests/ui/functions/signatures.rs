#[pickle::function]
fn generic<T>(x: T) -> T {
    x
}

#[pickle::function]
unsafe fn not_safe() {}

#[pickle::function]
async fn later() {}

#[pickle::function]
extern "C" fn foreign() {}

#[pickle::function]
fn anonymous(x: impl Clone) -> impl Clone {
    x
}

struct S;

impl S {
    #[pickle::function]
    fn method(&self) {}
}

fn main() {}
