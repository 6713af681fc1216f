//! What can be wrong with a binding as it is written.

/// What is wrong with a binding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// No such action.
    #[error("[actions.{name}]: there is no such action; known are: {known}; write custom = true for one of your own")]
    UnknownAction {
        /// As written.
        name: String,
        /// What there is.
        known: String,
    },
    /// Deskbell's own action.
    #[error(
        "[actions.{name}] custom = true: that action is Deskbell's own; take `custom` out or give yours another name"
    )]
    NotCustom {
        /// As written.
        name: String,
    },
    /// No name of an action.
    #[error("[actions.{name}]: write small letters, digits and underscores, such as [actions.unlock_account]")]
    BadName {
        /// As written.
        name: String,
    },
    /// It only reads.
    #[error("[actions.{name}]: that is a look-up, which only reads and needs no approval; write [lookups.{name}]")]
    IsLookup {
        /// As written.
        name: String,
    },
    /// No such server.
    #[error("[actions.{name}] server = \"{server}\": add [mcp.{server}] or name one that is configured")]
    UnknownServer {
        /// The action.
        name: String,
        /// As written.
        server: String,
    },
    /// A tool that there is not for Deskbell.
    #[error("[actions.{name}] tool `{tool}`: allow or deny of [mcp.{server}] keeps it out; let it in or name another")]
    ToolKeptOut {
        /// The action.
        name: String,
        /// Its server.
        server: String,
        /// The tool.
        tool: String,
    },
    /// An expression that can't be parsed.
    #[error("[actions.{name}] arguments.{argument}: {message}")]
    BadExpression {
        /// The action.
        name: String,
        /// The argument.
        argument: String,
        /// The parser's words.
        message: String,
    },
    /// A value that can't be right.
    #[error("[actions.{name}] {field}: {message}")]
    BadValue {
        /// The action.
        name: String,
        /// The key.
        field: String,
        /// What is wrong, and the mend.
        message: String,
    },
    /// What the others need would never be known.
    #[error(
        "[actions.{name}] has no `result`: say where the tool's answer names what it made, for example result = {{ key = \"/key\" }}"
    )]
    NoResult {
        /// The action.
        name: String,
    },
    /// Repeating the call would do it twice.
    #[error(
        "[actions.{name}] reconcile = \"native\": no argument hands over the key that makes the server do it once; add one with \
         \"=idempotency_key\", or say \"unknown\""
    )]
    NativeWithoutKey {
        /// The action.
        name: String,
    },
    /// A lag that is no length of time.
    #[error("[actions.{name}.reconcile] lag = \"{lag}\": write for example \"90s\" or \"2m\"")]
    BadLag {
        /// The action.
        name: String,
        /// As written.
        lag: String,
    },
}
