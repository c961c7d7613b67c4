//! States of `getstate` and `setstate`.

use pickle::Pickle;
use pickle::compat::Effect::{Breaks, Loads};

use crate::evolves;

#[derive(Pickle)]
#[pickle(class = "bank.Account", getstate = First::state, setstate = First::from_state)]
struct First {
    owner: String,
    cents: u32,
}

impl First {
    fn state(&self) -> (&str, u32) {
        (&self.owner, self.cents)
    }

    fn from_state((owner, cents): (String, u32)) -> Self {
        Self { owner, cents }
    }
}

fn first() -> First {
    First { owner: "Ada".into(), cents: 1250 }
}

#[test]
fn a_state_evolves_as_any_value() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "bank.Account", getstate = Self::state, setstate = Self::from_state)]
    struct Now {
        owner: String,
        cents: u64,
    }
    impl Now {
        fn state(&self) -> (&str, u64) {
            (&self.owner, self.cents)
        }

        fn from_state((owner, cents): (String, u64)) -> Self {
            Self { owner, cents }
        }
    }
    evolves(first(), Now { owner: "Ada".into(), cents: 1250 }, Loads);
}

/// Whatever the state of an account ever was.
#[derive(Pickle)]
#[pickle(class = "bank.AccountState", untagged)]
enum AnyState {
    First(String, u32),
    Second(String, u64, bool),
    Third {
        owner: String,
        cents: i64,
        #[pickle(default)]
        notes: Vec<String>,
    },
}

#[derive(Debug, PartialEq)]
struct Account {
    owner: String,
    cents: i64,
    is_open: bool,
}

impl AnyState {
    fn account(self) -> Account {
        match self {
            Self::First(owner, cents) => Account { owner, cents: cents.into(), is_open: true },
            Self::Second(owner, cents, is_open) => Account { owner, cents: cents as i64, is_open },
            Self::Third { owner, cents, notes } => {
                Account { owner, cents, is_open: notes.is_empty() }
            }
        }
    }
}

#[derive(Debug, PartialEq, Pickle)]
#[pickle(class = "bank.Account", getstate = Second::state, setstate = Second::from_state)]
struct Second(Account);

impl Second {
    fn state(&self) -> (&str, u64, bool) {
        (&self.0.owner, self.0.cents as u64, self.0.is_open)
    }

    fn from_state(state: AnyState) -> Self {
        Self(state.account())
    }
}

#[test]
fn setstate_takes_an_enum_of_all_states_there_ever_were() {
    let account = Account { owner: "Ada".into(), cents: 1250, is_open: true };
    evolves(first(), Second(account), Loads);
    let closed = || Second(Account { owner: "Bob".into(), cents: 5, is_open: false });
    evolves(closed(), closed(), Loads);
}

#[test]
fn getstate_may_return_the_enum_itself() {
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "bank.Account", getstate = Third::state, setstate = Third::from_state)]
    struct Third(Account);
    impl Third {
        fn state(&self) -> AnyState {
            let Account { owner, cents, is_open } = &self.0;
            let notes = if *is_open { vec![] } else { vec!["closed".to_owned()] };
            AnyState::Third { owner: owner.clone(), cents: *cents, notes }
        }

        fn from_state(state: AnyState) -> Self {
            Self(state.account())
        }
    }
    let account = || Account { owner: "Ada".into(), cents: 1250, is_open: true };
    evolves(first(), Third(account()), Loads);
    evolves(Second(account()), Third(account()), Loads);
    evolves(Third(account()), Third(account()), Loads);
}

#[test]
fn a_state_that_is_in_no_variant_is_an_error() {
    #[derive(Pickle)]
    #[pickle(class = "bank.Account", getstate = Odd::state, setstate = Odd::from_state)]
    struct Odd;
    impl Odd {
        fn state(&self) -> f64 {
            1.5
        }

        fn from_state(_: f64) -> Self {
            Self
        }
    }
    let error = crate::refused::<Odd, Second>(Odd, Breaks);
    assert!(
        error.starts_with("expected what a variant of bank.AccountState holds, found float"),
        "{error}"
    );
}

#[test]
fn fields_become_a_state_and_a_state_fields() {
    #[derive(Clone, Debug, PartialEq, Pickle)]
    #[pickle(class = "bank.Account")]
    struct Plain {
        owner: String,
        cents: u32,
    }
    #[derive(Debug, PartialEq, Pickle)]
    #[pickle(class = "bank.Account", getstate = Hooked::state, setstate = Hooked::from_state)]
    struct Hooked(Plain);
    impl Hooked {
        fn state(&self) -> Plain {
            self.0.clone()
        }

        fn from_state(state: Plain) -> Self {
            Self(state)
        }
    }
    let plain = || Plain { owner: "Ada".into(), cents: 5 };
    evolves(plain(), Hooked(plain()), Loads);
}
