//! Objects of traits in boxes.

use std::collections::BTreeMap;

use pickle::{
    ErrorKind, Pickle, Pickler, Protocol, Registry, Unpickler, Value, dumps, dumps_with,
    from_value, loads, value,
};

#[pickle::class]
pub(crate) trait Shape: std::fmt::Debug {
    fn area(&self) -> f64;
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Circle")]
pub(crate) struct Circle {
    pub(super) r: f64,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Rect")]
pub(crate) struct Rect(pub(super) f64, pub(super) f64);

#[derive(Pickle, Debug)]
#[pickle(class = "shapes.Group")]
pub(crate) struct Group {
    pub(super) name: String,
    pub(super) parts: Vec<Box<dyn Shape>>,
}

#[pickle::class]
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.0 * self.r * self.r
    }
}

#[pickle::class(alias = "shapes.Rectangle")]
impl Shape for Rect {
    fn area(&self) -> f64 {
        self.0 * self.1
    }
}

#[pickle::class]
impl Shape for Group {
    fn area(&self) -> f64 {
        self.parts.iter().map(|part| part.area()).sum()
    }
}

#[pickle::class("shapes.Strip")]
impl Shape for u32 {
    fn area(&self) -> f64 {
        f64::from(*self)
    }
}

pub(super) fn group() -> Group {
    let inner =
        Group { name: "inner".into(), parts: vec![Box::new(7_u32), Box::new(Circle { r: 2.0 })] };
    Group {
        name: "outer".into(),
        parts: vec![Box::new(Rect(2.0, 3.0)), Box::new(inner), Box::new(Circle { r: 1.0 })],
    }
}

pub(super) fn shown(value: &dyn Shape) -> String {
    format!("{value:?}")
}

#[test]
fn boxed_objects_round_trip_by_every_protocol() {
    for protocol in [
        Protocol::V0,
        Protocol::V1,
        Protocol::V2,
        Protocol::V3,
        Protocol::V4,
        Protocol::V5,
        Protocol::Native,
    ] {
        let shape: Box<dyn Shape> = Box::new(group());
        let bytes = dumps_with(&shape, protocol).unwrap();
        let loaded: Box<dyn Shape> = loads(&bytes).unwrap();
        assert_eq!(shown(&*loaded), shown(&*shape), "{protocol}");
        assert_eq!(loaded.area(), 28.0);
    }
}

const PROTOCOLS: [Protocol; 7] = [
    Protocol::V0,
    Protocol::V1,
    Protocol::V2,
    Protocol::V3,
    Protocol::V4,
    Protocol::V5,
    Protocol::Native,
];

#[test]
fn objects_in_blocks_states_and_maps_round_trip() {
    let many: Vec<Box<dyn Shape>> = (0..1000_u32)
        .map(|index| -> Box<dyn Shape> {
            match index % 3 {
                0 => Box::new(index),
                1 => Box::new(Rect(1.0, index.into())),
                _ => Box::new(Group { name: index.to_string(), parts: vec![Box::new(index)] }),
            }
        })
        .collect();
    let map = BTreeMap::from([(1_u8, many)]);
    let loaded: BTreeMap<u8, Vec<Box<dyn Shape>>> = loads(&dumps(&map).unwrap()).unwrap();
    assert_eq!(format!("{loaded:?}"), format!("{map:?}"));
}

#[derive(Pickle, Debug)]
#[pickle(getstate = Self::state, setstate = Self::from_state)]
struct Stateful(Vec<Box<dyn Shape>>);

impl Stateful {
    fn state(&self) -> (&str, &Vec<Box<dyn Shape>>) {
        ("state", &self.0)
    }

    fn from_state(state: (String, Vec<Box<dyn Shape>>)) -> Self {
        Self(state.1)
    }
}

#[test]
fn objects_in_states_round_trip() {
    let value = (Stateful(vec![Box::new(1_u32)]), Box::new(Rect(1.0, 2.0)) as Box<dyn Shape>);
    let loaded: (Stateful, Box<dyn Shape>) = loads(&dumps(&value).unwrap()).unwrap();
    assert_eq!(format!("{loaded:?}"), format!("{value:?}"));
}

#[test]
fn a_reference_to_an_object_is_pickled_as_a_box_is() {
    let shape: &dyn Shape = &Rect(1.0, 2.0);
    let boxed: Box<dyn Shape> = Box::new(Rect(1.0, 2.0));
    for protocol in PROTOCOLS {
        assert_eq!(dumps_with(shape, protocol).unwrap(), dumps_with(&boxed, protocol).unwrap());
    }
}

#[test]
fn in_python_an_object_is_written_as_its_type_is() {
    let boxed: Box<dyn Shape> = Box::new(Circle { r: 1.0 });
    for protocol in &PROTOCOLS[..6] {
        let plain = dumps_with(&Circle { r: 1.0 }, *protocol).unwrap();
        assert_eq!(dumps_with(&boxed, *protocol).unwrap(), plain);
    }
}

#[test]
fn what_does_not_tell_its_class_is_in_a_dict_of_its_name() {
    let boxed: Box<dyn Shape> = Box::new(7_u32);
    for protocol in PROTOCOLS {
        let value = Value::loads(&dumps_with(&boxed, protocol).unwrap()).unwrap();
        assert_eq!(value, value!({"shapes.Strip": 7}), "{protocol}");
    }
}

#[test]
fn a_value_shows_objects_of_any_class() {
    let shape: Box<dyn Shape> = Box::new(group());
    let native = Value::loads(&dumps(&shape).unwrap()).unwrap();
    let python = Value::loads(&dumps_with(&shape, Protocol::V4).unwrap()).unwrap();
    assert_eq!(native, python);
    let loaded: Box<dyn Shape> = from_value(&native).unwrap();
    assert_eq!(shown(&*loaded), shown(&*shape));
}

/// What CPython writes for an object of the class `shapes.Rectangle`, made of (2.0, 3.0).
const RECTANGLE: &[u8] =
    b"\x80\x02cshapes\nRectangle\nq\0G@\0\0\0\0\0\0\0G@\x08\0\0\0\0\0\0\x86q\x01\x81q\x02.";

#[test]
fn a_former_name_finds_the_class() {
    let loaded: Box<dyn Shape> = loads(RECTANGLE).unwrap();
    assert_eq!(shown(&*loaded), "Rect(2.0, 3.0)");
}

#[test]
fn an_unknown_class_is_an_error_with_the_near_name() {
    let typo = b"\x80\x02cshapes\nCirlce\nq\0)\x81q\x01}q\x02X\x01\0\0\0rq\x03K\x01sb.";
    let error = loads::<Box<dyn Shape>>(typo).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`shapes.Cirlce` is not registered as a `names.Shape` (byte 20)\n\
         hint: did you mean `shapes.Circle`?"
    );
}

#[test]
fn an_unregistered_type_is_an_error_that_says_what_to_add() {
    #[derive(Pickle, Debug)]
    struct Generic<T>(T);
    #[pickle::class]
    impl<T: Pickle + std::fmt::Debug> Shape for Generic<T> {
        fn area(&self) -> f64 {
            0.0
        }
    }
    let error = dumps(&(1_u8, Box::new(Generic(1_u8)) as Box<dyn Shape>)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("Generic<u8>` is not registered as a `names.Shape` at [1]"), "{text}");
    assert!(error.hint().unwrap().contains("on a type alias an instance of a generic one"));
}

#[test]
fn the_given_registry_alone_creates() {
    let boxed: Box<dyn Shape> = Box::new(Circle { r: 1.0 });
    let mut some = Registry::empty();
    some.add_class::<dyn Shape, Circle>().unwrap();
    assert_eq!(some.class_names::<dyn Shape>(), ["shapes.Circle"]);
    for protocol in PROTOCOLS {
        let bytes = dumps_with(&boxed, protocol).unwrap();
        let load = |registry: Registry| {
            Unpickler::from_slice(&bytes).registry(registry).load::<Box<dyn Shape>>()
        };
        let error = load(Registry::empty()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnknownName { .. }), "{protocol}: {error}");
        assert_eq!(error.hint(), Some("nothing is registered as a `names.Shape`"));
        assert_eq!(load(some.clone()).unwrap().area(), 3.0);
    }
    let other: Box<dyn Shape> = Box::new(1_u32);
    let error = Pickler::new(Vec::new()).registry(some).dump(&other).unwrap_err();
    assert!(error.to_string().starts_with("`u32` is not registered as a `names.Shape`"));
}

#[test]
fn registries_merge_and_report_what_they_disagree_about() {
    #[derive(Pickle, Debug)]
    #[pickle(class = "shapes.Circle")]
    struct Another;
    #[pickle::class(name = "shapes.Another")]
    impl Shape for Another {
        fn area(&self) -> f64 {
            1.0
        }
    }
    let mut first = Registry::empty();
    first.add_class::<dyn Shape, Circle>().unwrap();
    let mut second = Registry::empty();
    second.add_class::<dyn Shape, Rect>().unwrap();
    second.add_class::<dyn Shape, Circle>().unwrap();
    first.merge(&second).unwrap();
    assert_eq!(first.class_names::<dyn Shape>(), ["shapes.Circle", "shapes.Rect"]);

    let mut third = Registry::empty();
    third.add_class_as::<dyn Shape, Another>("shapes.Rectangle").unwrap();
    let error = first.merge(&third).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("`shapes.Rectangle` stands for both names::classes::Rect and "),
        "{text}"
    );
    let load = |bytes| Unpickler::from_slice(bytes).registry(first).load::<Box<dyn Shape>>();
    let error = load(RECTANGLE).unwrap_err();
    assert!(error.to_string().starts_with("`shapes.Rectangle` stands for both "), "{error}");
}

#[pickle::class(name = "names.Wide")]
pub(super) trait Wide: Shape + Send + Sync {
    fn width(&self) -> f64 {
        self.area()
    }
}

#[pickle::class]
impl Wide for Rect {}

#[test]
fn supertraits_and_marker_traits_are_objects_too() {
    let wide: Box<dyn Wide> = Box::new(Rect(2.0, 3.0));
    let loaded: Box<dyn Wide> = loads(&dumps(&wide).unwrap()).unwrap();
    assert_eq!(loaded.width(), 6.0);
    // One namespace: what was pickled as one of these loads as any of them.
    let shape: Box<dyn Shape + Send + Sync> = Box::new(Rect(2.0, 3.0));
    let bytes = dumps(&shape).unwrap();
    assert_eq!(loads::<Box<dyn Shape + Send>>(&bytes).unwrap().area(), 6.0);
    assert_eq!(loads::<Box<dyn Shape + Sync>>(&bytes).unwrap().area(), 6.0);
    assert_eq!(loads::<Box<dyn Shape + Send + Sync>>(&bytes).unwrap().area(), 6.0);
    assert_eq!(loads::<Box<dyn Shape>>(&bytes).unwrap().area(), 6.0);
}

#[derive(Pickle, Debug)]
#[pickle(class = "shapes.Local")]
struct Local(#[pickle(skip)] std::marker::PhantomData<*const u8>);

#[pickle::class]
impl Shape for Local {
    fn area(&self) -> f64 {
        1.0
    }
}

#[test]
fn what_is_not_send_is_no_object_that_is() {
    let bytes = dumps(&(Box::new(Local(Default::default())) as Box<dyn Shape>)).unwrap();
    assert_eq!(loads::<Box<dyn Shape>>(&bytes).unwrap().area(), 1.0);
    let error = loads::<Box<dyn Shape + Send>>(&bytes).err().unwrap();
    let text = error.to_string();
    assert!(text.starts_with("names::classes::Local is no `dyn "), "{text}");
    assert_eq!(error.hint(), Some("it is not registered with the same `Send` and `Sync`"));
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Scaled")]
struct Scaled<T> {
    by: f64,
    shape: T,
}

#[pickle::class]
impl<T: Shape + Pickle> Shape for Scaled<T> {
    fn area(&self) -> f64 {
        self.by * self.shape.area()
    }
}

#[pickle::class(dyn Shape, name = "shapes.Scaled[Circle]", alias = "shapes.BigCircle")]
type ScaledCircle = Scaled<Circle>;

#[pickle::class(dyn Shape, name = "shapes.Scaled[Rect]")]
type ScaledRect = Scaled<Rect>;

#[test]
fn each_instance_of_a_generic_type_has_a_name_of_its_own() {
    let circle = ScaledCircle { by: 2.0, shape: Circle { r: 1.0 } };
    let rect = ScaledRect { by: 3.0, shape: Rect(1.0, 2.0) };
    let shapes: Vec<Box<dyn Shape>> = vec![Box::new(circle), Box::new(rect)];
    for protocol in PROTOCOLS {
        let loaded: Vec<Box<dyn Shape>> = loads(&dumps_with(&shapes, protocol).unwrap()).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{shapes:?}"));
    }
    // Its class alone does not say which it is.
    let bytes = dumps_with(&Scaled { by: 1.0, shape: 1_u32 }, Protocol::V4).unwrap();
    let error = loads::<Box<dyn Shape>>(&bytes).unwrap_err();
    assert!(error.to_string().starts_with("`shapes.Scaled` stands for both "), "{error}");
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Form")]
enum Form {
    Dot,
    Line { len: f64 },
    Box(f64, f64),
}

#[pickle::class]
impl Shape for Form {
    fn area(&self) -> f64 {
        0.0
    }
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Size", python = "enum")]
enum Size {
    Small = 1,
    Large = 2,
}

#[pickle::class]
impl Shape for Size {
    fn area(&self) -> f64 {
        0.0
    }
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Word")]
enum Word {
    Yes,
    No,
}

#[pickle::class]
impl Shape for Word {
    fn area(&self) -> f64 {
        0.0
    }
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shapes.Dict", python = "dict")]
struct Dict {
    a: u8,
}

#[pickle::class]
impl Shape for Dict {
    fn area(&self) -> f64 {
        0.0
    }
}

#[test]
fn enums_and_other_forms_of_python_are_objects_too() {
    let shapes: Vec<Box<dyn Shape>> = vec![
        Box::new(Form::Dot),
        Box::new(Form::Line { len: 1.0 }),
        Box::new(Form::Box(1.0, 2.0)),
        Box::new(Size::Small),
        Box::new(Size::Large),
        Box::new(Word::Yes),
        Box::new(Word::No),
        Box::new(Dict { a: 1 }),
    ];
    for protocol in PROTOCOLS {
        let bytes = dumps_with(&shapes, protocol).unwrap();
        let loaded: Vec<Box<dyn Shape>> = loads(&bytes).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{shapes:?}"), "{protocol}");
        let loaded: Vec<Box<dyn Shape>> = from_value(&Value::loads(&bytes).unwrap()).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{shapes:?}"), "{protocol}");
    }
}
