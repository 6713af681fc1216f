//! Which tool answers which look-up, `[lookups.NAME]`. A look-up only reads: it needs nobody's approval and goes by `reading`.

mod facts;
mod passages;
mod written;

use std::collections::BTreeMap;

use deskbell_domain::decision::Customer;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::facts::{Fact, FactConfig};
pub use self::passages::{FoundGap, FoundPassage, GapPointers, PassagePointers};
pub use self::written::{LookupConfig, LookupsConfig};
use super::arguments::{Arguments, BadArgument};
use super::binding::BindingFault;
use super::binding::schema;
use super::outcome::CallOutput;
use super::spoken::of_lookup;
use super::{ServerState, ServerStatus};

/// Every bindable look-up.
pub(super) const NAMES: [&str; 4] = ["lookup_customer", "queue_load", "search_knowledge", "list_gaps"];
/// Characters of a text that a look-up brings.
const TEXT_CHARS_MAX: usize = 200;
/// Entries of a list that a look-up brings.
const ENTRIES_MAX: usize = 1_000;

/// How long the queues' load serves further tickets, unless the configuration says otherwise: helpdesks count seldom.
const KEEP: SignedDuration = SignedDuration::from_secs(60);

/// JSON pointers (RFC 6901) into the answer about a customer. A number may also be a list, which is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerPointers {
    /// What is there, and not false, when there is a customer; without it any of the others.
    pub known: Option<String>,
    /// Their plan, in the vendor's word.
    pub tier: Option<String>,
    /// The account's key, for `write_back`.
    pub id: Option<String>,
    /// The account's name.
    pub account: Option<String>,
    /// Who looks after them.
    pub owner: Option<String>,
    /// Open cases.
    pub open_cases: Option<String>,
    /// Open opportunities.
    pub open_opportunities: Option<String>,
    /// The support they are entitled to.
    pub entitlement: Option<String>,
    /// Tickets they had before.
    pub earlier_tickets: Option<String>,
}

/// Where the answer lists the queues; `name` and `tickets` count from an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueuePointers {
    /// The list.
    pub list: String,
    /// The helpdesk's name for the queue.
    pub name: String,
    /// How many tickets it holds.
    pub tickets: String,
}

/// The pointers of a look-up by the field that names each.
trait Named {
    fn pointers(&self) -> Vec<(&str, &str)>;
}

impl Named for CustomerPointers {
    fn pointers(&self) -> Vec<(&str, &str)> {
        let named = [
            ("known", &self.known),
            ("tier", &self.tier),
            ("id", &self.id),
            ("account", &self.account),
            ("owner", &self.owner),
            ("open_cases", &self.open_cases),
            ("open_opportunities", &self.open_opportunities),
            ("entitlement", &self.entitlement),
            ("earlier_tickets", &self.earlier_tickets),
        ];
        named.into_iter().filter_map(|(field, pointer)| Some((field, pointer.as_deref()?))).collect()
    }
}

impl Named for QueuePointers {
    fn pointers(&self) -> Vec<(&str, &str)> {
        vec![("list", &self.list), ("name", &self.name), ("tickets", &self.tickets)]
    }
}

/// What is wrong with a look-up's binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// No such server.
    #[error("[lookups.{name}] server = \"{server}\": add [mcp.{server}] or name one that is configured")]
    UnknownServer {
        /// The look-up.
        name: String,
        /// As written.
        server: String,
    },
    /// A tool that there is not for Deskbell.
    #[error("[lookups.{name}] tool `{tool}`: allow or deny of [mcp.{server}] keeps it out; let it in or name another")]
    ToolKeptOut {
        /// The look-up.
        name: String,
        /// Its server.
        server: String,
        /// The tool.
        tool: String,
    },
    /// An expression that can't be parsed.
    #[error("[lookups.{name}] arguments.{argument}: {message}")]
    BadExpression {
        /// The look-up.
        name: String,
        /// The argument.
        argument: String,
        /// The parser's words.
        message: String,
    },
    /// A pointer that points nowhere.
    #[error(
        "[lookups.{name}] result.{field} = \"{pointer}\": a JSON pointer begins with \"/\", for example \"/{pointer}\""
    )]
    BadPointer {
        /// The look-up.
        name: String,
        /// The field.
        field: String,
        /// As written.
        pointer: String,
    },
    /// Nothing would ever be known.
    #[error(
        "[lookups.{name}] result is empty: say where the answer holds what rules read, for example tier = \"/tier\""
    )]
    NoPointer {
        /// The look-up.
        name: String,
    },
    /// No length of time.
    #[error(
        "[lookups.{name}] {field} = \"{written}\": write a length of time up to 60 s, for example \"3s\" or \"500ms\""
    )]
    BadLength {
        /// The look-up.
        name: String,
        /// The field.
        field: String,
        /// As written.
        written: String,
    },
    /// No pattern.
    #[error("[lookups.{name}] find.{field}: {message}")]
    BadPattern {
        /// The look-up.
        name: String,
        /// What it finds.
        field: String,
        /// The parser's words.
        message: String,
    },
    /// Only what is found has readers.
    #[error("[lookups.{name}] everybody: only search_knowledge finds what people read; take it out")]
    HasNoReaders {
        /// The look-up.
        name: String,
    },
    /// Only the queues' load is the same for every ticket.
    #[error("[lookups.{name}] keep: only queue_load keeps an answer for further tickets; take it out")]
    KeepsNothing {
        /// The look-up.
        name: String,
    },
}

/// One look-up, checked.
#[derive(Debug, Clone)]
pub struct Lookup<Pointers> {
    /// The name in `[lookups]`.
    pub name: String,
    /// The configured server.
    pub server: String,
    /// Its tool.
    pub tool: String,
    /// How long it is waited for.
    pub deadline: SignedDuration,
    /// How long an answer serves further tickets.
    pub keep: SignedDuration,
    /// Everybody may read what it brings, as the configuration says.
    everybody: bool,
    arguments: Arguments,
    result: Pointers,
}

/// All look-ups, checked.
#[derive(Debug, Clone, Default)]
pub struct Lookups {
    /// The customer behind a requester.
    pub customer: Option<Lookup<CustomerPointers>>,
    /// The helpdesk's queues.
    pub queue_load: Option<Lookup<QueuePointers>>,
    /// The knowledge bases: Deskbell's own server first, where it has one.
    pub knowledge: Vec<Lookup<PassagePointers>>,
    /// What the knowledge base lacks.
    pub gaps: Option<Lookup<GapPointers>>,
    /// What rules let the bot look up for an answer, by name.
    pub facts: BTreeMap<String, Fact>,
}

impl Lookups {
    /// Checks what is configured against the servers configured; `admits` says whether a server's tool is there for Deskbell.
    ///
    /// # Errors
    /// The first fault, with the field and the mend.
    pub fn check(
        config: &LookupsConfig,
        has_server: impl Fn(&str) -> bool,
        admits: impl Fn(&str, &str) -> bool,
    ) -> Result<Self, LookupError> {
        let places = (&has_server, &admits);
        Ok(Self {
            customer: checked("lookup_customer", config.lookup_customer.as_ref(), places)?,
            queue_load: checked("queue_load", config.queue_load.as_ref(), places)?,
            knowledge: checked_each("search_knowledge", &config.search_knowledge, places)?,
            gaps: checked("list_gaps", config.list_gaps.as_ref(), places)?,
            facts: facts::checked_facts(&config.facts, places)?,
        })
    }

    /// Every one that is bound.
    pub fn iter(&self) -> impl Iterator<Item = BoundLookup<'_>> {
        fn bound<P>(lookup: &Lookup<P>) -> BoundLookup<'_> {
            let Lookup { name, server, tool, arguments, .. } = lookup;
            BoundLookup { name, server, tool, arguments }
        }
        let customer = self.customer.iter().map(bound);
        let others = self.queue_load.iter().map(bound).chain(self.gaps.iter().map(bound));
        let facts = self.facts.values().map(|fact| bound(fact.lookup()));
        customer.chain(others).chain(self.knowledge.iter().map(bound)).chain(facts)
    }

    /// Asks this server's knowledge before that of others.
    pub fn put_first(&mut self, server: &str) {
        self.knowledge.sort_by_key(|lookup| lookup.server != server);
    }

    /// Takes further knowledge bases up, in front of those that there are.
    pub fn ask_first(&mut self, further: Self) {
        self.knowledge.splice(0..0, further.knowledge);
        self.gaps = self.gaps.take().or(further.gaps);
    }

    /// Those of a server.
    pub fn at<'a>(&'a self, server: &'a str) -> impl Iterator<Item = BoundLookup<'a>> {
        self.iter().filter(move |lookup| lookup.server == server)
    }
}

/// A look-up by the tool that it is bound to, whatever it looks for.
#[derive(Debug, Clone, Copy)]
pub struct BoundLookup<'a> {
    /// The name in `[lookups]`.
    pub name: &'a str,
    /// The configured server.
    pub server: &'a str,
    /// Its tool.
    pub tool: &'a str,
    arguments: &'a Arguments,
}

impl BoundLookup<'_> {
    /// What keeps it from being used with its server as it is now: its tool must be there, take its arguments and say that it
    /// only reads. Nothing is known of a server that is not ready.
    pub fn faults(&self, status: &ServerStatus) -> Vec<BindingFault> {
        reading_faults(status, self.server, self.tool, self.arguments)
    }
}

/// What keeps a tool that only reads from being asked with these arguments.
pub(super) fn reading_faults(
    status: &ServerStatus,
    server: &str,
    tool: &str,
    arguments: &Arguments,
) -> Vec<BindingFault> {
    if status.state != ServerState::Ready {
        return Vec::new();
    }
    let Some(known) = status.tools.iter().find(|known| known.name == tool) else {
        return vec![BindingFault::fatal(format!("the server {server} has no tool `{tool}`"))];
    };
    let mut faults = schema::faults(known, &arguments.iter());
    if !known.read_only_hint {
        faults.push(BindingFault::fatal(format!("{server} does not say that `{tool}` only reads")));
    }
    faults
}

/// Where servers are known, and whether a tool of one is there for Deskbell.
type Places<'a, S, T> = (&'a S, &'a T);

fn checked<P: Named + Clone>(
    name: &str,
    written: Option<&LookupConfig<P>>,
    places: Places<'_, impl Fn(&str) -> bool, impl Fn(&str, &str) -> bool>,
) -> Result<Option<Lookup<P>>, LookupError> {
    written.map(|written| checked_in(name, written, places, &of_lookup(name))).transpose()
}

/// `context` holds every field that the arguments may speak of.
fn checked_in<P: Named + Clone>(
    name: &str,
    written: &LookupConfig<P>,
    (has_server, admits): Places<'_, impl Fn(&str) -> bool, impl Fn(&str, &str) -> bool>,
    context: &Value,
) -> Result<Lookup<P>, LookupError> {
    let (server, tool) = (written.server.clone(), written.tool.clone());
    let named = || name.to_owned();
    if !has_server(&server) {
        return Err(LookupError::UnknownServer { name: named(), server });
    }
    if !admits(&server, &tool) {
        return Err(LookupError::ToolKeptOut { name: named(), server, tool });
    }
    let pointers = written.result.pointers();
    if pointers.is_empty() {
        return Err(LookupError::NoPointer { name: named() });
    }
    let bad = pointers.iter().find(|(_, pointer)| !pointer.is_empty() && !pointer.starts_with('/'));
    if let Some((field, pointer)) = bad {
        return Err(LookupError::BadPointer {
            name: named(),
            field: (*field).to_owned(),
            pointer: (*pointer).to_owned(),
        });
    }
    if written.keep.is_some() && name != "queue_load" {
        return Err(LookupError::KeepsNothing { name: named() });
    }
    if written.everybody && name != "search_knowledge" {
        return Err(LookupError::HasNoReaders { name: named() });
    }
    let keep = written.keep.as_deref().map_or(Ok(KEEP), |text| length(name, "keep", text, SignedDuration::MAX))?;
    Ok(Lookup {
        name: named(),
        deadline: length(name, "deadline", &written.deadline, SignedDuration::from_secs(60))?,
        keep,
        everybody: written.everybody,
        arguments: Arguments::check(&written.arguments, context).map_err(|BadArgument { argument, message }| {
            LookupError::BadExpression { name: named(), argument, message }
        })?,
        result: written.result.clone(),
        server,
        tool,
    })
}

fn checked_each<P: Named + Clone>(
    name: &str,
    written: &[LookupConfig<P>],
    places: Places<'_, impl Fn(&str) -> bool, impl Fn(&str, &str) -> bool>,
) -> Result<Vec<Lookup<P>>, LookupError> {
    let mut all = Vec::new();
    for one in written {
        all.extend(checked(name, Some(one), places)?);
    }
    Ok(all)
}

fn length(name: &str, field: &str, written: &str, at_most: SignedDuration) -> Result<SignedDuration, LookupError> {
    let parsed = written.parse::<SignedDuration>().ok();
    parsed.filter(|length| length.is_positive() && *length <= at_most).ok_or_else(|| LookupError::BadLength {
        name: name.to_owned(),
        field: field.to_owned(),
        written: written.to_owned(),
    })
}

impl<P> Lookup<P> {
    /// The tool's arguments; `None` where nothing of the context is known that they speak of.
    ///
    /// # Errors
    /// The argument whose expression fails; no customers' words.
    pub fn arguments(&self, context: &Value) -> Result<Option<Map<String, Value>>, String> {
        let filled = self.arguments.fill(context)?;
        Ok(self.arguments.say_something(&filled).then_some(filled))
    }
}

/// The answer as JSON; many servers write it as text.
fn document(answer: &CallOutput) -> Value {
    match &answer.structured {
        Value::Null => serde_json::from_str(&answer.text).unwrap_or(Value::Null),
        structured => structured.clone(),
    }
}

impl Lookup<CustomerPointers> {
    /// The customer; `None`: the answer is nothing that can be read.
    pub fn customer(&self, answer: &CallOutput) -> Option<Customer> {
        let answer = Some(document(answer)).filter(|answer| !answer.is_null())?;
        let at = |pointer: &Option<String>| {
            pointer.as_deref().and_then(|pointer| answer.pointer(pointer)).filter(|value| !value.is_null())
        };
        let of = &self.result;
        let known = match &of.known {
            Some(_) => at(&of.known).is_some_and(is_something),
            None => {
                of.pointers().iter().any(|(_, pointer)| answer.pointer(pointer).is_some_and(|value| !value.is_null()))
            }
        };
        if !known {
            return Some(Customer::default());
        }
        let text = |pointer| at(pointer).and_then(text).unwrap_or_default();
        let number = |pointer| at(pointer).and_then(number).unwrap_or(0);
        Some(Customer {
            known,
            tier: text(&of.tier),
            id: text(&of.id),
            account: text(&of.account),
            owner: text(&of.owner),
            entitlement: text(&of.entitlement),
            open_cases: number(&of.open_cases),
            open_opportunities: number(&of.open_opportunities),
            earlier_tickets: number(&of.earlier_tickets),
        })
    }
}

impl Lookup<QueuePointers> {
    /// The queues by the helpdesk's names; those that it has not counted are left out. `None`: the answer has no such list.
    pub fn queues(&self, answer: &CallOutput) -> Option<Vec<(String, u32)>> {
        let answer = document(answer);
        let entries = answer.pointer(&self.result.list)?.as_array()?.iter().take(ENTRIES_MAX);
        let read = |entry: &Value| {
            let tickets = number(entry.pointer(&self.result.tickets)?)?;
            Some((text(entry.pointer(&self.result.name)?)?, u32::try_from(tickets).ok()?))
        };
        Some(entries.filter_map(read).collect())
    }
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(entries) => !entries.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => true,
    }
}

fn shortened(text: &str, chars: usize) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(chars).map(plain).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(shortened(text, TEXT_CHARS_MAX)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number, however it is written; a list by its length.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Array(entries) => i64::try_from(entries.len()).ok(),
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
