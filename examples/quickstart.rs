//! The main job on real input: this workspace's own `Cargo.lock`, pickled, loaded, and stored.
//!
//! ```sh
//! cargo run --example quickstart
//! ```
//!
//! Run it twice: the second run finds the store that the first one left.

use std::error::Error;
use std::path::Path;

use pickle::store::{Collection, Store};
use pickle::{Pickle, dumps, loads};

#[derive(Debug, Clone, PartialEq, Pickle)]
struct Lockfile {
    version: u32,
    packages: Vec<Package>,
}

#[derive(Debug, Clone, PartialEq, Pickle)]
struct Package {
    name: String,
    version: String,
    source: Source,
    checksum: Option<String>,
    dependencies: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Pickle)]
enum Source {
    Workspace,
    Registry { url: String },
    Other(String),
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("Cargo.lock"))?;
    let lockfile = parse(&text)?;
    let packages = lockfile.packages.len();
    println!("Cargo.lock: {packages} packages, {} bytes of text", text.len());

    let bytes = dumps(&lockfile)?;
    let loaded: Lockfile = loads(&bytes)?;
    assert_eq!(loaded, lockfile);
    println!("dumps: {} bytes, schema included; loads gives the same value back", bytes.len());

    let path = root.join("target").join("quickstart-store");
    let found = path.exists();
    let store = Store::open(&path)?;
    let known: Collection<String, Package> = store.collection("packages")?;
    match found {
        true => println!("store: found, with {} packages from an earlier run", known.len()?),
        false => println!("store: new, in target/quickstart-store"),
    }

    let mut size = 0;
    let mut batch = store.batch();
    for package in &loaded.packages {
        size += dumps(package)?.len();
        batch.put_in(&known, &package.key(), package)?;
    }
    batch.commit()?;
    println!("store: put {packages} packages in one batch, {size} bytes with their schemas");
    drop((batch, known, store));

    let store = Store::open(&path)?;
    let known: Collection<String, Package> = store.collection("packages")?;
    println!("store: reopened, with {} packages", known.len()?);
    for package in loaded.packages.iter().filter(|package| package.name.starts_with("pickle")) {
        let again = known.get(&package.key())?.ok_or("a package that was put is missing")?;
        assert_eq!(again, *package);
        println!(
            "get {:?}: {} dependencies, {:?}",
            again.key(),
            again.dependencies.len(),
            again.source
        );
    }
    for entry in known.range("s".."sm")? {
        let (key, package) = entry?;
        println!("range \"s\"..\"sm\": {key} needs {}", package.dependencies.len());
    }
    Ok(())
}

impl Package {
    /// Several versions of a package are several packages.
    fn key(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// Reads the parts of a lock file that we keep.
fn parse(text: &str) -> Result<Lockfile, Box<dyn Error>> {
    let table: toml::Table = text.parse()?;
    let version = table.get("version").and_then(toml::Value::as_integer).unwrap_or(1);
    let packages = table.get("package").and_then(toml::Value::as_array).ok_or("no packages")?;
    let packages = packages.iter().map(package).collect::<Option<_>>().ok_or("odd package")?;
    Ok(Lockfile { version: version.try_into()?, packages })
}

fn package(value: &toml::Value) -> Option<Package> {
    let text = |key| Some(value.get(key)?.as_str()?.to_owned());
    let dependencies = match value.get("dependencies") {
        Some(list) => list.as_array()?.iter().map(|item| Some(item.as_str()?.to_owned())).collect(),
        None => Some(Vec::new()),
    };
    let source = match text("source") {
        None => Source::Workspace,
        Some(source) => match source.strip_prefix("registry+") {
            Some(url) => Source::Registry { url: url.to_owned() },
            None => Source::Other(source),
        },
    };
    Some(Package {
        name: text("name")?,
        version: text("version")?,
        source,
        checksum: text("checksum"),
        dependencies: dependencies?,
    })
}
