//! Objects from Python, changed in Rust, back in Python: no schema, no glue, only a derive with the
//! names of the classes.
//!
//! ```sh
//! cargo run --example python_interop   # needs a `python3`, 3.7 or later
//! ```

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use pickle::{Pickle, Protocol, dump_with, load};

/// A dataclass in `python_interop.py`.
#[derive(Pickle, Debug)]
#[pickle(class = "python_interop.Order")]
struct Order {
    id: u64,
    status: Status,
    items: Vec<Item>,
    payment: Option<Payment>,
    tags: BTreeSet<String>,
}

#[derive(Pickle, Debug)]
#[pickle(class = "python_interop.Item")]
struct Item {
    name: String,
    price: f64,
    count: u32,
}

/// An `enum.Enum`: its members are written by name, and read by name or value.
#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "python_interop.Status", python = "enum", rename_all = "UPPERCASE")]
enum Status {
    #[pickle(alias = "open")]
    Open,
    #[pickle(alias = "paid")]
    Paid,
}

/// A class with a nested one for each variant, so that Python can `match` on it.
#[derive(Pickle, Debug)]
#[pickle(class = "python_interop.Payment")]
enum Payment {
    Card { number: String },
    Cash,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("python_interop.{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let there_and_back = exchange(&folder.join("orders.pickle"));
    std::fs::remove_dir_all(&folder)?;
    match there_and_back {
        Err(error) if is_missing(&*error) => {
            println!("This example needs a python3, and there is none: nothing was exchanged.");
            Ok(())
        }
        result => result,
    }
}

fn exchange(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    python("write", path)?;
    println!("Python wrote:");
    io::stdout().flush()?;
    python("print", path)?;

    let mut orders: Vec<Order> = load(&mut BufReader::new(File::open(path)?))?;
    for order in &mut orders {
        // Typed: the compiler knows the fields, the loader has checked every one.
        if order.status == Status::Open {
            order.status = Status::Paid;
            order.payment = Some(Payment::Cash);
            order.tags.insert(format!("paid {} in Rust", order.id));
        }
        order.items.push(Item { name: "biscuit".into(), price: 0.0, count: 1 });
    }

    let mut file = BufWriter::new(File::create(path)?);
    dump_with(&orders, &mut file, Protocol::V4)?;
    file.flush()?;
    println!("Rust changed them, and Python reads:");
    io::stdout().flush()?;
    python("print", path)
}

fn python(command: &str, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/python_interop.py");
    let status = Command::new("python3").arg(script).arg(command).arg(path).status()?;
    if status.success() { Ok(()) } else { Err(format!("python3 {command}: {status}").into()) }
}

fn is_missing(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}
