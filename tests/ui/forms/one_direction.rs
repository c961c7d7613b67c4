use pickle::Pickle;

#[derive(Pickle)]
#[pickle(pickle_only, unpickle_only)]
struct Both(u8);

#[derive(Pickle)]
#[pickle(pickle_only, after_load = Log::check)]
struct Log(u8);

impl Log {
    fn check(&mut self) {}
}

fn main() {}
