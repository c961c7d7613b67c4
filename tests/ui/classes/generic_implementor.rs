use pickle::Pickle;

#[pickle::class]
trait Shape {}

#[derive(Pickle)]
struct Scaled<T>(T);

#[pickle::class(name = "shapes.Scaled")]
impl<T: Pickle> Shape for Scaled<T> {}

#[pickle::class]
type ScaledByte = Scaled<u8>;

#[pickle::class(dyn Shape + Send)]
type ScaledWord = Scaled<u16>;

#[pickle::class(dyn Shape)]
type ScaledAny<T> = Scaled<T>;

fn main() {}
