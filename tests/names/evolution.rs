//! Objects whose classes have changed since they were pickled: an older generation writes, today's
//! reads. Each has a registry of its own, as two versions of a program do.

use std::collections::BTreeMap;

use pickle::{ErrorKind, Pickle, Pickler, Registry, SchemaMode, Unpickler, Value};

/// The trait, which has the same name in both generations.
macro_rules! generation {
    ($module:ident { $($body:tt)* }) => {
        mod $module {
            use pickle::Pickle;

            #[pickle::class(name = "zoo.Animal")]
            pub(crate) trait Animal: std::fmt::Debug {}

            $($body)*
        }
    };
}

generation! { old {
    #[derive(Pickle, Debug)]
    #[pickle(class = "zoo.Cat")]
    pub(crate) struct Cat {
        pub(crate) name: String,
        pub(crate) lives: u8,
        pub(crate) friends: Vec<Box<dyn Animal>>,
    }

    #[derive(Pickle, Debug)]
    #[pickle(class = "zoo.Dog")]
    pub(crate) struct Dog(pub(crate) u32);

    #[derive(Pickle, Debug)]
    #[pickle(class = "zoo.Emu")]
    pub(crate) struct Emu;

    #[pickle::class]
    impl Animal for Cat {}

    #[pickle::class]
    impl Animal for Dog {}

    #[pickle::class]
    impl Animal for Emu {}

    #[pickle::class(name = "zoo.Age")]
    impl Animal for u8 {}
} }

generation! { new {
    #[derive(Pickle, Debug)]
    #[pickle(class = "zoo.Feline", alias = "zoo.Cat")]
    pub(crate) struct Cat {
        #[pickle(alias = "friends")]
        pub(crate) pals: Vec<Box<dyn Animal>>,
        pub(crate) lives: u64,
        #[pickle(default = true)]
        pub(crate) fed: bool,
    }

    #[derive(Pickle, Debug)]
    #[pickle(class = "zoo.Hound")]
    pub(crate) struct Dog(pub(crate) u32);

    #[pickle::class(alias = "zoo.Cat")]
    impl Animal for Cat {}

    // The former name is known to the registry alone.
    #[pickle::class(alias = "zoo.Dog")]
    impl Animal for Dog {}

    #[pickle::class(name = "zoo.Age")]
    impl Animal for u32 {}
} }

fn old_registry() -> Registry {
    let mut registry = Registry::empty();
    registry.add_class::<dyn old::Animal, old::Cat>().unwrap();
    registry.add_class::<dyn old::Animal, old::Dog>().unwrap();
    registry.add_class::<dyn old::Animal, old::Emu>().unwrap();
    registry.add_class::<dyn old::Animal, u8>().unwrap();
    registry
}

fn new_registry() -> Registry {
    let mut registry = Registry::empty();
    registry.add_class::<dyn new::Animal, new::Cat>().unwrap();
    registry.add_class::<dyn new::Animal, new::Dog>().unwrap();
    registry.add_class::<dyn new::Animal, u32>().unwrap();
    registry
}

type Zoo<O> = BTreeMap<String, Vec<Box<O>>>;

fn zoo() -> Zoo<dyn old::Animal> {
    let kitten = old::Cat { name: "kit".into(), lives: 9, friends: vec![] };
    let friends: Vec<Box<dyn old::Animal>> =
        vec![Box::new(old::Dog(3)), Box::new(kitten), Box::new(7_u8)];
    let cat = old::Cat { name: "tom".into(), lives: 8, friends };
    BTreeMap::from([("cage".to_owned(), vec![Box::new(cat) as Box<dyn old::Animal>])])
}

const NEW: &str = "{\"cage\": [Cat { pals: [Dog(3), Cat { pals: [], lives: 9, fed: true }, 7], \
                   lives: 8, fed: true }]}";

fn pickled(value: &impl Pickle, mode: SchemaMode) -> Vec<u8> {
    let mut out = Vec::new();
    Pickler::new(&mut out).registry(old_registry()).schema(mode).dump(value).unwrap();
    out
}

#[test]
fn changed_classes_load_by_the_rules_of_evolution() {
    for mode in [SchemaMode::Embed, SchemaMode::OmitRoot] {
        let bytes = pickled(&zoo(), mode);
        let zoo: Zoo<dyn new::Animal> =
            Unpickler::from_slice(&bytes).registry(new_registry()).load().unwrap();
        assert_eq!(format!("{zoo:?}"), NEW, "{mode:?}");
    }
}

#[test]
fn many_changed_objects_load() {
    let many: Vec<Box<dyn old::Animal>> =
        (0..1000).map(|age| -> Box<dyn old::Animal> { Box::new(old::Dog(age)) }).collect();
    let bytes = pickled(&many, SchemaMode::Embed);
    let many: Vec<Box<dyn new::Animal>> =
        Unpickler::from_slice(&bytes).registry(new_registry()).load().unwrap();
    let expected: Vec<String> = (0..1000).map(|age| format!("Dog({age})")).collect();
    assert_eq!(format!("{many:?}"), format!("[{}]", expected.join(", ")));
}

#[test]
fn a_class_that_is_gone_is_an_error_at_its_object() {
    let zoo: Vec<Box<dyn old::Animal>> = vec![Box::new(old::Dog(1)), Box::new(old::Emu)];
    let bytes = pickled(&zoo, SchemaMode::Embed);
    let error = Unpickler::from_slice(&bytes)
        .registry(new_registry())
        .load::<Vec<Box<dyn new::Animal>>>()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("`zoo.Emu` is not registered as a `zoo.Animal` at [1] (byte "),
        "{text}"
    );
    assert_eq!(error.hint(), Some("there are zoo.Age, zoo.Cat, zoo.Dog, zoo.Feline, zoo.Hound"));
}

#[test]
fn without_their_schemas_changed_classes_are_an_error_that_says_so() {
    let bytes = pickled(&zoo(), SchemaMode::Omit);
    let error = Unpickler::from_slice(&bytes)
        .registry(new_registry())
        .load::<Zoo<dyn new::Animal>>()
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TypeMismatch { .. }), "{error}");
    assert_eq!(
        error.hint(),
        Some("the class has changed, and the pickle was written without its schema")
    );
    let same: Zoo<dyn old::Animal> =
        Unpickler::from_slice(&bytes).registry(old_registry()).load().unwrap();
    assert_eq!(format!("{same:?}"), format!("{:?}", zoo()));
}

#[test]
fn a_value_needs_no_class_at_all() {
    let value = Value::loads(&pickled(&zoo(), SchemaMode::Embed)).unwrap();
    let tom = value.get("cage").unwrap().get(0).unwrap();
    let friends = tom.as_object().unwrap().states[0].get("friends").unwrap();
    assert_eq!(friends.get(2).unwrap().to_string(), "{'zoo.Age': 7}");
}
