//! Files that earlier versions of types were pickled into, loaded by today's. Files are added
//! (`GOLDEN=add cargo test --test evolution`), never regenerated: the earlier types are kept to show
//! what is in them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;

use pickle::{Pickle, Protocol, UnpickleOwned, dumps_with, loads};

/// As it was.
mod was {
    use super::*;

    #[derive(Pickle)]
    #[pickle(class = "golden.Order")]
    pub(super) struct Order {
        pub(super) id: u32,
        pub(super) customer: String,
        pub(super) lines: Vec<Line>,
        pub(super) weight: f32,
        pub(super) tags: BTreeSet<String>,
        pub(super) discount: Option<u8>,
        pub(super) status: Status,
        pub(super) priority: Priority,
        pub(super) history: BTreeMap<u16, (String, Status)>,
        pub(super) account: Account,
    }

    #[derive(Pickle)]
    #[pickle(class = "golden.Line")]
    pub(super) struct Line(pub(super) String, pub(super) u16, pub(super) [u8; 2]);

    #[derive(Pickle)]
    #[pickle(class = "golden.Status")]
    pub(super) enum Status {
        Open,
        Paid(u32),
        Sent { carrier: String, boxes: Vec<u8> },
        Lost,
    }

    #[derive(Pickle)]
    #[pickle(class = "golden.Priority")]
    pub(super) enum Priority {
        Low,
        High,
    }

    #[derive(Pickle)]
    #[pickle(class = "golden.Account", getstate = Self::state, setstate = Self::from_state)]
    pub(super) struct Account(pub(super) String, pub(super) u32);

    impl Account {
        fn state(&self) -> (&str, u32) {
            (&self.0, self.1)
        }

        fn from_state((owner, cents): (String, u32)) -> Self {
            Self(owner, cents)
        }
    }

    pub(super) fn order() -> Order {
        let sent = Status::Sent { carrier: "pigeon".into(), boxes: vec![1, 2] };
        Order {
            id: 7,
            customer: "Ada".into(),
            lines: (0..100).map(|n| Line(format!("item {n}"), n, [n as u8, 9])).collect(),
            weight: 0.5,
            tags: ["fragile".to_owned(), "gift".to_owned()].into(),
            discount: Some(5),
            status: sent,
            priority: Priority::High,
            history: [
                (1, ("placed".to_owned(), Status::Open)),
                (2, ("paid".into(), Status::Paid(900))),
            ]
            .into(),
            account: Account("Ada".into(), 1250),
        }
    }

    pub(super) fn statuses() -> Vec<Status> {
        vec![Status::Open, Status::Lost, Status::Paid(3)]
    }
}

#[derive(Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Purchase", alias = "golden.Order")]
struct Purchase {
    status: Option<Status>,
    #[pickle(alias = "id")]
    number: u64,
    lines: VecDeque<Line>,
    weight: f64,
    tags: Vec<String>,
    discount: i16,
    priority: Priority,
    history: std::collections::HashMap<u64, (Box<str>, Status)>,
    account: Account,
    #[pickle(default = "EUR".to_owned())]
    currency: String,
}

#[derive(Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Line")]
struct Line {
    #[pickle(alias = "1")]
    count: u32,
    #[pickle(alias = "0")]
    name: String,
    #[pickle(alias = "2")]
    size: Vec<u16>,
}

#[derive(Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Status")]
enum Status {
    #[pickle(alias = "Sent")]
    Shipped {
        boxes: Vec<u32>,
        tracking: Option<String>,
    },
    Open {
        #[pickle(default = 14)]
        days: u8,
    },
    Paid(i64),
    #[pickle(other)]
    Other,
}

#[derive(Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Priority")]
enum Priority {
    #[pickle(alias = "High")]
    Urgent,
    Low,
}

#[derive(Pickle)]
#[pickle(class = "golden.AccountState", untagged)]
enum AccountState {
    First(String, u64),
    Second { owner: String, cents: i64 },
}

#[derive(Debug, PartialEq, Pickle)]
#[pickle(class = "golden.Account", getstate = Self::state, setstate = Self::from_state)]
struct Account {
    owner: String,
    cents: i64,
}

impl Account {
    fn state(&self) -> AccountState {
        AccountState::Second { owner: self.owner.clone(), cents: self.cents }
    }

    fn from_state(state: AccountState) -> Self {
        match state {
            AccountState::First(owner, cents) => Self { owner, cents: cents as i64 },
            AccountState::Second { owner, cents } => Self { owner, cents },
        }
    }
}

fn purchase() -> Purchase {
    let line = |n: u32| Line { count: n, name: format!("item {n}"), size: vec![n as u16, 9] };
    let history = [
        (1, ("placed".into(), Status::Open { days: 14 })),
        (2, ("paid".into(), Status::Paid(900))),
    ];
    Purchase {
        status: Some(Status::Shipped { boxes: vec![1, 2], tracking: None }),
        number: 7,
        lines: (0..100).map(line).collect(),
        weight: 0.5,
        tags: vec!["fragile".into(), "gift".into()],
        discount: 5,
        priority: Priority::Urgent,
        history: history.into(),
        account: Account { owner: "Ada".into(), cents: 1250 },
        currency: "EUR".into(),
    }
}

/// Loads the golden files of an earlier type; adds those that are missing.
fn golden<Was: Pickle, Now: UnpickleOwned + PartialEq + Debug>(name: &str, was: &Was, now: &Now) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/evolution-1");
    for (suffix, protocol) in [("pickle", Protocol::Native), ("protocol-4.pickle", Protocol::V4)] {
        let path = folder.join(format!("{name}.{suffix}"));
        if !path.exists() && std::env::var_os("GOLDEN").is_some_and(|value| value == "add") {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, dumps_with(was, protocol).unwrap()).unwrap();
        }
        let bytes = fs::read(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; `GOLDEN=add` adds what is missing", path.display())
        });
        assert_eq!(loads::<Now>(&bytes).unwrap(), *now, "{}", path.display());
    }
}

#[test]
fn an_order_of_an_earlier_version_is_a_purchase_of_today() {
    golden("order", &was::order(), &purchase());
}

#[test]
fn variants_of_an_earlier_version_are_those_of_today() {
    let now = [Status::Open { days: 14 }, Status::Other, Status::Paid(3)];
    golden("statuses", &was::statuses(), &now);
}

#[test]
fn a_state_of_an_earlier_version_is_one_of_today() {
    let was = was::Account("Grace".into(), 3);
    golden("account", &was, &Account { owner: "Grace".into(), cents: 3 });
}
