//! Attributes that name, skip and default.

use super::round_trip;
use pickle::schema::Node;
use pickle::{Pickle, Schema, dumps, loads};

#[derive(Pickle, Debug, PartialEq)]
struct Session {
    user: String,
    #[pickle(skip)]
    socket: Option<Box<u8>>,
    #[pickle(skip, default = vec![1, 2, 3])]
    opened: Vec<i32>,
}

#[derive(Pickle, Debug, PartialEq)]
struct Mixed(#[pickle(skip)] u8, String, #[pickle(skip, default = 'x')] char);

#[derive(Pickle, Debug, PartialEq)]
enum Job {
    Run {
        id: u32,
        #[pickle(skip, default = 5)]
        retries: u8,
    },
    Wait(#[pickle(skip)] u8, u16),
}

#[test]
fn a_skipped_field_takes_its_default_on_load() {
    let session = Session { user: "ada".into(), socket: Some(Box::new(1)), opened: vec![] };
    let loaded: Session = loads(&dumps(&session).unwrap()).unwrap();
    let opened = vec![1, 2, 3];
    assert_eq!(loaded, Session { user: "ada".into(), socket: None, opened });

    let loaded: Mixed = loads(&dumps(&Mixed(9, "m".into(), 'm')).unwrap()).unwrap();
    assert_eq!(loaded, Mixed(0, "m".into(), 'x'));

    let jobs = vec![Job::Run { id: 1, retries: 0 }, Job::Wait(1, 2)];
    let loaded: Vec<Job> = loads(&dumps(&jobs).unwrap()).unwrap();
    assert_eq!(loaded, [Job::Run { id: 1, retries: 5 }, Job::Wait(0, 2)]);
}

#[test]
fn an_unpicklable_type_may_be_skipped() {
    #[derive(Pickle)]
    struct Holder {
        id: u8,
        #[pickle(skip, default = Box::new(|| 42))]
        callback: Box<dyn Fn() -> i32>,
    }
    let holder = Holder { id: 1, callback: Box::new(|| 1) };
    assert_eq!((holder.callback)(), 1);
    let loaded: Holder = loads(&dumps(&holder).unwrap()).unwrap();
    assert_eq!((loaded.id, (loaded.callback)()), (1, 42));
}

fn field_names(schema: &Schema) -> Vec<String> {
    match schema.root() {
        Node::Struct(node) => node.fields.list.iter().map(|(name, _)| name.clone()).collect(),
        Node::Enum(node) => node.variants.iter().map(|(name, _)| name.clone()).collect(),
        other => panic!("no fields in {other:?}"),
    }
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "shop.models.Order", alias = "shop.Order", rename_all = "camelCase")]
struct Order {
    order_id: u32,
    #[pickle(rename = "sum", alias = "total", alias = "amount")]
    grand_total: u64,
    r#type: u8,
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(rename_all = "SCREAMING-KEBAB-CASE", python = "tagged")]
enum State {
    NotStarted,
    #[pickle(rename = "busy")]
    InProgress {
        step_count: u8,
    },
    #[pickle(other, alias = "GONE")]
    Unknown,
}

#[test]
fn names_on_the_wire_are_those_of_the_attributes() {
    let order = Schema::of::<Order>();
    assert_eq!(order.type_name(), "shop.models.Order");
    assert_eq!(field_names(&order), ["orderId", "sum", "type"]);
    assert_eq!(field_names(&Schema::of::<State>()), ["NOT-STARTED", "busy", "UNKNOWN"]);
    round_trip(Order { order_id: 1, grand_total: 2, r#type: 3 });
    round_trip(vec![State::NotStarted, State::InProgress { step_count: 1 }, State::Unknown]);
}

#[test]
fn without_a_class_the_name_is_that_of_crate_and_type() {
    assert_eq!(Schema::of::<Session>().type_name(), "derive.Session");
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(transparent)]
struct Metres(f64);

#[derive(Pickle, Debug, PartialEq)]
#[pickle(transparent)]
struct Wrapper<T> {
    inner: Vec<T>,
    #[pickle(skip)]
    cache: Option<T>,
}

#[test]
fn a_transparent_type_is_pickled_as_its_field() {
    assert_eq!(dumps(&Metres(1.5)).unwrap(), dumps(&1.5).unwrap());
    assert_eq!(loads::<Metres>(&dumps(&2.5).unwrap()).unwrap(), Metres(2.5));
    assert_eq!(Schema::of::<Wrapper<Metres>>().type_name(), "list[f64]");
    round_trip(Wrapper { inner: vec!["a".to_owned()], cache: None });
}

#[derive(Pickle, Debug, PartialEq, Default)]
#[pickle(default, deny_unknown_fields, python = "dict")]
struct Settings {
    #[pickle(default)]
    volume: u8,
    #[pickle(default = 80)]
    port: u16,
    #[pickle(bytes)]
    key: Vec<u8>,
}

#[test]
fn defaults_of_fields_do_not_touch_what_is_there() {
    round_trip(Settings { volume: 3, port: 8080, key: vec![1, 2] });
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(default)]
struct Window {
    width: u32,
    #[pickle(default)]
    height: u32,
    title: String,
}

impl Default for Window {
    fn default() -> Self {
        Self { width: 640, height: 480, title: "untitled".into() }
    }
}

#[test]
fn missing_fields_come_from_the_default_of_the_struct_or_their_own() {
    let window = pickle::from_value::<Window>(&pickle::value!({"title": "clock"})).unwrap();
    assert_eq!(window, Window { width: 640, height: 0, title: "clock".into() });
}

#[test]
fn hooks_may_be_written_as_text() {
    #[derive(Pickle, Debug, PartialEq)]
    #[pickle(getstate = "Self::state", setstate = "Quoted")]
    struct Quoted(u8);
    impl Quoted {
        fn state(&self) -> u8 {
            self.0
        }
    }
    round_trip(Quoted(3));
}

#[test]
fn a_pickle_of_another_type_is_an_error_that_names_both() {
    let bytes = dumps(&Metres(1.5)).unwrap();
    let error = loads::<Order>(&bytes).unwrap_err();
    assert_eq!(error.to_string(), "this pickle holds f64, not shop.models.Order");
}
