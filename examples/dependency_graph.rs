//! This workspace's `Cargo.lock` as a graph of plain `Rc`s: packages share their dependencies, and
//! `Weak`s lead from each package to its dependents. Pickled natively and for Python, reloaded, and
//! walked by Python.
//!
//! ```sh
//! cargo run --example dependency_graph
//! ```

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::rc::{Rc, Weak};

use pickle::{Limits, Pickle, Pickler, Protocol, Unpickler};

#[derive(Pickle)]
struct Package {
    name: String,
    version: String,
    dependencies: Vec<Rc<Package>>,
    dependents: RefCell<Vec<Weak<Package>>>,
}

#[derive(Pickle)]
struct Workspace {
    packages: Vec<Rc<Package>>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let workspace = Workspace::read(include_str!("../Cargo.lock"))?;
    workspace.show("read");

    let native = pickled(&workspace, Protocol::Native)?;
    let loaded: Workspace = Unpickler::from_slice(&native).limits(LIMITS).load()?;
    loaded.show(&format!("loaded from {} bytes, native", native.len()));
    assert_eq!(loaded.shape(), workspace.shape());

    let python = pickled(&workspace, Protocol::V5)?;
    let loaded: Workspace = Unpickler::from_slice(&python).limits(LIMITS).load()?;
    loaded.show(&format!("loaded from {} bytes, protocol 5", python.len()));
    assert_eq!(loaded.shape(), workspace.shape());

    walk_in_python(&python)
}

/// Each step along the graph is a level, and the way from package to package may be long.
const LIMITS: Limits = Limits { max_depth: 10_000, ..Limits::DEFAULT };

fn pickled(workspace: &Workspace, protocol: Protocol) -> Result<Vec<u8>, Failure> {
    let mut pickler = Pickler::new(Vec::new()).protocol(protocol).limits(LIMITS);
    pickler.dump(workspace)?;
    Ok(pickler.into_inner())
}

impl Workspace {
    /// Reads a `Cargo.lock`.
    fn read(lock: &str) -> Result<Self, Failure> {
        let lock: toml::Table = lock.parse()?;
        let entries = lock.get("package").and_then(toml::Value::as_array).ok_or("no packages")?;
        let mut reader = Reader { entries, made: vec![Made::No; entries.len()] };
        let packages: Vec<_> = (0..entries.len()).filter_map(|index| reader.make(index)).collect();
        for package in &packages {
            for dependency in &package.dependencies {
                dependency.dependents.borrow_mut().push(Rc::downgrade(package));
            }
        }
        Ok(Self { packages })
    }

    /// Each package with the numbers of its dependencies and of its dependents: found by address, so
    /// that a copy of a package would be none of them.
    fn shape(&self) -> Vec<(String, Vec<usize>, Vec<usize>)> {
        let numbers: HashMap<_, _> = self
            .packages
            .iter()
            .enumerate()
            .map(|(number, one)| (Rc::as_ptr(one), number))
            .collect();
        let number = |package: &Rc<Package>| numbers[&Rc::as_ptr(package)];
        let shape = self.packages.iter().map(|package| {
            let dependencies = package.dependencies.iter().map(number).collect();
            let dependents = package.dependents.borrow();
            let dependents = dependents.iter().map(|one| number(&one.upgrade().unwrap()));
            (package.id(), dependencies, dependents.collect())
        });
        shape.collect()
    }

    /// Says what is there, and checks that what is shared is one object.
    fn show(&self, how: &str) {
        let edges: usize = self.packages.iter().map(|package| package.dependencies.len()).sum();
        println!("{how}: {} packages, {edges} dependencies", self.packages.len());
        for package in &self.packages {
            for dependency in &package.dependencies {
                let dependents = dependency.dependents.borrow();
                let is_one_of = |one: &Weak<_>| Rc::ptr_eq(&one.upgrade().unwrap(), package);
                assert!(dependents.iter().any(is_one_of), "{} does not know", dependency.name);
            }
        }
        let most = self.packages.iter().max_by_key(|package| Rc::strong_count(package));
        if let Some(package) = most {
            let owners = Rc::strong_count(package) - 1;
            println!("  {} is one object that {owners} packages share", package.id());
        }
    }
}

impl Package {
    fn id(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// Makes each package once, its dependencies first.
struct Reader<'l> {
    entries: &'l [toml::Value],
    made: Vec<Made>,
}

#[derive(Clone)]
enum Made {
    No,
    Begun,
    Done(Rc<Package>),
}

impl Reader<'_> {
    /// None for a package that is being made: tests of a package may depend on what depends on it.
    fn make(&mut self, index: usize) -> Option<Rc<Package>> {
        match &self.made[index] {
            Made::Done(package) => return Some(package.clone()),
            Made::Begun => return None,
            Made::No => self.made[index] = Made::Begun,
        }
        let entry = &self.entries[index];
        let text = |key| entry.get(key).and_then(toml::Value::as_str).unwrap_or("").to_owned();
        let names = entry.get("dependencies").and_then(toml::Value::as_array);
        let names = names.into_iter().flatten().filter_map(toml::Value::as_str);
        let indices: Vec<_> = names.filter_map(|name| self.find(name)).collect();
        let dependencies = indices.into_iter().filter_map(|index| self.make(index)).collect();
        let package = Rc::new(Package {
            name: text("name"),
            version: text("version"),
            dependencies,
            dependents: RefCell::default(),
        });
        self.made[index] = Made::Done(package.clone());
        Some(package)
    }

    /// An entry by `name`, or `name version` where there are several.
    fn find(&self, name: &str) -> Option<usize> {
        let (name, version) = name.split_once(' ').unwrap_or((name, ""));
        self.entries.iter().position(|entry| {
            let is = |key, text| entry.get(key).and_then(toml::Value::as_str) == Some(text);
            is("name", name) && (version.is_empty() || is("version", version))
        })
    }
}

/// Python needs classes to load the objects into, not the Rust program.
const WALK: &str = "
import pickle, sys, types

module = sys.modules['dependency_graph'] = types.ModuleType('dependency_graph')
module.Workspace = type('Workspace', (), {'__module__': 'dependency_graph'})
module.Package = type('Package', (), {'__module__': 'dependency_graph'})

workspace = pickle.load(sys.stdin.buffer)
objects = {id(package) for package in workspace.packages}
edges = 0
for package in workspace.packages:
    for dependency in package.dependencies:
        edges += 1
        assert id(dependency) in objects
        assert any(dependent is package for dependent in dependency.dependents)
print(f'python {sys.version.split()[0]}: {len(objects)} packages, {edges} dependencies')
most = max(workspace.packages, key=lambda package: len(package.dependents))
print(f'  {most.name} {most.version} is one object that {len(most.dependents)} packages share')
";

fn walk_in_python(pickle: &[u8]) -> Result<(), Failure> {
    let python = Command::new("python3").args(["-c", WALK]).stdin(Stdio::piped()).spawn();
    let mut python = match python {
        Ok(python) => python,
        Err(error) => {
            println!("NOT RUN: python3, which would walk the same graph: {error}");
            return Ok(());
        }
    };
    python.stdin.take().ok_or("no pipe")?.write_all(pickle)?;
    match python.wait()?.success() {
        true => Ok(()),
        false => Err("Python does not find the graph that was pickled".into()),
    }
}
