//! What begins once it is known who we are in Slack: the doors, and then the workers.
//!
//! Slack sends clicks and commands once. So the doors are open from the first moment: to whoever the last run was, as the
//! store remembers it. The workers wait until Slack has said the same, for a token of another workspace would answer there.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbell_domain::assessment::Confidence;
use deskbell_domain::ids::{ChannelId, WorkspaceId};
use deskbell_domain::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::doors::Gate;
use super::{Prepared, ServeError, policy_change};
use crate::config::{HelpdeskPollConfig, Length};
use crate::console::SlackStanding;
use crate::intake::config::IntakeConfig;
use crate::intake::socket_mode::SocketModeConfig;
use crate::intake::{self, IntakeState, socket_mode};
use crate::learning::{Learner, Learning};
use crate::mcp_host::{McpHost, StatusLook};
use crate::pipeline::{
    Habits, HelpdeskPoll, KeptQueues, Readerships, RecentTexts, SharedChannels, SignInWatch, TrackerPoll, UnderWay,
    WorkerSettings, World, bound,
};
use crate::slack::{Identity, SlackClient, SlackError};
use crate::store::{Installation, Store};

/// Texts in which similar tickets are looked for.
const RECENT_TEXTS: usize = 2_000;
/// Events that no parser could read and that are read again.
const REPLAYED_AT_START: usize = 10_000;
/// Pauses between attempts to learn who we are.
const IDENTITY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// What begins once it is known who we are.
pub(super) struct Work {
    pub store: Store,
    pub store_path: PathBuf,
    pub host: McpHost,
    pub gate: Gate,
    pub standing: watch::Sender<SlackStanding>,
    pub settings: WorkerSettings,
    pub dispatch_attempts: u32,
    pub dispatch_patience: SignedDuration,
    pub question_timeout: SignedDuration,
    pub answer_from: Confidence,
    pub reranks: bool,
    pub teaches: bool,
    pub own_server: Option<String>,
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
}

/// What the doors are made of.
struct Entrance {
    config: IntakeConfig,
    socket: Option<SocketModeConfig>,
    http: reqwest::Client,
    slack: Arc<SlackClient>,
}

fn say_ready(has_encoder: bool) {
    if !has_encoder {
        tracing::info!(
            "no sentence encoder is there: requests are compared by their words alone; `deskbell models pull` gets it"
        );
    }
    tracing::info!("Deskbell is ready");
}

impl Work {
    /// Returns only when it can't go on, or at shutdown.
    pub(super) async fn run(self, prepared: Prepared) -> Result<(), ServeError> {
        let Prepared {
            policy,
            bindings,
            lookups,
            messages,
            assessors,
            llm,
            learning,
            learn_after,
            slack,
            http,
            doors,
            socket,
            poll,
            helpdesk_poll,
            ..
        } = prepared;
        let (watched_channels, triage_emoji) = (doors.watched.channels.clone(), doors.watched.triage_emoji.clone());
        let entrance = Entrance { config: doors, socket, http, slack: Arc::clone(&slack) };
        let remembered = self.store.installation().await?;
        let entrance = self.open_at_once(entrance, remembered.as_ref());
        let asked = self.shutdown.run_until_cancelled(self.identity(&slack, remembered.is_some())).await;
        let Some(identity) = asked.transpose()? else { return Ok(()) };
        self.settle_who_we_are(remembered, &identity).await?;
        policy_change::record(&self.store, &identity.workspace, &policy).await?;
        let recent = self.recent(&identity.workspace, &learning).await?;
        if let Some(entrance) = entrance {
            self.open(entrance, &identity);
        }
        let policy_in_force = Arc::new(policy.policy);
        let learner = self.learner(&identity.workspace, &policy_in_force, &learning, learn_after).await?;
        let has_queues = !policy_in_force.queues.is_empty();
        let has_encoder = learning.has_encoder();
        let world = World {
            store: self.store.clone(),
            slack,
            messages,
            policy: policy_in_force,
            assessors,
            llm,
            learning,
            host: self.host.clone(),
            bindings,
            lookups_bound: bound(&lookups, has_queues),
            lookups,
            kept_queues: KeptQueues::default(),
            readerships: Readerships::default(),
            recent,
            shared_channels: SharedChannels::default(),
            habits: self.habits(identity, watched_channels.into_iter().collect(), triage_emoji.into_iter().collect()),
            under_way: UnderWay::default(),
            deciding: tokio::sync::Mutex::default(),
        };
        self.begin_asking(poll, helpdesk_poll, &world.habits.identity.workspace);
        self.read_again_what_was_not_understood().await?;
        // Who works on nothing has nothing to learn, and another process beside it learns.
        if self.settings.count > 0 {
            self.tasks.spawn(learner.run(self.shutdown.clone()));
        }
        self.tasks.spawn(self.host.clone().report_faults(world.bindings.clone(), self.shutdown.clone()));
        let pipeline = self.tasks.spawn(crate::pipeline::run(Arc::new(world), self.settings, self.shutdown.clone()));
        self.standing.send_replace(SlackStanding::Known);
        say_ready(has_encoder);
        // The workers end at shutdown; what else ends them is a fault that must not go unnoticed.
        let ended = pipeline.await;
        if ended.is_ok() && self.shutdown.is_cancelled() { Ok(()) } else { Err(ServeError::Broke) }
    }

    /// The newest requests, in which similar ones are looked for.
    async fn recent(&self, workspace: &WorkspaceId, learning: &Learning) -> Result<RecentTexts, ServeError> {
        let recent = RecentTexts::new(learning.encoder());
        let texts = self.store.recent_texts(workspace, RECENT_TEXTS).await?;
        // Oldest first, so that the newest stay when room is needed.
        for (ticket, text) in texts.iter().rev() {
            recent.remember_words(*ticket, text);
        }
        if learning.has_encoder() {
            // What they mean takes seconds to find out; nobody waits for that.
            let (encoding, shutdown) = (recent.clone(), self.shutdown.clone());
            tokio::task::spawn_blocking(move || {
                let left = texts.iter().take_while(|_| !shutdown.is_cancelled());
                left.for_each(|(ticket, text)| encoding.learn_meaning(*ticket, text));
            });
        }
        Ok(recent)
    }

    /// Who learns, with what counts at once brought to mind.
    async fn learner(
        &self,
        workspace: &WorkspaceId,
        policy: &Arc<Policy>,
        learning: &Learning,
        pause: Duration,
    ) -> Result<Learner, ServeError> {
        let (store, workspace) = (self.store.clone(), workspace.clone());
        let learner = Learner { store, workspace, policy: Arc::clone(policy), learning: learning.clone(), pause };
        learner.begin().await?;
        Ok(learner)
    }

    fn habits(&self, identity: Identity, watched_channels: Vec<ChannelId>, triage_emoji: Vec<String>) -> Habits {
        Habits {
            identity,
            watched_channels,
            triage_emoji,
            dispatch_attempts: self.dispatch_attempts,
            dispatch_patience: self.dispatch_patience,
            question_timeout: self.question_timeout,
            answer_from: self.answer_from,
            reranks: self.reranks,
            teaches: self.teaches,
            own_server: self.own_server.clone(),
        }
    }

    /// What is asked for again and again.
    fn begin_asking(
        &self,
        tracker: Option<(Length, StatusLook)>,
        helpdesk: Option<HelpdeskPollConfig>,
        workspace: &WorkspaceId,
    ) {
        self.begin_asking_the_tracker(tracker, workspace);
        self.begin_looking_for_sign_ins(workspace);
        self.begin_asking_the_helpdesk(helpdesk, workspace);
    }

    /// Asks for the statuses of open tickets' issues, where that is configured and somebody works on what is told.
    fn begin_asking_the_tracker(&self, poll: Option<(Length, StatusLook)>, workspace: &WorkspaceId) {
        if let Some((every, look)) = poll.filter(|_| self.settings.count > 0) {
            let (store, host, workspace) = (self.store.clone(), self.host.clone(), workspace.clone());
            let poll = TrackerPoll { store, host, workspace, look, every: every.std() };
            self.tasks.spawn(poll.run(self.shutdown.clone()));
        }
    }

    /// Looks whether a server wants somebody to sign in.
    fn begin_looking_for_sign_ins(&self, workspace: &WorkspaceId) {
        let (store, host, workspace) = (self.store.clone(), self.host.clone(), workspace.clone());
        self.tasks.spawn(SignInWatch { store, host, workspace }.run(self.shutdown.clone()));
    }

    /// Asks for new and changed tickets, likewise.
    fn begin_asking_the_helpdesk(&self, poll: Option<HelpdeskPollConfig>, workspace: &WorkspaceId) {
        if let Some(HelpdeskPollConfig { every, server, since }) = poll.filter(|_| self.settings.count > 0) {
            let (store, host, workspace) = (self.store.clone(), self.host.clone(), workspace.clone());
            let poll = HelpdeskPoll { store, host, workspace, server, every: every.std(), since };
            self.tasks.spawn(poll.run(self.shutdown.clone()));
        }
    }

    /// By a parser that may be mended now.
    async fn read_again_what_was_not_understood(&self) -> Result<(), ServeError> {
        let replayed = self.store.replay_unparsed(Timestamp::now(), REPLAYED_AT_START).await?;
        if replayed > 0 {
            tracing::info!(replayed, "events that could not be read before are read again");
        }
        Ok(())
    }

    /// Opens every door to whom the store remembers. The first time nobody is known yet: then clicks and commands alone get
    /// in, and what all doors need is given back.
    fn open_at_once(&self, entrance: Entrance, remembered: Option<&Installation>) -> Option<Entrance> {
        let Some(remembered) = remembered else {
            let state = IntakeState::new(entrance.config.clone(), self.store.clone(), Arc::clone(&entrance.slack));
            self.gate.open_early(intake::early_router(state));
            return Some(entrance);
        };
        self.open(entrance, &identity_of(remembered));
        self.standing.send_replace(SlackStanding::Remembered);
        tracing::info!("the doors are open; the workers start when Slack has said who we are");
        None
    }

    fn open(&self, entrance: Entrance, identity: &Identity) {
        let Entrance { mut config, socket, http, slack } = entrance;
        config.workspace = identity.workspace.clone();
        config.watched.bot_user_id = Some(identity.bot_user.clone());
        let doors = IntakeState::new(config, self.store.clone(), slack);
        self.gate.open(intake::router(doors.clone()));
        if let Some(socket) = socket {
            self.tasks.spawn(socket_mode::run(socket, http, doors, self.shutdown.clone()));
        }
    }

    /// Asks Slack until it answers; a refusal is final.
    async fn identity(&self, slack: &SlackClient, are_doors_open: bool) -> Result<Identity, ServeError> {
        let mut pause = Duration::from_millis(500);
        loop {
            let error = match slack.identity().await {
                Ok(identity) => return Ok(identity),
                Err(error @ SlackError::Refused { .. }) => return Err(ServeError::Slack(error)),
                Err(error) => error,
            };
            let wait = error.retry_after().unwrap_or(pause);
            tracing::warn!(%error, ?wait, "Slack does not say who we are; trying again");
            if !are_doors_open {
                self.standing.send_replace(SlackStanding::Unknown { reason: error.to_string() });
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(IDENTITY_PAUSE_MAX);
        }
    }

    /// Compares what Slack says with what the store remembers, and remembers it.
    async fn settle_who_we_are(&self, before: Option<Installation>, now: &Identity) -> Result<(), ServeError> {
        let installation = Installation {
            workspace: now.workspace.clone(),
            bot_user: now.bot_user.clone(),
            bot_id: now.bot_id.clone(),
        };
        if before.as_ref() == Some(&installation) {
            return Ok(());
        }
        if let Some(before) = before.as_ref().filter(|before| before.workspace != installation.workspace) {
            return Err(ServeError::OtherWorkspace {
                store: self.store_path.clone(),
                remembered: before.workspace.clone(),
                named: installation.workspace,
            });
        }
        self.store.remember_installation(installation).await?;
        // The doors that are open take the old bot's messages for ours, and the new one's for requests.
        match before.filter(|before| before.bot_user != now.bot_user) {
            Some(before) => Err(ServeError::OtherBot { remembered: before.bot_user, named: now.bot_user.clone() }),
            None => Ok(()),
        }
    }
}

fn identity_of(installation: &Installation) -> Identity {
    Identity {
        workspace: installation.workspace.clone(),
        // Slack tells before the workers, who alone need it, begin.
        organisation: None,
        is_org_wide: false,
        bot_user: installation.bot_user.clone(),
        bot_id: installation.bot_id.clone(),
    }
}
