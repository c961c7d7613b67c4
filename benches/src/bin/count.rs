//! One run of one operation, for callgrind: `count DATA_SET OPERATION CODEC`.
//!
//! ```sh
//! valgrind --tool=callgrind --toggle-collect='*counted*' target/release/count log serialize pickle-rs
//! ```

use pickle_benches::trials;

#[inline(never)]
fn counted(run: &mut dyn FnMut()) {
    run();
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data_set, operation, codec] = arguments.as_slice() else {
        panic!("count DATA_SET OPERATION CODEC");
    };
    let mut runs = 0;
    trials::races(data_set, &mut |kind, race| {
        race.each(|name, run| {
            if kind == operation && name == codec {
                // Buffers grow and caches fill the first time.
                run();
                counted(run);
                runs += 1;
            }
        });
    });
    assert_eq!(runs, 1, "{arguments:?}: no such operation or codec");
}
