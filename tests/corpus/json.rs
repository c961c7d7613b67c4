//! The canonical JSON of a typed value, in which the corpus states what each pickle denotes.

use pickle::python::{BigInt, Dtype, DtypeKind, Order, Time, TimeDelta, TimeZone};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::typed::Typed;

const LONG_TEXT: usize = 2048;
const LONG_SEQUENCE: usize = 2000;
const LONG_ARRAY: usize = 4096;
const LONG_NUMBER: usize = 8000;

/// What the corpus has a word for, and no type here: classes of Python's library and of numpy's and
/// pandas', and their objects.
const NO_TYPES: [&str; 14] = [
    "slice",
    "array",
    "re",
    "partial",
    "method",
    "npmasked",
    "dataframe",
    "series",
    "index",
    "pd_scalar",
    "ref",
    "ipnet",
    "buffer",
    "s_wtf8",
];

const CLASSES: [&str; 7] = ["Point", "Plain", "NT", "TNT", "A", "IntColor", "Holder.Nested"];

/// Whether each part has a type.
pub(crate) fn has_types(expect: &Value) -> bool {
    match expect {
        Value::Array(items) => items.iter().all(has_types),
        Value::Object(parts) => parts.iter().all(|(name, part)| {
            let typed = match &**name {
                "obj" | "enum" | "namedtuple" => {
                    part[0] == "h2_types" && CLASSES.iter().any(|class| part[1] == *class)
                }
                name => !NO_TYPES.contains(&name),
            };
            typed && has_types(part)
        }),
        // Plain has its own attributes in each row.
        _ => true,
    }
}

/// The canonical JSON of a value.
pub(crate) fn of(value: &Typed) -> Value {
    match value {
        Typed::None => Value::Null,
        Typed::Bool(value) => json!(value),
        Typed::Int(value) => integer(value),
        Typed::Float(value) => float(*value),
        Typed::Str(text) => str(text),
        Typed::Bytes(value) => bytes("b", value),
        Typed::ByteArray(value) => bytes("ba", &value.0),
        Typed::List(items) => sequence("list", items.iter().map(of).collect()),
        Typed::Tuple(items) => sequence("tuple", items.iter().map(of).collect()),
        Typed::Set(items) => sequence("set", sorted(items)),
        Typed::FrozenSet(items) => sequence("frozenset", sorted(items)),
        Typed::Dict(entries) => sequence("dict", pairs(entries)),
        Typed::Global(module, name) => json!({"g": [module, name]}),
        Typed::Complex(value) => json!({"c": [bits(value.re), bits(value.im)]}),
        Typed::Date(date) => json!({"date": [date.year(), date.month(), date.day()]}),
        Typed::Time(time) => {
            json!({"time": clock(time), "fold": i32::from(time.fold()), "tz": zone(time.zone())})
        }
        Typed::DateTime(value) => {
            let (date, time) = (value.date(), value.time());
            let mut parts = vec![json!(date.year()), json!(date.month()), json!(date.day())];
            parts.extend(clock(time));
            json!({"datetime": parts, "fold": i32::from(time.fold()), "tz": zone(time.zone())})
        }
        Typed::TimeDelta(delta) => json!({"timedelta": span(*delta)}),
        Typed::TimeZone(value) => zone(Some(value)),
        Typed::Decimal(value) => json!({"decimal": value.to_string()}),
        Typed::Fraction(value) => {
            json!({"fraction": [value.numerator().to_string(), value.denominator().to_string()]})
        }
        Typed::Uuid(value) => json!({"uuid": value.to_string()}),
        Typed::Range(range) => json!({"range": [
            range.start().to_string(), range.stop().to_string(), range.step().to_string()
        ]}),
        Typed::Path(path) => json!({"path": path.to_str()}),
        Typed::V4(address) => json!({"ip": address.to_string()}),
        // CPython before 3.13 knows no dotted end.
        Typed::V6(address) => match (address.to_ipv4_mapped(), address.segments()) {
            (Some(_), [.., high, low]) => json!({"ip": format!("::ffff:{high:x}:{low:x}")}),
            _ => json!({"ip": address.to_string()}),
        },
        Typed::Deque(deque) => {
            let items: Vec<Value> = deque.items().iter().map(of).collect();
            json!({"deque": items, "maxlen": deque.max_len()})
        }
        Typed::OrderedDict(dict) => json!({"odict": pairs(&dict.0)}),
        Typed::DefaultDict(dict) => json!({"defaultdict": pairs(&dict.0)}),
        Typed::Counter(dict) => json!({"counter": pairs(&dict.0)}),
        Typed::Array(_) | Typed::Scalar(_) | Typed::Dtype(_) => numpy(value),
        _ => object(value),
    }
}

/// The objects of classes.
fn object(value: &Typed) -> Value {
    match value {
        Typed::Point(point) => {
            json!({"obj": ["h2_types", "Point"], "state": [["x", float(point.x)], ["y", float(point.y)]]})
        }
        Typed::Plain(plain) => json!({"obj": ["h2_types", "Plain"], "state": [
            ["a", {"i": plain.a.to_string()}],
            ["b", str(&plain.b)],
            ["c", {"list": plain.c.iter().map(|item| json!({"i": item.to_string()})).collect::<Vec<_>>()}],
        ]}),
        Typed::Nt(tuple) => {
            let y: Vec<Value> = tuple.y.iter().map(of).collect();
            json!({"namedtuple": ["h2_types", "NT"],
                "fields": [["x", {"i": tuple.x.to_string()}], ["y", {"list": y}]]})
        }
        Typed::Tnt(tuple) => json!({"namedtuple": ["h2_types", "TNT"],
            "fields": [["name", str(&tuple.name)], ["n", {"i": tuple.n.to_string()}]]}),
        Typed::A(a) => {
            json!({"obj": ["h2_types", "A"], "state": [["important_data", str(&a.important_data)]]})
        }
        Typed::IntColor(color) => {
            let name = format!("{color:?}").to_uppercase();
            json!({"enum": ["h2_types", "IntColor"], "name": name, "value": {"i": (*color as i32).to_string()}})
        }
        Typed::Nested(value) => json!({"enum": ["h2_types", "Holder.Nested"],
            "name": format!("{value:?}"), "value": {"i": (*value as i32).to_string()}}),
        other => panic!("{other:?} is no object"),
    }
}

fn numpy(value: &Typed) -> Value {
    match value {
        Typed::Dtype(value) => json!({"npdtype": dtype(value)}),
        Typed::Scalar(scalar) => {
            json!({"npscalar": {"dtype": dtype(scalar.dtype()), "data": hex(scalar.bytes())}})
        }
        Typed::Array(array) => {
            let bytes = array.c_bytes();
            let order = if array.order() == Order::C { "C" } else { "F" };
            let mut parts =
                json!({"dtype": dtype(array.dtype()), "shape": array.shape(), "order": order});
            match bytes.len() <= LONG_ARRAY {
                true => parts["data"] = json!(hex(&bytes)),
                false => parts["data_sha"] = json!(sha(&bytes)),
            }
            if let Some(class) = array.class() {
                parts["subclass"] = json!(class.rsplit('.').next());
            }
            json!({"ndarray": parts})
        }
        other => panic!("{other:?} is not of numpy"),
    }
}

fn dtype(dtype: &Dtype) -> Value {
    match dtype.kind() {
        DtypeKind::Struct(fields) => fields
            .iter()
            .map(|field| json!([field.name, self::dtype(&field.dtype), field.offset]))
            .collect(),
        _ => json!(dtype.to_string()),
    }
}

/// Compares by the text that both have.
pub(crate) fn equal(found: &Value, expected: &Value) -> Result<(), String> {
    let (found, mut expected) = (dump(found), dump(expected));
    // A factory is a name that nothing here calls, so it is not kept.
    if let Some(at) = expected.find(",\"factory\":") {
        expected.replace_range(at..expected.len() - 1, "");
    }
    if found == expected { Ok(()) } else { Err(format!("\n found {found}\n wants {expected}")) }
}

/// Compact JSON in ASCII with sorted keys.
fn dump(value: &Value) -> String {
    let mut text = String::new();
    for char in value.to_string().chars() {
        if char.is_ascii() {
            text.push(char);
        } else {
            char.encode_utf16(&mut [0; 2]).iter().for_each(|u| text += &format!("\\u{u:04x}"));
        }
    }
    text
}

fn sorted(items: &[Typed]) -> Vec<Value> {
    let mut values: Vec<Value> = items.iter().map(of).collect();
    values.sort_by_cached_key(dump);
    values.dedup();
    values
}

fn pairs(entries: &[(Typed, Typed)]) -> Vec<Value> {
    entries.iter().map(|(key, value)| json!([of(key), of(value)])).collect()
}

fn clock(time: &Time) -> Vec<Value> {
    vec![json!(time.hour()), json!(time.minute()), json!(time.second()), json!(time.microsecond())]
}

fn span(delta: TimeDelta) -> Value {
    json!([delta.days(), delta.seconds(), delta.microseconds()])
}

fn zone(zone: Option<&TimeZone>) -> Value {
    let Some(zone) = zone else { return Value::Null };
    match (zone.key(), zone.offset()) {
        (Some(key), _) => json!({"zoneinfo": key}),
        (None, offset) => json!({"timezone": offset.map(span), "name": zone.to_string()}),
    }
}

fn integer(value: &BigInt) -> Value {
    let digits = value.to_string();
    if digits.len() < LONG_NUMBER {
        return json!({"i": digits});
    }
    let count = digits.trim_start_matches('-').len();
    json!({"i_sha": sha(digits.as_bytes()), "digits": count, "neg": value.is_negative()})
}

fn bits(value: f64) -> String {
    format!("{:016x}", value.to_bits())
}

fn float(value: f64) -> Value {
    json!({"f": bits(value)})
}

fn str(text: &str) -> Value {
    match text.len() <= LONG_TEXT {
        true => json!({"s": text}),
        false => json!({
            "s_sha": sha(text.as_bytes()), "chars": text.chars().count(), "bytes": text.len()
        }),
    }
}

fn bytes(name: &str, bytes: &[u8]) -> Value {
    if bytes.len() <= LONG_TEXT {
        return json!({ name: hex(bytes) });
    }
    json!({format!("{name}_sha"): sha(bytes), "len": bytes.len()})
}

fn sequence(name: &str, values: Vec<Value>) -> Value {
    if values.len() <= LONG_SEQUENCE {
        return json!({ name: values });
    }
    let len = values.len();
    json!({format!("{name}_sha"): sha(dump(&Value::Array(values)).as_bytes()), "len": len})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
