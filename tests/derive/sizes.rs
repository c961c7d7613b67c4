//! Large types: 200 fields, 300 variants.

use super::round_trip;
use pickle::{Pickle, dumps, loads};

macro_rules! wide {
    ($($field:ident)*) => {
        #[derive(Pickle, Debug, PartialEq, Default, Clone)]
        struct Wide {
            $($field: Option<u32>,)*
            text: String,
        }

        /// Numbers, so that it may be copied as memory.
        #[derive(Pickle, Debug, PartialEq, Default, Clone)]
        struct WideNumbers {
            $($field: u32,)*
        }

        #[derive(Pickle, Debug, PartialEq, Clone)]
        enum Many {
            $($field,)*
            Last { text: String },
        }

        #[derive(Pickle, Debug, PartialEq, Clone, Copy)]
        enum ManyFieldless {
            $($field),*
        }

        const ALL: &[ManyFieldless] = &[$(ManyFieldless::$field),*];
    };
}

wide! {
    F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 F13 F14
    F15 F16 F17 F18 F19 F20 F21 F22 F23 F24 F25 F26 F27 F28 F29
    F30 F31 F32 F33 F34 F35 F36 F37 F38 F39 F40 F41 F42 F43 F44
    F45 F46 F47 F48 F49 F50 F51 F52 F53 F54 F55 F56 F57 F58 F59
    F60 F61 F62 F63 F64 F65 F66 F67 F68 F69 F70 F71 F72 F73 F74
    F75 F76 F77 F78 F79 F80 F81 F82 F83 F84 F85 F86 F87 F88 F89
    F90 F91 F92 F93 F94 F95 F96 F97 F98 F99 F100 F101 F102 F103 F104
    F105 F106 F107 F108 F109 F110 F111 F112 F113 F114 F115 F116 F117 F118 F119
    F120 F121 F122 F123 F124 F125 F126 F127 F128 F129 F130 F131 F132 F133 F134
    F135 F136 F137 F138 F139 F140 F141 F142 F143 F144 F145 F146 F147 F148 F149
    F150 F151 F152 F153 F154 F155 F156 F157 F158 F159 F160 F161 F162 F163 F164
    F165 F166 F167 F168 F169 F170 F171 F172 F173 F174 F175 F176 F177 F178 F179
    F180 F181 F182 F183 F184 F185 F186 F187 F188 F189 F190 F191 F192 F193 F194
    F195 F196 F197 F198 F199 F200 F201 F202 F203 F204 F205 F206 F207 F208 F209
    F210 F211 F212 F213 F214 F215 F216 F217 F218 F219 F220 F221 F222 F223 F224
    F225 F226 F227 F228 F229 F230 F231 F232 F233 F234 F235 F236 F237 F238 F239
    F240 F241 F242 F243 F244 F245 F246 F247 F248 F249 F250 F251 F252 F253 F254
    F255 F256 F257 F258 F259 F260 F261 F262 F263 F264 F265 F266 F267 F268 F269
    F270 F271 F272 F273 F274 F275 F276 F277 F278 F279 F280 F281 F282 F283 F284
    F285 F286 F287 F288 F289 F290 F291 F292 F293 F294 F295 F296 F297 F298 F299
}

#[test]
fn three_hundred_fields_round_trip() {
    let wide =
        Wide { F0: Some(1), F199: Some(2), F299: Some(3), text: "t".into(), ..Wide::default() };
    round_trip(vec![wide; 3]);
    round_trip(vec![WideNumbers { F0: 1, F299: 2, ..WideNumbers::default() }; 3]);
}

#[test]
fn three_hundred_variants_round_trip() {
    round_trip(vec![Many::F0, Many::F255, Many::F256, Many::F299, Many::Last { text: "l".into() }]);
    round_trip(ALL.to_vec());
}

#[test]
fn a_tag_beyond_the_variants_is_an_error() {
    let mut bytes = dumps(&ManyFieldless::F299).unwrap();
    let tag = bytes.len() - 2;
    bytes[tag..].copy_from_slice(&300_u16.to_le_bytes());
    let error = loads::<ManyFieldless>(&bytes).unwrap_err();
    assert_eq!(error.to_string(), format!("ManyFieldless has no variant 300 (byte {tag})"));
}
