//! 10 000 lines of a web server's log: many short strings.

use rand::Rng;

use super::{one_of, rng, types};

types! {
    #[derive(fory::ForyStruct)]
    pub struct Address {
        pub x0: u8,
        pub x1: u8,
        pub x2: u8,
        pub x3: u8,
    }

    #[derive(fory::ForyStruct)]
    pub struct Log {
        pub address: Address,
        pub identity: String,
        pub userid: String,
        pub date: String,
        pub request: String,
        pub code: u16,
        pub size: u64,
    }

    #[derive(fory::ForyStruct)]
    pub struct Logs {
        pub logs: Vec<Log>,
    }
}

/// A line whose text is borrowed.
#[derive(
    Clone,
    Debug,
    PartialEq,
    pickle::Pickle,
    bitcode::Encode,
    bitcode::Decode,
    wincode::SchemaRead,
    wincode::SchemaWrite,
)]
#[allow(missing_docs)]
pub struct BorrowedLog<'a> {
    pub address: Address,
    pub identity: &'a str,
    pub userid: &'a str,
    pub date: &'a str,
    pub request: &'a str,
    pub code: u16,
    pub size: u64,
}

/// Lines whose text is borrowed. Their pickles are those of [`Logs`].
#[derive(
    Clone,
    Debug,
    PartialEq,
    pickle::Pickle,
    bitcode::Encode,
    bitcode::Decode,
    wincode::SchemaRead,
    wincode::SchemaWrite,
)]
#[allow(missing_docs)]
pub struct BorrowedLogs<'a> {
    pub logs: Vec<BorrowedLog<'a>>,
}

impl Logs {
    /// The same, borrowed.
    pub fn borrowed(&self) -> BorrowedLogs<'_> {
        BorrowedLogs { logs: self.logs.iter().map(Log::borrowed).collect() }
    }
}

impl Log {
    fn borrowed(&self) -> BorrowedLog<'_> {
        BorrowedLog {
            address: self.address.clone(),
            identity: &self.identity,
            userid: &self.userid,
            date: &self.date,
            request: &self.request,
            code: self.code,
            size: self.size,
        }
    }
}

const USERS: &[&str] =
    &["-", "alice", "bob", "carmen", "david", "eric", "frank", "george", "harry"];
const MONTHS: &[&str] =
    &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const ZONES: &[&str] = &[
    "-1200", "-1100", "-1000", "-0900", "-0800", "-0700", "-0600", "-0500", "-0400", "-0300",
    "-0200", "-0100", "+0000", "+0100", "+0200", "+0300", "+0400", "+0500", "+0600", "+0700",
    "+0800", "+0900", "+1000", "+1100", "+1200",
];
const METHODS: &[&str] = &["GET", "POST", "PUT", "UPDATE", "DELETE"];
const ROUTES: &[&str] = &[
    "/favicon.ico",
    "/css/index.css",
    "/css/font-awsome.min.css",
    "/img/logo-full.svg",
    "/img/splash.jpg",
    "/api/login",
    "/api/logout",
];
const PROTOCOLS: &[&str] = &["HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3"];
const CODES: &[u16] = &[
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304,
    305, 306, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414,
    415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502, 503, 504,
    505, 506, 507, 508, 510, 511,
];

/// The data set.
pub fn logs() -> Logs {
    let mut rng = rng();
    Logs { logs: (0..10_000).map(|_| log(&mut rng)).collect() }
}

fn log(rng: &mut impl Rng) -> Log {
    let date = format!(
        "{}/{}/{}:{}:{}:{} {}",
        rng.gen_range(1..29),
        one_of(rng, MONTHS),
        rng.gen_range(1970..2022),
        rng.gen_range(0..24),
        rng.gen_range(0..60),
        rng.gen_range(0..60),
        one_of(rng, ZONES),
    );
    let (method, route) = (one_of(rng, METHODS), one_of(rng, ROUTES));
    let request = format!("{method} {route} {}", one_of(rng, PROTOCOLS));
    let address = Address { x0: rng.r#gen(), x1: rng.r#gen(), x2: rng.r#gen(), x3: rng.r#gen() };
    Log {
        address,
        identity: "-".to_owned(),
        userid: one_of(rng, USERS).to_owned(),
        date,
        request,
        code: CODES[rng.gen_range(0..CODES.len())],
        size: rng.gen_range(0..100_000_000),
    }
}
