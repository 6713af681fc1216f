//! What Deskbell says: one struct per template of `blocks/`, and [`Messages`], which fills it in.
//!
//! Fields are plain: texts as customers wrote them (the templates escape and shorten), Slack ids where a name ends in
//! `_user_id`, `_channel_id` and the like (only these become mentions), moments as seconds since 1970 in UTC where a name
//! ends in `_unix`. An absent value is left out of the message.

/// The view models are read back in tests only: a sample of `blocks/samples/` must have exactly their shape.
macro_rules! view_model {
    ($($item:item)+) => {
        $(
            #[derive(Debug, Clone, PartialEq, Serialize)]
            #[cfg_attr(test, derive(serde::Deserialize))]
            $item
        )+
    };
}

mod alerts;
mod answers;
mod card;
mod knowledge;
mod learning;
mod question;
mod shared;
mod views;

use deskbell_block_kit::templates::{RenderError, Templates};
use serde_json::Value;

pub use alerts::{
    AlertStatus, DriftStatus, EscalationAlert, EscalationNext, EscalationStatus, Fate, OpsAlert, OpsStatus, Reminder,
    SquadAlert, ThreadEvent, ThreadUpdate, ToolDrift,
};
pub use answers::{BoundAction, CommandAck, Help, HistoryLine, McpServer, Notice, ServersView, TicketView};
pub use card::{
    AnsweringStage, CallUnderWay, CardStatus, CustomerRecord, SimilarTicket, TriageCard, UndoOffer, UndoState,
    UndoStep, UndoneDecision, Why,
};
pub use knowledge::{
    AnswerKind, AnswerOutcome, AnswerStep, GapLine, Gaps, KbAnswer, Passage, Source, Statement, StepState, Suggestion,
    TriedAnswer,
};
pub use learning::{
    AccuracyLine, AccuracyView, AutoThreshold, CalibrationLine, LlmNote, ModelNote, SimilarLine, SimilarView,
};
pub use question::{AskedField, AskedPage, QuestionMessage, QuestionStatus, QuestionView};
pub use shared::{Decider, Escalation, IssueLink, Party, Sla, Tone};
pub use views::{ChangeView, Choice, LoadingView, MessageView, NewTicketView};

/// Fills the templates of `blocks/` with view models. Messages come out as `{text, blocks}`, views as a view.
#[derive(Debug)]
pub struct Messages {
    templates: Templates,
}

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident: $model:ty),+ $(,)?) => {
        impl Messages {
            /// Speaks through these templates.
            pub fn new(templates: Templates) -> Self {
                Self { templates }
            }

            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// [`RenderError`] when the template fails on these values; safe to log.
                pub fn $name(&self, model: &$model) -> Result<Value, RenderError> {
                    self.templates.render(stringify!($name), model)
                }
            )+
        }

        #[cfg(test)]
        mod tests {
            use super::*;

            /// Every sample has exactly the shape of its view model, and every template has a view model.
            #[test]
            fn samples_have_the_shape_of_the_view_models() {
                let messages = Messages::new(Templates::load(None).unwrap());
                let mut known = Vec::new();
                $(
                    known.push(stringify!($name).to_owned());
                    for sample in deskbell_block_kit::templates::samples(stringify!($name)).unwrap() {
                        let place = format!("{}.{}", stringify!($name), sample.case);
                        let model: $model = serde_json::from_value(sample.context.clone()).expect(&place);
                        assert_eq!(serde_json::to_value(&model).unwrap(), sample.context, "{place}");
                        messages.$name(&model).expect(&place);
                    }
                )+
                known.sort();
                assert_eq!(messages.templates.names(), known);
            }
        }
    };
}

messages! {
    /// The card in the thread or the triage channel.
    triage_card: TriageCard,
    /// The alert in the squad's channel.
    squad_alert: SquadAlert,
    /// The alert to a level of an escalation policy.
    escalation_alert: EscalationAlert,
    /// The alert in the ops channel.
    ops_alert: OpsAlert,
    /// The question in the ops channel whether a changed tool is trusted.
    tool_drift: ToolDrift,
    /// What an MCP server asks whoever may answer.
    question: QuestionMessage,
    /// The modal behind such a question.
    question_view: QuestionView,
    /// The reminder in the card's thread.
    reminder: Reminder,
    /// The line in the ticket's thread.
    thread_update: ThreadUpdate,
    /// The answer to `/ticket` (ephemeral).
    ticket_view: TicketView,
    /// What the knowledge base says (ephemeral for `/kb`).
    kb_answer: KbAnswer,
    /// What the knowledge base lacks (ephemeral).
    gaps: Gaps,
    /// The answer to `/triage servers` (ephemeral).
    servers_view: ServersView,
    /// The answer to `/triage accuracy` (ephemeral).
    accuracy_view: AccuracyView,
    /// The answer to `/triage similar` (ephemeral).
    similar_view: SimilarView,
    /// The answer to `/triage help` (ephemeral).
    help: Help,
    /// One line to one person (ephemeral).
    notice: Notice,
    /// The receipt for a request (ephemeral).
    command_ack: CommandAck,
    /// The placeholder modal.
    loading_view: LoadingView,
    /// The modal behind Change.
    change_view: ChangeView,
    /// The modal for a new request.
    new_ticket_view: NewTicketView,
    /// The modal that only tells something.
    message_view: MessageView,
}
