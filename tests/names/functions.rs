//! Functions and classes by name.

use pickle::{
    ErrorKind, Function, Global, Pickle, Protocol, Registry, Unpickler, Value, dumps, dumps_with,
    loads,
};

#[pickle::function(name = "math.sqrt", alias = "math.root")]
fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

#[pickle::function]
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() < b.len() { b } else { a }
}

#[derive(Pickle, Debug, PartialEq)]
struct Job {
    run: Function<fn(f64) -> f64>,
    input: f64,
    class: Global,
}

fn job() -> Job {
    let class = Global::new("collections", "OrderedDict");
    Job { run: Function::of::<sqrt>(), input: 9.0, class }
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
fn a_function_is_called_after_a_load_by_every_protocol() {
    for protocol in PROTOCOLS {
        let loaded: Job = loads(&dumps_with(&job(), protocol).unwrap()).unwrap();
        assert_eq!(loaded, job(), "{protocol}");
        assert_eq!((loaded.run)(loaded.input), 3.0);
    }
}

#[test]
fn the_name_is_that_of_the_module_where_none_is_given() {
    let function = Function::of::<longest>();
    assert_eq!(function.global().to_string(), "names::functions.longest".replace("::", "."));
    let loaded: Function<for<'a> fn(&'a str, &'a str) -> &'a str> =
        loads(&dumps(&function).unwrap()).unwrap();
    assert_eq!(loaded("ab", "c"), "ab");
}

#[test]
fn in_python_it_is_a_global() {
    let bytes = dumps_with(&Function::of::<sqrt>(), Protocol::V2).unwrap();
    assert_eq!(bytes, b"\x80\x02cmath\nsqrt\nq\x00.");
    let value = Value::loads(&dumps(&Function::of::<sqrt>()).unwrap()).unwrap();
    assert_eq!(value.as_global().unwrap(), ("math", "sqrt"));
}

#[test]
fn a_former_name_finds_the_function() {
    let root: Function<fn(f64) -> f64> = loads(b"\x80\x02cmath\nroot\nq\x00.").unwrap();
    assert_eq!(root, Function::of::<sqrt>());
}

#[test]
fn another_signature_is_an_error_that_names_both() {
    for bytes in [dumps(&Function::of::<sqrt>()).unwrap(), b"\x80\x02cmath\nsqrt\n.".to_vec()] {
        let error = loads::<Function<fn(u8) -> u8>>(&bytes).unwrap_err();
        assert_eq!(
            error.to_string().split(" (byte").next().unwrap(),
            "expected a function fn(u8) -> u8, found math.sqrt, fn(f64) -> f64"
        );
    }
}

#[test]
fn an_unknown_function_is_an_error_with_the_near_name() {
    let error = loads::<Function<fn(f64) -> f64>>(b"\x80\x02cmath\nsqtr\n.").unwrap_err();
    assert_eq!(
        error.to_string(),
        "`math.sqtr` is not registered as a function (byte 2)\nhint: did you mean `math.sqrt`?"
    );
}

#[test]
fn the_given_registry_alone_is_asked() {
    for protocol in PROTOCOLS {
        let bytes = dumps_with(&job(), protocol).unwrap();
        let mut unpickler = Unpickler::from_slice(&bytes).registry(Registry::empty());
        let error = unpickler.load::<Job>().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::UnknownName { .. }), "{protocol}: {error}");
        assert_eq!(error.path(), "Job.run");
        assert_eq!(error.hint(), Some("nothing is registered as a function"));

        let mut registry = Registry::empty();
        registry.add_function::<sqrt>().unwrap();
        let job = Unpickler::from_slice(&bytes).registry(registry).load::<Job>().unwrap();
        assert_eq!((job.run)(4.0), 2.0);
    }
}

#[test]
fn two_functions_of_one_name_are_an_error() {
    mod other {
        #[pickle::function(name = "twice.given")]
        pub(super) fn f(x: u8) -> u8 {
            x
        }
    }
    #[pickle::function(name = "twice.given")]
    fn g(x: u16) -> u16 {
        x
    }
    let mut registry = Registry::empty();
    registry.add_function::<g>().unwrap();
    registry.add_function::<g>().unwrap();
    let error = registry.add_function::<other::f>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "`twice.given` stands for both twice.given, fn(u16) -> u16 and twice.given, fn(u8) -> u8\n\
         hint: `name = \"...\"` in the attribute of one gives it a name of its own"
    );
    assert!(registry.function::<fn(u16) -> u16>("twice.given").is_err());
    assert_eq!(registry.conflicts().count(), 1);
    assert!(Registry::global().conflicts().any(|error| error.to_string().contains("twice.given")));
}
