//! A struct of many fields, and fields of foreign types, in Python's protocols.

use pickle::{Pickle, Protocol, Value, dumps_with, from_value, loads, to_value, value};

macro_rules! wide {
    ($($field:ident)*) => {
        #[derive(Pickle, Debug, PartialEq)]
        #[pickle(class = "shapes.Wide")]
        struct Wide { $($field: u16),* }

        const NAMES: &[&str] = &[$(stringify!($field)),*];

        /// Each field with its position.
        fn wide() -> Wide {
            let mut positions = 0..;
            Wide { $($field: positions.next().unwrap()),* }
        }
    };
}

wide! {
    f000 f001 f002 f003 f004 f005 f006 f007 f008 f009 f010 f011 f012 f013 f014 f015
    f016 f017 f018 f019 f020 f021 f022 f023 f024 f025 f026 f027 f028 f029 f030 f031
    f032 f033 f034 f035 f036 f037 f038 f039 f040 f041 f042 f043 f044 f045 f046 f047
    f048 f049 f050 f051 f052 f053 f054 f055 f056 f057 f058 f059 f060 f061 f062 f063
    f064 f065 f066 f067 f068 f069 f070 f071 f072 f073 f074 f075 f076 f077 f078 f079
    f080 f081 f082 f083 f084 f085 f086 f087 f088 f089 f090 f091 f092 f093 f094 f095
    f096 f097 f098 f099 f100 f101 f102 f103 f104 f105 f106 f107 f108 f109 f110 f111
    f112 f113 f114 f115 f116 f117 f118 f119 f120 f121 f122 f123 f124 f125 f126 f127
    f128 f129 f130 f131 f132 f133 f134 f135 f136 f137 f138 f139 f140 f141 f142 f143
    f144 f145 f146 f147 f148 f149 f150 f151 f152 f153 f154 f155 f156 f157 f158 f159
    f160 f161 f162 f163 f164 f165 f166 f167 f168 f169 f170 f171 f172 f173 f174 f175
    f176 f177 f178 f179 f180 f181 f182 f183 f184 f185 f186 f187 f188 f189 f190 f191
    f192 f193 f194 f195 f196 f197 f198 f199
}

fn entries() -> impl DoubleEndedIterator<Item = (&'static str, Value)> {
    NAMES.iter().enumerate().map(|(position, name)| (*name, Value::from(position as u16)))
}

#[test]
fn two_hundred_fields_round_trip_by_every_protocol() {
    for number in 0..=5 {
        let bytes = dumps_with(&wide(), Protocol::try_from(number).unwrap()).unwrap();
        assert_eq!(loads::<Wide>(&bytes).unwrap(), wide(), "protocol {number}");
    }
}

#[test]
fn two_hundred_fields_are_attributes_in_their_order() {
    let expected: Vec<_> = entries().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(expected.len(), 200);
    assert_eq!(to_value(&wide()).unwrap().attributes(), expected);
}

#[test]
fn two_hundred_fields_load_in_any_order() {
    let dict = Value::dict(entries().rev().map(|(name, value)| (Value::from(name), value)));
    assert_eq!(from_value::<Wide>(&dict).unwrap(), wide());
}

/// A type of someone else's.
mod foreign {
    #[derive(Debug, PartialEq, Clone, Copy)]
    pub(super) struct Celsius {
        pub(super) tenths: i32,
    }
}

mod celsius {
    use super::foreign::Celsius;

    pub(super) fn getstate(celsius: &Celsius) -> i32 {
        celsius.tenths
    }

    pub(super) fn setstate(tenths: i32) -> Result<Celsius, String> {
        if tenths < -2731 { Err("colder than cold".into()) } else { Ok(Celsius { tenths }) }
    }
}

#[derive(Pickle, Debug, PartialEq)]
#[pickle(class = "weather.Report")]
struct Report {
    place: String,
    #[pickle(with = celsius)]
    celsius: foreign::Celsius,
}

fn report() -> Report {
    Report { place: "A".into(), celsius: foreign::Celsius { tenths: -105 } }
}

#[test]
fn a_foreign_type_is_its_state_by_every_protocol() {
    let state = [("place".to_owned(), value!("A")), ("celsius".to_owned(), value!(-105))];
    for number in 0..=5 {
        let bytes = dumps_with(&report(), Protocol::try_from(number).unwrap()).unwrap();
        assert_eq!(loads::<Report>(&bytes).unwrap(), report(), "protocol {number}");
        assert_eq!(Value::loads(&bytes).unwrap().attributes(), state, "protocol {number}");
    }
}

#[test]
fn a_foreign_type_may_refuse_what_python_wrote() {
    let dict = value!({"place": "B", "celsius": -9999});
    let error = from_value::<Report>(&dict).unwrap_err();
    assert_eq!(error.to_string(), "colder than cold at Report.celsius");
}
