//! The tools of the Shortcut server: what goes in and what comes out.

use rmcp::handler::server::router::prompt::PromptRouter;
use rmcp::handler::server::router::tool::ToolRouter;
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{
    CallToolResult, Implementation, ListResourceTemplatesResult, ListResourcesResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, prompt_handler, tool, tool_handler, tool_router};
use serde_json::Value;

use super::announce::Announcer;
use super::client::ShortcutClient;
use super::create::Made;
use super::directory::{Directory, Entry, list, number};
use super::schema::{
    AddComment, AddedComment, CreateStory, CreatedStory, FindByExternalUrl, FindByIdempotencyKey, FoundStories,
    FoundStory, GetStories, GetStory, Iteration, Label, LinkExternalUrl, LinkedStory, ListArguments, Listed, Member,
    SearchStories, SomeStories, Story, Team, UpdateStory, UpdatedStory, Workflow,
};
use super::story_id::StoryId;
use super::{ShortcutConfig, ShortcutConfigError, create, resources, shown, update};
use crate::failure::{ToolFailure, output_schema, tool_result};
use crate::ledger::{Fate, Ledger};
use crate::marker::marker;
use crate::resource;

/// Stories on a page of a search: at most, and when none is asked for.
const SEARCH_PAGE_MAX: u32 = 100;
const SEARCH_PAGE_DEFAULT: u32 = 20;
/// Items on a page of a list: at most, and when none is asked for.
const LIST_PAGE_MAX: u32 = 200;
const LIST_PAGE_DEFAULT: u32 = 50;

/// Stories read in one call, at most.
const STORIES_MAX: usize = 50;

/// What a host's model is told of the server.
const INSTRUCTIONS: &str = "Shortcut stories: create, find, change, comment, link. Teams, states, members and iterations go by \
    name or id. Give an idempotency_key to every create_story and add_comment, and after error_kind \
    `unknown` look the story up with find_by_idempotency_key before creating it again.";

/// The Shortcut MCP server. Clones share one HTTP client, the kept lists and the ledgers.
#[derive(Debug, Clone)]
pub struct ShortcutServer {
    client: ShortcutClient,
    directory: Directory,
    stories: Ledger<Made>,
    comments: Ledger<u64>,
    changes: Ledger<()>,
    announcer: Option<Announcer>,
    tool_router: ToolRouter<Self>,
    prompt_router: PromptRouter<Self>,
}

#[tool_handler(router = self.tool_router)]
#[prompt_handler(router = self.prompt_router)]
impl ServerHandler for ShortcutServer {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_prompts().enable_resources().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("deskbell-shortcut", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(resource::listed(resources::all(), None, &context))
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resource::templates(resources::templates(), &context))
    }

    async fn read_resource(
        &self,
        wanted: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = wanted.uri.as_str();
        if uri == resources::TEAMS {
            return resource::json(uri, self.directory.all_teams().await.map(|teams| teams.to_vec()), &context)
                .map(ReadResourceResponse::from);
        }
        let Some(StoryId(id)) = resources::story(uri) else { return Err(resource::unknown(uri)) };
        resource::json(uri, self.read(id).await, &context).map(ReadResourceResponse::from)
    }
}

#[tool_router(router = tool_router)]
impl ShortcutServer {
    /// A server for the configured workspace; makes no request.
    ///
    /// # Errors
    /// [`ShortcutConfigError`] when the token is no header value or the HTTP client can't be made.
    pub fn new(config: ShortcutConfig) -> Result<Self, ShortcutConfigError> {
        let announcer = config.announce.clone().map(Announcer::new).transpose()?;
        let client = ShortcutClient::new(config)?;
        Ok(Self {
            announcer,
            directory: Directory::new(client.clone()),
            client,
            stories: Ledger::default(),
            comments: Ledger::default(),
            changes: Ledger::default(),
            tool_router: Self::tool_router(),
            prompt_router: Self::prompts(),
        })
    }

    /// Create a story. Give `team` or `workflow`, unless the workspace has one workflow only. With an
    /// `idempotency_key`, a story that an earlier call made is returned instead; Shortcut's search lags, so after
    /// `error_kind` `unknown` wait before repeating. Where announcements are configured, their channel hears of the story
    /// once; `announcement` says what became of that.
    #[tool(
        name = "create_story",
        output_schema = output_schema::<CreatedStory>(),
        annotations(title = "Create a Shortcut story", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_story(&self, Parameters(wanted): Parameters<CreateStory>) -> CallToolResult {
        tool_result(self.create(&wanted).await)
    }

    /// Find the story that a `create_story` call with this `idempotency_key` made. Shortcut's search lags behind
    /// creation: an empty answer proves nothing until about 90 seconds have passed.
    #[tool(
        name = "find_by_idempotency_key",
        output_schema = output_schema::<FoundStory>(),
        annotations(title = "Find a Shortcut story by its idempotency key", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_by_idempotency_key(&self, Parameters(wanted): Parameters<FindByIdempotencyKey>) -> CallToolResult {
        tool_result(self.marked(&marker(&wanted.idempotency_key)).await.map(|found| FoundStory { found }))
    }

    /// Read one story with its description and last comments.
    #[tool(
        name = "get_story",
        output_schema = output_schema::<Story>(),
        annotations(title = "Read a Shortcut story", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_story(&self, Parameters(wanted): Parameters<GetStory>) -> CallToolResult {
        tool_result(self.read(wanted.story_id.0).await)
    }

    /// Read up to 50 stories without descriptions and comments, one request each; those that are gone are left out. Nothing in
    /// this lags.
    #[tool(
        name = "get_stories",
        output_schema = output_schema::<SomeStories>(),
        annotations(title = "Read several Shortcut stories", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_stories(&self, Parameters(wanted): Parameters<GetStories>) -> CallToolResult {
        tool_result(self.read_several(&wanted.story_ids).await.map(|stories| SomeStories { stories }))
    }

    /// Change a story: state, owners, labels, iteration, team, name, description and more. What is left out stays;
    /// what is so already is not sent.
    #[tool(
        name = "update_story",
        output_schema = output_schema::<UpdatedStory>(),
        annotations(title = "Change a Shortcut story", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_story(&self, Parameters(wanted): Parameters<UpdateStory>) -> CallToolResult {
        tool_result(update::story(&self.client, &self.directory, &self.changes, &wanted).await)
    }

    /// Comment on a story. With an `idempotency_key`, a repeated call adds nothing: comments are looked up without lag.
    #[tool(
        name = "add_comment",
        output_schema = output_schema::<AddedComment>(),
        annotations(title = "Comment on a Shortcut story", read_only_hint = false,
            destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn add_comment(&self, Parameters(wanted): Parameters<AddComment>) -> CallToolResult {
        tool_result(create::comment(&self.client, &self.comments, &wanted).await)
    }

    /// Search stories with words and Shortcut's search operators, page by page. New stories appear with a lag.
    #[tool(
        name = "search_stories",
        output_schema = output_schema::<FoundStories>(),
        annotations(title = "Search Shortcut stories", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn search_stories(&self, Parameters(query): Parameters<SearchStories>) -> CallToolResult {
        tool_result(self.search(query).await)
    }

    /// Link an address, such as the support request's, to a story. Does nothing when it is linked already.
    #[tool(
        name = "link_external_url",
        output_schema = output_schema::<LinkedStory>(),
        annotations(title = "Link an address to a Shortcut story", read_only_hint = false,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn link_external_url(&self, Parameters(wanted): Parameters<LinkExternalUrl>) -> CallToolResult {
        tool_result(update::link(&self.client, &self.changes, &wanted, true).await)
    }

    /// Take a linked address off a story. Does nothing when it is not linked.
    #[tool(
        name = "unlink_external_url",
        output_schema = output_schema::<LinkedStory>(),
        annotations(title = "Take an address off a Shortcut story", read_only_hint = false,
            destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn unlink_external_url(&self, Parameters(wanted): Parameters<LinkExternalUrl>) -> CallToolResult {
        tool_result(update::link(&self.client, &self.changes, &wanted, false).await)
    }

    /// Find the stories that an address is linked to.
    #[tool(
        name = "find_by_external_url",
        output_schema = output_schema::<SomeStories>(),
        annotations(title = "Find Shortcut stories by a linked address", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn find_by_external_url(&self, Parameters(wanted): Parameters<FindByExternalUrl>) -> CallToolResult {
        tool_result(self.linked(&wanted.url).await)
    }

    /// List workflows with their states.
    #[tool(
        name = "list_workflows",
        output_schema = output_schema::<Listed<Workflow>>(),
        annotations(title = "List Shortcut workflows", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_workflows(&self, Parameters(wanted): Parameters<ListArguments>) -> CallToolResult {
        tool_result(self.directory.all_workflows().await.and_then(|all| page(&all, &wanted)))
    }

    /// List teams with their workflows and members.
    #[tool(
        name = "list_teams",
        output_schema = output_schema::<Listed<Team>>(),
        annotations(title = "List Shortcut teams", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_teams(&self, Parameters(wanted): Parameters<ListArguments>) -> CallToolResult {
        tool_result(self.directory.all_teams().await.and_then(|all| page(&all, &wanted)))
    }

    /// List iterations with their status and days.
    #[tool(
        name = "list_iterations",
        output_schema = output_schema::<Listed<Iteration>>(),
        annotations(title = "List Shortcut iterations", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_iterations(&self, Parameters(wanted): Parameters<ListArguments>) -> CallToolResult {
        tool_result(self.directory.all_iterations().await.and_then(|all| page(&all, &wanted)))
    }

    /// List members with their mention names and e-mail addresses.
    #[tool(
        name = "list_members",
        output_schema = output_schema::<Listed<Member>>(),
        annotations(title = "List Shortcut members", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_members(&self, Parameters(wanted): Parameters<ListArguments>) -> CallToolResult {
        tool_result(self.directory.all_members().await.and_then(|all| page(&all, &wanted)))
    }

    /// List labels.
    #[tool(
        name = "list_labels",
        output_schema = output_schema::<Listed<Label>>(),
        annotations(title = "List Shortcut labels", read_only_hint = true,
            destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_labels(&self, Parameters(wanted): Parameters<ListArguments>) -> CallToolResult {
        tool_result(self.directory.all_labels().await.and_then(|all| page(&all, &wanted)))
    }
}

impl ShortcutServer {
    async fn create(&self, wanted: &CreateStory) -> Result<CreatedStory, ToolFailure> {
        let mut story = create::story(&self.client, &self.directory, &self.stories, wanted).await?;
        if let Some(announcer) = &self.announcer {
            story.announcement = Some(announcer.announce(&story, &wanted.name).await);
        }
        Ok(story)
    }

    async fn read(&self, id: u64) -> Result<Story, ToolFailure> {
        shown::story(&self.directory, &self.client.story(id).await?).await
    }

    async fn read_several(&self, ids: &[StoryId]) -> Result<Vec<Story>, ToolFailure> {
        if ids.len() > STORIES_MAX {
            return Err(ToolFailure::permanent(format!(
                "Give {STORIES_MAX} stories at most, and ask again for the others"
            )));
        }
        let mut stories = Vec::new();
        for StoryId(id) in ids {
            let mut story = match self.read(*id).await {
                Ok(story) => story,
                Err(failure) if failure.http_status == Some(404) => continue,
                Err(failure) => return Err(failure),
            };
            (story.description, story.comments) = (None, None);
            stories.push(story);
        }
        Ok(stories)
    }

    /// The story that the mark's call made: from the ledger, or from the search.
    async fn marked(&self, mark: &str) -> Result<Option<Story>, ToolFailure> {
        let made = match &*self.stories.turn(mark).await {
            Some(Fate::Done(made)) => Some(made.id),
            _ => None,
        };
        let id = match made {
            Some(id) => Some(id),
            None => self.client.story_with_mark(mark).await?.and_then(|story| number(&story, "id")),
        };
        match id {
            None => Ok(None),
            Some(id) => Ok(Some(self.read(id).await?)),
        }
    }

    async fn search(&self, query: SearchStories) -> Result<FoundStories, ToolFailure> {
        let size = query.max_results.unwrap_or(SEARCH_PAGE_DEFAULT).clamp(1, SEARCH_PAGE_MAX);
        let answer = self.client.search(&query.query, size, query.next_page_token.as_deref()).await?;
        Ok(FoundStories {
            stories: self.shown(list(&answer, "data")).await?,
            total: number(&answer, "total").unwrap_or_default(),
            next_page_token: self.client.next_token(&answer),
        })
    }

    async fn linked(&self, url: &str) -> Result<SomeStories, ToolFailure> {
        create::check_url(url)?;
        let stories = self.client.stories_with_link(url).await?;
        Ok(SomeStories { stories: self.shown(&stories).await? })
    }

    async fn shown(&self, stories: &[Value]) -> Result<Vec<Story>, ToolFailure> {
        let mut shown = Vec::new();
        for story in stories {
            shown.push(shown::story(&self.directory, story).await?);
        }
        Ok(shown)
    }
}

/// One page of a list that Shortcut answers whole; the token is the place of the next item.
fn page<T: Entry>(all: &[T], wanted: &ListArguments) -> Result<Listed<T>, ToolFailure> {
    let part = wanted.name_contains.as_deref().unwrap_or_default().to_lowercase();
    let matching: Vec<&T> = all.iter().filter(|entry| entry.name().to_lowercase().contains(&part)).collect();
    let start: usize = match &wanted.next_page_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| {
            ToolFailure::permanent("next_page_token is not one that this tool gave; leave it out for the first page")
        })?,
    };
    let size = wanted.max_results.unwrap_or(LIST_PAGE_DEFAULT).clamp(1, LIST_PAGE_MAX) as usize;
    let items: Vec<T> = matching.iter().skip(start).take(size).map(|entry| (*entry).clone()).collect();
    let end = start.saturating_add(items.len());
    Ok(Listed { items, total: matching.len() as u64, next_page_token: (end < matching.len()).then(|| end.to_string()) })
}
