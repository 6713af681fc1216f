//! Who may read a document, and whether given readers may.
//!
//! An audience is what its source says, unchanged: a list of gates, each of which a reader must pass. A page of Confluence has
//! a gate for its space, one for its own restriction and one for each restriction above it. What is not known is closed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

/// A person or a group, as one source knows them: `mail:ana@example.com`, `group:finance`, `confluence:user:712020:ana`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Principal(String);

impl Principal {
    pub(super) fn mail(address: &Email) -> Self {
        Self(format!("mail:{}", address.as_str()))
    }

    pub(super) fn group(name: &str) -> Self {
        Self(format!("group:{name}"))
    }

    pub(super) fn confluence_user(id: &str) -> Self {
        Self(format!("confluence:user:{id}"))
    }

    pub(super) fn confluence_group(id: &str) -> Self {
        Self(format!("confluence:group:{id}"))
    }

    /// The id of a Confluence user.
    pub(super) fn as_confluence_user(&self) -> Option<&str> {
        self.0.strip_prefix("confluence:user:")
    }

    /// The id of a Confluence group.
    pub(super) fn as_confluence_group(&self) -> Option<&str> {
        self.0.strip_prefix("confluence:group:")
    }
}

/// An e-mail address as people are compared by it: without blanks around it, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Email(String);

impl Email {
    /// Nothing for what can't be an address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (name, host) = text.split_once('@')?;
        let is_address = !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace);
        is_address.then_some(Self(text))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whoever is one of these passes.
pub(super) type Gate = BTreeSet<Principal>;

/// Who may read a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Audience {
    /// Everybody.
    Everybody,
    /// Whoever passes every gate.
    Gates(BTreeSet<Gate>),
    /// Nobody, because it is not known who may.
    Nobody,
}

impl Audience {
    /// One gate.
    pub(super) fn only(gate: Gate) -> Self {
        Self::Gates([gate].into())
    }

    /// Whoever both let in.
    pub(super) fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Nobody, _) | (_, Self::Nobody) => Self::Nobody,
            (Self::Everybody, other) => other.clone(),
            (this, Self::Everybody) => this,
            (Self::Gates(mut gates), Self::Gates(more)) => {
                gates.extend(more.iter().cloned());
                Self::Gates(gates)
            }
        }
    }

    pub(super) fn is_public(&self) -> bool {
        *self == Self::Everybody
    }

    /// Whether somebody who is all of `principals` may read it.
    pub(super) fn lets_in(&self, principals: &BTreeSet<Principal>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Nobody => false,
            Self::Gates(gates) => gates.iter().all(|gate| !gate.is_disjoint(principals)),
        }
    }
}

/// The audiences of all documents, each kept once.
#[derive(Debug, Default)]
pub(super) struct Audiences {
    known: Vec<Audience>,
    numbers: BTreeMap<Audience, AudienceNumber>,
}

/// An audience among those that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AudienceNumber(u32);

impl Audiences {
    pub(super) fn number(&mut self, audience: Audience) -> AudienceNumber {
        if let Some(number) = self.numbers.get(&audience) {
            return *number;
        }
        let number = AudienceNumber(u32::try_from(self.known.len()).unwrap_or(u32::MAX));
        self.numbers.insert(audience.clone(), number);
        self.known.push(audience);
        number
    }

    pub(super) fn is_public(&self, number: AudienceNumber) -> bool {
        self.known.get(number.0 as usize).is_some_and(Audience::is_public)
    }

    /// What all of the readers may see.
    pub(super) fn open_to(&self, readers: &Readers) -> Open {
        let lets_all_in = |audience: &Audience| match readers {
            Readers::Anybody => audience.is_public(),
            Readers::All(people) => people.iter().all(|person| audience.lets_in(person)),
        };
        Open(self.known.iter().map(lets_all_in).collect())
    }
}

/// For each audience whether the readers of a call are let in.
#[derive(Debug)]
pub(super) struct Open(Vec<bool>);

impl Open {
    pub(super) fn has(&self, number: AudienceNumber) -> bool {
        self.0.get(number.0 as usize) == Some(&true)
    }
}

/// Everybody who will read what comes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Readers {
    /// Nobody was named: it may be anybody.
    Anybody,
    /// These people, each with what the sources know them as.
    All(Vec<BTreeSet<Principal>>),
}

/// What a source knows people as.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    /// The accounts of an address.
    accounts: HashMap<Email, BTreeSet<Principal>>,
    /// The groups of an account.
    groups: HashMap<Principal, BTreeSet<Principal>>,
}

impl Directory {
    pub(super) fn add_account(&mut self, email: Email, account: Principal) {
        self.accounts.entry(email).or_default().insert(account);
    }

    pub(super) fn add_member(&mut self, group: &Principal, account: Principal) {
        self.groups.entry(account).or_default().insert(group.clone());
    }

    /// All that somebody is: their address, their accounts, and the groups of these.
    pub(super) fn principals(&self, email: &Email) -> BTreeSet<Principal> {
        let mail = Principal::mail(email);
        let accounts = self.accounts.get(email).into_iter().flatten().chain([&mail]);
        let mut all = BTreeSet::new();
        for account in accounts {
            all.extend(self.groups.get(account).into_iter().flatten().cloned());
            all.insert(account.clone());
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gate(names: &[&str]) -> Gate {
        names.iter().map(|name| Principal::group(name)).collect()
    }

    fn person(groups: &[&str]) -> BTreeSet<Principal> {
        gate(groups)
    }

    #[test]
    fn every_gate_must_be_passed() {
        let page = Audience::only(gate(&["staff", "partners"])).and(&Audience::only(gate(&["finance"])));
        for (groups, may_read) in
            [(&["staff", "finance"][..], true), (&["staff"], false), (&["finance"], false), (&[], false)]
        {
            assert_eq!(page.lets_in(&person(groups)), may_read, "{groups:?}");
        }
        assert!(!page.clone().and(&Audience::Nobody).lets_in(&person(&["staff", "finance"])));
        assert!(!Audience::only(Gate::new()).lets_in(&person(&["staff"])));
    }

    #[test]
    fn a_thread_reads_what_its_last_reader_may() {
        let mut audiences = Audiences::default();
        let (public, staff) =
            (audiences.number(Audience::Everybody), audiences.number(Audience::only(gate(&["staff"]))));
        assert_eq!(audiences.number(Audience::Everybody), public);
        let shown =
            |readers: Readers| (audiences.open_to(&readers).has(public), audiences.open_to(&readers).has(staff));
        assert_eq!(shown(Readers::Anybody), (true, false));
        assert_eq!(shown(Readers::All(vec![person(&["staff"])])), (true, true));
        assert_eq!(shown(Readers::All(vec![person(&["staff"]), person(&[])])), (true, false));
    }

    #[test]
    fn an_address_leads_to_accounts_and_their_groups() {
        let mut directory = Directory::default();
        let ana = Email::parse(" Ana@Example.com ").unwrap();
        directory.add_account(ana.clone(), Principal::confluence_user("1"));
        directory.add_member(&Principal::confluence_group("g"), Principal::confluence_user("1"));
        let principals = directory.principals(&ana);
        assert!(principals.contains(&Principal::confluence_group("g")) && principals.len() == 3);
        assert_eq!(directory.principals(&Email::parse("x@y").unwrap()).len(), 1);
        assert!(["", "ana", "@x", "a@", "a b@c"].iter().all(|text| Email::parse(text).is_none()));
    }

    proptest! {
        #[test]
        fn more_readers_never_see_more(
            gates in proptest::collection::vec(proptest::collection::btree_set("[a-d]", 0..3), 0..3),
            people in proptest::collection::vec(proptest::collection::btree_set("[a-d]", 0..4), 1..4),
        ) {
            let named = |names: &BTreeSet<String>| names.iter().map(|name| Principal::group(name)).collect::<Gate>();
            let mut audiences = Audiences::default();
            let all = gates.iter().fold(Audience::Everybody, |all, gate| all.and(&Audience::only(named(gate))));
            let number = audiences.number(all);
            let people: Vec<Gate> = people.iter().map(named).collect();
            let is_open = |count: usize| audiences.open_to(&Readers::All(people[..count].to_vec())).has(number);
            prop_assert!((1..people.len()).all(|count| is_open(count) || !is_open(count + 1)));
        }
    }
}
