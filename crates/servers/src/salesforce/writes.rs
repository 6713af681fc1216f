//! The tools that write, each at most once per idempotency key.
//!
//! A case goes by its external id, which Salesforce keeps unique. A comment or a task carries the key's mark in its last
//! line: those texts can't be searched for in SOQL, so the ones of the same case are read. There is no lag.

use serde_json::{Map, Value, json};

use super::names::{CaseRef, Kind, RecordId};
use super::reads::Salesforce;
use super::schema::{
    AddCaseComment, AddedCaseComment, CreateTask, CreatedTask, FindUpdate, Update, UpdateCase, UpdatedCase, UpsertCase,
    UpsertedCase, WriteBack, WrittenBack,
};
use super::shown::{self, text};
use super::soql::Select;
use crate::failure::ToolFailure;
use crate::marker::marker;

/// Characters of a subject that Salesforce takes.
const SUBJECT_MAX: usize = 255;
/// Characters of a case's description that Salesforce takes.
const DESCRIPTION_MAX: usize = 32_000;
/// Bytes of a comment: Salesforce takes 4,000, the mark needs some.
const COMMENT_BYTES_MAX: usize = 3_950;
/// Characters of a task's description: Salesforce takes 32,000, the mark needs some.
const TASK_TEXT_MAX: usize = 31_900;
/// Characters of an external id that Salesforce takes.
const EXTERNAL_ID_MAX: usize = 255;
/// Stands where a text was cut.
const CUT: &str = "\n[…]";

/// A record that a call, or an earlier one with the same key, made.
struct Written {
    id: String,
    /// False when it was an earlier one.
    made: bool,
}

/// What a task is about.
enum About {
    Case(RecordId),
    Account(RecordId),
}

impl About {
    fn id(&self) -> &RecordId {
        match self {
            Self::Case(id) | Self::Account(id) => id,
        }
    }
}

impl Salesforce {
    /// `upsert_case`.
    pub(super) async fn upsert_case(&self, wanted: &UpsertCase) -> Result<UpsertedCase, ToolFailure> {
        let external_id = match (&wanted.external_id, &wanted.idempotency_key) {
            (Some(id), _) => checked_external_id(id)?,
            (None, Some(key)) => marker(key),
            (None, None) => return Err(ToolFailure::permanent("Give an external_id, an idempotency_key or both")),
        };
        let mut fields = Map::new();
        let mut set = |name: &str, value: Option<&String>| {
            fields.extend(value.map(|value| (name.to_owned(), json!(value))));
        };
        check_length("subject", wanted.subject.as_deref(), SUBJECT_MAX)?;
        check_length("description", wanted.description.as_deref(), DESCRIPTION_MAX)?;
        set("Subject", wanted.subject.as_ref());
        set("Description", wanted.description.as_ref());
        set("Status", wanted.status.as_ref());
        set("Priority", wanted.priority.as_ref());
        set("Origin", wanted.origin.as_ref());
        set("AccountId", checked(Kind::Account, "account_id", wanted.account_id.as_ref())?.as_ref());
        set("ContactId", checked(Kind::Contact, "contact_id", wanted.contact_id.as_ref())?.as_ref());
        let _turn = self.turns.turn(&external_id).await;
        let upserted = self.client.upsert("Case", &self.case_id_field, &external_id, &fields).await?;
        let (id, created) = if let Some(upserted) = upserted {
            (upserted.id, upserted.created)
        } else {
            // Older versions answer a change with 204 and no body.
            let record = self.case_record(&CaseRef::ExternalId(external_id)).await?;
            (RecordId::argument(Kind::Case, "case_id", &shown::id(&record))?, false)
        };
        // The case is saved: that its number can't be read must not look as if it were not.
        let number =
            self.case_record(&CaseRef::Id(id.clone())).await.ok().and_then(|record| text(&record, "/CaseNumber"));
        Ok(UpsertedCase {
            key: number.unwrap_or_else(|| id.to_string()),
            url: self.client.record_url("Case", id.as_str()),
            case_id: id.to_string(),
            created,
        })
    }

    /// `update_case`.
    pub(super) async fn update_case(&self, wanted: &UpdateCase) -> Result<UpdatedCase, ToolFailure> {
        check_length("subject", wanted.subject.as_deref(), SUBJECT_MAX)?;
        let owner = wanted.owner_id.as_deref().map(|id| {
            RecordId::parse(id)
                .map(|id| id.to_string())
                .ok_or_else(|| ToolFailure::permanent("owner_id is not the id of a user or a queue"))
        });
        let record = self.case_record(&CaseRef::parse(&wanted.case_id)?).await?;
        let id = RecordId::argument(Kind::Case, "case_id", &shown::id(&record))?;
        let fields: Map<String, Value> = [
            ("Status", wanted.status.clone()),
            ("Priority", wanted.priority.clone()),
            ("Subject", wanted.subject.clone()),
            ("OwnerId", owner.transpose()?),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .filter(|(name, value)| record.get(name).and_then(Value::as_str) != Some(value))
        .map(|(name, value)| (name, json!(value)))
        .collect();
        let changed = !fields.is_empty();
        if changed {
            self.client.update("Case", &id, &fields).await?;
        }
        Ok(UpdatedCase { case: self.case(id.as_str()).await?, changed })
    }

    /// `add_case_comment`.
    pub(super) async fn add_comment(&self, wanted: &AddCaseComment) -> Result<AddedCaseComment, ToolFailure> {
        if wanted.text.trim().is_empty() {
            return Err(ToolFailure::permanent("The text is empty; say something"));
        }
        if wanted.text.len() > COMMENT_BYTES_MAX {
            return Err(ToolFailure::permanent(format!(
                "The text has {} bytes, a comment at most {COMMENT_BYTES_MAX}; shorten it or use write_back, which puts \
                 what is long into a task",
                wanted.text.len()
            )));
        }
        let case = self.case_id(&wanted.case_id).await?;
        let mark = wanted.idempotency_key.as_deref().map(marker);
        let _turn = self.turns.turn_of(mark.as_deref()).await;
        let written = self.comment(&case, &wanted.text, wanted.is_public, mark.as_deref()).await?;
        Ok(AddedCaseComment {
            comment_id: written.id,
            url: self.client.record_url("Case", case.as_str()),
            created: written.made,
        })
    }

    /// `create_task`.
    pub(super) async fn create_task(&self, wanted: &CreateTask) -> Result<CreatedTask, ToolFailure> {
        check_length("description", Some(&wanted.description), TASK_TEXT_MAX)?;
        let about = self.about(wanted.case_id.as_deref(), wanted.account_id.as_deref()).await?;
        let status = wanted.status.as_deref().unwrap_or("Not Started");
        let fields = task_fields(&about, wanted.contact_id.as_ref(), &wanted.subject, &wanted.description, status)?;
        let mark = wanted.idempotency_key.as_deref().map(marker);
        let _turn = self.turns.turn_of(mark.as_deref()).await;
        let written = self.task(&about, fields, mark.as_deref()).await?;
        Ok(CreatedTask { url: self.client.record_url("Task", &written.id), task_id: written.id, created: written.made })
    }

    /// `write_back`: the comment, then the task. A repeated call adds what is missing.
    pub(super) async fn write_back(&self, wanted: &WriteBack) -> Result<WrittenBack, ToolFailure> {
        if wanted.summary.trim().is_empty() {
            return Err(ToolFailure::permanent("The summary is empty; say what came of it"));
        }
        let about = self.about(wanted.case_id.as_deref(), wanted.account_id.as_deref()).await?;
        let (comment_text, comment_cut) = cut_to(&wanted.summary, COMMENT_BYTES_MAX, COMMENT_BYTES_MAX);
        let whole = match &wanted.conversation {
            None => wanted.summary.clone(),
            Some(conversation) => format!("{}\n\n{conversation}", wanted.summary),
        };
        let (task_text, task_cut) = cut_to(&whole, usize::MAX, TASK_TEXT_MAX);
        let fields = task_fields(&about, wanted.contact_id.as_ref(), &wanted.subject, &task_text, "Completed")?;
        let mark = marker(&wanted.idempotency_key);
        let _turn = self.turns.turn(&mark).await;
        let comment = match &about {
            About::Account(_) => None,
            About::Case(case) => Some(self.comment(case, &comment_text, wanted.is_public, Some(&mark)).await?),
        };
        let task = match self.task(&about, fields, Some(&mark)).await {
            Err(failure) if comment.is_some() => return Err(half_written(failure)),
            outcome => outcome?,
        };
        let url = match &about {
            About::Case(case) => self.client.record_url("Case", case.as_str()),
            About::Account(_) => self.client.record_url("Task", &task.id),
        };
        Ok(WrittenBack {
            url,
            created: task.made || comment.as_ref().is_some_and(|comment| comment.made),
            comment_id: comment.map(|comment| comment.id),
            task_id: task.id,
            cut: comment_cut || task_cut,
        })
    }

    /// `find_update_by_idempotency_key`.
    pub(super) async fn update_with_key(&self, wanted: &FindUpdate) -> Result<Option<Update>, ToolFailure> {
        let mark = marker(&wanted.idempotency_key);
        let about = self.about(wanted.case_id.as_deref(), wanted.account_id.as_deref()).await?;
        let comment_id = match &about {
            About::Case(case) => self.marked_comment(case, &mark).await?,
            About::Account(_) => None,
        };
        let task_id = self.marked_task(&about, &mark).await?;
        Ok((comment_id.is_some() || task_id.is_some()).then_some(Update { comment_id, task_id }))
    }

    async fn about(&self, case: Option<&str>, account: Option<&str>) -> Result<About, ToolFailure> {
        match (case, account) {
            (Some(case), _) => Ok(About::Case(self.case_id(case).await?)),
            (None, Some(account)) => Ok(About::Account(RecordId::argument(Kind::Account, "account_id", account)?)),
            (None, None) => Err(ToolFailure::permanent("Give a case_id or an account_id")),
        }
    }

    async fn comment(
        &self,
        case: &RecordId,
        text: &str,
        is_public: bool,
        mark: Option<&str>,
    ) -> Result<Written, ToolFailure> {
        if let Some(mark) = mark
            && let Some(id) = self.marked_comment(case, mark).await?
        {
            return Ok(Written { id, made: false });
        }
        let fields = Map::from_iter([
            ("ParentId".to_owned(), json!(case)),
            ("CommentBody".to_owned(), json!(with_mark(text, mark))),
            ("IsPublished".to_owned(), json!(is_public)),
        ]);
        let id = self.client.create("CaseComment", &fields).await?;
        Ok(Written { id: id.to_string(), made: true })
    }

    async fn task(
        &self,
        about: &About,
        mut fields: Map<String, Value>,
        mark: Option<&str>,
    ) -> Result<Written, ToolFailure> {
        if let Some(mark) = mark {
            if let Some(id) = self.marked_task(about, mark).await? {
                return Ok(Written { id, made: false });
            }
            let text = fields.get("Description").and_then(Value::as_str).unwrap_or_default();
            let marked = with_mark(text, Some(mark));
            fields.insert("Description".to_owned(), json!(marked));
        }
        let id = self.client.create("Task", &fields).await?;
        Ok(Written { id: id.to_string(), made: true })
    }

    async fn marked_comment(&self, case: &RecordId, mark: &str) -> Result<Option<String>, ToolFailure> {
        let query = Select::from("CaseComment", "Id, CommentBody").names("ParentId", case).newest_by("CreatedDate");
        let marked = |record: &Value| carries(text(record, "/CommentBody"), mark);
        let found = self.client.find(&query, "comments on the case", marked).await?;
        Ok(found.map(|record| shown::id(&record)))
    }

    async fn marked_task(&self, about: &About, mark: &str) -> Result<Option<String>, ToolFailure> {
        let query = Select::from("Task", "Id, Description").names("WhatId", about.id()).newest_by("CreatedDate");
        let marked = |record: &Value| carries(text(record, "/Description"), mark);
        let found = self.client.find(&query, "tasks about the case or account", marked).await?;
        Ok(found.map(|record| shown::id(&record)))
    }
}

fn half_written(failure: ToolFailure) -> ToolFailure {
    let message =
        format!("The comment is on the case, the task is not; the same call adds the task alone. {}", failure.message);
    ToolFailure { message, ..failure }
}

fn task_fields(
    about: &About,
    contact_id: Option<&String>,
    subject: &str,
    description: &str,
    status: &str,
) -> Result<Map<String, Value>, ToolFailure> {
    if subject.trim().is_empty() {
        return Err(ToolFailure::permanent("The subject is empty; say in one line what it is about"));
    }
    check_length("subject", Some(subject), SUBJECT_MAX)?;
    let mut fields = Map::from_iter([
        ("WhatId".to_owned(), json!(about.id())),
        ("Subject".to_owned(), json!(subject)),
        ("Description".to_owned(), json!(description)),
        ("Status".to_owned(), json!(status)),
    ]);
    let contact = checked(Kind::Contact, "contact_id", contact_id)?;
    fields.extend(contact.map(|id| ("WhoId".to_owned(), json!(id))));
    Ok(fields)
}

fn checked(kind: Kind, field: &str, id: Option<&String>) -> Result<Option<String>, ToolFailure> {
    id.map(|id| RecordId::argument(kind, field, id).map(|id| id.to_string())).transpose()
}

/// An external id stands in a path, in which dots alone mean something else.
fn checked_external_id(text: &str) -> Result<String, ToolFailure> {
    let text = text.trim();
    let is_dots = text.chars().all(|one| one == '.');
    if is_dots || text.chars().count() > EXTERNAL_ID_MAX || text.chars().any(char::is_control) {
        return Err(ToolFailure::permanent(format!(
            "external_id must be a text of 1 to {EXTERNAL_ID_MAX} characters on one line, such as DB-42"
        )));
    }
    Ok(text.to_owned())
}

fn check_length(field: &str, text: Option<&str>, most: usize) -> Result<(), ToolFailure> {
    let length = text.map_or(0, |text| text.chars().count());
    if length <= most {
        return Ok(());
    }
    let message = format!("{field} has {length} characters, Salesforce takes at most {most}; shorten it");
    Err(ToolFailure::permanent(message.clone()).with_field_errors([(field.to_owned(), message)].into()))
}

fn with_mark(text: &str, mark: Option<&str>) -> String {
    match mark {
        None => text.to_owned(),
        Some(mark) => format!("{}\n\n{mark}", text.trim_end()),
    }
}

/// The mark counts only as the last line: a person who quotes it writes something else.
fn carries(text: Option<String>, mark: &str) -> bool {
    text.is_some_and(|text| text.trim_end().lines().next_back().map(str::trim) == Some(mark))
}

/// As much of the text as fits, and whether it lost its end.
fn cut_to(text: &str, bytes_max: usize, characters_max: usize) -> (String, bool) {
    if text.len() <= bytes_max && text.chars().count() <= characters_max {
        return (text.to_owned(), false);
    }
    let bytes_max = bytes_max.saturating_sub(CUT.len());
    let mut cut = String::new();
    for one in text.chars().take(characters_max.saturating_sub(CUT.chars().count())) {
        if cut.len() + one.len_utf8() > bytes_max {
            break;
        }
        cut.push(one);
    }
    (cut + CUT, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_fits_with_its_mark() {
        assert_eq!(cut_to("short", 10, 10), ("short".to_owned(), false));
        let (cut, was_cut) = cut_to(&"é".repeat(5_000), COMMENT_BYTES_MAX, COMMENT_BYTES_MAX);
        assert!(was_cut && with_mark(&cut, Some(&marker("k"))).len() <= 4_000 && cut.ends_with(CUT));
        let (cut, _) = cut_to(&"é".repeat(50_000), usize::MAX, TASK_TEXT_MAX);
        assert!(with_mark(&cut, Some(&marker("k"))).chars().count() <= 32_000);
    }

    #[test]
    fn a_mark_counts_as_the_last_line_only() {
        let marked = with_mark("Done.\n", Some("deskbell-1"));
        assert_eq!(marked, "Done.\n\ndeskbell-1");
        assert!(carries(Some(marked.clone() + "\n"), "deskbell-1"));
        for other in [None, Some("deskbell-1 is what they wrote".to_owned()), Some(marked + "\nthanks")] {
            assert!(!carries(other, "deskbell-1"));
        }
    }

    #[test]
    fn an_external_id_stays_within_its_segment() {
        assert_eq!(checked_external_id(" DB-42 ").unwrap(), "DB-42");
        for bad in ["", " ", ".", "..", "a\nb", &"a".repeat(256)] {
            assert!(checked_external_id(bad).is_err(), "{bad:?}");
        }
    }
}
