//! In which edition a request is answered: Cloud's or Data Center's.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::JiraBox;
use super::answer::Refusal;

/// Jira's two products; they differ in texts, people and paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    Cloud,
    DataCenter,
}

/// What decides how JSON is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Face<'a> {
    pub(super) base_url: &'a str,
    pub(super) edition: Edition,
}

impl<'a> Face<'a> {
    pub(super) fn cloud(base_url: &'a str) -> Self {
        Self { base_url, edition: Edition::Cloud }
    }

    /// An address of the REST API, such as `{base}/rest/api/3/issue/10101`.
    pub(super) fn rest(self, path: &str) -> String {
        let version = match self.edition {
            Edition::Cloud => 3,
            Edition::DataCenter => 2,
        };
        format!("{}/rest/api/{version}/{path}", self.base_url)
    }
}

/// The site, through the edition that the request came in by.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) jira: JiraBox,
    pub(super) edition: Edition,
}

impl Door {
    pub(super) fn face(&self) -> Face<'_> {
        Face { base_url: &self.jira.config().base_url, edition: self.edition }
    }
}

impl FromRequestParts<JiraBox> for Door {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, jira: &JiraBox) -> Result<Self, Refusal> {
        match parts.extensions.get::<Edition>() {
            Some(edition) => Ok(Self { jira: jira.clone(), edition: *edition }),
            None => Err(Refusal::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error.")),
        }
    }
}
