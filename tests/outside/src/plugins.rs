//! A library's trait, a plugin's types: by name they come back where the library alone is known.

use pickle::{Function, Protocol, Registry, Unpickler, Value};
use plugin::{doubled, Grown, Square};
use shapes::{Circle, Drawing, Shape};

pub(crate) fn check() -> Result<(), Box<dyn std::error::Error>> {
    let grown = Grown { by: 2.0, shape: Circle { radius: 1.0 } };
    let shapes: Vec<Box<dyn Shape>> =
        vec![Box::new(Circle { radius: 2.0 }), Box::new(Square(3.0)), Box::new(grown)];
    let drawing = Drawing { shapes, scale: Function::of::<doubled>() };
    for protocol in [Protocol::Native, Protocol::V0, Protocol::V2, Protocol::V5] {
        let bytes = pickle::dumps_with(&drawing, protocol)?;
        let loaded: Drawing = pickle::loads(&bytes)?;
        let areas: Vec<f64> = loaded.shapes.iter().map(|shape| shape.area()).collect();
        assert_eq!(areas, [12.0, 9.0, 6.0]);
        assert_eq!((loaded.scale)(1.0), 2.0);
        assert!(Value::loads(&bytes)?.to_string().contains("plugin.Square"));

        let error = untrusted(&bytes, Registry::empty()).unwrap_err();
        assert_eq!(error.path(), "Drawing.shapes[0]");

        let mut registry = Registry::empty();
        registry.add_class::<dyn Shape, Circle>()?;
        let error = untrusted(&bytes, registry.clone()).unwrap_err();
        assert_eq!(error.path(), "Drawing.shapes[1]");
        assert_eq!(error.hint(), Some("there are shapes.Circle"));

        let mut plugged = Registry::empty();
        plugin::register(&mut plugged)?;
        registry.merge(&plugged)?;
        assert_eq!(format!("{:?}", untrusted(&bytes, registry)?), format!("{drawing:?}"));
    }
    assert_eq!(Registry::global().conflicts().count(), 0);
    Ok(())
}

fn untrusted(bytes: &[u8], registry: Registry) -> pickle::Result<Drawing> {
    Unpickler::from_slice(bytes).registry(registry).load()
}
