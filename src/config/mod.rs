//! What Deskbell is told: `deskbell.toml`, read once, one struct per concern.
//!
//! Unknown keys are refused. A secret is never in the file: its value is a reference, `"env:NAME"` or `"file:PATH"`,
//! resolved when it is needed, so that `deskbell policy check` asks for no token. Paths are relative to the file.
//!
//! An environment variable `DESKBELL_<SECTION>__<KEY>` overrides a key: `DESKBELL_SERVER__LISTEN=0.0.0.0:8080`,
//! `DESKBELL_WORKERS__COUNT=8`, `DESKBELL_INTAKE__WATCHED_CHANNELS='["C0123"]'`. Two underscores go one table deeper.

mod desk;
mod helpdesk_poll;
mod knowledge;
mod llm;
mod mcp;
mod mcp_files;
mod oauth;
mod secret_files;
mod sections;
mod source;
mod tracker;
mod value;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::assessor::config::AssessorConfig;
use crate::llm::LlmSettings;
use crate::mcp_host::{BindingConfig, BindingError, Bindings, Lookups, LookupsConfig, ServerSpec, Shipped, StatusLook};
use crate::mcp_server::desk::caller::Callers;
use crate::models;
use crate::store::{MasterKey, StoreConfig};

pub use desk::{DeskConfig, DeskTokenConfig};
pub use helpdesk_poll::HelpdeskPollConfig;
pub use knowledge::OWN_KNOWLEDGE;
pub use llm::LlmConfig;
pub use mcp::McpConfig;
pub use mcp_files::McpFilesConfig;
pub use oauth::{GrantKind, OAuthConfig};
pub use secret_files::OpenSecretFile;
pub use sections::{
    ConsoleConfig, Delivery, GenericHelpdeskConfig, HelpdeskConfig, IntakeSection, KnowledgeConfig, LogConfig,
    LogFormat, PolicyConfig, ServerConfig, SlackSection, StoreSection, TemplatesConfig, WebhooksConfig, WorkersConfig,
    ZendeskConfig,
};
pub use source::{ConfigError, ConfigErrors};
pub use tracker::TrackerConfig;
pub use value::{Length, SecretRef, Setting};

use source::Source;

/// The field of the generic helpdesk's secrets.
pub const WEBHOOK_SECRETS: &str = "helpdesk.generic.secrets";

/// The whole file, read and checked. Secrets are still references.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where Deskbell listens.
    #[serde(default)]
    pub server: ServerConfig,
    /// How Slack is reached.
    pub slack: SlackSection,
    /// What Deskbell listens to.
    #[serde(default)]
    pub intake: IntakeSection,
    /// Helpdesks that may send tickets.
    #[serde(default)]
    pub helpdesk: HelpdeskConfig,
    /// Trackers that may tell of their issues.
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    /// How a tracker is asked that may not tell.
    #[serde(default)]
    pub tracker: TrackerConfig,
    /// Where everything is kept.
    #[serde(default)]
    pub store: StoreSection,
    /// Where the rules are.
    #[serde(default)]
    pub policy: PolicyConfig,
    /// What answers questions.
    #[serde(default)]
    pub knowledge: KnowledgeConfig,
    /// How requests are assessed.
    #[serde(default)]
    pub assessor: AssessorConfig,
    /// The language model that is asked, if any.
    #[serde(default)]
    pub llm: Option<LlmConfig>,
    /// Who does the work.
    #[serde(default)]
    pub workers: WorkersConfig,
    /// The company's own words for messages.
    #[serde(default)]
    pub templates: TemplatesConfig,
    /// MCP servers by name.
    #[serde(default)]
    pub mcp: BTreeMap<String, McpConfig>,
    /// Files that name further MCP servers as other hosts do.
    #[serde(default)]
    pub mcp_files: McpFilesConfig,
    /// Which tool carries out which action.
    #[serde(default)]
    pub actions: BTreeMap<String, BindingConfig>,
    /// Which tool answers which look-up.
    #[serde(default)]
    pub lookups: LookupsConfig,
    /// Deskbell as an MCP server for other agents.
    #[serde(default)]
    pub desk: DeskConfig,
    /// What is logged.
    #[serde(default)]
    pub log: LogConfig,
    /// What operators see.
    #[serde(default)]
    pub console: ConsoleConfig,
    #[serde(skip)]
    source: Source,
}

impl Config {
    /// Reads a file, and overrides from the process's environment.
    ///
    /// # Errors
    /// Every fault that shows without resolving secrets, each with its place and the mend.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::load_with(path, std::env::vars())
    }

    /// As [`Self::load`], with these environment variables.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(path: &Path, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let source = Source::read(path, variables)?;
        let mut config: Self = source.parse()?;
        config.source = source;
        config.read_mcp_files()?;
        config.add_own_knowledge()?;
        let faults = config.faults();
        if faults.is_empty() { Ok(config) } else { Err(ConfigErrors(faults)) }
    }

    /// A path of the file, which counts from the file's folder.
    pub fn path(&self, written: &Path) -> PathBuf {
        self.source.folder().join(written)
    }

    /// The policy file.
    pub fn policy_path(&self) -> PathBuf {
        self.path(&self.policy.file)
    }

    /// What a reference stands for; `field` names it in the error.
    ///
    /// # Errors
    /// When the variable is not set or the file can't be read.
    pub fn secret(&self, field: &str, reference: &SecretRef) -> Result<SecretString, ConfigError> {
        reference
            .resolve(self.source.folder())
            .map_err(|message| self.source.error(&reference.span(), format!("{field}: {message}")))
    }

    /// A secret of Standard Webhooks.
    ///
    /// # Errors
    /// When it can't be had, or nobody could sign with it, or anybody
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>, "Signature scheme").
    pub fn webhook_secret(&self, field: &str, reference: &SecretRef) -> Result<SecretString, ConfigError> {
        use base64::Engine;
        let secret = self.secret(field, reference)?;
        let text = secrecy::ExposeSecret::expose_secret(&secret);
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
        if bytes.is_ok_and(|bytes| (24..=64).contains(&bytes.len())) {
            return Ok(secret);
        }
        let mend = "is no secret of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes, for example `openssl rand -base64 32`";
        Err(self.source.error(&reference.span(), format!("{field}: what it stands for {mend}")))
    }

    /// Every secret that serving needs, by the key that names it; those of MCP servers are their own.
    fn secrets(&self) -> impl Iterator<Item = (&'static str, &SecretRef)> {
        let slack = &self.slack;
        let app_token = slack.app_token.as_ref().filter(|_| slack.delivery == Delivery::Socket);
        let named = [
            ("slack.signing_secret", slack.signing_secret.as_ref()),
            ("slack.previous_signing_secret", slack.previous_signing_secret.as_ref()),
            ("slack.bot_token", Some(&slack.bot_token)),
            ("slack.app_token", app_token),
            ("webhooks.jira.secret", self.webhooks.jira.as_ref().map(|jira| &jira.secret)),
            ("webhooks.shortcut.secret", self.webhooks.shortcut.as_ref().map(|shortcut| &shortcut.secret)),
            ("helpdesk.zendesk.secret", self.helpdesk.zendesk.as_ref().map(|zendesk| &zendesk.secret)),
            ("llm.key", self.llm.as_ref().and_then(|llm| llm.key.as_ref())),
        ];
        let generic = self.helpdesk.generic.iter().flat_map(|generic| &generic.secrets);
        named
            .into_iter()
            .filter_map(|(field, reference)| Some((field, reference?)))
            .chain(generic.map(|reference| (WEBHOOK_SECRETS, reference)))
            .chain(self.desk.tokens.iter().map(|caller| ("desk.tokens", &caller.token)))
    }

    /// Every secret that serving needs and that can't be had.
    pub fn missing_secrets(&self) -> Vec<ConfigError> {
        self.secrets()
            .filter_map(|(field, reference)| match field {
                WEBHOOK_SECRETS => self.webhook_secret(field, reference).err(),
                field => self.secret(field, reference).err(),
            })
            .chain(self.mcp.iter().flat_map(|(name, server)| server.missing_secrets(name, &self.source)))
            .collect()
    }

    /// The folder that holds the database; models are looked for beside it.
    pub fn data_folder(&self) -> PathBuf {
        let path = self.path(&self.store.path);
        path.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// The sentence encoder's folder: the configured one, or one that is there; `None`: the words speak alone.
    pub fn encoder_folder(&self) -> Option<PathBuf> {
        let named = self.assessor.encoder.as_ref().map(|folder| self.path(folder));
        named.or_else(|| models::found(&models::MINILM, Some(&self.data_folder())))
    }

    /// Where the store is.
    pub fn store_config(&self) -> StoreConfig {
        StoreConfig { readers: self.store.readers, ..StoreConfig::new(self.path(&self.store.path)) }
    }

    /// The master key; where none is configured, the key file beside the database, made now if `make`
    /// says so and there is no database yet.
    ///
    /// # Errors
    /// When it can't be had.
    pub fn master_key(&self, make: bool) -> Result<MasterKey, ConfigError> {
        let failed = |error: crate::store::KeyError| ConfigError::without_place(format!("store.master_key: {error}"));
        let Some(reference) = &self.store.master_key else {
            let beside = self.path(&self.store.path).with_extension("key");
            // A new key could not read what an existing store holds.
            let store = std::fs::metadata(self.path(&self.store.path));
            let is_made = store.is_ok_and(|about| about.is_file() && about.len() > 0);
            let key = if make && !is_made { MasterKey::load_or_create(&beside) } else { MasterKey::load(&beside) };
            return key.map_err(failed);
        };
        if let Some(file) = reference.file() {
            return MasterKey::load(&self.path(file)).map_err(failed);
        }
        let text = self.secret("store.master_key", reference)?;
        MasterKey::from_text(secrecy::ExposeSecret::expose_secret(&text))
            .map_err(|error| self.source.error(&reference.span(), format!("store.master_key: {error}")))
    }

    /// Every MCP server with its secrets.
    ///
    /// # Errors
    /// Every secret that can't be had and every server that can't be called so.
    pub fn server_specs(&self) -> Result<Vec<ServerSpec>, ConfigErrors> {
        let mut faults = Vec::new();
        let mut specs = Vec::new();
        for (name, server) in &self.mcp {
            let missing = server.missing_secrets(name, &self.source);
            match self.server_spec(name, server) {
                Ok(spec) => specs.push(spec),
                Err(fault) if missing.is_empty() => faults.push(fault),
                Err(_) => faults.extend(missing),
            }
        }
        if faults.is_empty() { Ok(specs) } else { Err(ConfigErrors(faults)) }
    }

    /// One MCP server with its secrets.
    ///
    /// # Errors
    /// The secret that can't be had, or why it can't be called so.
    pub fn server_spec(&self, name: &str, server: &McpConfig) -> Result<ServerSpec, ConfigError> {
        let mut spec = server.spec(name, &self.source)?;
        // Only behind approved actions stands somebody who can be asked.
        let carries_out = |bindings: Bindings| bindings.iter().any(|(_, binding)| binding.server == name);
        spec.asks_people = self.bindings().is_ok_and(carries_out);
        Ok(spec)
    }

    /// How the language model is asked, if one is configured.
    ///
    /// # Errors
    /// When its key can't be had.
    pub fn llm_settings(&self) -> Result<Option<LlmSettings>, ConfigError> {
        let Some(llm) = &self.llm else { return Ok(None) };
        let key = llm.key.as_ref().map(|key| self.secret("llm.key", key)).transpose()?;
        let spend_file = self.path(&self.store.path).with_extension("llm-spending.json");
        Ok(Some(llm.settings(key, llm.prompts.as_ref().map(|folder| self.path(folder)), spend_file)))
    }

    /// Who may call the desk server.
    ///
    /// # Errors
    /// A token that can't be had, is too short, or is another caller's.
    pub fn desk_callers(&self) -> Result<Callers, ConfigError> {
        let tokens = self.desk.tokens.iter().map(|caller| self.secret("desk.tokens", &caller.token));
        let tokens = tokens.collect::<Result<Vec<_>, _>>()?;
        if let Some(fault) = self.desk.token_fault(&tokens, &self.source) {
            return Err(fault);
        }
        Ok(Callers::new(tokens.into_iter().zip(self.desk.tokens.iter().map(DeskTokenConfig::caller)).collect()))
    }

    /// Which tool carries out which action: what `[actions.…]` says, and else what ships for the servers.
    ///
    /// # Errors
    /// The first fault, with the field and the mend.
    pub fn bindings(&self) -> Result<Bindings, ConfigError> {
        let wrong = |error: BindingError| ConfigError::at(self.source.name(), error.to_string());
        let written = self.written_bindings()?;
        let bindings = Bindings::check(&written, |name| self.mcp.contains_key(name)).map_err(wrong)?;
        for (action, binding) in bindings.iter() {
            let filter = self.mcp.get(&binding.server).map(McpConfig::tools).unwrap_or_default();
            if let Some(tool) = binding.tools().find(|tool| !filter.admits(tool)) {
                let (name, server, tool) = (action.to_owned(), binding.server.clone(), tool.to_owned());
                return Err(wrong(BindingError::ToolKeptOut { name, server, tool }));
            }
        }
        self.check_teaching(&bindings)?;
        Ok(bindings)
    }

    /// Which tool answers which look-up: what `[lookups.…]` says, and else what ships for the servers.
    ///
    /// # Errors
    /// The first fault, with the field and the mend.
    pub fn lookups(&self) -> Result<Lookups, ConfigError> {
        let written = self.written_lookups()?;
        let admits = |server: &str, tool: &str| self.mcp.get(server).is_none_or(|server| server.tools().admits(tool));
        let check = |written: &LookupsConfig| {
            Lookups::check(written, |name| self.mcp.contains_key(name), admits)
                .map_err(|error| ConfigError::at(self.source.name(), error.to_string()))
        };
        let mut lookups = check(&written)?;
        if let Some(own) = self.own_knowledge_lookups(&lookups)? {
            lookups.ask_first(check(&own)?);
        }
        if let Some(own) = self.own_knowledge() {
            lookups.put_first(own);
        }
        Ok(lookups)
    }

    /// How the tracker is asked for its issues' statuses, and how often; `None`: never.
    ///
    /// # Errors
    /// What is wrong with `[tracker]`, with the mend.
    pub fn status_look(&self) -> Result<Option<(Length, StatusLook)>, ConfigError> {
        let look = self.tracker.look(|name| self.mcp.contains_key(name));
        look.map_err(|fault| ConfigError::at(self.source.name(), fault))
    }

    fn written_bindings(&self) -> Result<BTreeMap<String, BindingConfig>, ConfigError> {
        let mut all = self.actions.clone();
        for (name, server) in &self.mcp {
            let Some(shipped) = &server.bindings else { continue };
            let wrong = |message: String| server.wrong(&self.source, format!("[mcp.{name}] bindings: {message}"));
            let file = Shipped::named(&shipped.file).map_err(wrong)?;
            for (action, binding) in file.bindings(name, shipped).map_err(wrong)? {
                if self.actions.contains_key(&action) {
                    continue;
                }
                if let Some(other) = all.insert(action.clone(), binding) {
                    return Err(wrong(format!(
                        "both [mcp.{}] and [mcp.{name}] would carry `{action}` out: take some of a file's actions with {{ file = \"{}\", \
                         only = [\"…\"] }}, or write [actions.{action}]",
                        other.server, shipped.file
                    )));
                }
            }
        }
        Ok(all)
    }

    /// Variables of the environment that look like overrides and that nothing reads.
    fn unread_variables(&self) -> Vec<variables::Unread> {
        let servers: Vec<&str> = self.mcp.keys().map(String::as_str).collect();
        let files: Vec<String> =
            self.mcp_files.paths.iter().filter_map(|path| std::fs::read_to_string(self.path(path)).ok()).collect();
        let is_named = |name: &str| self.source.names(name) || files.iter().any(|text| text.contains(name));
        variables::unread(self.source.variables(), &servers, is_named)
    }

    /// What is probably not meant so, a line each; nothing of it stops Deskbell.
    pub fn cautions(&self) -> Vec<String> {
        let unread = self.unread_variables().into_iter().filter(|unread| !unread.is_certain);
        unread
            .map(|unread| {
                format!("nothing reads the environment variable {}: did you mean {}?", unread.variable, unread.meant)
            })
            .collect()
    }

    fn written_lookups(&self) -> Result<LookupsConfig, ConfigError> {
        let mut shipped = LookupsConfig::default();
        for (name, server) in &self.mcp {
            let Some(taken) = &server.bindings else { continue };
            let wrong = |message: String| server.wrong(&self.source, format!("[mcp.{name}] bindings: {message}"));
            let file = Shipped::named(&taken.file).map_err(wrong)?;
            let more = file.lookups(name, taken).map_err(wrong)?.without(&self.lookups);
            if let Some((lookup, other)) = shipped.join(more) {
                return Err(wrong(format!(
                    "both [mcp.{other}] and [mcp.{name}] would answer `{lookup}`: take some of a file with {{ file = \"{}\", \
                     only = [\"…\"] }}, or write [lookups.{lookup}]",
                    taken.file
                )));
            }
        }
        // What is written is in none of what ships any more.
        shipped.join(self.lookups.clone());
        Ok(shipped)
    }

    /// What shows without resolving a secret.
    fn faults(&self) -> Vec<ConfigError> {
        let mut faults = self.slack.faults(&self.source);
        faults.extend(self.unread_variables().into_iter().filter(|unread| unread.is_certain).map(|unread| {
            let message = format!("nothing reads it: two underscores go one table deeper, write {}", unread.meant);
            ConfigError::at(format!("environment variable {}", unread.variable), message)
        }));
        faults.extend(self.server.fault(&self.source));
        faults.extend(self.intake.faults(&self.source));
        faults.extend(self.workers.faults(&self.source));
        faults.extend(self.store.faults(&self.source));
        faults.extend(self.desk.faults(&self.source));
        faults.extend(self.knowledge.fault().map(|fault| ConfigError::at(self.source.name(), fault)));
        faults.extend(self.mcp.iter().filter_map(|(name, server)| server.fault(name, &self.source)));
        faults.extend(self.assessor.check().err().map(|error| ConfigError::at(self.source.name(), error.to_string())));
        faults.extend(self.llm.iter().flat_map(|llm| llm.faults(&self.source)));
        faults.extend(self.bindings().err());
        faults.extend(self.lookups().err());
        faults.extend(self.status_look().err());
        let poll = self.helpdesk.poll.as_ref();
        let fault = poll.and_then(|poll| poll.fault(|name| self.mcp.contains_key(name)));
        faults.extend(fault.map(|fault| ConfigError::at(self.source.name(), fault)));
        faults
    }
}
