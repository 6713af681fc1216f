//! What a site has besides issues: projects, create screens, statuses, people, boards, sprints.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{JiraClient, Page, Window, list};
use crate::failure::ToolFailure;
use crate::jira::config::Edition;

/// Items per page of a list that is read whole.
const WHOLE_PAGE: u32 = 200;
/// Pages of a list that is read whole.
const WHOLE_PAGES_MAX: usize = 20;

impl JiraClient {
    /// `GET /issue/createmeta/{project}/issuetypes` -> the issue types of the project.
    pub(in crate::jira) async fn issue_types(&self, project_key: &str) -> Result<Vec<Value>, ToolFailure> {
        let request = || self.request(Method::GET, &["issue", "createmeta", project_key, "issuetypes"]);
        self.whole(request, &["issueTypes", "values"]).await
    }

    /// `GET /issue/createmeta/{project}/issuetypes/{type}` -> the fields of the create screen.
    pub(in crate::jira) async fn create_fields(
        &self,
        project_key: &str,
        issue_type_id: &str,
    ) -> Result<Vec<Value>, ToolFailure> {
        let request = || self.request(Method::GET, &["issue", "createmeta", project_key, "issuetypes", issue_type_id]);
        self.whole(request, &["fields", "values"]).await
    }

    /// `GET /user/search` -> the users whose name or e-mail address matches.
    pub(in crate::jira) async fn users(&self, query: &str) -> Result<Vec<Value>, ToolFailure> {
        let parameter = match self.edition {
            Edition::Cloud => "query",
            Edition::DataCenter => "username",
        };
        let request = self.request(Method::GET, &["user", "search"]);
        let body = self.read(request.query(&[(parameter, query), ("maxResults", "10")])).await?;
        Ok(items(body))
    }

    /// Cloud's `GET /project/search`, Data Center's `GET /project` -> projects whose key or name holds the text.
    pub(in crate::jira) async fn projects(&self, holds: &str, window: Window<'_>) -> Result<Page, ToolFailure> {
        if self.edition == Edition::Cloud {
            let mut request = self.request(Method::GET, &["project", "search"]).query(&[("orderBy", "key")]);
            if !holds.is_empty() {
                request = request.query(&[("query", holds)]);
            }
            return self.offset_page(request, window, &["values"]).await;
        }
        let mut all = items(self.read(self.request(Method::GET, &["project"])).await?);
        let holds = holds.to_lowercase();
        let word =
            |project: &Value, name: &str| project.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        all.retain(|project| word(project, "key").contains(&holds) || word(project, "name").contains(&holds));
        window.of(all)
    }

    /// `GET /project/{key}/components` -> the project's components.
    pub(in crate::jira) async fn components(&self, project_key: &str) -> Result<Vec<Value>, ToolFailure> {
        Ok(items(self.read(self.request(Method::GET, &["project", project_key, "components"])).await?))
    }

    /// `GET /project/{key}/statuses` -> the statuses of each issue type.
    pub(in crate::jira) async fn statuses(&self, project_key: &str) -> Result<Vec<Value>, ToolFailure> {
        Ok(items(self.read(self.request(Method::GET, &["project", project_key, "statuses"])).await?))
    }

    /// `GET /issueLinkType` -> the types that links may have.
    pub(in crate::jira) async fn link_types(&self) -> Result<Vec<Value>, ToolFailure> {
        let body = self.read(self.request(Method::GET, &["issueLinkType"])).await?;
        Ok(list(&body, "issueLinkTypes"))
    }

    /// `GET /rest/agile/1.0/board` -> boards, of one project when it is named.
    pub(in crate::jira) async fn boards(
        &self,
        project_key: Option<&str>,
        holds: Option<&str>,
        window: Window<'_>,
    ) -> Result<Page, ToolFailure> {
        let narrowed = [("projectKeyOrId", project_key), ("name", holds)];
        let narrowed: Vec<(&str, &str)> =
            narrowed.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.offset_page(self.agile(Method::GET, &["board"]).query(&narrowed), window, &["values"]).await
    }

    /// `GET /rest/agile/1.0/board/{id}/sprint` -> a board's sprints, of one state when it is named.
    pub(in crate::jira) async fn sprints(
        &self,
        board_id: u64,
        state: Option<&str>,
        window: Window<'_>,
    ) -> Result<Page, ToolFailure> {
        let narrowed: Vec<(&str, &str)> = state.map(|state| ("state", state)).into_iter().collect();
        let request = self.agile(Method::GET, &["board", &board_id.to_string(), "sprint"]).query(&narrowed);
        self.offset_page(request, window, &["values"]).await
    }

    /// Every page of a list, up to a bound that no site's screens reach.
    async fn whole(&self, request: impl Fn() -> RequestBuilder, names: &[&str]) -> Result<Vec<Value>, ToolFailure> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _page in 0..WHOLE_PAGES_MAX {
            let window = Window { size: WHOLE_PAGE, token: token.as_deref() };
            let page = self.offset_page(request(), window, names).await?;
            all.extend(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        Ok(all)
    }
}

fn items(body: Value) -> Vec<Value> {
    match body {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
